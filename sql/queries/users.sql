-- name: create_user
-- Adds an account; no row comes back if the email is in use in any case, also by a call that runs at the same time.
insert into users (email, password_hash, name)
values ($1::text, $2::text, $3::text)
on conflict (lower(email)) do nothing
returning user_id, email, name, created_at, role::text;

-- name: get_user
-- The account of a user who can log in.
select user_id, email, name, created_at, role::text
from users
where user_id = $1::int and email is not null;

-- name: user_exists
-- Whether there is such a user, one who can't log in included.
select exists (select from users where user_id = $1::int);

-- name: get_credentials
-- The account and password hash of a user who can log in.
select user_id, email, name, created_at, role::text, password_hash
from users
where user_id = $1::int and email is not null;

-- name: find_credentials
-- The account and password hash that belong to an email, in any case.
select user_id, email, name, created_at, role::text, password_hash
from users
where lower(email) = lower($1::text);

-- name: change_password_hash
-- Sets a new password hash if the one that was checked is still in place.
update users
set password_hash = $3::text
where user_id = $1::int and password_hash = $2::text
returning user_id;

-- name: rename_user
-- Sets the name to show.
update users
set name = $2::text
where user_id = $1::int and email is not null
returning user_id, email, name, created_at, role::text;

-- name: delete_user
-- Deletes an account; sessions, ratings and interactions go with it.
delete from users
where user_id = $1::int
returning user_id;

-- name: set_role
-- Makes the account that belongs to an email, in any case, an admin or a user.
update users
set role = $2::user_role
where lower(email) = lower($1::text)
returning user_id, email, name, created_at, role::text;

-- name: list_users
-- Accounts of people who can log in by id, with $1 admins only.
select user_id, email, name, created_at, role::text
from users
where email is not null and ($1::boolean is not true or role = 'admin')
order by user_id;
