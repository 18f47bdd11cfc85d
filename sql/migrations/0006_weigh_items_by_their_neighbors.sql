-- What other items say for an item now lies with the item, so that a candidate is scored without reading all that the ratings
-- of a user point to. A model of the older form cannot serve: train again.
update models set status = 'retired' where status = 'serving';
truncate model.settings, model.blend, model.items, model.neighbors, model.profiles;

alter table model.items
    add column item_weights sparsevec(1000000000) not null,
    add column companion_lifts sparsevec(1000000000) not null;
-- Read by the hundred: neither compressed nor kept elsewhere. Together they take at most 5 of the 8 kB of a page.
alter table model.items
    alter column stars_reading set storage plain,
    alter column stars_implied set storage plain,
    alter column stars_output set storage plain,
    alter column taste_factors set storage plain,
    alter column item_weights set storage plain,
    alter column companion_lifts set storage plain;

-- A kept list fits beside the vectors without being compressed.
alter table model.profiles
    alter column scores type real[],
    alter column sources type "char"[] using sources::"char"[];
