"""Documents, neighbours and policies of the smallest kind."""

from docmill.fallback.policy import Policy
from docmill.fallback.types import Candidate, DeferredDocument, Neighbour


def neighbour(label: str, similarity: float, id: str = "", **fields: str) -> Neighbour:
    """An exemplar; its fields have one value each."""
    return Neighbour(
        id or f"{label}@{similarity}", label, similarity, {name: (value,) for name, value in fields.items()}
    )


def document(**probabilities: float) -> DeferredDocument:
    return DeferredDocument("a text", probabilities)


def candidate(
    text: str, confidence: float, start: int = 0, field: str = "company", value: str | None = None
) -> Candidate:
    return Candidate(field, start, start + len(text), text, text if value is None else value, confidence)


def policy(**changed: object) -> Policy:
    """Three neighbours, half of the say, 0.6 is enough."""
    given: dict[str, object] = {
        "neighbours": 3,
        "vote_temperature": 0.1,
        "vote_weight": 0.5,
        "temperature": 1.0,
        "threshold": 0.6,
    }
    return Policy(**(given | changed))  # type: ignore[arg-type]
