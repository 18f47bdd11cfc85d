"""The signing key file of `cinelibre up`."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cinelibre_server.config import load_settings
from cinelibre_server.errors import StartupError
from cinelibre_server.security.key_file import load_or_create_key_file

GOOD = "k1:0123456789abcdef0123456789abcdef"


def written(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def test_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "jwt.key"
    keys = load_or_create_key_file(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_or_create_key_file(path) == keys
    assert [entry.name for entry in tmp_path.iterdir()] == ["jwt.key"]
    (secret,) = load_settings(environment="local", jwt_keys=keys).signing_keys.values()
    assert len(bytes.fromhex(secret.decode())) == 32


def test_every_folder_gets_a_key_of_its_own(tmp_path: Path) -> None:
    assert load_or_create_key_file(tmp_path / "a") != load_or_create_key_file(tmp_path / "b")


def test_processes_that_start_together_agree(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        keys = set(threads.map(load_or_create_key_file, [tmp_path / "jwt.key"] * 32))
    assert len(keys) == 1


def test_several_keys_are_kept(tmp_path: Path) -> None:
    both = f"{GOOD},k0:fedcba9876543210fedcba9876543210"
    assert load_or_create_key_file(written(tmp_path / "jwt.key", both + "\n")) == both


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620])
def test_key_that_others_can_read_or_write_is_refused(tmp_path: Path, mode: int) -> None:
    path = written(tmp_path / "jwt.key", GOOD, mode)
    with pytest.raises(StartupError, match=f"chmod 600 {path}"):
        load_or_create_key_file(path)


@pytest.mark.parametrize(
    "text", ["", "no separator", "k1:short", f"k1:{'a' * 64}", ":0123456789abcdef0123456789abcdef"]
)
def test_weak_or_malformed_key_is_refused_without_showing_it(tmp_path: Path, text: str) -> None:
    path = written(tmp_path / "jwt.key", text)
    with pytest.raises(StartupError, match="malformed or weak") as raised:
        load_or_create_key_file(path)
    message = str(raised.value)
    assert "\n" not in message
    assert not text or text not in message


def test_missing_folder_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match="No such file or directory") as raised:
        load_or_create_key_file(tmp_path / "absent" / "jwt.key")
    assert "\n" not in str(raised.value)
