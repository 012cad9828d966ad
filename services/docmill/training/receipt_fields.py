"""By which fields receipts are varied (augment.py), and which others such documents may have. Knows no recipe."""

from collections.abc import Mapping

DATE = "date"  # keeps its digits, those of all else are permuted
SWAPPED = ("company", "address")  # take the values of other receipts
PERMUTABLE = ("money", "identifier")  # kinds whose values are still some with other digits


def unfit_to_vary(kinds: Mapping[str, str]) -> str | None:
    """Why documents must not be varied of which fields of these kinds are annotated, by name; None: they may be."""
    if DATE not in kinds:
        return f"no field {DATE} is annotated, so that digits of dates would be scrambled"
    text = {(name, "text") for name in SWAPPED}
    if scrambled := [n for n, k in kinds.items() if n != DATE and k not in PERMUTABLE and (n, k) not in text]:
        return f"digits of {scrambled} would be scrambled"
    return None
