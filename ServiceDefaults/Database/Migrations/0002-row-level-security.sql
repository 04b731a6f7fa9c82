-- Isolation of tenants, the second time: what a question forgets, the database still refuses. A table that the
-- reader or staff may see has gone through one of these two; the migration run checks that at its end.

-- Rows belong to tenants: the reader sees those of the tenant that its transaction names, staff sees all.
create function billing_protect(protected regclass, tenant_column name default 'tenant_id') returns void
language plpgsql as $$
begin
    perform billing_force_policies(protected);
    execute format(
        'create policy reader_sees_its_tenant on %s for select to {reader} using (%I = %s)',
        protected, tenant_column, 'nullif(current_setting(''billing.tenant'', true), '''')');
    execute format('grant select on %s to {reader}, {staff}', protected);
end $$;

-- Rows are everybody's, as price plans are.
create function billing_share(shared regclass) returns void
language plpgsql as $$
begin
    perform billing_force_policies(shared);
    execute format('create policy reader_sees_all on %s for select to {reader} using (true)', shared);
    execute format('grant select on %s to {reader}, {staff}', shared);
end $$;

-- Policies decide about rows, grants about verbs: the writer may still only do what it was granted.
create function billing_force_policies(protected regclass) returns void
language plpgsql as $$
begin
    execute format('alter table %s enable row level security', protected);
    execute format('alter table %s force row level security', protected);
    execute format('create policy owner_sees_all on %s for all to {owner} using (true) with check (true)', protected);
    execute format('create policy writer_sees_all on %s for all to {writer} using (true) with check (true)', protected);
    execute format('create policy staff_sees_all on %s for select to {staff} using (true)', protected);
end $$;

revoke execute on function billing_protect, billing_share, billing_force_policies from {writer};
