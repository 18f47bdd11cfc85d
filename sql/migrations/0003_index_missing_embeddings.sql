-- Finds what waits for a vector without reading the catalogue, at every start.
create index movies_not_embedded_idx on movies (movie_id) where embedded_text_hash is null;
create index books_not_embedded_idx on books (book_id) where embedded_text_hash is null;
