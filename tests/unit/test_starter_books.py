"""The starter book catalogue is a hand-written data file: these tests are its editor."""

import json
import re
import unicodedata
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

BOOKS_FILE = Path(__file__).parents[2] / "cinelibre_server" / "ingest" / "starter" / "books.jsonl"

KEYS = [
    "key",
    "title",
    "original_title",
    "year",
    "language",
    "genres",
    "authors",
    "keywords",
    "synopsis",
    "page_count",
    "isbn13",
    "openlibrary_id",
]

GENRES = frozenset(
    {
        "Fiction",
        "Classic",
        "Historical",
        "Romance",
        "Mystery",
        "Thriller",
        "Fantasy",
        "Science Fiction",
        "Horror",
        "Humour",
        "Poetry",
        "Drama",
        "Short Stories",
        "Mythology",
        "Memoir",
        "Biography",
        "History",
        "Philosophy",
        "Children",
        "Nonfiction",
        "Political",
        "Coming of Age",
        "Magical Realism",
    }
)

# First and last code point of the blocks that each language is written in. A language that is not
# listed is written in Latin letters.
CJK = (0x4E00, 0x9FFF)
SCRIPT_BLOCKS: dict[str, list[tuple[int, int]]] = {
    "hi": [(0x0900, 0x097F)],
    "mr": [(0x0900, 0x097F)],
    "bn": [(0x0980, 0x09FF)],
    "as": [(0x0980, 0x09FF)],
    "pa": [(0x0A00, 0x0A7F)],
    "gu": [(0x0A80, 0x0AFF)],
    "or": [(0x0B00, 0x0B7F)],
    "ta": [(0x0B80, 0x0BFF)],
    "te": [(0x0C00, 0x0C7F)],
    "kn": [(0x0C80, 0x0CFF)],
    "ml": [(0x0D00, 0x0D7F)],
    "ur": [(0x0600, 0x06FF)],
    "ar": [(0x0600, 0x06FF)],
    "ru": [(0x0400, 0x04FF)],
    "ja": [(0x3040, 0x30FF), CJK],
    "zh": [CJK],
}
LATIN_LANGUAGES = frozenset({"en", "de", "es", "fr", "it", "nl", "pt", "tr"})
INDIAN_LANGUAGES = frozenset({"as", "bn", "gu", "hi", "kn", "ml", "mr", "or", "pa", "ta", "te", "ur"})

# Urdu needs letters that Arabic lacks, Assamese two that Bengali lacks; a title in the wrong one of
# two languages that share a block shows itself by these.
FOREIGN_LETTERS = {"ar": "ٹڈڑںھہےیکگچپ", "ur": "ةىيك", "bn": "ৰৱ", "as": "র"}

# Books whose films are the bridge from a taste in cinema to a taste in books.
FILMED_IN_INDIA = {
    "chemmeen-1956",
    "chokher-bali-1903",
    "devdas-1917",
    "five-point-someone-2004",
    "godaan-1936",
    "parineeta-1914",
    "pather-panchali-1929",
    "q-a-2005",
    "samskara-1965",
    "the-guide-1958",
    "train-to-pakistan-1956",
    "umrao-jaan-ada-1899",
}

Book = dict[str, Any]


def load_books() -> list[Book]:
    """Every line of the file as a JSON object, in file order."""
    return [json.loads(line) for line in BOOKS_FILE.read_text(encoding="utf-8").splitlines()]


BOOKS = load_books()
each_book = pytest.mark.parametrize("book", BOOKS, ids=lambda book: str(book["key"]))


def slug(title: str) -> str:
    """The title in ascii lower case, words joined by hyphens, apostrophes dropped."""
    ascii_title = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", ascii_title.replace("'", "")).strip("-")


def in_native_script(text: str, language: str) -> bool:
    """Whether the text has letters and each letter or mark of it belongs to the language's script."""
    written = [char for char in text if unicodedata.category(char)[0] in "LM"]
    if language in LATIN_LANGUAGES:
        return bool(written) and all(unicodedata.name(char).startswith("LATIN ") for char in written)
    blocks = SCRIPT_BLOCKS[language]
    native = all(any(first <= ord(char) <= last for first, last in blocks) for char in written)
    return bool(written) and native and not set(text) & set(FOREIGN_LETTERS.get(language, ""))


def is_isbn13(text: str) -> bool:
    """13 digits with a bookland prefix, weighted 1, 3, 1, 3 … to a multiple of ten (ISO 2108)."""
    if not re.fullmatch(r"97[89][0-9]{10}", text):
        return False
    return sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(text)) % 10 == 0


