-- name: lock_catalog
-- One loader at a time; the number only has to be ours.
select pg_advisory_xact_lock(7243615002);

-- name: create_staged_items
-- What a source says, in its order; item_id and changed are found out later.
create temporary table staged_items (
    position integer not null,
    item_type item_type not null,
    external_id text not null,
    is_own_id boolean not null,
    title text not null,
    original_title text not null,
    year smallint,
    language text,
    genres text[] not null,
    keywords text[] not null,
    synopsis text not null,
    directors text[] not null,
    cast_names text[] not null,
    runtime_minutes smallint,
    imdb_id text,
    authors text[] not null,
    page_count smallint,
    isbn13 text,
    id_sources text[] not null,
    id_values text[] not null,
    item_id integer,
    is_new boolean not null default false,
    changed boolean not null default false
) on commit drop;

-- name: analyze_staged_items
-- Without it the planner takes the staged table for a small one.
analyze staged_items;

-- name: match_staged_items
-- An item that we have is known by the source's own id, or else by an id that all catalogues share.
update staged_items as staged set item_id = coalesce(
    (select known.item_id from item_external_ids as known
     where staged.is_own_id and known.source = $1 and known.external_id = staged.external_id),
    (select movies.movie_id from movies where staged.item_type = 'movie' and movies.imdb_id = staged.imdb_id),
    (select books.book_id from books where staged.item_type = 'book' and books.isbn13 = staged.isbn13),
    (select known.item_id from item_external_ids as known join items using (item_id)
     where known.source = 'imdb' and known.external_id = staged.imdb_id and items.item_type = staged.item_type),
    (select known.item_id from item_external_ids as known join items using (item_id)
     where known.source = 'isbn13' and known.external_id = staged.isbn13 and items.item_type = staged.item_type),
    (select known.item_id
     from unnest(staged.id_sources, staged.id_values) with ordinality as given (source, external_id, place)
     join item_external_ids as known using (source, external_id) join items using (item_id)
     where items.item_type = staged.item_type order by given.place limit 1)
);

-- name: drop_repeated_ids
-- No id twice in one source: the first row counts.
with first as (
    select external_id, min(position) as position from staged_items group by external_id having count(*) > 1
)
delete from staged_items as staged using first
where staged.external_id = first.external_id and staged.position > first.position
returning staged.position, first.position as earlier, staged.external_id as value;

-- name: drop_other_types
-- What the source, or the catalogue of a shared id, calls a film can't be a book now.
with wrong as (
    select staged.position from staged_items as staged join items using (item_id)
    where items.item_type <> staged.item_type
    union all
    select staged.position
    from staged_items as staged
    join item_external_ids as known on known.source = split_part(staged.external_id, ':', 1)
        and known.external_id = substr(staged.external_id, strpos(staged.external_id, ':') + 1)
    join items on items.item_id = known.item_id and items.item_type <> staged.item_type
    where not staged.is_own_id and staged.item_id is null
)
delete from staged_items as staged using wrong where staged.position = wrong.position
returning staged.position, null::integer as earlier, staged.external_id as value;

-- name: number_new_items
-- New items get their ids in the source's order.
with numbered as (
    select position, nextval(pg_get_serial_sequence('items', 'item_id')) as item_id
    from (select position from staged_items where item_id is null order by position) as new_items
)
update staged_items as staged set item_id = numbered.item_id, is_new = true
from numbered where staged.position = numbered.position;

-- name: index_staged_items
-- The statistics of the catalogue may be older than its last load: a wrong plan is no catastrophe with an index.
create unique index on staged_items (item_id, position);

-- name: drop_second_descriptions
-- Two rows of the source can be one item of ours: the first describes it, the other only leaves its id.
with later as (
    select staged.position, staged.external_id, staged.is_own_id, staged.item_id, first.position as earlier
    from staged_items as staged
    join (select item_id, min(position) as position from staged_items group by item_id) as first
        on first.item_id = staged.item_id and first.position < staged.position
), removed as (
    delete from staged_items as staged using later where staged.position = later.position
), kept_ids as (
    insert into item_external_ids (source, external_id, item_id)
    select $1, external_id, item_id from later where is_own_id
    on conflict (source, external_id) do nothing
)
select position, earlier, external_id as value from later order by position;

-- name: clear_taken_imdb_ids
-- An IMDb id belongs to one film: to the one that has it, then to the first that claims it.
with claims as (
    select position, imdb_id, row_number() over (partition by imdb_id order by position) as claim
    from staged_items where imdb_id is not null
)
update staged_items as staged set imdb_id = null
from claims where staged.position = claims.position and (claims.claim > 1 or exists (
    select from movies where movies.imdb_id = staged.imdb_id and movies.movie_id <> staged.item_id))
returning staged.position, null::integer as earlier, claims.imdb_id as value;

-- name: clear_taken_isbns
-- The same for the ISBN of a book.
with claims as (
    select position, isbn13, row_number() over (partition by isbn13 order by position) as claim
    from staged_items where isbn13 is not null
)
update staged_items as staged set isbn13 = null
from claims where staged.position = claims.position and (claims.claim > 1 or exists (
    select from books where books.isbn13 = staged.isbn13 and books.book_id <> staged.item_id))
returning staged.position, null::integer as earlier, claims.isbn13 as value;

