-- The event store (docs/adr/0002), as Marten makes it for string stream ids, unique event ids and headers. It has a
-- schema of its own, which reader and staff do not enter. Nothing is made at run time, and nobody who runs may change
-- or remove an event: a correction is another event. Only the foreign key to the streams is left out: it asks once for
-- each event, an append writes the stream's row before its events, and nobody who runs may remove one
-- (ledger_broken_streams compares both).
create schema events;
grant usage on schema events to {writer};

create sequence events.mt_events_sequence;

create table events.mt_streams (
    id          varchar     not null constraint pkey_mt_streams_id primary key,
    type        varchar,
    version     bigint,
    timestamp   timestamptz not null default now(),
    created     timestamptz not null default now(),
    tenant_id   varchar     default '*DEFAULT*',
    is_archived boolean     default false
);

create table events.mt_events (
    seq_id         bigint       not null constraint pkey_mt_events_seq_id primary key,
    id             uuid         not null,
    stream_id      varchar,
    version        bigint       not null,
    data           jsonb        not null,
    bdata          bytea,
    type           varchar(500) not null,
    timestamp      timestamptz  not null default now(),
    tenant_id      varchar      default '*DEFAULT*',
    mt_dotnet_type varchar,
    is_archived    boolean      default false,
    headers        jsonb
);

alter sequence events.mt_events_sequence owned by events.mt_events.seq_id;
create unique index pk_mt_events_stream_and_version on events.mt_events (stream_id, version);
create unique index idx_mt_events_event_id on events.mt_events (id);

create table events.mt_event_progression (
    name         varchar not null constraint pkey_mt_event_progression_name primary key,
    last_seq_id  bigint,
    last_updated timestamptz default transaction_timestamp()
);

-- What a projection would pass over. Ours pass nothing over, so it stays empty; Marten wants it there.
create table events.mt_doc_deadletterevent (
    id               uuid not null constraint pkey_mt_doc_deadletterevent_id primary key,
    data             jsonb not null,
    mt_last_modified timestamptz default transaction_timestamp(),
    mt_version       uuid not null default md5(random()::text || clock_timestamp()::text)::uuid,
    mt_dotnet_type   varchar
);

-- Select and insert the writer has anyway. A stream's row is its version; progress is how far a reader is.
grant update on events.mt_streams, events.mt_event_progression, events.mt_doc_deadletterevent to {writer};
