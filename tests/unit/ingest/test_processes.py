"""Whatever a document does to its parser, its neighbours never notice."""

import errno
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from docmill.errors import DependencyError, DocumentError
from docmill.ingest import extract, parser_process, processes
from docmill.ingest.limits import DEFAULT_LIMITS, MIB, Limits
from docmill.ingest.media_types import DOCX, HTML, MAIL, PDF
from docmill.ingest.messages import SIZES, Request
from docmill.ingest.parser_process import CHILD, ParserProcess, UnforeseenError
from docmill.ingest.process_usage import ProcessUsage
from docmill.ingest.processes import ParserProcesses, Restart
from docmill.local_kafka.process import start_time
from docmill_schemas.reasons import RejectionReason
from tests.unit.ingest.pdf_files import text_pdf
from tests.unit.ingest.word_files import paragraph, word_file

ROGUE = (sys.executable, str(Path(__file__).with_name("rogue_child.py")))
LIMITS = Limits(parse_timeout_s=20, parse_memory_mib=64)
PATIENCE_S = 30.0
linux = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's own means, of Linux")


@pytest.fixture
def rogues() -> Iterator[ParserProcesses]:
    yield from opened(1)


@pytest.fixture
def two_rogues() -> Iterator[ParserProcesses]:
    yield from opened(2)


@pytest.fixture
def hasty() -> Iterator[ParserProcesses]:
    yield from opened(1, Limits(parse_timeout_s=0.5))  # 3 s on the clock


def opened(count: int, limits: Limits = LIMITS, child: Sequence[str] = ROGUE) -> Iterator[ParserProcesses]:
    parsers = ParserProcesses(limits, count, child)
    yield parsers
    parsers.close()


def tell(parsers: ParserProcesses, order: str) -> str:
    return parsers.extract(order.encode(), HTML, None).text


def state(parsers: ParserProcesses, order: str = "state") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(tell(parsers, order))
    return found


def refused(parsers: ParserProcesses, order: str) -> DocumentError:
    with pytest.raises(DocumentError) as caught:
        tell(parsers, order)
    return caught.value


def wait_for(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"never {what}"
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("content", "media_type", "charset"),
    [
        ("<p>für".encode("latin-1"), HTML, "latin-1"),
        (text_pdf(["one"], ["two"]), PDF, None),
        (word_file(paragraph("a letter")), DOCX, None),
        (b"Subject: s\nContent-Type: image/png\n\nx", MAIL, None),
        (b"plain", "text/plain", None),
    ],
)
def test_a_process_says_what_the_thread_would(content: bytes, media_type: str, charset: str | None) -> None:
    for parsers in opened(1, DEFAULT_LIMITS, CHILD):
        expected = extract(content, media_type, charset, DEFAULT_LIMITS)
        assert [parsers.extract(content, media_type, charset) for _ in range(2)] == [expected] * 2


def test_a_refusal_keeps_its_reason_and_the_process(rogues: ParserProcesses) -> None:
    before = state(rogues)["pid"]
    error = refused(rogues, "refuse it is torn")
    assert (error.reason, error.detail) == (RejectionReason.MALFORMED_DOCUMENT, "it is torn")
    assert state(rogues)["pid"] == before


def test_an_exception_that_nobody_foresaw_says_where_but_not_what(rogues: ParserProcesses) -> None:
    with pytest.raises(UnforeseenError) as caught:
        tell(rogues, "fail Zyxwvut")
    assert caught.value.whereabouts.startswith("ArithmeticError at rogue_child.py:")
    assert "Zyxwvut" not in str(caught.value)
    assert tell(rogues, "say on") == "on"


def test_a_document_that_takes_too_long(hasty: ParserProcesses) -> None:
    before = state(hasty)["pid"]
    error = refused(hasty, "hang")
    assert (error.reason, error.detail) == (
        RejectionReason.PARSE_TIMEOUT,
        "parsing takes more than 0.5 s of processor time",
    )
    assert start_time(before) is None
    assert state(hasty)["served"] == 1


def test_only_a_documents_own_processor_time_counts(hasty: ParserProcesses) -> None:
    """Waiting for a busy machine is like sleeping; and what came before is not this document's."""
    found = [state(hasty, order)["served"] for order in ("spend 0.3", "sleep 1", "spend 0.6", "spend 0.9")]
    assert found == [1, 2, 3, 4]


def test_a_parser_that_hangs_without_computing(hasty: ParserProcesses) -> None:
    before = state(hasty)["pid"]
    error = refused(hasty, "sleep-for-ever")
    assert (error.reason, error.detail) == (RejectionReason.PARSE_TIMEOUT, "the parser hangs: no answer in 3 s")
    assert start_time(before) is None
    assert state(hasty)["served"] == 1


def test_an_answer_that_never_ends_takes_too_long(hasty: ParserProcesses) -> None:
    assert refused(hasty, "dribble").reason is RejectionReason.PARSE_TIMEOUT
    assert tell(hasty, "say on") == "on"


