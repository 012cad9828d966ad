from pathlib import Path

import pytest

from docmill.errors import ConfigurationError
from docmill.training.claims.__main__ import main


def run(out: Path, *further: str) -> None:
    main(["--out", str(out), "--documents", "20", "--seed", "5", *further])


def test_it_writes_both_parts_and_counts_on_request(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(tmp_path, "--stats")
    printed = capsys.readouterr().out
    assert f"{tmp_path / 'claims'}: 16 train, 4 validation, SYNTHETIC" in printed
    assert "train: 16 SYNTHETIC documents, 16 distinct texts" in printed
    lines = {
        part: (tmp_path / "claims" / f"{part}.jsonl").read_text(encoding="utf-8").splitlines()
        for part in ("train", "validation")
    }
    assert {part: len(rows) for part, rows in lines.items()} == {"train": 16, "validation": 4}


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("one", "two"):
        run(tmp_path / name)
    assert "distinct" not in capsys.readouterr().out
    for file in ("train.jsonl", "validation.jsonl", "README.md"):
        one, two = ((tmp_path / name / "claims" / file).read_bytes() for name in ("one", "two"))
        assert one == two
        assert b"\r" not in one


def test_too_few_documents(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="--documents 9 is too few: ask for 10 or more"):
        main(["--out", str(tmp_path), "--documents", "9"])


def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"--out .*file cannot be written to"):
        run(tmp_path / "file")
