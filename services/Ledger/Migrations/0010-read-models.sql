-- What questions read: flat tables, made of the events by the read models of Projections/ and by nobody else. Each can
-- be made again at any time (Ledger rebuild) and is then the same, row by row.

-- How far each read model is: it has taken in every event up to its position, and none beyond.
create table ledger_models (
    name            text   primary key,
    position        bigint not null default 0,
    stopped_before  bigint,     -- the event that it does not know, or cannot take in
    stopped_because text
);

insert into ledger_models (name)
values ('charges'), ('journal'), ('balances'), ('trial-balance'), ('usage-days'), ('open-items');
select billing_share('ledger_models');
grant update on ledger_models to {writer};

-- Which position was readable when. Rows are only added and both columns only grow, so a moment means the same
-- position for ever.
create table ledger_clock (
    position    bigint      primary key,
    readable_at timestamptz not null unique
);

select billing_share('ledger_clock');

-- The lock keeps a reading from being taken back: who asks about a moment waits for a reading that is being written,
-- and a reading that is written later gets a later moment.
create function ledger_clock_lock() returns void language sql volatile as $$
    select pg_advisory_xact_lock(hashtextextended('ledger clock', 0));
$$;

create function ledger_position_at(the_moment timestamptz) returns bigint
language plpgsql volatile security definer set search_path = public, pg_temp as $$
begin
    perform pg_advisory_xact_lock_shared(hashtextextended('ledger clock', 0));
    return coalesce(
        (select position from ledger_clock where readable_at <= the_moment order by readable_at desc limit 1), 0);
end $$;

grant execute on function ledger_position_at to {reader}, {staff};

-- Charges, by the position of the event that posted them. The columns from left_amount on are as of changed_position;
-- any earlier state follows from charge_changes. A charge is found by its id through the event store's own index.
create table charges (
    position         bigint         primary key,
    charge_id        uuid           not null,
    tenant_id        text           collate "C" not null,
    currency         text           collate "C" not null,
    subscription     text           collate "C" not null,    -- '' for none, as with the meter
    period_start     timestamptz    not null,    -- of the booking, as its end
    period_end       timestamptz    not null,
    serves_start     timestamptz    not null,
    serves_end       timestamptz    not null,
    kind             text           collate "C" not null,
    meter            text           collate "C" not null,
    amount           numeric(38,12) not null,
    units            numeric(38,9),
    effective_at     timestamptz    not null,
    recorded_at      timestamptz    not null,
    left_amount      numeric(38,12) not null,
    left_units       numeric(38,9),
    voided_by        uuid,
    is_taken_back    boolean        not null,
    changed_position bigint         not null
) with (fillfactor = 95);

create index charges_of_tenant on charges (tenant_id, position);

-- What has moved charges since they were posted. Only added to.
create table charge_changes (
    position        bigint         primary key,
    event_id        uuid           not null,
    charge_position bigint         not null,
    charge_id       uuid           not null,
    tenant_id       text           collate "C" not null,
    currency        text           collate "C" not null,
    meter           text           collate "C" not null,
    kind            text           collate "C" not null,    -- of the charge
    what            text           collate "C" not null,
    amount          numeric(38,12) not null,
    units           numeric(38,9),
    subscription    text           collate "C" not null,    -- of the booking, as the period
    period_start    timestamptz    not null,
    effective_at    timestamptz    not null,
    recorded_at     timestamptz    not null,
    actor           text           not null,
    reason          text,
    reversed        uuid
);

create index charge_changes_of_charge on charge_changes (charge_position, position);
create index charge_changes_of_tenant on charge_changes (tenant_id, position);

-- A transaction may post a charge and take it back, and number the second before the first. Few do.
create index charge_changes_early on charge_changes (charge_position) where charge_position > position;

-- Sums over charges by what has become of them. Whether those that count are billed, the period's invoice says.
create table charge_totals (
    tenant_id       text           collate "C" not null,
    currency        text           collate "C" not null,
    subscription    text           collate "C" not null,
    period_start    timestamptz    not null,
    meter           text           collate "C" not null,
    counting        bigint         not null,    -- neither voided nor taken back
    counting_left   numeric(38,12) not null,
    voided          bigint         not null,
    voided_amount   numeric(38,12) not null,    -- as charged
    taken_back      bigint         not null,
    taken_back_left numeric(38,12) not null,
    primary key (tenant_id, currency, subscription, period_start, meter)
) with (fillfactor = 70);

-- The postings of events that are not about a charge. Only added to. Those of charges, and of what moves them, stand in
-- the rows above already; the view journal has all.
create table journal_entries (
    position     bigint         not null,
    line         integer        not null,
    event_id     uuid           not null,
    what         text           collate "C" not null,
    tenant_id    text           collate "C" not null,
    account      text           collate "C" not null,
    currency     text           collate "C" not null,
    amount       numeric(38,12) not null,    -- above zero on the debit side
    meter        text           collate "C" not null,
    subscription text           collate "C",
    period_start timestamptz,
    invoice_id   uuid,
    effective_at timestamptz    not null,
    recorded_at  timestamptz    not null,
    primary key (position, line)
);

