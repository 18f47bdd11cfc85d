"""What search keeps of an item: which texts get a vector, under which names it is found, and what its terms say."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from cinelibre_server.search.english_spelling import spell_by_sound
from cinelibre_server.search.passages import passage_spans
from cinelibre_server.search.romanization import name_key, romanize, sound_key, typed_key
from cinelibre_server.search.terms import impacts
from cinelibre_server.store.embeddings import Passage
from cinelibre_server.store.search_index import IndexedItem, IndexedName, IndexedPassage

_LONGEST_KEY = 200
# Of the fields of BM25F.
_TITLE, _PEOPLE, _KEYWORDS, _GENRES, _SYNOPSIS = 3.0, 2.0, 1.5, 1.5, 1.0


def passage_text(item: Passage) -> str:
    """The text that stands for an item: its titles, year, people, genres, keywords and synopsis."""
    return ". ".join(part for part in (credits_text(item), ", ".join(item.keywords), item.synopsis) if part)


def credits_text(item: Passage) -> str:
    """The item's titles, year, people and genres."""
    parts = [
        item.title,
        item.original_title if item.original_title != item.title else "",
        str(item.year or ""),
        ", ".join(item.people),
        ", ".join(item.genres),
    ]
    return ". ".join(part for part in parts if part)


def texts_to_embed(item: Passage) -> list[str]:
    """The text that stands for the item, its credits, and the passages of its synopsis."""
    return [
        passage_text(item),
        credits_text(item),
        *(item.synopsis[start:end] for start, end in passage_spans(item.synopsis)),
    ]


def indexed_item(item: Passage, embeddings: NDArray[np.float32]) -> IndexedItem:
    """What search keeps; `embeddings` (float32[n, 384]) are those of `texts_to_embed`."""
    whole, *of_passages = embeddings
    spans = [(0, 0), *passage_spans(item.synopsis)]
    return IndexedItem(
        item.item_id,
        whole if item.synopsis else None,
        [
            IndexedPassage(start, end - start, embedding)
            for (start, end), embedding in zip(spans, of_passages, strict=True)
        ],
        list(_names([item.title, item.original_title, *item.aliases])),
        sorted({key for person in item.people if (key := name_key(person)[:_LONGEST_KEY])}),
        impacts(
            [
                (_TITLE, " ".join(dict.fromkeys(map(romanize, (item.title, item.original_title, *item.aliases))))),
                (_PEOPLE, " ".join(item.people)),
                (_KEYWORDS, " ".join(item.keywords)),
                (_GENRES, " ".join(item.genres)),
                (_SYNOPSIS, item.synopsis),
            ]
        ),
    )


def _names(names: Sequence[str]) -> Iterator[IndexedName]:
    seen = set()
    for name in names:
        key = name_key(name)[:_LONGEST_KEY]
        if key and key not in seen:
            seen.add(key)
            words = typed_key(name)[:_LONGEST_KEY].split()
            yield IndexedName(name, key, sound_key(key), [" ".join(words[place:]) for place in range(len(words))])
            heard = name_key(spell_by_sound(name) or "")[:_LONGEST_KEY]
            if heard and heard not in seen:
                seen.add(heard)
                yield IndexedName(name, heard, sound_key(heard), [], is_heard=True)
