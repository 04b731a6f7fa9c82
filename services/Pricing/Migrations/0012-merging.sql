-- Ratings of tenants that have them merged. Written by the owner of the tenant's lane, in the transaction that takes
-- the use, so a use is in its tally and in its window or in neither. The order of locks: behind the uses.

-- Windows with something in them that no charge was made of yet.
create table merge_windows (
    window_id       uuid        primary key,     -- derived from the tally and the window's bounds
    request_id      uuid        not null unique, -- of the row in the lane's inbox when it is due
    tenant_id       text        collate "C" not null,
    subscription_id text        collate "C",     -- null: usage without one
    currency        text        collate "C" not null,
    lane            integer     not null,
    window_end      timestamptz not null,
    due_at          timestamptz not null         -- the window's end, or the first late use, and the grace
);

create index merge_windows_due on merge_windows (due_at);
create index merge_windows_tenant on merge_windows (tenant_id, window_end);
select billing_protect('merge_windows');
grant delete on merge_windows to {writer};

-- Every single rating as it would have been told, for ever: what a merged charge is made of.
create table merged_ratings (
    rating_id    uuid        primary key,
    place        bigint      generated always as identity, -- in the order taken
    window_id    uuid        not null,
    window_start timestamptz not null,
    window_end   timestamptz not null,
    tenant_id    text        collate "C" not null,
    wire_name    text        not null collate "C",
    body         bytea       not null,
    charge_id    uuid                            -- the merged rating; null: its window is open
);

create index merged_ratings_open on merged_ratings (window_id, place) where charge_id is null;
create index merged_ratings_charge on merged_ratings (charge_id, place);
select billing_protect('merged_ratings');
grant update (charge_id) on merged_ratings to {writer};

-- Leaves windows that are due to the owners of the lanes, each once as long as it is there.
create function leave_windows_due(now_is timestamptz) returns bigint language plpgsql as $$
declare
    due bigint;
begin
    insert into lane_inbox (id, lane, kind, body, asked_at)
    select w.request_id, w.lane, 'merge', convert_to(json_build_object('window', w.window_id)::text, 'UTF8'), now_is
    from merge_windows w
    where w.due_at <= now_is and not exists (select from parked_facts p where p.fact_id = w.request_id)
    on conflict (id) do nothing;
    get diagnostics due = row_count;
    return due;
end $$;
