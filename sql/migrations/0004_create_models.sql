-- Every training of the recommendation models, with what it measured. One of them serves.
create table models (
    model_id integer generated always as identity primary key,
    status text not null default 'training' check (status in ('training', 'serving', 'retired', 'rejected')),
    started_at timestamptz not null default now(),
    finished_at timestamptz,
    rating_count bigint not null,
    user_count integer not null,
    item_count integer not null,
    measures jsonb not null default '{}'
);
create unique index models_serving_key on models ((true)) where status = 'serving';

-- The serving model, in a schema of its own: training fills another of the same shape, which takes this one's place in one
-- transaction. Empty until the first training.
create schema model;

-- What the formulas of get_predicted_stars and fold_in need beside the items; one row.
create table model.settings (
    only_row boolean primary key default true check (only_row),
    model_id integer not null,
    -- By half stars 1 to 10: how much a rating counts for the taste vector and towards what, and what it gives to the items
    -- beside it.
    taste_weights double precision[] not null,
    taste_targets double precision[] not null,
    rating_values double precision[] not null
);

-- The weights of AUTO for users with at least so many ratings.
create table model.blend (
    min_ratings integer primary key,
    item_item double precision not null,
    factors double precision not null,
    stars double precision not null,
    popularity double precision not null
);

-- What was learned of each item; item 0 stands for those that training has not seen.
create table model.items (
    item_id integer primary key,
    popularity real not null,
    stars_base real not null,
    stars_reading vector not null,
    stars_implied vector not null,
    stars_noise real not null,
    stars_offset real not null,
    stars_output vector not null,
    taste_factors vector(64) not null
);
create index items_popularity_idx on model.items (popularity desc);
create index items_taste_factors_idx on model.items using hnsw (taste_factors vector_ip_ops);

-- The items that go with an item, and how much a rating of it says for each of them.
create table model.neighbors (
    item_id integer primary key,
    neighbor_ids integer[] not null,
    weights real[] not null
);

-- What the model makes of a user's ratings: kept from the last time it was asked for, and out of date when changed_xid is no
-- longer that of user_rating_totals. A cache: it may be emptied at any time, and a crash empties it.
create unlogged table model.profiles (
    user_id integer primary key references users on delete cascade,
    changed_xid xid8 not null,
    stars_vector vector not null,
    taste_vector vector(64) not null,
    item_ids integer[],
    scores double precision[],
    sources text[]
);
