"""`python -m codegen` regenerates every output; `python -m codegen --check` fails if one is out of date."""

import argparse
import sys

from .sources import REPOSITORY, load_sources
from .targets import TARGETS, regenerate, stale_files


def main() -> int:
    """Returns 0, or 1 when `--check` finds a difference (its files are listed on stderr)."""
    parser = argparse.ArgumentParser(prog="python -m codegen", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, compare")
    check: bool = parser.parse_args().check
    sources = load_sources(REPOSITORY)
    if not check:
        for output in regenerate(sources, REPOSITORY, TARGETS):
            print(output)
        return 0
    stale = stale_files(sources, REPOSITORY, TARGETS)
    for path in stale:
        print(f"out of date: {path}", file=sys.stderr)
    if stale:
        print("run `make gen` and commit the result", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
