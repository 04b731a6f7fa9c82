-- Usage events, each exactly once (docs/adr/0005). The order of locks: positions of the reader, usage_keys (inserts
-- sorted, then locks sorted), usage_counts and usage_sequences (sorted), lanes of what is sent.

-- What tables refuse. As functions, because an expression would be read and planned anew by each statement, which
-- costs as much as half an event.
create function is_usage_state(state smallint) returns boolean language plpgsql immutable as $$
begin
    return state between 0 and 6; -- UsageState in code
end $$;

create function usage_adds_up(
    received bigint, accepted bigint, duplicate bigint, conflict bigint, rejected bigint, unmatched bigint,
    waiting bigint)
returns boolean language plpgsql immutable as $$
begin
    return received = accepted + duplicate + conflict + rejected + unmatched + waiting
        and least(accepted, duplicate, conflict, rejected, unmatched, waiting) >= 0;
end $$;

-- Who sends. Small numbers instead of long names in every row; 0 stands for messages that nobody can read.
create table usage_sources (
    id            integer     primary key generated always as identity,
    name          text        collate "C" not null unique,
    first_seen_at timestamptz not null
);

insert into usage_sources (id, name, first_seen_at) overriding system value values (0, '', now());
select billing_force_policies('usage_sources');
grant select on usage_sources to {staff};

-- Every event that was ever taken, once and for ever: never purged, not partitioned. A resend is caught here, a
-- change (cancel or amendment) finds its original here. What was refused at once has no row, so that its resend is
-- judged again. The row of an event that changes point at before it has come is state 0.
create table usage_keys (
    received_at timestamptz not null,
    digest      uuid        not null,       -- of the content as the producer gave it; not of the bytes
    source_id   integer     not null,
    revision    integer     not null default 0,
    state       smallint    not null check (is_usage_state(state)),
    id          text        collate "C" not null,
    tenant_id   text        collate "C" not null,
    primary key (source_id, id)
);

select billing_force_policies('usage_keys');
grant select on usage_keys to {staff};
grant update (received_at, digest, revision, state, tenant_id) on usage_keys to {writer};

-- The bytes of each event that has a key, and how they came. An event is found by its key's received_at, then by
-- source and id. Partitioned by month of receipt (UTC); nothing is ever changed.
create table usage_originals (
    received_at timestamptz not null,
    source_id   integer     not null,
    via         smallint    not null,       -- UsageVia in code
    partition   integer,                    -- of Kafka
    kafka_offset bigint,
    id          text        collate "C" not null,
    tenant_id   text        collate "C" not null,
    sent_by     text,                       -- over HTTP: the API key's id, else the token's subject
    headers     text,                       -- [[name, base64], …]; null where the body is all
    body        bytea       not null
) partition by range (received_at);

create index usage_originals_received on usage_originals (received_at);
create table usage_originals_other partition of usage_originals default;
select billing_force_policies('usage_originals');
grant select on usage_originals to {staff};

-- Rejected and conflicting ones, and what cannot be read, for people. Partitioned as the originals are.
create sequence usage_refusals_id;
create table usage_refusals (
    received_at timestamptz not null,
    refusal_id  bigint      not null default nextval('usage_refusals_id'),
    via         smallint    not null,
    is_conflict boolean     not null,
    partition   integer,
    kafka_offset bigint,
    source      text        collate "C",    -- as far as it could be read
    id          text        collate "C",
    tenant_id   text        collate "C",
    code        text        not null,       -- a stable word, kebab-case
    detail      text        not null,       -- a sentence
    sent_by     text,
    headers     text,
    body        bytea       not null,       -- its beginning, where it is very long
    body_bytes  integer     not null,       -- how long it was
    primary key (received_at, refusal_id)
) partition by range (received_at);

create index usage_refusals_event on usage_refusals (source, id);
create table usage_refusals_other partition of usage_refusals default;
select billing_force_policies('usage_refusals');
grant select on usage_refusals to {staff};

-- Cancels and amendments by the event that they change. What became of one is in its own row of usage_keys.
create table usage_changes (
    source_id   integer     not null,
    original_id text        collate "C" not null,
    id          text        collate "C" not null, -- of the change itself
    is_cancel   boolean     not null,
    received_at timestamptz not null,
    primary key (source_id, original_id, id)
);

select billing_force_policies('usage_changes');
grant select on usage_changes to {staff};

-- The delivery report: what became of all that was received on a day (UTC). When a waiting one is settled later,
-- it moves from one column to the other, on the day on which it came.
create table usage_counts (
    source_id integer not null,
    day       date    not null,
    received  bigint  not null,
    accepted  bigint  not null,
    duplicate bigint  not null,
    conflict  bigint  not null,
    rejected  bigint  not null,
    unmatched bigint  not null,
    waiting   bigint  not null,
    primary key (source_id, day),
    check (usage_adds_up(received, accepted, duplicate, conflict, rejected, unmatched, waiting))
);

