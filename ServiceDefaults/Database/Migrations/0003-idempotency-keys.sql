-- Answers to requests that came with an Idempotency-Key (Idempotency.cs). Not facts: they expire.
create table idempotency_keys (
    scope        text        not null,
    key          text        not null,
    request_hash bytea       not null,
    lease        uuid        not null,
    lease_until  timestamptz not null,
    expires_at   timestamptz not null,
    -- From here on null until the answer is known.
    status       integer,
    headers      jsonb,
    body         bytea,
    primary key (scope, key)
);

create index idempotency_keys_expire on idempotency_keys (expires_at);

grant update, delete on idempotency_keys to {writer};
