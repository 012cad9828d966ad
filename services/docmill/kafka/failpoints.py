"""Named steps at which a test kills the process for real. Off unless DOCMILL_FAILPOINT names one.

`sent` kills at the first time, `sent:3` at the third.
"""

import os
import signal
from typing import Final, Literal

Step = Literal[
    "computed", "published", "fenced", "begun", "sent", "offsets_added", "ended", "committed", "released"
]  # fmt: skip
CHOSEN, _, _COUNT = os.environ.get("DOCMILL_FAILPOINT", "").partition(":")
AT: Final = int(_COUNT or 1)
passed = 0


def failpoint(step: Step) -> None:
    """End this process as `kill -9` would, if `step` is the chosen one and has come often enough."""
    global passed  # noqa: PLW0603
    if step == CHOSEN:
        passed += 1
        if passed >= AT:
            os.kill(os.getpid(), signal.SIGKILL)
