"""`python -m docmill.training RECIPE.toml --work DIR --out BUNDLE --samples DIR`: documents to a bundle, resumable.

    DOCMILL_DATA/<source>/train.jsonl  ->  fit (checkpoint in DIR)  ->  calibrate and certify  ->  evaluate  ->  BUNDLE

`docmill train` with more stages comes with the model factory; this is the plain way to the first bundle.
"""

import argparse
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from docmill.bundle.bundle import Bundle
from docmill.bundle.manifest import GoldenEntry
from docmill.bundle.save import resave_bundle
from docmill.errors import ConfigurationError
from docmill.evaluation.run import evaluate
from docmill.golden import GoldenRow, golden_bytes, make_golden
from docmill.processing import Mill
from docmill.runtime.graph import GraphConfig, build_graph
from docmill.runtime.session import OnnxInference
from docmill.runtime.threads import default_threads
from docmill.runtime.weights import from_state_dict
from docmill.training.assemble import HEADS, assemble
from docmill.training.card import model_card
from docmill.training.corpus import LabelledDocument, hold_out, load_part, part
from docmill.training.examples import ExampleMaker
from docmill.training.fit import fit
from docmill.training.model import base_model_path, initial_model
from docmill.training.recipe import Recipe, load_recipe
from docmill.training.tokenizer import extended_tokenizer, initial_ids, windowing

Parts = dict[str, list[LabelledDocument]]
BUNDLE_TOLERANCE = 0.02  # of a golden probability, between kinds of processors


def main() -> None:
    """Run all stages; a stage whose result lies in the work folder is taken up from there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--work", type=Path, required=True, help="checkpoints; keep it to resume")
    parser.add_argument("--out", type=Path, required=True, help="folder of the bundle")
    parser.add_argument("--samples", type=Path, required=True, help="folder of .txt documents for golden.jsonl")
    args = parser.parse_args()
    if "DOCMILL_DATA" not in os.environ:
        raise ConfigurationError("set DOCMILL_DATA to the folder that holds the sources of the recipe")
    data = Path(os.environ["DOCMILL_DATA"])
    recipe = load_recipe(args.recipe)
    args.work.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(recipe.seed)
    fitted, held_out = _split(data, recipe)
    labels = tuple(sorted({d.label for documents in fitted.values() for d in documents if d.label is not None}))
    tokenizer = extended_tokenizer(base_model_path() / "tokenizer.json")
    windows = windowing(tokenizer, recipe.encoder)
    make = ExampleMaker(recipe, labels, tokenizer, windows)
    model = initial_model(recipe.encoder.layers, len(labels), len(recipe.fields), initial_ids(tokenizer))
    fit(model, fitted, recipe, make, args.work / "fit.pt")
    state = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    weights = from_state_dict(state, len(recipe.encoder.layers))
    recipe_text = args.recipe.read_text(encoding="utf-8")
    bundle = assemble(args.out, recipe, recipe_text, weights, labels, tokenizer, windows, fitted, held_out)
    files = [part(data, source.name, "validation") for source in recipe.sources]
    exact = build_graph(weights, GraphConfig(HEADS, recipe.encoder.max_tokens), "fp32").SerializeToString()
    _evaluate(args.out, bundle, files, args.samples, exact, recipe.limits)


def _split(data: Path, recipe: Recipe) -> tuple[Parts, Parts]:
    """Training documents by source: to fit, and held out for calibration."""
    fitted: Parts = {}
    held_out: Parts = {}
    for source in recipe.sources:
        documents = load_part(data, source, "train", recipe)
        fitted[source.name], held_out[source.name] = hold_out(documents, recipe.fit.calibration_share, recipe.seed)
        print(f"{source.name}: {len(fitted[source.name])} to fit, {len(held_out[source.name])} held out", flush=True)
    return fitted, held_out


def _evaluate(
    out: Path, bundle: Bundle, files: list[Path], samples: Path, exact: bytes, limits: tuple[str, ...]
) -> None:
    """Add what the finished bundle says of validation documents and of our own samples."""
    with _running(bundle, bundle.model_path) as mill:
        evaluation = evaluate(mill, files)
    golden = golden_bytes(_golden(bundle, samples, exact))
    further = {
        "evaluation.json": (json.dumps(evaluation, indent=1) + "\n").encode(),
        "golden.jsonl": golden,
        "MODEL_CARD.md": model_card(bundle.manifest, evaluation, limits).encode(),
    }
    resave_bundle(out, further, GoldenEntry(tolerance=BUNDLE_TOLERANCE))


def _golden(bundle: Bundle, samples: Path, exact: bytes) -> list[GoldenRow]:
    """Rows for the samples on which int8 and fp32 (`exact`) agree: what survives that difference survives the much
    smaller one between two kinds of processors, so a failing row means a broken bundle.
    """
    texts = {
        path.relative_to(samples).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(samples.glob("*/*.txt"))
        if path.parent.name != "broken"
    }
    with _running(bundle, bundle.model_path) as mill:
        rows = make_golden(mill, texts)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.fp32.onnx"
        path.write_bytes(exact)
        with _running(bundle, path) as mill:
            other = make_golden(mill, texts)
    unlike = {"probability": 0.0}
    kept = [
        row for row, o in zip(rows, other, strict=True) if row.model_copy(update=unlike) == o.model_copy(update=unlike)
    ]
    print(f"{len(kept)} of {len(rows)} samples are golden: int8 and fp32 agree on them", flush=True)
    return kept


@contextmanager
def _running(bundle: Bundle, model: Path) -> Iterator[Mill]:
    inference = OnnxInference(model, default_threads())
    try:
        yield Mill(bundle, inference)
    finally:
        inference.close()


if __name__ == "__main__":
    main()
