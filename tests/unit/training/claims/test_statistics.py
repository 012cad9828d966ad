from docmill.training.claims.claim import Kind
from docmill.training.claims.draft import Mark
from docmill.training.claims.generate import Document
from docmill.training.claims.statistics import names_its_type, near_duplicates, report

TEXT = "the quick brown fox jumps over the lazy dog and then it sleeps in the warm sun all day long"


def of(text: str, kind: Kind = Kind.MOTOR, *marks: Mark) -> Document:
    return Document("x", "letter-plain", "", "GB", kind, text, marks)


def test_a_report_counts() -> None:
    drawn = [of("one two three", Kind.MOTOR, Mark("claimant", 0, 3), Mark("claimant", 4, 7)), of("one", Kind.TRAVEL)]
    text = report("train", drawn)
    assert "train: 2 SYNTHETIC documents, 2 distinct texts" in text
    assert "words min / median / mean / p90 / max: 1 / 2 / 2 / 3 / 3" in text
    assert "types: motor_claim 1, travel_claim 1" in text
    assert "countries: GB 2" in text
    assert "claimant: in 50.0 % of the documents, 2 mentions" in text
    assert "claim_number: in 0.0 % of the documents, 0 mentions" in text
    assert "1 layouts: letter-plain 2" in text


def test_likeness() -> None:
    assert near_duplicates([of(TEXT), of(TEXT.upper()), of("something else " * 9)]) == 2


def test_words_of_types() -> None:
    assert names_its_type(of("My MOTOR policy"))
    assert not names_its_type(of("My motor policy", Kind.HEALTH))
    assert not names_its_type(of("A car hit me"))
