"""The table of lengths is read right, and is what the training documents say."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from docmill.load.lengths import LENGTHS, QUANTILES

SCRIPT = Path(__file__).parents[3] / "load_tests" / "lengths.py"


@pytest.mark.parametrize("kind", LENGTHS)
def test_a_measured_quantile_has_its_measured_length(kind: str) -> None:
    lengths = LENGTHS[kind]
    assert tuple(lengths.at(quantile) for quantile in QUANTILES) == lengths.characters


@pytest.mark.parametrize("kind", LENGTHS)
def test_lengths_rise_with_the_quantile(kind: str) -> None:
    found = [LENGTHS[kind].at(step / 1000) for step in range(1001)]
    assert found == sorted(found)


def test_between_two_quantiles_lies_their_geometric_mean() -> None:
    receipts = LENGTHS["receipts"]
    assert receipts.at(0.375) == round((545 * 637) ** 0.5)


@pytest.mark.data
@pytest.mark.skipif("DOCMILL_DATA" not in os.environ, reason="set DOCMILL_DATA to the labelled documents")
def test_the_table_is_what_the_script_prints() -> None:
    done = subprocess.run([sys.executable, str(SCRIPT)], capture_output=True, text=True, timeout=120, check=True)
    rows = [line.split("\t") for line in done.stdout.splitlines()[1:]]
    printed = {row[0]: (row[1], int(row[2]), tuple(map(int, row[3:12]))) for row in rows}
    assert printed == {kind: (of.source, of.documents, of.characters) for kind, of in LENGTHS.items()}
    for row in rows:
        mean, of_table = map(int, row[12:])
        assert abs(of_table - mean) < 0.05 * mean, f"{row[0]}: the interpolation is off"


def test_without_data_the_script_says_what_it_needs() -> None:
    environ = {name: value for name, value in os.environ.items() if name != "DOCMILL_DATA"}
    done = subprocess.run(
        [sys.executable, str(SCRIPT)], capture_output=True, text=True, timeout=120, check=False, env=environ
    )
    assert done.returncode == 1
    assert "set DOCMILL_DATA" in done.stderr
