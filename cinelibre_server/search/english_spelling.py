"""English names by their sound, as Indian scripts write them: `జెంటిల్మేన్` is Gentleman, `एक्शन` Action, `रेस` Race.

Rules of thumb for what English letters stand for, not a dictionary: half of a name's words may be of another language,
and a reading that is wrong only adds a spelling that nobody searches for.
"""

import re

_CONSONANT = "[bcdfghjklmnpqrstvwxyz]"
_RULES = [
    (re.compile(pattern.replace("#", _CONSONANT)), replacement)
    for pattern, replacement in (
        (r"\bmr\b", "mistar"), (r"\bmrs\b", "misej"), (r"\bdr\b", "daktar"), (r"\bthe\b", "da"),
        (r"[tsc]ion\b", "shan"), (r"cian\b", "shan"), (r"ture\b", "char"), (r"dge", "j"), (r"tch", "ch"),
        (r"igh", "ai"), (r"ght", "t"), (r"\bkn", "n"), (r"\bwr", "r"), (r"mb\b", "m"),
        (r"c(?=[eiy])", "s"), (r"g(?=[eiy])", "j"),
        # A silent e tells how the vowel before it sounds.
        (r"a(#)e\b", r"e\1"), (r"i(#)e\b", r"ai\1"), (r"([ou]#)e\b", r"\1"), (r"(#)le\b", r"\1al"),
        (r"ea", "i"), (r"oa", "o"), (r"[eo]r(?=s?\b)", "ar"),
    )
]  # fmt: skip
# Two consonants after a vowel make it short, or one that ends the word. No sign of English: all names do so.
_SHORT_VOWELS = [
    (re.compile(pattern.replace("#", _CONSONANT)), replacement)
    for pattern, replacement in ((r"(?<![aeiou])a(?=#(?:#|\b))", "e"), (r"(?<=#)u(?=#(?:#|\b))", "a"))
]


def spell_by_sound(text: str) -> str | None:
    """The text in lower case, spelled as a reader of English hears it; None if nothing in it looks English."""
    written = text.lower()
    sounds = _apply(_RULES, written)
    return _apply(_SHORT_VOWELS, sounds) if sounds != written else None


def _apply(rules: list[tuple[re.Pattern[str], str]], text: str) -> str:
    for pattern, replacement in rules:
        text = pattern.sub(replacement, text)
    return text
