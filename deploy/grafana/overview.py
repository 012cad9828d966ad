"""`python -m deploy.grafana.overview`: the dashboard an operator opens first, as code.

Says what is shown, in which order, and what to do when it looks wrong; not how it looks (style.py). The generated file
is a snapshot, committed: tests/contract/test_dashboards.py compares it with this. docs/operate.md goes through the
panels one by one.
"""

from collections.abc import Callable
from pathlib import Path

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as models

from deploy.grafana.fallback import fallback_row
from deploy.grafana.flow import backlog_row, latency_row, throughput_row
from deploy.grafana.judgement import failures_row, knowledge_row, quality_row, reviews_row
from deploy.grafana.machine import release_row, resources_row
from deploy.grafana.promql import (
    BY_OUTCOME_1M,
    LAG_RECORDS,
    LAG_SECONDS,
    chosen,
    latency,
    straight_through,
)
from deploy.grafana.style import (
    BLUE,
    DATASOURCE,
    GREEN,
    RED,
    Frame,
    Panels,
    Query,
    lights,
    stat_tile,
)

FILE = Path(__file__).parent / "dashboards" / "overview.json"
NO_LIGHT = ((None, BLUE),)


def now_row() -> Panels:
    """Is it well? One glance."""
    return [
        stat_tile(
            Frame(
                "Replicas up",
                "Processors that Prometheus can scrape. Red: none. Look at the log of the process: it says why it "
                "stopped, and exits rather than lose a record.",
                "short",
                3,
                decimals=0,
            ),
            Query(f"sum({chosen('up')})"),
            ((None, RED), (1, GREEN)),
            idle="none known",
        ),
        stat_tile(
            Frame(
                "Documents a second",
                "Records whose outcome is committed, whatever it is, over the last minute. Zero with a backlog: the "
                "processor stands still, see /readyz and the log.",
                "suffix:docs/s",
                3,
            ),
            Query(f"sum({chosen(BY_OUTCOME_1M)})"),
            NO_LIGHT,
        ),
        stat_tile(
            Frame(
                "Latency, 95 %",
                "95 % of the documents of the last five minutes took no longer from the record's timestamp to the "
                "commit. Red: they wait. Compare with Oldest waiting, then add replicas or threads.",
                "s",
                3,
            ),
            Query(latency(0.95)),
            lights(10, 60),
            idle="idle",
        ),
        stat_tile(
            Frame(
                "Oldest waiting",
                "Age of the oldest record that is read and not committed, worst partition. Red: documents come faster "
                "than they are processed. Inference busy near 100 %: add replicas. If not: see the log.",
                "s",
                3,
            ),
            Query(f"max({chosen(LAG_SECONDS)})"),
            lights(30, 300),
        ),
        stat_tile(
            Frame(
                "Records waiting",
                "End offsets minus committed offsets of all held partitions. What matters is whether it shrinks.",
                "short",
                3,
                decimals=0,
            ),
            Query(f"sum({chosen(LAG_RECORDS)})"),
            NO_LIGHT,
        ),
        stat_tile(
            Frame(
                "Straight through",
                "Share of the records of five minutes that the model decided alone. What is normal depends on the "
                "bundle and the mail; a fall means other mail or another bundle. See Quality.",
                "percentunit",
                3,
            ),
            Query(straight_through()),
            NO_LIGHT,
            idle="idle",
        ),
        stat_tile(
            Frame(
                "Dead letters, last hour",
                "Records rejected in the last hour, on documents.rejected with their reason. Red: look at Dead letters "
                "by reason, then at some with `docmill tail`.",
                "short",
                3,
                decimals=0,
            ),
            Query(f"sum(increase({chosen('docmill_dead_letters_total')}[1h]))"),
            lights(1, 100),
        ),
        stat_tile(
            Frame(
                "Lost to retention",
                "Records that the broker deleted before they were read, in the chosen time. Anything but 0 is a loss: "
                "the processor stops and says which offsets. Lengthen the topic's retention, add replicas.",
                "short",
                3,
                decimals=0,
            ),
            Query(f"sum(increase({chosen('docmill_records_lost_to_retention_total')}[$__range]))"),
            ((None, GREEN), (1, RED)),
        ),
    ]


ROWS: tuple[tuple[str, Callable[[], Panels]], ...] = (
    ("Now", now_row),
    ("Throughput", throughput_row),
    ("Latency", latency_row),
    ("Backlog", backlog_row),
    ("Quality", quality_row),
    ("Failures", failures_row),
    ("Fallback", fallback_row),
    ("Reviews", reviews_row),
    ("Knowledge", knowledge_row),
    ("Resources", resources_row),
    ("Release", release_row),
)


def variables() -> list[Builder[models.VariableModel]]:
    """What can be chosen at the top: where the figures come from, and of which replicas."""
    everything = models.VariableOption(selected=True, text=["All"], value=["$__all"])
    return [
        builders.DatasourceVariable("datasource").label("Data source").type("prometheus"),
        builders.QueryVariable("job")
        .label("Job")
        .datasource(DATASOURCE)
        .query("label_values(docmill_build_info, job)")
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .current(everything),
        builders.QueryVariable("instance")
        .label("Replica")
        .datasource(DATASOURCE)
        .query('label_values(docmill_build_info{job=~"$job"}, instance)')
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".*")  # those that came up since the variable was filled as well
        .current(everything),
    ]


def overview() -> models.Dashboard:
    """The dashboard."""
    dashboard = (
        builders.Dashboard("docmill overview")
        .uid("docmill-overview")
        .description("Is the mail moving, how sure is the model, what went wrong. Explained in docs/operate.md.")
        .tags(["docmill"])
        .readonly()
        .timezone("browser")
        .time("now-1h", "now")
        .refresh("30s")
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
    )
    for variable in variables():
        dashboard = dashboard.with_variable(variable)
    for title, row in ROWS:
        dashboard = dashboard.with_row(builders.Row(title))
        for panel in row():
            dashboard = dashboard.with_panel(panel)
    built = dashboard.build()
    for number, one in enumerate(built.panels or (), 1):
        assert isinstance(one, models.Panel | models.RowPanel)
        one.id_val = number
    return built


def rendered() -> str:
    """The dashboard as its file holds it."""
    return JSONEncoder(indent=2, sort_keys=True, ensure_ascii=False).encode(overview()) + "\n"


def main(file: Path = FILE) -> None:
    """Write the dashboard."""
    file.write_text(rendered(), encoding="utf-8")


if __name__ == "__main__":
    main()
