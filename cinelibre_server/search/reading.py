"""How a query is read: its words as terms, as a name, and as wishes; and in which way it is written."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from cinelibre_server.search.romanization import name_key, script_of, sound_key, typed_key
from cinelibre_server.search.terms import count_terms
from cinelibre_server.search.vocabulary import vocabulary
from cinelibre_server.search.wishes import Wishes, read_wishes
from cinelibre_server.store.search import SpelledName

_LONGEST_NAME_WORDS = 8
_LONGEST_NAME = 200
_MOST_TERMS = 200
_LONGEST_PERSON_WORDS = 5
_MOST_NAMING_WORDS = 60
_FEW_WORDS = 4


class Writing(StrEnum):
    """How a query is written, as far as it changes what its vector has in common with others."""

    LATIN = "latin"
    INDIC = "indic"
    ROMANIZED = "romanized"


@dataclass(frozen=True, slots=True)
class Reading:
    """A query as search takes it, its terms counted.

    `names` is what of it may be a title, nothing if it is too long; `people` are the keys of what may be their names.
    """

    text: str
    writing: Writing
    terms: Mapping[str, int]
    names: tuple[SpelledName, ...]
    people: tuple[str, ...]
    wishes: Wishes


def read_query(query: str) -> Reading:
    """Reads a query of any length."""
    wishes = read_wishes(query)
    # A year or a language may belong to the title: Vidhi 1984, Hindi Medium.
    names = [spell(text) for text in dict.fromkeys((query, wishes.rest)) if _may_be_a_name(text)]
    terms = dict(count_terms(query).most_common(_MOST_TERMS))
    return Reading(
        query,
        writing_of(query),
        terms,
        tuple(name for name in names if name.key),
        _people(wishes.rest),
        wishes,
    )


def _may_be_a_name(text: str) -> bool:
    return len(text) <= _LONGEST_NAME and len(text.split()) <= _LONGEST_NAME_WORDS


def _people(text: str) -> tuple[str, ...]:
    """Keys of what may be names of people: runs of words, single words only where little else is said."""
    joining = vocabulary().joining_words
    # A. in A. R. Murugadoss joins nothing.
    words = [
        word
        for word in text.split()[:_MOST_NAMING_WORDS]
        if word.casefold() not in joining or (len(word) == 1 and word.isupper())
    ]
    least = 1 if len(words) <= _FEW_WORDS else 2
    # The key of a run is those of its words, of which each is in up to ten runs.
    keys = [name_key(word) for word in words]
    runs = (
        " ".join(filter(None, keys[start : start + length]))
        for length in range(least, _LONGEST_PERSON_WORDS + 1)
        for start in range(len(keys) - length + 1)
    )
    return tuple(dict.fromkeys(key for run in runs if (key := run[:_LONGEST_NAME])))


def spell(text: str) -> SpelledName:
    """A text as names are compared."""
    key = name_key(text)[:_LONGEST_NAME]
    return SpelledName(" ".join(text.lower().split()), typed_key(text)[:_LONGEST_NAME], key, sound_key(key))


def writing_of(text: str) -> Writing:
    """INDIC if most letters are, ROMANIZED for an Indic language in Latin letters."""
    if script_of(text):
        return Writing.INDIC
    words = [word.strip(".,!?") for word in text.lower().split()]
    small = sum(word in vocabulary().romanized_small_words for word in words)
    return Writing.ROMANIZED if small * 5 >= max(len(words), 10) else Writing.LATIN