-- One row of the index for an entry; and statements of an account.
create index journal_entries_of_tenant on journal_entries (tenant_id, position) where line = 1;
create index journal_entries_of_account on journal_entries (tenant_id, account, currency, effective_at);
create index journal_entries_of_invoice on journal_entries (invoice_id) where invoice_id is not null;

create table balances (
    tenant_id text           collate "C" not null,
    currency  text           collate "C" not null,
    account   text           collate "C" not null,
    meter     text           collate "C" not null,
    balance   numeric(38,12) not null,    -- debit above zero
    position  bigint         not null,    -- of the last event that moved it
    primary key (tenant_id, currency, account, meter)
) with (fillfactor = 70);

-- Over all tenants, by the month (of UTC) in which the postings took effect.
create table trial_balance (
    currency text           collate "C" not null,
    account  text           collate "C" not null,
    month    date           not null,
    debits   numeric(38,12) not null,
    credits  numeric(38,12) not null,
    primary key (currency, account, month)
) with (fillfactor = 70);

create table usage_days (
    tenant_id text           collate "C" not null,
    meter     text           collate "C" not null,
    currency  text           collate "C" not null,
    day       date           not null,
    charges   bigint         not null,
    units     numeric(38,9)  not null,
    amount    numeric(38,12) not null,
    primary key (tenant_id, meter, currency, day)
) with (fillfactor = 70);

-- Invoices and what is still open of them. The balance is as of changed_position; any earlier one is in the journal.
-- What is paid from credit in the transaction of the invoice may be numbered before it: then the rest is null yet.
create table open_items (
    invoice_id       uuid           primary key,
    position         bigint,
    tenant_id        text           collate "C" not null,
    number           text           collate "C",
    currency         text           collate "C" not null,
    subscription     text           collate "C",
    period_start     timestamptz,
    period_end       timestamptz,
    close_number     integer,
    issued_at        timestamptz,
    due_at           timestamptz,
    total            bigint,        -- minor units
    balance          numeric(38,12) not null,
    changed_position bigint         not null
);

create index open_items_of_period on open_items (tenant_id, currency, period_start, subscription);

-- Who may do what with a table of a read model; the shadow of a rebuild gets the same.
create function ledger_open_model(the_table regclass) returns void language plpgsql as $$
declare
    name text := (select relname from pg_class where oid = the_table);
begin
    if name = 'trial_balance' then
        perform billing_force_policies(the_table);
        execute format('grant select on %s to {staff}', the_table);
    else
        perform billing_protect(the_table);
    end if;
    execute format('grant select, insert on %s to {writer}', the_table);
    if name not in ('journal_entries', 'charge_changes') then
        execute format('grant update on %s to {writer}', the_table);
    end if;
end $$;

revoke execute on function ledger_open_model from {writer};
select ledger_open_model(t::regclass)
from unnest(array['charges', 'charge_changes', 'charge_totals', 'journal_entries', 'balances', 'trial_balance',
    'usage_days', 'open_items']) as t;

-- Every posting of every event. A charge is owed by the tenant and is revenue of its kind, and so is what moves it: a
-- part for each, so that a question about one account reads no other. A posting of zero is left out.
create function ledger_make_journal() returns void language plpgsql as $$
declare
    part  text;
    parts text[] := '{}';
begin
    for part in
        select format(
            'select position, %s as line, %s as event_id, %s as what, tenant_id, %L::text collate "C" as account, currency,
                %samount as amount, %s as meter, subscription, period_start, null::uuid as invoice_id, effective_at,
                recorded_at
            from public.%s where amount <> 0 and (%s)',
            side.line, rows.event, rows.what, side.account, side.sign, side.meter, rows.name, side.kinds)
        from (values
            ('charges', 'charge_id', '''charge_posted''::text collate "C"'),
            ('charge_changes', 'event_id', 'what')) as rows (name, event, what)
        cross join (values
            (1, 'unbilled-receivable', '', '''''::text collate "C"', 'true'),
            (2, 'usage-revenue', '-', 'meter', 'kind in (''use'', ''change'', ''merged'')'),
            (2, 'fee-revenue', '-', 'meter', 'kind in (''fee'', ''proration'')'),
            (2, 'commitment-revenue', '-', 'meter', 'kind = ''true-up'''))
            as side (line, account, sign, meter, kinds)
    loop
        parts := parts || part;
    end loop;
    execute 'create view public.journal with (security_invoker = true) as '
        || array_to_string(parts, ' union all ')
        || ' union all select position, line, event_id, what, tenant_id, account, currency, amount, meter, subscription,
            period_start, invoice_id, effective_at, recorded_at from public.journal_entries';
    grant select on public.journal to {reader}, {staff};
end $$;

revoke execute on function ledger_make_journal from {writer};
select ledger_make_journal();
