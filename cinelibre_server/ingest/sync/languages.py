"""The languages of India that have an ISO 639-1 code, and what upstream sources call them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Language:
    """`code` is ISO 639-1, `marc` the MARC code that libraries use, `wikidata` its item there."""

    code: str
    marc: str
    wikidata: str
    name: str


# Ordered by how many films there are, so that a sync that is cut off early has the most of what people look for.
INDIAN_LANGUAGES = (
    Language("hi", "hin", "Q1568", "Hindi"),
    Language("ta", "tam", "Q5885", "Tamil"),
    Language("te", "tel", "Q8097", "Telugu"),
    Language("ml", "mal", "Q36236", "Malayalam"),
    Language("kn", "kan", "Q33673", "Kannada"),
    Language("bn", "ben", "Q9610", "Bengali"),
    Language("mr", "mar", "Q1571", "Marathi"),
    Language("pa", "pan", "Q58635", "Punjabi"),
    Language("gu", "guj", "Q5137", "Gujarati"),
    Language("or", "ori", "Q33810", "Odia"),
    Language("as", "asm", "Q29401", "Assamese"),
    Language("ur", "urd", "Q1617", "Urdu"),
    Language("ne", "nep", "Q33823", "Nepali"),
    Language("sa", "san", "Q11059", "Sanskrit"),
    Language("ks", "kas", "Q33552", "Kashmiri"),
    Language("sd", "snd", "Q33997", "Sindhi"),
)
INDIAN_CODES = frozenset(language.code for language in INDIAN_LANGUAGES)
# Titles are kept in these.
ALIAS_CODES = INDIAN_CODES | {"en"}
