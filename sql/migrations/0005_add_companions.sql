-- What goes with what somebody likes, whatever else they rated: it leads after a user's first ratings. Empty until the next
-- training.
alter table model.settings add column companion_values double precision[] not null default array_fill(0, array[10]);
alter table model.blend add column companions double precision not null default 0;
alter table model.neighbors
    add column companion_ids integer[] not null default '{}',
    add column lifts real[] not null default '{}';
