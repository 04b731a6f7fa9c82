-- How facts come in and go out, exactly once (docs/adr/0005). Numbers decide; positions in Kafka are where to begin
-- to read. The order of locks is the same everywhere: read_lanes and read_partitions, then what the service itself
-- guards, then sent_lanes.

-- In ---------------------------------------------------------------------------------------------------------------

-- Where a topic's partition is read on. Of raw topics, which have no numbers, this is all there is.
create table read_partitions (
    topic       text    not null,
    partition   integer not null,
    epoch       bigint  not null default 0,  -- grows with each owner; an older one can not write any more
    topic_id    text,                        -- another id: the topic was made again, so it is read from its beginning
    next_offset bigint,
    read_up_to  timestamptz,                 -- everything that the broker had by then is in
    primary key (topic, partition)
);

-- What was taken of each lane of a numbered topic.
create table read_lanes (
    topic       text    not null,
    lane        integer not null,
    epoch       bigint  not null default 0,
    generation  text,
    last_number bigint  not null default 0,
    last_fact   uuid,
    stopped_because text,                    -- nothing is guessed: a lane that contradicts itself waits for a person
    stopped_at  timestamptz,
    read_up_to  timestamptz,                 -- of all sources behind it, as its tides say: for whoever closes periods
    primary key (topic, lane)
);

grant update on read_partitions, read_lanes to {writer};
select billing_force_policies('read_lanes');
grant select on read_lanes to {staff};

-- A new owner. Waits for the commit of the one before, whose batches hold these rows.
create function take_over_partition(the_topic text, the_partition integer)
returns table (epoch bigint, topic_id text, next_offset bigint)
language sql as $$
    insert into read_partitions as p (topic, partition, epoch) values (the_topic, the_partition, 1)
    on conflict on constraint read_partitions_pkey do update set epoch = p.epoch + 1
    returning p.epoch, p.topic_id, p.next_offset;
$$;

create function take_over_lanes(the_topic text, the_lanes integer[])
returns table (lane integer, epoch bigint, generation text, last_number bigint, last_fact uuid, stopped_because text)
language sql as $$
    insert into read_lanes as l (topic, lane, epoch)
    select the_topic, one, 1 from unnest(the_lanes) as one order by one
    on conflict on constraint read_lanes_pkey do update set epoch = l.epoch + 1
    returning l.lane, l.epoch, l.generation, l.last_number, l.last_fact, l.stopped_because;
$$;

-- First in a batch's transaction. Raises where the caller is not the owner any more or has not taken what came
-- before: a row count of zero is noticed by nobody.
create function advance_lanes(
    the_topic text, the_lanes integer[], epochs bigint[], generations text[], first_numbers bigint[],
    last_numbers bigint[], last_facts uuid[])
returns void language plpgsql as $$
declare
    advanced integer;
begin
    perform 1 from read_lanes where topic = the_topic and lane = any (the_lanes) order by lane for update;
    update read_lanes as l
    set generation = step.generation, last_number = step.last_number, last_fact = step.last_fact
    from unnest(the_lanes, epochs, generations, first_numbers, last_numbers, last_facts)
        as step (lane, epoch, generation, first_number, last_number, last_fact)
    where l.topic = the_topic and l.lane = step.lane and l.epoch = step.epoch and l.stopped_because is null
      and l.last_number = step.first_number - 1 and step.last_number >= step.first_number
      and coalesce(l.generation, step.generation) = step.generation;
    get diagnostics advanced = row_count;
    if advanced <> cardinality(the_lanes) then
        raise exception 'lanes of % have another owner', the_topic using errcode = 'ZL001';
    end if;
end $$;

-- Keeps lanes as they are until the transaction ends, for what a batch without facts does to them.
create function hold_lanes(the_topic text, the_lanes integer[], epochs bigint[])
returns void language plpgsql as $$
declare
    held integer;
begin
    perform 1 from read_lanes where topic = the_topic and lane = any (the_lanes) order by lane for update;
    select count(*) into held
    from read_lanes l join unnest(the_lanes, epochs) as mine (lane, epoch) using (lane, epoch)
    where l.topic = the_topic and l.stopped_because is null;
    if held <> cardinality(the_lanes) then
        raise exception 'lanes of % have another owner', the_topic using errcode = 'ZL001';
    end if;
end $$;

