"""Passages of long texts: nothing is lost, each is short, neighbours share a sentence."""

import itertools

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cinelibre_server.search.indexing import credits_text, indexed_item, passage_text, texts_to_embed
from cinelibre_server.search.passages import PASSAGE_CHARACTERS, passage_spans
from cinelibre_server.search.terms import count_terms
from cinelibre_server.store.embeddings import Passage
from tests.sql.builders import random_vectors

LONGEST = PASSAGE_CHARACTERS * 5 // 4
"""Of a sentence that is not cut."""

SENTENCES = st.builds(
    lambda words, end: " ".join(words) + end,
    st.lists(st.text(st.sampled_from("abcdeकखগঘதே"), min_size=1, max_size=12), min_size=1, max_size=30),
    st.sampled_from((".", "!", "?", "।", "॥", "...", "?!")),
)
STORIES = st.lists(SENTENCES, max_size=12).map(" ".join)


def sentence(number: int, length: int = 100) -> str:
    return f"Sentence {number} ".ljust(length - 1, "x") + "."


def assert_whole(text: str) -> None:
    spans = passage_spans(text)
    covered: set[int] = set()
    for start, end in spans:
        assert 0 <= start < end <= len(text)
        assert end - start <= LONGEST
        assert text[start:end] == text[start:end].strip()
        covered.update(range(start, end))
    assert {place for place, character in enumerate(text) if not character.isspace()} <= covered
    assert [start for start, _end in spans] == sorted({start for start, _end in spans})
    ends = [end for _start, end in spans]
    assert ends == sorted(ends)


@given(st.one_of(st.text(max_size=1500), STORIES))
@example("x" * 2000)
@example(" " * 2000)
@example("x" * 259 + " " + "y" * 259 + " z")
@example("word " * 400)
@example("\n\n" + "a. " * 500)
@example("क।" * 400)
def test_nothing_is_lost(text: str) -> None:
    assert_whole(text)


def test_neighbours_share_a_sentence() -> None:
    text = " ".join(sentence(number) for number in range(6))
    spans = passage_spans(text)
    assert spans == [(101 * first, 101 * first + 201) for first in range(5)]


@given(st.lists(st.integers(20, PASSAGE_CHARACTERS // 2 - 1), min_size=3, max_size=20))
def test_neighbours_share_their_last_and_first_sentence(lengths: list[int]) -> None:
    sentences = [sentence(number, length) for number, length in enumerate(lengths)]
    text = " ".join(sentences)
    spans = passage_spans(text)
    for (_start, end), (start, _end) in itertools.pairwise(spans):
        assert text[start:end] in sentences


def test_long_sentences_stand_alone_without_overlap() -> None:
    text = " ".join(sentence(number, 250) for number in range(3))
    assert passage_spans(text) == [(0, 250), (251, 501), (502, 752)]
    just = "x" * (LONGEST - 1) + "."
    assert passage_spans(just) == [(0, LONGEST)]


def test_a_sentence_that_is_too_long_is_cut_between_words() -> None:
    text = "word " * 200 + "end."
    spans = passage_spans(text)
    assert len(spans) >= 4
    for start, end in spans:
        assert text[start:end].split()[0] in ("word", "end.")
        assert text[start:end].split()[-1] in ("word", "end.")
    assert_whole(text)


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("", []),
        (" \n\t", []),
        ("One.", [(0, 4)]),
        ("  One. Two!  ", [(2, 11)]),
        ("No full stop", [(0, 12)]),
        ("।", [(0, 1)]),
        ("एक पिता। दो बेटियाँ॥ अंत", [(0, 24)]),
        ("3.5 stars. v1.2", [(0, 15)]),
    ],
)
def test_short_texts_are_one_passage(text: str, spans: list[tuple[int, int]]) -> None:
    assert passage_spans(text) == spans


def test_a_danda_ends_a_sentence() -> None:
    hindi = " ".join("क" * 150 + mark for mark in "।॥।")
    assert passage_spans(hindi) == [(0, 151), (152, 303), (304, 455)]


def test_every_text_to_embed_has_its_place() -> None:
    synopsis = " ".join(sentence(number) for number in range(6))
    item = Passage(7, "Devdas", "দেবদাস", 1955, ("Bimal Roy", "दिलीप कुमार", "!"), ("Drama",), ("loss",), synopsis)
    texts = texts_to_embed(item)
    vectors = np.stack(random_vectors(len(texts), seed=1))
    indexed = indexed_item(item, vectors)
    assert texts[0] == passage_text(item)
    assert texts[1] == credits_text(item) == "Devdas. দেবদাস. 1955. Bimal Roy, दिलीप कुमार, !. Drama"
    assert indexed.whole is not None
    kept = [indexed.whole, *(passage.embedding for passage in indexed.passages)]
    np.testing.assert_array_equal(np.stack(kept), vectors)
    assert (indexed.passages[0].first_character, indexed.passages[0].character_count) == (0, 0)
    assert [
        synopsis[passage.first_character : passage.first_character + passage.character_count]
        for passage in indexed.passages[1:]
    ] == texts[2:]
    assert [name.name for name in indexed.names] == ["Devdas", "দেবদাস"]
    # A name without a letter has no key.
    assert len(indexed.people) == 2
    assert indexed.terms[next(iter(count_terms("Devdas")))] > indexed.terms["drama"] > 0


def test_an_item_without_a_synopsis_has_its_credits_alone() -> None:
    item = Passage(7, "Mother India", "Mother India", None, (), (), (), "")
    texts = texts_to_embed(item)
    assert texts == ["Mother India", "Mother India"]
    indexed = indexed_item(item, np.stack(random_vectors(2, seed=1)))
    assert indexed.whole is None
    assert len(indexed.passages) == 1
    assert [(name.name, list(name.starts)) for name in indexed.names] == [
        ("Mother India", [indexed.names[0].key, indexed.names[0].key.split()[1]])
    ]
    with pytest.raises(ValueError, match="zip"):
        indexed_item(item, np.stack(random_vectors(3, seed=1)))
