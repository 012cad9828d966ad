"""A whole load test on systems that are only played: quick ones, saturated ones, dead ones."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from docmill.errors import BrokerError, ConfigurationError
from docmill.kafka.drive import Drive, OnOutcome, OnRefused, OnSent, Shipment, send_open_loop
from docmill.kafka.outcomes import OutcomeKind
from docmill.load import run as run_module
from docmill.load.judge import StepResult, Target, WhyNot
from docmill.load.mix import Mix
from docmill.load.report import LoadReport
from docmill.load.run import Moment, Task, run_load
from docmill.load.schedule import Arrivals
from docmill.load.search import Purpose, Search
from docmill.settings import load_settings
from tests.unit.load.fakes import shelf

TASK = Task(
    search=None,
    rate=100.0,
    target=Target(0.95, 1.0),
    warm_up_s=0.1,
    step_s=0.5,
    confirm_s=0.6,
    min_documents=1,
    grace_s=0.5,
    arrivals=Arrivals.CONSTANT,
    shelf=shelf(),
    documents="by hand",
    mix=Mix({"letter": 4, "book": 1}),
    seed=3,
    metrics_urls=(),
    note="played",
)


class PlayedSystem(Drive):
    """Answers one document after the other, each taking `service_s`; loses everything from document `dies_at` on."""

    def __init__(self, on_outcome: OnOutcome, service_s: float, dies_at: int | None, blind_after: int | None) -> None:
        self._on_outcome = on_outcome
        self._service_s = service_s
        self._dies_at = dies_at
        self._blind_after = blind_after
        self._free_s = 0.0
        self.taken = 0

    async def send(self, shipments: Sequence[Shipment], start_s: float, on_sent: OnSent, on_refused: OnRefused) -> None:
        loop = asyncio.get_running_loop()

        def hand_over(index: int, shipment: Shipment) -> None:
            on_sent(index, loop.time())
            self.taken += 1
            if self._dies_at is None or self.taken <= self._dies_at:
                self._free_s = max(self._free_s, loop.time()) + self._service_s
                loop.call_at(self._free_s, self._answer, shipment.document_id.encode())

        await send_open_loop(shipments, start_s, hand_over)

    def check(self) -> None:
        if self._blind_after is not None and self.taken > self._blind_after:
            raise BrokerError("reading outcomes failed")

    def _answer(self, key: bytes) -> None:
        self._on_outcome(key, OutcomeKind.PROCESSED, asyncio.get_running_loop().time())


@dataclasses.dataclass
class Played:
    """What a run told while it went."""

    moments: list[Moment] = dataclasses.field(default_factory=list)
    steps: list[tuple[int, StepResult]] = dataclasses.field(default_factory=list)

    async def run(self, task: Task) -> LoadReport:
        return await run_load(load_settings(), task, self.moments.append, lambda n, step: self.steps.append((n, step)))


def play(
    monkeypatch: pytest.MonkeyPatch,
    *,
    service_s: float = 0.001,
    dies_at: int | None = None,
    blind_after: int | None = None,
) -> Played:
    """Put a played system where Kafka and the processor would be."""

    @asynccontextmanager
    async def open_played(settings: object, on_outcome: OnOutcome) -> AsyncIterator[Drive]:
        on_outcome(b"someone-elses", OutcomeKind.PROCESSED, 0.0)
        yield PlayedSystem(on_outcome, service_s, dies_at, blind_after)

    monkeypatch.setattr(run_module, "open_drive", open_played)
    monkeypatch.setattr(run_module, "TICK_S", 0.02)
    return Played()


async def test_one_rate_that_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    played = play(monkeypatch)
    report = await played.run(TASK)
    assert (report.sustained, report.shown, len(report.steps)) == (0, 0, 1)
    step = report.answer
    assert step is not None
    assert (step.purpose, step.rate, step.latency.documents, step.missing) == (Purpose.SINGLE, 100, 50, 0)
    assert {kind: of.documents for kind, of in step.by_kind.items()} == {"book": 10, "letter": 40}
    assert played.steps == [(1, step)]
    assert report.foreign_outcomes == 1
    assert (report.note, report.documents, report.seed, report.arrivals) == ("played", "by hand", 3, "constant")
    assert (report.processors, report.bundle) == (None, None)
    assert report.timeline is not None
    last = [moment for moment in played.moments if not moment.draining][-1]
    assert last.number == 1
    assert 50 <= last.sent <= 60  # on a busy machine the last ones go out after the last look
    assert last.elapsed_s == pytest.approx(last.duration_s, abs=0.5)


async def test_a_saturated_system_ends_its_step_early_and_is_drained(monkeypatch: pytest.MonkeyPatch) -> None:
    played = play(monkeypatch, service_s=0.02)  # 50/s, offered twice as much
    report = await played.run(dataclasses.replace(TASK, target=Target(0.95, 0.3), step_s=3.0))
    [step] = report.steps
    assert step.ended_early
    assert WhyNot.TOO_SLOW in step.why_not
    assert step.missing == 0
    assert step.latency.documents < 250  # of 300
    assert any(moment.draining for moment in played.moments)
    assert (report.sustained, report.shown) == (None, 0)


async def test_a_search_confirms_what_it_found(monkeypatch: pytest.MonkeyPatch) -> None:
    played = play(monkeypatch)
    report = await played.run(dataclasses.replace(TASK, search=Search(40.0, 0.1, max_rate=80.0)))
    assert [(step.rate, step.purpose, step.counted_s) for step in report.steps] == [
        (40, Purpose.SEARCH, 0.5),
        (80, Purpose.SEARCH, 0.5),
        (80, Purpose.CONFIRM, 0.6),
    ]
    assert (report.sustained, report.shown) == (2, 2)
    assert [number for number, _ in played.steps] == [1, 2, 3]


async def test_a_slow_rate_gets_time_for_its_documents_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    played = play(monkeypatch)
    task = dataclasses.replace(TASK, min_documents=30, step_s=0.1)
    report = await played.run(dataclasses.replace(task, search=Search(20.0, 0.1, confirm=False, max_rate=40.0)))
    assert [(step.rate, step.counted_s, step.latency.documents) for step in report.steps] == [
        (20, 1.0, 20),  # ten times as long as asked, and no longer
        (40, 0.75, 30),
    ]
    assert [step.counted_s for step in (await played.run(task)).steps] == [0.1]  # one rate: as long as asked


async def test_a_dead_system_ends_the_search_instead_of_hanging(monkeypatch: pytest.MonkeyPatch) -> None:
    played = play(monkeypatch, dies_at=30)
    report = await played.run(dataclasses.replace(TASK, search=Search(100.0, 0.1)))
    [step] = report.steps
    assert step.missing > 0
    assert WhyNot.MISSING in step.why_not
    assert report.sustained is None


async def test_outcomes_that_are_no_longer_read_end_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    played = play(monkeypatch, blind_after=10)
    with pytest.raises(BrokerError, match="reading outcomes failed"):
        await played.run(TASK)
    assert played.steps == []


async def test_a_processor_that_does_not_answer_is_told_before_anything_is_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    played = play(monkeypatch)
    with pytest.raises(ConfigurationError, match="does not answer"):
        await played.run(dataclasses.replace(TASK, metrics_urls=("http://127.0.0.1:1/metrics",)))
    assert played.moments == []


PAGE = """process_cpu_seconds_total {cpu}
docmill_records_consumed_total {documents}
docmill_slice_tokens_sum {tokens}
docmill_bundle_info{{name="mailroom-en",version="7",sha256="0123456789abcdef"}} 1.0
docmill_build_info{{version="9.9"}} 1.0
"""


async def test_the_processors_cost_is_of_the_counted_part(monkeypatch: pytest.MonkeyPatch) -> None:
    played, looks = play(monkeypatch), 0

    async def scrape(urls: Sequence[str]) -> list[str]:
        nonlocal looks
        looks += 1
        return [PAGE.format(cpu=5 * looks, documents=100 * looks, tokens=1000 * looks) for _ in urls]

    monkeypatch.setattr(run_module, "scrape", scrape)
    report = await played.run(dataclasses.replace(TASK, metrics_urls=("a", "b")))
    step = report.answer
    assert step is not None
    assert step.usage is not None
    assert (step.usage.cpu_s, step.usage.documents, step.usage.tokens) == (10, 200, 2000)
    assert step.usage.seconds == pytest.approx(0.5, abs=0.3)
    assert (report.processors, report.bundle, report.processor_docmill) == (2, "mailroom-en 7 (0123456789ab)", "9.9")


async def test_a_processor_that_goes_away_costs_its_figures_not_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    played, looks = play(monkeypatch), 0

    async def scrape(urls: Sequence[str]) -> list[str]:
        nonlocal looks
        looks += 1
        if looks > 2:
            raise ConfigurationError("does not answer")
        return [PAGE.format(cpu=5 * looks, documents=100 * looks, tokens=1000 * looks) for _ in urls]

    monkeypatch.setattr(run_module, "scrape", scrape)
    report = await played.run(dataclasses.replace(TASK, metrics_urls=("a",)))
    assert report.answer is not None
    assert report.answer.usage is None
