"""What a day's mail costs: all by the fast model, as docmill does it, or all by a language model.

    python -m load_tests.cost --deferred 0.39 --decided-by-index 0.07 --input-tokens 4251 --output-tokens 301

Everything it multiplies is printed below the table: processor time from the file that a load test wrote, unless you say
it; prices from a list; shares and tokens from the options. It measures nothing itself. docs/fallback.md has what this
command prints, and where its shares are from.
"""

import argparse
import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

LOAD = Path("docs/load/load.json")
PRICES = Path("load_tests/prices.toml")
HOUR_S = 3600.0
FALLBACK_CPU_S = 0.2  # of a deferred document: docs/decisions/0020
INPUT_TOKENS, OUTPUT_TOKENS = 4251, 301  # a document, repairs included: `make test-generator`, docs/fallback.md
MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Prices:
    """A price list; all in dollars."""

    core_hour: float
    million_input_tokens: float
    million_output_tokens: float
    review: float  # of a person, for one document


@dataclass(frozen=True, slots=True)
class Measured:
    """What a document takes."""

    model_cpu_s: float  # of the processor, for each document
    fallback_cpu_s: float  # of the fallback, for each deferred one: embedding and search
    input_tokens: float  # of a question about it
    output_tokens: float


@dataclass(frozen=True, slots=True)
class Shares:
    """What becomes of documents. `deferred` is of all, the two others are of the deferred ones."""

    deferred: float
    decided_by_index: float
    asked: float  # of a generator; of what the index does not decide
    decided_by_generator: float  # of those asked

    def __post_init__(self) -> None:
        for name in ("deferred", "decided_by_index", "asked", "decided_by_generator"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is a share from 0 to 1, not {getattr(self, name)}")


@dataclass(frozen=True, slots=True)
class Way:
    """One way of doing it, for a day's documents."""

    name: str
    cpu_hours: float
    tokens: float
    reviews: float
    usd_machines: float
    usd_tokens: float
    usd_people: float

    @property
    def usd(self) -> float:
        """All of it."""
        return self.usd_machines + self.usd_tokens + self.usd_people


def ways(documents: float, shares: Shares, measured: Measured, prices: Prices) -> tuple[Way, Way, Way]:
    """The three ways, for so many documents.

    All-fast publishes nothing that it is not sure of: what it defers goes to people. All-generator asks about every
    document, and what it leaves open goes to people in the same share as of those that the hybrid asks.
    """
    deferred = documents * shares.deferred
    left = deferred * (1 - shares.decided_by_index)
    asked = left * shares.asked
    fast = _way("all fast", documents * measured.model_cpu_s, 0.0, deferred, measured, prices)
    hybrid = _way(
        "hybrid",
        documents * measured.model_cpu_s + deferred * measured.fallback_cpu_s,
        asked,
        left - asked * shares.decided_by_generator,
        measured,
        prices,
    )
    all_asked = _way("all generator", 0.0, documents, documents * (1 - shares.decided_by_generator), measured, prices)
    return fast, hybrid, all_asked


def _way(name: str, cpu_s: float, asked: float, reviews: float, measured: Measured, prices: Prices) -> Way:
    dollars = (
        measured.input_tokens * prices.million_input_tokens + measured.output_tokens * prices.million_output_tokens
    )
    return Way(
        name=name,
        cpu_hours=cpu_s / HOUR_S,
        tokens=asked * (measured.input_tokens + measured.output_tokens),
        reviews=reviews,
        usd_machines=cpu_s / HOUR_S * prices.core_hour,
        usd_tokens=asked * dollars / MILLION,
        usd_people=reviews * prices.review,
    )


def table(of: Sequence[Way], documents: float) -> str:
    """As Markdown."""
    lines = [
        "| way | core hours | million tokens | to people | machines | tokens | all but people | per 1,000 documents |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for way in of:
        paid = way.usd_machines + way.usd_tokens
        lines.append(
            f"| {way.name} | {way.cpu_hours:,.1f} | {way.tokens / MILLION:,.1f} | {way.reviews:,.0f} "
            f"| ${way.usd_machines:,.2f} | ${way.usd_tokens:,.2f} | ${paid:,.2f} | ${paid / documents * 1000:,.4f} |"
        )
    return "\n".join(lines)


def read_prices(file: Path) -> Prices:
    """A price list. Raises: SystemExit: it is none, and says what is wrong."""
    try:
        return Prices(**{name: float(value) for name, value in tomllib.loads(file.read_text("utf-8")).items()})
    except (OSError, ValueError, TypeError) as error:
        raise SystemExit(f"{file} is no price list ({error}): see {PRICES}") from error


def model_cpu_s(file: Path) -> tuple[float, str]:
    """(processor seconds a document at the rate that was held, of which bundle and when), as `make load` measured.

    Raises: SystemExit: the file is not what `make load` writes, and says what to do.
    """
    try:
        report = json.loads(file.read_text("utf-8"))
        usage = report["steps"][report["sustained"]]["usage"]
        return float(usage["cpu_s"]) / float(usage["documents"]), f"{file}: {report['bundle']}, {report['at'][:10]}"
    except (OSError, ValueError, LookupError, TypeError, ArithmeticError) as error:
        problem = (
            f"{file} tells no processor time ({error!r}): name it by --model-cpu-s, or run this where docmill's are"
        )
        raise SystemExit(problem) from error


def main(arguments: Sequence[str] | None = None) -> None:
    """Multiply and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=float, default=MILLION, help="a day")
    parser.add_argument("--deferred", type=float, required=True, help="share; `docmill assess PATH` tells it of yours")
    parser.add_argument("--decided-by-index", type=float, required=True, help="share of these")
    parser.add_argument("--asked", type=float, default=1.0, help="share of the rest; 0: there is no generator")
    parser.add_argument("--decided-by-generator", type=float, default=0.0, help="share of those asked")
    parser.add_argument("--model-cpu-s", type=float, help=f"a document; default: from {LOAD}")
    parser.add_argument(
        "--fallback-cpu-s", type=float, default=FALLBACK_CPU_S, help="a deferred one (docs/decisions/0020)"
    )
    parser.add_argument("--input-tokens", type=float, default=INPUT_TOKENS, help="of a question (docs/fallback.md)")
    parser.add_argument("--output-tokens", type=float, default=OUTPUT_TOKENS, help="of its answer (likewise)")
    parser.add_argument("--prices", type=Path, default=PRICES)
    args = parser.parse_args(arguments)
    if not args.documents > 0:
        parser.error("--documents: at least one")
    cpu_s, told_by = model_cpu_s(LOAD) if args.model_cpu_s is None else (args.model_cpu_s, "--model-cpu-s")
    measured = Measured(round(cpu_s, 4), args.fallback_cpu_s, args.input_tokens, args.output_tokens)
    try:
        shares = Shares(args.deferred, args.decided_by_index, args.asked, args.decided_by_generator)
    except ValueError as error:
        parser.error(str(error))
    prices = read_prices(args.prices)
    print(table(ways(args.documents, shares, measured, prices), args.documents))
    print(f"\n{args.documents:,.0f} documents a day; {shares}; {measured} (model_cpu_s: {told_by});")
    print(f"{prices} ({args.prices})")


if __name__ == "__main__":
    main()
