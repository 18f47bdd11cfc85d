-- How far the sync of each upstream source is. Written in the transaction that writes the items, so that a sync
-- that was cut off goes on exactly where its data ends.
create table sync_checkpoints (
    source text primary key,
    run integer not null,
    -- Where the run under way goes on; null when the last one was finished.
    cursor jsonb,
    -- What the last finished run left for the next; null before the first.
    bookmark jsonb,
    updated_at timestamptz not null default now()
);

-- What a source was heard to say of each of its ids.
create table sync_records (
    source text not null,
    external_id text not null,
    -- The last run that came across it.
    listed_run integer not null,
    -- Of what was read; null when nothing could be read yet.
    content_hash bytea,
    fetched_at timestamptz,
    -- Why it could not be read the last time: the next run tries again.
    failure text,
    -- Since when the source has it no more. The item stays, and so do its ratings.
    vanished_at timestamptz,
    primary key (source, external_id)
);
create index sync_records_listed_idx on sync_records (source, listed_run, external_id);
create index sync_records_failed_idx on sync_records (source, external_id) where failure is not null;

-- Which upstream source a value of an item is from. A field without a row is from the starter catalogue or an import.
create table item_field_sources (
    item_id integer not null references items on delete cascade,
    field text not null,
    source text not null,
    value_hash bytea not null,
    fetched_at timestamptz not null default now(),
    primary key (item_id, field)
);

-- Other titles of an item, by language (ISO 639-1) and by who gives them.
create table item_aliases (
    item_id integer not null references items on delete cascade,
    alias text not null,
    language text not null,
    source text not null,
    primary key (item_id, source, language, alias),
    constraint item_aliases_alias_not_empty check (alias <> ''),
    constraint item_aliases_language_code check (language ~ '^[a-z]{2}$')
);
create index item_aliases_alias_trgm_idx on item_aliases using gin (lower(alias) gin_trgm_ops);
