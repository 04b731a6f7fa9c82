-- Every decision about tenants, meters, plans, prices, subscriptions and limits, in the one order in which they were
-- made: the source of all that Pricing knows of them, and what is published under the same numbers.
create table catalog_facts (
    number    bigint      primary key,
    fact_id   uuid        not null unique,
    change_id uuid        not null,            -- what was decided together; the same wish comes to the same change
    wire_name text        not null collate "C",
    key       text        not null collate "C", -- the tenant, meter, plan, rule or subscription that it is about
    tenant_id text        collate "C",         -- null: everybody's
    body      bytea       not null,
    actor     text        not null,
    reason    text        not null,
    at        timestamptz not null
);

create index catalog_facts_change on catalog_facts (change_id);
create index catalog_facts_key on catalog_facts (wire_name, key, number desc);
create index catalog_facts_tenant on catalog_facts (tenant_id, number) where tenant_id is not null;

select billing_protect('catalog_facts');
create policy reader_sees_what_is_for_all on catalog_facts for select to {reader} using (tenant_id is null);

-- Held by whoever changes the catalog, from before it is read until the commit: one change at a time.
create table catalog_head (
    is_only     boolean primary key default true check (is_only),
    last_number bigint  not null default 0
);

insert into catalog_head default values;
grant update on catalog_head to {writer};

-- Facts get their published numbers last in the transaction. Were they others than the ones stored here, what waits
-- would be judged by numbers that mean something else.
create function check_catalog_number() returns trigger language plpgsql as $$
begin
    if not exists (
        select from sent_facts
        where topic = 'billing.pricing.catalog.v1' and lane = 0 and number = new.number and fact_id = new.fact_id) then
        raise exception 'catalog fact % was not sent under its number', new.number;
    end if;
    return null;
end $$;

create constraint trigger catalog_facts_are_sent after insert on catalog_facts
deferrable initially deferred for each row execute function check_catalog_number();
