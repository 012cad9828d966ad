"""What the bench of a generator's outage reads and concludes."""

import pytest

from load_tests import generator_outage
from load_tests.generator_outage import counts, totals

PAGE = """# HELP docmill_review_total x
docmill_review_total{reason="undecided"} 3.0
docmill_review_total{reason="audit"} 1.0
docmill_results_published_total{doc_type="receipt",decided_by="model"} 7.0
docmill_results_published_total{doc_type="receipt",decided_by="retrieval"} 2.0
docmill_fallback_held_total 5.0
python_info 1.0
"""


async def test_what_the_fallback_did_is_read_off_its_page(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scrape(urls: list[str]) -> list[str]:
        return [PAGE]

    monkeypatch.setattr(generator_outage, "scrape", scrape)
    assert await counts("http://x") == {"held": 5.0, "reviews": 4.0, "results": 2.0, "rejected": 0.0}
    assert (await totals("http://x"))["docmill_results_published_total"] == 9.0
