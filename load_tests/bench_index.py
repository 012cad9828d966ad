"""How long the index takes to be rebuilt, to answer, and to show what was written; without Kafka.

    OPENBLAS_NUM_THREADS=1 python load_tests/bench_index.py [--passages 10000 100000] [--queries 200]
                                                            [--embed 200] [--json FILE]

Texts are drawn from a Zipf distribution over invented words, vectors at random around 200 centres: what they cost is
that of real ones, what is found means nothing. Records are as on the topic, JSON with base64, decoded and applied in
batches of 1,000. A query is a text of 200 words. "Updating": a second process replaces 10 passages in each transaction,
some 20 times a second. CPU: the process's own time, which other work on the machine stretches less. Visible: from
before a write in that process until a search in this one has found it.
"""

import argparse
import json
import multiprocessing
import resource
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from multiprocessing.synchronize import Event
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from docmill.embedder.embedder import Embedder
from docmill.embedder.make import made_embedder
from docmill.embedder.paths import cache_folder, packaged_weights
from docmill.errors import EmbedderError
from docmill.index.decode import indexed_event, read_change
from docmill.index.sqlite_index import SqliteIndex
from docmill.index.types import Change, Chunk, Embedding, Query, Source
from docmill.index.vectors import to_bytes
from docmill_schemas.events import KnowledgeUpdated
from load_tests.bench_runtime import processor

DIMENSIONS = 384
EMBEDDING = Embedding("bench", "0" * 64, DIMENSIONS)
SOURCE = Source("bench", EMBEDDING)
VOCABULARY, WORDS, QUERY_WORDS = 60_000, 90, 200
CENTRES = 200
BATCH = 1000
UPDATES, PAUSE_S = 10, 0.05
VISIBLE_ROUNDS = 30


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of one size."""

    passages: int
    rebuild_s: float
    rebuild_cpu_s: float
    passages_per_s: float
    open_s: float  # the file of a closed copy, checked, and its vectors loaded by the first search
    file_mb: float
    rss_mb: float
    idle_cpu_ms: float  # mean
    idle_p50_ms: float
    idle_p99_ms: float
    updating_p50_ms: float
    updating_p99_ms: float
    visible_p50_ms: float
    visible_max_ms: float


class Invented:
    """Texts and vectors, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._generator = np.random.default_rng(seed)
        shared = np.random.default_rng(1)
        letters = shared.integers(97, 123, (VOCABULARY, 9)).astype(np.uint8)
        lengths = shared.integers(3, 10, VOCABULARY)
        self._words = [bytes(row[:n]).decode() for row, n in zip(letters, lengths, strict=True)]
        weights = 1 / np.arange(1, VOCABULARY + 1)
        self._cumulated = np.cumsum(weights / weights.sum())
        self._centres = shared.normal(size=(CENTRES, DIMENSIONS))

    def text(self, words: int = WORDS) -> str:
        drawn = np.searchsorted(self._cumulated, self._generator.random(words))
        return " ".join(self._words[min(i, VOCABULARY - 1)] for i in drawn)

    def vector(self) -> NDArray[np.float32]:
        centre = self._centres[self._generator.integers(CENTRES)]
        vector = centre + self._generator.normal(size=DIMENSIONS)
        return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)

    def record(self, number: int, text: str | None = None) -> tuple[bytes, bytes]:
        """Key and value."""
        text = text or self.text()
        updated = KnowledgeUpdated(passage_id=f"passage/{number}", kind="policy", title=text[:40], text=text)
        chunk = Chunk(0, len(text), to_bytes(self.vector()))
        value = indexed_event(updated, EMBEDDING, (chunk,)).model_dump_json(exclude_none=True)
        return updated.passage_id.encode(), value.encode()

    def query(self) -> Query:
        return Query(self.text(QUERY_WORDS), self.vector(), EMBEDDING, k=9)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passages", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--embed", type=int, default=200, help="texts to embed; 0: none")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    print(f"{processor()}; onnxruntime {ort.__version__}")
    with tempfile.TemporaryDirectory() as folder:
        rows = [measure(Path(folder) / f"{size}.sqlite", size, args.queries) for size in args.passages]
    show(rows)
    embedding = embedding_speed(args.embed) if args.embed else None
    if embedding is not None:
        a_second, cpu_ms = embedding
        print(f"embedding, texts of {WORDS} words: {a_second:.1f} a second, two threads; {cpu_ms:.1f} ms of CPU each")
    if args.json:
        found = {"processor": processor(), "rows": [asdict(row) for row in rows], "embedding": embedding}
        args.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def measure(path: Path, size: int, queries: int) -> Row:
    invented = Invented(2)
    index = SqliteIndex(path)
    index.rebuild(SOURCE, 0)
    rebuild_s, rebuild_cpu_s = rebuild(index, invented, size)
    stats = index.stats()
    index.close()
    started = time.perf_counter()
    index = SqliteIndex(path)
    index.search(invented.query())
    open_s = time.perf_counter() - started
    used = time.process_time()
    idle = timed_queries(index, invented, queries)
    cpu_ms = (time.process_time() - used) * 1000 / queries
    updating, visible = while_updating(index, invented, path, size, queries)
    index.close()
    return Row(
        passages=size,
        rebuild_s=rebuild_s,
        rebuild_cpu_s=rebuild_cpu_s,
        passages_per_s=size / rebuild_s,
        open_s=open_s,
        file_mb=stats.file_bytes / 1e6,
        rss_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000,
        idle_cpu_ms=cpu_ms,
        idle_p50_ms=float(np.percentile(idle, 50)),
        idle_p99_ms=float(np.percentile(idle, 99)),
        updating_p50_ms=float(np.percentile(updating, 50)),
        updating_p99_ms=float(np.percentile(updating, 99)),
        visible_p50_ms=statistics.median(visible),
        visible_max_ms=max(visible),
    )