-- Everything up to a moment was taken of these lanes; whoever owns them by now knows a later one.
create function keep_read_up_to(the_topic text, the_lanes integer[], epochs bigint[], moments timestamptz[])
returns void language plpgsql as $$
begin
    perform 1 from read_lanes where topic = the_topic and lane = any (the_lanes) order by lane for update;
    update read_lanes as l set read_up_to = greatest(l.read_up_to, g.moment)
    from unnest(the_lanes, epochs, moments) as g (lane, epoch, moment)
    where l.topic = the_topic and l.lane = g.lane and l.epoch = g.epoch;
end $$;

create function stop_lane(the_topic text, the_lane integer, the_epoch bigint, reason text, moment timestamptz)
returns void language plpgsql as $$
begin
    update read_lanes set stopped_because = reason, stopped_at = moment
    where topic = the_topic and lane = the_lane and epoch = the_epoch;
    if not found then
        raise exception 'lane % of % has another owner', the_lane, the_topic using errcode = 'ZL001';
    end if;
end $$;

create function advance_partitions(
    the_topic text, the_partitions integer[], epochs bigint[], topic_ids text[], next_offsets bigint[],
    moments timestamptz[])
returns void language plpgsql as $$
declare
    advanced integer;
begin
    perform 1 from read_partitions
    where topic = the_topic and partition = any (the_partitions) order by partition for update;
    update read_partitions as p
    set topic_id = step.topic_id, next_offset = step.next_offset,
        read_up_to = greatest(p.read_up_to, step.read_up_to)
    from unnest(the_partitions, epochs, topic_ids, next_offsets, moments)
        as step (partition, epoch, topic_id, next_offset, read_up_to)
    where p.topic = the_topic and p.partition = step.partition and p.epoch = step.epoch;
    get diagnostics advanced = row_count;
    if advanced <> cardinality(the_partitions) then
        raise exception 'partitions of % have another owner', the_topic using errcode = 'ZL001';
    end if;
end $$;

-- Out --------------------------------------------------------------------------------------------------------------

-- The last number that was given in each lane.
create table sent_lanes (
    topic       text    not null collate "C",
    lane        integer not null,
    last_number bigint  not null default 0,
    last_fact   uuid,
    fact_before uuid,                       -- the last fact before those that were numbered at once
    primary key (topic, lane)
);

grant update on sent_lanes to {writer};

-- The facts themselves, for ever: what Kafka forgets is published again from here.
create table sent_facts (
    topic     text    not null collate "C",
    lane      integer not null,
    number    bigint  not null,
    fact_id   uuid    not null,
    wire_name text    not null,
    key       text    not null,
    body      bytea   not null,
    trace     text,
    -- A service has one or two topics, so that what differs first is told by numbers.
    primary key (lane, number, topic)
);

select billing_force_policies('sent_facts');
grant select on sent_facts to {staff};

-- Last in a transaction, before its commit, topics in the order of their names: numbers have no gap and become
-- visible in their order, because the lane's row is held until then. Each lane is given once, in ascending order,
-- with how many facts it gets and the last of them; each fact names its lane's place among those and how many facts
-- of that lane come after it, and its wire name's place among the wire names. Where no fact has a trace, none is
-- given. Answers with the lanes' new ends and the facts before these, in the order of lanes.
--
-- On a path that is walked for every fact: the lanes cost a statement however many facts they get, nothing is
-- sorted or joined, unnest in the select list needs no temporary store, and the plans are made once. Facts that come
-- lane by lane find their place in the index next to the one before.
create function send_facts(
    the_topic text, lanes integer[], counts integer[], last_facts uuid[],
    places integer[], followers integer[], fact_ids uuid[], wire_names text[], kinds integer[], keys text[],
    bodies bytea[], traces text[])
returns table (last_number bigint, previous_fact uuid)
language plpgsql set plan_cache_mode = force_generic_plan as $$
declare
    ends bigint[];
    befores uuid[];
begin
    with counted as (
        insert into sent_lanes as s (topic, lane, last_number, last_fact)
        select the_topic, g.lane, g.count, g.last_fact
        from unnest(lanes, counts, last_facts) as g (lane, count, last_fact) order by g.lane
        on conflict on constraint sent_lanes_pkey do update
        set last_number = s.last_number + excluded.last_number,
            last_fact = excluded.last_fact, fact_before = s.last_fact
        returning s.lane, s.last_number, s.fact_before
    )
    select array_agg(c.last_number order by c.lane), array_agg(c.fact_before order by c.lane)
    into ends, befores from counted c;

    insert into sent_facts (topic, lane, number, fact_id, wire_name, key, body, trace)
    select the_topic, lanes[g.place], ends[g.place] - g.follower, g.fact_id, wire_names[g.kind], g.key, g.body,
           g.trace
    from (select unnest(places) as place, unnest(followers) as follower, unnest(fact_ids) as fact_id,
                 unnest(kinds) as kind, unnest(keys) as key, unnest(bodies) as body, unnest(traces) as trace) g;

    return query select * from unnest(ends, befores);
