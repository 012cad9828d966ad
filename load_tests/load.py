"""`make load`: how many documents a second one processor on this machine holds, with the broker beside it.

    python -m load_tests.load [--threads N] [--out FOLDER] [any option of `docmill load`]

Starts a broker and a processor, runs `docmill load` as a user would, and writes load.json and load.png into FOLDER
(default docs/load). Processor, broker and generator share the machine's cores, so the rate is a lower bound for a
processor that has them to itself; documents per CPU second count the processor's own time alone.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from load_tests.local_processor import local_processor

DEFAULT_OUT = Path(__file__).parents[1] / "docs" / "load"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--threads", type=int, help="inference threads; default: the usable cores")
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    ours, passed_on = parser.parse_known_args()
    ours.out.mkdir(parents=True, exist_ok=True)
    with local_processor(ours.threads) as processor:
        note = f"processor with {processor.threads} threads, broker and generator on the same machine"
        files = ("--json", str(ours.out / "load.json"), "--plot", str(ours.out / "load.png"))
        command = [sys.executable, "-m", "docmill", "load", "--metrics", processor.metrics_url, "--note", note, *files]
        return subprocess.run([*command, *passed_on], env=processor.environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
