-- Read models are made again beside those that questions read (Ledger rebuild), in a schema of their own, by the owner.
-- While the shadows are filled they have their primary keys, and of the other indexes those called early.

create function ledger_make_shadow(the_table name) returns void language plpgsql as $$
declare
    live    regclass := format('public.%I', the_table);
    shadow  text := format('rebuild.%I', the_table);
    key     record;
    index   record;
    setting text;
begin
    execute format('create table %s (like %s including defaults including constraints including storage)',
        shadow, live);
    for setting in select unnest(reloptions) from pg_class where oid = live loop
        execute format('alter table %s set (%s)', shadow, setting);
    end loop;
    for key in select conname, pg_get_constraintdef(oid) as definition
        from pg_constraint where conrelid = live and contype = 'p'
    loop
        execute format('alter table %s add constraint %I %s', shadow, key.conname, key.definition);
    end loop;
    for index in select pg_get_indexdef(indexrelid) as definition
        from pg_index join pg_class c on c.oid = indexrelid where indrelid = live and c.relname like '%\_early'
    loop
        execute replace(index.definition, ' ON public.', ' ON rebuild.');
    end loop;
end $$;

-- When it is full: the other indexes, and who may do what.
create function ledger_finish_shadow(the_table name) returns void language plpgsql as $$
declare
    live   regclass := format('public.%I', the_table);
    shadow regclass := format('rebuild.%I', the_table);
    index  record;
begin
    for index in select pg_get_indexdef(indexrelid) as definition
        from pg_index join pg_class c on c.oid = indexrelid
        where indrelid = live and not indisprimary and c.relname not like '%\_early'
    loop
        execute replace(index.definition, ' ON public.', ' ON rebuild.');
    end loop;
    perform public.ledger_open_model(shadow);
end $$;

-- Questions that run see the old one to their end; the next sees the new one. An old one that differed is kept for
-- people to look at, until the next rebuild.
create function ledger_swap_shadow(the_table name, is_kept boolean) returns void language plpgsql as $$
begin
    if is_kept then
        execute format('alter table public.%I set schema rebuild_replaced', the_table);
    else
        execute format('drop table public.%I', the_table);
    end if;
    execute format('alter table rebuild.%I set schema public', the_table);
end $$;

revoke execute on function ledger_make_shadow, ledger_finish_shadow, ledger_swap_shadow from {writer};
