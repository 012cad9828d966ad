"""What the parser processes take, as metrics. Does not know when to look."""

from docmill.ingest.processes import ParserProcesses, Restart
from docmill.telemetry.metrics import Metrics


class ParserMetrics:
    """Carries the figures of the parsers over. Where the system does not tell, there is no series: 0 would be a lie."""

    def __init__(self, metrics: Metrics, parsers: ParserProcesses) -> None:
        self._metrics = metrics
        self._parsers = parsers
        self._cpu_s = 0.0
        self._restarts = dict.fromkeys(Restart, 0)
        for reason in Restart:
            metrics.parser_restarts.labels(reason.value)
        if parsers.usage() is None:
            metrics.registry.unregister(metrics.parser_cpu)
            metrics.registry.unregister(metrics.parser_memory)

    def observe(self) -> None:
        """Bring the metrics up to date."""
        usage = self._parsers.usage()
        if usage is not None:
            self._metrics.parser_cpu.inc(max(0.0, usage.cpu_s - self._cpu_s))
            self._cpu_s = max(self._cpu_s, usage.cpu_s)
            self._metrics.parser_memory.set(usage.resident_bytes)
        for reason, count in self._parsers.restarts().items():
            self._metrics.parser_restarts.labels(reason.value).inc(count - self._restarts[reason])
            self._restarts[reason] = count
