"""Progress of long steps, as a log shows it."""

import time

import pytest

from cinelibre_server.progress import progress, silent


def test_a_log_gets_the_start_a_line_every_two_seconds_and_the_end(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([100.0, 101.0, 102.5, 103.0, 104.6, 106.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    with progress("Reading", 4_000_000, "bytes") as step:
        for _ in range(4):
            step.advance(1_000_000)
    assert capsys.readouterr().err.splitlines() == [
        "Reading...",
        "Reading: 2.0 of 4.0 MB",
        "Reading: 4.0 of 4.0 MB",
        "Reading: done in 6.0 s",
    ]


def test_a_step_that_fails_is_not_called_done(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError), progress("Dividing", None, ""):
        _ = 1 / 0
    assert capsys.readouterr().err.splitlines() == ["Dividing..."]


def test_a_terminal_gets_a_bar(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with progress("Embedding", 1200, "items") as step:
        step.advance(1200)
    shown = capsys.readouterr().err
    assert "Embedding" in shown
    assert "1,200 of 1,200 items" in shown


def test_silence(capsys: pytest.CaptureFixture[str]) -> None:
    with silent("Reading", 3, "rows") as step:
        step.advance(3)
    assert capsys.readouterr().err == ""
