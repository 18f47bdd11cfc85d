-- name: upsert_ratings
-- Stores ratings, or changes those there are; each user and item at most once. No row comes back for an unknown or
-- hidden item. (The lists as in list_active_sessions.)
insert into ratings (user_id, item_id, half_stars)
select given.user_id, i.item_id, given.half_stars
from unnest(
    array(select unnest($1::integer[])), array(select unnest($2::integer[])), array(select unnest($3::smallint[]))
) as given (user_id, item_id, half_stars)
join items i on i.item_id = given.item_id and i.hidden_at is null
on conflict (user_id, item_id) do update set half_stars = excluded.half_stars, updated_at = now()
returning user_id, item_id, half_stars, created_at, updated_at;

-- name: delete_rating
-- Takes a rating back; the id comes back if there was one.
delete from ratings where user_id = $1::integer and item_id = $2::integer returning item_id;

-- name: list_ratings
-- A page of a user's ratings, the latest first; keyset ($3, $4) is the last row's updated_at and item_id.
select r.item_id, r.half_stars, r.created_at, r.updated_at
from ratings r
where r.user_id = $1::integer
    and ($2::item_type is null or exists (select from items i where i.item_id = r.item_id and i.item_type = $2))
    and ($3::timestamptz is null or r.updated_at < $3 or (r.updated_at = $3 and r.item_id > $4::integer))
order by r.updated_at desc, r.item_id
limit $5::integer;

-- name: insert_interaction
-- Records an interaction. No row comes back for an unknown or hidden item.
insert into interactions (user_id, kind, item_id, query, position)
select $1::integer, $2::interaction_kind, $3::integer, $4::text, $5::integer
where $3::integer is null or exists (select from items where item_id = $3 and hidden_at is null)
returning created_at;

-- name: compare_ratings
-- What import_ratings would do with each item: new, changed or kept.
select given.item_id,
    case
        when known.item_id is null then 'new'
        when given.half_stars <> known.half_stars and coalesce(given.rated_at, now()) >= known.updated_at then 'changed'
        else 'kept'
    end as outcome
from unnest($2::integer[], $3::smallint[], $4::timestamptz[]) as given (item_id, half_stars, rated_at)
left join ratings as known on known.user_id = $1::integer and known.item_id = given.item_id;

-- name: import_ratings
-- Stores a user's ratings of elsewhere, each item at most once. A rating there is changes if the other has other stars and is
-- not older; one without a time is of now. What comes back was new or changed; xmax is 0 in a row that was inserted.
insert into ratings (user_id, item_id, half_stars, created_at, updated_at)
select $1::integer, given.item_id, given.half_stars, coalesce(given.rated_at, now()), coalesce(given.rated_at, now())
from unnest($2::integer[], $3::smallint[], $4::timestamptz[]) as given (item_id, half_stars, rated_at)
join items on items.item_id = given.item_id and items.hidden_at is null
order by given.item_id
on conflict (user_id, item_id) do update set half_stars = excluded.half_stars, updated_at = excluded.updated_at
    where ratings.half_stars <> excluded.half_stars and excluded.updated_at >= ratings.updated_at
returning item_id, case when xmax = 0 then 'new' else 'changed' end as outcome;