def rebuild(index: SqliteIndex, invented: Invented, size: int) -> tuple[float, float]:
    """Seconds, and CPU seconds, of decoding and applying; making the records does not count."""
    seconds = cpu_s = 0.0
    for first in range(0, size, BATCH):
        records = [(number, *invented.record(number)) for number in range(first, min(first + BATCH, size))]
        started, used = time.perf_counter(), time.process_time()
        index.apply([read_change(0, number, key, value) for number, key, value in records])
        seconds += time.perf_counter() - started
        cpu_s += time.process_time() - used
    return seconds, cpu_s


def timed_queries(index: SqliteIndex, invented: Invented, count: int) -> list[float]:
    """Milliseconds of each."""
    times = []
    for _ in range(count):
        query = invented.query()
        started = time.perf_counter()
        index.search(query)
        times.append((time.perf_counter() - started) * 1000)
    return times


def while_updating(
    index: SqliteIndex, invented: Invented, path: Path, size: int, queries: int
) -> tuple[list[float], list[float]]:
    """Milliseconds of queries beside a writer, and milliseconds until its writes are found."""
    context = multiprocessing.get_context("spawn")
    stop, receive_marks = context.Event(), context.Queue()
    writer = context.Process(target=update, args=(path, size, stop, receive_marks))
    writer.start()
    try:
        receive_marks.get(timeout=120)
        times = timed_queries(index, invented, queries)
        visible = []
        for _ in range(VISIBLE_ROUNDS):
            while not receive_marks.empty():
                receive_marks.get()
            word, written_at = receive_marks.get(timeout=120)
            query = Query(word, invented.vector(), EMBEDDING, k=9)
            while not any(hit.score.text_rank for hit in index.search(query)):
                pass
            visible.append((time.monotonic() - written_at) * 1000)
    finally:
        stop.set()
        writer.join()
    return times, visible


def update(path: Path, size: int, stop: Event, marks: "multiprocessing.Queue[tuple[str, float]]") -> None:
    """Replace passages until told to stop, each time with a word that was never there; announce it before the write."""
    invented, index, offset = Invented(3), SqliteIndex(path), size
    for batch in numbers():
        if stop.is_set():
            break
        word = f"mark{batch}"
        changes: list[Change] = []
        for i in range(UPDATES):
            key, value = invented.record((batch * UPDATES + i) % size, f"{word} {invented.text()}")
            changes.append(read_change(0, offset, key, value))
            offset += 1
        marks.put((word, time.monotonic()))  # one clock for all processes of a machine
        index.apply(changes)
        time.sleep(PAUSE_S)
    index.close()
    marks.cancel_join_thread()


def numbers() -> Iterator[int]:
    number = 0
    while True:
        yield number
        number += 1


def show(rows: list[Row]) -> None:
    for name in Row.__slots__:
        print(f"{name:18}" + "".join(f"{getattr(row, name):>12,.1f}" for row in rows))


def embedding_speed(count: int) -> tuple[float, float] | None:
    """Texts a second, and CPU milliseconds a text; None where the weights are not installed."""
    try:
        embedder = Embedder(made_embedder(packaged_weights(), cache_folder()), threads=2)
    except EmbedderError as error:
        print(f"embedding: not measured, {error}")
        return None
    samples = Path(__file__).parents[1] / "samples"
    words = " ".join(p.read_text(encoding="utf-8", errors="replace") for p in sorted(samples.rglob("*.txt"))).split()
    texts = [" ".join(words[i * WORDS : (i + 1) * WORDS]) for i in range(min(count, len(words) // WORDS))]
    texts = [text for text in texts if len(embedder.tokenizer.encode(text).ids) <= embedder.max_tokens]
    started, used = time.perf_counter(), time.process_time()
    embedder.embed(texts)
    seconds, cpu_s = time.perf_counter() - started, time.process_time() - used
    embedder.close()
    return len(texts) / seconds, cpu_s * 1000 / len(texts)


if __name__ == "__main__":
    main()
