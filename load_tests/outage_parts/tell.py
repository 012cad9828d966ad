"""The phases of a generator's outage as a table, their ratios, and the verdict. Measures nothing."""

from collections.abc import Sequence

from rich.table import Table

from docmill.load.machine import this_machine
from load_tests.outage_parts.phase import PROCESSES, STATES, WATCHED, Phase, burst_per_s, cores, latency_s, ratio
from load_tests.report import report_console
from load_tests.roll_call import Compared

CLAIMED = 0.05
TEXT_COLUMNS = {"generator", "bursts/s", "breaker"}


def tell(phases: Sequence[Phase], fast_path: Compared, fallback: Compared, unreadable: int) -> int:
    """Print the phases, the ratios and the verdict; the exit code.

    `unreadable`: records on the topics that name nobody.
    """
    out = report_console()
    table = Table(title=f"The fast path beside a generator; {this_machine()}", title_justify="left")
    headings = ("generator", "bursts/s", "missing", "p50 s", "p95 s", "p99 s", *WATCHED, "cores", "breaker")
    for heading in headings:
        table.add_column(heading, justify="left" if heading in TEXT_COLUMNS else "right")
    for phase in phases:
        table.add_row(
            phase.state,
            " ".join(f"{rate:.1f}" for rate in phase.bursts_per_s),
            str(phase.missing),
            *(f"{latency_s(quantile)([phase]):.3f}" for quantile in (0.5, 0.95, 0.99)),
            *(f"{phase.fallback[name]:.0f}" for name in WATCHED),
            " ".join(f"{phase.cores[process]:.2f}" for process in PROCESSES),
            "open" if phase.breaker_open else "closed",
        )
    out.print(table)
    out.print(f"cores: {', '.join(PROCESSES)}, over all of a phase. Below, all phases of a state together:")
    level, bursts = True, any(phase.bursts_per_s for phase in phases)
    for state in STATES:
        own = [phase for phase in phases if phase.state == state]
        rate, p50, p99 = burst_per_s(own), latency_s(0.5)(own), latency_s(0.99)(own)
        used = ", ".join(f"{process} {cores(process)(own):.2f}" for process in PROCESSES)
        at_once = f"{rate:.2f} outcomes a second of a burst, " if bursts else ""
        out.print(f"{state}: {at_once}p50 {p50:.3f} s, p99 {p99:.3f} s; cores: {used}")
    for state in STATES[1:]:
        burst, middle, tail = (ratio(phases, state, of) for of in (burst_per_s, latency_s(0.5), latency_s(0.99)))
        level = level and (not bursts or burst.value >= 1 - CLAIMED) and tail.value <= 1 + CLAIMED
        at_once = f"outcomes a second of a burst {burst}, " if bursts else ""
        out.print(f"{state}: {at_once}p50 {middle}, p99 {tail} times the answering one's")
    if not bursts:
        out.print("No bursts were sent: whether the fast path takes as many at once is not told.")
    missing = sum(phase.missing for phase in phases)
    whole = missing == 0 and fast_path.holds and fallback.holds and not unreadable
    out.print(
        f"Missing on the fast path {missing}. Sent {fast_path.went_in}, out of it in the end: {fast_path.told()}."
    )
    out.print(f"Deferred {fallback.went_in}, out of the fallback in the end: {fallback.told()}.")
    if unreadable:
        out.print(f"{unreadable} records on the topics name no document.")
    if not fallback.went_in:
        out.print("NOTHING WAS DEFERRED: this run shows nothing of a fallback. Send more (--rate, --phase).")
    idle = [f"{number} ({phase.state})" for number, phase in enumerate(phases, start=1) if not phase.took_part]
    if idle:
        out.print(
            f"THE ENDPOINT TOOK NO PART as it was told in phase {', '.join(idle)}: this run shows nothing of an outage."
        )
    late = [f"{number} ({phase.state})" for number, phase in enumerate(phases, start=1) if not phase.caught_up]
    if late:
        out.print(f"THE FALLBACK HAD NOT CAUGHT UP before phase {', '.join(late)}: what was left weighs on it.")
    shown = "NO" if not whole else "yes" if fallback.went_in else "not shown"
    out.print(f"No more than {CLAIMED:.0%} worse: {'yes' if level else 'NO'}. Nothing lost or doubled: {shown}.")
    return 0 if level and whole and fallback.went_in and not idle and not late else 1
