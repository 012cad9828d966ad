from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docmill.errors import ConfigurationError
from docmill.training.importers.conll import import_conll
from docmill.training.importers.formats import Unit
from docmill.training.importers.imported import Imported
from docmill.training.row import LabelledRow


def imported(folder: Path, content: str, unit: Unit = Unit.MARKED, label: str | None = None) -> Imported:
    (folder / "in.conll").write_text(content, encoding="utf-8", newline="")
    return import_conll(folder / "in.conll", unit, label)


def marked(row: LabelledRow) -> list[tuple[str, str]]:
    assert all(row.text[e.start : e.end] == e.text for e in row.entities)
    return [(e.label, str(e.text)) for e in row.entities]


CONLL_2003 = """-DOCSTART- -X- -X- O

Ann NNP B-NP B-PER
Lee NNP I-NP I-PER
sued VBD B-VP O
Bob NNP B-NP B-PER
. . O O

In IN B-PP O
New NNP B-NP B-LOC
York NNP I-NP I-LOC

-DOCSTART- -X- -X- O

Ulm NNP B-NP B-LOC
"""


def test_documents_between_markers(tmp_path: Path) -> None:
    found = imported(tmp_path, CONLL_2003, label="suit")
    assert [(r.id, r.label, r.text) for r in found.rows] == [
        ("in-000001", "suit", "Ann Lee sued Bob .\nIn New York"),
        ("in-000002", "suit", "Ulm"),
    ]
    assert marked(found.rows[0]) == [("PER", "Ann Lee"), ("PER", "Bob"), ("LOC", "New York")]
    assert (found.skipped, found.notes) == ([], {})


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("blank", [" ", "\t"])
def test_line_ends_and_columns_of_either_kind(tmp_path: Path, ends: str, blank: str) -> None:
    found = imported(tmp_path, CONLL_2003.replace(" ", blank).replace("\n", ends))
    assert [r.text for r in found.rows] == ["Ann Lee sued Bob .\nIn New York", "Ulm"]
    assert marked(found.rows[0])[-1] == ("LOC", "New York")


def test_ids_and_labels_from_comments(tmp_path: Path) -> None:
    content = "# newdoc id = a 1\n# label = claim\n# sent_id = 7\nAnn\tB-PER\n\nAnn\tO\n"
    content += "# doc_id: b\nUlm\tO\n# id c domain=x\nx\tO\n"
    found = imported(tmp_path, content, label="letter")
    assert [(r.id, r.label, r.text) for r in found.rows] == [
        ("a 1", "claim", "Ann\nAnn"),
        ("b", "letter", "Ulm"),
        ("c", "letter", "x"),
    ]


def test_a_marker_and_its_comments_are_one_beginning(tmp_path: Path) -> None:
    found = imported(tmp_path, "-DOCSTART- O\n# label = claim\n# doc_id = a\n\nAnn O\n-DOCSTART- O\nUlm O\n")
    assert [(r.id, r.label, r.text) for r in found.rows] == [("a", "claim", "Ann"), ("in-000002", None, "Ulm")]


def test_a_hash_may_be_a_token(tmp_path: Path) -> None:
    found = imported(tmp_path, "# a comment O\nsuite\tO\n#\tB-no\n4\tI-no\n#x\tO\n", Unit.FILE)
    assert found.rows[0].text == "suite # 4 #x"
    assert marked(found.rows[0]) == [("no", "# 4")]


@pytest.mark.parametrize(
    ("tags", "spans", "repaired"),
    [
        ("B-x I-x O B-x", ["a b", "d"], 0),
        ("B-x B-x I-x O", ["a", "b c"], 0),
        ("I-x I-x B-x O", ["a b", "c"], 1),  # IOB1
        ("B-x I-y I-y O", ["a", "b c"], 1),
        ("S-x B-x I-x E-x", ["a", "b c d"], 0),  # BIOES
        ("B-x E-x E-x O", ["a b", "c"], 1),
        ("U-x B-x L-x U-x", ["a", "b c", "d"], 0),  # BILOU
        ("O O O O", [], 0),
        ("B_x I_x O O", ["a b"], 0),
        ("B-x O I-x I-x", ["a", "c d"], 1),
        ("B-x I-x I-x I-x", ["a b c d"], 0),
    ],
)
def test_tags_of_every_scheme(tmp_path: Path, tags: str, spans: list[str], repaired: int) -> None:
    content = "".join(f"{token} {tag}\n" for token, tag in zip("abcd", tags.split(), strict=True))
    found = imported(tmp_path, content, Unit.FILE)
    assert [text for _, text in marked(found.rows[0])] == spans
    assert sum(found.notes.values()) == repaired


