"""grpcurl -plaintext: `list`, `list SERVICE`, and a call with -d; done by `buf curl`, which asks reflection too."""

import argparse
import subprocess
import sys
from pathlib import Path

_BUF = Path(sys.executable).with_name("buf")
_OPTIONS = ("curl", "--http2-prior-knowledge", "--protocol", "grpc")


def main() -> None:
    """Runs buf and prints its answer as grpcurl does."""
    parser = argparse.ArgumentParser(prog="grpcurl")
    parser.add_argument("-plaintext", action="store_true", required=True)
    parser.add_argument("-d", default="{}")
    parser.add_argument("address")
    parser.add_argument("what")
    parser.add_argument("service", nargs="?")
    chosen = parser.parse_args()
    url = f"http://{chosen.address}"
    if chosen.what != "list":
        sys.stdout.write(_buf("-d", chosen.d, f"{url}/{chosen.what}"))
    elif chosen.service is None:
        print("\n".join(sorted(_buf("--list-services", url).split())))
    else:
        methods = [path.replace("/", ".") for path in _buf("--list-methods", url).split()]
        print("\n".join(sorted(name for name in methods if name.rpartition(".")[0] == chosen.service)))


def _buf(*arguments: str) -> str:
    done = subprocess.run([_BUF, *_OPTIONS, *arguments], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(done.returncode)
    return done.stdout


if __name__ == "__main__":
    main()
