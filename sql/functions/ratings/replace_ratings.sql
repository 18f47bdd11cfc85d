-- Puts imported_ratings, which has the columns, indexes and foreign keys of ratings, in the place of ratings. What others rated
-- meanwhile moves over: of two ratings of one user and item the later one counts, with equal times the imported one. Writers
-- wait from the first lock on, a second or two; readers only while the names change.
-- The caller has added the imported ratings to the totals of their users, in this transaction and seeing to it that they did
-- not change since, and keeps their sums by item in imported_item_totals. Returns how many ratings these are.
create function cinelibre.replace_ratings() returns bigint
language plpgsql volatile
as $$
declare
    command text;
    primary_name text;
    other_names text[];
begin
    lock table public.ratings in share row exclusive mode;

    insert into public.item_rating_totals as totals (item_id, rating_count, half_stars_sum)
    select item_id, rating_count, half_stars_sum from imported_item_totals order by item_id
    on conflict (item_id) do update set
        rating_count = totals.rating_count + excluded.rating_count,
        half_stars_sum = totals.half_stars_sum + excluded.half_stars_sum;

    for command in
        select replace(pg_get_triggerdef(t.oid), ' ON public.ratings ', ' ON public.imported_ratings ')
        from pg_trigger t where t.tgrelid = 'public.ratings'::regclass and not t.tgisinternal
    loop
        execute command;
    end loop;
    -- The triggers of both tables count what this changes, the imported ratings being counted already.
    with moved as (
        delete from public.ratings returning *
    )
    insert into public.imported_ratings as imported (user_id, item_id, half_stars, created_at, updated_at)
    select user_id, item_id, half_stars, created_at, updated_at from moved order by user_id, item_id
    on conflict (user_id, item_id) do update set
        half_stars = case
            when excluded.updated_at > imported.updated_at then excluded.half_stars else imported.half_stars
        end,
        created_at = excluded.created_at,
        updated_at = greatest(imported.updated_at, excluded.updated_at);

    select
        min(c.relname) filter (where i.indisprimary),
        coalesce(array_agg(c.relname) filter (where not i.indisprimary), '{}')
    into primary_name, other_names
    from pg_index i join pg_class c on c.oid = i.indexrelid where i.indrelid = 'public.ratings'::regclass;
    drop table public.ratings;
    alter table public.imported_ratings rename to ratings;
    alter table public.ratings reset (autovacuum_enabled);
    execute format(
        'alter table public.ratings add constraint %I primary key using index %I', primary_name, 'imported_' || primary_name
    );
    foreach command in array other_names
    loop
        execute format('alter index public.%I rename to %I', 'imported_' || command, command);
    end loop;
    return (select coalesce(sum(rating_count), 0) from imported_item_totals);
end
$$;
