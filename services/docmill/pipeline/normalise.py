"""Found text to a value of its field's kind. Does not know where the text stood or how sure the model was."""

from enum import StrEnum
from typing import assert_never

from docmill.pipeline.dates import first_date
from docmill.pipeline.durations import first_duration
from docmill.pipeline.money import first_amount
from docmill.pipeline.visible import visible


class FieldKind(StrEnum):
    """What a field's value is."""

    TEXT = "text"
    DATE = "date"
    MONEY = "money"
    DURATION = "duration"


def normalise(kind: FieldKind, text: str, *, day_first: bool = False) -> str | None:
    """The value that a text stands for, or None where it is none of its kind. Never raises.

    A value depends on nothing but the arguments: not on clock, locale or time zone. Normalised again it stays as it is.

    Dates, amounts and durations are those that a person reads: what nobody sees within them counts for nothing.

    TEXT: white space collapsed; None if nothing is left.
    DATE: `YYYY-MM-DD`. `day_first` decides 03/04/2018 and nothing else: an impossible month flips it.
    MONEY: `amount` with two decimals, then ` CUR` where the text names a currency: `1234.50 MYR`, `6.90`.
    DURATION: `number unit` with the unit day, week, month or year (`2 year`, `0.5 year`), or `perpetual`.
    """
    if kind is FieldKind.TEXT:
        return " ".join(text.split()) or None
    collapsed = " ".join(visible(text).split())
    match kind:
        case FieldKind.DATE:
            return first_date(collapsed, day_first=day_first)
        case FieldKind.MONEY:
            return first_amount(collapsed)
        case FieldKind.DURATION:
            return first_duration(collapsed)
        case _:
            assert_never(kind)
