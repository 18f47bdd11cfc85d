-- name: lock_replacing
-- One import at a time replaces the table of ratings, and none merges into it meanwhile; until the session ends.
select pg_try_advisory_lock(1724361504, 0);

-- name: unlock_replacing
-- Lets others merge.
select pg_advisory_unlock(1724361504, 0);

-- name: lock_merging
-- Any number of imports may merge into the table of ratings, while none replaces it; until the session ends.
select pg_advisory_lock_shared(1724361504, 0);

-- name: can_replace
-- Whether the table of ratings has at most $2, none of them of the source, and may be replaced.
select can_replace_ratings($1::text, $2::integer);

-- name: use_more_memory
-- For building indexes; more than an ordinary session may take.
select set_config('maintenance_work_mem', '128MB', false), set_config('work_mem', '64MB', false);

-- name: wait_briefly
-- A lock that others would queue behind is asked for again rather than waited for.
set local lock_timeout = '3s';

-- name: drop_imported
-- What was not put to use.
drop table if exists public.imported_ratings, public.unsorted_ratings;

-- name: imported_definition
-- The command that makes a table like ratings, for nobody but the import: there is nothing to vacuum in it.
select format(
    'create table public.imported_ratings (like public.ratings including all excluding indexes) with (%s)',
    array_to_string(reloptions || 'autovacuum_enabled = false'::text, ', ')
)
from pg_class where oid = 'public.ratings'::regclass;

-- name: set_unsorted_aside
-- They were copied by one command, so their place in the table tells which came later.
alter table public.imported_ratings rename to unsorted_ratings;

-- name: sort_unsorted
-- Of several ratings of one user and item the latest counts, with equal times the last one.
insert into public.imported_ratings (user_id, item_id, half_stars, created_at, updated_at)
select distinct on (user_id, item_id) user_id, item_id, half_stars, created_at, updated_at
from public.unsorted_ratings
order by user_id, item_id, updated_at desc, ctid desc;

-- name: drop_unsorted
-- Done with them.
drop table public.unsorted_ratings;

-- name: index_definitions
-- The commands that give imported_ratings the indexes of ratings, the largest first.
select format(
    'create %s index %I on public.imported_ratings %s',
    case when i.indisunique then 'unique' end, 'imported_' || c.relname, substring(pg_get_indexdef(c.oid), ' (USING .*)$')
)
from pg_index i join pg_class c on c.oid = i.indexrelid
where i.indrelid = 'public.ratings'::regclass
order by i.indnatts desc, c.relname;

-- name: foreign_key_definitions
-- The commands that give imported_ratings the foreign keys of ratings, for what is written from now on.
select format('alter table public.imported_ratings add constraint %I %s not valid', conname, pg_get_constraintdef(oid))
from pg_constraint where conrelid = 'public.ratings'::regclass and contype = 'f' order by conname;

-- name: foreign_key_checks
-- The commands that check the foreign keys of imported_ratings for what is in it.
select format('alter table public.imported_ratings validate constraint %I', conname)
from pg_constraint where conrelid = 'public.imported_ratings'::regclass and contype = 'f' order by conname;

-- name: hold_items
-- Until the transaction ends no item can be deleted, as no item can be while a rating of it is being written.
select count(*) from (select from items order by item_id for key share) as held;

-- name: hold_users
-- The same for the users of a source.
select count(*) from (select from users where source = $1 order by user_id for key share) as held;

-- name: sum_by_item
-- What the imported ratings add to the totals of items.
create temporary table imported_item_totals on commit drop as
select item_id, count(*)::integer as rating_count, sum(half_stars) as half_stars_sum
from public.imported_ratings group by item_id;

-- name: add_user_totals
-- Nobody else rates as an imported user, so that this can be done before others have to wait.
insert into user_rating_totals as totals (user_id, rating_count, half_stars_sum)
select user_id, count(*), sum(half_stars) from public.imported_ratings group by user_id order by user_id
on conflict (user_id) do update set
    rating_count = totals.rating_count + excluded.rating_count,
    half_stars_sum = totals.half_stars_sum + excluded.half_stars_sum,
    changed_xid = pg_current_xact_id();

-- name: replace
-- Swaps the tables, and tells how many ratings were imported.
select replace_ratings();
