"""Named steps at which a test ends or stops the process for real. Off unless DOCMILL_FAILPOINT names one.

`sent` kills at the first time, `sent:3` at the third, `stop@sent:3` stops instead, until a SIGCONT.
"""

import os
import signal
from typing import Final, Literal

Step = Literal[
    "assigned",
    "fenced",
    "located",
    "computed",
    "begun",
    "sent",
    "published",
    "offsets_added",
    "ended",
    "committed",
    "released",
]
_HOW, _, _WHERE = os.environ.get("DOCMILL_FAILPOINT", "").rpartition("@")
CHOSEN, _, _COUNT = _WHERE.partition(":")
AT: Final = int(_COUNT or 1)
SENT: Final = signal.SIGSTOP if _HOW == "stop" else signal.SIGKILL
passed = 0


def failpoint(step: Step) -> None:
    """Send this process the signal, if `step` is the chosen one and has come for the chosen time."""
    global passed  # noqa: PLW0603
    if step == CHOSEN:
        passed += 1
        if passed == AT:
            os.kill(os.getpid(), SENT)
