"""What a run of the chaos driver remembers from one call to the next. Written whole, after each round."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import Self

from pydantic import BaseModel

from load_tests.chaos_parts.fleet import Cause, End

STATE_FILE = "state.json"


class Happened(BaseModel):
    """A fault that was carried out. Times are seconds on the clock of throughput.py.

    Until `calm_s` all was well; from then on it was made ready, a guest started for it, say.
    """

    name: str
    calm_s: float
    began_s: float
    ended_s: float
    struck: bool


class EndSeen(BaseModel):
    """An End, as it is written down, and when it was noticed."""

    at_s: float
    slot: int
    code: int
    cause: Cause
    step: str | None = None

    @classmethod
    def of(cls, end: End, at_s: float) -> Self:
        return cls(at_s=at_s, **asdict(end))


class State(BaseModel):
    """Where a run stands; profile, seed and control say which run it is."""

    profile: str
    seed: int
    control: str | None = None
    next_round: int = 0
    bins: list[int] = []  # outcomes, throughput.BIN_S seconds each
    happened: list[Happened] = []
    ends: list[EndSeen] = []
    send_failures: list[str] = []


def load_state(work: Path, profile: str, seed: int, control: str | None) -> State:
    """The state in a work folder, or a new one.

    Raises:
        SystemExit: the folder belongs to another run.
    """
    path = work / STATE_FILE
    if not path.exists():
        return State(profile=profile, seed=seed, control=control)
    state = State.model_validate_json(path.read_bytes())
    if (state.profile, state.seed, state.control) != (profile, seed, control):
        raise SystemExit(
            f"{work} holds a run of profile {state.profile} with seed {state.seed} and control {state.control}: "
            "give the same ones, or another folder"
        )
    return state


def save_state(work: Path, state: State) -> None:
    """Replace it in one step."""
    part = work / f"{STATE_FILE}.part"
    part.write_text(state.model_dump_json())
    os.replace(part, work / STATE_FILE)
