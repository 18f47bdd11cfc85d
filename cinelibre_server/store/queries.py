"""Loads the named queries of sql/queries."""

import re
from types import MappingProxyType

from cinelibre_server.resources import resource_path

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


def load_queries(domain: str) -> MappingProxyType[str, str]:
    """The queries of `sql/queries/<domain>.sql` by name.

    `-- name: get_user` starts one; the comment on the next line says what it is for.

    Raises:
        ValueError: a name occurs twice.
    """
    text = resource_path("sql", "queries", f"{domain}.sql").read_text(encoding="utf-8")
    parts = _NAME.split(text)[1:]
    names = parts[::2]
    if len(set(names)) != len(names):
        raise ValueError(f"sql/queries/{domain}.sql names a query twice")
    return MappingProxyType({name: sql.strip().rstrip(";") for name, sql in zip(names, parts[1::2], strict=True)})
