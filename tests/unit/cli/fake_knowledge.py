"""knowledge.updated as the commands of the index see it."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pytest

from docmill.cli import index_add, index_remove
from docmill.indexer import standing
from docmill.indexer.standing import Standing
from docmill.kafka import send_knowledge
from docmill.kafka.send_knowledge import SentKnowledge
from docmill.settings import Settings
from docmill_schemas.events import KnowledgeUpdated

DAY = date(2027, 1, 1)


class FakeBroker:
    """Takes all that is sent but what it refuses, and knows files."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, known: set[str], refuses: str = "", tenant: str | None = None
    ) -> None:
        self.sent: list[str] = []
        self.last: dict[str, KnowledgeUpdated] = {}
        self.asked = 0
        self._known = {one: Standing("playbook", tenant=tenant, valid_from=DAY, is_file=True) for one in known}
        self._refuses = refuses
        for module in (index_add, index_remove):
            monkeypatch.setattr(module, "broker_settings", lambda **_: Settings())
        monkeypatch.setattr(send_knowledge, "send_knowledge", self.send)
        monkeypatch.setattr(standing, "standing_sources", self.known)

    async def send(self, settings: Settings, changes: Sequence[KnowledgeUpdated | str], source: str) -> list[Any]:
        names = [one if isinstance(one, str) else f"+{one.passage_id}" for one in changes]
        self.sent += names
        self.last |= {one.passage_id: one for one in changes if not isinstance(one, str)}
        return [SentKnowledge(one, "refused" if one == self._refuses else None) for one in names]

    async def known(self, settings: Settings) -> Mapping[str, Standing]:
        self.asked += 1
        return self._known