select billing_force_policies('usage_counts');
grant select on usage_counts to {staff};
grant update on usage_counts to {writer};

-- Of sources that number their events: the numbers that arrived. Holes are gaps of delivery.
create table usage_sequences (
    source_id    integer        primary key,
    arrived      int8multirange not null,
    -- Too many holes to be a numbering; nothing is added any more.
    is_scattered boolean        not null default false
);

select billing_force_policies('usage_sequences');
grant select on usage_sequences to {staff};
grant update on usage_sequences to {writer};

-- The part of the catalog that Ingestion judges by. The version grows with each batch that is taken, also with one
-- that was parked and is taken late, when the catalog's number has long gone on; each row has the version at which
-- it changed, so that an instance fetches what is new.
create table catalog_state (
    only_row boolean primary key default true check (only_row),
    number   bigint  not null,
    version  bigint  not null
);

insert into catalog_state (number, version) values (0, 0);
grant update on catalog_state to {writer};

create table catalog_tenants (
    tenant_id text   collate "C" primary key,
    number    bigint not null,
    version   bigint not null
);

create index catalog_tenants_version on catalog_tenants (version);
grant update on catalog_tenants to {writer};

create table catalog_meters (
    meter_id    text   collate "C" primary key,
    event_type  text   collate "C" not null,
    unit        text   not null,
    aggregation text   not null,
    property    text,
    filter      jsonb  not null,
    number      bigint not null,
    version     bigint not null
);

create index catalog_meters_version on catalog_meters (version);
grant update on catalog_meters to {writer};

-- The first thing of a batch after its position. Inserts the keys that are not there yet, locks those that may have
-- to change, and answers with the ones that were there before. A key that another transaction is just inserting is
-- waited for, so nobody misses a change or an original that comes at the same moment. Keys must come sorted, and all
-- keys of a transaction at once. Where they are likely to be new they are inserted without looking for each of them
-- first, which is half of the work; one that was there undoes that, and then each is looked for.
create function take_usage_keys(
    the_sources integer[], the_ids text[], the_digests uuid[], the_states smallint[], the_tenants text[],
    the_moment timestamptz, are_locked boolean[], are_likely_new boolean)
returns table (
    source_id integer, id text, digest uuid, state smallint, revision integer, tenant_id text,
    received_at timestamptz)
language plpgsql
-- Planned once for any number of keys, and never by reading the whole table.
set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
    inserted bigint;
    found_before bigint;
begin
    if are_likely_new then
        begin
            -- In the select list, unnest needs no temporary store.
            insert into usage_keys (source_id, id, digest, state, tenant_id, received_at)
            select g.s, g.i, g.d, g.st, g.t, the_moment
            from (select unnest(the_sources) as s, unnest(the_ids) as i, unnest(the_digests) as d,
                         unnest(the_states) as st, unnest(the_tenants) as t) g;
            return;
        exception when unique_violation then null;
        end;
    end if;

    insert into usage_keys as k (source_id, id, digest, state, tenant_id, received_at)
    select g.s, g.i, g.d, g.st, g.t, the_moment
    from unnest(the_sources, the_ids, the_digests, the_states, the_tenants) as g (s, i, d, st, t)
    on conflict on constraint usage_keys_pkey do nothing;
    get diagnostics inserted = row_count;
    if inserted = cardinality(the_ids) then return; end if;

    perform 1 from unnest(the_sources, the_ids, are_locked) as g (s, i, l)
    join usage_keys k on k.source_id = g.s and k.id = g.i
    where (g.l or k.state in (0, 4)) and k.xmin <> pg_current_xact_id()::xid
    order by k.source_id, k.id for update of k;

    return query
    select k.source_id, k.id, k.digest, k.state, k.revision, k.tenant_id, k.received_at
    from unnest(the_sources, the_ids) as g (s, i) join usage_keys k on k.source_id = g.s and k.id = g.i
    where k.xmin <> pg_current_xact_id()::xid;
    get diagnostics found_before = row_count;
    -- In a subtransaction our own rows would look like those of others.
    if inserted + found_before <> cardinality(the_ids) then
        raise exception 'usage keys do not add up: % + % of %', inserted, found_before, cardinality(the_ids);
    end if;
end $$;

-- What became of events: eight numbers for each source and day, sorted by these: source, day (since 1970), accepted,
-- unmatched, waiting, duplicate, conflict, rejected. They are few.
create function count_usage(counts bigint[]) returns void language plpgsql as $$
declare
    at integer := 1;
