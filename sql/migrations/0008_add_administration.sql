-- Who may change the catalogue. An imported user can't log in, so none is an admin.
create type user_role as enum ('user', 'admin');
alter table users
    add column role user_role not null default 'user',
    add constraint users_admin_with_email check (role = 'user' or email is not null);

-- A hidden item is in no list and can't be rated; the ratings it has stay. The index finds the few that are hidden, and the
-- planner is told how few.
alter table items add column hidden_at timestamptz;
create index items_hidden_idx on items (item_id) where hidden_at is not null;
analyze items (hidden_at);

-- What admins did to the catalogue, written with each change; before and after hold the fields that changed. An entry outlives
-- the account that made it, and the item.
create type audit_action as enum ('create', 'update', 'hide', 'unhide');
create table audit_entries (
    audit_entry_id integer generated always as identity primary key,
    created_at timestamptz not null default now(),
    user_id integer references users on delete set null,
    action audit_action not null,
    item_id integer not null,
    before jsonb not null,
    after jsonb not null
);
create index audit_entries_item_id_idx on audit_entries (item_id, audit_entry_id);
create index audit_entries_user_id_idx on audit_entries (user_id);
