-- Files that were sent for import. Each batch of lines updates its row in its own transaction, so the counts are
-- exact whenever and however an import ends.
create table imports (
    id         uuid        primary key,
    asked_by   text        not null,
    api_key    text,
    is_dry_run boolean     not null,
    started_at timestamptz not null,
    touched_at timestamptz not null,
    ended_at   timestamptz,
    failure    text,                        -- why it ended before the file did
    lines      bigint      not null default 0,
    accepted   bigint      not null default 0,
    unmatched  bigint      not null default 0,
    waiting    bigint      not null default 0,
    duplicate  bigint      not null default 0,
    conflict   bigint      not null default 0,
    rejected   bigint      not null default 0,
    unreadable bigint      not null default 0, -- lines that are no event at all
    errors     jsonb       not null default '[]',  -- the first ones
    check (lines = accepted + unmatched + waiting + duplicate + conflict + rejected + unreadable),
    check (failure is null or ended_at is not null)
);

create index imports_started on imports (started_at desc, id desc);
select billing_force_policies('imports');
grant select on imports to {staff};
grant update on imports to {writer};
