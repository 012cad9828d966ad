"""Named steps at which a test kills the process for real. Off unless DOCMILL_FAILPOINT names one."""

import os
import signal
from typing import Final, Literal

Step = Literal["computed", "published", "committed"]
CHOSEN: Final = os.environ.get("DOCMILL_FAILPOINT")


def failpoint(step: Step) -> None:
    """End this process as `kill -9` would, if `step` is the chosen one."""
    if step == CHOSEN:
        os.kill(os.getpid(), signal.SIGKILL)
