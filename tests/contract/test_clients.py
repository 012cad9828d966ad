"""The clients of docs/clients stay short, and need nothing but aiokafka."""

import ast
import io
import sys
import tokenize
from pathlib import Path

import pytest

CLIENTS = sorted((Path(__file__).parents[2] / "docs" / "clients").glob("*.py"))
MAX_LINES = 20
SILENT = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}


def code_lines(source: str) -> int:
    """Lines that hold code: neither blank, nor a comment, nor the module's docstring."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    lines = {line for token in tokens if token.type not in SILENT for line in range(token.start[0], token.end[0] + 1)}
    first = ast.parse(source).body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        lines -= set(range(first.lineno, (first.end_lineno or first.lineno) + 1))
    return len(lines)


def imported(source: str) -> set[str]:
    """Top-level packages of all imports, wherever they stand."""
    nodes = list(ast.walk(ast.parse(source)))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "." for node in nodes if isinstance(node, ast.ImportFrom)]
    return {name.partition(".")[0] for name in names}


def test_there_is_one_for_each_side() -> None:
    assert [client.name for client in CLIENTS] == ["downstream.py", "upstream.py"]


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_a_client_is_short_and_needs_aiokafka_alone(client: Path) -> None:
    source = client.read_text(encoding="utf-8")
    assert code_lines(source) <= MAX_LINES
    assert imported(source) - sys.stdlib_module_names == {"aiokafka"}


COUNTED = '''"""Doc

string."""

# comment
import os.path  # why


def f():
    from a.b import (
        c,
    )
'''


def test_lines_and_imports_are_counted() -> None:
    assert code_lines(COUNTED) == 5
    assert imported(COUNTED) == {"os", "a"}
