"""Topics written by hand, and clients that read and write them as aiokafka's do."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition

from docmill.kafka.publish import OutgoingRecord
from docmill.settings import Settings
from docmill_schemas.topics import TopicSpec
from tests.unit.kafka.fakes import FakeRecord

NO_ERROR = 0


class FakeAdmin:
    """Topics of two partitions; a group as told."""

    def __init__(
        self, code: int = NO_ERROR, members: int = 0, offsets: dict[TopicPartition, int] | None = None
    ) -> None:
        self._code, self._members, self._offsets = code, members, offsets or {}

    async def describe_topics(self, topics: list[str]) -> list[dict[str, Any]]:
        return [{"topic": topic, "partitions": [{"partition": 0}, {"partition": 1}]} for topic in topics]

    async def describe_consumer_groups(self, groups: list[str]) -> list[Any]:
        group = (self._code, groups[0], "Stable", "consumer", "range", [object()] * self._members, -1)
        return [SimpleNamespace(groups=[group])]

    async def list_consumer_group_offsets(self, group: str) -> dict[TopicPartition, Any]:
        return {partition: SimpleNamespace(offset=offset) for partition, offset in self._offsets.items()}


class FakeConsumer:
    """Gives each partition's records two at a time, then steps over what else lies before its end."""

    def __init__(self, logs: dict[TopicPartition, list[FakeRecord]], ends: dict[TopicPartition, int]) -> None:
        self._logs, self._ends = logs, ends
        self._positions: dict[TopicPartition, int] = {}
        self.paused: set[TopicPartition] = set()

    def assign(self, partitions: Sequence[TopicPartition]) -> None:
        self._positions = dict.fromkeys(partitions, 0)

    async def end_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        return {partition: self._ends.get(partition, 0) for partition in partitions}

    async def beginning_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, 0)

    async def offsets_for_times(self, times: dict[TopicPartition, int]) -> dict[TopicPartition, Any]:
        def first(partition: TopicPartition, at_ms: int) -> Any:
            return next((r for r in self._logs.get(partition, []) if r.timestamp >= at_ms), None)

        return {partition: first(partition, at_ms) for partition, at_ms in times.items()}

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self._positions[partition] = offset

    def pause(self, *partitions: TopicPartition) -> None:
        self.paused.update(partitions)

    async def position(self, partition: TopicPartition) -> int:
        return self._positions[partition]

    async def getmany(self, timeout_ms: int) -> dict[TopicPartition, list[FakeRecord]]:
        polled = {}
        for partition, position in self._positions.items():
            if partition in self.paused:
                continue
            records = [r for r in self._logs.get(partition, []) if r.offset >= position][:2]
            if records:
                polled[partition] = records
                self._positions[partition] = records[-1].offset + 1
            else:
                self._positions[partition] = self._stepped_over(partition)
        return polled

    def _stepped_over(self, partition: TopicPartition) -> int:
        return self._ends.get(partition, 0)


class FakeProducer:
    """Appends what is sent to the broker's logs; `refusal`: what each acknowledgement is instead."""

    def __init__(self, broker: "FakeBroker") -> None:
        self._broker = broker

    async def send(
        self, topic: str, value: bytes | None, *, key: bytes | None, headers: list[tuple[str, bytes | None]]
    ) -> "asyncio.Future[None]":
        if self._broker.too_large is not None:
            raise self._broker.too_large
        ack: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._broker.refusal is not None:
            ack.set_exception(self._broker.refusal)
        elif not self._broker.is_silent:
            self._broker.append(topic, FakeRecord(value, tuple(headers), key))
            self._broker.on_sent(topic)
            ack.set_result(None)
        return ack


class FakeBroker:
    """Logs by topic (with prefix); each record goes to partition 0 unless it says that it is of partition 1."""

    def __init__(self) -> None:
        self.logs: dict[TopicPartition, list[FakeRecord]] = {}
        self.required: list[str] = []
        self.missing: set[str] = set()  # topics, with the prefix
        self.refusal: BaseException | None = None
        self.too_large: BaseException | None = None
        self.is_silent = False
        self.illegible: set[str] = set()  # topics, with the prefix, of which aiokafka cannot read a header's name
        self.on_sent: Callable[[str], None] = lambda topic: None

    def append(self, topic: str, record: FakeRecord) -> None:
        """Put a record at the end of its partition."""
        partition = TopicPartition(topic, 1 if record.partition == 1 else 0)
        log = self.logs.setdefault(partition, [])
        log.append(replace(record, topic=topic, partition=partition.partition, offset=len(log)))

    def put(self, prefix: str, *records: OutgoingRecord, partition: int = 0) -> None:
        """The same of records as docmill makes them."""
        for one in records:
            self.append(prefix + one.topic, FakeRecord(one.value, tuple(one.headers), one.key, partition=partition))

    def read(self, topic: str) -> list[FakeRecord]:
        """All records of a topic."""
        return [record for partition, log in self.logs.items() if partition.topic == topic for record in log]

    def serve(self, monkeypatch: pytest.MonkeyPatch, *modules: ModuleType) -> None:
        """Stand in for the broker in modules of docmill.kafka."""

        @asynccontextmanager
        async def clients(settings: Settings, client_id: str) -> AsyncIterator[tuple[Any, Any]]:
            yield FakeAdmin(), LiveConsumer(self.logs, self.illegible)

        @asynccontextmanager
        async def producer(settings: Settings, limit: int) -> AsyncIterator[FakeProducer]:
            yield FakeProducer(self)

        async def require(settings: Settings, specs: Sequence[TopicSpec]) -> None:
            self.required += [spec.name for spec in specs]

        async def missing(settings: Settings, specs: Sequence[TopicSpec]) -> tuple[str, ...]:
            names = [settings.topic_prefix + spec.name for spec in specs]
            return tuple(name for name in names if name in self.missing)

        async def cluster(settings: Settings) -> str:
            return "cluster"

        async def limit(settings: Settings, spec: TopicSpec) -> int:
            return spec.max_bytes

        fakes = {
            "scan_clients": clients,
            "idempotent_producer": producer,
            "require_topics": require,
            "missing_topics": missing,
            "cluster_id": cluster,
            "max_message_bytes": limit,
        }
        for module in modules:
            for name, fake in fakes.items():
                if hasattr(module, name):
                    monkeypatch.setattr(module, name, fake)


class LiveConsumer(FakeConsumer):
    """Of topics that grow: their ends are where they end now."""

    def __init__(self, logs: dict[TopicPartition, list[FakeRecord]], illegible: Collection[str] = ()) -> None:
        super().__init__(logs, {})
        self._illegible = illegible

    async def end_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        return {partition: len(self._logs.get(partition, [])) for partition in partitions}

    def _stepped_over(self, partition: TopicPartition) -> int:
        return self._positions[partition]

    async def getmany(self, timeout_ms: int) -> dict[TopicPartition, list[FakeRecord]]:
        await asyncio.sleep(0)
        if any(partition.topic in self._illegible for partition in self._positions):
            raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")
        return await super().getmany(timeout_ms)
