"""What was found in the index, and what a copy of it holds, on a terminal. Does not know how it was found."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from docmill.cli.printable import one_line, print_trimmed
from docmill.index.types import CopyState, Hit, IndexStats

EXCERPT_CHARACTERS = 240
WIDE = 160  # columns, where nobody looks


def print_hits(hits: Sequence[Hit]) -> None:
    """A table, best first: where each chunk stands, how it came to its place, and how it begins."""
    if not hits:
        typer.echo("nothing found")
        return
    table = Table(box=None, pad_edge=False)
    for name in ("", "passage", "kind", "characters", "cosine", "words", "text"):
        table.add_column(name, overflow="fold")
    for place, hit in enumerate(hits, start=1):
        score = hit.score
        excerpt = one_line(hit.text)
        table.add_row(
            str(place),
            Text(one_line(hit.passage_id), style="bold"),
            Text(one_line(hit.kind)),
            f"{hit.start}-{hit.end}",
            "-" if score.cosine is None else f"{score.cosine:.3f}",
            "-" if score.text_rank is None else f"#{score.text_rank}",
            Text(excerpt if len(excerpt) <= EXCERPT_CHARACTERS else excerpt[: EXCERPT_CHARACTERS - 1] + "…"),
        )
    print_trimmed(_console(), table)


def print_stats(path: Path, stats: IndexStats, state: CopyState | None, now_ms: int) -> None:
    """How much, of what, how far read, how old."""
    kinds = ", ".join(f"{one_line(kind)} {count:,}" for kind, count in stats.by_kind.items())
    lines = [
        ("file", f"{path} ({stats.file_bytes / 1e6:.1f} MB)"),
        ("passages", f"{stats.passages:,}" + (f" ({kinds})" if kinds else "")),
        ("chunks", f"{stats.chunks:,}"),
    ]
    if state is None:
        lines.append(("offsets", "none: it is a copy of nothing yet"))
    else:
        embedding = state.source.embedding
        offsets = ", ".join(f"{partition}: {offset:,}" for partition, offset in state.offsets.items())
        read = datetime.fromtimestamp(state.complete_at_ms / 1000, UTC)
        lines += [
            ("embedding", f"{embedding.name}, {embedding.dimensions} dimensions, {embedding.sha256[:12]}"),
            ("topic id", state.source.topic_id),
            ("offsets", offsets or "none"),
            (
                "read to its end",
                f"{read:%Y-%m-%d %H:%M:%S} UTC, {max(0, now_ms - state.complete_at_ms) / 1000:,.0f} s ago",
            ),
        ]
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in lines:
        table.add_row(name, Text(value))
    print_trimmed(_console(), table)


def _console() -> Console:
    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=max(found.width, WIDE))
