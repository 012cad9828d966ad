"""An amount of money in a text, with its currency where the text names one. Does not convert anything."""

import re
from decimal import ROUND_HALF_UP, Decimal

# A bare $ is taken for the US dollar: the default bundle reads American documents. In another dollar country the
# amount is right and the name is not; whoever knows the sender must map it.
SYMBOLS = {
    "us$": "USD", "u.s.$": "USD", "s$": "SGD", "a$": "AUD", "au$": "AUD", "c$": "CAD", "ca$": "CAD", "hk$": "HKD",
    "nz$": "NZD", "r$": "BRL", "$": "USD", "£": "GBP", "€": "EUR", "¥": "JPY", "₹": "INR", "zł": "PLN", "rm": "MYR",
    "rmb": "CNY", "rs": "INR", "ringgit": "MYR", "euro": "EUR", "euros": "EUR", "pounds sterling": "GBP",
    "dollar": "USD", "dollars": "USD", "us dollars": "USD", "u.s. dollars": "USD", "united states dollars": "USD",
}  # fmt: skip
CODES = (
    "usd eur gbp myr sgd aud cad nzd hkd jpy cny inr chf sek nok dkk pln czk huf ron try zar brl mxn thb idr php krw "
    "twd aed sar ils"
)
CURRENCIES = SYMBOLS | {code: code.upper() for code in CODES.split()}
WEAK = frozenset({"$", "dollar", "dollars"})  # another mark beside them says which dollar it is
SCALES = {
    "hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12,
    "k": 10**3, "m": 10**6, "mm": 10**6, "mn": 10**6, "bn": 10**9, "b": 10**9,
}  # fmt: skip
LIMIT = Decimal(10) ** 15 - 1  # sixteen digits and more are card and account numbers
CENT = Decimal("0.01")

# A mark that begins or ends with a letter is not part of a word; digits may touch it ("RM31.20").
MARK = "|".join(
    ("(?<![a-z])" if mark[0].isalpha() else "") + re.escape(mark) + ("(?![a-z])" if mark[-1].isalpha() else "")
    for mark in sorted(CURRENCIES, key=len, reverse=True)
)
NUMBER = (
    r"(?:\d{1,3}(?: \d{3})+(?:[.,]\d{1,2})?(?![\d,]|\.\d)"  # 1 234,50
    r"|\d+(?:[.,'’]\d+)*"
    r"|(?<!\w)\.\d{1,2}(?!\d))"
)
# Over collapsed text, so ` ?` is any white space.
MONEY = re.compile(
    rf"(?:(?<![\w)])(?P<sign>[-−]) ?)?(?P<before>(?:(?:{MARK})[ :.]{{0,2}}){{0,2}})(?P<inner>[-−])?"  # "$-5"
    rf"(?<![\d,])(?<!\d\.)(?<!\W\.)(?P<number>{NUMBER})"  # a dot before it belongs to a word: "Rs.49,000"
    r"(?:(?P<scale> ?(?:hundred|thousand|million|billion|trillion)|(?:k|mm?|mn|bn?))(?![a-z]))?"
    rf"(?P<after> ?\(?(?:{MARK}))?(?P<percent> ?%)?",
    re.ASCII | re.IGNORECASE,
)
FIND_MARK = re.compile(MARK, re.ASCII | re.IGNORECASE)


def first_amount(text: str) -> str | None:
    """`amount` or `amount CUR` of a text: the first one beside a currency, else the first with two decimals, else the
    first number; None where there is none. White space is collapsed already.

    Percentages do not count. Brackets are no minus sign: contracts repeat an amount in them.
    """
    best, best_has_cents = None, False
    for found in MONEY.finditer(text):
        currency = _currency(found)
        value = _value(found, beside_currency=currency is not None)
        if found["percent"] or value is None:
            continue
        if currency is not None:
            return f"{value} {currency}"
        has_cents = found["number"][-3:-2] in (".", ",")
        if best is None or (has_cents and not best_has_cents):
            best, best_has_cents = value, has_cents
    return best


def _currency(found: re.Match[str]) -> str | None:
    """ISO code of the marks about a number; an explicit one wins over a bare dollar."""
    marks = [mark.lower() for mark in FIND_MARK.findall(f"{found['before']} | {found['after'] or ''}")]
    if not marks:
        return None
    return CURRENCIES[next((mark for mark in marks if mark not in WEAK), marks[0])]


def _value(found: re.Match[str], *, beside_currency: bool) -> str | None:
    scale = (found["scale"] or "").strip().lower()
    amount = _amount(found["number"], scaled=scale != "")
    if scale and (beside_currency or len(scale) > 2):  # "$20M", but "20m" may be metres
        amount *= SCALES[scale]
    if amount > LIMIT:
        return None
    minus = "-" if found["sign"] or (found["inner"] and beside_currency) else ""
    return f"{minus}{amount.quantize(CENT, ROUND_HALF_UP)}"


def _amount(number: str, *, scaled: bool) -> Decimal:
    """Digits and separators to a number: of two kinds of separator the last is the decimal one.

    A lone one before exactly three digits separates thousands ("1.234", "1,234"), save after a nought ("0.125") and
    for a dot before a scale word ("1.234 million").
    """
    number = re.sub("[ '’]", "", number)
    last = max(number.rfind("."), number.rfind(","))
    if last < 0:
        return Decimal(number)
    separator, head, tail = number[last], number[:last], number[last + 1 :]
    mixed = ("," if separator == "." else ".") in head
    thousands = len(tail) == 3 and head not in ("", "0") and not mixed and not (scaled and separator == ".")
    digits = head.replace(".", "").replace(",", "")
    if separator in head or thousands:
        return Decimal(digits + tail)
    return Decimal(f"{digits or 0}.{tail}")
