"""The terms of texts for lexical search, the same for every spelling and script, and how much each says for an item.

A term is a word's stem (Snowball; Porter, 2001) as `name_key` spells it, so that a name in a query finds it in a plot,
whatever the scripts. An item's impact is the part of BM25 (Robertson & Zaragoza, 2009) that does not depend on the
other items; its fields are weighted as in BM25F:

    impact(term, item) = tf (k1 + 1) / (tf + k1 (1 - b + b length / typical length)),  tf = sum of field weight * count
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache

import snowballstemmer

from cinelibre_server.search.romanization import name_key, romanize
from cinelibre_server.search.vocabulary import vocabulary

_K1, _B = 1.2, 0.5
_TYPICAL_LENGTH = 80.0
_WORD = re.compile(r"[^\W_]+")
_LONGEST_TERM = 40
_stemmer = snowballstemmer.stemmer("english")


def count_terms(text: str) -> Counter[str]:
    """How often each term is in a text, stop words left out."""
    stop_words = vocabulary().stop_words
    words = (word.lower() for word in _WORD.findall(romanize(text)))
    return Counter(term for word in words if word not in stop_words if (term := _term(word)))


def impacts(fields: Iterable[tuple[float, str]]) -> Mapping[str, float]:
    """The impact of each term of an item, from its fields and their weights."""
    frequencies: Counter[str] = Counter()
    for weight, text in fields:
        for term, count in count_terms(text).items():
            frequencies[term] += weight * count  # type: ignore[assignment]
    length = sum(frequencies.values())
    damping = _K1 * (1 - _B + _B * length / _TYPICAL_LENGTH)
    return {term: frequency * (_K1 + 1) / (frequency + damping) for term, frequency in frequencies.items()}


@lru_cache(maxsize=16_384)
def _term(word: str) -> str:
    return name_key(_stemmer.stemWord(word) if word.isascii() else word)[:_LONGEST_TERM]
