"""The name of who decided, as it goes onto a result. Pure."""

MAX_REVIEWER_CHARACTERS = 200


def reviewer_on_result(said: str | None) -> str | None:
    """A name made fit to be shown; None: none was given, or nothing is left of it.

    It decides nothing, so it never costs the decision: white space of any kind (U+3000 between the parts of a Japanese
    name) becomes a blank, control and invisible characters are left out, and what is longer is cut.
    """
    shown = "".join(c if c.isprintable() else " " if c.isspace() else "" for c in said or "")
    return " ".join(shown.split())[:MAX_REVIEWER_CHARACTERS].rstrip() or None
