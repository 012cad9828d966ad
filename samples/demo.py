"""`make demo`: the sample documents through a real Kafka, a real processor and the shipped bundle, shown in a table.

Runs the commands that a user would type and holds everything it starts; nothing is left behind.
"""

import json
import os
import re
import tempfile
from pathlib import Path
from typing import Any

from rich.table import Table

from docmill.local_kafka import embedded_broker
from samples.demo_new_kind import new_kind, tell_learning
from samples.demo_services import SAMPLES, console, docmill, service, total_in

FOLDERS = ("receipts", "complaints", "medical", "contracts", "claims", "other", "broken")
TRACED = "claims/first-notice-hail-mail.eml"
SHOWN_FIELDS = 3
STYLES = {"processed": "green", "fallback": "yellow", "rejected": "red"}
METRICS = {
    "docmill_records_consumed_total": "records consumed",
    "docmill_results_published_total": "results published",
    "docmill_fallback_total": "handed to the fallback",
    "docmill_dead_letters_total": "dead letters",
}


def main() -> None:
    """The whole demo."""
    console.rule("[bold]docmill: documents in on Kafka, structured results out")
    console.print(
        "Starting a real Apache Kafka (one node, in a child process; the first time its jars are fetched) ..."
    )
    with embedded_broker(ephemeral=True) as broker, tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap_servers, "DOCMILL_TOPIC_PREFIX": ""}
        docmill(environment, "topics", "create")
        with service(environment, "processor", Path(folder)) as processor:
            publish = docmill(environment, "publish", *(str(SAMPLES / name) for name in FOLDERS), "--wait")
            count = int(re.findall(r"sent (\d+)", publish)[0])
            events = docmill(
                environment, "tail", "--from-beginning", "--json", "--limit", str(count), "--timeout", "30", show=False
            )
            outcomes = [json.loads(line) for line in events.splitlines()]
            way = docmill(environment, "trace", TRACED, show=False)
            metrics = processor.page("/metrics")
            learning = new_kind(environment, Path(folder))
        console.print("[dim]all services stopped cleanly, offsets committed[/]\n")
    gold = {row["file"]: row for row in map(json.loads, (SAMPLES / "labels.jsonl").read_text().splitlines())}
    console.print(table_of(outcomes, gold))
    tell_errors(outcomes, gold)
    tell_figures(metrics)
    console.print(f"\n[bold]The way of one document[/]: docmill trace {TRACED}")
    console.print(way.rstrip(), markup=False, soft_wrap=True)
    tell_learning(learning)
    console.print(
        "\n[bold]Where to look next[/]\n"
        "  docmill process samples/receipts        one JSON outcome a line, without Kafka\n"
        "  docmill kafka up && docmill topics create && docmill run processor      the same for your own documents\n"
        "  docmill publish PATH --wait; docmill tail --from-beginning\n"
        "  docmill run fallback; docmill run arbiter; docmill review list      what the model is not sure of\n"
        "  docmill assess PATH                     what it would make of your documents, in figures\n"
        "  README.md: what to send, what comes back; bundles/mailroom-en/MODEL_CARD.md: what the model knows"
    )


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
    for name, title in METRICS.items():
        console.print(f"  {title:<30}{total_in(metrics, name):.0f}")
    for name, title in (
        ("docmill_end_to_end_latency_seconds", "mean end-to-end latency"),
        ("docmill_slice_tokens", "mean tokens a slice"),
        ("docmill_window_tokens", "mean tokens a window"),
        ("docmill_slice_documents", "mean documents a slice"),
    ):
        mean = total_in(metrics, f"{name}_sum") / max(1, total_in(metrics, f"{name}_count"))
        console.print(f"  {title:<30}{mean:.2f}")


if __name__ == "__main__":
    main()
