"""The bundle that ships with docmill still says what it said when it was made, on whatever machine this is."""

from pathlib import Path

import pytest

from docmill.bundle.load import load_bundle
from docmill.bundle.manifest import GOLDEN_FILE, MANIFEST_FILE
from docmill.golden import check_golden, read_golden
from docmill.processing import Mill
from docmill.runtime.session import OnnxInference

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
