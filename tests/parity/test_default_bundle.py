"""The bundle that ships with docmill still says what it said when it was made, on whatever machine this is."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from docmill.bundle.load import load_bundle
from docmill.bundle.manifest import GOLDEN_FILE, MANIFEST_FILE
from docmill.golden import check_golden, read_golden
from docmill.pipeline.types import Deferral
from docmill.processing import Decided, Mill, ReceivedDocument
from docmill.runtime.session import OnnxInference
from samples.demo_new_kind import NOTICES

BUNDLE = Path(__file__).parents[2] / "bundles" / "mailroom-en"


@pytest.mark.skipif(not (BUNDLE / MANIFEST_FILE).exists(), reason="bundles/mailroom-en is not trained yet")
@pytest.mark.parametrize("threads", [1, 2])
def test_golden_documents(threads: int) -> None:
    bundle = load_bundle(BUNDLE)
    assert bundle.manifest.golden is not None, "the default bundle ships golden documents"
    inference = OnnxInference(bundle.model_path, threads)
    try:
        rows = read_golden(BUNDLE / GOLDEN_FILE)
        check_golden(Mill(bundle, inference), rows, bundle.manifest.golden.tolerance)
    finally:
        inference.close()
    assert any(row.straight_through for row in rows), "no golden document goes straight through"


def test_it_publishes_no_document_of_the_kind_that_the_demo_teaches() -> None:
    """Else a notice would never come to the people who decide it, or to the index."""
    bundle = load_bundle(BUNDLE)
    inference = OnnxInference(bundle.model_path, 1)
    try:
        rows = [json.loads(line) for line in NOTICES.read_text(encoding="utf-8").splitlines()]
        outcomes = Mill(bundle, inference).process([received(row["document_id"], row["text"]) for row in rows])
    finally:
        inference.close()
    assert len(outcomes) == 6
    assert all(isinstance(outcome, Decided) and isinstance(outcome.route, Deferral) for outcome in outcomes)


def received(id_: str, text: str) -> ReceivedDocument:
    return ReceivedDocument(id_, id_, text.encode(), "text/plain", "utf-8", datetime.now(UTC))
