-- Producers' keys (ServiceDefaults/ApiKeys). A key is looked up as staff, before anybody knows who calls; of the
-- secret there is only a hash, and the reader's role does not see even that.
create table api_keys (
    id           text        primary key check (id ~ '^[0-9a-f]{16}$'),
    secret_hash  bytea       not null check (octet_length(secret_hash) = 32),
    name         text        not null,
    subject      text        not null,
    sources      text[]      not null check (cardinality(sources) > 0),
    created_at   timestamptz not null,
    created_by   text        not null,
    expires_at   timestamptz,
    revoked_at   timestamptz,
    revoked_by   text,
    last_used_on date,
    check ((revoked_at is null) = (revoked_by is null))
);

select billing_force_policies('api_keys');
grant select on api_keys to {staff};
-- The rest of a key never changes.
grant update (revoked_at, revoked_by, last_used_on) on api_keys to {writer};
