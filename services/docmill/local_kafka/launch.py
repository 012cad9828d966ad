"""Becomes the broker's Java process; run as a script by a bare interpreter, so it imports nothing of docmill.

    launch.py tied PARENT_PID COMMAND...    dies with its parent, also when that is killed (Linux)
    launch.py detached - COMMAND...         prints the pid of an orphan that outlives everybody

Output goes to standard error, which the caller points at a file.
"""

import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


def main(mode: str, parent: str, *command: str) -> None:
    """Replaces this process, or a fork of it, with ``command``."""
    if mode == "detached":
        orphan = os.fork()
        if orphan:
            print(orphan)
            return
    elif sys.platform == "linux":
        import ctypes  # noqa: PLC0415 - slow to import, and not needed above

        # It survives exec. The parent may have died before the call took effect: look again.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != int(parent):
            sys.exit("the parent is gone")
    os.dup2(2, 1)
    os.execv(command[0], command)  # noqa: S606 - the whole point


if __name__ == "__main__":
    main(*sys.argv[1:])
