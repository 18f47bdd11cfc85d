-- name: search
-- What a search finds, a page of it.
select item_id, score, matched, first_character, character_count, name, name_similarity
from search_items(
    $1::halfvec, $2::text, $3::text[], $4::integer[], $5::text[], $6::text[], $7::text[], $8::integer,
    $9::item_type, $10::text[], $11::text[], $12::integer, $13::integer, $14::text[], $15::double precision,
    $16::item_type, $17::text[], $18::text[], $19::integer, $20::integer, $21::double precision,
    $22::double precision, $23::integer
);

-- name: find_named
-- The item with the name that is likest to a text, if one is.
select item_id from get_named_items($1::text[], $2::text[], $3::text[], 1) where similarity >= 0.6;

-- name: suggest
-- Titles with a word that begins with a key, then titles spelled nearly so.
select item_id, item_type, name, title, year from suggest_titles($1::text, $2::text, $3::integer, $4::item_type);
