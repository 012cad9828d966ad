"""The panels as a picture, without a Prometheus."""

from pathlib import Path

import pytest

from deploy.grafana.dashboard_file import DashboardPanel, PanelQuery, read_panels
from deploy.grafana.overview import FILE
from deploy.grafana.preview import draw, name_of, save, shown
from deploy.grafana.prometheus_api import Series

PANELS = read_panels(FILE)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.734, "percentunit", "73%"),
        (300 * 2**20, "bytes", "300 MiB"),
        (0, "s", "0 s"),
        (0.0124, "s", "12.4 ms"),
        (7.5, "s", "7.5 s"),
        (150, "s", "2.5 min"),
        (7201, "s", "2 h"),
        (3.14159, "suffix:docs/s", "3.1 docs/s"),
        (12345.6, "short", "12,346"),
        (0.5, "short", "0.5"),
    ],
)
def test_values_are_short(value: float, unit: str, text: str) -> None:
    assert shown(value, unit) == text


def test_a_series_is_named_by_its_labels() -> None:
    assert name_of(PanelQuery("up", "{{job}} on {{instance}}", False), {"job": "mail"}) == "mail on "


@pytest.mark.parametrize("points", [((-2.0, 1.0), (-1.0, 3.0), (0.0, 2.0)), ((0.0, 0.0),)], ids=["busy", "one point"])
def test_every_panel_is_drawn(points: tuple[tuple[float, float], ...], tmp_path: Path) -> None:
    def ask(_: DashboardPanel, query: PanelQuery) -> list[Series]:
        names = {"instance": "a", "outcome": "processed", "band": "0.0-0.5", "doc_type": "receipt", "partition": "0"}
        return [Series({**names, "le": bound}, points) for bound in ("0.1", "+Inf")]

    figure = draw(PANELS, ask, "a run")
    titles = {axes.get_title(loc="left").partition(",")[0] for axes in figure.axes}
    texts = {text.get_text() for axes in figure.axes for text in axes.texts}
    assert all(panel.title.partition(",")[0] in titles or panel.title in texts for panel in PANELS)
    save(figure, tmp_path / "overview.png")
    assert (tmp_path / "overview.png").read_bytes().startswith(b"\x89PNG")


def test_no_legend_lies_on_what_is_drawn_or_leaves_its_panel() -> None:
    def ask(panel: DashboardPanel, _: PanelQuery) -> list[Series]:
        top = 1.0 if panel.unit == "percentunit" else 7.0
        names = ["processor", "processor parsers", "processor-2", "fallback", "indexer", "arbiter", "low_confidence"]
        labels = ("instance", "stage", "reason", "outcome", "decided_by", "partition", "kind", "verdict", "band", "job")
        points = ((-2.0, 0.5), (-1.0, top), (0.0, top))
        return [Series({**dict.fromkeys(labels, name), "le": str(at)}, points) for at, name in enumerate(names)]

    figure = draw(PANELS, ask, "a busy run")
    figure.draw_without_rendering()
    legends = [(axes, legend) for axes in figure.axes if (legend := axes.get_legend()) is not None]
    assert len(legends) > len(PANELS) / 2
    for axes, legend in legends:
        box, drawn = legend.get_window_extent(), axes.transData.transform((0, axes.dataLim.y1))
        assert box.y0 >= drawn[1], axes.get_title(loc="left")
        assert box.x1 <= axes.get_window_extent().x1 + 1, axes.get_title(loc="left")


def test_what_has_no_data_says_so() -> None:
    figure = draw(PANELS, lambda *_: [], "nothing")
    texts = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert texts.count("no data") == sum(panel.kind != "stat" for panel in PANELS)
    assert texts.count("idle") == sum(panel.kind == "stat" for panel in PANELS)
