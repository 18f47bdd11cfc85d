-- name: forget_indexed
-- What search has of these items.
with of_passages as (delete from passages where item_id = any($1::integer[])),
of_names as (delete from search_names where item_id = any($1::integer[])),
of_people as (delete from search_people where item_id = any($1::integer[])),
of_starts as (delete from search_name_starts where item_id = any($1::integer[]))
delete from search_terms where item_id = any($1::integer[]);

-- name: count_terms_anew
-- How many items have each term; the empty term counts the items.
with counted as (
    select term, count(*)::integer as item_count from search_terms group by term
    union all
    select '', count(distinct item_id)::integer from search_terms
), gone as (
    delete from search_term_counts known where not exists (select from counted where counted.term = known.term)
)
insert into search_term_counts as known (term, item_count) select term, item_count from counted
on conflict (term) do update set item_count = excluded.item_count where known.item_count <> excluded.item_count;

-- name: counted_items
-- How many items the term counts are of.
select coalesce((select item_count from search_term_counts where term = ''), 0);
