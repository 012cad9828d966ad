"""load_tests/fallback_fields.py counts what a list of vendors changes."""

import json
from pathlib import Path

import pytest

from load_tests import fallback_fields
from tests.unit.fallback.builders import candidate


def write(folder: Path, name: str, companies: dict[str, str]) -> None:
    folder.mkdir(exist_ok=True)
    rows = ({"id": id, "text": "text", "label": "receipt", "fields": {"company": c}} for id, c in companies.items())
    (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def test_what_a_list_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "sroie", "train", {"1": "Acme", "2": "Globex"})
    write(tmp_path / "sroie", "validation", {"a": "ACME.", "b": "Initech", "c": "Globex", "sure": "Acme"})
    found = {
        "a": (candidate("Tax Invoice", 0.6), candidate("Acme", 0.5)),  # the list puts it right
        "b": (candidate("Initech", 0.95),),  # right and sure without
        "c": (candidate("Receipt", 0.4),),  # nothing to choose from
    }
    monkeypatch.setattr(fallback_fields, "candidates", lambda rows, bundle: found)
    fallback_fields.main(["--data", str(tmp_path), "--bundle", str(tmp_path)])
    printed = capsys.readouterr().out
    assert "3 deferred receipts; 2 of a listed vendor; right one among the n best: 2" in printed
    assert "without the list: 1 right; 1 accepted, 1 of them rightly" in printed
    assert "with the list: 2 right; 2 accepted, 2 of them rightly" in printed
    assert "wins=1, losses=0" in printed
