import re

from docmill.training.claims.claim import Kind
from docmill.training.claims.particulars import DAYS, TEXTS, draw_days
from tests.unit.training.claims.fakes import claims, rng

ALL = [claim for kind in Kind for claim in claims(kind)]


def test_all_slots_are_drawn() -> None:
    for claim in ALL:
        assert set(claim.days) == set(DAYS)
        assert set(claim.texts) == set(TEXTS)
        assert all(claim.texts.values())


def test_no_other_day_is_the_day_of_loss() -> None:
    for claim in ALL:
        assert list(claim.days.values()).count(claim.days["loss"]) == 1
        assert claim.days["inception"] < claim.days["loss"] < claim.days["reported"] < claim.days["letter"]


def test_telephones_are_of_numbers_kept_for_fiction_or_of_none() -> None:
    fiction = ("01632", "(01632)", "07700 900", "+44 7700 900", "020 7946 0", "020 91", "+353 20 91", "0491 570")
    for claim in ALL:
        phone = claim.texts["phone"]
        assert "555" in phone or phone.startswith((*fiction, "+61 491 570")) or claim.country == "IN"
        if claim.country == "IN":  # no subscriber's number begins with 1
            assert re.fullmatch(r"(?:\+91[ -]|0\d{3} )?1[\d ]+", phone), phone


def test_what_a_letter_can_speak_of_came_before_it() -> None:
    for seed in range(200):
        days = draw_days(rng(seed))
        assert days["loss"] < days["reported"] < days["inspected"] <= days["invoiced"] <= days["letter"]
        assert days["reported"] <= days["answered"] <= days["letter"] < days["received"]
        assert days["loss"] < days["discharged"] <= days["invoiced"]
