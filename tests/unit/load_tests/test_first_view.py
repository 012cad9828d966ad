"""The mail of the first view, who decides what, and what Prometheus is told, without a broker or a Prometheus."""

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
import yaml

from docmill.bundle.load import default_bundle, load_bundle
from docmill.kafka.read_reviews import ReviewSummary
from docmill.resources import resource
from load_tests.first_view import next_ones
from load_tests.view_parts import services
from load_tests.view_parts.mail import (
    BURST_AT,
    NOTICE_LABEL,
    STRANGE_FROM,
    STRANGE_UNTIL,
    WEIGHTS,
    Letter,
    known_before,
    plan_mail,
    read_letters,
)
from load_tests.view_parts.services import COMMITTED, Fleet, view_config

SAMPLES = resource("samples")
LETTERS = [Letter(f"{kind}.a", f"{kind} {number}") for kind in WEIGHTS for number in range(8)]
SECONDS = 1000.0


def test_the_samples_are_mail_of_every_kind_that_the_bundle_knows() -> None:
    manifest = load_bundle(default_bundle()).manifest
    letters = read_letters(SAMPLES, None, manifest)
    assert {letter.label.partition(".")[0] for letter in letters} == set(WEIGHTS)
    assert {letter.label for letter in letters} <= set(manifest.labels)


def test_validation_documents_of_what_the_bundle_was_trained_on_are_mail(tmp_path: Path) -> None:
    for source in ("sroie", "strangers"):
        (tmp_path / source).mkdir()
        for part in ("train", "validation"):
            row = {"id": part, "text": f"{part} of {source}", "label": "receipt"}
            (tmp_path / source / f"{part}.jsonl").write_text(json.dumps(row) + "\n")
    manifest = load_bundle(default_bundle()).manifest
    more = {*read_letters(SAMPLES, tmp_path, manifest)} - {*read_letters(SAMPLES, None, manifest)}
    assert more == {Letter("receipt", "validation of sroie")}


def test_no_document_is_both_known_before_and_sent() -> None:
    exemplars, mail = known_before(LETTERS)
    assert not set(exemplars) & set(mail)
    assert {*exemplars, *mail} == {*LETTERS}
    assert Counter(one.label for one in exemplars) == dict.fromkeys((f"{kind}.a" for kind in WEIGHTS), 2)


def test_the_mail_tells_its_story() -> None:
    mail = plan_mail(LETTERS, SAMPLES, 2.0, 100, SECONDS, Random(0))
    due = [one.due_s for one in mail.shipments]
    ids = [one.document_id for one in mail.shipments]
    assert due == sorted(due)
    assert len(set(ids)) == len(ids)
    assert due.count(BURST_AT * SECONDS) >= 100
    assert len(mail.labels) == 2 * SECONDS + 100
    strange = {one.document_id: one.due_s / SECONDS for one in mail.shipments if one.document_id in mail.labels}
    notices = [at for id, at in strange.items() if mail.labels[id] == NOTICE_LABEL]
    others = [at for id, at in strange.items() if mail.labels[id] != NOTICE_LABEL]
    assert all(STRANGE_FROM <= at < STRANGE_UNTIL for at in notices)
    assert len(notices) > sum(STRANGE_FROM <= at < STRANGE_UNTIL for at in others)
    unlabelled = [one for one in mail.shipments if one.document_id not in mail.labels]
    broken = {path.read_bytes() for path in (SAMPLES / "broken").iterdir()}
    assert {one.content for one in unlabelled} == broken
    assert mail == plan_mail(LETTERS, SAMPLES, 2.0, 100, SECONDS, Random(0))


def summary(request_id: str, review_reason: str, reason: str) -> ReviewSummary:
    now = datetime(2026, 11, 30, tzinfo=UTC)
    return ReviewSummary(
        request_id, request_id, None, "receipt", 0.5, (review_reason,), (reason,), (), (), now, now, 1, None
    )


def test_a_person_looks_at_the_oldest_of_each_sort() -> None:
    listed = [
        summary("a", "undecided", "not_certified"),
        summary("b", "undecided", "not_certified"),
        summary("c", "undecided", "unfamiliar_document"),
        summary("d", "audit", "not_certified"),
        summary("e", "audit", "unfamiliar_document"),
        summary("f", "undecided", "unfamiliar_document"),
    ]
    assert sorted(one.request_id for one in next_ones(listed)) == ["a", "c", "d"]
    assert next_ones([]) == []


def test_prometheus_gets_the_committed_rules_and_finds_who_runs(tmp_path: Path) -> None:
    committed = yaml.safe_load((COMMITTED / "prometheus.yml").read_text())
    config = view_config(committed, tmp_path / "targets.json", 5)
    assert config.keys() == committed.keys()
    assert config["global"] == {"scrape_interval": "5s", "evaluation_interval": "5s"}
    assert config["rule_files"] == [str(COMMITTED / "rules/*.yml")]


class FakeProcess:
    def __init__(self, environment: object, log: Path, service: str, patience_s: float) -> None:
        self.state, self.port = "made", len(service)

    def await_ready(self) -> None:
        self.state = "ready"

    def await_url(self) -> str:
        assert self.state == "ready"
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self.state = "stopped"


def test_who_runs_is_in_the_file_and_who_has_left_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "Processor", FakeProcess)
    fleet = Fleet({}, tmp_path)

    def found() -> list[tuple[str, str, str]]:
        targets = json.loads(fleet.targets.read_text())
        return [(*one["targets"], one["labels"]["job"], one["labels"]["instance"]) for one in targets]

    assert found() == []
    fleet.start("processor", "processor")
    fleet.start("processor", "processor-2")
    assert found() == [
        ("127.0.0.1:9", "docmill-processor", "processor"),
        ("127.0.0.1:9", "docmill-processor", "processor-2"),
    ]
    fleet.stop("processor")
    assert [name for _, _, name in found()] == ["processor-2"]
    fleet.stop_all()
    assert found() == []
