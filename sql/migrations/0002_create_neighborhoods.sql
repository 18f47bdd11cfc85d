-- The transaction that last changed a user's ratings: tells which cached neighbourhoods are out of date.
alter table user_rating_totals add column changed_xid xid8 not null default pg_current_xact_id();
create index user_rating_totals_changed_xid_idx on user_rating_totals (changed_xid);

-- Each user's nearest neighbours, and what follows from their ratings, as they were when no transaction below computed_xmin was
-- running any more. The last four columns are null until they are asked for. A cache: it may be emptied at any time, and a
-- crash empties it. Transaction ids mean nothing in another cluster, so a row counts only in the run of the server that made it.
create unlogged table user_neighborhoods (
    user_id integer primary key references users on delete cascade,
    server_started_at timestamptz not null default pg_postmaster_start_time(),
    computed_xmin xid8 not null,
    neighbor_ids integer[] not null,
    correlations double precision[] not null,
    common_counts integer[] not null,
    item_ids integer[],
    scores double precision[],
    predicted_stars double precision[],
    neighbor_counts integer[]
);
