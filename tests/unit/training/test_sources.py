from pathlib import Path

import pytest
from pydantic import ValidationError

from docmill.errors import ConfigurationError
from docmill.evaluation.gold import source_name
from docmill.resources import resource
from docmill.training import claims, sources
from docmill.training.cache import Cache
from docmill.training.claims.__main__ import main as write_claims
from docmill.training.corpus import part, read_part
from docmill.training.recipe import Recipe
from docmill.training.row import read_rows
from docmill.training.sources import source_folders
from tests.unit.training.corpora import VALUES, recipe, rows, write_source

SYNTHETIC = recipe([{"name": "post", "synthetic_claims": 25, "unused": ["*"]}])


def packaged(name: str) -> Recipe:
    """A recipe of the user's `till` and a packaged source."""
    joining = VALUES["sources"][1] | {"name": name, "packaged": True}
    return Recipe.model_validate(VALUES | {"sources": [VALUES["sources"][0], joining]})


def test_without_synthetic_sources_there_is_the_users_folder_alone(tmp_path: Path) -> None:
    assert set(source_folders(recipe(), tmp_path / "data", Cache(tmp_path)).values()) == {tmp_path / "data"}
    assert list(tmp_path.iterdir()) == []


def test_synthetic_documents_are_made_once(tmp_path: Path) -> None:
    made: list[bool] = []
    cache = Cache(tmp_path / "cache", lambda _, was_there: made.append(was_there))
    folders = source_folders(SYNTHETIC, tmp_path, cache)
    assert folders == source_folders(SYNTHETIC, tmp_path, cache)
    assert made == [False, True]
    source = SYNTHETIC.sources[1]
    counts = [len(read_part(folders, source, name, SYNTHETIC).rows) for name in ("train", "validation")]
    assert counts == [20, 5]
    assert all("layout" in str(row.source) for row in read_part(folders, source, "train", SYNTHETIC).rows)


def test_other_sources_are_the_users(tmp_path: Path) -> None:
    write_source(tmp_path, "till", rows("receipt", 1))
    folders = source_folders(SYNTHETIC, tmp_path, Cache(tmp_path / "cache"))
    assert part(folders, "till", "train") == tmp_path / "till" / "train.jsonl"


def test_a_packaged_source_comes_with_docmill_whatever_lies_in_the_users_folder(tmp_path: Path) -> None:
    of_recipe = packaged("claims-written")
    write_source(tmp_path, "claims-written", rows("receipt", 1))
    folders = source_folders(of_recipe, tmp_path, Cache(tmp_path / "cache"))
    assert part(folders, "claims-written", "train") == resource("samples") / "claims-written" / "train.jsonl"
    assert [source.synthetic for source in of_recipe.sources] == [False, True]


def test_a_source_of_the_users_is_the_users_whatever_comes_with_docmill(tmp_path: Path) -> None:
    mine = VALUES["sources"][0] | {"name": "claims-by-hand"}
    of_recipe = Recipe.model_validate(VALUES | {"sources": [mine, packaged("claims-written").sources[1].model_dump()]})
    write_source(tmp_path, "claims-by-hand", rows("receipt", 1), rows("receipt", 1))
    folders = source_folders(of_recipe, tmp_path, Cache(tmp_path / "cache"))
    for name in ("train", "validation"):
        assert part(folders, "claims-by-hand", name).parent == tmp_path / "claims-by-hand"


@pytest.mark.parametrize("name", ["letters", "claims-by-hand"])
def test_what_is_not_packaged_is_refused_though_the_user_has_it(tmp_path: Path, name: str) -> None:
    write_source(tmp_path, name, rows("receipt", 1))
    with pytest.raises(
        ConfigurationError, match=rf"no packaged source '{name}', only \['claims-written', 'claims-written-2'\]"
    ):
        source_folders(packaged(name), tmp_path, Cache(tmp_path / "cache"))


def test_a_source_is_packaged_or_made() -> None:
    with pytest.raises(ValidationError, match=r"source post is packaged and to be made \(synthetic_claims\)"):
        recipe([{"name": "post", "packaged": True, "synthetic_claims": 25}])


def test_a_generator_that_is_edited_meanwhile_is_not_what_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is made is kept under the digest of the code that was imported."""
    (tmp_path / "edited.py").write_text("edited")
    made = source_folders(recipe([{"name": "till", "synthetic_claims": 25}]), tmp_path, Cache(tmp_path / "cache"))
    monkeypatch.setattr(claims, "__path__", [str(tmp_path)])
    again = source_folders(recipe([{"name": "till", "synthetic_claims": 25}]), tmp_path, Cache(tmp_path / "cache"))
    assert again == made


def test_a_generator_that_is_edited_while_it_runs_makes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lists of words are read when they are needed."""
    monkeypatch.setattr(sources, "GENERATOR", "of words as they were")
    with pytest.raises(ConfigurationError, match=r"claims was changed while it was being used: run this again"):
        source_folders(SYNTHETIC, tmp_path, Cache(tmp_path / "cache"))


def test_they_are_those_that_the_command_writes_so_that_a_bundle_can_be_scored_on_them(tmp_path: Path) -> None:
    made = source_folders(recipe([{"name": "till", "synthetic_claims": 25}]), tmp_path, Cache(tmp_path / "cache"))
    write_claims(["--out", str(tmp_path / "out"), "--documents", "25"])
    written = tmp_path / "out/claims/validation.jsonl"
    assert source_name(written) == "claims"
    for name in ("train", "validation"):
        trained = read_part(made, recipe().sources[0], name, recipe()).rows
        assert trained == tuple(read_rows(written.with_name(f"{name}.jsonl")))
