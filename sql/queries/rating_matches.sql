-- name: match_ids
-- The items of one type that ids belong to. $1 is the caller's number of each, $5 of a surer id is less. Here and below
-- hidden items are not found.
with given as (
    select place, item_type, source, external_id, preference
    from unnest($1::integer[], $2::item_type[], $3::text[], $4::text[], $5::integer[])
        as given (place, item_type, source, external_id, preference)
), found as (
    select given.place, given.preference, items.item_id
    from given
    join item_external_ids as known on known.source = given.source and known.external_id = given.external_id
    join items on items.item_id = known.item_id and items.item_type = given.item_type
    union all
    select given.place, given.preference, movies.movie_id
    from given join movies on given.source = 'imdb' and movies.imdb_id = given.external_id
    where given.item_type = 'movie'
    union all
    select given.place, given.preference, books.book_id
    from given join books on given.source = 'isbn13' and books.isbn13 = given.external_id
    where given.item_type = 'book'
)
select distinct on (place) place, item_id from found
where item_id not in (select hidden.item_id from hidden_items as hidden)
order by place, preference, item_id;

-- name: match_titles
-- The items of one type with a title or original title like those given.
with given as (
    select place, item_type, title_key(title) as key
    from unnest($1::integer[], $2::item_type[], $3::text[]) as given (place, item_type, title)
), found as (
    select given.place, items.item_id
    from given join items on title_key(items.title) = given.key and items.item_type = given.item_type
    where given.key <> ''
    union
    select given.place, items.item_id
    from given join items on title_key(items.original_title) = given.key and items.item_type = given.item_type
    where given.key <> ''
)
select found.place, found.item_id, items.year, movies.imdb_id, coalesce(books.authors, '{}') as authors
from found
join items on items.item_id = found.item_id and items.hidden_at is null
left join movies on movies.movie_id = found.item_id
left join books on books.book_id = found.item_id;
