-- name: hybrid
-- The blend of AUTO for a user, a page of it.
select item_id, score, source, predicted_stars, neighbor_count, strategy, because_item_ids
from get_hybrid_recommendations(
    $1::integer, $2::integer, $3::item_type, $4::text[], $5::text[], $6::integer, $7::integer,
    p_after_score => $8::double precision, p_after_id => $9::integer
);

-- name: collaborative
-- Collaborative filtering alone, a page of it.
select item_id, score, 'collaborative' as source, predicted_stars, neighbor_count, 'collaborative' as strategy,
    '{}'::integer[] as because_item_ids
from get_collaborative_recommendations(
    $1::integer, $2::integer, $3::item_type, $4::text[], $5::text[], $6::integer, $7::integer,
    p_after_score => $8::double precision, p_after_id => $9::integer
);

-- name: content
-- Content similarity alone, a page of it.
select
    item_id, score, 'content' as source, null::double precision as predicted_stars, null::integer as neighbor_count,
    'content' as strategy, '{}'::integer[] as because_item_ids
from get_content_recommendations(
    $1::integer, $2::integer, $3::item_type, $4::text[], $5::text[], $6::integer, $7::integer,
    p_after_score => $8::double precision, p_after_id => $9::integer
);

-- name: item_item
-- The item-item model alone, a page of it.
select
    item_id, score, 'item_item' as source, null::double precision as predicted_stars, null::integer as neighbor_count,
    'item_item' as strategy, '{}'::integer[] as because_item_ids
from get_item_item_recommendations(
    $1::integer, $2::integer, $3::item_type, $4::text[], $5::text[], $6::integer, $7::integer,
    p_after_score => $8::double precision, p_after_id => $9::integer
);

-- name: factors
-- Matrix factorisation alone, a page of it.
select
    item_id, score, 'factors' as source, null::double precision as predicted_stars, null::integer as neighbor_count,
    'factors' as strategy, '{}'::integer[] as because_item_ids
from get_factor_recommendations(
    $1::integer, $2::integer, $3::item_type, $4::text[], $5::text[], $6::integer, $7::integer,
    p_after_score => $8::double precision, p_after_id => $9::integer
);

-- name: predicted_stars
-- The stars a user would give to items; no row before there is something to go by.
select item_id, predicted_stars from get_predicted_stars($1::integer, $2::integer[]);

-- name: popular_for_user
-- Popular items that the user has not rated, a page of them.
select
    item_id, score, 'popular' as source, null::double precision as predicted_stars, null::integer as neighbor_count,
    'popular' as strategy, '{}'::integer[] as because_item_ids
from get_popular_items(
    p_without_rated_by => $1::integer, p_limit => $2::integer, p_item_type => $3::item_type, p_languages => $4::text[],
    p_genres => $5::text[], p_year_from => $6::integer, p_year_to => $7::integer,
    p_after_score => $8::double precision, p_after_id => $9::integer
);

-- name: popular
-- What everybody rates highly, a page of it; $6 is the start of the window or null.
select item_id, score, rating_count, mean_stars
from get_popular_items(
    $1::integer, $2::item_type, $3::text[], $4::text[], $5::integer, $6::integer, $7::timestamptz,
    p_after_score => $8::double precision, p_after_id => $9::integer
);

-- name: catalogue
-- Catalogue entries after an id, for a list that has no ratings to go by.
select i.item_id
from items i
where item_passes(i, $2::item_type, $3::text[], $4::text[], $5::integer, $6::integer) and i.item_id > $7::integer
order by i.item_id
limit $1::integer;

-- name: similar
-- The nearest items to an item, itself left out.
select m.item_id, m.similarity as score
from match_items(
    item_embedding($1::integer), $2::integer + 1, $3::item_type, $4::text[], $5::text[], $6::integer, $7::integer,
    p_after_similarity => $8::double precision, p_after_id => $9::integer
) m
where m.item_id <> $1
limit $2;

-- name: because
-- For recommended items the user's liked items that are nearest to each.
select item_id, because_item_ids from get_because_items($1::integer, $2::integer[]);
