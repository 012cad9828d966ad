"""A parser process: `python -m docmill.ingest.child FD PARENT LIMITS`, started by docmill.ingest.parser_process.

Reads documents from a socket and answers with their text, one after the other, until the other side is gone. Bounds
its own memory and its processor time for a document, leaves no core, and lives no longer than its parent, however that
ends.
"""

import ctypes
import json
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from docmill.errors import DocumentError, whereabouts
from docmill.ingest import extract
from docmill.ingest.extracted import Extracted
from docmill.ingest.limits import MIB, Limits
from docmill.ingest.messages import Reply, Request, Unforeseen, decode_request, encode_reply, receive, send
from docmill_schemas.reasons import RejectionReason

STDERR = 2
READY = b"\x01"
NICENESS = 5  # inference comes first
PR_SET_PDEATHSIG = 1  # linux/prctl.h
ORPHAN_GRACE = 2.0  # times what the parent waits: it kills before, unless it is gone
Parse = Callable[[Request, Limits], Extracted]


def main(parse: Parse) -> None:
    """Serve until the parent is gone."""
    connection = socket.socket(fileno=int(sys.argv[1]))
    limits = Limits(**json.loads(sys.argv[3]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of the terminal, to all; the parent still finishes its slices
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)  # the timers end the process, whatever it inherited
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGPROF, signal.SIGALRM))
    _die_with(int(sys.argv[2]))
    os.nice(NICENESS)
    _bound_memory(limits.parse_memory_mib * MIB)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), STDERR)  # from here on what is said is of a document
    connection.sendall(READY)
    _serve(connection, parse, limits)


def _serve(connection: socket.socket, parse: Parse, limits: Limits) -> None:
    while (frame := receive(connection)) is not None:
        signal.setitimer(signal.ITIMER_REAL, limits.parse_wall_s * ORPHAN_GRACE)  # SIGALRM ends the process
        signal.setitimer(signal.ITIMER_PROF, limits.parse_timeout_s)  # SIGPROF does, and tells the parent why
        reply = answer(decode_request(frame), parse, limits)
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        send(connection, encode_reply(reply))


def answer(request: Request, parse: Parse, limits: Limits) -> Reply:
    """What became of one document."""
    try:
        return parse(request, limits)
    except DocumentError as error:
        return error
    except MemoryError:
        return DocumentError(RejectionReason.PARSE_MEMORY, f"parsing takes more than {limits.parse_memory_mib} MiB")
    except Exception as error:  # tied to one document: the policy of errors.py
        return Unforeseen(whereabouts(error))


def parse(request: Request, limits: Limits) -> Extracted:
    """Parse in this process."""
    return extract(request.content, request.media_type, request.charset, limits)


def _die_with(parent: int) -> None:
    """Linux: be killed when the thread that started this process ends. Elsewhere the socket and the alarm must do."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it was gone before
        sys.exit()


def _bound_memory(more_bytes: int) -> None:
    """Bound the address space to what it is now and `more_bytes`, where the kernel says how much that is (Linux)."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        bound = int(statm.read_text(encoding="ascii").split()[0]) * resource.getpagesize() + more_bytes
        resource.setrlimit(resource.RLIMIT_AS, (bound, bound))


if __name__ == "__main__":
    main(parse)