@linux
def test_a_document_that_takes_too_much_memory(rogues: ParserProcesses) -> None:
    assert tell(rogues, "grow 40") == "held 40"
    error = refused(rogues, "grow 90")
    assert (error.reason, error.detail) == (RejectionReason.PARSE_MEMORY, "parsing takes more than 64 MiB")
    assert state(rogues)["served"] == 1


@pytest.mark.parametrize(
    ("order", "how"),
    [
        (f"signal {signal.SIGSEGV.value}", "SIGSEGV"),
        (f"signal {signal.SIGABRT.value}", "SIGABRT"),
        (f"signal {signal.SIGKILL.value}", "SIGKILL"),
        pytest.param("signal 40", "signal 40", marks=linux),  # one without a name
        ("exit 3", "exit code 3"),
        ("exit 0", "exit code 0"),
    ],
)
def test_a_document_that_kills_its_parser(rogues: ParserProcesses, order: str, how: str) -> None:
    error = refused(rogues, order)
    assert (error.reason, error.detail) == (RejectionReason.PARSER_CRASHED, f"the parser ended by {how}")
    assert tell(rogues, "say on") == "on"


@pytest.mark.parametrize(
    "answer",
    [
        SIZES.pack(2, 0) + b"{}",
        SIZES.pack(2**32 - 1, 0),
        SIZES.pack(1, 2**32 - 1),
        SIZES.pack(3, 1) + b"\x80\x04.x",
        b"GET / HTTP/1.1\r\n",
    ],
)
def test_a_parser_that_answers_nonsense_is_replaced(rogues: ParserProcesses, answer: bytes) -> None:
    before = state(rogues)["pid"]
    error = refused(rogues, f"answer {answer.hex()}")
    assert (error.reason, error.detail) == (RejectionReason.PARSER_CRASHED, "the parser answered nonsense")
    assert start_time(before) is None
    assert tell(rogues, "say on") == "on"


@pytest.mark.parametrize("order", [f"signal-unless-fresh {signal.SIGSEGV.value}", "grow-unless-fresh"])
def test_what_an_earlier_document_broke_is_not_this_ones_fault(rogues: ParserProcesses, order: str) -> None:
    before = state(rogues)
    after = state(rogues, order)
    assert (before["served"], after["served"]) == (1, 1)
    assert after["pid"] != before["pid"]