end $$;

-- The same for one fact alone, which costs half of what a list of one does.
create function send_fact(
    the_topic text, the_lane integer, the_fact uuid, the_wire_name text, the_key text, the_body bytea,
    the_trace text, out last_number bigint, out previous_fact uuid)
language plpgsql as $$
begin
    insert into sent_lanes as s (topic, lane, last_number, last_fact)
    values (the_topic, the_lane, 1, the_fact)
    on conflict on constraint sent_lanes_pkey do update
    set last_number = s.last_number + 1, last_fact = excluded.last_fact, fact_before = s.last_fact
    returning s.last_number, s.fact_before into last_number, previous_fact;

    insert into sent_facts (topic, lane, number, fact_id, wire_name, key, body, trace)
    values (the_topic, the_lane, last_number, the_fact, the_wire_name, the_key, the_body, the_trace);
end $$;

-- Who publishes a partition of a topic of ours. Two at once do no harm, only work twice.
create table relay_leases (
    topic      text        not null,
    partition  integer     not null,
    holder     text        not null,
    expires_at timestamptz not null,
    primary key (topic, partition)
);

grant update, delete on relay_leases to {writer};

-- Up to here the broker has acknowledged; only grows.
create table relay_marks (
    topic        text    not null collate "C",
    lane         integer not null,
    acknowledged bigint  not null,
    primary key (topic, lane)
);

grant update on relay_marks to {writer};

-- What could not be applied or has to wait --------------------------------------------------------------------------

-- In the transaction that takes its number. While a key has one, later facts of that key are parked behind it.
create table parked_facts (
    id          bigint generated always as identity primary key,
    topic       text        not null,
    partition   integer     not null,
    lane        integer,                    -- null on raw topics, which have no numbers
    number      bigint,
    fact_id     uuid,
    wire_name   text,
    key         text        not null,
    message_key bytea,
    body        bytea       not null,
    headers     jsonb       not null,       -- [[name, base64], …] in their order
    reason      text        not null,
    parked_at   timestamptz not null,
    attempts    integer     not null default 0,
    redrive_asked_at timestamptz,
    redrive_asked_by text,
    is_copied   boolean     not null default false, -- to <topic>.dlq
    unique (topic, lane, number)
);

create index parked_facts_key on parked_facts (topic, key, id);
create index parked_facts_to_copy on parked_facts (id) where not is_copied;
create index parked_facts_to_redrive on parked_facts (topic, lane, id) where redrive_asked_at is not null;
select billing_force_policies('parked_facts');
grant select on parked_facts to {staff};
grant update (reason, attempts, redrive_asked_at, redrive_asked_by, is_copied), delete on parked_facts to {writer};

-- What waits for news: for a number of the catalog beyond the one it was judged by, or for a key to appear.
create table waiting_facts (
    id          bigint generated always as identity primary key,
    kind        text        not null,
    tenant_id   text        not null,
    missing_key text,
    judged_by   bigint,
    body        bytea       not null,
    since       timestamptz not null,
    check (num_nonnulls(missing_key, judged_by) = 1)
);

create index waiting_facts_key on waiting_facts (kind, missing_key, id) where missing_key is not null;
create index waiting_facts_judged on waiting_facts (kind, judged_by, id) where judged_by is not null;
select billing_force_policies('waiting_facts');
grant select on waiting_facts to {staff};
grant update (judged_by), delete on waiting_facts to {writer};

-- What HTTP and schedules leave for the one that owns the lane; taken and removed in one of its batches.
create table lane_inbox (
    id       uuid        primary key,
    lane     integer     not null,
    kind     text        not null,
    body     bytea       not null,
    asked_at timestamptz not null
);

create index lane_inbox_lane on lane_inbox (lane, id);
select billing_force_policies('lane_inbox');
grant select on lane_inbox to {staff};
grant delete on lane_inbox to {writer};