begin
    while at < cardinality(counts) loop
        insert into usage_counts as c (
            source_id, day, received, accepted, unmatched, waiting, duplicate, conflict, rejected)
        values (
            counts[at], date '1970-01-01' + counts[at + 1]::integer,
            counts[at + 2] + counts[at + 3] + counts[at + 4] + counts[at + 5] + counts[at + 6] + counts[at + 7],
            counts[at + 2], counts[at + 3], counts[at + 4], counts[at + 5], counts[at + 6], counts[at + 7])
        on conflict (source_id, day) do update set
            received = c.received + excluded.received, accepted = c.accepted + excluded.accepted,
            unmatched = c.unmatched + excluded.unmatched, waiting = c.waiting + excluded.waiting,
            duplicate = c.duplicate + excluded.duplicate, conflict = c.conflict + excluded.conflict,
            rejected = c.rejected + excluded.rejected;
        at := at + 8;
    end loop;
end $$;

-- Planned once instead of each time for the number of rows at hand. Where a column has nothing its array may be
-- empty: in a select list the shorter ones go on with null.
create function keep_usage_originals(
    the_moment timestamptz, the_via smallint, sources integer[], ids text[], tenants text[], partitions integer[],
    offsets bigint[], senders text[], all_headers text[], bodies bytea[])
returns void language plpgsql set plan_cache_mode = force_generic_plan as $$
begin
    insert into usage_originals (
        received_at, via, source_id, id, tenant_id, partition, kafka_offset, sent_by, headers, body)
    select the_moment, the_via, g.*
    from (select unnest(sources), unnest(ids), unnest(tenants), unnest(partitions), unnest(offsets),
                 unnest(senders), unnest(all_headers), unnest(bodies)) as g;
end $$;

-- All of the usual batch, whose events are all new and taken, for who is sure enough of it not to wait for an
-- answer: if one is not new, the transaction fails by the primary key's name, and is done again with
-- take_usage_keys. Sorted like there.
create function take_new_usage(
    the_moment timestamptz, the_via smallint, sources integer[], ids text[], tenants text[], partitions integer[],
    offsets bigint[], senders text[], all_headers text[], bodies bytea[], digests uuid[], states smallint[],
    counts bigint[])
returns void language plpgsql set plan_cache_mode = force_generic_plan as $$
begin
    insert into usage_keys (source_id, id, digest, state, tenant_id, received_at)
    select g.*, the_moment
    from (select unnest(sources), unnest(ids), unnest(digests), unnest(states), unnest(tenants)) g;

    insert into usage_originals (
        received_at, via, source_id, id, tenant_id, partition, kafka_offset, sent_by, headers, body)
    select the_moment, the_via, g.*
    from (select unnest(sources), unnest(ids), unnest(tenants), unnest(partitions), unnest(offsets),
                 unnest(senders), unnest(all_headers), unnest(bodies)) as g;

    perform count_usage(counts);
end $$;

-- The same for one event alone, as a lonely caller sends it: half of what a list of one costs.
create function take_new_event(
    the_moment timestamptz, the_via smallint, the_source integer, the_id text, the_tenant text,
    the_partition integer, the_offset bigint, the_sender text, the_headers text, the_body bytea, the_digest uuid,
    the_state smallint, counts bigint[])
returns void language plpgsql as $$
begin
    insert into usage_keys (source_id, id, digest, state, tenant_id, received_at)
    values (the_source, the_id, the_digest, the_state, the_tenant, the_moment);

    insert into usage_originals (
        received_at, via, source_id, id, tenant_id, partition, kafka_offset, sent_by, headers, body)
    values (the_moment, the_via, the_source, the_id, the_tenant, the_partition, the_offset, the_sender,
            the_headers, the_body);

    perform count_usage(counts);
end $$;

-- Partitions for the month of a moment and the three after it; what is there stays. Runs as the owner, because the
-- writer makes no tables.
create function make_usage_partitions(around timestamptz) returns void
language plpgsql security definer set search_path = public, pg_temp set timezone = 'UTC' as $$
declare
    parent text;
    month  timestamptz;
    name   text;
begin
    foreach parent in array array['usage_originals', 'usage_refusals'] loop
        for step in 0..3 loop
            month := date_trunc('month', around) + make_interval(months => step);
            name := parent || to_char(month, '_YYYY_MM');
            continue when to_regclass(name) is not null;
            begin
                execute format('create table %I partition of %I for values from (%L) to (%L)',
                    name, parent, month, month + interval '1 month');
            exception when check_violation or duplicate_table then
                -- Another instance was faster, or rows of the month are in the default partition and stay there.
                raise warning 'no partition %: %', name, sqlerrm;
            end;
        end loop;
    end loop;
end $$;

select make_usage_partitions(now());
