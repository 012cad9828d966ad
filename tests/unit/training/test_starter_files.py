import json
import re
import tomllib
from pathlib import Path

import pytest

from docmill.errors import ConfigurationError
from docmill.training.corpus import load_corpus
from docmill.training.importers.jsonl import import_jsonl
from docmill.training.quality.finding import Code
from docmill.training.quality_gate import check_corpus
from docmill.training.recipe import load_recipe
from docmill.training.starter_files import FILES, write_starter


def test_what_is_written_passes_the_gate_with_the_warnings_that_so_few_letters_deserve(tmp_path: Path) -> None:
    write_starter(tmp_path / "new")
    recipe = load_recipe(tmp_path / "new" / "recipe.toml")
    report = check_corpus(load_corpus(tmp_path / "new", recipe), recipe)
    assert not report.is_refused
    assert {finding.code for finding in report.findings} == {
        Code.FEW_DOCUMENTS,
        Code.LABEL_SMALL,
        Code.FIELD_SMALL,
        Code.SUSPECTS_NOT_SOUGHT,
    }


def test_the_letters_are_as_the_importer_would_write_them(tmp_path: Path) -> None:
    write_starter(tmp_path)
    for part, count in (("train", 18), ("validation", 6)):
        path = tmp_path / "letters" / f"{part}.jsonl"
        found = import_jsonl(path)
        assert (len(found.rows), found.skipped, found.notes) == (count, [], {})
        assert [row.model_dump(mode="json") for row in found.rows] == [
            json.loads(line) | {"fields": {}, "source": None} for line in path.read_text(encoding="utf-8").splitlines()
        ]


def test_every_key_of_the_recipe_is_explained_on_its_line(tmp_path: Path) -> None:
    write_starter(tmp_path)
    lines = (tmp_path / "recipe.toml").read_text(encoding="utf-8").splitlines()
    keys = [line for line in lines if re.match(r"\w+ = ", line)]
    repeated = ("kind = ",)  # explained where it stands first
    assert len(keys) > 30
    assert [line for line in keys if "  # " not in line and not line.startswith(repeated)] == []
    assert all(len(line) <= 120 for line in lines)


def test_the_recipe_shows_every_key_that_a_recipe_must_have(tmp_path: Path) -> None:
    write_starter(tmp_path)
    values = tomllib.loads((tmp_path / "recipe.toml").read_text(encoding="utf-8"))
    recipe = load_recipe(tmp_path / "recipe.toml")
    required = {name for name, field in type(recipe).model_fields.items() if field.is_required()}
    assert required <= values.keys()


def test_the_readme_names_the_next_command(tmp_path: Path) -> None:
    write_starter(tmp_path)
    assert "docmill train check recipe.toml --data ." in (tmp_path / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", FILES)
def test_nothing_is_overwritten_and_nothing_half_written(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("mine")
    with pytest.raises(ConfigurationError, match=r"there already.*nothing was written"):
        write_starter(tmp_path)
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == [tmp_path / name]
    assert (tmp_path / name).read_text() == "mine"


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        write_starter(tmp_path / "file" / "folder")


def test_other_files_of_the_folder_do_not_matter(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    assert [path.relative_to(tmp_path).as_posix() for path in write_starter(tmp_path)] == list(FILES)