-- name: merge_known_items
-- Puts the values that a known item shall have into its staged row: with $1 the source's value wins over ours,
-- otherwise it only fills a gap. A blank never replaces a value.
with merged as (
    select staged.position,
        case when $1 then staged.title else items.title end as title,
        case when $1 then staged.original_title else items.original_title end as original_title,
        case when $1 then coalesce(staged.year, items.year)
            else coalesce(items.year, staged.year) end as year,
        case when $1 then coalesce(staged.language, items.language)
            else coalesce(items.language, staged.language) end as language,
        case when $1 and staged.genres <> '{}' or items.genres = '{}'
            then staged.genres else items.genres end as genres,
        case when $1 and staged.keywords <> '{}' or items.keywords = '{}'
            then staged.keywords else items.keywords end as keywords,
        case when $1 and staged.synopsis <> '' or items.synopsis = ''
            then staged.synopsis else items.synopsis end as synopsis,
        case when $1 and staged.directors <> '{}' or coalesce(movies.directors, '{}') = '{}'
            then staged.directors else movies.directors end as directors,
        case when $1 and staged.cast_names <> '{}' or coalesce(movies.cast_names, '{}') = '{}'
            then staged.cast_names else movies.cast_names end as cast_names,
        case when $1 then coalesce(staged.runtime_minutes, movies.runtime_minutes)
            else coalesce(movies.runtime_minutes, staged.runtime_minutes) end as runtime_minutes,
        case when $1 then coalesce(staged.imdb_id, movies.imdb_id)
            else coalesce(movies.imdb_id, staged.imdb_id) end as imdb_id,
        case when $1 and staged.authors <> '{}' or coalesce(books.authors, '{}') = '{}'
            then staged.authors else books.authors end as authors,
        case when $1 then coalesce(staged.page_count, books.page_count)
            else coalesce(books.page_count, staged.page_count) end as page_count,
        case when $1 then coalesce(staged.isbn13, books.isbn13)
            else coalesce(books.isbn13, staged.isbn13) end as isbn13,
        (items.title, items.original_title, items.year, items.language, items.genres, items.keywords,
         items.synopsis, coalesce(movies.directors, '{}'), coalesce(movies.cast_names, '{}'),
         movies.runtime_minutes, movies.imdb_id, coalesce(books.authors, '{}'), books.page_count,
         books.isbn13) as before
    from staged_items as staged
    join items on items.item_id = staged.item_id
    left join movies on movies.movie_id = items.item_id
    left join books on books.book_id = items.item_id
    where not staged.is_new
)
update staged_items as staged set
    title = merged.title, original_title = merged.original_title, year = merged.year,
    language = merged.language, genres = merged.genres, keywords = merged.keywords,
    synopsis = merged.synopsis, directors = merged.directors, cast_names = merged.cast_names,
    runtime_minutes = merged.runtime_minutes, imdb_id = merged.imdb_id, authors = merged.authors,
    page_count = merged.page_count, isbn13 = merged.isbn13,
    changed = (merged.title, merged.original_title, merged.year, merged.language, merged.genres,
               merged.keywords, merged.synopsis, merged.directors, merged.cast_names,
               merged.runtime_minutes, merged.imdb_id, merged.authors, merged.page_count,
               merged.isbn13) is distinct from merged.before
from merged where staged.position = merged.position;

-- name: insert_items
-- The new items of both types, in order.
insert into items (item_id, item_type, title, original_title, year, language, genres, keywords, synopsis)
overriding system value
select item_id, item_type, title, original_title, year, language, genres, keywords, synopsis
from staged_items where is_new order by position;

-- name: insert_movies
-- The film half of the new items; without embedding.
insert into movies (movie_id, directors, cast_names, runtime_minutes, imdb_id)
select item_id, directors, cast_names, runtime_minutes, imdb_id
from staged_items where is_new and item_type = 'movie' order by position;

-- name: insert_books
-- The book half of the new items; without embedding.
insert into books (book_id, authors, page_count, isbn13)
select item_id, authors, page_count, isbn13
from staged_items where is_new and item_type = 'book' order by position;

-- name: update_items
-- The known items that differ.
update items set
    title = staged.title, original_title = staged.original_title, year = staged.year,
    language = staged.language, genres = staged.genres, keywords = staged.keywords,
    synopsis = staged.synopsis
from staged_items as staged where items.item_id = staged.item_id and staged.changed;

-- name: update_movies
-- Their film half. The text may have changed, so the embedding has to be made again.
update movies set
    directors = staged.directors, cast_names = staged.cast_names,
    runtime_minutes = staged.runtime_minutes, imdb_id = staged.imdb_id, embedded_text_hash = null
from staged_items as staged where movies.movie_id = staged.item_id and staged.changed;

-- name: update_books
-- Their book half, likewise.
update books set
    authors = staged.authors, page_count = staged.page_count, isbn13 = staged.isbn13,
    embedded_text_hash = null
from staged_items as staged where books.book_id = staged.item_id and staged.changed;

-- name: delete_stale_external_ids
-- A corrected IMDb id or ISBN leaves no pointer behind from the wrong one.
delete from item_external_ids as stale using staged_items as staged
where stale.item_id = staged.item_id and staged.changed
  and (stale.source = 'imdb' and stale.external_id <> staged.imdb_id
       or stale.source = 'isbn13' and stale.external_id <> staged.isbn13);

-- name: insert_external_ids
-- The source's own ids and the shared ones; who has an id keeps it.
insert into item_external_ids (source, external_id, item_id)
select $1, external_id, item_id from staged_items where is_own_id
union all select 'imdb', imdb_id, item_id from staged_items where imdb_id is not null
union all select 'isbn13', isbn13, item_id from staged_items where isbn13 is not null
union all select given.source, given.external_id, item_id
from staged_items, unnest(id_sources, id_values) as given (source, external_id)
on conflict (source, external_id) do nothing;

-- name: count_staged_items
-- How many of the source's items were new, different, and as they were.
select count(*) filter (where is_new) as added, count(*) filter (where changed) as changed,
    count(*) filter (where not is_new and not changed) as unchanged
from staged_items;

-- name: analyze_catalog
-- The planner's statistics of all that a load writes.
analyze items, movies, books, item_external_ids;
