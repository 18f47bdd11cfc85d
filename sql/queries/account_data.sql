-- name: export_user
-- The account of a user who can log in.
select user_id, email, name, created_at, role::text
from users
where user_id = $1::int and email is not null;

-- name: export_sessions
-- All sessions of a user, the oldest first.
select session_id, created_at, expires_at, revoked_at
from sessions
where user_id = $1::int
order by created_at, session_id;

-- name: export_ratings
-- All ratings of a user by item.
select item_id, half_stars, created_at, updated_at
from ratings
where user_id = $1::int
order by item_id;

-- name: export_interactions
-- All interactions of a user, the oldest first.
select kind::text as kind, item_id, query, position, created_at
from interactions
where user_id = $1::int
order by created_at, interaction_id;
