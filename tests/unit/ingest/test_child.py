import json
import subprocess
import sys

from docmill.errors import DocumentError
from docmill.ingest.child import answer, parse
from docmill.ingest.extracted import Extracted
from docmill.ingest.limits import DEFAULT_LIMITS, Limits
from docmill.ingest.messages import Request, Unforeseen
from docmill_schemas.reasons import RejectionReason

HEAVY = {"aiokafka", "asyncio", "faststream", "numpy", "onnxruntime", "pydantic", "rich", "tokenizers", "typer"}
REQUEST = Request(b"<p>x", "text/html", None)


def test_it_imports_nothing_but_parsers() -> None:
    code = (
        "import docmill.ingest.child, json, sys; print(json.dumps(sorted({n.partition('.')[0] for n in sys.modules})))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert set(json.loads(done.stdout)) & HEAVY == set()


def test_an_answer() -> None:
    assert answer(REQUEST, parse, DEFAULT_LIMITS) == Extracted("x")


def test_a_refusal() -> None:
    error = answer(Request(b"", "text/html", None), parse, DEFAULT_LIMITS)
    assert isinstance(error, DocumentError)
    assert error.reason is RejectionReason.NO_TEXT


def test_memory_that_ran_out() -> None:
    def grow(request: Request, limits: Limits) -> Extracted:
        raise MemoryError

    error = answer(REQUEST, grow, DEFAULT_LIMITS)
    assert isinstance(error, DocumentError)
    assert (error.reason, error.detail) == (RejectionReason.PARSE_MEMORY, "parsing takes more than 512 MiB")


def test_an_exception_that_nobody_foresaw() -> None:
    def fail(request: Request, limits: Limits) -> Extracted:
        raise KeyError("Zyxwvut")

    unforeseen = answer(REQUEST, fail, DEFAULT_LIMITS)
    assert isinstance(unforeseen, Unforeseen)
    assert unforeseen.whereabouts.startswith("KeyError at test_child.py:")
