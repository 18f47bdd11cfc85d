-- name: semantic
-- The nearest items to a query vector, a page of them.
select item_id, similarity as score
from match_items(
    $1, $2::integer, $3::item_type, $4::text[], $5::text[], $6::integer, $7::integer,
    $8::double precision, $9::integer
);
