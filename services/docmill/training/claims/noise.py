"""What happens to a text on its way: it is wrapped, quoted, shortened, mistyped, misread. Does not know layouts.

It works on pieces, so that a value stays marked whatever becomes of the text about it.

Values are changed with care: a value that stands once may be misread, and then the label is what stands there; one that
stands several times is left alone, so that all its mentions stay one value.
"""

import random
import re
from collections import Counter
from collections.abc import Callable, Sequence

from docmill.pipeline.normalise import FieldKind
from docmill.training.claims.draft import FIELD_KINDS, Piece
from docmill.training.claims.layout import Noise
from docmill.training.claims.page import Change

CONFUSIONS = (
    ("rn", "m"), ("m", "rn"), ("l", "1"), ("1", "l"), ("O", "0"), ("0", "O"), ("I", "l"), ("S", "5"), ("5", "S"),
    ("B", "8"), ("e", "c"), ("c", "e"), ("h", "b"), ("cl", "d"), ("ii", "n"), ("u", "ii"), ("t", "f"), ("vv", "w"),
    ("w", "vv"), ("g", "q"), (".", ","), (",", "."), ("i", "í"), ("a", "o"), ("'", "`"), ("6", "b"), ("Z", "2"),
)  # fmt: skip
SHORT = (
    ("approximately", "approx"), ("because", "bc"), ("without", "w/o"), ("with", "w/"), ("and", "&"),
    ("vehicle", "veh"), ("third party", "TP"), ("the other driver", "TP"), ("insured", "insd"), ("claimant", "clmt"),
    ("policy", "pol"), ("reference", "ref"), ("number", "no."), ("morning", "am"), ("hospital", "hosp"),
    ("at about", "@"), ("at", "@"), ("through", "thru"), ("photographs", "pics"), ("appointment", "appt"),
    ("before", "b4"), ("damage", "dmg"), ("received", "rcvd"), ("required", "req'd"), ("please", "pls"),
    ("tomorrow", "tmrw"), ("account", "a/c"),
)  # fmt: skip
YEAR_FIRST = re.compile(r"\d{4}")
ARTICLES = re.compile(r"\b(?:the|a|an|was|were|had|that) (?=\w)")


def on_text(change: Callable[[str], str]) -> Change:
    """A change of all text that is no value."""
    return lambda pieces: [p if p.field else Piece(change(p.text)) for p in pieces]


def shouted(pieces: list[Piece]) -> list[Piece]:
    """In capitals, values too."""
    return [Piece(piece.text.upper(), piece.field) for piece in pieces]


def lowered(pieces: list[Piece]) -> list[Piece]:
    """In small letters, values left as they are."""
    return on_text(str.lower)(pieces)


def quoted(prefix: str) -> Change:
    """Each line behind a mark, as mail programs quote."""

    def change(pieces: list[Piece]) -> list[Piece]:
        whole = [Piece(prefix), *(p if p.field else Piece(p.text.replace("\n", f"\n{prefix}")) for p in pieces)]
        last = whole[-1]
        if last.field is None and last.text.endswith(f"\n{prefix}"):
            whole[-1] = Piece(last.text.removesuffix(prefix))
        return whole

    return change


def wrapped(width: int) -> Change:
    """Lines broken before they get longer than `width`, never within a value."""

    def change(pieces: list[Piece]) -> list[Piece]:
        result, column = [], 0
        for i, piece in enumerate(pieces):
            if piece.field is not None:
                result.append(piece)
                column += len(piece.text)
                continue
            text, column = _wrap(piece.text, column, width, _head(pieces[i + 1 :]))
            result.append(Piece(text))
        return result

    return change


def _head(pieces: Sequence[Piece]) -> int:
    """Length of what follows up to its first white space."""
    length = 0
    for piece in pieces:
        if piece.field is not None:
            length += len(piece.text)
            continue
        lead = re.match(r"\S*", piece.text)
        length += len(lead[0]) if lead else 0
        if len(piece.text) > (len(lead[0]) if lead else 0):
            break
    return length


def _wrap(text: str, column: int, width: int, head: int) -> tuple[str, int]:
    """One stretch of text; `head`: what is glued to its end."""
    parts = re.split(r"(\s+)", text)
    for i, part in enumerate(parts):
        if "\n" in part:
            column = len(part) - part.rfind("\n") - 1
        elif part == " ":
            following = parts[i + 1] if i + 1 < len(parts) else ""
            length = len(following) + (head if i + 2 >= len(parts) else 0)
            if column + 1 + length > width and column > 0:
                parts[i], column = "\n", 0
            else:
                column += 1
        else:
            column += len(part)
    return "".join(parts), column


def shortened(rng: random.Random, share: float) -> Change:
    """Shorthand, as agents type while somebody talks."""

    def change(text: str) -> str:
        for long, short in SHORT:
            text = re.sub(rf"\b{long}\b", lambda m, s=short: s if rng.random() < share else m[0], text)  # type: ignore[misc]
        text = ARTICLES.sub(lambda m: "" if rng.random() < share * 0.7 else m[0], text)
        return re.sub(
            r"\. (?=\w)", lambda m: rng.choice((". ", ". ", " - ", "; ", ", ")) if rng.random() < share else m[0], text
        )

    return on_text(change)