def repeated(values: list[Any]) -> list[Any]:
    return [value for value, count in Counter(values).items() if count > 1]


def is_list_of_texts(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(type(item) is str and item for item in value)


def test_file_is_one_object_a_line() -> None:
    text = BOOKS_FILE.read_text(encoding="utf-8")
    assert text.endswith("}\n")
    assert "\r" not in text and "\n\n" not in text and not text.startswith("\ufeff")
    assert all(isinstance(book, dict) for book in BOOKS)


def test_catalogue_is_broad() -> None:
    languages = Counter(book["language"] for book in BOOKS)
    assert len(BOOKS) >= 300
    assert len(languages) >= 6
    assert languages.keys() >= INDIAN_LANGUAGES
    assert {genre for book in BOOKS for genre in book["genres"]} == GENRES


def test_filmed_books_are_there() -> None:
    assert {book["key"] for book in BOOKS} >= FILMED_IN_INDIA


def test_nothing_is_repeated() -> None:
    assert repeated([book["key"] for book in BOOKS]) == []
    assert repeated([(book["title"].casefold(), tuple(book["authors"])) for book in BOOKS]) == []
    assert repeated([(book["original_title"].casefold(), tuple(book["authors"])) for book in BOOKS]) == []
    assert repeated([book["synopsis"].casefold() for book in BOOKS]) == []
    assert repeated([book["isbn13"] for book in BOOKS if book["isbn13"]]) == []
    assert repeated([book["openlibrary_id"] for book in BOOKS if book["openlibrary_id"]]) == []


@each_book
def test_fields_have_their_types(book: Book) -> None:
    assert list(book) == KEYS
    assert all(type(book[name]) is str for name in ("key", "title", "original_title", "language", "synopsis"))
    assert all(is_list_of_texts(book[name]) for name in ("genres", "authors", "keywords"))
    assert type(book["year"]) is int
    assert type(book["page_count"]) in (int, type(None))
    assert all(type(book[name]) in (str, type(None)) for name in ("isbn13", "openlibrary_id"))


@each_book
def test_text_is_clean(book: Book) -> None:
    texts = [book["title"], book["original_title"], book["synopsis"]]
    texts += book["authors"] + book["keywords"] + book["genres"]
    for text in texts:
        assert text == unicodedata.normalize("NFC", text)
        assert text == " ".join(text.split())
        assert not any(unicodedata.category(char) in ("Cc", "Co", "Cn") for char in text)


@each_book
def test_key_is_title_and_year(book: Book) -> None:
    assert book["key"] == f"{slug(book['title'])}-{book['year']}"
    assert 1 <= book["year"] <= datetime.now(UTC).year


@each_book
def test_titles_are_in_their_scripts(book: Book) -> None:
    assert book["language"] in SCRIPT_BLOCKS.keys() | LATIN_LANGUAGES
    assert in_native_script(book["original_title"], book["language"])
    assert in_native_script(book["title"], "en")
    if book["language"] == "en":
        assert book["original_title"] == book["title"]


@each_book
def test_genres_and_keywords(book: Book) -> None:
    assert set(book["genres"]) <= GENRES
    assert repeated(book["genres"]) == []
    assert 3 <= len(book["keywords"]) <= 8
    assert repeated(book["keywords"]) == []
    assert all(keyword == keyword.lower() for keyword in book["keywords"])


@each_book
def test_synopsis_is_one_or_two_sentences(book: Book) -> None:
    synopsis = book["synopsis"]
    assert 15 <= len(synopsis.split()) <= 45
    assert synopsis.endswith(".") and synopsis[0].isupper()


@each_book
def test_numbers_and_identifiers(book: Book) -> None:
    assert book["page_count"] is None or 1 <= book["page_count"] <= 5000
    assert book["isbn13"] is None or is_isbn13(book["isbn13"])
    assert book["openlibrary_id"] is None or re.fullmatch(r"OL[1-9][0-9]*W", book["openlibrary_id"])


@pytest.mark.parametrize(
    ("text", "valid"),
    [("9780306406157", True), ("9780306406158", False), ("978030640615X", False), ("97803064061", False)],
)
def test_isbn_check_digit(text: str, valid: bool) -> None:
    assert is_isbn13(text) is valid


@pytest.mark.parametrize(
    ("text", "language", "native"),
    [
        ("गोदान", "hi", True),
        ("Godaan", "hi", False),
        ("গোরা", "hi", False),
        ("গোরা", "as", False),
        ("1984", "en", False),
        ("", "ta", False),
    ],
)
def test_script_check(text: str, language: str, native: bool) -> None:
    assert in_native_script(text, language) is native
