"""Amounts as six countries write them, in cents inside. Does not know what is paid for."""

from docmill.training.claims.pools import words

UNITS = words(
    "zero, one, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve, thirteen, fourteen, fifteen, "
    "sixteen, seventeen, eighteen, nineteen"
)
TENS = words("zero, ten, twenty, thirty, forty, fifty, sixty, seventy, eighty, ninety")
SCALES = ((10**7, "crore"), (10**5, "lakh"), (1000, "thousand"), (100, "hundred"))
NAMES = {"GBP": "pounds", "USD": "dollars", "EUR": "euro", "AUD": "dollars", "INR": "rupees", "CAD": "dollars"}


def grouped(cents: int, currency: str, *, decimals: bool | None = None, separators: bool = True) -> str:
    """The number alone: `12,345.60`, of rupees `1,23,456`. `decimals`: None shows them where they are not nought."""
    whole, rest = divmod(cents, 100)
    digits = _indian(whole) if currency == "INR" and separators else f"{whole:,}" if separators else str(whole)
    show = rest != 0 if decimals is None else decimals or rest != 0
    return f"{digits}.{rest:02d}" if show else digits


def _indian(number: int) -> str:
    head, tail = divmod(number, 1000)
    if not head:
        return str(tail)
    groups = []
    while head:
        head, group = divmod(head, 100)
        groups.append(f"{group:02d}")
    return ",".join([*reversed(groups), f"{tail:03d}"]).lstrip("0")


def in_words(cents: int, currency: str) -> str:
    """`one thousand two hundred and six pounds`, of rupees with lakh and crore; cents are left out."""
    return f"{_words(cents // 100, lakh=currency == 'INR')} {NAMES[currency]}"


def _words(number: int, *, lakh: bool) -> str:
    if number < 20:
        return UNITS[number]
    if number < 100:
        tens, units = divmod(number, 10)
        return TENS[tens] + (f"-{UNITS[units]}" if units else "")
    for scale, name in SCALES if lakh else ((10**6, "million"), *SCALES[2:]):
        if number >= scale:
            head, rest = divmod(number, scale)
            joint = " and " if rest < 100 else " "
            return f"{_words(head, lakh=lakh)} {name}" + (f"{joint}{_words(rest, lakh=lakh)}" if rest else "")
    raise AssertionError(number)
