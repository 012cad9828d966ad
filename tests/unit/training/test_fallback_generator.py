"""The fifth way of load_tests/fallback_eval.py, "blend and generator": the service's own question, and who is right."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="the extra [train] is not installed")

from docmill.bundle.load import load_bundle
from docmill.bundle.manifest import SourceNames, TrainingSource
from docmill.errors import ConfigurationError
from docmill.fallback.policy import DEFAULT_POLICY, Policy
from docmill.fallback_service.generators import Answered, Place
from docmill.generator.client import Generated, GeneratorUnavailableError, Unavailable
from docmill.generator.prompt import PROMPT_VERSION
from docmill.generator.types import ABSTAIN, Answer, Ask, Evidence, Refusal, Refused
from docmill.index.types import Passage
from docmill.training.corpus import LabelledDocument
from docmill_schemas.reasons import DeferralReason
from load_tests import cost, fallback_eval
from load_tests.fallback_eval import main
from load_tests.fallback_parts import bundles, cheap, compare, tune
from load_tests.fallback_parts import fifth_way as fifth
from load_tests.fallback_parts.compare import BLEND, RETRAINED
from load_tests.fallback_parts.corpora import Halves, read_halves
from load_tests.fallback_parts.deferred_events import bundle_events, cheap_events
from load_tests.fallback_parts.fifth_way import FifthWay, fifth_way
from load_tests.fallback_parts.generator_report import SAID, WITH_GENERATOR, GeneratorReport
from load_tests.fallback_parts.generator_table import generator_markdown
from load_tests.fallback_parts.generator_way import NOTHING_TO_ASK, Outcome, account, with_threshold
from load_tests.fallback_parts.service import Known, Service, copy_of_index
from tests.tiny_bundle import build_tiny_bundle, text_of
from tests.unit.fallback.builders import policy
from tests.unit.fallback_service.fakes import BUNDLE, USAGE, FakeGenerator, fine, request
from tests.unit.generator.endpoint import Reply, endpoint
from tests.unit.index.fakes import EMBEDDING
from tests.unit.indexer.fakes import LetterEmbedder
from tests.unit.training.test_fallback_eval import LABELS, embed, write_source
from tests.unit.training.test_fallback_full_mode import PAPERS, embed_papers, write_papers

ROOT = Path(__file__).parents[3]
QUESTIONS = 6
FINES = tuple(fine(f"f{i}") for i in range(3))
MIXED = (fine("f0"), fine("f1", label="receipt"), fine("f2", label="receipt"))
POLICY = policy(threshold=0.9)
KNOWN = Known(BUNDLE.sha256, ("receipt", "letter"), lambda label: None, lambda name, text: text)
PRICES = cost.Prices(core_hour=3600.0, million_input_tokens=1e6, million_output_tokens=1e6, review=1.0)


@dataclass
class Miniature:
    """A source in the cheap mode, with its deferred slice."""

    halves: Halves
    read: cheap.Read
    decided: compare.Decided

    def report(self, way: FifthWay) -> GeneratorReport:
        vectors = embed("seasons", [document.text for document in self.halves.everything])
        report = way.cheap(self.halves, vectors, self.read, self.decided)
        assert report is not None
        return report


@dataclass
class Answering:
    """A generator that answers as a function says."""

    answer: Callable[[Ask], Answer | Unavailable]
    model: str = "by-hand"
    away: bool = False

    def ask_all(self, asks: Sequence[tuple[Place, Ask]], abandoned: Callable[[], bool]) -> list[Answered]:
        said = [self.answer(ask) for _, ask in asks]
        return [
            Generated(one, USAGE) if isinstance(one, Answer) else GeneratorUnavailableError(one, "as told")
            for one in said
        ]

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_source(tmp_path_factory.mktemp("data"), training=20, validation=6)


def coarser(patch: pytest.MonkeyPatch) -> None:
    """A grid of a few policies, for speed."""
    patch.setattr(tune, "NEIGHBOURS", (5,))
    patch.setattr(tune, "VOTE_TEMPERATURES", (0.04,))
    patch.setattr(tune, "WHERE_IT_DOES_NOT_COUNT", (5, 0.04))
    patch.setattr(tune, "TEMPERATURES", (1.0, 2.0))


@pytest.fixture(scope="module")
def miniature(data: Path) -> Miniature:
    halves = read_halves(data, "seasons")
    vectors = embed("seasons", [document.text for document in halves.everything])
    material = cheap.material(halves, vectors)
    with pytest.MonkeyPatch.context() as changed:
        coarser(changed)
        read = cheap.validation(material)
        # Nothing is certified on so few, and all is deferred: who is right is not the question here.
        everything = np.ones(len(read.test.ids), bool)
        tuning = replace(read.tuning, deferred=np.ones(len(read.tuning.ids), bool))
        read = replace(read, threshold=None, tuning=tuning, test=replace(read.test, deferred=everything))
        decided = compare.deferred_slice(read)
    never = replace(decided.policies[0], policy=replace(decided.policies[0].policy, threshold=1.0))
    return Miniature(halves, read, replace(decided, policies=(never,)))


@pytest.fixture(autouse=True)
def where_the_files_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)  # load_tests/prices.toml, docs/load/load.json


def way(
    answer: Callable[[Ask], Answer | Unavailable], questions: int = QUESTIONS, cores: int | None = None
) -> FifthWay:
    return FifthWay(Answering(answer), questions, PRICES, model_cpu_s=1.0, cores=cores)


def says(label: str) -> str:
    return json.dumps({"label": {"choice": label, "evidence": []}})


def test_the_whole_cheap_mode_with_an_endpoint(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    coarser(monkeypatch)
    monkeypatch.setattr(cheap, "cross_fitted", lambda material: [])  # the other test of the whole mode has these
    monkeypatch.setattr(fallback_eval, "fresh", lambda material: [])
    with endpoint(Reply(says("winter"), prompt_tokens=1500, completion_tokens=30)) as it:
        arguments = ["seasons", "--data", str(data), "--out", str(tmp_path), "--no-latency"]
        asked = ["--generator", it.base_url, "--generator-model", "tiny-1b", "--questions", "3"]
        main([*arguments, *asked], embed=embed)
    assert 0 < len(it.asked) <= 3
    assert {one["model"] for one in it.asked} == {"tiny-1b"}
    printed = capsys.readouterr().out
    page = (tmp_path / "fallback.md").read_text(encoding="utf-8")
    assert "**Blend and generator** (deferred, validation): tiny-1b" in printed
    assert page.strip().endswith(printed.strip())
    assert "--no-latency --generator URL --generator-model tiny-1b --questions 3\n" in page
    assert it.base_url not in page
    [report] = json.loads((tmp_path / "fallback.json").read_text(encoding="utf-8"))
    spent = report["generator"]["spent"]
    assert (spent["prompt_tokens"], spent["answer_tokens"], spent["requests"]) == (1500, 30, 1)
    assert report["generator"]["prompt_version"] == PROMPT_VERSION


def test_it_is_asked_as_the_service_asks(miniature: Miniature) -> None:
    """Labels and abstention, exemplars of half B as sources, a closed schema; and a document of the test."""
    with endpoint(Reply(says(ABSTAIN))) as it, fifth_way(it.base_url, "m", QUESTIONS, cost.PRICES, None) as asking:
        report = miniature.report(asking)
    half_b = {document.text for document in miniature.halves.half_b}
    tested = {document.text for document in miniature.halves.test}
    assert len(it.asked) == QUESTIONS
    for asked in it.asked:
        schema = asked["response_format"]["json_schema"]["schema"]
        assert set(schema["properties"]["label"]["properties"]["choice"]["enum"]) == {*LABELS, ABSTAIN}
        given = json.loads(asked["messages"][1]["content"])
        assert given["document"] in tested
        assert {source["kind"] for source in given["sources"]} == {"exemplar"}
        assert {source["text"] for source in given["sources"]} <= half_b
        assert all(source["label"] in LABELS for source in given["sources"])
    assert report.outcomes[Outcome.TO_PEOPLE] == QUESTIONS
    assert (report.label_asked, report.abstained, report.cited) == (QUESTIONS, QUESTIONS, 0)
    assert report.right[WITH_GENERATOR] == report.right[BLEND]  # who abstains changes nothing


@pytest.mark.parametrize(
    ("reply", "settings", "not_asked", "why", "requests"),
    [
        (
            Reply(hangs_up=True),
            {},
            QUESTIONS,
            {Unavailable.UNREACHABLE: 5, Unavailable.BREAKER_OPEN: QUESTIONS - 5},
            5,
        ),
        (Reply("{}"), {"TOKENS_PER_DAY": "1"}, QUESTIONS, {Unavailable.BUDGET_SPENT: QUESTIONS}, 0),
        (
            Reply(says("winter"), delay_s=0.5),
            {"DEADLINE_S": "0.1"},
            QUESTIONS - 5,
            {Unavailable.TIMEOUT: 5, Unavailable.BREAKER_OPEN: QUESTIONS - 5},
            5,
        ),
        (Reply(finish="length"), {}, 0, {Unavailable.UNANSWERABLE: QUESTIONS}, QUESTIONS),
    ],
    ids=["away", "budget", "timeout", "without an end"],
)
def test_what_was_not_answered_is_counted_and_never_right(
    miniature: Miniature,
    monkeypatch: pytest.MonkeyPatch,
    reply: Reply,
    settings: dict[str, str],
    not_asked: int,
    why: dict[Unavailable, int],
    requests: int,
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(f"DOCMILL_GENERATOR_{name}", value)
    with endpoint(reply) as it, fifth_way(it.base_url, "m", QUESTIONS, cost.PRICES, None) as asking:
        report = miniature.report(asking)
        assert len(it.asked) == requests
    assert report.why_not == {reason.value: count for reason, count in why.items()}
    assert report.outcomes[Outcome.NOT_ASKED] == not_asked
    assert report.outcomes[Outcome.NO_ANSWER] == QUESTIONS - not_asked
    assert report.drawn == QUESTIONS
    assert report.right[WITH_GENERATOR] == 0
    assert report.published[WITH_GENERATOR] == (0, 0)
    pair = report.pairs[f"{WITH_GENERATOR} / {BLEND}"]
    assert (pair.wins, pair.losses) == (0, report.right[BLEND])
    assert report.right[BLEND] > 0
    assert report.spent.questions == QUESTIONS - not_asked
    assert (report.costs[1].tokens > 0) is (not_asked < QUESTIONS)
    assert report.spent.seconds_p50 is None
    assert "- (p50)" in generator_markdown(report)


def gold_of(miniature: Miniature) -> Callable[[Ask], str]:
    labels = {document.text: document.label or "" for document in miniature.halves.test}
    return lambda ask: labels[ask.text]


def borne_out(ask: Ask, label: str) -> Answer:
    return Answer(label, (Evidence(ask.sources[0].passage_id, "as it stands there"),))


def test_a_generator_that_knows_wins_and_one_that_is_always_wrong_loses(miniature: Miniature) -> None:
    gold = gold_of(miniature)

    def wrong(ask: Ask) -> Answer:
        return borne_out(ask, next(label for label in LABELS if label != gold(ask)))

    knowing = miniature.report(way(lambda ask: borne_out(ask, gold(ask)), questions=100))
    misled = miniature.report(way(wrong, questions=100))
    assert knowing.drawn == misled.drawn == knowing.deferred == len(miniature.halves.test)
    assert knowing.right[BLEND] == misled.right[BLEND] == miniature.decided.right(BLEND).sum()
    assert knowing.right[RETRAINED] == miniature.decided.right(RETRAINED).sum()
    better, worse = (report.pairs[f"{WITH_GENERATOR} / {BLEND}"] for report in (knowing, misled))
    assert (better.wins > 0, better.losses) == (True, 0)
    assert (worse.wins, worse.losses > 0) == (0, True)
    assert knowing.pairs[f"{SAID} / {BLEND}, answered"].losses == 0
    assert misled.pairs[f"{SAID} / {BLEND}, answered"].losses == misled.right[BLEND]


def test_a_word_without_a_citation_changes_nothing(miniature: Miniature) -> None:
    gold = gold_of(miniature)
    report = miniature.report(way(lambda ask: Answer(gold(ask)), questions=100))
    pair = report.pairs[f"{WITH_GENERATOR} / {BLEND}"]
    assert (pair.wins, pair.losses, report.cited) == (0, 0, 0)
    assert report.pairs[f"{SAID} / {BLEND}, answered"].wins > 0


def test_the_same_documents_are_drawn_again_and_no_more_than_asked_for(miniature: Miniature) -> None:
    seen: list[list[str]] = []
    for _ in range(2):
        texts: list[str] = []

        def listen(ask: Ask, texts: list[str] = texts) -> Answer:
            texts.append(ask.text)
            return Answer()

        miniature.report(way(listen))
        seen.append(texts)
    assert seen[0] == seen[1]
    assert len(seen[0]) == QUESTIONS


def test_rejected_parts_tokens_and_costs_are_counted(miniature: Miniature) -> None:
    """100 tokens asked and 20 answered by USAGE, at a dollar a token; a core second costs a dollar."""
    refused = Answer(refused=(Refused("label", Refusal.UNKNOWN_LABEL), Refused("total", Refusal.NOT_VERBATIM)))
    report = miniature.report(way(lambda ask: refused, cores=4))
    assert report.refused == {"not_verbatim": QUESTIONS, "unknown_label": QUESTIONS}
    assert (report.spent.questions, report.spent.prompt_tokens, report.spent.answer_tokens) == (QUESTIONS, 100, 20)
    assert (report.spent.seconds_p50, report.spent.seconds_p95) == (USAGE.seconds, USAGE.seconds)
    alone, asked, own = report.costs
    machines = 1000 * (1.0 + cost.FALLBACK_CPU_S)
    assert [alone.machines, alone.tokens, alone.people] == pytest.approx([machines, 0, 1000])
    assert [asked.machines, asked.tokens, asked.people] == pytest.approx([machines, 120_000, 1000])
    assert [own.machines, own.tokens] == pytest.approx([machines + 1000 * 4 * USAGE.seconds, 0])
    page = generator_markdown(report)
    assert "| published | with the right type |" in page
    assert f"| {WITH_GENERATOR} / {BLEND}, published with the right type |" in page
    assert "not_verbatim 6, unknown_label 6" in page
    assert f"6 questions were put and took 100 tokens asked and 20 answered in {USAGE.requests:.2f} requests" in page
    assert "on 4 cores of one's own" in page


@contextmanager
def services(*passages: Passage, generator: FakeGenerator, by: Policy = POLICY) -> Iterator[tuple[Service, Service]]:
    embedder = LetterEmbedder()
    with copy_of_index(passages, EMBEDDING) as index:
        yield Service(KNOWN, by, embedder, index), Service(KNOWN, by, embedder, index, generator)


def test_what_the_index_decides_is_not_asked_about() -> None:
    generator = FakeGenerator()
    with services(*FINES, generator=generator) as both:
        one = account(0, "fine", request(), both, POLICY)
    assert (one.outcome, one.label, one.alone_decided) == (Outcome.BY_INDEX, "fine", True)
    assert (one.usage.requests, generator.asked) == (0, [])


def test_what_both_voices_are_sure_of_is_published() -> None:
    said, lower = Answer("receipt", (Evidence("f1", "parking fine"),)), replace(POLICY, threshold=0.75)
    with services(*MIXED, generator=FakeGenerator(said), by=lower) as both:
        published = account(0, "receipt", request(), both, lower)
    with services(*MIXED, generator=FakeGenerator(said)) as both:
        not_yet = account(0, "receipt", request(), both, POLICY)
    assert published.outcome is Outcome.BY_GENERATOR
    assert (published.alone_decided, published.decided, published.label) == (False, True, "receipt")
    assert (not_yet.outcome, not_yet.decided, not_yet.label) == (Outcome.TO_PEOPLE, False, "receipt")


def test_a_document_that_there_is_nothing_to_ask_about_is_not_asked() -> None:
    """A part of it could not be read, and that nobody but a person can mend."""
    generator = FakeGenerator()
    with services(*FINES, generator=generator) as both:
        one = account(0, "fine", request(reasons=(DeferralReason.UNREAD_ATTACHMENT,)), both, POLICY)
    assert (one.outcome, one.why, one.label) == (Outcome.NOT_ASKED, NOTHING_TO_ASK, None)
    assert generator.asked == []


def test_a_dead_letter_is_an_error() -> None:
    def bug(label: str) -> None:
        raise RuntimeError

    with copy_of_index(FINES, EMBEDDING) as index:
        broken = Service(replace(KNOWN, group_of=bug), POLICY, LetterEmbedder(), index)
        with pytest.raises(ValueError, match="can do nothing with this request: Rejected"):
            account(0, "fine", request(), (broken, broken), POLICY)


def test_a_policy_without_a_certified_threshold_has_the_shipped_ones() -> None:
    by_hand = with_threshold(policy(threshold=None))
    shipped = (DEFAULT_POLICY.threshold, DEFAULT_POLICY.least_similarity)
    assert (by_hand.threshold, by_hand.least_similarity) == shipped
    assert with_threshold(POLICY) == POLICY


def test_the_cheap_modes_requests_say_what_the_head_says(miniature: Miniature) -> None:
    document = miniature.halves.test[3]
    event = cheap_events(miniature.halves, miniature.read)(document)
    said = miniature.read.test.classifier[3]
    assert event.text == document.text
    assert event.reasons == (DeferralReason.NOT_CERTIFIED,)
    assert event.document_type.label == LABELS[int(said.argmax())]
    assert {one.label: one.probability for one in event.label_probabilities} == pytest.approx(
        dict(zip(LABELS, said.tolist(), strict=True))
    )


def test_a_bundles_requests_are_those_of_the_processor(tmp_path: Path) -> None:
    bundle = load_bundle(build_tiny_bundle(tmp_path / "tiny"))

    def document(label: str) -> LabelledDocument:
        return LabelledDocument(label, "papers", "papers", label, text_of(label, 3), ())

    with bundle_events(bundle) as event_of:
        event = event_of(document("contract"))
        with pytest.raises(ConfigurationError, match="receipt is not deferred"):
            event_of(document("receipt"))
    assert event.document_type.label == "contract"
    assert event.bundle.sha256 == bundle.sha256
    assert event.candidates


def test_the_full_mode_asks_beside_a_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Labels and exemplars by the bundle's own names, and what is deferred is what the bundle itself defers."""
    folder = build_tiny_bundle(tmp_path / "tiny")
    loaded = load_bundle(folder)
    names = SourceNames(group="contract", labels=PAPERS | {"weather": "complaint.weather"})
    source = TrainingSource(name="papers", licence="none", names=names)
    training = loaded.manifest.training.model_copy(update={"sources": (source,)})
    knowing = replace(loaded, manifest=loaded.manifest.model_copy(update={"training": training}))
    monkeypatch.setattr(bundles, "load_bundle", lambda folder: knowing)
    monkeypatch.setattr(fifth, "load_bundle", lambda folder: knowing)
    coarser(monkeypatch)
    train = write_papers(tmp_path) / "papers" / "train.jsonl"
    rows = [json.loads(line) for line in train.read_text(encoding="utf-8").splitlines()]
    rows = [row | {"fields": {"party": "Acme"}} if row["label"] == "contract" else row for row in rows]
    train.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    halves = read_halves(tmp_path, "papers")
    vectors = embed_papers([document.text for document in halves.everything])
    [read] = bundles.read_with_bundles(bundles.Bundles(folder, folder), halves, vectors)
    asked: list[Ask] = []

    def listen(ask: Ask) -> Answer:
        asked.append(ask)
        return Answer()

    decided = compare.deferred_slice(read)
    never = replace(decided.policies[0], policy=replace(decided.policies[0].policy, threshold=1.0))
    report = way(listen).full(folder, tmp_path, halves, vectors, read, replace(decided, policies=(never,)))
    assert report is not None
    assert len(asked) == report.outcomes[Outcome.TO_PEOPLE] == QUESTIONS
    contracts = [ask for ask in asked if ask.text in {text_of("contract", n) for n in range(500, 508)}]
    assert contracts
    assert all({"contract", "receipt", "complaint.mortgage"} <= set(ask.labels) for ask in asked if ask.labels)
    assert all(
        source.document_type in {*PAPERS.values(), "complaint.weather"} for ask in asked for source in ask.sources
    )
    assert report.right[BLEND] > 0
    shown = {source.document_type: dict(source.fields) for ask in asked for source in ask.sources}
    assert shown["contract"] == {"party": ("Acme",)}


def test_at_least_one_question(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        main(["seasons", "--data", str(tmp_path), "--generator", "http://127.0.0.1:9/v1", "--questions", "0"])
    assert "--questions: at least one" in capsys.readouterr().err
