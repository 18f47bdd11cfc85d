-- name: lock_training
-- One training of a database at a time, until the session ends.
select pg_try_advisory_lock(1724361504);

-- name: all_ratings
-- Every rating, for COPY in binary form; the time is in seconds since 1970.
select user_id, item_id, half_stars, floor(extract(epoch from updated_at))::bigint from ratings

-- name: ratings_of_range
-- The ratings of the users after $1 up to $2.
select user_id, item_id, half_stars, floor(extract(epoch from updated_at))::bigint from ratings
where user_id > $1::integer and user_id <= $2::integer

-- name: ratings_of_users
-- The ratings of the users named.
select user_id, item_id, half_stars, floor(extract(epoch from updated_at))::bigint from ratings
where user_id = any($1::integer[])

-- name: count_rated
-- How many ratings there are, and of how many users.
select coalesce(sum(rating_count), 0)::bigint as rating_count, count(*)::integer as user_count from user_rating_totals;

-- name: split_users
-- The last user of each part, where users in the order of their ids are cut into parts of some $1 ratings.
with running as (
    select user_id, sum(rating_count) over (order by user_id) as ratings_so_far from user_rating_totals
)
select max(user_id) as last_user from running group by (ratings_so_far - 1) / $1::bigint order by last_user;

-- name: sample_users
-- Random users, for a seed always the same, with at most $1 ratings together, and the transaction that last changed them.
with shuffled as (
    select user_id, changed_xid, sum(rating_count) over (order by hashint8extended(user_id, $2::bigint), user_id) as ratings_so_far
    from user_rating_totals
)
select user_id, changed_xid::text::bigint as changed_xid from shuffled where ratings_so_far <= $1::bigint order by user_id;

-- name: list_changed_xids
-- The transaction that last changed each user's ratings: a profile made from earlier ratings is out of date.
select user_id, changed_xid::text::bigint as changed_xid from user_rating_totals order by user_id;

-- name: start_model
-- A training begins; one that was broken off before it ended is no model.
with broken as (delete from models where status = 'training')
insert into models (rating_count, user_count, item_count) values ($1::bigint, $2::integer, $3::integer)
returning model_id;

-- name: get_serving_model
-- The model that serves, if there was a training. Measures are those of the last full training, which had as many ratings as
-- they tell, if it was another.
select
    model_id, started_at, finished_at, rating_count, measures::text,
    coalesce((measures ->> 'ratings')::bigint, rating_count) as full_rating_count
from models where status = 'serving';

-- name: reject_model
-- A model that measured worse than the serving one.
update models set status = 'rejected', finished_at = now(), measures = $2::jsonb where model_id = $1::integer;

-- name: retire_serving_model
-- Its tables are about to go.
update models set status = 'retired' where status = 'serving';

-- name: serve_model
-- From the end of this transaction on it answers.
update models set status = 'serving', finished_at = now(), measures = $2::jsonb where model_id = $1::integer;

-- name: prune_models
-- Forgets all but the latest 20 trainings.
delete from models
where status <> 'serving' and model_id not in (select model_id from models order by model_id desc limit 20);

-- name: count_changed_ratings
-- How many ratings were made or changed since the serving model's training began; all without one.
select count(*) from ratings
where updated_at >= coalesce((select started_at from models where status = 'serving'), '-infinity');

-- name: model_settings
-- What the formulas of the serving model need beside the items.
select taste_weights, taste_targets, rating_values, companion_values from model.settings;

-- name: model_blend
-- The weights of AUTO, by the number of ratings.
select min_ratings, item_item, factors, stars, popularity, companions from model.blend order by min_ratings;

-- name: model_item_ids
-- The items that the serving model knows; item 0 is none.
select item_id from model.items where item_id <> 0;

-- name: model_items
-- What was learned of each item.
select
    item_id, popularity, stars_base, stars_reading, stars_implied, stars_noise, stars_offset, stars_output, taste_factors,
    item_weights, companion_lifts
from model.items order by item_id;

-- name: model_neighbors
-- What each item points to.
select item_id, neighbor_ids, weights, companion_ids, lifts from model.neighbors;
