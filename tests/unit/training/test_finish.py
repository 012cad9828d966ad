"""Golden documents: which texts they are of, and on which of these the two graphs agree."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from docmill.errors import ConfigurationError
from docmill.golden import GoldenRow, GoldenSpan, parse_golden
from docmill.resources import resource
from docmill.training import finish
from docmill.training.finish import golden_of, sample_texts
from docmill.training.tokenizer import extended_tokenizer

TOKENIZER = extended_tokenizer(resource("bundles") / "mailroom-en/tokenizer.json")
ROW = GoldenRow(id="", text="", label="receipt", probability=0.5, fields=(), straight_through=True)
SPAN = GoldenSpan(name="total", start=0, end=4)


def write(folder: Path, *names: str, content: bytes = b"a receipt") -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def test_texts_lie_in_the_folder_or_in_folders_of_it(tmp_path: Path) -> None:
    write(tmp_path, "b/two.txt", "a.txt", "b/page.html", "README.md")
    assert sample_texts(tmp_path, TOKENIZER) == {"a.txt": "a receipt", "b/two.txt": "a receipt"}


@pytest.mark.parametrize(
    "name", ["c/d/three.txt", "broken/empty.txt", ".git/one.txt", ".old.txt", "b/.old.txt", "b/broken/deep.txt"]
)
def test_what_is_deep_hidden_or_broken_is_not_kept_in_a_bundle(tmp_path: Path, name: str) -> None:
    """A bundle keeps samples with their text, and whoever has it reads them."""
    write(tmp_path, "a.txt", name)
    assert list(sample_texts(tmp_path, TOKENIZER)) == ["a.txt"]


@pytest.mark.parametrize("place", ["broken", ".hidden", "broken/c"])
def test_a_folder_of_samples_may_bear_any_name_itself(tmp_path: Path, place: str) -> None:
    write(tmp_path / place, "a.txt", "b/two.txt")
    assert list(sample_texts(tmp_path / place, TOKENIZER)) == ["a.txt", "b/two.txt"]


def test_a_linked_folder_of_texts_is_one_of_it(tmp_path: Path) -> None:
    write(tmp_path / "elsewhere", "two.txt")
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples/b").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    assert list(sample_texts(tmp_path / "samples", TOKENIZER)) == ["b/two.txt"]


def test_docmills_own_samples_are_texts_of_many_kinds() -> None:
    texts = sample_texts(resource("samples"), TOKENIZER)
    assert {name.partition("/")[0] for name in texts} >= {"claims", "complaints", "contracts", "medical", "receipts"}
    assert "broken" not in {name.partition("/")[0] for name in texts}


@pytest.mark.parametrize("name", ["letter.eml", "broken/empty.txt", "a/b/deep.txt"])
def test_a_folder_without_texts_is_refused(tmp_path: Path, name: str) -> None:
    write(tmp_path, name)
    with pytest.raises(ConfigurationError, match=r"holds no document: golden documents are \.txt files in UTF-8, in"):
        sample_texts(tmp_path, TOKENIZER)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("Straße".encode("latin-1"), "it is not UTF-8"),
        (b"", "no_text"),
        (b" \n", "no_text"),
        ("\ufffd".encode(), "no_text: 1 characters hold no token"),
        ("\u0301\u0301".encode(), "no_text: 2 characters hold no token"),
        ("\u200b \u200b".encode(), "no_text: 3 characters hold no token"),
        (b"\x01\x02\x03 a", "undecodable_text"),
    ],
)
def test_a_text_that_no_bundle_could_read_is_refused_by_its_name(tmp_path: Path, content: bytes, why: str) -> None:
    write(tmp_path, "good.txt")
    write(tmp_path, "letters/bad.txt", content=content)
    with pytest.raises(
        ConfigurationError, match=rf"letters/bad\.txt cannot be golden: {why}.*take it out of --samples"
    ):
        sample_texts(tmp_path, TOKENIZER)


@pytest.mark.parametrize("text", ["\u200b\n\u200b", "\n\u0301", "\U0001f9fe", "?"])
def test_a_text_of_any_token_may_be_golden(tmp_path: Path, text: str) -> None:
    """Also of one that the vocabulary lacks, or of a line break alone: the mill decides on it."""
    write(tmp_path, "a.txt", content=text.encode())
    assert sample_texts(tmp_path, TOKENIZER) == {"a.txt": text}


def said(monkeypatch: pytest.MonkeyPatch, **by_graph: Mapping[str, dict[str, Any]]) -> None:
    """Graphs say of texts what is given here: how a row differs, by text."""

    @contextmanager
    def running(bundle: Any, graph: Path) -> Iterator[str]:
        yield graph.name

    def make_golden(graph: str, texts: Mapping[str, str]) -> list[GoldenRow]:
        return [
            ROW.model_copy(update={"id": name, "text": text, **by_graph[graph][name]}) for name, text in texts.items()
        ]

    monkeypatch.setattr(finish, "running", running)
    monkeypatch.setattr(finish, "make_golden", make_golden)


class BundleOf:
    """As far as golden documents look into one."""

    model_path = Path("int8")


def golden_names(texts: Mapping[str, str]) -> list[str]:
    bundle: Any = BundleOf()
    content = golden_of(bundle, Path("fp32"), texts)
    return [] if content is None else [row.id for row in parse_golden(content, Path("golden.jsonl"))]


@pytest.mark.parametrize("other", [{"label": "contract"}, {"fields": (SPAN,)}, {"straight_through": False}])
def test_texts_on_which_the_graphs_differ_are_left_out(monkeypatch: pytest.MonkeyPatch, other: dict[str, Any]) -> None:
    said(monkeypatch, int8={"a": {}, "b": {}}, fp32={"a": {}, "b": other})
    assert golden_names({"a": "one", "b": "two"}) == ["a"]
    said(monkeypatch, int8={"b": {}}, fp32={"b": other})
    assert golden_names({"b": "two"}) == []


def test_how_sure_the_graphs_are_may_differ_and_int8_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    said(monkeypatch, int8={"a": {"probability": 0.75}}, fp32={"a": {"probability": 0.5}})
    bundle: Any = BundleOf()
    content = golden_of(bundle, Path("fp32"), {"a": "one"})
    assert content is not None
    assert [row.probability for row in parse_golden(content, Path("golden.jsonl"))] == [0.75]
