-- Everything a caller sees of an item, in one row: the one place that joins films, books and rating totals.
create view cinelibre.item_details as
select
    i.item_id, i.item_type, i.title, i.original_title, i.year, i.language, i.genres, i.keywords, i.synopsis, i.hidden_at,
    m.directors, m.cast_names, m.runtime_minutes, m.imdb_id,
    b.authors, b.page_count, b.isbn13,
    coalesce(t.rating_count, 0) as rating_count,
    case when t.rating_count > 0 then t.half_stars_sum / (2.0 * t.rating_count)::double precision end as mean_stars
from public.items i
left join public.movies m on m.movie_id = i.item_id
left join public.books b on b.book_id = i.item_id
left join public.item_rating_totals t on t.item_id = i.item_id;
