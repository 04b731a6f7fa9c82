-- What questions about events need beside what taking them needs.

-- When a fact was sent: the beginning of its transaction. Along a lane these grow, but for the few seconds that
-- transactions may overlap, so a fact is found by its moment without an index that every insert would have to feed.
alter table sent_facts add column sent_at timestamptz not null default now();

-- What became of an event after it was taken: news of the catalog, a cancel, an amendment. Few events have any.
create table usage_history (
    source_id integer     not null,
    id        text        collate "C" not null,
    at        timestamptz not null default now(), -- the same as sent_at of what was sent with it
    state     smallint    not null,
    revision  integer     not null,
    tenant_id text        collate "C" not null
);

create index usage_history_event on usage_history (source_id, id);
select billing_protect('usage_history');

create function note_usage_history() returns trigger language plpgsql as $$
begin
    insert into usage_history (source_id, id, state, revision, tenant_id)
    values (new.source_id, new.id, new.state, new.revision, new.tenant_id);
    return null;
end $$;

create trigger usage_history after update on usage_keys
for each row when (old.state <> new.state or old.revision <> new.revision)
execute function note_usage_history();

-- A tenant may ask about its own events; not who sent them, nor with what headers.
create policy reader_sees_its_tenant on usage_keys for select to {reader}
using (tenant_id = nullif(current_setting('billing.tenant', true), ''));
grant select on usage_keys to {reader};
create policy reader_sees_its_tenant on usage_originals for select to {reader}
using (tenant_id = nullif(current_setting('billing.tenant', true), ''));
grant select (received_at, source_id, via, id, tenant_id, body) on usage_originals to {reader};
create policy reader_sees_its_tenant on usage_changes for select to {reader}
using (exists (select from usage_keys k
    where k.source_id = usage_changes.source_id and k.id = usage_changes.id
      and k.tenant_id = nullif(current_setting('billing.tenant', true), '')));
grant select on usage_changes to {reader};
create policy reader_sees_its_tenant on sent_facts for select to {reader}
using (key = nullif(current_setting('billing.tenant', true), ''));
grant select on sent_facts to {reader};

-- The first number of a lane that was sent at a moment or later; one beyond the last, where none was.
create function first_sent_number(the_topic text, the_lane integer, the_moment timestamptz) returns bigint
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
    low    bigint := 1;
    high   bigint;
    middle bigint;
begin
    select last_number + 1 into high from sent_lanes where topic = the_topic and lane = the_lane;
    while low < high loop
        middle := (low + high) / 2;
        if (select sent_at < the_moment from sent_facts
            where topic = the_topic and lane = the_lane and number = middle) then
            low := middle + 1;
        else
            high := middle;
        end if;
    end loop;
    return low;
end $$;

create function acknowledged_number(the_topic text, the_lane integer) returns bigint
language sql stable security definer set search_path = public, pg_temp as $$
    select coalesce(
        (select acknowledged from relay_marks where topic = the_topic and lane = the_lane), 0);
$$;

create function is_tenant_known(the_tenant text) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
    select exists (select from catalog_tenants where tenant_id = the_tenant);
$$;

grant execute on function first_sent_number, acknowledged_number, is_tenant_known to {reader}, {staff};
