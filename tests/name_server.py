"""A name server that says what a test lets it say, so that no test asks the one of this machine."""

import socketserver
import threading
from functools import cache

import dns.message
import dns.rcode
import dns.rrset


class _Clerk(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        packet, socket = self.request
        query = dns.message.from_wire(packet)
        name = query.question[0].name
        answer = dns.message.make_response(query)
        said = self.server.said.get(name.to_text(omit_final_dot=True))  # type: ignore[attr-defined]
        if said is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif said == SILENT:
            answer.set_rcode(dns.rcode.SERVFAIL)
        else:
            texts = [f'"{each}"' for each in said]
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", *texts))
        socket.sendto(answer.to_wire(), self.client_address)


SILENT = ["SERVFAIL"]


@cache
def name_server() -> socketserver.ThreadingUDPServer:
    """Return this process's; it is started when it is first asked for."""
    server = socketserver.ThreadingUDPServer(("127.0.0.1", 0), _Clerk)
    server.daemon_threads = True
    server.said = {}  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def let_names_say(host: str, *texts: str) -> None:
    """Let TXT records stand at a name, in place of those that did; none takes the name away."""
    said: dict[str, list[str]] = name_server().said  # type: ignore[attr-defined]
    if texts:
        said[host] = list(texts)
    else:
        said.pop(host, None)
