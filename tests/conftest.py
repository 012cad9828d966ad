"""How `pytest -n` shares the tests out: a file to one worker, and every test that has a broker to the same one.

Brokers, their processors and the time that these wait for each other bear no second broker test beside them.
"""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

WITH_A_BROKER = "tests/integration/"
WITHOUT = "tests/integration/test_train_"


class ByFile(LoadScopeScheduling):
    """Files in their order, in shares that are never split; those with a broker are one share."""

    def _split_scope(self, nodeid: str) -> str:
        file, _, _ = nodeid.partition("::")
        return WITH_A_BROKER if file.startswith(WITH_A_BROKER) and not file.startswith(WITHOUT) else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    return ByFile(config, log)
