-- Periods that Invoicing has asked to close, and the fees of subscriptions. Written by the owner of the tenant's lane,
-- but for the asking. The order of locks: as in the step before, with these behind the uses.

create table closings (
    period_id       uuid        not null,        -- derived from tenant, subscription, currency and period_start
    close_number    integer     not null,
    request_id      uuid        not null unique, -- of the row in the lane's inbox when an answer is due
    tenant_id       text        collate "C" not null,
    subscription_id text        collate "C",     -- null: usage without one
    lane            integer     not null,
    period_end      timestamptz not null,
    deadline        timestamptz not null,
    ask             json        not null,
    asked_at        timestamptz not null,
    answer          json,                        -- null: none was given yet
    answered_at     timestamptz,
    primary key (period_id, close_number)
);

create index closings_open on closings (deadline) where answer is null;
select billing_protect('closings');
grant update (answer, answered_at) on closings to {writer};

-- What was rated as base fee and prorations of a period.
create table period_fees (
    subscription_id text        collate "C" not null,
    period_start    timestamptz not null,
    tenant_id       text        collate "C" not null,
    fees            json        not null,
    primary key (subscription_id, period_start)
);

select billing_protect('period_fees');
grant update (fees) on period_fees to {writer};

-- When something about the fees of a subscription is to be rated next. Written in the transaction that rates what is
-- due now, so neither a crash nor a clock that jumps passes anything over, and nothing comes twice.
create table fees_due (
    subscription_id text        collate "C" primary key,
    tenant_id       text        collate "C" not null,
    lane            integer     not null,
    due_at          timestamptz not null,
    request_id      uuid        not null unique
);

create index fees_due_at on fees_due (due_at);
select billing_protect('fees_due');
grant update, delete on fees_due to {writer};

-- Leaves everything that is due at a moment to the owners of the lanes, each once as long as it is there. What could
-- not be done is parked for a person and not asked for again meanwhile.
create function leave_due(usage_topic text, now_is timestamptz) returns bigint language plpgsql as $$
declare
    closed bigint;
    charged bigint;
begin
    insert into lane_inbox (id, lane, kind, body, asked_at)
    select c.request_id, c.lane, 'close', convert_to(json_build_object(
        'period', c.period_id, 'closeNumber', c.close_number)::text, 'UTF8'), now_is
    from closings c left join read_lanes l on l.topic = usage_topic and l.lane = c.lane
    where c.answer is null and (c.deadline <= now_is or l.read_up_to >= c.period_end)
      and not exists (select from parked_facts p where p.fact_id = c.request_id)
    on conflict (id) do nothing;
    get diagnostics closed = row_count;

    insert into lane_inbox (id, lane, kind, body, asked_at)
    select f.request_id, f.lane, 'fees', convert_to(json_build_object(
        'tenant', f.tenant_id, 'subscription', f.subscription_id)::text, 'UTF8'), now_is
    from fees_due f
    where f.due_at <= now_is and not exists (select from parked_facts p where p.fact_id = f.request_id)
    on conflict (id) do nothing;
    get diagnostics charged = row_count;
    return closed + charged;
end $$;

-- For the two looks above.
create index parked_facts_fact on parked_facts (fact_id);
