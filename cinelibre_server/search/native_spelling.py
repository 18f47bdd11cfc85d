"""Indian languages in Latin letters, as their own scripts write them: `do dost apne gaon` is दो दोस्त अपने गाँव.

The embedding model reads its own scripts far better than romanised text. Of the words that it has whole pieces for, the
one that is spelled most like the typed word stands for it; English words that it knows stay as they are, and what is
left is transliterated by rule (indic-transliteration).
"""

import asyncio
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from indic_transliteration import sanscript

from cinelibre_server.embedding.unigram import UnigramTokenizer
from cinelibre_server.search.english_spelling import spell_by_sound
from cinelibre_server.search.romanization import SCRIPTS, name_key, romanize, script_of
from cinelibre_server.search.vocabulary import vocabulary

# A text is romanised if so many of its words, of at least so many, are known, and so few are English small words: most
# stories in an Indian language are, none in English, and few strings of English key words.
_KNOWN_SHARE, _ENGLISH_SHARE = 0.4, 0.12
_LEAST_WORDS, _MOST_WORDS = 4, 100
_LEAST_LETTERS = 3
_LEAST_ENGLISH_LETTERS = 4
# How much a spelling that is wholly alike counts against one that is not at all, in natural logarithms of frequencies.
_ALIKE = 10.0

_WORD = re.compile(r"[^\W_]+")
# As people type, to the Harvard-Kyoto scheme: a word's last vowels are long.
_TYPED = [
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"^(..?)aon$", r"\1AMv"), (r"(?<=[bcdfghjklmnpqrstvwxz])e?y\b", "I"), (r"ei(?=n\b)", "e"),
        (r"ck", "k"), (r"w", "v"), (r"z", "j"), (r"q", "k"), (r"x", "ks"), (r"f", "ph"),
        (r"oo", "U"), (r"ee", "I"), (r"aa", "A"), (r"(?<=[bcdghjklmnprstvyz])a\b", "A"), (r"i\b", "I"),
        (r"c(?!h)", "k"), (r"ch", "c"), (r"sh", "z"),
        (r"(?<=[eo])n\b", "M"), (r"(?<=ai)n\b", "M"), (r"n(?=[kgcjtdpb])", "M"),
    )
]  # fmt: skip
# Scripts that leave a consonant at the end of a word without a sign, and their sign for "no vowel".
_SILENT_END = {"DEVANAGARI": "\u094d", "BENGALI": "\u09cd", "GURMUKHI": "\u0a4d", "GUJARATI": "\u0acd"}
# Between a verb's stem and its ending Hindi writes no such sign: देखने, निकलते.
_VERB_JOINT = re.compile("(?<=[\u0901-\u094c]{2})\u094d(?=(?:न[ेाी]|त[ेाी]|कर|ल[ेाी]|व(?:ान[ेा]|ात[ेाी]|ाया))$)")


@dataclass(frozen=True, slots=True)
class _NativeWord:
    text: str
    romanized: str
    log_frequency: float


_Words = Mapping[str, Sequence[_NativeWord]]
"""Words of a script by their `name_key`."""


class NativeSpelling:
    """Knows the words of an embedding model; without its tokenizer, none. Belongs to one event loop."""

    def __init__(self, tokenizer: UnigramTokenizer | None) -> None:
        self._tokenizer = tokenizer
        self._reading: asyncio.Task[Mapping[str, _Words]] | None = None

    async def read(self, text: str, *, is_romanized: bool) -> str | None:
        """The text in the script that knows most of it; None if it is not romanised.

        The words tell whether it is, unless the caller knows. The first romanised text waits a second for the model's
        words to be read.
        """
        tokenizer, words = self._tokenizer, _WORD.findall(text.lower())[:_MOST_WORDS]
        if tokenizer is None or not (is_romanized or _may_be_romanized(words)):
            return None
        if self._reading is None:
            self._reading = asyncio.create_task(asyncio.to_thread(_by_script, tokenizer.words()))
        by_script = await asyncio.shield(self._reading)
        known = {script: _known(native, words) for script, native in by_script.items()}
        script = max(known, key=lambda script: sum(map(len, known[script])))
        if not is_romanized and sum(map(_tells, known[script])) < _KNOWN_SHARE * len(words):
            return None
        return " ".join(
            _likest(by_script[script], word) or (word if _is_english(tokenizer, word) else _transliterate(script, word))
            for word in words
        )


def _by_script(words: Iterable[tuple[str, float]]) -> Mapping[str, _Words]:
    by_script: dict[str, dict[str, list[_NativeWord]]] = {script: defaultdict(list) for script in SCRIPTS}
    for word, log_frequency in words:
        script = script_of(word) if not word.isascii() else None
        if script and len(word) > 1 and (key := name_key(romanized := romanize(word))):
            by_script[script][key].append(_NativeWord(word, romanized, log_frequency))
    return by_script


def _known(native: _Words, words: Sequence[str]) -> list[str]:
    return [word for word in words if any(key in native for key in _keys(word))]


def _tells(word: str) -> bool:
    """Whether a word that is known says that its text is romanised."""
    known = vocabulary()
    return word in known.romanized_small_words or (len(word) >= _LEAST_LETTERS and word not in known.stop_words)


def _likest(native: _Words, word: str) -> str | None:
    found = max(
        (found for key in _keys(word) for found in native.get(key, ())),
        key=lambda found: _ALIKE * _likeness(word, found.romanized) + found.log_frequency,
        default=None,
    )
    return found.text if found else None


def _is_english(tokenizer: UnigramTokenizer, word: str) -> bool:
    return not _is_plain(word) or (len(word) >= _LEAST_ENGLISH_LETTERS and tokenizer.has_word(word))


def _is_plain(word: str) -> bool:
    return word.isascii() and word.isalpha()


def _may_be_romanized(words: Sequence[str]) -> bool:
    known = vocabulary()
    english = sum(word in known.stop_words and word not in known.romanized_small_words for word in words)
    return len(words) >= _LEAST_WORDS and english <= _ENGLISH_SHARE * len(words)


@lru_cache(maxsize=4096)
def _keys(word: str) -> tuple[str, ...]:
    """Those of the word as it is and as an English word sounds; a number has none."""
    if not _is_plain(word):
        return ()
    heard = spell_by_sound(word)
    return tuple(dict.fromkeys(filter(None, (name_key(word), name_key(heard) if heard else ""))))


def _likeness(word: str, other: str) -> float:
    return SequenceMatcher(None, word, other, autojunk=False).ratio()


def _transliterate(script: str, word: str) -> str:
    for pattern, replacement in _TYPED:
        word = pattern.sub(replacement, word)
    native: str = sanscript.transliterate(word, sanscript.HK, SCRIPTS[script])
    if script == "DEVANAGARI":
        native = _VERB_JOINT.sub("", native)
    return native.removesuffix(_SILENT_END.get(script, ""))
