import pytest

from docmill.training.claims.claim import Kind
from docmill.training.claims.draft import FIELDS
from docmill.training.claims.noise import shouted
from docmill.training.claims.page import Row, rules_for
from docmill.training.claims.voice import Narrator
from tests.unit.training.claims.fakes import claim_with, claims, page_of

FULL = claim_with(*FIELDS)
EMPTY_HANDED = claim_with(without=("date_of_loss", "claimed_amount"))


def test_lines_and_what_is_empty_or_cannot_be_said() -> None:
    page = page_of(EMPTY_HANDED)
    page.line("one", "", "{loss}", "[{loss}||]", "two")
    page.finish("")
    page.finish("three")
    page.gap()
    assert page.draft.text == "one\ntwo\n\nthree\n\n"


def test_paragraphs_have_a_space_between_what_can_be_said() -> None:
    page = page_of(EMPTY_HANDED)
    page.para("One.", "{loss}", "", "Two.")
    page.para("{loss}")
    page.say("x", "{loss}", "y")
    assert page.draft.text == "One. Two.\n\nxy"


def test_plain_text_must_not_carry_a_value() -> None:
    page = page_of(FULL)
    assert page.text("a [{loss.nth}|x]").startswith("a ")
    with pytest.raises(ValueError, match="carries a value"):
        page.text("{loss}")


def test_a_part_is_changed_as_a_whole_and_keeps_its_values() -> None:
    page = page_of(FULL)
    page.line("before")
    with page.changed(shouted):
        page.line("by {claimant}")
    page.line("after")
    name = FULL.parties["claimant"].name.upper()
    assert page.draft.text == f"before\nBY {name}\nafter\n"
    assert [piece.text for piece in page.draft.pieces if piece.field] == [name]


def test_rows_of_all_fields_or_a_blank_for_what_is_missing() -> None:
    assert len(page_of(FULL).field_rows()) == len(FIELDS)
    blank, left_out = 0, 0
    for seed in range(60):
        row = page_of(EMPTY_HANDED, seed=seed).field_row("date_of_loss")
        blank += row is not None and row.value == "{blank}"
        left_out += row is None
    assert blank + left_out == 60
    assert min(blank, left_out) > 10


def test_a_stranger_is_not_labelled_as_the_insured() -> None:
    for claim in claims(Kind.LIABILITY, count=60):
        page = page_of(claim)
        labels = {row.label for _ in range(20) if (row := page.field_row("claimant"))}
        assert not labels & {"Insured", "Policyholder", "Your name", "Name of insured"}


@pytest.mark.parametrize("kind", list(Kind))
def test_further_rows_are_distractors(kind: Kind) -> None:
    page = page_of(claims(kind)[0])
    rows = page.other_rows(40 // 2, 3)
    assert len(rows) >= 18
    fields = {f"{{{name}}}" for name in ("claim_number", "policy_number", "claimant", "loss", "claimed")}
    assert not {row.value for row in rows} & fields


def test_mixed_rows_keep_all() -> None:
    rows = page_of(FULL).mixed_rows(4, 2, disorder=0)
    values = [row.value for row in rows]
    assert [v for v in values if v in ("{claim_number}", "{policy_number}", "{loss}", "{claimed}")] == (
        ["{claim_number}", "{policy_number}", "{loss}", "{claimed}"]
    )
    assert all(isinstance(row, Row) and "{" not in row.label for row in rows)


def test_costs_are_told_in_part_where_the_total_is_not() -> None:
    known = next(claim for claim in claims(count=400) if "claimed_amount" in claim.present and len(claim.items) > 2)
    assert len(page_of(known).costs()) == len(known.items)
    unknown = next(c for c in claims(count=400) if "claimed_amount" not in c.present and len(c.items) > 2)
    assert {len(page_of(unknown, seed=seed).costs()) for seed in range(40)} == {0, len(unknown.items) // 2}


def test_a_story_gives_the_date_or_leaves_it_vague() -> None:
    def told(*, dated: bool, seed: int) -> bool:
        page = page_of(FULL, seed=seed)
        page.para(*page.story(0, dated=dated))
        return any(piece.field == "date_of_loss" for piece in page.draft.pieces)

    assert all(told(dated=True, seed=seed) for seed in range(30))
    assert not any(told(dated=False, seed=seed) for seed in range(30))


def test_another_part_has_another_voice() -> None:
    page = page_of(FULL, Narrator.CLAIMANT)
    page.turn(Narrator.POLICE)
    assert page.facts.voice.narrator is Narrator.POLICE
    assert page.draft.text.strip()


def test_what_is_enclosed_tells_the_same_event_or_refers_to_it() -> None:
    def told(seed: int) -> tuple[str, str]:
        page = page_of(FULL, Narrator.CLAIMANT, seed)
        page.tell_when(dated=False)
        page.say("{happened}")
        before = len(page.draft.pieces)
        page.turn(Narrator.CLAIMANT)
        page.tell_when(dated=False)
        first = "".join(piece.text for piece in page.draft.pieces[:before])
        page.say("{happened}")
        return first, page.draft.text

    repeated = [whole.count(first[:20]) == 2 for first, whole in map(told, range(40))]
    assert 8 < sum(repeated) < 32


def test_a_country_adds_to_greetings_and_a_scenario_to_remarks() -> None:
    indian = next(claim for claim in claims() if claim.country == "IN")
    british = next(claim for claim in claims() if claim.country == "GB")
    assert set(rules_for(british)["greeting"]) < set(rules_for(indian)["greeting"])
    hit = next(claim for claim in claims() if claim.scenario.more)
    assert set(rules_for(hit)[f"extra_{hit.scenario.more[0]}"]) <= set(rules_for(hit)["extra"])
