-- The vector of all of an item's text, where that is more than its credits, is one of its passages, at place -1: search finds it
-- beside the others.
insert into passages (item_id, place, first_character, character_count, embedding)
select i.item_id, -1, 0, 0, coalesce(m.embedding, b.embedding)::halfvec
from items i
left join movies m on m.movie_id = i.item_id
left join books b on b.book_id = i.item_id
where coalesce(m.embedding, b.embedding) is not null
    and exists (select from passages p where p.item_id = i.item_id and p.place > 0);
