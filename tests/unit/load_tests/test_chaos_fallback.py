"""A fallback under faults, without faults and a broker: what goes in, what its slices make of it, what the oracle says.

So the requests are what they are said to be, and the rules of the oracle are those by which docmill writes.
"""

from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from docmill.fallback.policy import DEFAULT_POLICY
from docmill.generator.client import Unavailable
from docmill.generator.types import Answer
from docmill.index.decode import passage_of
from docmill.settings import Settings, load_settings
from load_tests.chaos import driven_by
from load_tests.chaos_parts.documents import Document
from load_tests.chaos_parts.fallback_requests import KNOWN, exemplars, make_request
from load_tests.chaos_parts.fallback_rules import FALLBACK, PROCESSED_TOPIC, REQUESTS_TOPIC, REVIEW_TOPIC
from load_tests.chaos_parts.generator import ANSWERS, AWAY, SLOW, turning_generator
from load_tests.chaos_parts.ledger import Expected, Ledger
from load_tests.chaos_parts.oracle import DEAD_LETTER_TOPIC, NUMBER_HEADER, judge
from load_tests.chaos_parts.plan import FALLBACK_BRIEF, FALLBACK_SMOKE, SMOKE, Profile
from load_tests.chaos_parts.read_out import ReadRecord
from tests.unit.fallback_service.fakes import FakeGenerator, bench
from tests.unit.kafka.fakes import FakeRecord

COUNT, SLICE = 300, 8
Made = dict[str, list[ReadRecord]]  # by topic


def requests() -> list[Document]:
    return [make_request(1, number, paths=40, partitions=1) for number in range(COUNT)]


def is_known(document: Document) -> bool:
    return KNOWN.encode() in (document.value or b"")


def topics_after(folder: Path, documents: list[Document], generator: FakeGenerator) -> Made:
    """All topics, each of one partition, once a fallback has read every record and puts none back any more."""
    sent = [
        FakeRecord(
            document.value,
            ((NUMBER_HEADER, str(document.entry.number).encode()),),
            document.entry.path.encode(),
            REQUESTS_TOPIC,
            0,
            offset,
        )
        for offset, document in enumerate(documents)
    ]
    topics: Made = {topic: [] for topic in (REQUESTS_TOPIC, *FALLBACK.outcome_topics)}
    topics[REQUESTS_TOPIC] = [read(record) for record in sent]
    passages = map(passage_of, exemplars())
    with bench(folder, *passages, generator=generator, chosen=DEFAULT_POLICY, include_text=True, max_hold_s=50) as made:
        due = sent
        while due:
            slices = [due[at : at + SLICE] for at in range(0, len(due), SLICE)]
            resolved = [one for slice_ in slices for one in made.slices.process(slice_, False, lambda: False)]
            due = []
            for outgoing in (record for one in resolved for record in one.publishes):
                offset = len(topics[outgoing.topic])
                written = FakeRecord(outgoing.value, tuple(outgoing.headers), outgoing.key, outgoing.topic, 0, offset)
                topics[outgoing.topic].append(read(written))
                if outgoing.topic == REQUESTS_TOPIC:
                    due.append(written)
            made.now_s += 20
    return topics


def read(record: FakeRecord) -> ReadRecord:
    headers = {name: value.decode() for name, value in record.headers if value is not None}
    return ReadRecord(record.topic, record.partition, record.offset, record.key, record.value, headers)


@pytest.mark.parametrize(
    ("said", "rounds"),
    [(Answer(), 0), (Unavailable.UNREACHABLE, 3)],
    ids=["the generator answers", "it is away until nobody waits any more"],
)
def test_the_oracle_finds_nothing_wrong_where_nothing_is(
    tmp_path: Path, said: Answer | Unavailable, rounds: int
) -> None:
    documents = requests()
    topics = topics_after(tmp_path, documents, FakeGenerator(said))
    poison = [one for one in documents if one.entry.expected is Expected.DEAD_LETTER]
    known = [one for one in documents if one not in poison and is_known(one)]
    asked = [one for one in documents if one not in poison and not is_known(one)]
    numbers = {topic: [record.headers[NUMBER_HEADER] for record in topics[topic]] for topic in topics}
    assert numbers[PROCESSED_TOPIC] == [str(one.entry.number) for one in known]
    assert numbers[REVIEW_TOPIC] == [str(one.entry.number) for one in asked]
    assert numbers[DEAD_LETTER_TOPIC] == [str(one.entry.number) for one in poison]
    ledger = Ledger({one.entry.number: one.entry for one in documents}, frozenset(range(COUNT)))
    outcomes = [record for topic in FALLBACK.outcome_topics for record in topics[topic]]
    inputs = topics[REQUESTS_TOPIC]
    verdict = judge(ledger, inputs, outcomes, None, FALLBACK, {0: len(inputs)})
    assert verdict.holds, verdict
    assert verdict.put_back == len(asked) * rounds
    assert not judge(ledger, inputs, outcomes[1:], None, FALLBACK, {0: len(inputs)}).holds
    if rounds:
        assert not judge(ledger, inputs, outcomes, None, FALLBACK, {0: len(inputs) - 1}).holds


@pytest.mark.parametrize("profile", [FALLBACK_SMOKE, FALLBACK_BRIEF], ids=lambda profile: profile.name)
def test_requests_are_made_of_seed_and_number(profile: Profile) -> None:
    numbers = range(profile.documents)
    made = [make_request(1, number, profile.paths, profile.partitions) for number in numbers]
    assert made == [make_request(1, number, profile.paths, profile.partitions) for number in numbers]
    expected = Counter(one.entry.expected for one in made)
    assert 0 < expected[Expected.DEAD_LETTER] < 0.02 * len(made)
    assert len({(one.entry.path, one.entry.partition) for one in made}) == len({one.entry.path for one in made})
    assert 0.4 < sum(map(is_known, made)) / len(made) < 0.6
    with pytest.raises(ValueError, match="no request kills"):
        make_request(1, 7, profile.paths, profile.partitions, deadly=True)


def test_the_generator_turns_with_the_rounds_and_answers_at_the_end() -> None:
    with turning_generator() as generator:
        seen = []
        for number in range(4):
            generator.turn(number)
            seen.append(generator.reply)
        assert seen == [AWAY, SLOW, ANSWERS, AWAY]
        generator.answer()
        assert generator.reply == ANSWERS
        assert generator.url.startswith("http://127.0.0.1:")


@pytest.mark.parametrize("profile", [SMOKE, FALLBACK_SMOKE], ids=lambda profile: profile.name)
def test_workers_are_told_nothing_that_they_do_not_know(
    profile: Profile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster: Any = SimpleNamespace(path_to=lambda slot: f"127.0.0.1:{9000 + slot}")
    with ExitStack() as stack:
        driven = driven_by(profile, tmp_path, None, stack)
        environment = driven.environment(cluster, 3)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert settings.kafka_bootstrap_servers == "127.0.0.1:9003"
    told = {name.removeprefix("DOCMILL_").lower() for name in environment if name.startswith("DOCMILL_")}
    assert told - {"home"} <= Settings.model_fields.keys()  # DOCMILL_HOME says where copies lie (index/place.py)
    assert driven.command[-1] == profile.service
