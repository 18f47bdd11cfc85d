"""Romanised queries are read in their own scripts, with the words that the real model knows; others are left alone."""

from collections.abc import Mapping
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from cinelibre_server.embedding.runtime import Embedder
from cinelibre_server.search.engine import SearchEngine
from cinelibre_server.search.native_spelling import NativeSpelling
from cinelibre_server.search.reading import Writing, read_query
from cinelibre_server.store.search import SearchStore

# Written by hand; the words that the model has no piece for are what the rules make of them.
READ = {
    "do dost apne gum hue dost ko dhundte hain": "दो दोस्त अपने गुम हुए दोस्त को धुंदते हैं",
    "shaadi ke baad english seekhne wali gharelu aurat": "शादी के बाद english सीखने वाली घरेलू औरत",
    "team ka coach jo apna khoya samman wapas pana chahta hai": "टीम का coach जो अपना खोया सम्मान वापस पाना चहता है",
    "rendu annadammulu oka ammayi kosam godava": "రెండు అన్నదమ్ములు ఒక అమ్మాయి కోసం గొడవ",
    "oru magan doctor aavathu patri": "ஒரு மகன் doctor ஆவது பற்றி",
    "1947 ke baad ek gaon mein": "1947 के बाद एक गांव में",
    "purani haveli, nartaki ki aatma!": "पुरानी हवेली नर्तकी की आत्मा",
}
LEFT = (
    "a man who lost his brother in Mumbai",
    "villagers challenge british officers cricket match escape paying",
    "shah rukh khan",
    "do dost",
    "दो दोस्त अपने गाँव में",
    "!!! 1999 ???",
    "",
)


@pytest.fixture
def spelling(embedder: Embedder) -> NativeSpelling:
    return NativeSpelling(embedder.tokenizer)


@pytest.mark.parametrize("text", READ)
async def test_romanised_texts_are_read_in_the_script_of_their_words(spelling: NativeSpelling, text: str) -> None:
    assert await spelling.read(text, is_romanized=False) == READ[text]


@pytest.mark.parametrize("text", LEFT)
async def test_other_texts_are_not(spelling: NativeSpelling, text: str) -> None:
    assert await spelling.read(text, is_romanized=False) is None


async def test_a_caller_who_knows_is_believed(spelling: NativeSpelling) -> None:
    assert await spelling.read("do dost", is_romanized=True) == "दो दोस्त"
    # A query may have 10,000 characters; a model reads 512 tokens.
    many = await spelling.read("dost " * 2000, is_romanized=True)
    assert many is not None
    assert set(many.split()) == {"दोस्त"}


async def test_a_model_whose_words_are_not_known_reads_what_was_typed() -> None:
    assert await NativeSpelling(None).read(next(iter(READ)), is_romanized=True) is None


async def test_both_readings_of_a_romanised_query_make_its_vector(spelling: NativeSpelling) -> None:
    typed = "do dost apne gum hue dost ko dhundte hain"
    vectors: Mapping[str, NDArray[np.float32]] = {typed: _axis(0), READ[typed]: _axis(1)}

    async def embed(text: str) -> NDArray[np.float32]:
        return vectors[text]

    means = {Writing.ROMANIZED: _axis(2), Writing.INDIC: _axis(3)}
    question = await SearchEngine(_NO_STORE, embed, means, spelling).question(read_query(typed))
    assert question.embedding is not None
    np.testing.assert_allclose(question.embedding[:4], [0.2, 0.8, -0.2 * 0.85, -0.8 * 0.85], rtol=1e-6)


_NO_STORE = cast(SearchStore, None)


def _axis(number: int) -> NDArray[np.float32]:
    vector = np.zeros(384, np.float32)
    vector[number] = 1
    return vector
