"""`cinelibre catalogue`: the table of what a catalogue holds."""

from pathlib import Path

from cinelibre_server.commands.catalogue import describe_catalogue
from cinelibre_server.store.database import Pool

README = Path(__file__).resolve().parents[2] / "README.md"


async def test_the_readme_shows_what_the_starter_holds(starter_database_url: str) -> None:
    table = "\n".join(await describe_catalogue(starter_database_url))
    assert table in README.read_text(encoding="utf-8")


async def test_unknown_and_early_ones_have_their_places_and_hidden_ones_none(pool: Pool, database_url: str) -> None:
    await pool.execute(
        "insert into items (item_type, title, original_title, year, language, hidden_at) values"
        " ('movie', 'a', 'a', 1913, 'hi', null), ('movie', 'b', 'b', null, null, null),"
        " ('movie', 'c', 'c', 1999, 'hi', now()), ('movie', 'd', 'd', 2001, 'hi', null)"
    )
    assert await describe_catalogue(database_url) == [
        "| films | earlier | 2000s | unknown | all |",
        "|---|---|---|---|---|",
        "| hi | 1 | 1 |  | 2 |",
        "| unknown |  |  | 1 | 1 |",
        "| all | 1 | 1 | 1 | 3 |",
        "",
        "| books | all |",
        "|---|---|",
        "| all |  |",
    ]
