"""The page stands alone, holds every section, and shows no markup of its data."""

import re
from html.parser import HTMLParser

import pytest

from docmill.bundle.manifest import Manifest
from docmill.training.report.compose import compose
from docmill.training.report.content import Evaluation
from docmill.training.report.speed import SourceSpeed, Speed
from tests.tiny_bundle import tiny_manifest
from tests.unit.training.report.fakes import readings, tiny_spec

pytest.importorskip("matplotlib", reason="the extra [train] is not installed")

from docmill.training.report.page import report_page

SPEED = Speed(processor="Abacus 3000, 2 cores", sources={"tills": SourceSpeed(documents=8, tokens=800, seconds=2)})


def manifest_with(**source: object) -> Manifest:
    manifest = tiny_manifest()
    sources = tuple(s.model_copy(update=source) for s in manifest.training.sources)
    return manifest.model_copy(update={"training": manifest.training.model_copy(update={"sources": sources})})


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    found = readings(tmp_path_factory.mktemp("readings"))
    return compose(found, tiny_manifest(), tiny_spec(), lambda done, total: None)


@pytest.fixture(scope="module")
def page(evaluation: Evaluation) -> str:
    manifest = manifest_with(name="tills", licence="all rights <reserved>", synthetic=True)
    return report_page(manifest, evaluation, ["It knows no <llamas>."], SPEED)


class Tags(HTMLParser):
    """Remembers what is open, and what was closed that was not."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._note(attrs)
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._note(attrs)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def _note(self, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [str(value) for name, value in attrs if name in {"href", "src", "xlink:href", "data"}]


def parsed(page: str) -> Tags:
    tags = Tags()
    tags.feed(page)
    tags.close()
    return tags


def test_tags_are_closed_as_they_were_opened(page: str) -> None:
    tags = parsed(page)
    assert tags.wrong == []
    assert tags.open == []


def test_nothing_is_fetched_from_elsewhere(page: str) -> None:
    addresses = parsed(page).addresses
    assert addresses  # markers of the plots, at least
    assert [address for address in addresses if not address.startswith("#")] == []
    assert "<script" not in page
    assert "@import" not in page
    assert set(re.findall(r"url\((.)", page)) <= {"#"}
    assert len(page) < 1_500_000


def test_every_section_is_there(page: str) -> None:
    titles = re.findall(r"<h2>(.*?)</h2>", page)
    assert titles == [
        "Data and licences",
        "Models by source",
        "Differences",
        "Straight through",
        "Certified thresholds",
        "Reliability",
        "Coverage and accuracy",
        "Confusion of types",
        "Fields",
        "Learning curve",
        "int8 against fp32, token by token",
        "Speed",
        "Limits",
    ]


def test_data_is_text(page: str) -> None:
    assert "all rights &lt;reserved&gt;" in page
    assert "It knows no &lt;llamas&gt;." in page
    assert "<llamas>" not in page


def test_a_synthetic_source_says_so_wherever_it_stands(page: str) -> None:
    assert "<td>tills (synthetic)</td>" in page
    assert "<td>tills</td>" not in page
    assert "Synthetic: made up, by a program or by language models" in page


def test_text_in_plots_stays_text(page: str) -> None:
    assert re.search(r"<text[^>]*>[^<]*tills \(synthetic\)", page)


def test_speed_names_the_machine(page: str) -> None:
    assert "Abacus 3000, 2 cores" in page
    assert '<td class="figure">4.0</td><td class="figure">400</td>' in page


def test_the_same_evaluation_is_the_same_page(evaluation: Evaluation) -> None:
    assert report_page(tiny_manifest(), evaluation, ["x"]) == report_page(tiny_manifest(), evaluation, ["x"])


def test_an_evaluation_of_scores_alone_has_a_page_too(evaluation: Evaluation) -> None:
    bare = Evaluation(documents=8, rejected=1, sources=evaluation.sources)
    page = report_page(tiny_manifest(), bare, ["x"])
    titles = re.findall(r"<h2>(.*?)</h2>", page)
    assert titles == ["Data and licences", "Models by source", "Certified thresholds", "Fields", "Limits"]
    assert parsed(page).wrong == []
