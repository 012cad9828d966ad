"""Which faults, in which order: a list made of the profile and the seed alone, so that a later run can go on in it.

Faults of one round begin together, each on a worker of its own. Those at a step befall guests, which come for that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import Literal

from load_tests.chaos_parts.bundles import WAYS_TO_BREAK

ONCE_A_PARTITION = ("assigned", "fenced", "located", "released")
IN_EVERY_TRANSACTION = ("begun", "sent", "offsets_added", "ended")  # of a mark and of release too
STEPS = (*ONCE_A_PARTITION, *IN_EVERY_TRANSACTION, "computed", "committed")
STOP_STEPS = ("assigned", "located", "sent", "offsets_added")  # where a zombie could do the most harm
SESSION_S = 6.0


class Kind(StrEnum):
    """What is done. Each is a signal to a process, a mode of the proxy, or a record."""

    KILL = "kill -9"
    FAILPOINT = "kill -9 at"
    SIGTERM = "SIGTERM"
    ZOMBIE = "SIGSTOP beyond the session"
    STOPPED = "SIGSTOP at"
    BROKER_KILL = "broker kill -9"
    BROKER_AWAY = "broker away"
    BLACKHOLE = "network: blackhole"
    HALF_OPEN = "network: half open"
    DELAY = "network: delay"
    STORM = "join and leave storm"
    KILLER = "a record that kills"
    NEW_BUNDLE = "new bundle pushed"
    BAD_BUNDLE = "corrupt bundle pushed:"


# The fallback suspects no record, and decides nothing with a bundle's model.
OF_THE_PROCESSOR = frozenset({Kind.KILLER, Kind.NEW_BUNDLE, Kind.BAD_BUNDLE})


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. `step` with the count at which it strikes, `sent:3`, or how a bundle is broken; `wait_s` before it
    begins.
    """

    kind: Kind
    slot: int = 0
    step: str = ""
    lasts_s: float = 0.0
    wait_s: float = 0.0

    @property
    def name(self) -> str:
        """What is counted together."""
        return f"{self.kind.value} {self.step.partition(':')[0]}".strip()


Round = tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """What a run is made of.

    `least`: how often a fault must have struck; those of the plan that are not named, once.
    """

    name: str
    documents: int  # at least; sending goes on until the last fault is over
    rate: float  # documents a second
    calm_s: float  # before each round
    recovery_s: float  # longest wait for throughput to come back after a round; 0: only for all workers to be ready
    workers: int = 2
    guests: int = 2
    partitions: int = 4
    paths: int = 40
    poison: bool = True
    least: Mapping[str, int] = field(default_factory=dict)
    worker_kills: int = 0  # at least, random and at failpoints together
    service: Literal["processor", "fallback"] = "processor"


SMOKE = Profile("smoke", documents=2_000, rate=16, calm_s=1, recovery_s=0)
LONG = Profile(
    "long",
    documents=100_000,
    rate=32,
    calm_s=8,
    recovery_s=45,
    workers=3,
    partitions=6,
    least={
        **{f"{Kind.FAILPOINT.value} {step}": 5 for step in STEPS},
        Kind.ZOMBIE.value: 10,
        Kind.BROKER_KILL.value: 10,
    },
    worker_kills=100,
)
CONTROL = Profile("control", documents=2_000, rate=30, calm_s=2, recovery_s=10, poison=False)
# Naive workers commit every five seconds: both die some three seconds after that, with what came since.
CONTROL_BRIEF = Profile(
    "control-brief",
    documents=450,
    rate=30,
    calm_s=7,
    recovery_s=0,
    guests=0,
    poison=False,
    least={Kind.KILL.value: 2},
)
FALLBACK_SMOKE = Profile("fallback", documents=2_000, rate=12, calm_s=3, recovery_s=0, service="fallback")
FALLBACK_BRIEF = Profile("fallback-brief", documents=200, rate=12, calm_s=2, recovery_s=0, guests=1, service="fallback")
PROFILES = {profile.name: profile for profile in (SMOKE, LONG, CONTROL, CONTROL_BRIEF, FALLBACK_SMOKE, FALLBACK_BRIEF)}


def plan(profile: Profile, seed: int) -> list[Round]:
    """All rounds of a run."""
    random = Random(seed)
    match profile.name:
        case "smoke":
            return _smoke(random, profile.workers)
        case "control":
            return _control(random)
        case "control-brief":
            return [(_kill(random, 0), _kill(random, 1))]
        case "fallback":
            return [round_ for round_ in _smoke(random, profile.workers) if OF_THE_PROCESSOR.isdisjoint(kinds(round_))]
        case "fallback-brief":
            return _fallback_brief(random, profile.workers)
        case _:
            return _long(random, profile.workers)


