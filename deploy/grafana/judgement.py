"""Rows of the overview on what docmill made of the documents: how sure it is, what it turned down."""

from deploy.grafana.promql import (
    audited_right,
    audited_right_bound,
    chosen,
    events,
    in_range,
    quantile,
    rate,
    unsure_share,
)
from deploy.grafana.style import GREEN, ORANGE, RED, YELLOW, Frame, Panels, Query, bars, graph, ranking
from docmill.telemetry.metrics import BANDS, TOP_BAND

UNSURE_BELOW = 0.8
RESULTS, BY_MODEL = "docmill_results_published_total", 'decided_by="model"'  # the others had gone to the fallback
BAND_NAMES = (*(name for _, name in BANDS), TOP_BAND)
BAND_COLOURS = dict(
    zip(BAND_NAMES, ("#B41F2E", RED, ORANGE, YELLOW, "#A5C261", "#73BF69", "#37872D"), strict=True),
)


def quality_row() -> Panels:
    """How sure the model is, of what."""
    return [
        graph(
            Frame(
                "Confidence bands",
                "Documents by the calibrated probability of their type, rejected ones excepted. Red growing: mail that "
                "the bundle does not know.",
                "suffix:docs/s",
                8,
            ),
            Query(rate("docmill_confidence_band_total", "band"), "{{band}}"),
            stacked=True,
            colours=BAND_COLOURS,
        ),
        graph(
            Frame(
                "Confidence of the type",
                "The probability that half, and that nine of ten documents exceed. The lower line falls first when "
                "the mail changes.",
                "percentunit",
                8,
            ),
            *(
                Query(quantile(q, rate("docmill_confidence_bucket", "le")), legend)
                for q, legend in ((0.5, "half exceed"), (0.1, "nine of ten exceed"))
            ),
            colours={"half exceed": GREEN, "nine of ten exceed": ORANGE},
            top=1,
        ),
        graph(
            Frame(
                "Fallback by reason",
                "The first reason of each document. not_certified: the bundle promises nothing for the type. "
                "low_*_confidence, missing_field: doubt. unfamiliar_document, unknown_language: other mail.",
                "suffix:docs/s",
                8,
            ),
            Query(rate("docmill_fallback_total", "reason"), "{{reason}}"),
            stacked=True,
        ),
        ranking(
            Frame(
                "Results by type",
                "Straight-through results in the chosen time, the 12 most frequent types. A type that is missing went "
                "to the fallback, or nobody sent it.",
                "short",
                12,
                decimals=0,
            ),
            Query(f"topk(12, {in_range(RESULTS, 'doc_type', BY_MODEL)} > 0)", "{{doc_type}}"),
            GREEN,
        ),
        ranking(
            Frame(
                "Least sure types",
                f"Of a type's documents in the chosen time, the share with a probability below {UNSURE_BELOW:.0%}; the "
                "12 highest. What to label next.",
                "percentunit",
                12,
            ),
            Query(f"topk(12, {unsure_share(UNSURE_BELOW)})", "{{doc_type}}"),
            ORANGE,
            top=1,
        ),
    ]


def failures_row() -> Panels:
    """What went wrong for good."""
    return [
        bars(
            Frame(
                "Dead letters by reason",
                "internal_error: a bug or a bad bundle, the service stops at 20 in 1,000 records. All other reasons "
                "are the documents' own: tell who sends them, and send them again when mended.",
                "short",
                16,
            ),
            Query(events("docmill_dead_letters_total", "reason"), "{{reason}}"),
        ),
        bars(
            Frame(
                "Records lost to retention",
                "Deleted by the broker before they were read; the processor stops at it. Its log has the offsets, also "
                "where it stopped before Prometheus came by.",
                "short",
                8,
            ),
            Query(
                f"sum by (instance) (increase({chosen('docmill_records_lost_to_retention_total')}[$__rate_interval]))",
                "{{instance}}",
            ),
        ),
    ]


def reviews_row() -> Panels:
    """What people decided, and what that says of what was decided without them."""
    return [
        bars(
            Frame(
                "Decisions of people",
                "Records of documents.feedback, by what became of them. already_decided: somebody was faster. "
                "no_review: nobody had asked. refused: it cannot be published; the arbiter's log says why.",
                "short",
                8,
            ),
            Query(events("docmill_decisions_total", "outcome"), "{{outcome}}"),
        ),
        bars(
            Frame(
                "Audits",
                "Automatic results, drawn by chance, that a person has looked at: right where type and all values are "
                "what the person decided. DOCMILL_AUDIT_SHARE says how many are drawn.",
                "short",
                8,
            ),
            Query(events("docmill_audits_total", "verdict"), "{{verdict}}"),
        ),
        graph(
            Frame(
                "Audited results right",
                "Of the audits decided in seven days, the share that was right, and between which shares the truth "
                "lies with 95 % confidence. A fall: raise thresholds, or train again.",
                "percentunit",
                8,
            ),
            Query(audited_right(), "{{decided_by}}"),
            Query(audited_right_bound("-"), "{{decided_by}}, at least"),
            Query(audited_right_bound("+"), "{{decided_by}}, at most"),
            top=1,
        ),
    ]


def knowledge_row() -> Panels:
    """What the indexer makes of source texts."""
    return [
        bars(
            Frame(
                "Knowledge records",
                "Records of knowledge.updated, by what became of them. refused: stepped over, the index keeps what it "
                "had under that key; the indexer's log has the offset and why. Tell who sends them.",
                "short",
                16,
            ),
            Query(events("docmill_knowledge_records_total", "outcome"), "{{outcome}}"),
        ),
        graph(
            Frame(
                "Chunks a second",
                "Embedded and published; the measure of the indexer's work. Flat at the top with a backlog: the "
                "machine's limit.",
                "short",
                8,
            ),
            Query(rate("docmill_knowledge_chunks_total", "job"), "{{job}}"),
        ),
    ]
