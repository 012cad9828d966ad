"""What `make demo-generator` shows of documents that a language model was asked about. Knows no broker and no model."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.markup import escape
from rich.table import Table

from docmill.fallback_service.generators import Place
from samples.generator_said import Noted, Said

ENDS = {"in_review": "on documents.review: a person decides", "published": "on documents.processed"}
OF_THE_GENERATOR = (
    "generator asked for",
    "names the type",
    "quotes that hold",
    "citations that hold",
    "rejected, and why",
    "tokens",
    "cost",
    "seconds",
)
HOW_TO_READ = """[bold]How to read it[/]: a quote holds if it stands in the document; a citation, if it stands in the
source that it names and bears the answer out. What holds is one more voice beside the fast model and the index.
The rest is rejected:
  not_verbatim           the quote is not in the document
  quote_not_in_source    the citation is not in the source that it names
  unknown_source         there is no such source
  unsupported            the citation does not bear the answer out
Tokens are asked + answered, a repair included, and cost what load_tests/prices.toml says, an example.
With a model as small as this one a document ends with a person, as a rule."""
Way = dict[str, Any]  # a line of `docmill trace --json`


def table_of(ways: Sequence[Way], noted: Sequence[Noted], gold: Mapping[str, str]) -> Table:
    """A column for each document. gold: what each is, by its id."""
    table = Table(title="What became of every document", show_lines=True)
    table.add_column("document", style="bold")
    said = {one.place: one.said for one in noted}
    columns = [cells(way, said, gold[way["document_id"]]) for way in ways]
    for way in ways:
        table.add_column(escape(way["document_id"]), overflow="fold")
    for title in columns[0]:
        table.add_row(title, *(escape(column[title]) for column in columns))
    return table


def cells(way: Way, said: Mapping[Place, Said], gold: str) -> dict[str, str]:
    """What is to know of one document, by what it is."""
    requests = [step for step in way["steps"] if step["what"] == "fallback"]  # several: it was put back and waited
    places = [(step["topic"], step["partition"], step["offset"]) for step in requests]
    state: str = way["state"]
    heard = next((said[place] for place in reversed(places) if place in said), None)
    return {
        "it is": gold,
        "the fast model says": f"{requests[0]['label']} {requests[0]['probability']:.2f}",
        "deferred, since": "\n".join(requests[0]["reasons"]),
        **dict(zip(OF_THE_GENERATOR, of_the_generator(heard), strict=True)),
        "it ends": ENDS.get(state, state),
    }


def of_the_generator(said: Said | None) -> tuple[str, ...]:
    """A cell for each of OF_THE_GENERATOR."""
    if said is None:
        return ("nothing", *("-" for _ in OF_THE_GENERATOR[1:]))
    return (
        "\n".join(said.asked_for),
        said.named,
        "\n".join(said.quoted) or "none",
        "\n".join(said.cited) or "none",
        "\n".join(said.rejected) or "none",
        f"{said.prompt_tokens:,} + {said.completion_tokens:,}",
        f"${said.usd:.6f}",
        f"{said.seconds:.0f}",
    )
