"""How English names sound, next to how Indian scripts write them; other names have one reading."""

import pytest

from cinelibre_server.search.english_spelling import spell_by_sound
from cinelibre_server.search.romanization import name_key


@pytest.mark.parametrize(
    ("title", "written"),
    [
        ("Race", "रेस"), ("Action Jackson", "एक्शन जैक्सन"), ("Gentleman", "జెంటిల్మేన్"), ("Night", "नाइट"),
        ("Mr. India", "मिस्टर इंडिया"), ("Life", "लाइफ"), ("Bridge", "ब्रिज"), ("Leader", "లీడర్"), ("Knight", "नाइट"),
        ("Police", "पोलिस"),
    ],
)  # fmt: skip
def test_english_is_spelled_as_it_sounds(title: str, written: str) -> None:
    heard, key = name_key(spell_by_sound(title) or ""), name_key(written)
    assert sum(a != b for a, b in zip(heard, key, strict=False)) + abs(len(heard) - len(key)) <= 2
    assert heard != name_key(title)


@pytest.mark.parametrize("title", ["Sholay", "Baahubali", "Kal Ho Naa Ho", "Sultan", "दृश्यम", "1983", "", "😀"])
def test_other_names_have_no_second_reading(title: str) -> None:
    assert spell_by_sound(title) is None
