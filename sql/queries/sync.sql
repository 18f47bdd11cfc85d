-- name: lock_source
-- One sync of a source at a time, until the session ends; the first number only has to be ours.
select pg_try_advisory_lock(72436, hashtext($1));

-- name: get_checkpoint
-- How far the sync of a source is; no row before its first run.
select run, cursor, bookmark from sync_checkpoints where source = $1;

-- name: save_checkpoint
-- How far it is now.
insert into sync_checkpoints (source, run, cursor, bookmark) values ($1, $2, $3::jsonb, $4::jsonb)
on conflict (source) do update set
    run = excluded.run, cursor = excluded.cursor, bookmark = excluded.bookmark, updated_at = excluded.updated_at;

-- name: list_due
-- Up to $3 ids after $2 that could not be read the last time.
select external_id from sync_records
where source = $1 and failure is not null and external_id > $2
order by external_id limit $3;

-- name: list_unlisted
-- Up to $4 ids after $3 that run $2, which went through all of the source, did not come across.
select external_id from sync_records
where source = $1 and listed_run < $2 and vanished_at is null and external_id > $3
order by external_id limit $4;

-- name: list_unseen
-- Those of the ids that run $2 did not come across yet, in their order.
select given.external_id
from unnest($3::text[]) with ordinality as given (external_id, place)
where not exists (
    select from sync_records as seen
    where seen.source = $1 and seen.external_id = given.external_id and seen.listed_run = $2)
order by given.place;

-- name: get_records
-- What is known of these ids.
select external_id, content_hash, vanished_at is not null as vanished from sync_records
where source = $1 and external_id = any ($2::text[]);

-- name: mark_listed
-- The source still has these ids; unknown ones have no row.
update sync_records set listed_run = $2, failure = null, vanished_at = null
where source = $1 and external_id = any ($3::text[])
    and (listed_run < $2 or failure is not null or vanished_at is not null);

-- name: save_found
-- What was read, by its hash.
insert into sync_records as record (source, external_id, listed_run, content_hash, fetched_at)
select $1, found.external_id, $2, found.content_hash, now()
from unnest($3::text[], $4::bytea[]) as found (external_id, content_hash)
on conflict (source, external_id) do update set
    listed_run = excluded.listed_run, content_hash = excluded.content_hash, fetched_at = excluded.fetched_at,
    failure = null, vanished_at = null;

-- name: save_failed
-- What could not be read, and why.
insert into sync_records (source, external_id, listed_run, failure)
select $1, failed.external_id, $2, failed.failure
from unnest($3::text[], $4::text[]) as failed (external_id, failure)
on conflict (source, external_id) do update set listed_run = excluded.listed_run, failure = excluded.failure;

-- name: save_gone
-- What the source has no more.
insert into sync_records as record (source, external_id, listed_run, vanished_at)
select $1, gone.external_id, $2, now() from unnest($3::text[]) as gone (external_id)
on conflict (source, external_id) do update set
    listed_run = excluded.listed_run, failure = null,
    vanished_at = coalesce(record.vanished_at, excluded.vanished_at);

-- name: delete_stale_aliases
-- The source no longer gives these aliases to the items with the ids $2.
delete from item_aliases as stale
using item_external_ids as known
where known.source = $1 and known.external_id = any ($2::text[])
    and stale.item_id = known.item_id and stale.source = $1
    and not exists (
        select from unnest($3::text[], $4::text[], $5::text[]) as given (external_id, alias, language)
        where given.external_id = known.external_id and given.alias = stale.alias and given.language = stale.language);

-- name: insert_aliases
-- The aliases that the source gives to its items. Who gets a new one waits to be found by it, as for an embedding.
with inserted as (
    insert into item_aliases (item_id, alias, language, source)
    select known.item_id, given.alias, given.language, $1
    from unnest($2::text[], $3::text[], $4::text[]) as given (external_id, alias, language)
    join item_external_ids as known on known.source = $1 and known.external_id = given.external_id
    on conflict (item_id, source, language, alias) do nothing
    returning item_id
), of_movies as (
    update movies set embedded_text_hash = null from inserted where movie_id = inserted.item_id
)
update books set embedded_text_hash = null from inserted where book_id = inserted.item_id;

-- name: list_books_to_describe
-- Up to $2 ISBNs after $1 of the books that the source $3 was not asked about yet or, with $4, of all.
select books.isbn13 from books
where books.isbn13 > $1
    and ($4 or not exists (
        select from sync_records as asked where asked.source = $3 and asked.external_id = books.isbn13))
order by books.isbn13 limit $2;
