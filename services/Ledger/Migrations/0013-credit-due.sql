-- When grants of credit are over. A row is written in the transaction of its grant and goes in the one that ends it, so
-- neither a crash nor a clock that jumps passes a grant over (docs/adr/0011).
create table credit_due (
    grant_id  uuid        primary key,
    tenant_id text        collate "C" not null,
    currency  text        collate "C" not null,
    due_at    timestamptz not null
);

create index credit_due_of_owner on credit_due (tenant_id, currency, due_at);
create index credit_due_at on credit_due (due_at);
select billing_protect('credit_due');
grant delete on credit_due to {writer};

-- Those that were granted before. What has ended already is looked at once more, and goes.
insert into credit_due (grant_id, tenant_id, currency, due_at)
select id, data ->> 'tenant', split_part(data ->> 'money', ' ', 2), (data ->> 'expiresAt')::timestamptz
from events.mt_events where type = 'credit_granted' and data ->> 'expiresAt' is not null;
