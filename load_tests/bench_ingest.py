"""What a parser process costs: documents a second of each format, and what the hop adds to parsing in the thread.

    python load_tests/bench_ingest.py [FILE ...] [--processes N] [--rounds 9] [--documents 100]

FILE: default, the samples that are no plain text. In the thread and through one process take turns within a round, so
that whatever else the machine does falls on both alike: take the differences, not the absolutes.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from docmill.ingest import InThread
from docmill.ingest.limits import DEFAULT_LIMITS
from docmill.ingest.processes import ParserProcesses
from docmill.kafka.read_paths import media_type_of
from docmill.runtime.threads import default_threads

SAMPLES = Path(__file__).parents[1] / "samples"
DEFAULT_FILES = tuple(
    SAMPLES / name
    for name in (
        "claims/household-claim-form.html",
        "contracts/hosting-agreement.pdf",
        "claims/letter-tenant-escape-of-water.docx",
        "claims/first-notice-hail-mail.eml",
    )
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="*", default=DEFAULT_FILES)
    parser.add_argument("--processes", type=int, default=default_threads())
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--documents", type=int, default=100, help="of a file, in a round")
    args = parser.parse_args()
    one, several = ParserProcesses(DEFAULT_LIMITS, 1), ParserProcesses(DEFAULT_LIMITS, args.processes)
    try:
        started = time.perf_counter()
        one.extract(b"<p>x", "text/html", None)
        print(f"{os.cpu_count()} cores; a process is ready after {(time.perf_counter() - started) * 1000:.0f} ms")
        print(f"{'':44}{'bytes':>8}{'thread':>9}{'process':>9}{'hop':>8}{f'over {args.processes}':>9}")
        print(f"{'':52}{'ms':>9}{'ms':>9}{'ms':>8}{'docs/s':>9}")
        for file in args.files:
            measure(file, one, several, args)
    finally:
        one.close()
        several.close()


def measure(file: Path, one: ParserProcesses, several: ParserProcesses, args: argparse.Namespace) -> None:
    """Print a line on one file."""
    content, media_type = file.read_bytes(), media_type_of(file)
    in_thread = partial(InThread().extract, content, media_type, None)
    in_process = partial(one.extract, content, media_type, None)
    thread_ms, process_ms, rates = [], [], []
    with ThreadPoolExecutor(2 * args.processes) as threads:
        for _ in range(args.rounds):
            thread_ms.append(timed(in_thread, args.documents))
            process_ms.append(timed(in_process, args.documents))
            started = time.perf_counter()
            list(threads.map(lambda _: several.extract(content, media_type, None), range(args.documents)))
            rates.append(args.documents / (time.perf_counter() - started))
    thread, process = statistics.median(thread_ms), statistics.median(process_ms)
    hop = statistics.median(p - t for p, t in zip(process_ms, thread_ms, strict=True))
    rate = statistics.median(rates)
    print(f"{file.name[:43]:44}{len(content):>8}{thread:>9.2f}{process:>9.2f}{hop:>8.2f}{rate:>9.0f}", flush=True)


def timed(extract: Callable[[], object], count: int) -> float:
    """Milliseconds a document."""
    started = time.perf_counter()
    for _ in range(count):
        extract()
    return (time.perf_counter() - started) * 1000 / count


if __name__ == "__main__":
    main()
