-- What usage comes to. Written only by the owner of the tenant's lane, which read_lanes guards (docs/adr/0005). The
-- order of locks: read_lanes, tallies (sorted), uses, what waits, the lanes of what is sent.

-- The running state of one meter in one period of one subscription (docs/adr/0004).
create table tallies (
    tally_id        uuid           primary key,  -- derived from the columns up to period_start
    tenant_id       text           collate "C" not null,
    subscription_id text           collate "C",  -- null: usage without one
    meter_id        text           collate "C" not null,
    currency        text           collate "C" not null,
    period_start    timestamptz    not null,
    period_end      timestamptz    not null,
    stamp           bigint         not null,     -- of the transaction that wrote it: what is kept in memory is
                                                 -- of the same one, or is read again
    catalog_number  bigint         not null,     -- by which it was reckoned
    terms_id        uuid           not null,     -- as the tally says
    tally           json           not null,
    total           numeric(38,12) not null,     -- as the tally says
    taken           bigint         not null,
    last_used_at    timestamptz                  -- of all uses that ever were in it
) with (fillfactor = 60); -- written again with nearly every batch: in place, while a page has room for it

create index tallies_tenant on tallies (tenant_id, period_start, meter_id);
select billing_protect('tallies');
grant update on tallies to {writer};
create sequence tally_stamps;

-- What one meter took from one revision of an event: each once, and taken back once.
create table uses (
    usage_id       uuid          not null,       -- the id of the usage fact: event and revision
    tally_id       uuid,                         -- null: it is in none
    used_at        timestamptz   not null,
    revision       integer       not null,
    state          smallint      not null check (state between 0 and 3), -- UseStanding in code
    scope          smallint      not null,
    is_told        boolean       not null,       -- it became a rating, so a cancel takes a charge back
    meter_id       text          collate "C" not null, -- empty: a cancel that came before the use
    tenant_id      text          collate "C" not null,
    source         text          collate "C" not null,
    event_id       text          collate "C" not null,
    quantity       numeric(38,9) not null,
    distinct_value text          collate "C",
    properties     text          collate "C" not null,
    primary key (usage_id, meter_id)
);

-- By the tally alone: thousands of equal keys take little room, and each new one comes behind the others.
create index uses_tally on uses (tally_id) where state = 0;
create index uses_unpriced on uses (tenant_id, used_at, usage_id) where state = 2;
create index uses_cancel_waits on uses (usage_id) where state = 3;
select billing_protect('uses');
grant update (state, is_told, tally_id) on uses to {writer};

create function find_uses(usage_ids uuid[])
returns setof uses language plpgsql stable
-- By the key, however few rows the planner believes to be there.
set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
begin
    return query select u.* from uses u where u.usage_id = any (usage_ids);
end $$;

-- Those of them whose cancel came first: hardly ever any, so that most batches do not even look.
create function find_cancels(usage_ids uuid[])
returns setof uses language plpgsql stable
set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
begin
    if exists (select from uses u where u.state = 3) then
        return query select u.* from uses u where u.state = 3 and u.usage_id = any (usage_ids);
    end if;
end $$;

-- On a path that is walked for every use: unnest in the select list needs no temporary store. A use that is there
-- already violates the key.
create function put_uses(
    usage_ids uuid[], meters text[], tallies uuid[], moments timestamptz[], revisions integer[], states smallint[],
    scopes smallint[], tolds boolean[], tenants text[], sources text[], events text[], quantities text[],
    distincts text[], all_properties text[])
returns void language plpgsql set plan_cache_mode = force_generic_plan as $$
begin
    insert into uses (
        usage_id, meter_id, tally_id, used_at, revision, state, scope, is_told, tenant_id, source, event_id, quantity,
        distinct_value, properties)
    select g.u, g.m, g.t, g.at, g.r, g.st, g.sc, g.told, g.te, g.so, g.e, g.q::numeric, g.d, g.p
    from (select unnest(usage_ids) as u, unnest(meters) as m, unnest(tallies) as t, unnest(moments) as at,
                 unnest(revisions) as r, unnest(states) as st, unnest(scopes) as sc, unnest(tolds) as told,
                 unnest(tenants) as te, unnest(sources) as so, unnest(events) as e, unnest(quantities) as q,
                 unnest(distincts) as d, unnest(all_properties) as p) g;
end $$;

create function change_uses(
    usage_ids uuid[], meters text[], the_tallies uuid[], states smallint[], tolds boolean[])
returns void language plpgsql set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
begin
    update uses as u set tally_id = g.t, state = g.st, is_told = g.told
    from unnest(usage_ids, meters, the_tallies, states, tolds) as g (u, m, t, st, told)
    where u.usage_id = g.u and u.meter_id = g.m;
end $$;

-- Raises where a tally is not the one that was gone on from: it was kept in memory over the work of another process,
-- or over a commit that failed. A row count of zero is noticed by nobody. A stamp before of 0 is a tally that was not
-- there. Answers with the stamp of all.
create function put_tallies(
    ids uuid[], stamps_before bigint[], tenants text[], subscriptions text[], meters text[], currencies text[],
    starts timestamptz[], ends timestamptz[], catalog_numbers bigint[], terms uuid[], bodies text[], totals text[],
    takens bigint[], last_uses timestamptz[])
returns bigint language plpgsql set plan_cache_mode = force_generic_plan as $$
declare
    new_stamp bigint := nextval('tally_stamps');
    written integer;
begin
    insert into tallies as t (
        tally_id, stamp, tenant_id, subscription_id, meter_id, currency, period_start, period_end, catalog_number,
        terms_id, tally, total, taken, last_used_at)
    select i, new_stamp, te, su, me, cu, st, en, ca, tm, b::json, tot::numeric, ta, la
    from unnest(ids, stamps_before, tenants, subscriptions, meters, currencies, starts, ends, catalog_numbers, terms,
        bodies, totals, takens, last_uses) as g (i, s, te, su, me, cu, st, en, ca, tm, b, tot, ta, la)
    where g.s = 0
    order by i
    on conflict do nothing;
    get diagnostics written = row_count;
    if written <> cardinality(array_positions(stamps_before, 0)) then
        raise exception 'tallies are there already' using errcode = 'ZP001';
    end if;

    update tallies as t
    set stamp = new_stamp, catalog_number = g.ca, terms_id = g.tm, tally = g.b::json, total = g.tot::numeric,
        taken = g.ta, last_used_at = g.la
    from unnest(ids, stamps_before, catalog_numbers, terms, bodies, totals, takens, last_uses)
        as g (i, s, ca, tm, b, tot, ta, la)
    where t.tally_id = g.i and t.stamp = g.s and g.s > 0;
    get diagnostics written = row_count;
    if written <> cardinality(ids) - cardinality(array_positions(stamps_before, 0)) then
        raise exception 'tallies were written by another' using errcode = 'ZP001';
    end if;
    return new_stamp;
end $$;
