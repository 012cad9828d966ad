"""`python -m load_tests.answers` with real services: each change shows in an answer, and others are answered right."""

import pytest

from docmill.bundle.load import default_bundle, load_bundle
from docmill.embedder.make import made_embedder
from docmill.embedder.paths import cache_folder, packaged_weights
from docmill.errors import EmbedderError
from load_tests.answer_parts.judge import total
from load_tests.answer_parts.measure import by_kind
from load_tests.answers import measure

pytestmark = pytest.mark.kafka


async def test_one_round_of_changes_on_a_real_broker() -> None:
    """How soon is the measurement's to say. A machine on which a service gets not ready in a minute, or an answer does
    not come in two, fails this as it fails the measurement.
    """
    try:
        made_embedder(packaged_weights(), cache_folder())
    except EmbedderError as error:
        pytest.skip(str(error))
    found = by_kind(await measure(load_bundle(default_bundle()), changes=1, rows=5, seed=0))
    assert len(found) == 5
    assert all(one.seconds[0] > 0 for one in found)
    assert [one.changed.answers for one in found] == [6, 6, 6, 4, 4]
    assert [(one.changed.right, one.changed.wrong) for one in found] == [(one.changed.answers, 0) for one in found]
    others = [total(one.others.values()) for one in found]
    assert [(one.right, one.answers) for one in others] == [(6, 6)] * 3 + [(4, 4)] * 2
