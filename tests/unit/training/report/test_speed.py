from pathlib import Path

from docmill.bundle.load import load_bundle
from docmill.training.report.machine import processor
from docmill.training.report.speed import SPEED_FILE, make_speed, read_speed
from tests.tiny_bundle import build_tiny_bundle, text_of
from tests.unit.evaluation.fakes import row, write_rows


def test_each_source_is_timed_by_itself(tmp_path: Path) -> None:
    bundle = load_bundle(build_tiny_bundle(tmp_path / "bundle"))
    files = [
        write_rows(tmp_path / f"{label}s.jsonl", *(row(text_of(label, seed), label) for seed in range(count)))
        for label, count in (("receipt", 3), ("contract", 2))
    ]
    told: list[tuple[int, int]] = []
    make_speed(bundle, files, tmp_path, lambda done, total: told.append((done, total)))
    speed = read_speed(tmp_path / SPEED_FILE)
    assert speed.processor == processor()
    assert {name: of.documents for name, of in speed.sources.items()} == {"receipts": 3, "contracts": 2}
    assert all(of.tokens > 24 * of.documents for of in speed.sources.values())  # words, and ends of lines
    assert all(of.seconds > 0 for of in speed.sources.values())
    assert told == [(1, 2), (2, 2)]
