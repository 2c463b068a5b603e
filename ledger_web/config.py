"""Settings, read once from the environment. Outside the floors: floor 5 reads them and hands the values down."""

import contextlib
import os
import re
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SECRET_KEY_BYTES_MIN = 32
METRICS_TOKEN_CHARACTERS_MIN = 16
OFF = frozenset({"", "0", "off", "false", "no"})
_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_ADDRESS = re.compile(r"[!-;=?A-~]{1,64}@[!-;=?A-~]{1,190}")
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")


class SettingsError(Exception):
    """The environment asks for something that cannot be; the message says what to do."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the environment decides.

    Always true: with a `database_url` this is production, and the secret was given, not made up.
    """

    secret_key: str
    secret_key_fallbacks: tuple[str, ...] = ()  # former secrets, newest first: what they signed is still believed
    database_url: str | None = None  # None: the embedded server
    database_owner_url: str | None = None
    base_domain: str = "localhost"
    address: str = "127.0.0.1"
    port: int = 8000
    threads: int = 8  # of each worker; the connection pool has as many places
    workers: int = 1
    drain_seconds: int = 0  # between saying that it leaves and leaving
    sign_up: bool = True  # strangers may open shops
    proxies: int = 0  # reverse proxies of ours in front: what they say about address and scheme is believed
    data_dir: Path = ROOT / "var"
    export_dir: Path | None = None  # where shops wait as files; None: below data_dir
    smtp_host: str = ""  # none: no e-mail is sent
    smtp_port: int = 587
    smtp_user: str = ""
    smtp_password: str = field(default="", repr=False)
    smtp_from: str = ""
    smtp_tls: bool = True
    resolvers: tuple[tuple[str, int], ...] = ()  # asked for the proof of domains; none: as this machine does
    debug: bool = False
    testing: bool = False
    metrics_token: str = field(default="", repr=False)  # none: only this machine reads /metrics
    log_format: str = "text"
    check_durability: bool = True  # tests run on a server that forgets on purpose

    @property
    def in_production(self) -> bool:
        return self.database_url is not None and not self.testing


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the environment.

    Raises:
        SettingsError: A number is none, or production lacks what it needs.
    """
    data_dir = Path(environment.get("DATA_DIR") or ROOT / "var").expanduser().resolve()
    database_url, export_dir = environment.get("DATABASE_URL") or None, environment.get("EXPORT_DIR")
    settings = Settings(
        secret_key=environment.get("SECRET_KEY") or ("" if database_url else _secret_kept_in(data_dir)),
        secret_key_fallbacks=tuple(environment.get("SECRET_KEY_FALLBACKS", "").replace(",", " ").split()),
        database_url=database_url,
        database_owner_url=environment.get("DATABASE_OWNER_URL") or None,
        base_domain=environment.get("BASE_DOMAIN", "" if database_url else "localhost").strip().lower(),
        address=environment.get("ADDRESS") or "127.0.0.1",
        port=_number(environment, "PORT", 8000, most=65535),
        threads=_number(environment, "THREADS", 8, most=256),
        workers=_number(environment, "WORKERS", 1, most=64),
        drain_seconds=_number(environment, "DRAIN_SECONDS", 0, least=0, most=300),
        sign_up=environment.get("SIGN_UP", "on").strip().lower() not in OFF,
        proxies=_number(environment, "PROXIES", 0, least=0, most=9),
        data_dir=data_dir,
        export_dir=Path(export_dir).expanduser().resolve() if export_dir else None,
        smtp_host=environment.get("SMTP_HOST", "").strip(),
        smtp_port=_number(environment, "SMTP_PORT", 587, most=65535),
        smtp_user=environment.get("SMTP_USER", ""),
        smtp_password=environment.get("SMTP_PASSWORD", ""),
        smtp_from=environment.get("SMTP_FROM", "").strip(),
        smtp_tls=environment.get("SMTP_TLS", "1") not in {"0", "false", "no"},
        resolvers=_resolvers(environment.get("RESOLVERS", "")),
        metrics_token=environment.get("METRICS_TOKEN", ""),
        log_format=environment.get("LOG_FORMAT", "").strip().lower() or "text",
        debug=environment.get("FLASK_DEBUG", "0").lower() not in OFF,
    )
    if settings.smtp_host and not _ADDRESS.fullmatch(settings.smtp_from):
        raise SettingsError(
            "SMTP_HOST is set, but SMTP_FROM is no address.\nSet it, for example SMTP_FROM=shop@example.com"
        )
    if settings.log_format not in {"text", "json"}:
        raise SettingsError(f"LOG_FORMAT={settings.log_format!r} is neither text nor json.")
    if settings.metrics_token and len(settings.metrics_token) < METRICS_TOKEN_CHARACTERS_MIN:
        raise SettingsError(f"METRICS_TOKEN is shorter than {METRICS_TOKEN_CHARACTERS_MIN} characters.")
    if settings.in_production:
        _refuse_unsafe(settings)
    return settings


def _secret_kept_in(data_dir: Path) -> str:
    """The secret of this machine, made on the first start; readable by its owner only.

    Written aside and linked into place, so that of two first starts one wins and neither reads half a secret.
    """
    path = data_dir / "secret_key"
    try:
        if not path.exists():
            data_dir.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile("w", dir=data_dir) as draft:  # made with mode 0600
                draft.write(secrets.token_urlsafe(48))
                draft.flush()
                with contextlib.suppress(FileExistsError):
                    os.link(draft.name, path)
        return path.read_text()
    except OSError as error:
        raise SettingsError(
            f"The secret of this machine cannot be kept in {data_dir}: {error}.\n"
            "Start as the user who started it first, or set DATA_DIR to a directory of your own."
        ) from error


def _number(environment: Mapping[str, str], name: str, default: int, *, least: int = 1, most: int) -> int:
    text = environment.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise SettingsError(f"{name}={text!r} is not a number from {least} to {most}.")
    return int(text)


def _resolvers(text: str) -> tuple[tuple[str, int], ...]:
    """Read addresses of name servers, each with its port or without: 192.0.2.1, 192.0.2.2:5353."""
    found = []
    for each in text.replace(",", " ").split():
        address, _, port = each.partition(":")
        try:
            found.append((str(IPv4Address(address)), int(port or 53)))
        except ValueError as error:
            raise SettingsError(f"RESOLVERS={text!r}: {each} is no address like 192.0.2.1 or 192.0.2.1:53.") from error
    return tuple(found)


def _refuse_unsafe(settings: Settings) -> None:
    if not settings.secret_key:
        raise SettingsError("DATABASE_URL is set, so this is production, but SECRET_KEY is not.\n" + _HOW_TO_MAKE_ONE)
    if len(settings.secret_key.encode()) < SECRET_KEY_BYTES_MIN:
        raise SettingsError(f"SECRET_KEY is shorter than {SECRET_KEY_BYTES_MIN} bytes.\n" + _HOW_TO_MAKE_ONE)
    if any(len(former.encode()) < SECRET_KEY_BYTES_MIN for former in settings.secret_key_fallbacks):
        raise SettingsError(
            f"One of SECRET_KEY_FALLBACKS is shorter than {SECRET_KEY_BYTES_MIN} bytes.\n"
            "Give what SECRET_KEY was before, newest first, with commas between, or unset it."
        )
    if settings.debug:
        raise SettingsError("FLASK_DEBUG is on in production: it shows code and data to anyone.\nUnset FLASK_DEBUG.")
    if not settings.base_domain:
        raise SettingsError(
            "BASE_DOMAIN is not set: without it no host name leads to a shop.\n"
            "Set it to the domain below which the shops live, for example BASE_DOMAIN=example.com"
        )
    if not _DOMAIN.fullmatch(settings.base_domain):
        raise SettingsError(
            f"BASE_DOMAIN={settings.base_domain!r} is not a domain.\n"
            "Give the name alone, without scheme and port, for example BASE_DOMAIN=example.com"
        )


_HOW_TO_MAKE_ONE = (
    "Make one, keep it, and give the same to every machine that serves these shops:\n"
    "    python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
)
