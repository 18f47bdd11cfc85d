-- What an admin has hidden. item_passes leaves it out; where items are not joined anyway,
-- `not in (select h.item_id from cinelibre.hidden_items h)` does: a hash of a few ids, which no planner turns into a join that
-- would lose the vector indexes.
create view cinelibre.hidden_items as
select i.item_id from public.items i where i.hidden_at is not null;
