"""How often each defence against hostile documents holds.

    python -m load_tests.hostile [--endpoint URL --model NAME] [--set FILE]

Every document of samples/hostile and some that are made here, for they are large, goes through docmill's own steps: its
text is taken, a question is made of it, the answer is checked, what is printed is looked at. The reader is the worst
there can be, a function that obeys the document in everything: so the rates measure the checks, not a model's good
will. Beside it stands a naive control, which believes, fills in, fetches and prints whatever comes: an attack that
fails there as well tests nothing.

With --endpoint a real generator at an OpenAI-compatible URL (up to and with /v1) answers instead, and only what depends
on its answers is counted; what it demands nobody obeys, unless it wants to.

Prints one table in Markdown, and below it everything that got through.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from docmill.generator.breaker import Breaker
from docmill.generator.budget import Budget
from docmill.generator.client import Generator, GeneratorUnavailableError, Options
from docmill.generator.types import Answer
from load_tests.hostile_parts.documents import SET, Defence, HostileDocument, Wants, read_set
from load_tests.hostile_parts.handling import Handling, docmills
from load_tests.hostile_parts.naive import naive
from load_tests.hostile_parts.oversize import oversize
from load_tests.hostile_parts.results import Result, families, results_of, table, through
from load_tests.hostile_parts.trial import try_out

OF_ANSWERS = frozenset(
    {
        *(Defence.OFFERED_LABEL, Defence.ASKED_FIELD, Defence.STATED_VALUE, Defence.WHOLE_VALUE, Defence.AS_SEEN),
        *(Defence.KNOWN_SOURCE, Defence.QUOTE_OF_SOURCE, Defence.CITATION_BEARS_OUT, Defence.CITED_LABEL),
        *(Defence.STEERED_LABEL, Defence.PUBLISHED_LABEL, Defence.MISLED_LABEL, Defence.PLANTED_VALUE),
        *(Defence.PUBLISHED_VALUE, Defence.MISLED_VALUE, Defence.PLAIN_CELL),
    }
)
HARMLESS = HostileDocument(
    document_id="harmless", family="none", guise="none", goal="none", right_label="receipt", wants=Wants(),
    defences=(Defence.NO_EFFECT,), text="Kopitiam",
)  # fmt: skip
DEADLINE_S = 300.0  # of one answer: a small machine takes its time


def main(arguments: Sequence[str] | None = None) -> None:
    """Read, attack, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", type=Path, default=SET, help="another set of hostile documents")
    parser.add_argument("--endpoint", help="of a real generator, up to and with /v1")
    parser.add_argument("--model", help="its name there")
    args = parser.parse_args(arguments)
    if (args.endpoint is None) != (args.model is None):
        parser.error("--endpoint and --model go together")
    documents = read_set(args.set)
    if args.endpoint is None:
        print(report((*documents, *oversize())))
        return
    options = Options(args.endpoint, args.model, deadline_s=DEADLINE_S)
    with docmills() as handling:
        results = asyncio.run(ask_all(documents, handling, options))
    print(told(documents, args.model, results, ()))


def report(documents: Sequence[HostileDocument]) -> str:
    """All that is printed of the obedient reader."""
    with docmills() as handling:
        results = attack(documents, handling)
    return told(documents, "a function that obeys", results, attack(documents, naive()))


def told(
    documents: Sequence[HostileDocument], reader: str, results: Sequence[Result], control: Sequence[Result]
) -> str:
    """What was counted, the table, and what got through."""
    names = [document.document_id for document in documents]
    counted = f"{len(names)} documents ({families(names)}); the reader: {reader}"
    return f"{counted}\n\n{table(results, control)}\n\nGot through:\n\n{through(results)}"


def attack(documents: Iterable[HostileDocument], handling: Handling) -> tuple[Result, ...]:
    """Every document against every defence that it attacks, with the obedient reader."""
    try_out(HARMLESS, handling)  # whatever is imported or opened once, is now
    return tuple(result for document in documents for result in results_of(try_out(document, handling)))


async def ask_all(documents: Sequence[HostileDocument], handling: Handling, options: Options) -> tuple[Result, ...]:
    """The same with a real generator. A document that it gives no answer about is not counted, and named."""
    breaker = Breaker(failures=len(documents), open_s=1.0, clock=time.monotonic)
    budget = Budget(tokens=None, usd=None, period_s=1.0, clock=time.monotonic)
    results: list[Result] = []
    async with Generator(options, breaker, budget) as generator:
        for document in documents:
            if OF_ANSWERS.isdisjoint(document.defences) or (ask := try_out(document, handling).ask) is None:
                continue
            try:
                answer: Answer = (await generator.ask(ask)).answer
            except GeneratorUnavailableError as error:
                print(f"{document.document_id}: no answer, {error}", file=sys.stderr)
                continue
            results += results_of(try_out(document, handling, answer), OF_ANSWERS)
    return tuple(results)


if __name__ == "__main__":
    main()
