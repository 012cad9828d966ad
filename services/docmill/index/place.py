"""Where a user's copy of the index lies, and that one process at a time writes to it."""

import fcntl
import logging
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from docmill.errors import IndexCorruptError, IndexInUseError, IndexUnavailableError
from docmill.index.schema import OWN_FOLDER, set_aside
from docmill.index.sqlite_index import SqliteIndex

log = logging.getLogger(__name__)

LOOK_AGAIN_S = 0.1
MOST_COPIES = 64  # of one purpose


def copy_file(topic_prefix: str, environ: Mapping[str, str] = os.environ) -> Path:
    """This user's copy of the index of a deployment: under DOCMILL_HOME, else by XDG. Creates nothing."""
    home = environ.get("DOCMILL_HOME")
    if home:
        folder = Path(home).expanduser().absolute() / "data"
    else:
        configured = Path(environ.get("XDG_DATA_HOME", ""))
        folder = (configured if configured.is_absolute() else Path.home() / ".local/share") / "docmill"
    return folder / "index" / f"{topic_prefix}knowledge.sqlite"


@contextmanager
def written_copy(path: Path, wait_s: float = 60.0) -> Iterator[SqliteIndex]:
    """The copy, to be written by nobody else meanwhile. A damaged one is set aside, and an empty one takes its place.

    Raises:
        IndexInUseError: another process still writes to it after `wait_s`.
        IndexUnavailableError: the folder cannot be written.
        ConfigurationError: the file is a database of somebody else.
    """
    try:
        path.parent.mkdir(mode=OWN_FOLDER, parents=True, exist_ok=True)
        lock = path.with_name(path.name + ".lock").open("wb")
    except OSError as error:
        raise IndexUnavailableError(f"the folder of the index at {path} cannot be written: {error}") from error
    with lock:
        deadline_s = time.monotonic() + wait_s
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # let go when the file closes, also if we are killed
                break
            except BlockingIOError:
                if time.monotonic() >= deadline_s:
                    raise IndexInUseError(
                        f"another process has been writing to the index at {path} for {wait_s:.0f} s: try again later"
                    ) from None
                time.sleep(LOOK_AGAIN_S)
        try:
            index = SqliteIndex(path)
        except IndexCorruptError:
            _put_away(path)
            index = SqliteIndex(path)
        try:
            yield index
        except IndexCorruptError:  # found out while it was used: the next to open it begins anew
            index.close()
            _put_away(path)
            raise
        finally:
            index.close()


@contextmanager
def own_copy(topic_prefix: str, purpose: str, environ: Mapping[str, str] = os.environ) -> Iterator[SqliteIndex]:
    """A copy for one process: the first of this user's copies for the purpose that nobody writes to.

    Several replicas on a machine have one each, and a replica that is started again finds one that is nearly complete.

    Raises:
        IndexUnavailableError: the folder cannot be written, or all of them are in use.
        ConfigurationError: the file is a database of somebody else.
    """
    place = copy_file(topic_prefix, environ)
    for number in range(MOST_COPIES):
        with ExitStack() as stack:
            path = place.with_name(f"{topic_prefix}{purpose}-{number}.sqlite")
            try:
                index = stack.enter_context(written_copy(path, wait_s=0))
            except IndexInUseError:
                continue
            yield index
            return
    raise IndexUnavailableError(
        f"all {MOST_COPIES} copies at {place.parent} are in use: give DOCMILL_HOME another folder"
    )


def _put_away(path: Path) -> None:
    """See set_aside; said, since the texts in it stay there."""
    log.warning(
        "the copy of the index is damaged and made anew; %s holds its texts and may be removed", set_aside(path)
    )
