"""Rows of the overview on the processes: what they take, and which release they are."""

from deploy.grafana.promql import chosen, events, mean, quantile, rate
from deploy.grafana.style import BLUE, PURPLE, Frame, Panels, Query, bars, graph, label_table


def resources_row() -> Panels:
    """What it takes, and how near the limit it is."""
    return [
        graph(
            Frame(
                "Inference busy",
                "Share of the inference threads' time spent in the model. Near 100 % with a backlog: add replicas or "
                "cores. Low with a backlog: it waits for the broker, or for CPU that others take.",
                "percentunit",
                6,
            ),
            Query(chosen("docmill_inference_busy_ratio"), "{{instance}}"),
            top=1,
        ),
        graph(
            Frame(
                "CPU",
                "Cores used by the process and by its parsers. Together near the limit of its container they are "
                "throttled: raise the limit or set DOCMILL_THREADS lower.",
                "short",
                6,
            ),
            Query(rate("process_cpu_seconds_total", "instance"), "{{instance}}"),
            Query(rate("docmill_parser_cpu_seconds_total", "instance"), "{{instance}} parsers"),
        ),
        graph(
            Frame(
                "Memory",
                "Resident memory of the process, and of its parsers together. It levels off within minutes; steady "
                "growth is a leak: report it.",
                "bytes",
                6,
            ),
            Query(chosen("process_resident_memory_bytes"), "{{instance}}"),
            Query(chosen("docmill_parser_resident_memory_bytes"), "{{instance}} parsers"),
        ),
        graph(
            Frame(
                "Where the time goes",
                "Seconds a second spent in a stage, infer with its wait for the slices of other partitions: up to one "
                "for each partition. infer should be nearly all of it; parse growing is large HTML.",
                "short",
                6,
            ),
            Query(rate("docmill_stage_duration_seconds_sum", "stage"), "{{stage}}"),
            stacked=True,
        ),
        graph(
            Frame(
                "Tokens a second",
                "What the model read, window overlap included: the measure of its work. Flat at the top: the machine's "
                "limit.",
                "short",
                6,
            ),
            Query(f"sum(rate({chosen('docmill_slice_tokens_sum')}[$__rate_interval]))", "tokens"),
            colours={"tokens": PURPLE},
        ),
        graph(
            Frame(
                "Slice size",
                "Mean records and tokens of a slice, the unit of publishing and committing. Tokens near "
                "DOCMILL_MAX_SLICE_TOKENS: full slices, a backlog. Small ones are normal without.",
                "short",
                6,
            ),
            Query(mean("docmill_slice_documents"), "records"),
            Query(mean("docmill_slice_tokens"), "tokens"),
            colours={"records": BLUE, "tokens": PURPLE},
            right="records",
        ),
        graph(
            Frame(
                "Window size",
                "Mean tokens of a window. Short ones are cheap; near the bundle's maximum the documents are long.",
                "short",
                6,
            ),
            Query(mean("docmill_window_tokens"), "tokens"),
            colours={"tokens": PURPLE},
        ),
        graph(
            Frame(
                "Take-over of a partition, 95 %",
                "From assignment to reading, since the replica started. Seconds: the broker is slow to answer.",
                "s",
                6,
            ),
            Query(
                quantile(0.95, f"sum by (instance, le) ({chosen('docmill_acquire_duration_seconds_bucket')})"),
                "{{instance}}",
            ),
        ),
    ]


def release_row() -> Panels:
    """What runs."""
    return [
        label_table(
            Frame(
                "Bundle",
                "The bundle that each replica decides with. More than one row a job outside a deployment: mixed "
                "bundles decide differently, finish or roll back.",
                "short",
                14,
            ),
            Query(chosen("docmill_bundle_info")),
            hidden=(),
        ),
        bars(
            Frame(
                "Bundle changes",
                "Other bundles found in a replica's bundle folder. refused: it goes on with the one before, /readyz "
                "says why; a restart would fail, so put a sound bundle there.",
                "short",
                10,
            ),
            Query(events("docmill_bundle_reloads_total", "outcome"), "{{outcome}}"),
        ),
        label_table(
            Frame("Build", "docmill and Python of each replica.", "short", 14),
            Query(chosen("docmill_build_info")),
            hidden=("job",),
        ),
        graph(
            Frame(
                "Uptime",
                "Every fall to zero is a restart. A saw: it stops again and again, and its log says why.",
                "s",
                10,
            ),
            Query(f"time() - {chosen('process_start_time_seconds')}", "{{instance}}"),
        ),
    ]
