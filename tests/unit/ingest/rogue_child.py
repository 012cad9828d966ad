"""A parser process that does what the document says: hang, grow, die. Started by the tests of the real ones."""

import json
import os
import resource
import signal
import sys
import time
from itertools import count
from pathlib import Path

from docmill.errors import DocumentError
from docmill.ingest.child import main
from docmill.ingest.extracted import Extracted
from docmill.ingest.limits import MIB, Limits
from docmill.ingest.messages import SIZES, Request
from docmill_schemas.reasons import RejectionReason

documents = count(1)


def obey(request: Request, limits: Limits) -> Extracted:
    """Do as the first word of the document says; the rest is its argument."""
    served = next(documents)
    order, _, argument = request.content.decode().partition(" ")
    match order:
        case "say":
            return Extracted(argument)
        case "hang":
            if argument:  # a file that says so
                Path(argument).touch()
            while True:
                signal.pthread_sigmask(signal.SIG_BLOCK, [])  # keeps a core busy, as a parser in a loop does
        case "sleep":
            time.sleep(float(argument))
        case "sleep-for-ever":
            while True:
                time.sleep(60)
        case "spend":  # processor time
            while time.process_time() < float(argument):
                pass
        case "signal":
            os.kill(os.getpid(), int(argument))
        case "signal-unless-fresh":
            if served > 1:
                os.kill(os.getpid(), int(argument))
        case "grow":
            held = [bytearray(MIB) for _ in range(int(argument))]
            return Extracted(f"held {len(held)}")
        case "grow-unless-fresh":
            if served > 1:
                raise MemoryError
        case "exit":
            os._exit(int(argument))
        case "refuse":
            raise DocumentError(RejectionReason.MALFORMED_DOCUMENT, argument)
        case "fail":
            raise ArithmeticError(f"says {argument}")
        case "answer":  # bytes of its own choice, in hexadecimal, in the place of an answer
            os.write(int(sys.argv[1]), bytes.fromhex(argument))
            time.sleep(60)
        case "dribble":  # an answer that is a sound one, but comes too slowly
            os.write(int(sys.argv[1]), SIZES.pack(0, MIB))
            while True:
                os.write(int(sys.argv[1]), b"\x00")
                time.sleep(0.05)
    return Extracted(json.dumps(state(served)))


def state(served: int) -> dict[str, object]:
    """What a test may want to know of this process."""
    return {
        "pid": os.getpid(),
        "served": served,
        "nice": os.nice(0),
        "environment": sorted(os.environ),
        "core": resource.getrlimit(resource.RLIMIT_CORE)[0],
        "files": len(os.listdir("/dev/fd")),
    }


if __name__ == "__main__":
    main(obey)
