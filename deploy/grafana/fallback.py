"""The row of the overview on the fallback: what it decided and from what, what it asked a generator, what that cost."""

from deploy.grafana.promql import chosen, events, rate
from deploy.grafana.style import Frame, Panels, Query, bars, graph


def fallback_row() -> Panels:
    """What became of the documents that the model was not sure of."""
    return [
        graph(
            Frame(
                "Results by who decided",
                "model: straight through. retrieval, generator: the fallback, with citations. human: decided reviews.",
                "suffix:docs/s",
                8,
            ),
            Query(rate("docmill_results_published_total", "decided_by"), "{{decided_by}}"),
            stacked=True,
        ),
        bars(
            Frame(
                "Handed to people",
                "By the first reason. undecided: neither index nor generator was sure, or a generator's word would "
                "not have counted. generator_away: no answer "
                "came for longer than DOCMILL_MAX_HOLD_S. audit: a drawn share of automatic results.",
                "short",
                8,
            ),
            Query(events("docmill_review_total", "reason"), "{{reason}}"),
        ),
        bars(
            Frame(
                "What held the fallback back",
                "The first reason of each document that it did not decide. no_neighbours, distant_neighbours: the "
                "index knows nothing like it. uncited: no exemplar or list speaks for what it is sure of. "
                "not_certified: its policy has no threshold.",
                "short",
                8,
            ),
            Query(events("docmill_fallback_abstentions_total", "reason"), "{{reason}}"),
        ),
        bars(
            Frame(
                "Questions to the generator",
                "By what became of them. breaker_open: it failed several times and is left alone for a while. "
                "budget_spent: no more is spent today. nonsense: what it said is no answer. unanswerable: it was the "
                "document.",
                "short",
                6,
            ),
            Query(events("docmill_generator_questions_total", "outcome"), "{{outcome}}"),
        ),
        graph(
            Frame("Generator tokens a second", "That the generator took, by kind.", "short", 6),
            Query(rate("docmill_llm_tokens_total", "kind"), "{{kind}}"),
            stacked=True,
        ),
        graph(
            Frame(
                "Oldest waiting for the generator",
                "How long the oldest document that each replica put back has waited. Growing: the generator is out of "
                "reach, its budget is spent, or it is too slow. At DOCMILL_MAX_HOLD_S a person is asked.",
                "s",
                6,
            ),
            Query(chosen("docmill_fallback_oldest_held_seconds"), "{{instance}}"),
        ),
        graph(
            Frame(
                "Age of the index",
                "Since each replica's copy had last read to the end of knowledge.indexed, or was begun anew. Growing: "
                "it does not reach the broker, and decides from what it had; or it is made anew, and /readyz says so.",
                "s",
                6,
            ),
            Query(chosen("docmill_index_age_seconds"), "{{instance}}"),
        ),
    ]
