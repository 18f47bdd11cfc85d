-- Edit distances, to find titles with typos.
create extension if not exists fuzzystrmatch schema public;

-- What search looks at, made from the items by `cinelibre embed` and everything that embeds. An item whose
-- embedded_text_hash is null waits to be looked at.

-- Passages of an item's text, each with its vector: title and credits at place 0, then parts of the synopsis, from a character
-- on and so many of them.
create table passages (
    item_id integer not null references items on delete cascade,
    place smallint not null,
    first_character integer not null,
    character_count integer not null,
    embedding halfvec(384) not null,
    primary key (item_id, place)
);
create index passages_embedding_idx on passages using hnsw (embedding halfvec_ip_ops);

-- What another model, or another way to put texts together, makes of items: gathered beside what serves, until all is there and
-- takes its place.
create table next_embeddings (
    item_id integer primary key references items on delete cascade,
    fingerprint text not null,
    text_hash bytea not null,
    embedding vector(384) not null
);
create table next_passages (
    item_id integer not null references next_embeddings on delete cascade,
    place smallint not null,
    first_character integer not null,
    character_count integer not null,
    embedding halfvec(384) not null,
    primary key (item_id, place)
);

-- Titles, original titles and other names of items, by a key that all spellings and scripts share, and by a coarser one of
-- sounds; then the keys from each of their words on, for suggestions while somebody types.
create table search_names (
    item_id integer not null references items on delete cascade,
    name text not null,
    key text not null,
    sound text not null
);
create index search_names_item_id_idx on search_names (item_id);
create index search_names_key_idx on search_names using gin (key gin_trgm_ops);
create index search_names_sound_idx on search_names (sound);

create table search_name_starts (
    item_id integer not null references items on delete cascade,
    start text not null,
    at_begin boolean not null,
    name text not null
);
create index search_name_starts_item_id_idx on search_name_starts (item_id);
create index search_name_starts_start_idx on search_name_starts (start text_pattern_ops);

-- Directors, cast and authors, by the key of their names.
create table search_people (
    item_id integer not null references items on delete cascade,
    key text not null,
    primary key (item_id, key)
);
create index search_people_key_idx on search_people (key, item_id);

-- How much each term says for an item: BM25 without the rarity of the term, which search_term_counts tells as it was when
-- items were last indexed by the hundred.
create table search_terms (
    item_id integer not null references items on delete cascade,
    impact real not null,
    term text not null
);
create index search_terms_item_id_idx on search_terms (item_id);
create index search_terms_term_idx on search_terms (term, impact desc) include (item_id);

create table search_term_counts (
    term text primary key,
    item_count integer not null
);

-- All items are to be indexed; until then they keep their vectors.
update movies set embedded_text_hash = null;
update books set embedded_text_hash = null;
