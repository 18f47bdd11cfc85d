-- Keyset paging of a list by score (descending), then id: whether a row comes after the last row of the page before. That row
-- itself never comes again, even if its score went down in between.
create function cinelibre.comes_after(
    p_score double precision, p_item_id integer, p_after_score double precision, p_after_id integer
) returns boolean
language sql immutable parallel safe
return p_after_score is null
    or (p_score < p_after_score and p_item_id <> p_after_id)
    or (p_score = p_after_score and p_item_id > p_after_id);
