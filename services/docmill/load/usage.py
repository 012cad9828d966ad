"""What the processors spent, from their /metrics before and after. Does not fetch them."""

from collections.abc import Sequence
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

from docmill.errors import ConfigurationError

CPU = "process_cpu_seconds_total"
PARSER_CPU = "docmill_parser_cpu_seconds_total"  # of its child processes, seconds old at most
DOCUMENTS = "docmill_records_consumed_total"
TOKENS = "docmill_slice_tokens_sum"
REBALANCES = "docmill_rebalances_total"
COUNTED = (CPU, PARSER_CPU, DOCUMENTS, TOKENS, REBALANCES)
DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Page:
    """What one processor's /metrics said."""

    totals: dict[str, float]  # of COUNTED, as far as they are there
    bundle: str | None  # name, version and the first digits of its sha256
    build: str | None  # docmill's version


@dataclass(frozen=True, slots=True)
class Usage:
    """What all processors together did and spent between two scrapes."""

    seconds: float  # between the scrapes
    cpu_s: float  # with their parser processes
    documents: float
    tokens: float | None  # window overlap included; None: not told
    rebalances: float

    @property
    def documents_per_cpu_s(self) -> float:
        return self.documents / self.cpu_s

    @property
    def documents_per_core_day(self) -> float:
        """What one core that does nothing else gets through in a day."""
        return DAY_S * self.documents_per_cpu_s

    @property
    def tokens_per_s(self) -> float | None:
        return None if self.tokens is None else self.tokens / self.seconds

    @property
    def tokens_per_cpu_s(self) -> float | None:
        return None if self.tokens is None else self.tokens / self.cpu_s


def read_page(url: str, text: str) -> Page:
    """Read a /metrics page.

    Raises:
        ConfigurationError: it is not a docmill processor's, or does not tell its CPU time.
    """
    totals: dict[str, float] = {}
    infos: dict[str, dict[str, str]] = {}
    try:
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name in COUNTED:
                    totals[sample.name] = totals.get(sample.name, 0.0) + sample.value
                elif sample.name in ("docmill_bundle_info", "docmill_build_info"):
                    infos[sample.name] = sample.labels
    except ValueError as error:
        raise ConfigurationError(f"{url} is no page of Prometheus metrics: {error}") from error
    if missing := [name for name in (CPU, DOCUMENTS) if name not in totals]:
        why = "which only Linux tells" if missing == [CPU] else "so it is no docmill processor's /metrics"
        raise ConfigurationError(f"{url} has no {' and no '.join(missing)}, {why}")
    bundle = infos.get("docmill_bundle_info")
    return Page(
        totals,
        f"{bundle['name']} {bundle['version']} ({bundle['sha256'][:12]})" if bundle else None,
        infos.get("docmill_build_info", {}).get("version"),
    )


def usage_between(before: Sequence[Page], after: Sequence[Page], seconds: float) -> Usage | None:
    """What was spent between two scrapes of the same processors; None: one was started anew in between, or nothing was
    done or spent.
    """
    spent = [
        {name: last.totals.get(name, 0.0) - first.totals.get(name, 0.0) for name in COUNTED}
        for first, last in zip(before, after, strict=True)
    ]
    if any(difference < 0 for of_one in spent for difference in of_one.values()):
        return None
    total = {name: sum(of_one[name] for of_one in spent) for name in COUNTED}
    if not total[CPU] or not total[DOCUMENTS]:
        return None
    tokens = total[TOKENS] if all(TOKENS in page.totals for page in after) else None
    return Usage(seconds, total[CPU] + total[PARSER_CPU], total[DOCUMENTS], tokens, total[REBALANCES])
