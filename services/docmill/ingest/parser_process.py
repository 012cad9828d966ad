"""One parser process, seen from its parent: started, asked, killed."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict

from docmill.errors import DependencyError, DocumentError
from docmill.ingest.extracted import Extracted
from docmill.ingest.limits import Limits
from docmill.ingest.messages import NonsenseError, Request, Unforeseen, decode_reply, encode_request, receive, send
from docmill.ingest.process_usage import ProcessUsage, usage_of
from docmill_schemas.reasons import RejectionReason

CHILD = (sys.executable, "-P", "-m", "docmill.ingest.child")
# All that Python needs to start: the parent's environment may hold what no document's parser has to know.
ENVIRONMENT = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LANG", "LC_ALL", "TMPDIR")
START_TIMEOUT_S = 60.0  # Python and its imports; a quarter of a second on an idle machine
EXIT_TIMEOUT_S = 5.0  # from the end of its answers to the end of the process
MAX_BYTES_A_CHARACTER = 4  # of UTF-8


class UnforeseenError(Exception):
    """An exception that nobody foresaw, in a parser process; `whereabouts` is its type and place."""

    def __init__(self, whereabouts: str) -> None:
        super().__init__(whereabouts)
        self.whereabouts = whereabouts


class ParserProcess:
    """Owns the process and the socket to it. Serves one thread at a time; only `kill` is for any other.

    The process dies with the thread that makes this object (Linux): make it in one that lives long.

    Args:
        command: its arguments up to those that this class adds.

    Raises:
        DependencyError: the operating system starts no process.
    """

    def __init__(self, command: Sequence[str], limits: Limits) -> None:
        self._limits = limits
        self._ready = False
        self._usage = ProcessUsage()
        try:
            self._connection, theirs = socket.socketpair()
        except OSError as error:
            raise DependencyError(f"no parser process can be started: {error.strerror}") from error
        try:
            self._process = subprocess.Popen(  # noqa: S603
                [*command, str(theirs.fileno()), str(os.getpid()), json.dumps(asdict(limits))],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                env={name: os.environ[name] for name in ENVIRONMENT if name in os.environ},
                start_new_session=True,  # signals of the terminal are not for it
            )
        except OSError as error:
            self._connection.close()
            raise DependencyError(f"no parser process can be started: {error.strerror}") from error
        finally:
            theirs.close()

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def extract(self, request: Request) -> Extracted:
        """The text of a document. The process may go on after those of docmill.ingest.extract and an UnforeseenError.

        Raises:
            DocumentError: `parse_timeout`, `parse_memory` and `parser_crashed`; and those of docmill.ingest.extract.
            UnforeseenError: the parser failed on it in a way that nobody foresaw.
            DependencyError: the process does not come up.
        """
        self._await_ready()
        wall_s = self._limits.parse_wall_s
        deadline_s = time.monotonic() + wall_s
        try:
            self._connection.settimeout(wall_s)
            send(self._connection, encode_request(request))
            max_bytes = MAX_BYTES_A_CHARACTER * self._limits.max_characters
            frame = receive(self._connection, max_bytes, deadline_s)
            reply = None if frame is None else decode_reply(frame, self._limits)
        except TimeoutError as error:
            raise DocumentError(
                RejectionReason.PARSE_TIMEOUT, f"the parser hangs: no answer in {wall_s:g} s"
            ) from error
        except NonsenseError as error:
            raise DocumentError(RejectionReason.PARSER_CRASHED, "the parser answered nonsense") from error
        except OSError:
            reply = None
        match reply:
            case None:
                raise self._death()
            case Extracted():
                return reply
            case DocumentError():
                raise reply
            case Unforeseen(whereabouts):
                raise UnforeseenError(whereabouts)

    def usage(self) -> ProcessUsage:
        """What it takes now; after its end what it took, without memory. For any thread. Nothing but on Linux."""
        if self._process.returncode is None:
            found = usage_of(self.pid) or ProcessUsage(self._usage.cpu_s)
        else:
            found = ProcessUsage(self._usage.cpu_s)
        self._usage = ProcessUsage(max(found.cpu_s, self._usage.cpu_s), found.resident_bytes)
        return self._usage

    def kill(self) -> None:
        """End the process, whatever it does; who waits for its answer learns so."""
        self.usage()  # for the last time: once it was waited for the system does not tell any more
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """Kill, and give up the socket."""
        self.kill()
        self._connection.close()

    def _await_ready(self) -> None:
        if self._ready:
            return
        self._connection.settimeout(START_TIMEOUT_S)
        with contextlib.suppress(OSError):
            self._ready = bool(self._connection.recv(1))
        if not self._ready:
            raise DependencyError(
                f"a parser process did not start ({_in_words(self._end())}); its error, if it gave one, stands above"
            )

    def _death(self) -> DocumentError:
        """What the document did to the process, which is about to end."""
        code = self._end()
        if code == -signal.SIGPROF:
            detail = f"parsing takes more than {self._limits.parse_timeout_s:g} s of processor time"
            return DocumentError(RejectionReason.PARSE_TIMEOUT, detail)
        return DocumentError(RejectionReason.PARSER_CRASHED, f"the parser ended by {_in_words(code)}")

    def _end(self) -> int | None:
        """The exit code, or the signal's number, negative; None: it does not end. It is about to."""
        self.usage()
        try:
            return self._process.wait(EXIT_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            return None


def _in_words(code: int | None) -> str:
    if code is None:
        return "going silent"
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:  # most real-time signals have no name
        return f"signal {-code}"
