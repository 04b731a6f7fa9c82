-- What questions need of the event store, whose tables only the writer sees: a tenant's own events by their ids.

create function ledger_may_see(the_stream text) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
    select session_user <> '{reader}'
        or starts_with(the_stream, nullif(current_setting('billing.tenant', true), '') || '/');
$$;

create function ledger_event(the_id uuid) returns table (seq_id bigint, type text, data jsonb)
language sql stable security definer set search_path = public, pg_temp as $$
    select e.seq_id, e.type::text, e.data from events.mt_events e
    where e.id = the_id and coalesce(ledger_may_see(e.stream_id), false);
$$;

grant execute on function ledger_may_see, ledger_event to {reader}, {staff};