def careless(rng: random.Random) -> Change:
    """Typed with a thumb: small letters, no apostrophes, few full stops, to a degree that is the writer's own."""
    small, bare, stops = rng.random() < 0.5, rng.random() < 0.5, rng.random() < 0.4

    def change(text: str) -> str:
        text = text.lower() if small else text
        text = text.replace("'", "") if bare else text
        return re.sub(r"\.(?=\n)", "", text) if stops else text

    return on_text(change)


def noised(pieces: list[Piece], noise: Noise, rng: random.Random) -> list[Piece]:
    """A document as it arrives; how much befalls it is drawn."""
    match noise:
        case Noise.CLEAN:
            return pieces
        case Noise.TYPED:
            rate = rng.choice((0.0, 0.0, 0.001, 0.003, 0.008))
            return on_text(lambda text: _spaced(_mistyped(text, rng, rate), rng, rate))(pieces)
        case Noise.SCANNED:
            rate = rng.choice((0.0, 0.002, 0.005, 0.01, 0.02))
            pieces = shouted(pieces) if rng.random() < 0.08 else pieces
            pieces = on_text(lambda text: _broken(_misread(text, rng, rate), rng, rate * 2))(pieces)
            return _misread_values(pieces, rng, rate * 6)


def _mistyped(text: str, rng: random.Random, rate: float) -> str:
    """Letters swapped, lost, doubled or hit beside, within words of more than three letters."""

    def slip(word: re.Match[str]) -> str:
        letters = word[0]
        if rng.random() > rate * len(letters):
            return letters
        i = rng.randrange(1, len(letters) - 1)
        match rng.randrange(4):
            case 0:
                return letters[:i] + letters[i + 1] + letters[i] + letters[i + 2 :]
            case 1:
                return letters[:i] + letters[i + 1 :]
            case 2:
                return letters[:i] + letters[i] + letters[i:]
            case _:
                return letters[:i] + rng.choice("aeionrst") + letters[i + 1 :]

    return re.sub(r"[A-Za-z]{4,}", slip, text)


def _spaced(text: str, rng: random.Random, rate: float) -> str:
    """Double spaces, and none after a comma."""
    text = re.sub(r"(?<=\w) (?=\w)", lambda m: "  " if rng.random() < rate else m[0], text)
    return re.sub(r", (?=[a-z])", lambda m: "," if rng.random() < rate * 4 else m[0], text)


def _misread(text: str, rng: random.Random, rate: float) -> str:
    """Letters taken for others that look like them."""
    if not rate:
        return text
    result, i = [], 0
    while i < len(text):
        if rng.random() < rate:
            fitting = [(seen, read) for seen, read in CONFUSIONS if text.startswith(seen, i)]
            if fitting:
                seen, read = rng.choice(fitting)
                result.append(read)
                i += len(seen)
                continue
        result.append(text[i])
        i += 1
    return "".join(result)


def _broken(text: str, rng: random.Random, rate: float) -> str:
    """Line breaks lost and made, columns run together, specks read as marks."""

    def change(space: re.Match[str]) -> str:
        if rng.random() > rate:
            return space[0]
        if "\n" in space[0]:
            return rng.choice((" ", "\n\n", "\n. ", " | ", "\n"))
        return rng.choice(("\n", "  ", "", " . ", " _ ", "   "))

    return re.sub(r"(?<=\w)[ \n]+(?=\w)", change, text)


def _misread_values(pieces: list[Piece], rng: random.Random, share: float) -> list[Piece]:
    """A share of the values that stand only once are misread: numbers and names in a letter, dates and amounts in a
    space alone, so that they still can be understood.
    """
    mentions = Counter(piece.field for piece in pieces)
    result = []
    for piece in pieces:
        once = piece.field is not None and mentions[piece.field] == 1
        result.append(Piece(_misread_value(piece, rng), piece.field) if once and rng.random() < share else piece)
    return result


def _misread_value(piece: Piece, rng: random.Random) -> str:
    kind = FIELD_KINDS[piece.field or ""]
    match kind:
        case FieldKind.DATE:
            return piece.text if YEAR_FIRST.match(piece.text) else re.sub(r"(?<=\d)([/.-])(?=\d)", r" \1 ", piece.text)
        case FieldKind.MONEY:
            return re.sub(r"\A([^\d\s]+)(?=\d)", r"\1 ", piece.text)
        case _:
            places = [i for i in range(len(piece.text)) if any(piece.text.startswith(s, i) for s, _ in CONFUSIONS[2:9])]
            if not places:
                return piece.text
            i = rng.choice(places)
            read = rng.choice([r for s, r in CONFUSIONS[2:9] if piece.text.startswith(s, i)])
            return piece.text[:i] + read + piece.text[i + 1 :]
