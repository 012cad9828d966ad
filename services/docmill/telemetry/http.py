"""/metrics, /livez and /readyz on threads of their own, so that a blocked event loop is seen, not shared."""

import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app

StartResponse = Callable[..., Any]
STOP_S = 0.1  # at most, from close() to the end of the thread
SILENCE_S = 10  # of a client, after which its connection is closed


@dataclass(frozen=True, slots=True)
class Probe:
    """Answer of a probe: whether it holds, and what was looked at."""

    ok: bool
    checks: dict[str, Any]


class _Server(ThreadingMixIn, WSGIServer):
    """A thread a connection: one that is opened and left silent must not fail the probes of all others."""

    daemon_threads = True


class _QuietHandler(WSGIRequestHandler):
    timeout = SILENCE_S

    def handle(self) -> None:
        """Answer one request; a client that says nothing or hangs up is no news either."""
        try:
            super().handle()
        except (TimeoutError, ConnectionError):
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Scrapes are no news."""


class ProbeServer:
    """Serves a registry and two probes until closed. Probes are called on a connection's thread: they only read."""

    def __init__(
        self,
        host: str,
        port: int,
        registry: CollectorRegistry,
        *,
        live: Callable[[], Probe],
        ready: Callable[[], Probe],
    ) -> None:
        metrics = make_wsgi_app(registry)

        def app(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
            path = environ["PATH_INFO"]
            if path == "/metrics":
                return metrics(environ, start_response)  # type: ignore[no-any-return]
            if path in ("/livez", "/readyz"):
                return _answer(live() if path == "/livez" else ready(), start_response)
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [b"/metrics /livez /readyz\n"]

        self._server: WSGIServer = make_server(host, port, app, _Server, _QuietHandler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(STOP_S,), name="probes", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return self._server.server_port

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _answer(probe: Probe, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK" if probe.ok else "503 Service Unavailable", [("Content-Type", "application/json")])
    return [json.dumps({"ok": probe.ok, "checks": probe.checks}).encode() + b"\n"]
