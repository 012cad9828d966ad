"""`make demo`: the sample documents through a real Kafka, a real processor and the shipped bundle, shown in a table.

Runs the commands that a user would type and holds everything it starts; nothing is left behind.
"""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from docmill.local_kafka import embedded_broker

SAMPLES = Path(__file__).parent
FOLDERS = ("receipts", "complaints", "medical", "contracts", "claims", "other", "broken")
TRACED = "claims/first-notice-hail-mail.eml"
PATIENCE_S = 60.0
SHOWN_FIELDS = 3
STYLES = {"processed": "green", "fallback": "yellow", "rejected": "red"}
METRICS = {
    "docmill_records_consumed_total": "records consumed",
    "docmill_results_published_total": "results published",
    "docmill_fallback_total": "handed to the fallback",
    "docmill_dead_letters_total": "dead letters",
}

console = Console(highlight=False, width=max(Console().width, 150) if not Console().is_terminal else None)


def main() -> None:
    """The whole demo."""
    console.rule("[bold]docmill: documents in on Kafka, structured results out")
    console.print(
        "Starting a real Apache Kafka (one node, in a child process; the first time its jars are fetched) ..."
    )
    with embedded_broker(ephemeral=True) as broker, tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap_servers, "DOCMILL_TOPIC_PREFIX": ""}
        docmill(environment, "topics", "create")
        with processor(environment, Path(folder) / "processor.log") as metrics_url:
            publish = docmill(environment, "publish", *(str(SAMPLES / name) for name in FOLDERS), "--wait")
            count = int(re.findall(r"sent (\d+)", publish)[0])
            events = docmill(
                environment, "tail", "--from-beginning", "--json", "--limit", str(count), "--timeout", "30", show=False
            )
            outcomes = [json.loads(line) for line in events.splitlines()]
            way = docmill(environment, "trace", TRACED, show=False)
            metrics = urllib.request.urlopen(metrics_url, timeout=5).read().decode()
        console.print("[dim]processor stopped cleanly, offsets committed[/]\n")
    gold = {row["file"]: row for row in map(json.loads, (SAMPLES / "labels.jsonl").read_text().splitlines())}
    console.print(table_of(outcomes, gold))
    tell_errors(outcomes, gold)
    tell_figures(metrics)
    console.print(f"\n[bold]The way of one document[/]: docmill trace {TRACED}")
    console.print(way.rstrip(), markup=False, soft_wrap=True)
    console.print(
        "\n[bold]Where to look next[/]\n"
        "  docmill process samples/receipts        one JSON outcome a line, without Kafka\n"
        "  docmill kafka up && docmill topics create && docmill run processor      the same for your own documents\n"
        "  docmill publish PATH --wait; docmill tail --from-beginning\n"
        "  docmill assess PATH                     what it would make of your documents, in figures\n"
        "  README.md: what to send, what comes back; bundles/mailroom-en/MODEL_CARD.md: what the model knows"
    )


def docmill(environment: dict[str, str], *arguments: str, show: bool = True) -> str:
    """Run a docmill command as a user would; its output."""
    shown = [str(Path(a).relative_to(SAMPLES.parent)) if a.startswith(str(SAMPLES)) else a for a in arguments]
    console.print(f"[bold cyan]$ docmill {' '.join(shown)}[/]")
    done = subprocess.run(
        [sys.executable, "-m", "docmill", *arguments], env=environment, stdout=subprocess.PIPE, text=True, check=False
    )
    if show:
        console.print(done.stdout.strip(), markup=False)
    if done.returncode:
        raise SystemExit(f"docmill {arguments[0]} ended with exit code {done.returncode}")
    return done.stdout