def test_what_fails_in_the_parent_costs_one_document(rogues: ParserProcesses, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process may not have answered yet: its answer must not be taken for the next document's."""
    before = state(rogues)["pid"]
    with monkeypatch.context() as patched:
        patched.setattr(parser_process, "receive", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            tell(rogues, "say secret")
    assert start_time(before) is None
    assert tell(rogues, "say on") == "on"
    assert rogues.restarts()[Restart.FAILED] == 1


def test_processes_start_when_they_are_needed_and_are_kept(two_rogues: ParserProcesses) -> None:
    assert [state(two_rogues)["served"] for _ in range(4)] == [1, 2, 3, 4]


def test_a_process_is_replaced_before_it_gets_old(rogues: ParserProcesses, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "MAX_DOCUMENTS", 3)
    assert [state(rogues)["served"] for _ in range(8)] == [1, 2, 3, 1, 2, 3, 1, 2]


def test_many_threads_at_once_and_bad_documents_between_good_ones(two_rogues: ParserProcesses) -> None:
    orders = [f"say {n}" if n % 5 else ("exit 3" if n % 2 else f"signal {signal.SIGSEGV.value}") for n in range(80)]

    def outcome(order: str) -> str:
        try:
            return tell(two_rogues, order)
        except DocumentError as error:
            return error.reason.value

    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(outcome, orders))
    assert outcomes == [str(n) if n % 5 else "parser_crashed" for n in range(80)]


def test_a_process_outlives_the_thread_that_first_asked(rogues: ParserProcesses) -> None:
    """The kernel's signal comes when the thread that forked ends, which must be none of the callers'."""
    pids: list[int] = []
    for _ in range(2):
        thread = threading.Thread(target=lambda: pids.append(state(rogues)["pid"]))
        thread.start()
        thread.join()
    assert pids[0] == pids[1]


def test_plain_text_needs_no_process() -> None:
    for parsers in opened(1, LIMITS, ("/nowhere/python",)):
        assert parsers.extract("für".encode("latin-1"), "text/plain", "latin-1").text == "für"


def test_a_process_that_cannot_be_started_is_no_documents_fault() -> None:
    for command, problem in (
        (("/nowhere/python",), "No such file"),
        ((sys.executable, "-c", "import sys; sys.exit(3)"), "exit code 3"),
    ):
        for parsers in opened(1, LIMITS, command):
            with pytest.raises(DependencyError, match=problem):
                tell(parsers, "say x")
            with pytest.raises(DependencyError, match=problem):
                tell(parsers, "say x")


def test_too_many_open_files_are_no_documents_fault(rogues: ParserProcesses, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    with monkeypatch.context() as patched:
        patched.setattr(socket, "socketpair", refuse)
        with pytest.raises(DependencyError, match="no parser process can be started: Too many open files"):
            tell(rogues, "say x")
    assert tell(rogues, "say on") == "on"


@linux
def test_processor_time_is_counted_beyond_the_end_of_a_process(rogues: ParserProcesses) -> None:
    assert rogues.usage() == ProcessUsage(0, 0)
    tell(rogues, "spend 0.5")
    running = rogues.usage()
    assert running is not None
    assert 0.45 <= running.cpu_s < PATIENCE_S  # the kernel tells whole ticks
    assert running.resident_bytes > 5 * MIB
    refused(rogues, f"signal {signal.SIGSEGV.value}")
    ended = rogues.usage()
    assert ended is not None
    assert ended.cpu_s >= running.cpu_s
    assert ended.resident_bytes == 0
    tell(rogues, "spend 0.5")
    both = rogues.usage()
    assert both is not None
    assert both.cpu_s >= 0.9


def test_processes_that_were_given_up_are_counted_by_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "MAX_DOCUMENTS", 3)
    for parsers in opened(1, Limits(parse_timeout_s=0.1)):
        refused(parsers, "hang")
        refused(parsers, "exit 3")
        for _ in range(4):
            tell(parsers, "say x")
        refused(parsers, "refuse it is torn")
        assert parsers.restarts() == {
            Restart.PARSE_TIMEOUT: 1,
            Restart.PARSE_MEMORY: 0,
            Restart.PARSER_CRASHED: 1,
            Restart.OLD: 1,
            Restart.FAILED: 0,
        }


def test_closing_kills_what_runs_and_answers_who_waits() -> None:
    parsers = ParserProcesses(LIMITS, 1, ROGUE)
    pid = state(parsers)["pid"]
    with ThreadPoolExecutor(3) as threads:
        asked = [threads.submit(tell, parsers, "hang") for _ in range(3)]
        wait_for(lambda: len(parsers._lending._waiting) == 2, "busy")
        parsers.close()
        errors = [future.exception(PATIENCE_S) for future in asked]
    assert all(isinstance(error, DependencyError) for error in errors)
    assert start_time(pid) is None
    with pytest.raises(DependencyError, match="closed"):
        tell(parsers, "say x")
    parsers.close()


@linux
def test_a_process_knows_little_and_may_little(monkeypatch: pytest.MonkeyPatch, rogues: ParserProcesses) -> None:
    monkeypatch.setenv("SECRET_OF_THE_PARENT", "1")
    with Path(os.devnull).open() as held:
        os.set_inheritable(held.fileno(), True)
        found = state(rogues)
    assert "SECRET_OF_THE_PARENT" not in found["environment"]
    assert found["files"] <= 5  # stdin, stdout, stderr, the socket, and the folder it looked into
    assert found["core"] == 0
    assert found["nice"] > os.nice(0)


def test_signals_to_all_do_not_stop_it(rogues: ParserProcesses) -> None:
    """A terminal's Ctrl-C and a service manager's SIGTERM are for the parent, which finishes its slices first."""
    before = state(rogues)["pid"]
    os.kill(before, signal.SIGINT)
    os.kill(before, signal.SIGTERM)
    assert state(rogues)["pid"] == before


PARENT = """
import sys
from docmill.ingest.limits import Limits
from docmill.ingest.processes import ParserProcesses
parsers = ParserProcesses(Limits(parse_timeout_s=600), 1, sys.argv[1:])
print(parsers.extract(b"state", "text/html", None).text, flush=True)
parsers.extract(sys.stdin.readline().strip().encode(), "text/html", None)
"""


@linux
def test_no_process_is_left_when_its_parent_is_killed(tmp_path: Path) -> None:
    """However deep it is in a library, where it cannot see that nobody listens any more."""
    hangs = tmp_path / "hangs"
    command = [sys.executable, "-c", PARENT, *ROGUE]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdin is not None
        assert parent.stdout is not None
        pid = json.loads(parent.stdout.readline())["pid"]
        parent.stdin.write(f"hang {hangs}\n")
        parent.stdin.flush()
        wait_for(hangs.exists, "hanging")
        assert start_time(pid) is not None
        parent.kill()
    wait_for(lambda: start_time(pid) is None, "gone")


def test_an_idle_process_ends_with_its_parent() -> None:
    command = [sys.executable, "-c", PARENT, *ROGUE]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = json.loads(parent.stdout.readline())["pid"]
        parent.kill()
    wait_for(lambda: start_time(pid) is None, "gone")


def test_a_parser_alone_ends_by_its_own_alarm() -> None:
    """Where the kernel does not tell it of its parent's end, it ends by itself, however deep in a library it is."""
    process = ParserProcess(ROGUE, Limits(parse_timeout_s=0.2))
    process._limits = LIMITS  # a parent that would wait for long
    try:
        with pytest.raises(DocumentError, match="SIGALRM"):
            process.extract(Request(b"sleep-for-ever", HTML, None))
    finally:
        process.close()
