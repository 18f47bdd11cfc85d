-- Keeps item_rating_totals and user_rating_totals exact: for every item (and every user)
--   rating_count = count(*) and half_stars_sum = sum(half_stars) over its ratings,
-- and an item or user without ratings has no row. changed_xid is the transaction that last touched a user's ratings, whether or
-- not the sums moved: get_nearest_neighbors finds by it whom to look at again.
--
-- Each statement on ratings applies one difference per item and per user, from its transition tables. These
-- hold only rows that were really written, so `insert ... on conflict do update` is counted once, on whichever
-- side each row fell. All three functions lock item rows first, then user rows, each in the order of their
-- ids: two statements can wait for each other, but never in a circle.

-- New ratings: totals + (count, sum) of the inserted rows.
create function add_inserted_ratings() returns trigger
language plpgsql as $$
begin
    insert into public.item_rating_totals as totals (item_id, rating_count, half_stars_sum)
    select item_id, count(*), sum(half_stars) from inserted group by item_id order by item_id
    on conflict (item_id) do update set
        rating_count = totals.rating_count + excluded.rating_count,
        half_stars_sum = totals.half_stars_sum + excluded.half_stars_sum;

    insert into public.user_rating_totals as totals (user_id, rating_count, half_stars_sum)
    select user_id, count(*), sum(half_stars) from inserted group by user_id order by user_id
    on conflict (user_id) do update set
        rating_count = totals.rating_count + excluded.rating_count,
        half_stars_sum = totals.half_stars_sum + excluded.half_stars_sum,
        changed_xid = pg_current_xact_id();
    return null;
end
$$;

-- Changed ratings: totals + (count, sum) of the rows after - (count, sum) of the rows before. The count only
-- moves when a rating is handed to another item or user.
create function add_changed_ratings() returns trigger
language plpgsql as $$
begin
    insert into public.item_rating_totals as totals (item_id, rating_count, half_stars_sum)
    select item_id, sum(side), sum(side * half_stars)
    from (select item_id, half_stars, 1 as side from after_change
          union all
          select item_id, half_stars, -1 from before_change) as difference
    group by item_id
    having sum(side) <> 0 or sum(side * half_stars) <> 0
    order by item_id
    on conflict (item_id) do update set
        rating_count = totals.rating_count + excluded.rating_count,
        half_stars_sum = totals.half_stars_sum + excluded.half_stars_sum;

    insert into public.user_rating_totals as totals (user_id, rating_count, half_stars_sum)
    select user_id, sum(side), sum(side * half_stars)
    from (select user_id, half_stars, 1 as side from after_change
          union all
          select user_id, half_stars, -1 from before_change) as difference
    group by user_id
    order by user_id
    on conflict (user_id) do update set
        rating_count = totals.rating_count + excluded.rating_count,
        half_stars_sum = totals.half_stars_sum + excluded.half_stars_sum,
        changed_xid = pg_current_xact_id();

    delete from public.item_rating_totals
    where rating_count = 0 and item_id in (select item_id from before_change);
    delete from public.user_rating_totals
    where rating_count = 0 and user_id in (select user_id from before_change);
    return null;
end
$$;

-- Deleted ratings: totals - (count, sum) of the deleted rows. A totals row that is gone already went with its
-- item or user, so this only updates.
create function subtract_deleted_ratings() returns trigger
language plpgsql as $$
begin
    perform from public.item_rating_totals
    where item_id in (select item_id from deleted) order by item_id for update;

    update public.item_rating_totals as totals set
        rating_count = totals.rating_count - difference.rating_count,
        half_stars_sum = totals.half_stars_sum - difference.half_stars_sum
    from (select item_id, count(*) as rating_count, sum(half_stars) as half_stars_sum
          from deleted group by item_id) as difference
    where totals.item_id = difference.item_id;

    delete from public.item_rating_totals
    where rating_count = 0 and item_id in (select item_id from deleted);

    perform from public.user_rating_totals
    where user_id in (select user_id from deleted) order by user_id for update;

    update public.user_rating_totals as totals set
        rating_count = totals.rating_count - difference.rating_count,
        half_stars_sum = totals.half_stars_sum - difference.half_stars_sum,
        changed_xid = pg_current_xact_id()
    from (select user_id, count(*) as rating_count, sum(half_stars) as half_stars_sum
          from deleted group by user_id) as difference
    where totals.user_id = difference.user_id;

    delete from public.user_rating_totals
    where rating_count = 0 and user_id in (select user_id from deleted);
    return null;
end
$$;

-- The triggers go when the functions' schema is dropped and come back with it in the same transaction, which
-- holds the table's lock: no rating is written between.
create trigger ratings_inserted after insert on public.ratings
    referencing new table as inserted
    for each statement execute function add_inserted_ratings();

create trigger ratings_changed after update on public.ratings
    referencing old table as before_change new table as after_change
    for each statement execute function add_changed_ratings();

create trigger ratings_deleted after delete on public.ratings
    referencing old table as deleted
    for each statement execute function subtract_deleted_ratings();
