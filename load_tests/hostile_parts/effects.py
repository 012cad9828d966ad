"""What a step does to the world, as the interpreter itself sees it: files, connections, processes, code (PEP 578)."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

WATCHED = (
    "open", "os.exec", "os.fork", "os.listdir", "os.posix_spawn", "os.scandir", "os.system", "pickle.find_class",
    "shutil.", "socket.", "sqlite3.connect", "subprocess.", "urllib.Request", "webbrowser.open", "compile", "exec",
    "import", "ctypes.dlopen",
)  # fmt: skip


class _Watch:
    """A hook cannot be taken away again, so there is one, and it listens only at times."""

    def __init__(self) -> None:
        self._seen: list[str] | None = None
        self._installed = False

    @contextmanager
    def __call__(self) -> Iterator[list[str]]:
        if not self._installed:
            sys.addaudithook(self._hook)
            self._installed = True
        seen: list[str] = []
        self._seen = seen
        try:
            yield seen
        finally:
            self._seen = None

    def _hook(self, event: str, _: tuple[object, ...]) -> None:
        if self._seen is not None and event.startswith(WATCHED):
            self._seen.append(event)


watched = _Watch()
