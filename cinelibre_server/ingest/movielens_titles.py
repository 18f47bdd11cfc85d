"""Reads what MovieLens packs into a film's title and genres."""

import re
from dataclasses import dataclass

# "(1995)", "(2009-2012)" or "(2009- )" at the end, perhaps with "(V)" or "(TV)" behind it.
_YEAR = re.compile(r"\s*\((\d{4})(?:\s*[-–]\s*(?:\d{4})?\s*)?\)\s*(?:\((?:V|TV|VG)\)\s*)?$")
# A title in parentheses at the end; "Birdman: Or (The ...)" is all one title.
_ALTERNATIVE = re.compile(r"(?<=\S)(?<!\b[Oo]r)\s+\(([^()]+)\)$")
_ALSO_KNOWN_AS = re.compile(r"^a\.?k\.?a\.?\s+", re.IGNORECASE)
_ARTICLE = re.compile(
    r"^(?P<rest>.+), (?P<article>The|A|An|L[ae]s?|L'|El|Los|Il|I|Lo|Gli|Un|Une|Una|Der|Die|Das|Ein|Eine|"
    r"De[nt]?|Het|Een|En|Ett|O|Os|As)$"
)

_GENRES = {
    "Children's": "Family",
    "Children": "Family",
    "Sci-Fi": "Science Fiction",
    "Film-Noir": "Film Noir",
}
_NO_GENRES = frozenset({"(no genres listed)", "unknown", "IMAX", ""})


@dataclass(frozen=True, slots=True)
class Title:
    """A film's name; `original` is the title itself where no other is known."""

    title: str
    original: str
    year: int | None


def parse_title(text: str) -> Title:
    """Takes "Hate (Haine, La) (1995)" apart: title "Hate", original title "La Haine", year 1995.

    Of several titles in parentheses the last that isn't marked "a.k.a." is the original one.
    """
    text = " ".join(text.split())
    year = None
    if match := _YEAR.search(text):
        text, year = text[: match.start()], int(match[1]) or None
    original = also_known_as = None
    while match := _ALTERNATIVE.search(text):
        text, alternative = text[: match.start()], match[1].strip()
        if known := _ALSO_KNOWN_AS.match(alternative):
            also_known_as = alternative[known.end() :]
        elif not _is_nickname(alternative):
            original = original or alternative
    title = _article_first(text)
    return Title(title, _article_first(original or also_known_as or text), year)


def map_genres(names: list[str]) -> tuple[str, ...]:
    """The catalogue's names of MovieLens genres, in order; IMAX is a format and left out."""
    return tuple(dict.fromkeys(_GENRES.get(name, name) for name in names if name not in _NO_GENRES))


def _is_nickname(alternative: str) -> bool:
    # "ID4" for Independence Day, "Se7en" for Seven.
    return " " not in alternative and any(letter.isdigit() for letter in alternative)


def _article_first(title: str) -> str:
    match = _ARTICLE.match(title)
    if match is None:
        return title
    space = "" if match["article"].endswith("'") else " "
    return match["article"] + space + match["rest"]
