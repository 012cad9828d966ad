"""`python -m docmill.training RECIPE.toml --data DATA --work DIR`: fit; the later stages go on from its checkpoint."""

import argparse
import json
import os
from pathlib import Path

import torch

from docmill.training.corpus import LabelledDocument, hold_out, load_part
from docmill.training.examples import ExampleMaker
from docmill.training.fit import fit
from docmill.training.model import base_model_path, initial_model
from docmill.training.recipe import load_recipe
from docmill.training.tokenizer import extended_tokenizer, initial_ids, windowing


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    args = parser.parse_args()
    data = Path(os.environ["DOCMILL_DATA"])
    recipe = load_recipe(args.recipe)
    args.work.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(recipe.seed)
    documents: dict[str, list[LabelledDocument]] = {}
    for source in recipe.sources:
        documents[source.name], calibration = hold_out(
            load_part(data, source, "train", recipe), recipe.fit.calibration_share, recipe.seed
        )
        print(source.name, len(documents[source.name]), "to fit,", len(calibration), "to calibrate", flush=True)
    labels = tuple(sorted({d.label for part in documents.values() for d in part if d.label is not None}))
    (args.work / "labels.json").write_text(json.dumps(labels))
    tokenizer = extended_tokenizer(base_model_path() / "tokenizer.json")
    tokenizer.save(str(args.work / "tokenizer.json"))
    make = ExampleMaker(recipe, labels, tokenizer, windowing(tokenizer, recipe.encoder))
    model = initial_model(recipe.encoder.layers, len(labels), len(recipe.field_names), initial_ids(tokenizer))
    fit(model, documents, recipe, make, args.work / "fit.pt")


if __name__ == "__main__":
    main()
