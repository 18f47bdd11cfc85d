"""TMDB's details of a film (API v3, /movie/{id} with credits, keywords, external_ids and translations) as ours."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from cinelibre_server.ingest.sync import values
from cinelibre_server.ingest.sync.languages import ALIAS_CODES, INDIAN_CODES
from cinelibre_server.ingest.sync.source import Alias, Failed, Found, LeftOut, Outcome
from cinelibre_server.store.catalog_load import MovieEntry

APPENDED = "credits,keywords,external_ids,translations"
_MOST_NAMES = 15
_MOST_KEYWORDS = 30
_WIKIDATA_ID = re.compile(r"Q[1-9]\d{0,17}")


def read_film(ref: str, details: object) -> Outcome:
    """What the answer says of the film `ref`."""
    film = values.mapping(details)
    title = values.text(film.get("title")) or values.text(film.get("original_title"))
    if not title:
        return Failed(ref, "it has no title")
    language = values.text(film.get("original_language")).lower()
    if language not in INDIAN_CODES:
        return LeftOut(ref, "not in an Indian language")
    if film.get("adult") is True:
        return LeftOut(ref, "for adults only")
    external = values.mapping(film.get("external_ids"))
    credits = values.mapping(film.get("credits"))
    translations = list(_translations(film))
    original_title = values.text(film.get("original_title")) or title
    entry = MovieEntry(
        external_id=ref,
        title=title,
        original_title=original_title,
        year=values.year(film.get("release_date")),
        language=language,
        genres=values.names((genre.get("name") for genre in values.objects(film.get("genres"))), _MOST_NAMES),
        keywords=values.names(_keywords(film), _MOST_KEYWORDS),
        synopsis=_synopsis(film, language, translations),
        directors=values.names(_directors(credits), _MOST_NAMES),
        cast=values.names(_cast(credits), _MOST_NAMES),
        runtime_minutes=values.small_number(film.get("runtime")),
        imdb_id=values.imdb_id(film.get("imdb_id")) or values.imdb_id(external.get("imdb_id")),
        external_ids=_other_ids(external),
    )
    aliases = {
        Alias(text, code)
        for code, data in translations
        if code in ALIAS_CODES and (text := values.text(data.get("title"))) and text not in (title, original_title)
    }
    return Found(entry, tuple(sorted(aliases, key=lambda alias: (alias.language, alias.text))))


def _keywords(film: Mapping[str, Any]) -> Iterator[object]:
    return (keyword.get("name") for keyword in values.objects(values.mapping(film.get("keywords")).get("keywords")))


def _directors(credits: Mapping[str, Any]) -> Iterator[object]:
    return (member.get("name") for member in values.objects(credits.get("crew")) if member.get("job") == "Director")


def _cast(credits: Mapping[str, Any]) -> Iterator[object]:
    def place(actor: Mapping[str, Any]) -> int:
        order = actor.get("order")
        return order if isinstance(order, int) else 1_000_000

    return (actor.get("name") for actor in sorted(values.objects(credits.get("cast")), key=place))


def _translations(film: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for translation in values.objects(values.mapping(film.get("translations")).get("translations")):
        yield values.text(translation.get("iso_639_1")), values.mapping(translation.get("data"))


def _synopsis(film: Mapping[str, Any], language: str, translations: list[tuple[str, Mapping[str, Any]]]) -> str:
    """The English overview, or else that in the film's own language, or in another Indian one."""
    if overview := values.text(film.get("overview"), values.MAX_SYNOPSIS):
        return overview
    told = {
        code: overview
        for code, data in translations
        if code in ALIAS_CODES and (overview := values.text(data.get("overview"), values.MAX_SYNOPSIS))
    }
    return told.get("en") or told.get(language) or next((told[code] for code in sorted(told)), "")


def _other_ids(external: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    wikidata = external.get("wikidata_id")
    if isinstance(wikidata, str) and _WIKIDATA_ID.fullmatch(wikidata):
        return (("wikidata", wikidata),)
    return ()
