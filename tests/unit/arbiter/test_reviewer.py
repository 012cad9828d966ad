"""A name is made fit to be shown."""

import pytest

from docmill.arbiter.reviewer import MAX_REVIEWER_CHARACTERS, reviewer_on_result


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("m.okafor", "m.okafor"),
        ("\u5c71\u7530\u3000\u592a\u90ce", "\u5c71\u7530 \u592a\u90ce"),
        ("M.\u00a0Okafor\n", "M. Okafor"),
        ("\u0639\u0644\u06cc\u200c\u0631\u0636\u0627", "\u0639\u0644\u06cc\u0631\u0636\u0627"),
        ("m\x1b[2J\u202e.okafor", "m[2J.okafor"),
        ("m" * 300, "m" * MAX_REVIEWER_CHARACTERS),
        ("m" * 199 + " okafor", "m" * 199),
        ("\u200b", None),
        (" ", None),
        ("", None),
        (None, None),
    ],
    ids=["plain", "japanese", "no-break", "persian", "controls", "long", "cut", "invisible", "blank", "empty", "none"],
)
def test_a_name_as_it_is_shown(said: str | None, shown: str | None) -> None:
    assert reviewer_on_result(said) == shown
