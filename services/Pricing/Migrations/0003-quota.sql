-- When a soft cap was first seen to be passed in a period: from then on the grace runs. The meter's tally names the
-- period; another cap has a grace of its own.
create table soft_caps_passed (
    tally_id  uuid        not null,
    soft_cap  text        not null collate "C",
    tenant_id text        not null collate "C",
    passed_at timestamptz not null,
    primary key (tally_id, soft_cap)
);

select billing_protect('soft_caps_passed');
