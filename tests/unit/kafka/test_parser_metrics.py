from collections.abc import Mapping

from prometheus_client import CollectorRegistry

from docmill.ingest.limits import DEFAULT_LIMITS
from docmill.ingest.process_usage import ProcessUsage
from docmill.ingest.processes import ParserProcesses, Restart
from docmill.kafka.parser_metrics import ParserMetrics
from docmill.telemetry.metrics import Metrics

CPU, MEMORY = "docmill_parser_cpu_seconds_total", "docmill_parser_resident_memory_bytes"


class FakeParsers(ParserProcesses):
    """Says what it is told to."""

    def __init__(self, usage: ProcessUsage | None) -> None:
        super().__init__(DEFAULT_LIMITS, 0)
        self.now = usage
        self.crashes = 0

    def usage(self) -> ProcessUsage | None:
        return self.now

    def restarts(self) -> Mapping[Restart, int]:
        return dict.fromkeys(Restart, 0) | {Restart.PARSER_CRASHED: self.crashes}


def test_figures_are_carried_over() -> None:
    registry, parsers = CollectorRegistry(), FakeParsers(ProcessUsage())
    metrics = ParserMetrics(Metrics(registry), parsers)
    value = registry.get_sample_value
    for now, cpu_s in ((ProcessUsage(2.5, 100), 2.5), (ProcessUsage(2.0, 80), 2.5), (ProcessUsage(4.0, 60), 4.0)):
        parsers.now = now
        metrics.observe()
        assert value(CPU) == cpu_s  # a counter never falls
        assert value(MEMORY) == now.resident_bytes


def test_restarts_begin_at_0_and_are_counted_once() -> None:
    registry, parsers = CollectorRegistry(), FakeParsers(ProcessUsage())
    metrics = ParserMetrics(Metrics(registry), parsers)

    def restarts() -> dict[Restart, float | None]:
        return {
            reason: registry.get_sample_value("docmill_parser_restarts_total", {"reason": reason.value})
            for reason in Restart
        }

    assert restarts() == dict.fromkeys(Restart, 0)
    parsers.crashes = 3
    metrics.observe()
    metrics.observe()
    assert restarts() == dict.fromkeys(Restart, 0) | {Restart.PARSER_CRASHED: 3}


def test_what_the_system_does_not_tell_is_absent() -> None:
    registry = CollectorRegistry()
    ParserMetrics(Metrics(registry), FakeParsers(None)).observe()
    assert registry.get_sample_value(CPU) is None
    assert registry.get_sample_value(MEMORY) is None
