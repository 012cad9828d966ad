"""Rows of the overview on the flow of documents: how many, how fast, what waits."""

from deploy.grafana.promql import BY_OUTCOME_1M, chosen, events, latency, quantile, rate, straight_through
from deploy.grafana.style import GREEN, RED, YELLOW, Frame, Panels, Query, bars, distribution, graph, lights

OUTCOME_COLOURS = {"processed": GREEN, "fallback": YELLOW, "rejected": RED}


def throughput_row() -> Panels:
    """How much, and what becomes of it."""
    return [
        graph(
            Frame(
                "Documents by outcome",
                "Green went straight through, yellow to the fallback, red to the dead letters. All of it yellow after "
                "a deployment: the bundle does not know this mail. Red growing: an upstream system sends rubbish.",
                "suffix:docs/s",
                10,
            ),
            Query(f"sum by (outcome) ({chosen(BY_OUTCOME_1M)})", "{{outcome}}"),
            stacked=True,
            colours=OUTCOME_COLOURS,
        ),
        graph(
            Frame(
                "Documents by replica",
                "A replica at zero beside busy ones holds no partition (Partitions by replica) or stands still (its "
                "/readyz). More replicas than partitions leave some idle.",
                "suffix:docs/s",
                7,
            ),
            Query(f"sum by (instance) ({chosen(BY_OUTCOME_1M)})", "{{instance}}"),
        ),
        graph(
            Frame(
                "Straight-through rate",
                "Share of records that the model decided alone. A step down at a deployment is the bundle; a slow "
                "fall is the mail changing, see Least sure types: label some of it and train.",
                "percentunit",
                7,
            ),
            Query(straight_through(), "straight through"),
            colours={"straight through": GREEN},
            top=1,
        ),
    ]


def latency_row() -> Panels:
    """How long documents take, and where the time goes."""
    return [
        graph(
            Frame(
                "End-to-end latency",
                "Record timestamp to commit, five minutes. All three rise together: a backlog. Only 99 %: some long "
                "documents, or a partition that was taken over.",
                "s",
                10,
            ),
            Query(latency(0.5), "50 %"),
            Query(latency(0.95), "95 %"),
            Query(latency(0.99), "99 %"),
            colours={"50 %": GREEN, "95 %": YELLOW, "99 %": RED},
        ),
        distribution(
            Frame(
                "Latency distribution",
                "How many documents took how long. Two bands mean two kinds of documents, or two kinds of replicas.",
                "s",
                7,
            ),
            Query(events("docmill_end_to_end_latency_seconds_bucket", "le"), "{{le}}"),
        ),
        graph(
            Frame(
                "Stages, 95 %",
                "parse, tokenise and decode: a document; infer: a slice of documents. A stage that grew without a new "
                "bundle: longer documents, or a machine that is short of CPU.",
                "s",
                7,
            ),
            Query(quantile(0.95, rate("docmill_stage_duration_seconds_bucket", "stage, le")), "{{stage}}"),
        ),
    ]


def backlog_row() -> Panels:
    """What waits, and who works on it."""
    return [
        graph(
            Frame(
                "Records waiting by partition",
                "One partition alone grows: its key is hot, or its replica stands still. All grow: too few replicas.",
                "short",
                7,
            ),
            Query(f"sum by (partition) ({chosen('docmill_consumer_lag_records')})", "{{partition}}"),
            stacked=True,
        ),
        graph(
            Frame(
                "Oldest waiting by partition",
                "Beyond the dashed lines documents are late. The age is of records that were read; a partition that "
                "nobody holds shows nothing at all: compare Partitions by replica with the topic.",
                "s",
                7,
            ),
            Query(f"max by (partition) ({chosen('docmill_consumer_lag_seconds')})", "{{partition}}"),
            lights=lights(30, 300),
        ),
        graph(
            Frame(
                "Partitions by replica",
                "The sum must be the topic's number of partitions. Less for longer than a rebalance: partitions that "
                "nobody reads.",
                "short",
                5,
            ),
            Query(f"sum by (instance) ({chosen('docmill_assigned_partitions')})", "{{instance}}"),
            stacked=True,
        ),
        bars(
            Frame(
                "Rebalances",
                "Assignments from the group. Some at every start and stop; a stream of them without: a replica that "
                "misses its heartbeats (CPU, network) or is restarted again and again.",
                "short",
                5,
            ),
            Query(events("docmill_rebalances_total", "instance"), "{{instance}}"),
        ),
    ]
