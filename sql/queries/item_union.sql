-- name: find_split_item
-- Two items that one description names at once, the older first. If some source knows both under ids of its own they
-- are two all the same; a book has many ISBNs.
with named as (
    select distinct given.position, known.item_id
    from unnest($1::int[], $2::item_type[], $3::text[], $4::text[]) as given (position, item_type, source, external_id)
    join item_external_ids as known on known.source = given.source and known.external_id = given.external_id
    join items on items.item_id = known.item_id and items.item_type = given.item_type
)
select first.item_id as kept, second.item_id as given_up
from named as first
join named as second on second.position = first.position and second.item_id > first.item_id
where not exists (
    select from item_external_ids as one
    join item_external_ids as other on other.source = one.source
    where one.item_id = first.item_id and other.item_id = second.item_id and one.source <> 'isbn13')
order by first.item_id, second.item_id limit 1;

-- name: move_ratings
-- From $2 to $1; of somebody's two ratings the later one stays.
with moved as (
    delete from ratings where item_id = $2 returning user_id, half_stars, created_at, updated_at
)
insert into ratings as rating (user_id, item_id, half_stars, created_at, updated_at)
select user_id, $1, half_stars, created_at, updated_at from moved
on conflict (user_id, item_id) do update set half_stars = excluded.half_stars, updated_at = excluded.updated_at
where rating.updated_at < excluded.updated_at;

-- name: move_interactions
-- From $2 to $1.
update interactions set item_id = $1 where item_id = $2;

-- name: move_aliases
-- From $2 to $1.
insert into item_aliases (item_id, alias, language, source)
select $1, alias, language, source from item_aliases where item_id = $2
on conflict (item_id, source, language, alias) do nothing;

-- name: read_again
-- The sources' descriptions of both items have to be merged anew: their next run reads them as what failed before.
update sync_records as record set content_hash = null, failure = 'its item was united with another'
from item_external_ids as known
where known.item_id in ($1, $2) and record.source = known.source and record.external_id = known.external_id
    and record.vanished_at is null;

-- name: move_external_ids
-- From $2 to $1.
update item_external_ids set item_id = $1 where item_id = $2;

-- name: delete_item
-- What is left of $2; $1 is the item that it has become.
delete from items where item_id = $2 and item_id <> $1;
