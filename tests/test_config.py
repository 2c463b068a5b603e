"""Settings: what the environment may say, and what keeps production from starting."""

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ledger_web.config import ROOT, SettingsError, read_settings

PRODUCTION = {
    "DATABASE_URL": "postgresql://ledger_app@db/shop",
    "SECRET_KEY": "k" * 32,
    "BASE_DOMAIN": "example.com",
}


def test_without_anything_it_is_a_demo_on_this_machine(tmp_path: Path) -> None:
    settings = read_settings({"DATA_DIR": str(tmp_path)})

    assert settings.database_url is None
    assert not settings.in_production
    assert (settings.base_domain, settings.address, settings.port) == ("localhost", "127.0.0.1", 8000)


def test_shops_wait_as_files_in_a_folder_that_machines_may_share(tmp_path: Path) -> None:
    assert read_settings(PRODUCTION).export_dir is None
    assert read_settings(PRODUCTION | {"EXPORT_DIR": str(tmp_path)}).export_dir == tmp_path


def test_the_secret_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    first = read_settings({"DATA_DIR": str(tmp_path)}).secret_key
    second = read_settings({"DATA_DIR": str(tmp_path)}).secret_key

    assert first == second
    assert len(first) >= 32
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600


def test_two_first_starts_agree_on_the_secret(tmp_path: Path) -> None:
    secrets: list[str] = []
    threads = [
        threading.Thread(target=lambda: secrets.append(read_settings({"DATA_DIR": str(tmp_path)}).secret_key))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(secrets) == 8
    assert len(set(secrets)) == 1


def test_a_directory_that_cannot_be_used_is_a_sentence() -> None:
    with pytest.raises(SettingsError, match="set DATA_DIR"):
        read_settings({"DATA_DIR": "/proc/ledger"})


def test_production_with_all_it_needs_is_taken_as_it_is() -> None:
    settings = read_settings(PRODUCTION | {"PORT": "80", "THREADS": "4"})

    assert settings.in_production
    assert (settings.base_domain, settings.port, settings.threads) == ("example.com", 80, 4)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY is not"),
        ({"SECRET_KEY": "k" * 31}, "shorter than 32 bytes"),
        ({"SECRET_KEY": "change me"}, "shorter than 32 bytes"),
        ({"SECRET_KEY_FALLBACKS": f"{'k' * 40},change me"}, "SECRET_KEY_FALLBACKS is shorter than 32 bytes"),
        ({"BASE_DOMAIN": ""}, "BASE_DOMAIN is not set"),
        ({"BASE_DOMAIN": " "}, "BASE_DOMAIN is not set"),
        ({"BASE_DOMAIN": "https://example.com"}, "BASE_DOMAIN"),
        ({"BASE_DOMAIN": "example.com:8000"}, "BASE_DOMAIN"),
        ({"FLASK_DEBUG": "1"}, "FLASK_DEBUG is on"),
        ({"FLASK_DEBUG": "true"}, "FLASK_DEBUG is on"),
        ({"PORT": "0"}, "PORT='0'"),
        ({"PORT": "70000"}, "PORT='70000'"),
        ({"PORT": "８０"}, "PORT='８０'"),
        ({"THREADS": "many"}, "THREADS='many'"),
        ({"WORKERS": "-1"}, "WORKERS='-1'"),
        ({"PROXIES": "10"}, "PROXIES='10'"),
    ],
)
def test_o4_a_bad_setting_is_one_clear_sentence(changed: dict[str, str], reason: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read_settings(PRODUCTION | changed)

    assert reason in str(refused.value).splitlines()[0]


@pytest.mark.parametrize("words", [["app.py"], ["-c", "import app"]], ids=["command", "wsgi"])
def test_a_refusal_ends_the_process_with_an_error_and_without_a_trace(words: list[str]) -> None:
    environment = os.environ | PRODUCTION | {"SECRET_KEY": "short"}
    done = subprocess.run([sys.executable, *words], cwd=ROOT, env=environment, capture_output=True, text=True)

    assert done.returncode != 0
    assert "SECRET_KEY is shorter than 32 bytes." in done.stderr
    assert "Traceback" not in done.stderr
    assert "token_urlsafe" in done.stderr.splitlines()[-1]
