"""Make `.venv` match the pinned requirements, then run the same command inside it. Standard library only."""

from __future__ import annotations  # old Pythons must be able to read this file and say what they lack

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess  # nosec B404 # runs pip with fixed arguments, never a shell
import sys
import sysconfig
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYTHON_OLDEST = (3, 11)
PYTHON_NEWEST = (3, 15)
NO_PIP = """\
This Python has neither pip nor ensurepip, so nothing can be installed with it. Install one of them:
{line}"""


def ensure(*, dev: bool) -> None:
    """Replace this process by the same command inside `.venv`, which holds exactly what the requirements say.

    Args:
        dev: Whether the tools of tests and lint are needed too.

    Returns only inside that environment, so whatever follows may import what is installed.
    """
    if sys.version_info < PYTHON_OLDEST:
        _run_with_a_newer_python()
    environment = Path(os.environ.get("LEDGER_VENV") or ROOT / ".venv")
    wanted = ["requirements-dev", "requirements"] if dev else ["requirements"]
    if not _holds(environment, wanted[0]):
        environment.mkdir(parents=True, exist_ok=True)
        with (environment / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # two first runs at once: the second waits and finds all done
            if not _holds(environment, wanted[0]):
                _install(environment, wanted)
    _enter(environment)


def _run_with_a_newer_python() -> None:
    for minor in range(PYTHON_NEWEST[1], PYTHON_OLDEST[1] - 1, -1):
        newer = shutil.which(f"python3.{minor}")
        if newer:
            os.execv(newer, [newer, *sys.argv])  # nosec B606 # no shell
    sys.exit(f"Python 3.{PYTHON_OLDEST[1]} or newer is needed, this is {sys.version.split()[0]}.")


def _python_of(environment: Path) -> Path:
    return environment / "bin" / "python"


def _python_key() -> str:
    return f"{sys.version_info[0]}.{sys.version_info[1]} {sysconfig.get_platform()}"


def _stamp(environment: Path, name: str) -> Path:
    return environment / f".{name}.stamp"


def _unfinished(environment: Path) -> Path:
    return environment / ".unfinished"


def _stamp_text(name: str) -> str:
    pinned = (ROOT / f"{name}.txt").read_bytes()
    return f"{_python_key()} {hashlib.sha256(pinned).hexdigest()}"


def _holds(environment: Path, name: str) -> bool:
    try:
        stamped = _stamp(environment, name).read_text()
    except OSError:
        return False
    whole = _python_of(environment).exists() and not _unfinished(environment).exists()
    return whole and stamped == _stamp_text(name)


def _install(environment: Path, wanted: list[str]) -> None:
    print(f"Installing {wanted[0]}.txt into {environment} (once; a minute or two) …", file=sys.stderr, flush=True)
    unfinished = _unfinished(environment)
    whole = _made_by_this_python(environment) and _python_of(environment).exists()
    if unfinished.exists() or not whole:
        _empty(environment)
        venv.EnvBuilder(with_pip=False, symlinks=True).create(environment)
    unfinished.touch()  # pip killed in the middle may leave half a package that it later believes to be whole
    command = [*_pip(environment), "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--require-hashes", "--only-binary=:all:", "-r", str(ROOT / f"{wanted[0]}.txt")]
    if subprocess.run(command).returncode:  # nosec B603
        sys.exit("Installing failed; what pip says above is why.\nThen run the same command again.")
    for name in wanted:  # the set for tests contains the one for the shop
        _stamp(environment, name).write_text(_stamp_text(name))
    unfinished.unlink()


def _empty(environment: Path) -> None:
    for path in environment.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != ".lock":  # others wait on this very file
            path.unlink()


def _made_by_this_python(environment: Path) -> bool:
    stamps = list(environment.glob(".*.stamp"))
    return bool(stamps) and all(stamp.read_text().startswith(_python_key() + " ") for stamp in stamps)


def _pip(environment: Path) -> list[str]:
    """Find a way to run pip for the environment: its own, ensurepip's, or that of the Python we run in."""
    python = str(_python_of(environment))
    if _works([python, "-m", "pip", "--version"]):
        return [python, "-m", "pip"]
    if importlib.util.find_spec("ensurepip") and _works([python, "-m", "ensurepip", "--default-pip"]):
        return [python, "-m", "pip"]
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip", "--python", python]
    sys.exit(NO_PIP.format(line=_line_that_installs_pip()))


def _works(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True).returncode == 0  # nosec B603


def _line_that_installs_pip() -> str:
    """The line for this machine's package manager; several where none of them is known."""
    become_root = "" if os.geteuid() == 0 else "sudo "
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    lines = {
        "apt-get": f"apt-get update && {become_root}apt-get install -y python{version}-venv python3-pip",
        "dnf": "dnf install -y python3-pip",
        "zypper": "zypper install -y python3-pip",
        "apk": "apk add py3-pip",
        "pacman": "pacman -S --noconfirm python-pip",
    }
    found = [line for manager, line in lines.items() if shutil.which(manager)] or list(lines.values())
    return "\n".join(f"    {become_root}{line}" for line in found)


def _enter(environment: Path) -> None:
    if Path(sys.prefix).resolve() != environment.resolve():
        python = str(_python_of(environment))
        os.execv(python, [python, *sys.argv])  # nosec B606 # no shell
