"""curl: -s, -G, -X, -H, -d and --data-urlencode; the body goes to standard output."""

import argparse
import sys
from urllib.parse import quote

import httpx


def main() -> None:
    """Makes one request; without -X a POST when there is data that doesn't go into the address."""
    parser = argparse.ArgumentParser(prog="curl")
    parser.add_argument("-s", action="store_true")
    parser.add_argument("-G", action="store_true")
    parser.add_argument("-X", dest="verb")
    parser.add_argument("-H", action="append", default=[])
    parser.add_argument("-d", action="append", default=[], dest="data")
    parser.add_argument("--data-urlencode", action="append", default=[], dest="data", type=_encoded)
    parser.add_argument("url")
    chosen = parser.parse_args()
    headers = dict(header.split(": ", 1) for header in chosen.H)
    data = "&".join(chosen.data)
    if not data or chosen.G:
        url = f"{chosen.url}?{data}" if data else chosen.url
        answer = httpx.request(chosen.verb or "GET", url, headers=headers, timeout=60)
    else:
        form = {"content-type": "application/x-www-form-urlencoded"}
        verb = chosen.verb or "POST"
        answer = httpx.request(verb, chosen.url, content=data, headers={**form, **headers}, timeout=60)
    sys.stdout.write(answer.text)


def _encoded(text: str) -> str:
    name, _, value = text.partition("=")
    return f"{name}={quote(value, safe='')}"


if __name__ == "__main__":
    main()
