-- name: lock_catalog
-- One loader at a time; the number only has to be ours.
select pg_advisory_xact_lock(7243615002);

-- name: create_staged_items
-- What a source says, in its order; item_id and changed are found out later.
create temporary table staged_items (
    position integer not null,
    item_type item_type not null,
    external_id text not null,
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
    openlibrary_id text,
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
     where known.source = $1 and known.external_id = staged.external_id),
    (select known.item_id from item_external_ids as known join items using (item_id)
     where known.source = 'imdb' and known.external_id = staged.imdb_id and items.item_type = staged.item_type),
    (select known.item_id from item_external_ids as known join items using (item_id)
     where known.source = 'isbn13' and known.external_id = staged.isbn13 and items.item_type = staged.item_type),
    (select known.item_id from item_external_ids as known join items using (item_id)
     where known.source = 'openlibrary' and known.external_id = staged.openlibrary_id
       and items.item_type = staged.item_type)
);

-- name: number_new_items
-- New items get their ids in the source's order.
with numbered as (
    select position, nextval(pg_get_serial_sequence('items', 'item_id')) as item_id
    from (select position from staged_items where item_id is null order by position) as new_items
)
update staged_items as staged set item_id = numbered.item_id, is_new = true
from numbered where staged.position = numbered.position;

-- name: drop_second_descriptions
-- Two rows of the source can be one item of ours: the first describes it, the other only leaves its id.
with later as (
    select staged.position, staged.external_id, staged.item_id
    from staged_items as staged
    where exists (select from staged_items as earlier
                  where earlier.item_id = staged.item_id and earlier.position < staged.position)
), removed as (
    delete from staged_items as staged using later where staged.position = later.position
)
insert into item_external_ids (source, external_id, item_id)
select $1, external_id, item_id from later
on conflict (source, external_id) do nothing;

-- name: clear_taken_imdb_ids
-- An IMDb id belongs to one film: to the one that has it, then to the first that claims it.
with claims as (
    select position, row_number() over (partition by imdb_id order by position) as claim
    from staged_items where imdb_id is not null
)
update staged_items as staged set imdb_id = null
from claims where staged.position = claims.position and (claims.claim > 1 or exists (
    select from movies where movies.imdb_id = staged.imdb_id and movies.movie_id <> staged.item_id));

-- name: clear_taken_isbns
-- The same for the ISBN of a book.
with claims as (
    select position, row_number() over (partition by isbn13 order by position) as claim
    from staged_items where isbn13 is not null
)
update staged_items as staged set isbn13 = null
from claims where staged.position = claims.position and (claims.claim > 1 or exists (
    select from books where books.isbn13 = staged.isbn13 and books.book_id <> staged.item_id));

-- name: merge_known_items
-- Puts the values that a known item shall have into its staged row: with $1 the source's value wins over ours,
-- otherwise it only fills a gap. A blank never replaces a value, and what an admin set stays.
with merged as (
    select staged.position,
        case when 'title' = any(edited.fields) then items.title
            when $1 then staged.title else items.title end as title,
        case when 'original_title' = any(edited.fields) then items.original_title
            when $1 then staged.original_title else items.original_title end as original_title,
        case when 'year' = any(edited.fields) then items.year
            when $1 then coalesce(staged.year, items.year)
            else coalesce(items.year, staged.year) end as year,
        case when 'language' = any(edited.fields) then items.language
            when $1 then coalesce(staged.language, items.language)
            else coalesce(items.language, staged.language) end as language,
        case when 'genres' = any(edited.fields) then items.genres
            when $1 and staged.genres <> '{}' or items.genres = '{}'
            then staged.genres else items.genres end as genres,
        case when 'keywords' = any(edited.fields) then items.keywords
            when $1 and staged.keywords <> '{}' or items.keywords = '{}'
            then staged.keywords else items.keywords end as keywords,
        case when 'synopsis' = any(edited.fields) then items.synopsis
            when $1 and staged.synopsis <> '' or items.synopsis = ''
            then staged.synopsis else items.synopsis end as synopsis,
        case when 'directors' = any(edited.fields) then movies.directors
            when $1 and staged.directors <> '{}' or coalesce(movies.directors, '{}') = '{}'
            then staged.directors else movies.directors end as directors,
        case when 'cast' = any(edited.fields) then movies.cast_names
            when $1 and staged.cast_names <> '{}' or coalesce(movies.cast_names, '{}') = '{}'
            then staged.cast_names else movies.cast_names end as cast_names,
        case when 'runtime_minutes' = any(edited.fields) then movies.runtime_minutes
            when $1 then coalesce(staged.runtime_minutes, movies.runtime_minutes)
            else coalesce(movies.runtime_minutes, staged.runtime_minutes) end as runtime_minutes,
        case when 'imdb_id' = any(edited.fields) then movies.imdb_id
            when $1 then coalesce(staged.imdb_id, movies.imdb_id)
            else coalesce(movies.imdb_id, staged.imdb_id) end as imdb_id,
        case when 'authors' = any(edited.fields) then books.authors
            when $1 and staged.authors <> '{}' or coalesce(books.authors, '{}') = '{}'
            then staged.authors else books.authors end as authors,
        case when 'page_count' = any(edited.fields) then books.page_count
            when $1 then coalesce(staged.page_count, books.page_count)
            else coalesce(books.page_count, staged.page_count) end as page_count,
        case when 'isbn13' = any(edited.fields) then books.isbn13
            when $1 then coalesce(staged.isbn13, books.isbn13)
            else coalesce(books.isbn13, staged.isbn13) end as isbn13,
        (items.title, items.original_title, items.year, items.language, items.genres, items.keywords,
         items.synopsis, coalesce(movies.directors, '{}'), coalesce(movies.cast_names, '{}'),
         movies.runtime_minutes, movies.imdb_id, coalesce(books.authors, '{}'), books.page_count,
         books.isbn13) as before
    from staged_items as staged
    join items on items.item_id = staged.item_id
    left join movies on movies.movie_id = items.item_id
    left join books on books.book_id = items.item_id
    cross join lateral (
        select coalesce(array_agg(field), '{}') as fields
        from audit_entries as entry cross join lateral jsonb_object_keys(entry.after) as field
        where entry.item_id = items.item_id and entry.action in ('create', 'update')
    ) as edited
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
select $1, external_id, item_id from staged_items
union all select 'imdb', imdb_id, item_id from staged_items where imdb_id is not null
union all select 'isbn13', isbn13, item_id from staged_items where isbn13 is not null
union all select 'openlibrary', openlibrary_id, item_id from staged_items where openlibrary_id is not null
on conflict (source, external_id) do nothing;

-- name: count_staged_items
-- How many of the source's items were new, different, and as they were.
select count(*) filter (where is_new) as added, count(*) filter (where changed) as changed,
    count(*) filter (where not is_new and not changed) as unchanged
from staged_items;

-- name: staged_items_are_distinct
-- No id twice in one source.
select count(*) = count(distinct external_id) from staged_items;
