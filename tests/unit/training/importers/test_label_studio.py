import json
from pathlib import Path
from typing import Any

import pytest

from docmill.errors import ConfigurationError
from docmill.training.importers.formats import Annotators
from docmill.training.importers.imported import Imported
from docmill.training.importers.label_studio import Reading, import_label_studio
from docmill.training.row import RowEntity

TEXT = "by Ann Lee of Ulm"
ANN = (3, 10, "party", "Ann Lee")
ULM = (14, 17, "law", "Ulm")


def span(start: int, end: int, label: str, text: str | None = None) -> dict[str, Any]:
    value = {"start": start, "end": end, "labels": [label], "text": text}
    return {"id": "r", "from_name": "label", "to_name": "text", "type": "labels", "origin": "manual", "value": value}


def choice(*names: str, control: str = "kind") -> dict[str, Any]:
    return {"id": "c", "from_name": control, "to_name": "text", "type": "choices", "value": {"choices": list(names)}}


def annotation(*result: dict[str, Any], **further: Any) -> dict[str, Any]:
    return {"id": 9, "completed_by": {"id": 1, "email": "a@b.example"}, "result": list(result), **further}


def task(number: int, *annotations: dict[str, Any], text: str = TEXT, **further: Any) -> dict[str, Any]:
    return {"id": number, "data": {"text": text}, "annotations": list(annotations), "predictions": [], **further}


def imported(folder: Path, *tasks: Any, **reading: Any) -> Imported:
    (folder / "export.json").write_text(json.dumps(list(tasks)), encoding="utf-8")
    return import_label_studio(folder / "export.json", Reading(**reading))


def marked(found: Imported) -> list[list[tuple[str, str | None]]]:
    return [[(e.label, e.text) for e in row.entities] for row in found.rows]


def test_labels_become_spans_and_the_choice_the_type(tmp_path: Path) -> None:
    found = imported(tmp_path, task(4, annotation(span(*ULM), choice("claim"), span(*ANN))))
    (row,) = found.rows
    assert (row.id, row.text, row.label) == ("4", TEXT, "claim")
    assert row.entities == (
        RowEntity(label="party", start=3, end=10, text="Ann Lee"),
        RowEntity(label="law", start=14, end=17, text="Ulm"),
    )
    assert (found.skipped, found.notes) == ([], {})


def test_annotations_under_the_name_of_old_versions(tmp_path: Path) -> None:
    old = {"id": 1, "data": {"text": TEXT}, "completions": [annotation(choice("claim"))]}
    assert imported(tmp_path, old).rows[0].label == "claim"


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (task(5), "not annotated"),
        (task(5) | {"annotations": None}, "not annotated"),
        (task(5, annotation(choice("claim"), was_cancelled=True)), "every annotation was cancelled"),
        (task(5, annotation()), "annotated with neither a type nor a span"),
        (task(5, predictions=[annotation(choice("claim"))]), "not annotated"),
        (task(5, annotation(choice("claim"), span(3, 9, "party", "Ann Lee"))), "1 of 1 spans do not stand where"),
        (task(5, annotation(choice("claim"), span(3, 99, "party"))), "1 of 1 spans"),
        (task(5, annotation(choice("claim")), text=" "), "the text has no letter or digit"),
        (task(5, annotation(choice("claim"))) | {"data": {"text": 7}}, "no text among its data"),
        (task(5, annotation(choice("claim"))) | {"data": ["secret"]}, "data: Input should be a valid dictionary"),
        (task(5, annotation({"type": "labels", "value": {"labels": "secret"}})), "annotations.0.result.0.value.labels"),
        (task(5, annotation({"value": {}})), "annotations.0.result.0.type: Field required"),
        (
            task(5, annotation({"type": "hypertextlabels", "value": {"start": "/p[1]/text()[1]", "startOffset": 1}})),
            "marked as HTML",
        ),
    ],
)
def test_a_task_that_cannot_be_used_is_skipped_by_its_number(tmp_path: Path, bad: dict[str, Any], why: str) -> None:
    found = imported(tmp_path, task(1, annotation(choice("claim"))), bad, task(3, annotation(choice("letter"))))
    assert [row.id for row in found.rows] == ["1", "3"]
    (skipped,) = found.skipped
    assert skipped.where == "task 5 (number 2)"
    assert why in skipped.why
    assert "secret" not in skipped.why


def test_where_only_spans_are_asked_for_none_is_an_answer(tmp_path: Path) -> None:
    found = imported(tmp_path, task(1, annotation(span(*ANN))), task(2, annotation()))
    assert marked(found) == [[("party", "Ann Lee")], []]
    (note,) = found.notes
    assert "will teach that none of the fields is there" in note


def test_a_cancelled_annotation_does_not_count_beside_another(tmp_path: Path) -> None:
    found = imported(tmp_path, task(1, annotation(choice("a"), was_cancelled=True), annotation(choice("b"))))
    assert found.rows[0].label == "b"
    assert found.notes == {}


THREE = (
    annotation(choice("a"), span(*ANN), span(*ULM)),
    annotation(choice("b"), span(3, 6, "party", "Ann"), span(*ULM)),
    annotation(choice("b"), span(*ANN)),
)


