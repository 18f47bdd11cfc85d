-- name: lock_import
-- One import of a source at a time, until the session ends.
select pg_try_advisory_lock(1724361503, hashtext($1));

-- name: create_staged_ratings
-- Ratings as a file has them; line is their place in it, rated_at in seconds since 1970.
create temporary table staged_ratings (
    line integer not null,
    user_id integer not null,
    item_id integer not null,
    half_stars smallint not null,
    rated_at bigint not null
);

-- name: use_more_memory
-- For sorting a batch of ratings; more than an ordinary session may take.
select set_config('work_mem', '48MB', false);

-- name: index_staged_ratings
-- The ratings are written in batches of whole users.
create index on staged_ratings (user_id);

-- name: analyze_staged_ratings
-- Without it the planner takes the staged table for a small one.
analyze staged_ratings;

-- name: list_staged_users
-- How many staged ratings each user has, in the order of their ids.
select user_id, count(*) as rating_count from staged_ratings group by user_id order by user_id;

-- name: list_items
-- Our ids of a source's items.
select external_id, item_id from item_external_ids where source = $1;

-- name: list_users
-- Our ids of a source's users.
select external_id, user_id from users where source = $1;

-- name: add_users
-- New users of a source, in the order given; nobody can log in as one.
insert into users (source, external_id)
select $1, external_id from unnest($2::text[]) with ordinality as listed (external_id, place) order by place
returning external_id, user_id;

-- name: write_ratings
-- Writes the staged ratings of the users from $1 to $2. Of several ratings of one user and item the latest
-- counts (with equal times the last line), and so does a later one that we already have.
with latest as materialized (
    select distinct on (user_id, item_id) user_id, item_id, half_stars, to_timestamp(rated_at) as rated_at
    from staged_ratings
    where user_id between $1 and $2
    order by user_id, item_id, rated_at desc, line desc
), compared as materialized (
    select latest.user_id, latest.item_id, latest.half_stars, latest.rated_at,
        known.user_id is null as is_new,
        latest.rated_at >= known.updated_at
            and (latest.half_stars, latest.rated_at) <> (known.half_stars, known.updated_at) as is_changed
    from latest
    left join ratings as known on known.user_id = latest.user_id and known.item_id = latest.item_id
), added as (
    insert into ratings (user_id, item_id, half_stars, created_at, updated_at)
    select user_id, item_id, half_stars, rated_at, rated_at
    from compared where is_new order by user_id, item_id
), changed as (
    update ratings set half_stars = compared.half_stars, updated_at = compared.rated_at
    from compared
    where ratings.user_id = compared.user_id and ratings.item_id = compared.item_id and compared.is_changed
)
select count(*) filter (where is_new) as added, count(*) filter (where is_changed) as changed,
    count(*) filter (where not is_new and not is_changed) as unchanged,
    (select count(*) from staged_ratings where user_id between $1 and $2) - count(*) as duplicates
from compared;

-- name: create_staged_tags
-- Words that users gave to films, as a file has them.
create temporary table staged_tags (movie_ref bigint not null, tag text not null);

-- name: list_top_tags
-- The $1 most given tags of each film, the most given first.
select movie_ref, array_agg(tag order by place) as tags
from (
    select movie_ref, tag, row_number() over (partition by movie_ref order by count(*) desc, tag) as place
    from staged_tags group by movie_ref, tag
) as counted
where place <= $1
group by movie_ref;

-- name: drop_staged_tags
-- Done with them.
drop table staged_tags;

-- name: analyze_imported
-- The planner's statistics, and the visibility map that index-only scans of ratings need.
vacuum (analyze) users, items, movies, item_external_ids, ratings, item_rating_totals, user_rating_totals;
