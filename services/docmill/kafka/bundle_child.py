"""A child process that has loaded a bundle and read its golden documents, and what it says when it cannot.

The bundle's bytes go to it over the socket: the folder that they came from may hold another bundle by now, or half of
one. So do the settings, without their secrets: it speaks to no broker. trial_child.py is the other side.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence

from docmill.bundle.files import BundleFiles
from docmill.errors import BundleError, DependencyError
from docmill.ingest.messages import Frame, NonsenseError, receive, send
from docmill.ingest.parser_process import ENVIRONMENT
from docmill.settings import Settings

CHILD: tuple[str, ...] = (sys.executable, "-m", "docmill.kafka.trial_child")
START_TIMEOUT_S = 120.0  # to load and check the bundle on a busy machine
MAX_REFUSAL_BYTES = 64 * 1024
REFUSED = b"refused"  # head of the frame that says why the bundle cannot be served
CANNOT_TRY = b"cannot try"  # head of the frame that says why records could not be tried, no fault of theirs


class BundleChild:
    """Owns the process. `kill` may be called from any thread, the rest from one at a time.

    Args:
        command: of the process; tests have their own.
        niceness: added to that of this process.
        patience_s: for it to load the bundle.
    """

    def __init__(
        self,
        files: BundleFiles,
        settings: Settings,
        cluster_id: str,
        command: Sequence[str],
        niceness: int = 0,
        patience_s: float = START_TIMEOUT_S,
    ) -> None:
        self.files = files
        self._settings = settings
        self._cluster_id = cluster_id
        self._command = command
        self._niceness = niceness
        self._patience_s = patience_s
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: socket.socket | None = None

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        """Once it has been spawned."""
        assert self._process is not None
        return self._process

    @property
    def connection(self) -> socket.socket:
        """Likewise; one question at a time."""
        assert self._connection is not None
        return self._connection

    def spawn(self) -> None:
        """Start the process; does not wait for it.

        Raises:
            DependencyError: the system has none to give.
        """
        try:
            ours, theirs = socket.socketpair()
        except OSError as error:
            raise DependencyError(f"no child to try bundles or suspected records in: {error.strerror}") from error
        with theirs:
            try:
                self._process = subprocess.Popen(  # noqa: S603
                    [*self._command, str(theirs.fileno()), str(os.getpid())],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    pass_fds=(theirs.fileno(),),
                    env={name: os.environ[name] for name in ENVIRONMENT if name in os.environ},
                    start_new_session=True,  # signals of the terminal are not for it
                )
            except OSError as error:
                ours.close()
                raise DependencyError(f"no child to try bundles or suspected records in: {error.strerror}") from error
        self._connection = ours

    def load(self) -> str | None:
        """Wait until it has loaded the bundle; None: it has, else how it ended instead.

        Raises:
            BundleError: it says that the bundle cannot be served, and why.
        """
        deadline_s = time.monotonic() + self._patience_s
        facts = {
            "cluster_id": self._cluster_id,
            "niceness": self._niceness,
            "folder": str(self.files.folder),
            "names": list(self.files.contents),
        }
        try:
            self.connection.settimeout(self._patience_s)
            # Only what was set: whether it was, decides what contradicts itself.
            settings = self._settings.model_dump_json(exclude_unset=True).encode()
            send(self.connection, Frame(json.dumps(facts).encode(), settings))
            for name, content in self.files.contents.items():
                send(self.connection, Frame(name.encode(), content))
            answer = receive(self.connection, MAX_REFUSAL_BYTES, deadline_s)
        except (OSError, NonsenseError):  # a TimeoutError is an OSError
            answer = None
        if answer is None:
            return self.how_it_ended()
        if answer.head == REFUSED:
            raise BundleError(answer.body.decode(errors="replace"))
        return None

    def how_it_ended(self) -> str:
        """Of a process that has gone, or goes now."""
        try:
            code = self.process.wait(5)
        except subprocess.TimeoutExpired:
            return "going silent"
        if code >= 0:
            return f"exit code {code}"
        with contextlib.suppress(ValueError):
            return signal.Signals(-code).name
        return f"signal {-code}"

    def kill(self) -> None:
        """Whoever waits for its answer sees it end."""
        if self._process is not None:
            self._process.kill()

    def end(self) -> None:
        """Leave nothing of it."""
        self.kill()
        if self._process is not None:
            self._process.wait()
        if self._connection is not None:
            self._connection.close()
