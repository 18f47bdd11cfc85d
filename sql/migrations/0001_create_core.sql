create extension if not exists vector;
create extension if not exists pg_trgm;

create type item_type as enum ('movie', 'book');
create type interaction_kind as enum ('view', 'click', 'search');

-- Accounts. An imported user has a source and an id there, and neither email nor password: nobody can log in as one.
create table users (
    user_id integer generated always as identity primary key,
    email text,
    password_hash text,
    name text not null default '',
    source text,
    external_id text,
    created_at timestamptz not null default now(),
    constraint users_email_with_password check ((email is null) = (password_hash is null)),
    constraint users_source_with_external_id check ((source is null) = (external_id is null)),
    constraint users_email_length check (char_length(email) <= 254),
    constraint users_name_length check (char_length(name) <= 100)
);
create unique index users_email_key on users (lower(email));
create unique index users_external_id_key on users (source, external_id);

create table sessions (
    session_id uuid primary key default gen_random_uuid(),
    user_id integer not null references users on delete cascade,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    revoked_at timestamptz
);
create index sessions_user_id_idx on sessions (user_id);

-- Every refresh token ever given for a session, by its SHA-256: a used one that comes back betrays a copy.
create table refresh_tokens (
    token_hash bytea primary key,
    session_id uuid not null references sessions on delete cascade,
    created_at timestamptz not null default now(),
    used_at timestamptz
);
create index refresh_tokens_session_id_idx on refresh_tokens (session_id);

-- Films and books in one id space, so that ratings have one foreign key.
create table items (
    item_id integer generated always as identity primary key,
    item_type item_type not null,
    title text not null,
    original_title text not null,
    year smallint,
    language text,
    genres text[] not null default '{}',
    keywords text[] not null default '{}',
    synopsis text not null default '',
    created_at timestamptz not null default now(),
    constraint items_title_not_empty check (title <> ''),
    constraint items_year_range check (year between 1 and 3000),
    constraint items_language_code check (language ~ '^[a-z]{2}$'),
    unique (item_id, item_type)
);
create index items_type_idx on items (item_type, item_id);
create index items_title_idx on items (item_type, lower(title), item_id);
create index items_newest_idx on items (item_type, coalesce(year, 0) desc, item_id);
create index items_title_trgm_idx on items using gin (lower(title) gin_trgm_ops, lower(original_title) gin_trgm_ops);

create table movies (
    movie_id integer primary key,
    item_type item_type not null default 'movie' check (item_type = 'movie'),
    directors text[] not null default '{}',
    cast_names text[] not null default '{}',
    runtime_minutes smallint check (runtime_minutes > 0),
    imdb_id text check (imdb_id ~ '^tt[0-9]{7,10}$'),
    embedding vector(384),
    embedded_text_hash bytea,
    foreign key (movie_id, item_type) references items (item_id, item_type) on delete cascade
);
create unique index movies_imdb_id_key on movies (imdb_id);
create index movies_embedding_idx on movies using hnsw (embedding vector_cosine_ops);

create table books (
    book_id integer primary key,
    item_type item_type not null default 'book' check (item_type = 'book'),
    authors text[] not null default '{}',
    page_count smallint check (page_count > 0),
    isbn13 text check (isbn13 ~ '^97[89][0-9]{10}$'),
    embedding vector(384),
    embedded_text_hash bytea,
    foreign key (book_id, item_type) references items (item_id, item_type) on delete cascade
);
create unique index books_isbn13_key on books (isbn13);
create index books_embedding_idx on books using hnsw (embedding vector_cosine_ops);

-- What other catalogues call an item: the starter file, MovieLens, IMDb…
create table item_external_ids (
    source text not null,
    external_id text not null,
    item_id integer not null references items on delete cascade,
    primary key (source, external_id)
);
create index item_external_ids_item_id_idx on item_external_ids (item_id);

create table ratings (
    user_id integer not null references users on delete cascade,
    item_id integer not null references items on delete cascade,
    half_stars smallint not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint ratings_half_stars_range check (half_stars between 1 and 10),
    primary key (user_id, item_id) include (half_stars)
);
create index ratings_by_item_idx on ratings (item_id, user_id) include (half_stars);
create index ratings_latest_idx on ratings (user_id, updated_at desc, item_id);
create index ratings_updated_at_idx on ratings (updated_at);

-- Sums that triggers keep exact with every rating, so that no request adds up the rating matrix.
create table item_rating_totals (
    item_id integer primary key references items on delete cascade,
    rating_count integer not null,
    half_stars_sum bigint not null
) with (fillfactor = 70);

create table user_rating_totals (
    user_id integer primary key references users on delete cascade,
    rating_count integer not null,
    half_stars_sum bigint not null
) with (fillfactor = 70);

create table interactions (
    interaction_id bigint generated always as identity primary key,
    user_id integer not null references users on delete cascade,
    kind interaction_kind not null,
    item_id integer references items on delete cascade,
    query text,
    position integer check (position between 1 and 10000),
    created_at timestamptz not null default now(),
    constraint interactions_item_or_query check (case when kind = 'search' then query is not null else item_id is not null end)
);
create index interactions_user_id_idx on interactions (user_id, created_at desc);
create index interactions_item_id_idx on interactions (item_id);

-- The model that made the stored embeddings; one row.
create table embedding_model (
    only_row boolean primary key default true check (only_row),
    name text not null,
    fingerprint text not null,
    dimensions integer not null
);
