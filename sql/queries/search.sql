-- name: search
-- What a search finds, a page of it.
select item_id, score, matched, first_character, character_count, name, name_similarity, named_people
from search_items(
    $1::halfvec, $2::text, $3::text[], $4::integer[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
    $10::integer, $11::item_type, $12::text[], $13::text[], $14::integer, $15::integer, $16::text[], $17::double precision,
    $18::item_type, $19::text[], $20::text[], $21::integer, $22::integer, $23::double precision,
    $24::double precision, $25::integer
);

-- name: find_named
-- The item with the name that is likest to a text, if one is.
select item_id
from get_named_items(
    $1::text[], $2::text[], $3::text[], $4::text[],
    array(select item_id from get_term_scores($5::text[], $6::integer[]) order by score desc, item_id limit 60), 1
)
where similarity >= 0.75;

-- name: match_people
-- The keys of people whose names are meant by some keys.
select distinct key from match_people($1::text[]);

-- name: suggest
-- Titles with a word that begins with a key, then titles spelled nearly so.
select item_id, item_type, name, title, year from suggest_titles($1::text[], $2::text, $3::text, $4::integer, $5::item_type);
