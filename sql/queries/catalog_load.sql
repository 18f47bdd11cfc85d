-- name: lock_catalog
-- One loader at a time; the number only has to be ours.
select pg_advisory_xact_lock(7243615002);

-- name: create_staged_items
-- What a source says, in its order; all from item_id on is found out later. shared_sources and shared_ids go
-- together: what other catalogues call the item. won are the fields that the item has from this row.
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
    shared_sources text[] not null,
    shared_ids text[] not null,
    is_hidden boolean not null,
    item_id integer,
    is_new boolean not null default false,
    outranked text[] not null default '{}',
    won text[] not null default '{}',
    replaced_imdb_id text,
    replaced_isbn13 text,
    changed boolean not null default false,
    text_changed boolean not null default false
) on commit drop;

-- name: analyze_staged_items
-- Without it the planner takes the staged table for a small one.
analyze staged_items;

-- name: match_staged_items
-- An item that we have is known by the source's own id, or else by the first id of another catalogue that we know.
update staged_items as staged set item_id = coalesce(
    (select known.item_id from item_external_ids as known
     where staged.is_own_id and known.source = $1 and known.external_id = staged.external_id),
    (select movies.movie_id from movies where staged.item_type = 'movie' and movies.imdb_id = staged.imdb_id),
    (select books.book_id from books where staged.item_type = 'book' and books.isbn13 = staged.isbn13),
    (select known.item_id
     from unnest(staged.shared_sources, staged.shared_ids) with ordinality as shared (source, external_id, place)
     join item_external_ids as known on known.source = shared.source and known.external_id = shared.external_id
     join items on items.item_id = known.item_id and items.item_type = staged.item_type
     order by shared.place limit 1)
);

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

-- name: find_outranked_fields
-- The fields of known items that are from an upstream source which this one doesn't overrule: with $1 (an object of
-- field to sources) from one of those that it names, without it from any.
with outranked as (
    select staged.position, array_agg(origin.field) as fields
    from staged_items as staged
    join item_field_sources as origin on origin.item_id = staged.item_id
    where $1::jsonb is null or $1::jsonb -> origin.field ? origin.source
    group by staged.position
)
update staged_items as staged set outranked = outranked.fields
from outranked where outranked.position = staged.position;

-- name: choose_fields
-- Which of the source's values the item takes: those that fill a gap and, with $1, those that overrule ours. A blank
-- never replaces a value, and what an admin set stays.
with chosen as (
    select staged.position, array_agg(described.field) as won
    from staged_items as staged
    left join items on items.item_id = staged.item_id
    left join movies on movies.movie_id = items.item_id
    left join books on books.book_id = items.item_id
    cross join lateral (values
        ('title', staged.title <> '', items.title is null),
        ('original_title', staged.original_title <> '', items.original_title is null),
        ('year', staged.year is not null, items.year is null),
        ('language', staged.language is not null, items.language is null),
        ('genres', staged.genres <> '{}', coalesce(items.genres, '{}') = '{}'),
        ('keywords', staged.keywords <> '{}', coalesce(items.keywords, '{}') = '{}'),
        ('synopsis', staged.synopsis <> '', coalesce(items.synopsis, '') = ''),
        ('directors', staged.directors <> '{}', coalesce(movies.directors, '{}') = '{}'),
        ('cast_names', staged.cast_names <> '{}', coalesce(movies.cast_names, '{}') = '{}'),
        ('runtime_minutes', staged.runtime_minutes is not null, movies.runtime_minutes is null),
        ('imdb_id', staged.imdb_id is not null, movies.imdb_id is null),
        ('authors', staged.authors <> '{}', coalesce(books.authors, '{}') = '{}'),
        ('page_count', staged.page_count is not null, books.page_count is null),
        ('isbn13', staged.isbn13 is not null, books.isbn13 is null)
    ) as described (field, is_said, is_missing)
    cross join lateral (
        select array_replace(coalesce(array_agg(of_entry.field), '{}'), 'cast', 'cast_names') as fields
        from audit_entries as entry
        cross join lateral jsonb_object_keys(entry.after) as of_entry (field)
        where entry.item_id = items.item_id and entry.action in ('create', 'update')
    ) as edited
    where is_said and (is_missing or $1 and field <> all (staged.outranked)) and field <> all (edited.fields)
    group by staged.position
)
update staged_items as staged set won = chosen.won
from chosen where chosen.position = staged.position;

