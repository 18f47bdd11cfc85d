-- name: list_items
-- Every name of an item in an export of ratings, and our id of it.
select source || ':' || external_id as reference, item_id from item_external_ids
union all select 'imdb:' || imdb_id, movie_id from movies where imdb_id is not null
union all select 'isbn13:' || isbn13, book_id from books where isbn13 is not null;

-- name: list_users
-- Every name of a user in an export of ratings, and our id. An account has its email, whatever its case.
select coalesce('account:' || lower(email), source || ':' || external_id) as reference, user_id
from users where email is not null or source is not null
order by email nulls first;
