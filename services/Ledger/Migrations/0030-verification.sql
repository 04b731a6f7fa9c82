-- What a verification needs of the event store, whose tables only the writer sees: all of it, for reading, as staff.

create function ledger_events_after(the_position bigint, at_most integer)
returns table (seq_id bigint, id uuid, stream_id text, version bigint, type text, data text)
language sql stable security definer set search_path = public, pg_temp as $$
    select e.seq_id, e.id, e.stream_id::text, e.version, e.type::text, e.data::text from events.mt_events e
    where e.seq_id > the_position order by e.seq_id limit at_most;
$$;

-- A sum over hashes of whole events up to a position: the same for ever, if none of them ever changes.
create function ledger_digest(up_to bigint) returns table (events bigint, digest numeric)
language sql stable security definer set search_path = public, pg_temp as $$
    select count(*), coalesce(sum(hashtextextended(concat_ws(chr(31), e.seq_id, e.id, e.stream_id, e.version, e.type,
        e.data, e.headers, e.timestamp at time zone 'UTC', e.is_archived), 0)), 0)
    from events.mt_events e where e.seq_id <= up_to;
$$;

-- Streams whose versions are not 1, 2, 3 … up to the one that the stream says.
create function ledger_broken_streams() returns table (stream_id text, what text)
language sql stable security definer set search_path = public, pg_temp as $$
    select coalesce(s.id, e.stream_id)::text,
        format('says version %s and has %s events from %s to %s', s.version, e.events, e.first, e.last)
    from events.mt_streams s
    full join (
        select v.stream_id, count(*) as events, min(v.version) as first, max(v.version) as last
        from events.mt_events v group by v.stream_id
    ) e on e.stream_id = s.id
    where s.version is distinct from e.last or e.first is distinct from 1 or e.events is distinct from e.last
    order by 1;
$$;

-- Roles that run and may do more to events than add and read them.
create function ledger_roles_that_may_change_events() returns setof text
language sql stable security definer set search_path = public, pg_temp as $$
    select role from unnest(array['{writer}', '{reader}', '{staff}']) as role
    where has_table_privilege(role, 'events.mt_events', 'update, delete, truncate');
$$;

revoke execute on function ledger_events_after, ledger_digest, ledger_broken_streams,
    ledger_roles_that_may_change_events from {writer};
grant execute on function ledger_events_after, ledger_digest, ledger_broken_streams,
    ledger_roles_that_may_change_events to {staff};
