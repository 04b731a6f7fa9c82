-- Who still needs originals, and from which moment on: a verification that runs, an audit. A row is put and taken
-- away by its holder.
create table usage_holds (
    holder      text        primary key,
    needed_from timestamptz not null,
    since       timestamptz not null
);

select billing_force_policies('usage_holds');
grant select on usage_holds to {staff};
grant update, delete on usage_holds to {writer};

-- Removes the originals of every whole month (UTC) before a moment, oldest first, as long as nobody needs them:
-- each fact sent by its end is acknowledged by the broker, nothing from it waits or is parked, nobody holds it. The keys stay
-- for ever, so a resend is still a duplicate. Runs as the owner, because the writer drops nothing; what it must
-- not remove is decided here and not by its caller.
create function remove_usage_originals(before timestamptz)
returns table (month text, is_removed boolean, kept_because text)
language plpgsql security definer set search_path = public, pg_temp set timezone = 'UTC'
set lock_timeout = '1s' as $$
declare
    part      text;
    beginning timestamptz;
    ending    timestamptz;
begin
    -- One at a time; whoever comes second has nothing to do.
    if not pg_try_advisory_xact_lock(hashtext('remove_usage_originals')) then return; end if;

    for part in
        select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'usage_originals'::regclass and c.relname ~ '^usage_originals_[0-9]{4}_[0-9]{2}$'
        order by c.relname
    loop
        beginning := to_date(right(part, 7), 'YYYY_MM');
        ending := beginning + interval '1 month';
        exit when ending > before;

        month := to_char(beginning, 'YYYY-MM');
        kept_because := usage_originals_needed_by(ending);
        is_removed := kept_because is null;
        if is_removed then
            -- Held for a moment, because everything that is taken goes through the parent.
            execute format('drop table %I', part);
        end if;
        return next;
        exit when not is_removed;
    end loop;
end $$;

-- Null where nobody needs what was received before a moment.
create function usage_originals_needed_by(ending timestamptz) returns text
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
    held text;
begin
    -- Beyond the mark of a lane, the first fact is the oldest.
    if exists (
        select from sent_lanes l
        left join relay_marks m on m.topic = l.topic and m.lane = l.lane
        join sent_facts f
          on f.topic = l.topic and f.lane = l.lane and f.number = coalesce(m.acknowledged, 0) + 1
        where f.sent_at < ending) then
        return 'facts are not published yet';
    end if;
    if exists (select from waiting_facts where since < ending) then return 'events wait for news'; end if;
    if exists (select from parked_facts where parked_at < ending) then return 'messages are parked'; end if;

    select holder into held from usage_holds where needed_from < ending order by needed_from limit 1;
    return 'held by ' || held;
end $$;

revoke execute on function usage_originals_needed_by from {writer};
