"""jq: -c and -r, a program, and JSON on standard input. Run it with -P, so that `jq` is the library."""

import argparse
import json
import sys

import jq  # type: ignore[import-not-found]


def main() -> None:
    """Prints what the program makes of the input, one value a line."""
    parser = argparse.ArgumentParser(prog="jq")
    kind = parser.add_mutually_exclusive_group(required=True)
    kind.add_argument("-c", action="store_true")
    kind.add_argument("-r", action="store_true")
    parser.add_argument("program")
    chosen = parser.parse_args()
    for value in jq.compile(chosen.program).input_text(sys.stdin.read()):
        raw = chosen.r and isinstance(value, str)
        print(value if raw else json.dumps(value, ensure_ascii=False, separators=(",", ":")))


if __name__ == "__main__":
    main()
