-- name: items_csv
-- All items, as `cinelibre import items` reads them.
select item_type as type, title, original_title, year, language, list_text(genres) as genres, list_text(keywords) as keywords,
    synopsis, list_text(directors) as directors, list_text(cast_names) as "cast", runtime_minutes, imdb_id,
    list_text(authors) as authors, page_count, isbn13, list_text(external_ids) as external_ids,
    case when hidden then 'true' end as hidden
from item_exports order by item_id;

-- name: items_jsonl
-- The same, an object a row.
select json_strip_nulls(json_build_object(
    'type', item_type, 'title', title, 'original_title', original_title, 'year', year, 'language', language,
    'genres', genres, 'keywords', keywords, 'synopsis', synopsis, 'directors', directors, 'cast', cast_names,
    'runtime_minutes', runtime_minutes, 'imdb_id', imdb_id, 'authors', authors, 'page_count', page_count,
    'isbn13', isbn13, 'external_ids', external_ids,
    'hidden', case when hidden then true end))
from item_exports order by item_id;

-- name: ratings_csv
-- All ratings with names for user and item that hold in another database too, as `cinelibre import ratings` reads them.
with named_items as materialized (
    select item_id, reference from item_exports
), named_users as materialized (
    select user_id, coalesce('account:' || email, source || ':' || external_id, 'cinelibre:' || user_id) as reference from users
)
select u.reference as "user", i.reference as item, (r.half_stars / 2.0)::numeric(2, 1) as stars,
    to_char(r.updated_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as rated_at
from ratings r join named_users u on u.user_id = r.user_id join named_items i on i.item_id = r.item_id
order by r.user_id, r.item_id;

-- name: ratings_jsonl
-- The same, an object a row.
with named_items as materialized (
    select item_id, reference from item_exports
), named_users as materialized (
    select user_id, coalesce('account:' || email, source || ':' || external_id, 'cinelibre:' || user_id) as reference from users
)
select json_build_object('user', u.reference, 'item', i.reference, 'stars', (r.half_stars / 2.0)::numeric(2, 1),
    'rated_at', to_char(r.updated_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
from ratings r join named_users u on u.user_id = r.user_id join named_items i on i.item_id = r.item_id
order by r.user_id, r.item_id;
