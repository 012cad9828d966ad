from pathlib import Path

from docmill.training.quality.finding import Code, Finding, Severity
from docmill.training.quality.subject import Subject
from docmill.training.quality.texts import LONG_CHARACTERS, check_texts
from tests.unit.training.corpora import Row, read, recipe, row, rows

GERMAN = "Der Schaden ist in der Nacht entstanden, und wir haben ihn nicht bemerkt, weil das Haus leer war. " * 3


def found(folder: Path, *train: Row, languages: tuple[str, ...] = ("en",)) -> list[Finding]:
    of = recipe(languages=languages)
    return list(check_texts(Subject.of(read(folder, of, {"post": list(train)}, {"post": rows("a", 3)}), of)))


def test_ordinary_texts_say_nothing(tmp_path: Path) -> None:
    assert found(tmp_path, row("x", "a", "The lease is to end."), row("y", "a", "7")) == []


def test_empty_texts(tmp_path: Path) -> None:
    (finding,) = found(tmp_path, row("x", "a", ""), row("y", "a", " \n.--\f"), row("z", "a", "é"))
    assert (finding.severity, finding.code, finding.where) == (Severity.WARN, Code.EMPTY_TEXT, "post")
    assert (finding.count, finding.total, [e.name for e in finding.examples]) == (2, 6, ["x", "y"])


def test_very_long_texts_longest_first(tmp_path: Path) -> None:
    (finding,) = found(tmp_path, *(row(f"{n}", "a", "b " * (LONG_CHARACTERS // 2 + n)) for n in (0, 1, 2)))
    assert (finding.severity, finding.code) == (Severity.NOTE, Code.LONG_TEXT)
    assert [(e.name, e.detail) for e in finding.examples] == [("2", "200,004 characters"), ("1", "200,002 characters")]


def test_texts_of_another_language(tmp_path: Path) -> None:
    (finding,) = found(tmp_path, row("x", "a", GERMAN), row("y", "a", "総額は五千円です。" * 9))
    assert (finding.severity, finding.code, finding.count) == (Severity.WARN, Code.UNKNOWN_LANGUAGE, 2)
    assert "en" in finding.what
    (finding,) = found(tmp_path, row("x", "a", GERMAN), row("y", "a", "総額は五千円です。" * 9), languages=("en", "de"))
    assert [e.name for e in finding.examples] == ["y"]
