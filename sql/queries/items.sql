-- name: get_items
-- The details of items by id, hidden ones too; unknown ids have no row. (The list as in list_active_sessions.)
select
    item_id, item_type::text, title, original_title, year, language, genres, keywords, synopsis, directors, cast_names,
    runtime_minutes, imdb_id, authors, page_count, isbn13, rating_count, mean_stars, hidden_at is not null as is_hidden
from item_details
where item_id = any (array(select unnest($1::integer[])));

-- name: list_by_id
-- A page of a catalogue listing in the order of the ids.
select i.item_id
from items i
where item_passes(i, $1::item_type, $2::text[], $3::text[], $4::integer, $5::integer)
    and ($6::text is null or lower(i.title) like $6 or lower(i.original_title) like $6)
    and ($7::text is null or i.item_id > $8::integer)
order by i.item_id
limit $9::integer;

-- name: list_by_title
-- A page of a catalogue listing from A to Z; the key is the lower-case title.
select i.item_id, lower(i.title) as key
from items i
where item_passes(i, $1::item_type, $2::text[], $3::text[], $4::integer, $5::integer)
    and ($6::text is null or lower(i.title) like $6 or lower(i.original_title) like $6)
    and ($7::text is null or (lower(i.title), i.item_id) > ($7, $8::integer))
order by lower(i.title), i.item_id
limit $9::integer;

-- name: list_by_newest
-- A page of a catalogue listing, the latest year first; the key is the year, 0 when unknown.
select i.item_id, coalesce(i.year, 0)::text as key
from items i
where item_passes(i, $1::item_type, $2::text[], $3::text[], $4::integer, $5::integer)
    and ($6::text is null or lower(i.title) like $6 or lower(i.original_title) like $6)
    and (
        $7::text is null
        or coalesce(i.year, 0) < $7::integer
        or (coalesce(i.year, 0) = $7::integer and i.item_id > $8::integer)
    )
order by coalesce(i.year, 0) desc, i.item_id
limit $9::integer;

-- name: count_by_language_and_decade
-- How many items there are of each type, language and decade; null where one is unknown.
select i.item_type, i.language, i.year / 10 * 10 as decade, count(*)::integer as item_count
from items i
where i.hidden_at is null
group by i.item_type, i.language, i.year / 10 * 10;