-- name: merge_known_items
-- Puts the values that a known item shall have into its staged row. text_changed: in what its embedding is made from.
with merged as (
    select staged.position,
        case when 'title' = any (staged.won) then staged.title else items.title end as title,
        case when 'original_title' = any (staged.won) then staged.original_title
            else items.original_title end as original_title,
        case when 'year' = any (staged.won) then staged.year else items.year end as year,
        case when 'language' = any (staged.won) then staged.language else items.language end as language,
        case when 'genres' = any (staged.won) then staged.genres else items.genres end as genres,
        case when 'keywords' = any (staged.won) then staged.keywords else items.keywords end as keywords,
        case when 'synopsis' = any (staged.won) then staged.synopsis else items.synopsis end as synopsis,
        case when 'directors' = any (staged.won) then staged.directors
            else coalesce(movies.directors, '{}') end as directors,
        case when 'cast_names' = any (staged.won) then staged.cast_names
            else coalesce(movies.cast_names, '{}') end as cast_names,
        case when 'runtime_minutes' = any (staged.won) then staged.runtime_minutes
            else movies.runtime_minutes end as runtime_minutes,
        case when 'imdb_id' = any (staged.won) then staged.imdb_id else movies.imdb_id end as imdb_id,
        case when 'authors' = any (staged.won) then staged.authors else coalesce(books.authors, '{}') end as authors,
        case when 'page_count' = any (staged.won) then staged.page_count else books.page_count end as page_count,
        case when 'isbn13' = any (staged.won) then staged.isbn13 else books.isbn13 end as isbn13,
        (items.title, items.original_title, items.year, items.genres, items.keywords, items.synopsis,
         coalesce(movies.directors, '{}'), coalesce(movies.cast_names, '{}'),
         coalesce(books.authors, '{}')) as text_before,
        (items.language, movies.runtime_minutes, movies.imdb_id, books.page_count, books.isbn13) as facts_before,
        movies.imdb_id as imdb_id_before, books.isbn13 as isbn13_before
    from staged_items as staged
    join items on items.item_id = staged.item_id
    left join movies on movies.movie_id = items.item_id
    left join books on books.book_id = items.item_id
    where not staged.is_new
), compared as (
    select merged.*,
        (title, original_title, year, genres, keywords, synopsis, directors, cast_names, authors)
            is distinct from text_before as text_changed,
        (language, runtime_minutes, imdb_id, page_count, isbn13) is distinct from facts_before as facts_changed
    from merged
)
update staged_items as staged set
    title = compared.title, original_title = compared.original_title, year = compared.year,
    language = compared.language, genres = compared.genres, keywords = compared.keywords,
    synopsis = compared.synopsis, directors = compared.directors, cast_names = compared.cast_names,
    runtime_minutes = compared.runtime_minutes, imdb_id = compared.imdb_id, authors = compared.authors,
    page_count = compared.page_count, isbn13 = compared.isbn13,
    replaced_imdb_id = nullif(compared.imdb_id_before, compared.imdb_id),
    replaced_isbn13 = nullif(compared.isbn13_before, compared.isbn13),
    changed = compared.text_changed or compared.facts_changed, text_changed = compared.text_changed
from compared where staged.position = compared.position;

-- name: insert_items
-- The new items of both types, in order. Without an original title the title is it.
insert into items (item_id, item_type, title, original_title, year, language, genres, keywords, synopsis, hidden_at)
overriding system value
select item_id, item_type, title, coalesce(nullif(original_title, ''), title), year, language, genres, keywords, synopsis,
    case when is_hidden then now() end
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
-- Their film half. Where the text changed, the embedding has to be made again.
update movies set
    directors = staged.directors, cast_names = staged.cast_names,
    runtime_minutes = staged.runtime_minutes, imdb_id = staged.imdb_id,
    embedded_text_hash = case when staged.text_changed then null else movies.embedded_text_hash end
from staged_items as staged where movies.movie_id = staged.item_id and staged.changed;

-- name: update_books
-- Their book half, likewise.
update books set
    authors = staged.authors, page_count = staged.page_count, isbn13 = staged.isbn13,
    embedded_text_hash = case when staged.text_changed then null else books.embedded_text_hash end
from staged_items as staged where books.book_id = staged.item_id and staged.changed;

-- name: delete_stale_external_ids
-- A corrected IMDb id or ISBN leaves no pointer behind from the wrong one.
delete from item_external_ids as stale using staged_items as staged
where stale.item_id = staged.item_id and staged.changed
  and (stale.source = 'imdb' and stale.external_id = staged.replaced_imdb_id
       or stale.source = 'isbn13' and stale.external_id = staged.replaced_isbn13);

-- name: insert_external_ids
-- The source's own ids and the shared ones; who has an id keeps it. A book has many ISBNs, and of all others an item
-- keeps the one that it has.
insert into item_external_ids (source, external_id, item_id)
select source, external_id, item_id
from (
    select $1 as source, external_id, item_id, position, 0 as place from staged_items where is_own_id
    union all
    select shared.source, shared.external_id, staged.item_id, staged.position, shared.place
    from staged_items as staged
    cross join unnest(staged.shared_sources, staged.shared_ids) with ordinality as shared (source, external_id, place)
    where shared.source = 'isbn13' or not exists (
        select from item_external_ids as kept
        where kept.item_id = staged.item_id and kept.source = shared.source)
) as named
order by position, place
on conflict (source, external_id) do nothing;

-- name: record_field_sources
-- The source is where the item has these values from; what was known stays as it is.
insert into item_field_sources as origin (item_id, field, source, value_hash)
select staged.item_id, described.field, $1, decode(md5(described.value), 'hex')
from staged_items as staged
cross join lateral (values
    ('title', staged.title),
    ('original_title', staged.original_title),
    ('year', staged.year::text),
    ('language', staged.language),
    ('genres', staged.genres::text),
    ('keywords', staged.keywords::text),
    ('synopsis', staged.synopsis),
    ('directors', staged.directors::text),
    ('cast_names', staged.cast_names::text),
    ('runtime_minutes', staged.runtime_minutes::text),
    ('imdb_id', staged.imdb_id),
    ('authors', staged.authors::text),
    ('page_count', staged.page_count::text),
    ('isbn13', staged.isbn13)
) as described (field, value)
where described.field = any (staged.won)
on conflict (item_id, field) do update set
    source = excluded.source, value_hash = excluded.value_hash, fetched_at = excluded.fetched_at
where (origin.source, origin.value_hash) is distinct from (excluded.source, excluded.value_hash);

-- name: count_staged_items
-- How many of the source's items were new, different, and as they were.
select count(*) filter (where is_new) as added, count(*) filter (where changed) as changed,
    count(*) filter (where not is_new and not changed) as unchanged
from staged_items;

-- name: drop_staged_items
-- The next load of the same transaction makes its own.
drop table staged_items;

-- name: analyze_catalog
-- The planner's statistics of all that a load writes.
analyze items, movies, books, item_external_ids;
