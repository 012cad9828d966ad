"""Receipts of which the fast model defers a given share. Knows no Kafka."""

from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from itertools import chain, cycle, islice

from docmill.bundle.load import default_bundle, load_bundle
from docmill.errors import ConfigurationError
from docmill.load.documents import LoadDocument
from docmill.pipeline.types import Deferral
from docmill.processing import Decided, Mill, ReceivedDocument
from docmill.runtime.session import OnnxInference

OF = 1_000  # documents that are drawn from: a share is met to a thousandth
RECEIVED = datetime(2026, 1, 1, tzinfo=UTC)

Defers = Callable[[Sequence[LoadDocument]], Sequence[bool]]


def with_deferred(receipts: Sequence[LoadDocument], share: float, defers: Defers) -> tuple[LoadDocument, ...]:
    """OF documents to draw from, `share` of them deferred; of either kind each as often as the others, or once more.

    Raises:
        ConfigurationError: none of them is deferred, or all are, and the share asks for the other kind.
    """
    deferred = round(share * OF)
    flags = defers(receipts)
    wanted = [(True, deferred), (False, OF - deferred)]
    kinds = [([one for one, flag in zip(receipts, flags, strict=True) if flag is kind], n) for kind, n in wanted]
    if any(n and not found for found, n in kinds):
        raise ConfigurationError(f"{sum(flags)} of {len(flags)} receipts are deferred: no share of {share} can be had")
    return tuple(chain.from_iterable(islice(cycle(found), n) for found, n in kinds))


def default_bundle_defers(documents: Sequence[LoadDocument]) -> list[bool]:
    """Which of them the bundle that ships is not sure of; one that it cannot read is not deferred."""
    bundle = load_bundle(default_bundle())
    with closing(OnnxInference(bundle.model_path, 1)) as inference:
        mill = Mill(bundle, inference)
        received = [
            ReceivedDocument(str(n), str(n), document.content, "text/plain", "utf-8", RECEIVED)
            for n, document in enumerate(documents)
        ]
        outcomes = [outcome for one in received for outcome in mill.process([one])]
    return [isinstance(outcome, Decided) and isinstance(outcome.route, Deferral) for outcome in outcomes]
