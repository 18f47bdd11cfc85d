"""Puts the generated stubs into the wheel and the sdist."""

from pathlib import Path
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_IN_SDIST = "generated"


class GeneratedStubs(BuildHookInterface[BuilderConfig]):
    """Takes them from the repository, or from where an sdist keeps them."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 hatchling passes it
        """Called by hatchling before each build."""
        root = Path(self.root)
        stubs = root / _IN_SDIST
        if not stubs.is_dir():
            stubs = root.parent.parent / "gen" / "python"
        if not (stubs / "cinelibre").is_dir():
            raise FileNotFoundError(f"no generated stubs in {stubs}: build from a checkout or from an sdist")
        prefix = "" if self.target_name == "wheel" else f"{_IN_SDIST}/"
        included = build_data["force_include"]
        for package in ("cinelibre", "buf"):
            included[str(stubs / package)] = f"{prefix}{package}"
        if self.target_name == "wheel":
            # Without it type checkers take the messages for untyped.
            included[str(root / "py.typed")] = "cinelibre/v1/py.typed"
