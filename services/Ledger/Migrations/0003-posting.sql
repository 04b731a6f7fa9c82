-- What decides where a charge is booked, and what could not be booked. The order of locks (docs/adr/0005): positions
-- of the reader, keys (hold_keys), period_guards in the order of their key, lanes, event streams.

-- What the ledger needs of a subscription: where its periods lie, and in which currency.
create table ledger_subscriptions (
    subscription_id text    collate "C" primary key,
    tenant_id       text    collate "C" not null,
    currency        text    not null,
    anchor          date    not null,
    time_zone       text    not null,
    number          bigint  not null        -- of the catalog; an older fact that comes later changes nothing
);

select billing_protect('ledger_subscriptions');
grant update on ledger_subscriptions to {writer};

-- One row a period. Who books into it holds it shared, who closes, reopens or issues it holds it alone; both before
-- anything is decided.
create table period_guards (
    tenant_id       text        collate "C" not null,
    subscription_id text        collate "C" not null,   -- ~none for usage without one
    currency        text        collate "C" not null,
    starts_at       timestamptz not null,
    status          smallint    not null default 0 check (status between 0 and 2), -- PeriodStatus in code
    close_number    integer     not null default 0,
    closed_sum      numeric(38, 12),
    invoice_id      uuid,
    primary key (tenant_id, subscription_id, currency, starts_at),
    check ((status = 2) = (invoice_id is not null)),
    check ((status = 0) = (closed_sum is null))
);

select billing_protect('period_guards');
grant update on period_guards to {writer};

-- What one transaction booked into one period, so that closing adds slips and reads no event.
create table period_slips (
    slip_id         bigint generated always as identity primary key,
    tenant_id       text        collate "C" not null,
    subscription_id text        collate "C" not null,
    currency        text        collate "C" not null,
    starts_at       timestamptz not null,
    entries         bigint      not null check (entries > 0),
    sum             numeric(38, 12) not null,
    first_event     uuid        not null,
    last_event      uuid        not null
);

create index period_slips_period on period_slips (tenant_id, subscription_id, currency, starts_at);
select billing_force_policies('period_slips');
grant select on period_slips to {staff};

-- Facts that a person has to decide about. Each is an event as well, so that whoever waits has an answer.
create table suspense (
    fact_id     uuid        primary key,
    topic       text        not null,
    tenant_id   text        collate "C" not null,
    wire_name   text        not null,
    body        bytea       not null,
    trace       text,
    refusal     text        not null,       -- of the last attempt; Refusal in kebab-case
    amount_left text,                       -- what would have been possible
    since       timestamptz not null,
    attempts    integer     not null default 1,
    resolution  text        check (resolution in ('posted', 'dismissed')),
    resolved_at timestamptz,
    resolved_by text,
    note        text,
    check (num_nulls(resolution, resolved_at, resolved_by) in (0, 3))
);

create index suspense_open on suspense (since, fact_id) where resolution is null;
select billing_force_policies('suspense');
grant select on suspense to {staff};
grant update (refusal, amount_left, attempts, resolution, resolved_at, resolved_by, note) on suspense to {writer};

-- Takes turns with everybody who names one of these keys, until the transaction ends.
create function hold_keys(the_keys text[]) returns void language plpgsql as $$
begin
    perform pg_advisory_xact_lock(hash)
    from (select distinct hashtextextended(k, 0) as hash from unnest(the_keys) as k order by 1) as sorted;
end $$;

-- Holds these periods and all later ones of the same subscription and currency that there are, and answers with them.
-- What is not there yet is made, open.
create function hold_periods(
    tenants text[], subscriptions text[], currencies text[], starts timestamptz[], alone boolean[])
returns table (
    tenant text, subscription text, currency text, starts_at timestamptz, status smallint, close_number integer,
    closed_sum text, invoice uuid)
language plpgsql set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    insert into period_guards (tenant_id, subscription_id, currency, starts_at)
    select distinct w.t, w.s, w.c, w.m
    from unnest(tenants, subscriptions, currencies, starts) as w (t, s, c, m)
    where not exists (
        select from period_guards g
        where g.tenant_id = w.t and g.subscription_id = w.s and g.currency = w.c and g.starts_at = w.m)
    order by 1, 2, 3, 4
    on conflict do nothing;

    perform 1
    from period_guards g
    where (g.tenant_id, g.subscription_id, g.currency, g.starts_at) in (
        select w.t, w.s, w.c, w.m
        from unnest(tenants, subscriptions, currencies, starts, alone) as w (t, s, c, m, a) where w.a)
    order by g.tenant_id, g.subscription_id, g.currency, g.starts_at
    for update;

    return query
    select g.tenant_id, g.subscription_id, g.currency, g.starts_at, g.status, g.close_number,
        trim_scale(g.closed_sum)::text, g.invoice_id
    from period_guards g
    join (
        select w.t, w.s, w.c, min(w.m) as m
        from unnest(tenants, subscriptions, currencies, starts) as w (t, s, c, m)
        group by w.t, w.s, w.c
    ) as line on g.tenant_id = line.t and g.subscription_id = line.s and g.currency = line.c
        and g.starts_at >= line.m
    order by g.tenant_id, g.subscription_id, g.currency, g.starts_at
    for share of g;
end $$;

-- Raises where a period does not take entries: the caller has not held it, or not looked.
create function add_slips(
    tenants text[], subscriptions text[], currencies text[], starts timestamptz[], counts bigint[], sums text[],
    firsts uuid[], lasts uuid[])
returns void language plpgsql set plan_cache_mode = force_generic_plan as $$
declare
    open_ones integer;
begin
    insert into period_slips
        (tenant_id, subscription_id, currency, starts_at, entries, sum, first_event, last_event)
    select n.t, n.s, n.c, n.m, n.count, n.sum::numeric, n.first, n.last
    from unnest(tenants, subscriptions, currencies, starts, counts, sums, firsts, lasts)
        as n (t, s, c, m, count, sum, first, last);

    select count(*) into open_ones
    from unnest(tenants, subscriptions, currencies, starts) as n (t, s, c, m)
    join period_guards g
        on g.tenant_id = n.t and g.subscription_id = n.s and g.currency = n.c and g.starts_at = n.m
    where g.status = 0;
    if open_ones <> cardinality(tenants) then
        raise exception 'a period takes no entries' using errcode = 'ZL010';
    end if;
end $$;

-- Closes, reopens and issues. Raises where a period is not as it was read.
create function move_periods(
    tenants text[], subscriptions text[], currencies text[], starts timestamptz[], old_statuses smallint[],
    old_numbers integer[], statuses smallint[], numbers integer[], sums text[], invoices uuid[])
returns void language plpgsql as $$
declare
    moved integer;
begin
    update period_guards as g
    set status = n.status, close_number = n.number, closed_sum = n.sum::numeric, invoice_id = n.invoice
    from unnest(tenants, subscriptions, currencies, starts, old_statuses, old_numbers, statuses, numbers, sums,
        invoices) as n (t, s, c, m, old_status, old_number, status, number, sum, invoice)
    where g.tenant_id = n.t and g.subscription_id = n.s and g.currency = n.c and g.starts_at = n.m
      and g.status = n.old_status and g.close_number = n.old_number;
    get diagnostics moved = row_count;
    if moved <> cardinality(tenants) then
        raise exception 'a period is not as it was read' using errcode = 'ZL010';
    end if;
end $$;
