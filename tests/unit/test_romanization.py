"""One name in many spellings and scripts: the same keys for all of them, other keys for other names."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cinelibre_server.search.romanization import name_key, romanize, script_of, sound_key, typed_key, typed_starts

# Spellings that differ in length of vowels, aspirates, doubled letters and script only.
ONE_KEY = {
    "Drishyam": ("drisyam", "DRISHYAM", "Dhrishyam", "दृश्यम", "दृश्यम्", "దృశ్యం", "ദൃശ്യം", "ದೃಶ್ಯಂ"),
    "Baahubali": ("Bahubali", "BAAHUBALI", "Bahubalee", "बाहुबली", "బాహుబలి", "ബാഹുബലി"),
    "Sholay": ("Sholey", "Shole", "sholae", "शोले", "ਸ਼ੋਲੇ", "શોલે", "ଶୋଲେ", "শোলে"),
    "Devdas": ("Devadas", "devdaas", "DevDas", "देवदास"),
    # The nukta as a sign of its own, in one letter with the consonant, or left out; n as a letter or a dot.
    "Zindagi": ("Jindagi", "zindagee", "ज़िन्दगी", "ज\u093cिन्दगी", "\u095bिन्दगी", "ज़िंदगी", "जिंदगी", "ਜ਼ਿੰਦਗੀ"),
    # Malayalam's chillu: one letter of its own, or a letter, its virama and a joiner, or no joiner.
    "avan": ("അവൻ", "അവന്\u200d", "അവന്", "Avan"),
    "Mohanlal": ("മോഹൻലാൽ", "മോഹന്\u200dലാല്\u200d", "mohanlaal"),
    "Bharat": ("भारत", "ভারত", "ਭਾਰਤ", "ભારત", "భారత్", "ഭാരത്", "Barat", "Bhaarat"),
    "Singh": ("ਸਿੰਘ", "Sing", "सिंघ"),
    "Charulata": ("चारुलता", "CHARULATA", "Chaarulata", "Charulatha"),
    "Amélie": ("Amelie", "AMÉLIE", "Ame\u0301lie"),
    "Maa": ("माँ", "মা"),
    # Vowels of English words.
    "Rok": ("रॉक", "રૉક"),
    "On": ("ऑन", "ઑન"),
    # Bengali's j and y; Malayalam's and Tamil's doubled r; Tamil's j after n.
    "Abhijan": ("অভিযান",),
    "Naayak": ("নায়ক", "না\u09dfক", "नायक"),
    "Kanya": ("কন্যা", "कन्या"),
    "Grett": ("ഗ്രേറ്റ്",),
    "Grant": ("ഗ്രാന്റ്", "ഗ്രാൻറ്"),
    "Maatraan": ("மாற்றான்",),
    "Indru": ("இன்று",),
    "Anjaade": ("அஞ்சாதே",),
}  # fmt: skip

# Spellings that differ in vowels, too, or in consonants that a script has one letter for.
ONE_SOUND = {
    "Drishyam": ("Drushyam", "drishyum", "திருஷ்யம்", "த்ரிஷ்யம்", *ONE_KEY["Drishyam"]),
    "Dilwale Dulhania Le Jayenge": (
        "Dilvale Dulhaniya Le Jaayenge", "Dilwale Dulhaniya Le Jayenge", "दिलवाले दुल्हनिया ले जाएंगे",
        "दिलवाले दुल्हनिया ले जायेंगे", "dilwaledulhanialejayenge",
    ),
    "Devdas": ("দেবদাস", "దేవదాసు", "Debdas", *ONE_KEY["Devdas"]),
    "Zindagi": ("zindegi", *ONE_KEY["Zindagi"]),
    "Bharat": ("ଭାରତ", *ONE_KEY["Bharat"]),
    "Enthiran": ("எந்திரன்", "Endhiran", "Enthiren"),
    "Bahubali": ("Bahoobali", "bahubalee", *ONE_KEY["Baahubali"]),
}  # fmt: skip

DIFFERENT = (
    ("Sholay", "Shaan"), ("Devdas", "Dev"), ("Drishyam", "Darshan"), ("Baahubali", "Bahu"), ("Dangal", "Dabangg"),
    ("Don", "Dan"), ("Mother India", "Mother"), ("Drishyam", "Drishyam 2"), ("Kabhi Kabhie", "Kabir Singh"),
    ("Roja", "Raja"), ("Nayak", "Nayakan"), ("Guru", "Gauri"), ("1983", "83"),
)  # fmt: skip

ODD = (
    "", " ", "\n", "!?…", "😀", "👨\u200d👩\u200d👧", "\u200d", "\u200b\ufeff", "\u093c", "्", "ം", "\u0bcd\u200c", "।",
    "॥", "\ud800", "\U0010ffff", "a\0b", "ʰ",
)  # fmt: skip

# Letters that are written for one consonant or vowel, in different ways.
ALIKE = {
    "k": ("kh", "kk", "q", "ck"),
    "g": ("gh", "gg"),
    "t": ("th", "tt"),
    "d": ("dh", "dd"),
    "p": ("ph", "f", "pp"),
    "b": ("bh", "bb"),
    "v": ("w", "vv"),
    "j": ("jh", "z"),
    "s": ("sh", "ss"),
    "n": ("nn",),
    "l": ("ll",),
}
LONG = {"a": ("aa",), "i": ("ee", "ii"), "u": ("oo", "uu"), "e": ("ae", "ai"), "o": ("au",)}

INDIC = st.characters(min_codepoint=0x0900, max_codepoint=0x0DFF)
LATIN = st.sampled_from("abcdefghijklmnopqrstuvwxyz")
# As people write names: letters of one or several scripts, joiners, spaces, digits.
NAMES = st.text(st.one_of(LATIN, INDIC, st.sampled_from(" -'0123456789\u200c\u200d")), max_size=40)


@pytest.mark.parametrize(("name", "spelling"), [(name, other) for name, others in ONE_KEY.items() for other in others])
def test_spellings_and_scripts_have_one_key(name: str, spelling: str) -> None:
    assert name_key(spelling) == name_key(name) != ""


@pytest.mark.parametrize(
    ("name", "spelling"), [(name, other) for name, others in ONE_SOUND.items() for other in others]
)
def test_rougher_spellings_sound_alike(name: str, spelling: str) -> None:
    assert sound_key(name_key(spelling)) == sound_key(name_key(name)) != ""


@pytest.mark.parametrize(("name", "other"), DIFFERENT)
def test_other_names_have_other_keys(name: str, other: str) -> None:
    assert name_key(name) != name_key(other)


def test_long_names_that_differ_sound_differently() -> None:
    names = list(ONE_SOUND)
    assert len({sound_key(name_key(name)) for name in names}) == len(names)


def test_words_and_digits_stay() -> None:
    assert name_key("  3   Idiots! ") == "3 idiots"
    assert name_key("Drishyam-2") == f"{name_key('Drishyam')} 2"
    assert name_key("१९८३") == name_key("1983")
    assert name_key("৯৬") == name_key("96")
    assert len(name_key("Dilwale Dulhania Le Jayenge").split()) == 4


def test_a_word_in_another_script_is_one_of_the_words() -> None:
    assert name_key("Baahubali: द बिगिनिंग").split()[0] == name_key("Baahubali")
    assert name_key("शोले movie") == name_key("Sholay movie")


@pytest.mark.parametrize("text", ODD)
def test_odd_texts_have_a_key_if_only_an_empty_one(text: str) -> None:
    key = name_key(text)
    assert key == key.strip()
    assert sound_key(key).replace(" ", "") == sound_key(key)


def test_joiners_choose_a_glyph_and_no_name() -> None:
    assert name_key("\u200bशो\u200dले\u200c") == name_key("शोले")
    assert name_key("😀 Sholay 😀") == name_key("Sholay")


def test_right_to_left_and_other_scripts_are_kept() -> None:
    assert name_key("شعلے") != ""
    assert name_key("شعلے") != name_key("دیوداس")
    assert name_key("羅生門") == "羅生門"
    assert script_of("شعلے") is None
    assert romanize("شعلے") == "شعلے"


def test_the_script_is_that_of_most_letters() -> None:
    assert script_of("Drishyam") is None
    assert script_of("த்ரிஷ்யம்") == "TAMIL"
    assert script_of("Drishyam த்") is None
    assert script_of("2 ଭାରତ !") == "ORIYA"
    assert script_of("123 😀") is None
    assert script_of("") is None


@given(st.one_of(st.text(), NAMES))
@example("\ud800")
@example("ൻ\u200d")
def test_every_text_has_keys(text: str) -> None:
    key = name_key(text)
    assert key == " ".join(key.split())
    assert not any(character in "\u200b\u200c\u200d\u0000" for character in key)
    assert " " not in sound_key(key)


def test_no_letter_of_an_indic_script_is_left() -> None:
    for spelling in (spelling for others in (*ONE_KEY.values(), *ONE_SOUND.values()) for spelling in others):
        assert all(script_of(letter) is None for letter in romanize(spelling)), spelling


@given(st.text(LATIN, min_size=1, max_size=30))
def test_case_and_outer_marks_do_not_count(text: str) -> None:
    assert name_key(text.upper()) == name_key(text)
    assert name_key(f" «{text}»! ") == name_key(text)


@given(st.lists(st.tuples(st.sampled_from(sorted(ALIKE)), st.sampled_from("aiueo")), min_size=1, max_size=6), st.data())
def test_ways_to_spell_a_sound_are_one(syllables: list[tuple[str, str]], data: st.DataObject) -> None:
    plain = "".join(consonant + vowel for consonant, vowel in syllables)
    spelled = "".join(
        data.draw(st.sampled_from((consonant, *ALIKE[consonant]))) + data.draw(st.sampled_from((vowel, *LONG[vowel])))
        for consonant, vowel in syllables
    )
    assert name_key(spelled) == name_key(plain)


@given(st.text(st.sampled_from("abdegijklmnoprstuv "), max_size=30))
@example("drisyam")
@example("devadas")
def test_a_key_of_a_key_sounds_as_the_key(text: str) -> None:
    """A key itself is no fixed point: `ch` becomes `c`, which is read as `k`."""
    assert sound_key(name_key(name_key(text))) == sound_key(name_key(text))


@pytest.mark.parametrize(
    "name", ["Vaazhai", "Idhayam", "Damini", "Chennai", "Kaun", "Koodevide", "Sholay", "Mughal-e-Azam"]
)
def test_a_name_begins_with_what_was_typed_of_it(name: str) -> None:
    key = typed_key(name).replace(" ", "")
    for letters in range(1, len(name) + 1):
        assert any(key.startswith(start) for start in typed_starts(name[:letters])), name[:letters]


def test_nothing_begins_without_a_letter() -> None:
    assert typed_starts(" !?") == []
