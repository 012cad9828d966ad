import pytest

from docmill.training.claims.draft import Draft, Piece
from docmill.training.claims.grammar import GrammarError
from docmill.training.claims.writer import Rules, Writer
from tests.unit.training.claims.fakes import HandFacts, rng


def writer(rules: Rules | None = None, *, once: tuple[str, ...] = (), seed: int = 1, **facts: str | None) -> Writer:
    return Writer(HandFacts(**facts), rules or {}, rng(seed), once)


def said(write: Writer, *sources: str) -> str:
    draft = Draft()
    for source in sources:
        write.say(draft, source)
    return draft.text


def test_slots_are_filled_and_values_stay_marked() -> None:
    draft = Draft()
    writer(claimant="Ada", town="Marrowby").say(draft, "{claimant} of {town}")
    assert draft.pieces == [Piece("Ada", "claimant"), Piece(" of "), Piece("Marrowby")]


def test_every_option_is_drawn() -> None:
    assert {said(writer(seed=seed), "[a|b|]") for seed in range(30)} == {"a", "b", ""}


def test_what_needs_a_missing_fact_cannot_be_said() -> None:
    write = writer({"rule": ("on {loss}",), "other": ("{rule}", "then")}, loss=None, town="x")
    assert not write.can_say("{loss}")
    assert not write.can_say("a {rule} b")
    assert write.can_say("[{loss}|{town}]")
    assert write.can_say("{other}")
    assert said(write, "[{loss}|x {town}]", "{other}") == "x xthen"


def test_saying_it_all_the_same_is_a_fault() -> None:
    with pytest.raises(GrammarError, match="can be said"):
        said(writer(loss=None), "[{loss}]")
    with pytest.raises(GrammarError, match="rule"):
        said(writer({"rule": ("{loss}",)}, loss=None), "{rule}")


def test_the_first_rank_that_can_be_said() -> None:
    assert {said(writer(loss="today", seed=seed), "x [{loss}||later]") for seed in range(20)} == {"x today"}
    assert said(writer(loss=None), "[{loss}||later]") == "later"


def test_an_unknown_slot_is_a_fault() -> None:
    with pytest.raises(GrammarError, match=r"no slot \{nobody\}"):
        writer(town="x").can_say("{town} {nobody}")


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{Noun} fell", "Tree fell"),
        ("{noun} fell. {noun} stood", "Tree fell. Tree stood"),
        ("one\n{noun}", "one\nTree"),
        ("the {noun}, {noun}", "the tree, tree"),
        ('"k": "{noun}"', '"k": "Tree"'),
        ("saw {a noun}", "saw a tree"),
        ("{A noun} fell", "A tree fell"),
        ("saw {a apple}", "saw an apple"),
        ("{rule}", "Tree of old"),
        ("under {rule}", "under tree of old"),
    ],
)
def test_capitals_and_articles(source: str, text: str) -> None:
    assert said(writer({"rule": ("{noun} of old",)}, noun="tree", apple="apple"), source) == text


def test_values_keep_their_case() -> None:
    assert said(writer(claimant="de Groot"), "{claimant} came") == "de Groot came"


def test_a_rule_gives_all_before_it_repeats() -> None:
    write = writer({"rule": ("x a", "x b", "x c")})
    assert sorted(said(write, "- {rule}") for _ in range(3)) == ["- x a", "- x b", "- x c"]
    assert said(write, "- {rule}") in {"- x a", "- x b", "- x c"}


def test_what_may_be_said_once_runs_out() -> None:
    write = writer({"rule": ("x a", "x b")}, once=("rule",))
    assert len({said(write, "{rule}"), said(write, "{rule}")}) == 2
    assert not write.can_say("{rule}")
    assert said(write, "[{rule}||nothing more]") == "nothing more"


def test_a_kept_rule_gives_the_same_with_the_same_options() -> None:
    rules = {"event": ("[a|b|c] {thing}", "[d|e|f] {thing}"), "thing": ("x", "y", "z")}
    for seed in range(20):
        write = Writer(HandFacts(), rules, rng(seed), kept=("event",))
        assert not write.has_kept("event")
        assert len({said(write, "{event}") for _ in range(5)}) == 1
        assert write.has_kept("event")
    assert len({said(Writer(HandFacts(), rules, rng(seed), kept=("event",)), "{event}") for seed in range(40)}) > 10


def test_a_kept_rule_is_drawn_anew_where_it_cannot_be_said_again() -> None:
    facts = {"a": "1", "b": "2"}
    rules = {"event": ("{a}", "[{b}|]{c}"), "c": ("-",)}
    write = Writer(HandFacts(**facts), rules, rng(), kept=("event",))
    first = said(write, "{event}")
    assert said(write, "{event}") == first
    rules["event"] = ("other",)
    assert said(write, "x {event}") == "x other"
