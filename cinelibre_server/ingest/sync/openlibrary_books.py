"""What Open Library's search and its works say of a book, as ours."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from cinelibre_server.ingest.sync import values
from cinelibre_server.ingest.sync.languages import INDIAN_LANGUAGES
from cinelibre_server.ingest.sync.source import Failed, Found, Outcome
from cinelibre_server.store.catalog_load import BookEntry

WORK_ID: Final = re.compile(r"\bOL[1-9]\d{0,17}W\b")
_MOST_NAMES = 15
_MOST_KEYWORDS = 30
_MOST_ISBNS = 50
_CODES: Final = {language.marc: language.code for language in INDIAN_LANGUAGES} | {"eng": "en"}

# Subjects that are a genre, by how they begin or end; the rest are keywords.
_GENRES: Final = {
    "fiction": "Fiction",
    "novel": "Fiction",
    "short stories": "Short Stories",
    "poetry": "Poetry",
    "drama": "Drama",
    "biography": "Biography",
    "autobiography": "Memoir",
    "history": "History",
    "historical fiction": "Historical",
    "juvenile": "Children",
    "children": "Children",
    "mystery": "Mystery",
    "detective": "Mystery",
    "fantasy": "Fantasy",
    "science fiction": "Science Fiction",
    "romance": "Romance",
    "love stories": "Romance",
    "horror": "Horror",
    "humor": "Humour",
    "humour": "Humour",
    "philosophy": "Philosophy",
    "mythology": "Mythology",
}


def read_book(ref: str, document: Mapping[str, Any], work: Mapping[str, Any]) -> Outcome:
    """The book `ref` by its document in the search, which may be empty, and its work."""
    title = values.text(work.get("title")) or values.text(document.get("title"))
    if not title:
        return Failed(ref, "it has no title")
    subjects = _strings(work.get("subjects")) or _strings(document.get("subject"))
    languages = [_CODES[marc] for marc in _strings(document.get("language")) if marc in _CODES]
    isbns = tuple(dict.fromkeys(filter(None, map(values.isbn13, _strings(document.get("isbn"))))))[:_MOST_ISBNS]
    return Found(
        BookEntry(
            external_id=ref,
            title=title,
            original_title="",
            year=values.year(document.get("first_publish_year")) or values.year(work.get("first_publish_date")),
            # With translations beside it, nobody says which language a work was written in.
            language=languages[0] if len(set(languages)) == 1 else None,
            genres=_genres(subjects),
            keywords=values.names(_keywords(subjects), _MOST_KEYWORDS),
            synopsis=_description(work.get("description")),
            authors=values.names(_strings(document.get("author_name")), _MOST_NAMES),
            page_count=values.small_number(document.get("number_of_pages_median")),
            isbn13=min(isbns, default=None),
            openlibrary_id=ref,
            external_ids=tuple(("isbn13", isbn) for isbn in sorted(isbns)[1:]),
        )
    )


def _description(value: object) -> str:
    """Plain text, or an object with it; without the source notes that end it."""
    told = value if isinstance(value, str) else values.mapping(value).get("value")
    if not isinstance(told, str):
        return ""
    return values.text(re.split(r"\n-{4,}|\(\[source\]", told)[0], values.MAX_SYNOPSIS)


def _strings(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _genres(subjects: Iterable[str]) -> tuple[str, ...]:
    lowered = [values.text(subject).lower() for subject in subjects]
    found = {
        genre: None
        for subject in lowered
        for word, genre in _GENRES.items()
        if subject.startswith(word) or subject.endswith(word)
    }
    return tuple(found)[:_MOST_NAMES]


def _keywords(subjects: Iterable[str]) -> Iterable[str]:
    """Subjects in lower case; those such as nyt:combined=2011 are marks of machines."""
    return (subject.lower() for subject in subjects if not re.search(r"[:=]|\d{4}", subject))
