"""The fifth way as Markdown: what load_tests.fallback_eval prints of a GeneratorReport."""

from collections.abc import Mapping

from load_tests.fallback_parts.generator_report import GeneratorReport
from load_tests.fallback_parts.generator_way import SEED
from load_tests.fallback_parts.measures import PAIR_HEADINGS
from load_tests.fallback_parts.report import table


def generator_markdown(of: GeneratorReport) -> str:
    """Tables and sentences for a page."""
    spent = of.spent
    was_open = of.drawn - of.outcomes["decided by the index"]
    lines = [
        "",
        f"**Blend and generator** (deferred, validation): {of.model}, prompt version {of.prompt_version}; {of.drawn} "
        f"of {of.deferred} deferred documents, drawn by seed {SEED}. Tier 1 left {was_open} of them open. A document "
        "that the generator was not asked about or gave no answer to is never right by this way. Right is the type "
        "alone: values of fields are compared with nothing.",
        "",
        *_ways(of),
        "",
        *_pairs(of),
        "",
        f"Outcomes: {_list(of.outcomes)}. Not asked or not answered, by reason: {_list(of.why_not)}.",
        "",
        f"Asked for the type and answered: {of.label_asked}, {of.abstained} of these without a label, {of.cited} with "
        f"a citation that held. Values that stood in their document: {of.values}. Rejected parts of answers: "
        f"{_list(of.refused)}.",
        "",
        f"{spent.questions} questions were put and took {spent.prompt_tokens:,.0f} tokens asked and "
        f"{spent.answer_tokens:,.0f} answered in {spent.requests:.2f} requests each (what the endpoint did not count, "
        f"as much as it can be); those that were answered {_seconds(spent.seconds_p50)} (p50), "
        f"{_seconds(spent.seconds_p95)} (p95).",
        "",
        *_costs(of),
        "",
        f"Policy: {of.policy}.",
    ]
    return "\n".join(lines) + "\n"


def _ways(of: GeneratorReport) -> list[str]:
    rows = []
    for way, right in of.right.items():
        share = f"{100 * right / of.drawn:.1f} [{100 * of.low[way]:.1f}, {100 * of.high[way]:.1f}]"
        out, out_right = of.published.get(way, (None, None))
        told = ("-", "-") if out is None else (str(out), str(out_right))
        rows.append((way, f"{right} of {of.drawn}", share, *told))
    return table(("way", "right", "accuracy [95 %]", "published", "with the right type"), rows)


def _pairs(of: GeneratorReport) -> list[str]:
    rows = [(name, str(pair.documents), *pair.cells()) for name, pair in of.pairs.items()]
    return table(("pair", "documents", *PAIR_HEADINGS), rows)


def _costs(of: GeneratorReport) -> list[str]:
    head = ("for 1,000 deferred documents", "machines", "tokens", "people", "all but people")
    rows = [
        (one.way, *(f"${usd:,.4f}" for usd in (one.machines, one.tokens, one.people, one.machines + one.tokens)))
        for one in of.costs
    ]
    return table(head, rows)


def _list(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items() if count) or "none"


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} s"
