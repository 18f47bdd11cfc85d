"""The words of `vocabulary.toml`: stop words, and names of languages, genres and types."""

import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import cast

from cinelibre_server.store.items import ItemKind

_FILE = Path(__file__).with_suffix(".toml")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All words are in lower case and NFC; `languages`, `genres` and `types` lead from a word to what it names."""

    stop_words: frozenset[str]
    romanized_small_words: frozenset[str]
    joining_words: frozenset[str]
    story_words: frozenset[str]
    languages: Mapping[str, str]
    genres: Mapping[str, str]
    types: Mapping[str, ItemKind]


@cache
def vocabulary() -> Vocabulary:
    """Read once."""
    read = tomllib.loads(unicodedata.normalize("NFC", _FILE.read_text(encoding="utf-8")))
    stop, small, joining, story = (
        frozenset(read[name].split())
        for name in ("stop_words", "romanized_small_words", "joining_words", "story_words")
    )
    languages, genres, types = (
        {word: named for named, words in read[table].items() for word in words.split()}
        for table in ("languages", "genres", "types")
    )
    return Vocabulary(stop, small, joining, story, languages, genres, cast(Mapping[str, ItemKind], types))
