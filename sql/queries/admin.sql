-- name: lock_movie
-- Keeps other changes of a film waiting until the transaction ends, so that the next statement sees the latest values.
select item_id from items where item_id = $1::integer and item_type = 'movie' for no key update;

-- name: lock_book
-- The same for a book.
select item_id from items where item_id = $1::integer and item_type = 'book' for no key update;

-- name: lock_item
-- The same for an item of either type, and whether it is hidden.
select hidden_at is not null as is_hidden from items where item_id = $1::integer for no key update;

-- name: read_movie
-- What an admin can change of a film, under the names of the contract.
select
    i.title, i.original_title, i.year, i.language, i.genres, i.keywords, i.synopsis,
    m.directors, m.cast_names as "cast", m.runtime_minutes, m.imdb_id
from items i
join movies m on m.movie_id = i.item_id
where i.item_id = $1::integer;

-- name: read_book
-- The same for a book.
select
    i.title, i.original_title, i.year, i.language, i.genres, i.keywords, i.synopsis,
    b.authors, b.page_count, b.isbn13
from items i
join books b on b.book_id = i.item_id
where i.item_id = $1::integer;

-- name: insert_movie
-- Adds a film, without embedding.
with item as (
    insert into items (item_type, title, original_title, year, language, genres, keywords, synopsis)
    values ('movie', $1::text, $2::text, $3::smallint, $4::text, $5::text[], $6::text[], $7::text)
    returning item_id
)
insert into movies (movie_id, directors, cast_names, runtime_minutes, imdb_id)
select item_id, $8::text[], $9::text[], $10::smallint, $11::text from item
returning movie_id as item_id;

-- name: insert_book
-- Adds a book, without embedding.
with item as (
    insert into items (item_type, title, original_title, year, language, genres, keywords, synopsis)
    values ('book', $1::text, $2::text, $3::smallint, $4::text, $5::text[], $6::text[], $7::text)
    returning item_id
)
insert into books (book_id, authors, page_count, isbn13)
select item_id, $8::text[], $9::smallint, $10::text from item
returning book_id as item_id;

-- name: update_item
-- Gives an item new values, those that both types have.
update items set
    title = $2::text, original_title = $3::text, year = $4::smallint, language = $5::text, genres = $6::text[],
    keywords = $7::text[], synopsis = $8::text
where item_id = $1::integer;

-- name: update_movie
-- The film half of it; with $6 its embedding has to be made again.
update movies set
    directors = $2::text[], cast_names = $3::text[], runtime_minutes = $4::smallint, imdb_id = $5::text,
    embedded_text_hash = case when $6::boolean then null else embedded_text_hash end
where movie_id = $1::integer;

-- name: update_book
-- The book half of it; with $5 its embedding has to be made again.
update books set
    authors = $2::text[], page_count = $3::smallint, isbn13 = $4::text,
    embedded_text_hash = case when $5::boolean then null else embedded_text_hash end
where book_id = $1::integer;

-- name: replace_external_id
-- An item's id in the catalogue $2 is now $3, or unknown; who has an id keeps it.
with stale as (
    delete from item_external_ids
    where item_id = $1::integer and source = $2::text and external_id is distinct from $3::text
)
insert into item_external_ids (source, external_id, item_id)
select $2, $3, $1 where $3 is not null
on conflict (source, external_id) do nothing;

-- name: set_hidden
-- Hides an item or shows it again.
update items set hidden_at = case when $2::boolean then now() end where item_id = $1::integer;

-- name: forget_kept_lists
-- Recommendations that are kept were made without the item that is shown again.
delete from model.profiles where item_ids is not null;

-- name: insert_audit_entry
-- Who did what to an item.
insert into audit_entries (user_id, action, item_id, before, after)
values ($1::integer, $2::audit_action, $3::integer, $4::jsonb, $5::jsonb);

-- name: list_audit_entries
-- A page of what was done, the latest first, to the item $1 or to all; $2 is the last entry of the page before.
select
    a.audit_entry_id, a.created_at, a.user_id, u.email, a.action::text, a.item_id, i.item_type::text, i.title,
    a.before::text, a.after::text
from audit_entries a
left join users u on u.user_id = a.user_id
left join items i on i.item_id = a.item_id
where ($1::integer is null or a.item_id = $1) and ($2::integer is null or a.audit_entry_id < $2)
order by a.audit_entry_id desc
limit $3::integer;