@contextlib.contextmanager
def processor(environment: dict[str, str], log: Path) -> Iterator[str]:
    """A running processor; the address of its metrics. Stopped with SIGTERM, as Kubernetes would."""
    console.print("[bold cyan]$ docmill run processor[/]")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "docmill", "run", "processor", "--http-port", "0"],
            env=environment,
            stdout=output,
            stderr=output,
        )
    try:
        url = wait_ready(process, log)
        console.print(f"ready; {url}/metrics /livez /readyz")
        yield f"{url}/metrics"
        process.send_signal(signal.SIGTERM)
        if code := process.wait(PATIENCE_S):
            raise SystemExit(f"the processor ended with exit code {code}:\n{log.read_text()}")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def wait_ready(process: "subprocess.Popen[bytes]", log: Path) -> str:
    """The address of the probes, once /readyz says yes."""
    deadline = time.monotonic() + PATIENCE_S
    while process.poll() is None and time.monotonic() < deadline:
        if found := re.search(r"http://[\d.]+:\d+", log.read_text()):
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{found[0]}/readyz", timeout=5):
                return found[0]
        time.sleep(0.1)
    raise SystemExit(f"the processor did not get ready:\n{log.read_text()}")


def table_of(outcomes: list[dict[str, Any]], gold: dict[str, dict[str, Any]]) -> Table:
    """Every document with what it is, what the model says and where it went."""
    table = Table(title="What became of every document")
    for title in ("document", "is a", "type found", "prob.", "fields", "route", "why", "latency"):
        table.add_column(title, overflow="fold")
    order = {name: index for index, name in enumerate(FOLDERS)}
    for outcome in sorted(outcomes, key=lambda o: (order[o["document_id"].split("/")[0]], o["document_id"])):
        kind = outcome["outcome"]
        found = outcome.get("document_type", {})
        why = outcome.get("reason") or ", ".join(outcome.get("reasons", ()))
        table.add_row(
            outcome["document_id"],
            gold.get(outcome["document_id"], {}).get("label", "-"),
            found.get("label", "-"),
            f"{found['probability']:.2f}" if found else "-",
            shown_fields(outcome.get("fields", [])),
            f"[{STYLES[kind]}]{kind}[/]",
            why,
            f"{outcome['latency_s']:.2f} s" if "latency_s" in outcome else "-",
        )
    return table


def shown_fields(fields: list[dict[str, Any]]) -> str:
    """The first few fields, normalised where they could be."""
    parts = []
    for field in fields[:SHOWN_FIELDS]:
        value = " ".join((field.get("value") or field["text"]).split())
        parts.append(f"{field['name']}={value[:28]}{'…' if len(value) > 28 else ''}")
    more = len(fields) - SHOWN_FIELDS
    return "; ".join(parts) + (f"; +{more}" if more > 0 else "")


def tell_errors(outcomes: list[dict[str, Any]], gold: dict[str, dict[str, Any]]) -> None:
    """Say plainly how many automatic answers are wrong, and what became of languages that the model does not read."""
    automatic = [o for o in outcomes if o["outcome"] == "processed"]
    wrong = [o for o in automatic if o["document_type"]["label"] != gold.get(o["document_id"], {}).get("label")]
    foreign = [o for o in outcomes if o["document_id"].startswith("other/")]
    deferred = sum(o["outcome"] == "fallback" for o in foreign)
    console.print(f"Straight through: {len(automatic)} of {len(outcomes)}; of these {len(wrong)} with a wrong type.")
    for outcome in wrong:
        console.print(
            f"  [red]wrong[/]: {outcome['document_id']} is {gold.get(outcome['document_id'], {}).get('label')}, "
            f"published as {outcome['document_type']['label']}"
        )
    console.print(
        f"Languages that this bundle does not read: {deferred} of {len(foreign)} went to the fallback topic, "
        f"which is right{'' if deferred == len(foreign) else '; the rest is wrong'}."
    )


def tell_figures(metrics: str) -> None:
    """The throughput figures of /metrics."""
    console.print("\n[bold]From /metrics[/]")
    samples = re.findall(r"^(\w+)(?:\{[^}]*\})? (\S+)$", metrics, re.MULTILINE)

    def total(name: str) -> float:
        return sum(float(value) for found, value in samples if found == name)

    for name, title in METRICS.items():
        console.print(f"  {title:<30}{total(name):.0f}")
    for name, title in (
        ("docmill_end_to_end_latency_seconds", "mean end-to-end latency"),
        ("docmill_slice_tokens", "mean tokens a slice"),
        ("docmill_window_tokens", "mean tokens a window"),
        ("docmill_slice_documents", "mean documents a slice"),
    ):
        console.print(f"  {title:<30}{total(f'{name}_sum') / max(1, total(f'{name}_count')):.2f}")


if __name__ == "__main__":
    main()
