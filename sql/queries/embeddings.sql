-- name: get_embedding_model
-- The model that made the stored embeddings; no row before the first.
select name, fingerprint, dimensions from embedding_model;

-- name: record_embedding_model
-- From now on embeddings are this model's.
insert into embedding_model (name, fingerprint, dimensions) values ($1, $2, $3)
on conflict (only_row) do update set
    name = excluded.name, fingerprint = excluded.fingerprint, dimensions = excluded.dimensions;

-- name: count_unembedded
-- Items that wait for an embedding.
select (select count(*) from movies where embedded_text_hash is null)
    + (select count(*) from books where embedded_text_hash is null);

-- name: list_unembedded_movie
-- Up to $2 films after id $1 that wait for an embedding. They stay locked to the end of the transaction, so
-- that their text can't change meanwhile; what another process has locked is left to it.
select items.item_id, items.title, items.original_title, items.year, items.genres, items.keywords,
    items.synopsis, movies.directors || movies.cast_names as people,
    array(select alias from item_aliases where item_aliases.item_id = items.item_id order by alias) as aliases
from movies join items on items.item_id = movies.movie_id
where movies.movie_id > $1 and movies.embedded_text_hash is null
order by movies.movie_id limit $2
for no key update of movies skip locked;

-- name: list_unembedded_book
-- The same for books.
select items.item_id, items.title, items.original_title, items.year, items.genres, items.keywords,
    items.synopsis, books.authors as people,
    array(select alias from item_aliases where item_aliases.item_id = items.item_id order by alias) as aliases
from books join items on items.item_id = books.book_id
where books.book_id > $1 and books.embedded_text_hash is null
order by books.book_id limit $2
for no key update of books skip locked;

-- name: lock_unembedded_movie
-- Locks one film if it waits for an embedding.
select movie_id from movies where movie_id = $1::integer and embedded_text_hash is null for no key update;

-- name: lock_unembedded_book
-- The same for a book.
select book_id from books where book_id = $1::integer and embedded_text_hash is null for no key update;

-- name: save_embeddings_movie
-- The embeddings of films, and the hashes of what they were made from.
update movies set embedding = made.embedding, embedded_text_hash = made.text_hash
from unnest($1::int[], $2::vector[], $3::bytea[]) as made (movie_id, embedding, text_hash)
where movies.movie_id = made.movie_id;

-- name: save_embeddings_book
-- The same for books.
update books set embedding = made.embedding, embedded_text_hash = made.text_hash
from unnest($1::int[], $2::vector[], $3::bytea[]) as made (book_id, embedding, text_hash)
where books.book_id = made.book_id;

-- name: list_embedded_movie
-- Up to $2 films after id $1 that have an embedding, and the hash of what it was made from.
select items.item_id, items.title, items.original_title, items.year, items.genres, items.keywords,
    items.synopsis, movies.directors || movies.cast_names as people, movies.embedded_text_hash,
    array(select alias from item_aliases where item_aliases.item_id = items.item_id order by alias) as aliases
from movies join items on items.item_id = movies.movie_id
where movies.movie_id > $1 and movies.embedded_text_hash is not null
order by movies.movie_id limit $2;

-- name: list_embedded_book
-- The same for books.
select items.item_id, items.title, items.original_title, items.year, items.genres, items.keywords,
    items.synopsis, books.authors as people, books.embedded_text_hash,
    array(select alias from item_aliases where item_aliases.item_id = items.item_id order by alias) as aliases
from books join items on items.item_id = books.book_id
where books.book_id > $1 and books.embedded_text_hash is not null
order by books.book_id limit $2;

-- name: forget_embeddings_movie
-- These films wait for an embedding again.
update movies set embedding = null, embedded_text_hash = null where movie_id = any($1::int[]);

-- name: forget_embeddings_book
-- The same for books.
update books set embedding = null, embedded_text_hash = null where book_id = any($1::int[]);

-- name: list_next
-- The items that the model with this fingerprint has embedded beside what serves, and the hashes of their texts.
select item_id, text_hash from next_embeddings where fingerprint = $1;

-- name: save_next
-- What a model makes of items, beside what serves.
insert into next_embeddings (item_id, fingerprint, text_hash, embedding)
select made.item_id, $1, made.text_hash, made.embedding
from unnest($2::int[], $3::bytea[], $4::vector[]) as made (item_id, text_hash, embedding);

-- name: forget_next
-- Nothing of these items is kept beside what serves; with null, of none at all.
delete from next_embeddings where $1::int[] is null or item_id = any($1);

-- name: swap_movies
-- The gathered embeddings of a model take the place of those that serve. Films that wait for an embedding go on waiting.
update movies set embedding = made.embedding, embedded_text_hash = made.text_hash
from next_embeddings as made
where made.item_id = movies.movie_id and made.fingerprint = $1 and movies.embedded_text_hash is not null;

-- name: swap_books
-- The same for books.
update books set embedding = made.embedding, embedded_text_hash = made.text_hash
from next_embeddings as made
where made.item_id = books.book_id and made.fingerprint = $1 and books.embedded_text_hash is not null;

-- name: drop_swapped_passages
-- The passages that the gathered ones of a model replace.
delete from passages using next_embeddings as made where made.item_id = passages.item_id and made.fingerprint = $1;

-- name: swap_passages
-- The gathered passages take their place.
insert into passages (item_id, place, first_character, character_count, embedding)
select p.item_id, p.place, p.first_character, p.character_count, p.embedding
from next_passages as p join next_embeddings as made using (item_id)
where made.fingerprint = $1;

-- name: list_movie_vectors
-- All films with an embedding, and it.
select movie_id, embedding from movies where embedding is not null order by movie_id;
