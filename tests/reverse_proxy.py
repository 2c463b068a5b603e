"""The reverse proxy of the README in front of a server, if this machine has an nginx."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ledger_web.config import ROOT
from tests.faults.servers import wait_for

NGINX: Final = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin:/opt/homebrew/bin")
_FRAME: Final = """
daemon off;
pid {place}/pid;
error_log {place}/errors.txt;
events {{}}
http {{
    access_log off;
    client_body_temp_path {place}/bodies;
    proxy_temp_path {place}/answers;
    fastcgi_temp_path {place}/unused;
    uwsgi_temp_path {place}/unused;
    scgi_temp_path {place}/unused;
{block}
}}
"""


@contextmanager
def reverse_proxy(place: Path, port: int, server_port: int) -> Iterator[None]:
    """Let the block of the README listen on a port of the loopback address, without TLS, for a server on another."""
    assert NGINX
    block = _of_the_readme()
    block = re.sub(r"listen 443 ssl;", f"listen 127.0.0.1:{port};", block)
    block = re.sub(r"(?m)^.*(ssl_certificate|server_name).*\n", "", block)
    block = block.replace("127.0.0.1:8000", f"127.0.0.1:{server_port}")
    (place / "nginx.conf").write_text(_FRAME.format(place=place, block=block))
    proxy = subprocess.Popen([NGINX, "-e", str(place / "errors.txt"), "-c", str(place / "nginx.conf")])
    try:
        wait_for(port, proxy)
        yield
    finally:
        proxy.terminate()
        proxy.wait(10)


def _of_the_readme() -> str:
    found = re.search(r"```\n((?:(?!```).)*proxy_pass.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert found, "The README has no block for a reverse proxy."
    return found[1]
