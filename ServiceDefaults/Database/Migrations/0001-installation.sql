-- One row for the life of a store. The generation is renewed when the store turns out to be a restored one
-- (Installation.cs); lanes never change.
create table installation (
    only_row          boolean     primary key default true check (only_row),
    generation        text        not null,
    system_identifier bigint      not null,
    timeline          integer     not null,
    database_oid      bigint      not null,
    lanes             integer     not null,
    created_at        timestamptz not null,
    renewed_at        timestamptz not null
);

revoke insert on installation from {writer};
