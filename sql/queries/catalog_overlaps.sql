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
