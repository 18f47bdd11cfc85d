-- A list of entries not yet in the index is read through by every search: after an import that took longer than all the rest of
-- the look at the index. Those of titles keep theirs: imports write them by the ten thousand, and vacuum empties the list.
alter index search_names_key_idx set (fastupdate = off);
alter index search_names_deletions_idx set (fastupdate = off);
alter index search_term_counts_deletions_idx set (fastupdate = off);
select gin_clean_pending_list(indexrelid) from pg_index
where indexrelid in (
    'search_names_key_idx'::regclass, 'search_names_deletions_idx'::regclass, 'search_term_counts_deletions_idx'::regclass
);

-- Names have more keys and better ones: all items are to be indexed anew; until then they keep their vectors.
update movies set embedded_text_hash = null;
update books set embedded_text_hash = null;
