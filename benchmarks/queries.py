"""Search queries that nobody has asked before, in English and in Indian languages."""

import random
from urllib.parse import quote

_ENGLISH = (
    ("a", "one", "some", "the last", "a young", "an old", "a poor", "a brave", "a lonely", "a corrupt"),
    ("farmer", "policeman", "teacher", "bride", "gangster", "widow", "student", "dancer", "soldier", "ghost"),
    ("who loves", "looking for", "running from", "against", "dreaming of", "saving", "who lost", "betrayed by"),
    ("a river", "the village", "two brothers", "a temple", "the city", "a train", "his father", "her sister"),
    ("in Mumbai", "in Kerala", "in the monsoon", "during partition", "at night", "in the mountains", "by the sea"),
)
_HINDI = (
    ("एक", "दो", "आखिरी", "गरीब", "जवान", "बूढ़ा", "अकेला"),
    ("किसान", "पुलिसवाला", "शिक्षक", "दुल्हन", "विधवा", "सिपाही", "नर्तकी"),
    ("की कहानी", "का प्यार", "का बदला", "की तलाश", "का सपना", "की यात्रा"),
    ("गाँव में", "मुंबई में", "बारिश में", "जंगल में", "युद्ध में", "पहाड़ों में"),
)
_TAMIL = (
    ("ஒரு", "இரண்டு", "கடைசி", "ஏழை", "இளம்"),
    ("விவசாயி", "ஆசிரியர்", "காவலர்", "மணமகள்", "வீரன்"),
    ("கதை", "காதல்", "பழிவாங்கல்", "பயணம்", "கனவு"),
    ("கிராமத்தில்", "சென்னையில்", "மழையில்", "காட்டில்", "கடலில்"),
)
_MIX = (_ENGLISH, _ENGLISH, _HINDI, _TAMIL)
_PER_CLIENT = 400
_NAMES_A_YEAR = 0.25


def distinct_queries(name: str, count: int) -> list[str]:
    """`count` different queries of 4 to 7 words and a number, the same for the same name; others for another name."""
    source = random.Random(name)
    queries: dict[str, None] = {}
    while len(queries) < count:
        words = " ".join(source.choice(place) for place in source.choice(_MIX))
        # A number makes it one of its own in every run of this server; most people name no year, which is looked up.
        names_a_year = source.random() < _NAMES_A_YEAR
        number = source.randint(1950, 2025) if names_a_year else source.randint(3_000, 9_999)
        queries[f"{words} {number}"] = None
    return list(queries)


def distinct_paths(name: str, clients: int) -> list[list[str]]:
    """For each client the paths of its own searches; enough of them to last for a round."""
    paths = [f"/search/semantic?q={quote(query)}" for query in distinct_queries(name, clients * _PER_CLIENT)]
    return [paths[number::clients] for number in range(clients)]
