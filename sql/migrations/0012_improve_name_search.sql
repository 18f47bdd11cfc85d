-- A list of entries not yet in the index is read through by every search: after an import that took longer than all the rest of
-- the look at the index. Those of titles keep theirs: imports write them by the ten thousand, and vacuum empties the list.
alter index search_term_counts_deletions_idx set (fastupdate = off);
select gin_clean_pending_list('search_term_counts_deletions_idx');

-- Whether the keys are of how an English name sounds, to compare it with other scripts, and not of how it is written.
alter table search_names add column is_heard boolean not null default false;
drop index search_names_key_idx, search_names_deletions_idx;
create index search_names_key_idx on search_names using gin (key gin_trgm_ops) with (fastupdate = off) where not is_heard;
create index search_names_deletions_idx on search_names using gin (deletions(name)) with (fastupdate = off) where not is_heard;

-- The keys are better ones: all items are to be indexed anew; until then they keep their vectors.
update movies set embedded_text_hash = null;
update books set embedded_text_hash = null;