def test_the_majority_of_annotators_counts_and_it_says_so(tmp_path: Path) -> None:
    found = imported(tmp_path, task(1, *THREE))
    assert (found.rows[0].label, marked(found)) == ("b", [[("party", "Ann Lee"), ("law", "Ulm")]])
    assert found.notes == {
        "documents with several annotators: majority counts": 1,
        "documents whose annotators chose different types": 1,
        "spans that no majority marked alike, left out": 1,
    }


def test_or_the_first_of_them(tmp_path: Path) -> None:
    found = imported(tmp_path, task(1, *THREE[1:]), annotators=Annotators.FIRST)
    assert (found.rows[0].label, marked(found)) == ("b", [[("party", "Ann"), ("law", "Ulm")]])
    assert found.notes == {"documents with several annotators: first counts": 1}


def test_two_annotators_must_agree_on_a_span_and_the_first_breaks_a_tie_of_types(tmp_path: Path) -> None:
    found = imported(tmp_path, task(1, *THREE[:2]))
    assert (found.rows[0].label, marked(found)) == ("a", [[("law", "Ulm")]])


def test_the_ground_truth_outweighs_all(tmp_path: Path) -> None:
    truth = annotation(choice("c"), ground_truth=True)
    found = imported(tmp_path, task(1, *THREE, truth))
    assert (found.rows[0].label, marked(found), found.notes) == ("c", [[]], {})


def test_several_choices_at_once_are_none(tmp_path: Path) -> None:
    found = imported(tmp_path, task(1, annotation(choice("a", "b"), span(*ANN))), task(2, annotation(choice("a"))))
    assert [row.label for row in found.rows] == [None, "a"]
    assert found.notes == {"annotations with several types: taken as none": 1}


def test_which_choice_is_the_type_must_be_told_where_there_are_several(tmp_path: Path) -> None:
    tasks = [task(1, annotation(choice("a"), choice("urgent", control="haste")))]
    with pytest.raises(ConfigurationError, match=r"several could be the choice: kind, haste\. Name one with --choice"):
        imported(tmp_path, *tasks)
    assert imported(tmp_path, *tasks, choice="haste").rows[0].label == "urgent"
    with pytest.raises(ConfigurationError, match="no choice is named mood; there are kind, haste"):
        imported(tmp_path, *tasks, choice="mood")


def test_a_choice_of_a_region_is_not_the_documents(tmp_path: Path) -> None:
    of_region = choice("unsure", control="surety")
    of_region["value"] |= {"start": 3, "end": 10}
    assert imported(tmp_path, task(1, annotation(choice("a"), of_region, span(*ANN)))).rows[0].label == "a"


def test_which_text_is_meant_must_be_told_where_there_are_several(tmp_path: Path) -> None:
    def with_data(**data: str) -> dict[str, Any]:
        return task(1, annotation(choice("a"))) | {"data": data}

    assert imported(tmp_path, with_data(body="x")).rows[0].text == "x"
    assert imported(tmp_path, with_data(text="x", subject="y")).rows[0].text == "x"
    assert imported(tmp_path, with_data(text="x", subject="y"), text_key="subject").rows[0].text == "y"
    with pytest.raises(
        ConfigurationError, match=r"several could be the text: body, subject\. Name one with --text-key"
    ):
        imported(tmp_path, with_data(body="x", subject="y"))
    with pytest.raises(ConfigurationError, match="no text is named letter; there are body"):
        imported(tmp_path, with_data(body="x"), text_key="letter")


def test_offsets_of_a_browser(tmp_path: Path) -> None:
    """Label Studio counts UTF-16 units, and line ends as the page shows them."""
    text = "💩\r\nby Ann\r\nLee"
    found = imported(tmp_path, task(1, annotation(choice("a"), span(6, 13, "party", "Ann\\nLee")), text=text))
    (row,) = found.rows
    assert (row.text, marked(found)) == ("💩\nby Ann\nLee", [[("party", "Ann\nLee")]])
    how = "UTF-16 units, after line ends were made one"
    assert found.notes == {f"documents whose spans were counted in {how}, put right": 1}


def test_other_regions_are_passed_over_and_counted(tmp_path: Path) -> None:
    further = {"type": "textarea", "from_name": "remark", "value": {"text": ["secret"]}}
    relation = {"type": "relation", "from_id": "a", "to_id": "b", "direction": "right"}
    found = imported(tmp_path, task(1, annotation(choice("a"), further, relation)))
    assert found.notes == {"regions of type textarea: passed over": 1, "regions of type relation: passed over": 1}


def test_doubled_tasks(tmp_path: Path) -> None:
    found = imported(tmp_path, task(1, annotation(choice("a"))), task(1, annotation(choice("b"))))
    assert [s.why for s in found.skipped] == ["an earlier document has the same id"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "not JSON. Export the project as JSON"),
        ("[\n{]", "line 2: not JSON"),
        ("[" * 100_000, "not JSON"),
        ('{"id": 1}', "no list of tasks"),
        ("[[]]", "no list of tasks"),
        ('[{"id": 1, "text": "x", "sentiment": "a"}]', "JSON-MIN"),
    ],
)
def test_a_file_that_is_no_export(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "export.json").write_text(content)
    with pytest.raises(ConfigurationError, match=message):
        import_label_studio(tmp_path / "export.json", Reading())


def test_an_empty_project(tmp_path: Path) -> None:
    assert imported(tmp_path) == Imported()
