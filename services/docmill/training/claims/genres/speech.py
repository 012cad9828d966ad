"""How speech is unlike writing: sounds between words, somebody who puts in a word, sentences without an end."""

import random
import re

from docmill.training.claims.draft import Piece
from docmill.training.claims.noise import on_text
from docmill.training.claims.page import Change
from docmill.training.claims.pools import table

FILLERS = (" um,", " er,", " you know,", " like,", " I mean,", " sort of,", " uh,", " well,", " so yeah,")


def hesitant(rng: random.Random) -> Change:
    """With the sounds that people make between words."""
    share = rng.choice((0.0, 0.15, 0.35))
    return on_text(lambda text: re.sub(r",(?= [a-z])", lambda m: m[0] + _filler(rng, share), text))


def _filler(rng: random.Random, share: float) -> str:
    return rng.choice(FILLERS) if rng.random() < share else ""


def broken(rng: random.Random, agent: str, caller: str) -> Change:
    """The other one says something between two sentences."""
    share = rng.choice((0.0, 0.3, 0.6))
    words = [word.replace("\\", "") for word in table("transcripts")["backchannel"]]

    def change(pieces: list[Piece]) -> list[Piece]:
        return on_text(
            lambda text: re.sub(
                r"(?<=[a-z][.!?]) (?=[A-Z])",
                lambda m: agent + rng.choice(words) + caller if rng.random() < share else m[0],
                text,
            )
        )(pieces)

    return change


def unstopped(pieces: list[Piece]) -> list[Piece]:
    """Sentences run into one another."""
    return on_text(lambda text: re.sub(r"[.;:!?](?= |$)", "", text))(pieces)
