"""The generator of a fallback under faults: an endpoint that hangs up, is slow, and answers, a round each.

Lives in the driver's process; what it says is that it does not know.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from tests.unit.generator.endpoint import Endpoint, Reply, endpoint

ABSTAINS = json.dumps({"label": {"choice": "abstain", "evidence": []}})
DEADLINE_S = 1.0  # of the fallback's question
ANSWERS, AWAY, SLOW = Reply(ABSTAINS), Reply(hangs_up=True), Reply(ABSTAINS, delay_s=3 * DEADLINE_S)
TURNS = (AWAY, SLOW, ANSWERS)


class TurningGenerator:
    """Where it is, and what it does next."""

    def __init__(self, at: Endpoint) -> None:
        self._at = at

    @property
    def url(self) -> str:
        """For DOCMILL_GENERATOR_URL."""
        return self._at.base_url

    @property
    def reply(self) -> Reply:
        """What it does with the next question."""
        return self._at.replies[0]

    def turn(self, number: int) -> None:
        """Behave as in the round of that number."""
        self._at.replies = (TURNS[number % len(TURNS)],)

    def answer(self) -> None:
        """Answer from now on."""
        self._at.replies = (ANSWERS,)


@contextmanager
def turning_generator() -> Iterator[TurningGenerator]:
    """On a free port of loopback; answers at first."""
    with endpoint(ANSWERS) as at:
        yield TurningGenerator(at)
