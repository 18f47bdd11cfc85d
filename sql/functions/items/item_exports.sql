-- Items as they are exported: with every id by which an import knows them again, as source:id. The reference is the one that
-- an exported rating has. An item without any id is called by ours.
create view cinelibre.item_exports as
with named as (
    select item_id, array_agg(source || ':' || external_id order by source, external_id) as external_ids
    from public.item_external_ids group by item_id
), numbered as (
    select i.item_id, coalesce(n.external_ids, array['cinelibre:' || i.item_id]) as external_ids
    from public.items i left join named n on n.item_id = i.item_id
)
select
    i.item_id, i.item_type, i.title, i.original_title, i.year, i.language, i.genres, i.keywords, i.synopsis,
    i.hidden_at is not null as hidden,
    m.directors, m.cast_names, m.runtime_minutes, m.imdb_id, b.authors, b.page_count, b.isbn13,
    array_remove(array_remove(n.external_ids, 'imdb:' || m.imdb_id), 'isbn13:' || b.isbn13) as external_ids,
    coalesce('imdb:' || m.imdb_id, 'isbn13:' || b.isbn13, n.external_ids[1]) as reference
from public.items i
join numbered n on n.item_id = i.item_id
left join public.movies m on m.movie_id = i.item_id
left join public.books b on b.book_id = i.item_id;
