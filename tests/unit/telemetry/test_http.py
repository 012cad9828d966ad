import http.client
import json
import socket
import threading
from collections.abc import Iterator

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from docmill.telemetry import http as http_server
from docmill.telemetry.http import Probe, ProbeServer
from docmill.telemetry.metrics import Metrics


class Service:
    """Two probes that say what they are told, and who called them."""

    def __init__(self) -> None:
        self.live_probe = Probe(True, {"error": None})
        self.ready_probe = Probe(False, {"joined_group": False, "partitions": 3})
        self.threads: list[str] = []

    def live(self) -> Probe:
        self.threads.append(threading.current_thread().name)
        return self.live_probe

    def ready(self) -> Probe:
        return self.ready_probe


class Broken(Service):
    def live(self) -> Probe:
        raise RuntimeError("zyxwvut")


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(CollectorRegistry())


@pytest.fixture
def server(service: Service, metrics: Metrics) -> Iterator[ProbeServer]:
    server = ProbeServer("127.0.0.1", 0, metrics.registry, live=service.live, ready=service.ready)
    yield server
    server.close()


def get(server: ProbeServer, path: str) -> tuple[int, str, bytes]:
    """Status, content type and body."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.getheader("Content-Type", ""), response.read()
    finally:
        connection.close()


def test_port_0_is_any_free_port(server: ProbeServer, service: Service, metrics: Metrics) -> None:
    other = ProbeServer("127.0.0.1", 0, metrics.registry, live=service.live, ready=service.ready)
    try:
        assert 0 < other.port != server.port > 0
    finally:
        other.close()


def test_a_probe_that_holds(server: ProbeServer, service: Service) -> None:
    status, content_type, body = get(server, "/livez")
    assert (status, content_type) == (200, "application/json")
    assert json.loads(body) == {"ok": True, "checks": {"error": None}}
    assert threading.current_thread().name not in service.threads


def test_a_probe_that_does_not_hold(server: ProbeServer) -> None:
    status, _, body = get(server, "/readyz")
    assert status == 503
    assert json.loads(body) == {"ok": False, "checks": {"joined_group": False, "partitions": 3}}


def test_a_probe_is_looked_at_each_time(server: ProbeServer, service: Service) -> None:
    service.ready_probe, service.live_probe = Probe(True, {}), Probe(False, {})
    assert (get(server, "/readyz")[0], get(server, "/livez")[0]) == (200, 503)


@pytest.mark.parametrize("path", ["/", "/livez/", "/metrics/x", "/LIVEZ", "/readyz%00"])
def test_other_paths_are_not_there_and_say_which_are(server: ProbeServer, path: str) -> None:
    status, _, body = get(server, path)
    assert status == 404
    assert body == b"/metrics /livez /readyz\n"


def test_a_query_changes_nothing(server: ProbeServer) -> None:
    assert get(server, "/livez?verbose")[0] == 200


def test_metrics_can_be_parsed(server: ProbeServer, metrics: Metrics) -> None:
    metrics.records_consumed.inc(7)
    metrics.dead_letters.labels(reason="no_text").inc()
    metrics.end_to_end_latency.observe(0.2)
    metrics.lag_records.labels(partition="3").set(12)
    metrics.bundle_info.info({"name": "tiny", "version": '0 "1"\n'})
    status, content_type, body = get(server, "/metrics")
    assert status == 200
    assert content_type.startswith("text/plain; version=")
    families = {family.name: family for family in text_string_to_metric_families(body.decode())}
    values = {(s.name, *s.labels.values()): s.value for family in families.values() for s in family.samples}
    assert values["docmill_records_consumed_total",] == 7
    assert values["docmill_dead_letters_total", "no_text"] == 1
    assert values["docmill_consumer_lag_records", "3"] == 12
    assert values["docmill_end_to_end_latency_seconds_bucket", "0.1"] == 0
    assert values["docmill_end_to_end_latency_seconds_bucket", "0.25"] == 1
    assert values["docmill_bundle_info", "tiny", '0 "1"\n'] == 1
    assert all(name.startswith("docmill_") for name in families)


def test_nothing_is_written_of_a_request(server: ProbeServer, capfd: pytest.CaptureFixture[str]) -> None:
    get(server, "/livez")
    get(server, "/nowhere")
    assert capfd.readouterr() == ("", "")


def test_a_probe_that_raises_is_an_error_and_the_server_goes_on(metrics: Metrics) -> None:
    broken = Broken()
    server = ProbeServer("127.0.0.1", 0, metrics.registry, live=broken.live, ready=broken.ready)
    try:
        status, _, body = get(server, "/livez")
        assert status == 500
        assert b"zyxwvut" not in body
        assert get(server, "/readyz")[0] == 503
    finally:
        server.close()


def test_a_client_that_says_nothing_does_not_hold_up_the_others(server: ProbeServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as silent:
        assert get(server, "/livez")[0] == 200
        silent.setblocking(False)
        with pytest.raises(BlockingIOError):  # it is still connected, and was not just hung up on
            silent.recv(1)


def test_a_client_that_says_nothing_is_hung_up_on(
    server: ProbeServer, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(http_server._QuietHandler, "timeout", 0.05)
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as silent:
        assert silent.recv(1) == b""
    assert capfd.readouterr() == ("", "")


def test_a_taken_port_is_an_error(server: ProbeServer, service: Service, metrics: Metrics) -> None:
    with pytest.raises(OSError, match="in use"):
        ProbeServer("127.0.0.1", server.port, metrics.registry, live=service.live, ready=service.ready)


def test_it_closes_while_a_client_says_nothing(
    service: Service, metrics: Metrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_server._QuietHandler, "timeout", None)
    server = ProbeServer("127.0.0.1", 0, metrics.registry, live=service.live, ready=service.ready)
    with socket.create_connection(("127.0.0.1", server.port)):
        assert get(server, "/livez")[0] == 200  # so the silent one was accepted before
        closing = threading.Thread(target=server.close, daemon=True)
        closing.start()
        closing.join(timeout=30)
        assert not closing.is_alive()


def test_closed_it_listens_no_more_and_its_thread_has_ended(service: Service, metrics: Metrics) -> None:
    others = set(threading.enumerate())
    server = ProbeServer("127.0.0.1", 0, metrics.registry, live=service.live, ready=service.ready)
    [thread] = set(threading.enumerate()) - others
    port = server.port
    server.close()
    assert not thread.is_alive()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
