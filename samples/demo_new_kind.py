"""The second half of `make demo`: a kind that no bundle knows, decided by people five times, then from the index.

Six parking notices. Of the first five the fallback knows nothing: people are asked, and their decisions become
exemplars. The sixth is decided from these, and cites them.
"""

import json
import time
from pathlib import Path
from typing import Any

from rich.table import Table

from docmill_schemas.reasons import DecidedBy
from samples.demo_services import PATIENCE_S, SAMPLES, Running, console, docmill, service

NOTICES = SAMPLES / "new-kind" / "parking-notices.jsonl"
LABEL = "notice.parking"
DECIDED_BY_PEOPLE = 5


def new_kind(environment: dict[str, str], folder: Path) -> dict[str, Any]:
    """Run the story; the result of the last notice. The processor must be running."""
    console.print("\n[bold]A kind of document that the bundle has never seen[/]: six parking notices")
    rows = NOTICES.read_text(encoding="utf-8").splitlines()
    first, last = folder / "five-notices.jsonl", folder / "sixth-notice.jsonl"
    first.write_text("\n".join(rows[:DECIDED_BY_PEOPLE]), encoding="utf-8")
    last.write_text(rows[DECIDED_BY_PEOPLE], encoding="utf-8")
    ids = [json.loads(row)["document_id"] for row in rows]
    own = environment | {"XDG_DATA_HOME": str(folder / "data")}  # of the copy of the index
    with service(own, "indexer", folder), service(own, "arbiter", folder), service(own, "fallback", folder) as fallback:
        docmill(own, "publish", str(first), "--wait")
        for review in open_reviews(own, ids[:DECIDED_BY_PEOPLE]):
            docmill(own, "review", "decide", review["request_id"], "--type", LABEL, "--reviewer", "demo")
        known = wait_for_exemplars(fallback, DECIDED_BY_PEOPLE)
        console.print(f"[dim]{known} exemplars in the index of the fallback[/]")
        docmill(own, "publish", str(last), "--wait")
        return result_of(own, ids[DECIDED_BY_PEOPLE])


def open_reviews(environment: dict[str, str], ids: list[str]) -> list[dict[str, Any]]:
    """The open reviews of these documents, once there is one of each."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        listed = docmill(environment, "review", "list", "--json", show=False)
        found = [review for review in map(json.loads, listed.splitlines()) if review["document_id"] in ids]
        if len(found) == len(ids):
            return found
        if time.monotonic() > deadline:
            raise SystemExit(f"{len(found)} of {len(ids)} notices were handed to people")
        time.sleep(1)


def wait_for_exemplars(fallback: Running, count: int) -> int:
    """How many passages the fallback's copy of the index holds, once there are so many."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if (held := fallback.total("docmill_index_passages")) >= count:
            return int(held)
        time.sleep(0.2)
    raise SystemExit(f"{count} exemplars did not reach the index of the fallback")


def result_of(environment: dict[str, str], document_id: str) -> dict[str, Any]:
    """The published result of a document, once there is one."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        tail = ("tail", "--from-beginning", "--json", "--timeout", "2", "--limit", "1000")
        events = docmill(environment, *tail, show=False, may_fail=True)  # so many will not come: it ends by the time
        for event in map(json.loads, events.splitlines()):
            if event["document_id"] == document_id and event["outcome"] == "processed":
                found: dict[str, Any] = event
                return found
    raise SystemExit(f"no result of {document_id}")


def tell_learning(result: dict[str, Any]) -> None:
    """The sixth notice: what was decided, by whom, from what.

    Raises: SystemExit: it was not decided from the index as what people had called the others, or cites nothing.
    """
    table = Table(title="The sixth parking notice, after five decisions by people")
    for title in ("document", "type", "prob.", "decided by", "cites", "why the model did not"):
        table.add_column(title, overflow="fold")
    table.add_row(
        result["document_id"],
        result["document_type"]["label"],
        f"{result['document_type']['probability']:.2f}",
        result["decided_by"],
        "\n".join(cited["passage_id"] for cited in result["citations"]),
        ", ".join(result["reasons"]),
    )
    console.print()
    console.print(table)
    told = (
        f"{result['document_id']} is {result['document_type']['label']}, decided by {result['decided_by']}, "
        f"{len(result['citations'])} citations"
    )
    found = (result["document_type"]["label"], result["decided_by"])
    if found != (LABEL, DecidedBy.RETRIEVAL.value) or not result["citations"]:
        raise SystemExit(f"{told}: expected {LABEL}, decided by {DecidedBy.RETRIEVAL.value}, 1 citation or more")
    console.print(f"[green]As it should be[/]: {told}.")
