"""A fitted checkpoint to a bundle: graph, temperatures, outlier statistics, thresholds, evaluation, model card."""

import hashlib
import json
import random
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from docmill.bundle.bundle import Bundle
from docmill.bundle.manifest import (
    BaseModelEntry,
    Certificate,
    FieldEntry,
    GroupEntry,
    Manifest,
    OutlierEntry,
    Policy,
    Temperatures,
    Training,
    TrainingSource,
)
from docmill.bundle.save import save_bundle
from docmill.pipeline.normalise import FieldKind
from docmill.pipeline.types import FieldSpec, GroupSpec, ModelSpec, OutlierSpec
from docmill.pipeline.window import TextTokenizer, Windowing
from docmill.runtime.graph import GraphConfig, build_graph
from docmill.runtime.session import OnnxInference
from docmill.runtime.weights import JointWeights
from docmill.training.calibration import (
    certificates,
    fit_outliers,
    fit_tags,
    fit_type_temperature,
    halves,
    see,
    threshold,
)
from docmill.training.corpus import LabelledDocument
from docmill.training.recipe import Recipe

HEADS = 12  # of MiniLM's attention
CENTROID_DOCUMENTS = 60  # a label, for centroids and the within-class covariance


def assemble(
    folder: Path,
    recipe: Recipe,
    recipe_text: str,
    weights: JointWeights,
    labels: tuple[str, ...],
    tokenizer: Any,
    windowing: Windowing,
    fitted: dict[str, list[LabelledDocument]],
    held_out: dict[str, list[LabelledDocument]],
) -> Bundle:
    """Write the bundle to `folder`. Everything is chosen on training documents: `fitted` and `held_out`."""
    config = GraphConfig(HEADS, max_tokens=recipe.encoder.max_tokens)
    model = build_graph(weights, config, "int8").SerializeToString()
    with TemporaryDirectory() as temporary:
        path = Path(temporary) / "model.onnx"
        path.write_bytes(model)
        inference = OnnxInference(path, 2)
        try:
            spec, rows = _calibrated(recipe, labels, tokenizer, windowing, fitted, held_out, inference)
        finally:
            inference.close()
    manifest = _manifest(recipe, labels, windowing, spec, rows, fitted)
    return save_bundle(
        folder,
        manifest,
        model=model,
        tokenizer=tokenizer.to_str(pretty=False),
        outlier=spec.outlier,
        further={"recipe.toml": recipe_text.encode()},
    )


def _calibrated(
    recipe: Recipe,
    labels: tuple[str, ...],
    tokenizer: TextTokenizer,
    windowing: Windowing,
    fitted: dict[str, list[LabelledDocument]],
    held_out: dict[str, list[LabelledDocument]],
    inference: OnnxInference,
) -> tuple[ModelSpec, list[Certificate]]:
    spec = _bare_spec(recipe, labels)
    trained = see(
        _sample(fitted, recipe.seed), tokenizer, windowing, inference, first_windows=recipe.encoder.type_windows
    )
    print(f"{len(trained)} fitted documents seen for the outlier statistics", flush=True)
    calibration = see([d for part in held_out.values() for d in part], tokenizer, windowing, inference)
    print(f"{len(calibration)} held-out documents seen", flush=True)
    for_temperatures, for_thresholds = halves(calibration, recipe.seed)
    tag_temperature, biases = fit_tags(for_temperatures, spec)
    spec = replace(
        spec,
        fields=tuple(replace(field, outside_bias=biases.get(field.name, 0.0)) for field in spec.fields),
        type_temperature=fit_type_temperature(for_temperatures, spec),
        tag_temperature=tag_temperature,
        outlier=fit_outliers(trained, for_temperatures, spec),
    )
    return spec, certificates(for_thresholds, spec, recipe.policy.confidence_level)


def _bare_spec(recipe: Recipe, labels: tuple[str, ...]) -> ModelSpec:
    """The recipe's spec before anything is calibrated or certified."""
    nothing = np.zeros((1, 1), dtype=np.float32)
    return ModelSpec(
        labels=labels,
        fields=tuple(FieldSpec(name, FieldKind(f.kind), f.many, f.day_first) for name, f in recipe.fields.items()),
        groups={name: GroupSpec(name, g.fields, g.required, None, None) for name, g in recipe.groups.items()},
        type_windows=recipe.encoder.type_windows,
        type_temperature=1.0,
        tag_temperature=1.0,
        outlier=OutlierSpec(np.zeros(1, dtype=np.float32), nothing, nothing, np.inf),
    )


def _manifest(
    recipe: Recipe,
    labels: tuple[str, ...],
    windowing: Windowing,
    spec: ModelSpec,
    rows: list[Certificate],
    fitted: dict[str, list[LabelledDocument]],
) -> Manifest:
    target = recipe.policy.target_precision
    biases = {field.name: field.outside_bias for field in spec.fields}
    return Manifest(
        name=recipe.name,
        version=recipe.version,
        languages=recipe.languages,
        files={},
        labels=labels,
        fields=tuple(
            FieldEntry(
                name=name,
                kind=FieldKind(field.kind),
                many=field.many,
                day_first=field.day_first,
                outside_bias=biases[name],
                entities=field.entities,
                values=field.values,
            )
            for name, field in recipe.fields.items()
        ),
        groups={
            name: GroupEntry(
                fields=group.fields,
                required=group.required,
                type_threshold=threshold(rows, name, "type", target),
                field_threshold=threshold(rows, name, "field", target) if group.required else None,
            )
            for name, group in recipe.groups.items()
        },
        max_tokens=windowing.max_tokens,
        stride=windowing.stride,
        type_windows=recipe.encoder.type_windows,
        temperatures=Temperatures(type=spec.type_temperature, tags=spec.tag_temperature),
        policy=Policy(target_precision=target, confidence_level=recipe.policy.confidence_level, certified=tuple(rows)),
        training=Training(
            data_digest=_digest(fitted),
            sources=tuple(TrainingSource(name=s.name, licence=s.licence) for s in recipe.sources),
            recipe="recipe.toml",
        ),
        base_model=BaseModelEntry(name=recipe.base_model, licence=recipe.base_model_licence),
        outlier=OutlierEntry(threshold=spec.outlier.threshold),
    )


def _sample(fitted: dict[str, list[LabelledDocument]], seed: int) -> list[LabelledDocument]:
    by_label: dict[str, list[LabelledDocument]] = defaultdict(list)
    for part in fitted.values():
        for document in part:
            if document.label is not None:
                by_label[document.label].append(document)
    rng = random.Random(seed)  # noqa: S311
    return [
        document
        for label in sorted(by_label)
        for document in rng.sample(by_label[label], min(CENTROID_DOCUMENTS, len(by_label[label])))
    ]


def _digest(fitted: dict[str, list[LabelledDocument]]) -> str:
    """SHA-256 over id, label and text of all documents trained on."""
    digest = hashlib.sha256()
    for document in sorted((d for part in fitted.values() for d in part), key=lambda d: d.id):
        digest.update(json.dumps([document.id, document.label, document.text]).encode())
    return digest.hexdigest()