def kinds(round_: Round) -> frozenset[Kind]:
    """Those of a round."""
    return frozenset(fault.kind for fault in round_)


def required(profile: Profile, rounds: Sequence[Round]) -> dict[str, int]:
    """How often each fault of a plan must have struck."""
    return {fault.name: profile.least.get(fault.name, 1) for round_ in rounds for fault in round_}


def _smoke(random: Random, workers: int) -> list[Round]:
    """Each fault once, two at a time where they do not cover each other."""
    pairs = zip(STEPS[::2], STEPS[1::2], strict=True)
    rounds: list[Round] = [(_at(random, one, workers), _at(random, other, workers + 1)) for one, other in pairs]
    return [
        *rounds,
        (Fault(Kind.STOPPED, workers, STOP_STEPS[0], SESSION_S + 2),),
        (_kill(random, 0), Fault(Kind.DELAY, 1, lasts_s=5)),
        (Fault(Kind.KILLER),),
        (Fault(Kind.ZOMBIE, 1, lasts_s=SESSION_S + 2),),
        (Fault(Kind.BROKER_KILL),),
        (Fault(Kind.BLACKHOLE, 0, lasts_s=SESSION_S + 2), Fault(Kind.HALF_OPEN, 1, lasts_s=SESSION_S)),
        (Fault(Kind.STORM), Fault(Kind.SIGTERM, 1)),
        (Fault(Kind.BROKER_AWAY, lasts_s=10),),
        *((Fault(Kind.BAD_BUNDLE, step=how),) for how in WAYS_TO_BREAK),
        (Fault(Kind.NEW_BUNDLE),),
    ]


def _long(random: Random, workers: int) -> list[Round]:
    """Everything often, one at a time, in random order on random workers."""

    def slot() -> int:
        return random.randrange(workers)

    faults = [_kill(random, slot()) for _ in range(60)]
    faults += [_at(random, step, workers) for step in STEPS for _ in range(6)]
    faults += [Fault(Kind.ZOMBIE, slot(), "", random.uniform(7, 14), random.random()) for _ in range(12)]
    faults += [Fault(Kind.SIGTERM, slot()) for _ in range(10)]
    faults += [Fault(Kind.BROKER_KILL, wait_s=random.random()) for _ in range(11)]
    faults += [Fault(Kind.BROKER_AWAY, lasts_s=60) for _ in range(2)]
    for kind in (Kind.BLACKHOLE, Kind.HALF_OPEN, Kind.DELAY):
        faults += [Fault(kind, slot(), "", random.uniform(4, 16), random.random()) for _ in range(5)]
    faults += [Fault(Kind.STORM) for _ in range(4)]
    faults += [Fault(Kind.KILLER) for _ in range(5)]
    faults += [Fault(Kind.NEW_BUNDLE) for _ in range(8)]
    faults += [Fault(Kind.BAD_BUNDLE, step=how) for how in WAYS_TO_BREAK for _ in range(3)]
    faults += [Fault(Kind.STOPPED, workers, step, random.uniform(7, 14)) for step in STOP_STEPS for _ in range(4)]
    random.shuffle(faults)
    return [(fault,) for fault in faults]


def _control(random: Random) -> list[Round]:
    """What any fleet meets: deaths and zombies."""
    rounds: list[Round] = []
    for number in range(4):
        rounds.append((_kill(random, number % 2),))
        rounds.append((Fault(Kind.ZOMBIE, number % 2, "", SESSION_S + 2, random.random()),))
    return rounds


def _fallback_brief(random: Random, workers: int) -> list[Round]:
    """A death in a transaction, one at any time beside a zombie, and the broker's."""
    return [
        (_at(random, "sent", workers),),
        (_kill(random, 0), Fault(Kind.ZOMBIE, 1, lasts_s=SESSION_S + 2)),
        (Fault(Kind.BROKER_KILL),),
    ]


def _kill(random: Random, slot: int) -> Fault:
    return Fault(Kind.KILL, slot, wait_s=random.random())


def _at(random: Random, step: str, slot: int) -> Fault:
    """The first transactions of a worker are those of acquire; later ones hold records."""
    most = 6 if step in IN_EVERY_TRANSACTION else 1 if step in ONCE_A_PARTITION else 3
    return Fault(Kind.FAILPOINT, slot, f"{step}:{random.randint(1, most)}")
