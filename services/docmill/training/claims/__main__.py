"""`python -m docmill.training.claims`: write the synthetic claims corpus."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from docmill.errors import ConfigurationError
from docmill.training.claims.generate import documents
from docmill.training.claims.pools import Part
from docmill.training.claims.statistics import report
from docmill.training.claims.write import write

FEWEST = 10  # one of each kind of claim in either part
VALIDATION_SHARE = 5  # one in so many


def main(arguments: Sequence[str] | None = None) -> None:
    """Generate, write, and print counts where they are asked for.

    Raises:
        ConfigurationError: too few documents are asked for, or the folder cannot be written to.
    """
    parser = argparse.ArgumentParser(description="Synthetic insurance claims, labelled, in the format of our sources")
    parser.add_argument("--out", type=Path, required=True, help="folder of sources; the corpus goes to OUT/claims")
    parser.add_argument("--documents", type=int, required=True, help="how many in all; a fifth are for validation")
    parser.add_argument("--seed", type=int, default=7, help="the same seed gives the same bytes")
    parser.add_argument("--stats", action="store_true", help="print counts by type, layout, field and length")
    args = parser.parse_args(arguments)
    if args.documents < FEWEST:
        raise ConfigurationError(f"--documents {args.documents} is too few: ask for {FEWEST} or more")
    counts = {Part.TRAIN: args.documents - args.documents // VALIDATION_SHARE}
    counts[Part.VALIDATION] = args.documents - counts[Part.TRAIN]
    parts = {part: list(documents(part, count, args.seed)) for part, count in counts.items()}
    try:
        folder = write(args.out, parts, args.seed)
    except OSError as error:
        raise ConfigurationError(f"--out {args.out} cannot be written to: {error}") from error
    print(f"{folder}: {counts[Part.TRAIN]} train, {counts[Part.VALIDATION]} validation, SYNTHETIC")
    if args.stats:
        for part, made in parts.items():
            print(report(part.value, made))


if __name__ == "__main__":
    main()