def test_a_span_ends_with_its_sentence(tmp_path: Path) -> None:
    assert marked(imported(tmp_path, "a B-x\n\nb I-x\n", Unit.FILE).rows[0]) == [("x", "a"), ("x", "b")]


def test_units(tmp_path: Path) -> None:
    assert [r.text for r in imported(tmp_path, CONLL_2003, Unit.FILE).rows] == ["Ann Lee sued Bob .\nIn New York\nUlm"]
    sentences = imported(tmp_path, "\n\n" + CONLL_2003 + "\n\n", Unit.SENTENCE)
    assert [r.text for r in sentences.rows] == ["Ann Lee sued Bob .", "In New York", "Ulm"]
    with pytest.raises(ConfigurationError, match=r"neither -DOCSTART- lines nor .* --unit sentence or --unit file"):
        imported(tmp_path, "Ann O\n\nUlm O\n")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("secret", "line 5 has no tag or no token"),
        ("secret words", "the last column of line 5 is no tag such as O, B-name or I-name"),
        ("secret B", "the last column of line 5 is no tag"),
        ("secret B-", "the last column of line 5 is no tag"),
        ("secret X-PER", "the last column of line 5 is no tag"),
        ("\tO", "line 5 has no tag or no token"),
    ],
)
def test_a_document_with_a_bad_line_is_skipped_whole_and_not_quoted(tmp_path: Path, line: str, why: str) -> None:
    content = f"# doc_id = a\nAnn O\n# doc_id = b\nUlm O\n{line}\nx O\n# doc_id = c\nBob O\n"
    found = imported(tmp_path, content)
    assert [r.id for r in found.rows] == ["a", "c"]
    (skipped,) = found.skipped
    assert skipped.where == "line 4"
    assert skipped.why.startswith(why)
    assert "secret" not in skipped.why


def test_doubled_ids_and_empty_documents(tmp_path: Path) -> None:
    found = imported(tmp_path, "# doc_id = a\nx O\n# doc_id = b\n# doc_id = a\ny O\n# doc_id = d\n. O\n")
    assert [(s.where, s.why) for s in found.skipped] == [
        ("line 5", "an earlier document has the same id"),
        ("line 7", "the text has no letter or digit"),
    ]


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="has one column"):
        imported(tmp_path, "Ann\nLee\n", Unit.FILE)
    with pytest.raises(ConfigurationError, match="neither -DOCSTART-"):
        imported(tmp_path, "")
    assert imported(tmp_path, "", Unit.FILE).rows == []
    (tmp_path / "in.conll").write_bytes(b"Ann O\n\xff O\n")
    with pytest.raises(ConfigurationError, match="line 2: not UTF-8"):
        import_conll(tmp_path / "in.conll")


TOKENS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=6)
SENTENCES = st.lists(st.lists(st.tuples(TOKENS, st.sampled_from(["O", "x", "y"])), min_size=1, max_size=6), min_size=1)


@settings(max_examples=60)
@given(SENTENCES)
def test_bio_goes_round(tmp_path_factory: pytest.TempPathFactory, sentences: list[list[tuple[str, str]]]) -> None:
    """Tokens and names to BIO lines, through the importer, and back from text and spans alone."""
    lines, expected = ["# doc_id = a", "anchor\tO"], [("anchor", "O")]
    for sentence in sentences:
        before = "O"
        for token, name in sentence:
            tag = "O" if name == "O" else f"{'I' if name == before else 'B'}-{name}"
            lines.append(f"{token}\t{tag}")
            expected.append((token, name))
            before = name
        lines.append("")
    (row,) = imported(tmp_path_factory.mktemp("conll"), "\n".join(lines)).rows
    back, at = [], 0
    for token in row.text.split():
        start = row.text.index(token, at)
        at = start + len(token)
        back.append((token, next((e.label for e in row.entities if e.start <= start and at <= e.end), "O")))
    assert back == expected
