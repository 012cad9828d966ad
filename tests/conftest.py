"""How `pytest -n` shares the tests out: a file to one worker, and the tests that have a broker to two of them.

Brokers, their processors and the time that these wait for each other bear little beside them. Tests of the fallback and
of reviews, which do little but wait, are a share of their own, with a broker of their own; chaos, which starts its own
brokers, is with them, so that both shares take about as long.
"""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

WITH_A_BROKER = "tests/integration/"
WITHOUT = "tests/integration/test_train_"
WAITING = ("answers", "arbiter", "chaos", "fallback", "no_text_leaks_elsewhere", "review", "roll_call")
THAT_WAIT = tuple(f"{WITH_A_BROKER}test_{name}.py" for name in WAITING)


class ByFile(LoadScopeScheduling):
    """Files in their order, in shares that are never split."""

    def _split_scope(self, nodeid: str) -> str:
        file, _, _ = nodeid.partition("::")
        if file in THAT_WAIT:
            return THAT_WAIT[0]
        return WITH_A_BROKER if file.startswith(WITH_A_BROKER) and not file.startswith(WITHOUT) else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    return ByFile(config, log)
