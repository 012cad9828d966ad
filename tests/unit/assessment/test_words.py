"""Every reason can be said in plain words, and no word is said of a reason that is none."""

from docmill.assessment.words import IN_WORDS
from docmill.settings import Settings
from docmill_schemas.reasons import DeferralReason, RejectionReason


def test_every_reason_has_its_words() -> None:
    assert IN_WORDS.keys() == {*DeferralReason, *RejectionReason}


def test_the_settings_that_they_name_exist() -> None:
    named = {word for line in IN_WORDS.values() for word in line.split() if word.startswith("DOCMILL_")}
    assert named
    assert named <= {f"DOCMILL_{name.upper()}" for name in Settings.model_fields}
