"""Indic scripts in Latin letters, and spellings made alike: `दृश्यम`, `த்ரிஷ்யம்`, `Drishyam` and `drushyam` are one name.

Scripts are transliterated by indic-transliteration (IAST). People write Indian names in Latin letters in many ways, so
names are compared by two keys:

- `name_key`: long vowels, aspirates and doubled letters count as the plain letter, as in the "loose" search of library
  catalogues; words stay apart.
- `sound_key`: only the classes of the consonants, which survive Tamil's single letter for k and g, Bengali's for b and
  v, and vowels that are written or not; as Soundex (Russell, 1918) does for English.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby

from indic_transliteration import sanscript

SCRIPTS = {
    "DEVANAGARI": sanscript.DEVANAGARI,
    "BENGALI": sanscript.BENGALI,
    "GURMUKHI": sanscript.GURMUKHI,
    "GUJARATI": sanscript.GUJARATI,
    "ORIYA": sanscript.ORIYA,
    "TAMIL": sanscript.TAMIL,
    "TELUGU": sanscript.TELUGU,
    "KANNADA": sanscript.KANNADA,
    "MALAYALAM": sanscript.MALAYALAM,
}
_BLOCKS = {first // 0x80: script for first, script in zip(range(0x900, 0xD80, 0x80), SCRIPTS, strict=True)}
# The dot that makes letters for foreign sounds, and joiners, which only choose a glyph.
_UNWRITTEN = {ord(sign): None for sign in "\u093c\u09bc\u0a3c\u0abc\u0b3c\u200b\u200c\u200d\ufeff"}
# Malayalam's letters without a vowel, Bengali's and Gurmukhi's signs that the transliteration does not know.
_SPELLED_OUT = str.maketrans(
    {
        "ൺ": "ണ്", "ൻ": "ന്", "ർ": "ര്", "ൽ": "ല്", "ൾ": "ള്", "ൿ": "ക്",
        "ৎ": "ত্", "ং": "ঙ্", "ੰ": "ਂ", "ੱ": "",
        # Vowels of English words.
        "ऑ": "ओ", "ॉ": "ो", "ऍ": "ए", "ॲ": "ए", "ॅ": "े", "ઑ": "ઓ", "ૉ": "ો", "ઍ": "એ", "ૅ": "ે",
    }
)  # fmt: skip
# Bengali's য is j, but y with a dot and after a consonant.
_BENGALI_J = re.compile("(?<!\u09cd)\u09af(?!\u09bc)")
# How Malayalam and Tamil say a doubled ṟ, and one after n.
_DOUBLED_R = {"MALAYALAM": {"ṟṟ": "ṭṭ", "nṟ": "nṭ"}, "TAMIL": {"ṟṟ": "ṭr", "ṉṟ": "ṉḍr"}}
# IAST as people would write it.
_READABLE = str.maketrans(
    {
        "c": "ch", "ś": "sh", "ṣ": "sh", "ṛ": "ri", "ṝ": "ri", "ḷ": "l", "ṃ": "n", "ṁ": "n", "ñ": "n", "ṅ": "n",
        "ṇ": "n", "ḥ": "h", "'": "", "’": "", "~": "",
    }
)  # fmt: skip
# How the transliteration spells Tamil's stops, of which the voiceless are doubled or begin a word.
_VOICELESS = {"gh": "k", "jh": "c", "ḍh": "ṭ", "dh": "t", "bh": "p"}
_VOICED = {"gh": "g", "jh": "s", "ḍh": "ḍ", "dh": "d", "bh": "b"}
_DOUBLED_STOP = re.compile(r"(gh|jh|ḍh|dh|bh)\1")
_FIRST_STOP = re.compile(r"\b(gh|jh|ḍh|dh|bh)")
_STOP = re.compile(r"gh|jh|ḍh|dh|bh")
# Scripts whose readers drop the last inherent vowel of a word.
_DROPS_LAST_VOWEL = {"DEVANAGARI", "BENGALI", "GURMUKHI", "GUJARATI"}
_LAST_VOWEL = re.compile(r"(?<=[^aeiouāīūèò\W])a\b")

_FOLDS = [
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"ck", "k"), (r"x", "ks"), (r"q", "k"), (r"w", "v"), (r"z(?=h)", "l"), (r"z", "j"),
        (r"c(?!h)", "k"), (r"f", "p"),
        (r"(?<=[kgcjtdpbslr])h|(?<=[aeiou])h(?![aeiou])", ""), (r"y", "i"),
        (r"aa+", "a"), (r"ee+|ii+", "i"), (r"oo+|uu+", "u"), (r"ae|ai|ei", "e"), (r"au|ou", "o"),
        (r"m(?=[kgcjtdpb]|\b)", "n"),
        (r"([a-z])\1+", r"\1"),
    )
]  # fmt: skip
# Hindi's silent a, which people write or not: dilavale, devadas.
_SILENT_A = re.compile(r"(?<=[aeiou][^aeiou\s])a(?=[^aeiou\s][aeiou])")
# What a letter at the end of a typed text may be in a key, once it goes on.
_OPEN_ENDS = {"a": "eo", "e": "i", "o": "u", "c": "c", "m": "m", "z": "l"}
# Tamil words are read as if they began voiceless.
_VOICED_FIRST = {"k": "g", "t": "d", "p": "b", "s": "j"}
_WORD = re.compile(r"[^\W_]+")
_SOUNDS = str.maketrans(
    {
        **dict.fromkeys("kg", "k"), **dict.fromkeys("cjs", "s"), **dict.fromkeys("td", "t"),
        **dict.fromkeys("pbv", "p"), **dict.fromkeys("mn", "n"), **dict.fromkeys("aeiouh", None),
    }
)  # fmt: skip


def script_of(text: str) -> str | None:
    """The Indic script of most of the text's letters, as in `TAMIL`; None if most are of another script."""
    counts: dict[str | None, int] = {}
    for character in text:
        if character.isalpha():
            script = _BLOCKS.get(ord(character) // 0x80)
            counts[script] = counts.get(script, 0) + 1
    return max(counts, key=counts.__getitem__, default=None)


@lru_cache(maxsize=4096)
def romanize(text: str) -> str:
    """The text with what is in Indic scripts in plain Latin letters; the rest is left as it is."""
    plain = _BENGALI_J.sub("জ", unicodedata.normalize("NFD", text)).translate(_UNWRITTEN)
    plain = unicodedata.normalize("NFC", plain).translate(_UNWRITTEN).translate(_SPELLED_OUT)
    return "".join(
        _transliterate("".join(run), script)
        for script, run in groupby(plain, lambda letter: _BLOCKS.get(ord(letter) // 0x80))
    )


def name_key(text: str) -> str:
    """The words of a name as all spellings of it have them, joined by spaces; empty without a letter or digit."""
    return _SILENT_A.sub("", typed_key(text))


def typed_key(text: str) -> str:
    """The same with all vowels, so that the key of a name begins with the key of its beginning."""
    key = " ".join(_WORD.findall(_ascii(romanize(text))))
    for pattern, replacement in _FOLDS:
        key = pattern.sub(replacement, key)
    return key.strip()


def typed_starts(text: str) -> Sequence[str]:
    """What the key of a name may begin with, without spaces, that begins with a text: its `typed_key` first.

    The last letter may be heard in another way with the next one: `vaaz` may become `vaazh`, and `idha`, `idhayam`.
    """
    key = typed_key(text).replace(" ", "")
    if not key:
        return []
    starts = [key, *(key[:-1] + heard for heard in _OPEN_ENDS.get(text.rstrip()[-1:].lower(), ""))]
    if script_of(text) == "TAMIL" and key[0] in _VOICED_FIRST:
        starts.append(_VOICED_FIRST[key[0]] + key[1:])
    return starts


def sound_key(key: str) -> str:
    """The consonants' classes of a `name_key`, without spaces; a word's first vowel stays as `a`."""
    words = (re.sub("^[aeiou]", "A", word) for word in key.split())
    return re.sub(r"(.)\1+", r"\1", "".join(words).translate(_SOUNDS).lower())


def _transliterate(run: str, script: str | None) -> str:
    if script is None:
        return run
    latin: str = sanscript.transliterate(run, SCRIPTS[script], sanscript.IAST)
    for written, spoken in _DOUBLED_R.get(script, {}).items():
        latin = latin.replace(written, spoken)
    if script in _DROPS_LAST_VOWEL:
        latin = _LAST_VOWEL.sub("", latin)
    if script == "BENGALI":
        latin = latin.replace("v", "b")
    if script == "TAMIL":
        latin = _voice_tamil(latin)
    return _ascii(latin.translate(_READABLE))


def _voice_tamil(latin: str) -> str:
    """Tamil writes k and g with one letter, and so on: it is voiced between vowels and after a nasal."""
    latin = _DOUBLED_STOP.sub(lambda found: 2 * _VOICELESS[found[1]], latin)
    latin = _FIRST_STOP.sub(lambda found: _VOICELESS[found[1]], latin).replace("ñjh", "ñj")
    return _STOP.sub(lambda found: _VOICED[found[0]], latin)


def _ascii(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
