"""Build hook: puts what the server reads at run time into the wheel; resources.py finds it there or in the checkout.

A static force-include would copy the files into an editable install too, where they would go stale.
"""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

CONTENTS = {
    "gen/python/cinelibre": "cinelibre",
    "gen/python/buf": "buf",
    "gen/descriptor.binpb": "cinelibre_server/_resources/gen/descriptor.binpb",
    "gen/docs.html": "cinelibre_server/_resources/gen/docs.html",
    "gen/openapi.json": "cinelibre_server/_resources/gen/openapi.json",
    "sql": "cinelibre_server/_resources/sql",
    "envoy.yaml": "cinelibre_server/_resources/envoy.yaml",
}


class WheelContents(BuildHookInterface[Any]):
    """Adds CONTENTS to a wheel that is not an editable one."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "standard":
            build_data["force_include"].update(CONTENTS)
