"""Does a bundle's int8 graph say the same on another kind of processor, one without VNNI above all?

    DOCMILL_DATA=FOLDER python -m load_tests.other_cpu write here.npz
    DOCMILL_DATA=FOLDER qemu-x86_64 -cpu Haswell-v4 python -m load_tests.other_cpu compare here.npz

The first command keeps what this processor computes of some windows of validation documents, of each source equally
many; the second one, on the other processor or on an emulated one (Debian's qemu-user; ONNX Runtime then takes the
kernels of that processor), computes it anew and compares. Without VNNI a product of 8-bit numbers saturates where
weights have 8 bits; docmill's have 7 (docs/decisions/0005-first-bundle.md). Printed are the tokens with the same tag in
all fields, the same for those that the first processor takes for part of a value, windows with the same likeliest type,
and how far the probabilities of types are apart at most.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from docmill.bundle.bundle import Bundle
from docmill.bundle.load import load_bundle
from docmill.pipeline.calibrate import softmax
from docmill.pipeline.spans import OUTSIDE
from docmill.pipeline.types import WindowOutput
from docmill.pipeline.window import Window, cut, tokenise
from docmill.resources import resource
from docmill.runtime.session import OnnxInference
from docmill.training.corpus import part
from docmill.training.row import read_rows

SOURCES = ("sroie", "cfpb", "mtsamples", "cuad", "vetclaims")  # in the user's folder
PACKAGED = ("claims-written",)  # among docmill's samples
WINDOWS = 5  # of a source: emulated, a window of 256 tokens takes seconds
DOCUMENTS = 5  # of a source that are looked at, the first ones

Said = dict[str, NDArray[np.float32]]  # by name, a row a token or a window


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or compare; the exit code of a comparison is 1 where a token or a type differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["write", "compare"])
    parser.add_argument("file", type=Path, help="what the first processor said")
    parser.add_argument("--data", type=Path, default=os.environ.get("DOCMILL_DATA"), help="default: DOCMILL_DATA")
    parser.add_argument("--bundle", type=Path, default=resource("bundles") / "mailroom-en")
    parser.add_argument("--windows", type=int, default=WINDOWS, help="of each source (%(default)s)")
    args = parser.parse_args(arguments)
    if args.data is None:
        parser.error("say where the labelled documents are: --data or DOCMILL_DATA")
    bundle = load_bundle(args.bundle)
    found = said(bundle, list(windows(bundle, Path(args.data), args.windows)))
    if args.what == "write":
        np.savez_compressed(args.file, bundle=np.array(bundle.sha256), **found)  # type: ignore[arg-type]  # numpy's stubs
        return 0
    with np.load(args.file) as kept:
        written_by, first = str(kept["bundle"]), {name: kept[name] for name in found}
    if written_by != bundle.sha256 or any(first[name].shape != found[name].shape for name in found):
        sys.exit(f"{args.file} is of other windows or of another bundle: write it again")
    told, equal = compare(first, found)
    print(f"{bundle.name} {bundle.version}: {told}")
    return 0 if equal else 1


def windows(bundle: Bundle, data: Path, count: int) -> Iterator[Window]:
    """`count` windows at most of the first validation documents of each source."""
    places = dict.fromkeys(SOURCES, data) | dict.fromkeys(PACKAGED, resource("samples"))
    for source, place in places.items():
        own: list[Window] = []
        for row, _ in zip(read_rows(part(place, source, "validation")), range(DOCUMENTS), strict=False):
            own += cut(tokenise(bundle.tokenizer, bundle.windowing, row.text), bundle.windowing)
        yield from own[:count]


def said(bundle: Bundle, of: Sequence[Window]) -> Said:
    """Tags [tokens, F, 3] without the frame, types [windows, C], as logits."""
    inference = OnnxInference(bundle.model_path, 1)
    try:
        outputs = [_output(result) for result in inference.run(of)]
    finally:
        inference.close()
    return {
        "tags": np.concatenate([output.tag_logits[1:-1] for output in outputs]),
        "types": np.stack([output.type_logits for output in outputs]),
    }


def compare(first: Said, other: Said) -> tuple[str, bool]:
    """(what to print, whether all tags and types are the same)."""
    expected = first["tags"].argmax(-1)
    same = (other["tags"].argmax(-1) == expected).all(-1)
    entity = (expected != OUTSIDE).any(-1)
    types = first["types"].argmax(-1) == other["types"].argmax(-1)
    apart = float(np.abs(softmax(first["types"], 1.0) - softmax(other["types"], 1.0)).max())
    bits = all(np.array_equal(first[name], other[name]) for name in first)
    told = (
        f"{same.sum():,} of {len(same):,} tokens the same, {(same & entity).sum():,} of {entity.sum():,} in values, "
        f"{types.sum()} of {len(types)} types of windows; probabilities of types at most {apart:.4f} apart"
        f"{', all to the last bit' if bits else ''}"
    )
    return told, bool(same.all() and types.all())


def _output(result: WindowOutput | Exception) -> WindowOutput:
    if isinstance(result, Exception):
        raise result
    return result


if __name__ == "__main__":
    sys.exit(main())
