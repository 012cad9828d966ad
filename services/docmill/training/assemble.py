"""The parts that the stages made, put together to a bundle's manifest and files. Trains and reads nothing."""

from pathlib import Path

from docmill.bundle.bundle import Bundle
from docmill.bundle.manifest import (
    BaseModelEntry,
    FieldEntry,
    GroupEntry,
    Manifest,
    OutlierEntry,
    Policy,
    Temperatures,
    Training,
    TrainingSource,
    TrainingStage,
)
from docmill.bundle.save import save_bundle
from docmill.pipeline.normalise import FieldKind
from docmill.training.calibrate import Calibration, read_calibration
from docmill.training.calibration import threshold
from docmill.training.export import INT8_FILE
from docmill.training.materials import Materials
from docmill.training.source_names import source_names

RECIPE_FILE = "recipe.toml"


def assemble(
    folder: Path,
    materials: Materials,
    recipe_text: str,
    graphs: Path,
    calibration_folder: Path,
    stages: tuple[TrainingStage, ...],
    further: dict[str, bytes] | None = None,
) -> Bundle:
    """Write the bundle to `folder`, with the recipe and `further` files."""
    calibration, outlier = read_calibration(calibration_folder)
    return save_bundle(
        folder,
        _manifest(materials, calibration, stages),
        model=(graphs / INT8_FILE).read_bytes(),
        tokenizer=materials.tokenizer.to_str(pretty=False),
        outlier=outlier,
        further={RECIPE_FILE: recipe_text.encode(), **(further or {})},
    )


def _manifest(materials: Materials, calibration: Calibration, stages: tuple[TrainingStage, ...]) -> Manifest:
    recipe = materials.recipe
    target, rows = recipe.policy.target_precision, calibration.certified
    return Manifest(
        name=recipe.name,
        version=recipe.version,
        languages=recipe.languages,
        files={},
        labels=materials.labels,
        fields=tuple(
            FieldEntry(
                name=name,
                kind=FieldKind(field.kind),
                many=field.many,
                day_first=field.day_first,
                outside_bias=calibration.biases.get(name, 0.0),
                counts_from=field.counts_from,
                min_confidence=field.min_confidence,
                joined=field.joined,
                nested=field.nested,
                within_column=field.within_column,
                exclusive=field.exclusive,
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
        max_tokens=materials.windowing.max_tokens,
        stride=materials.windowing.stride,
        type_windows=recipe.encoder.type_windows,
        temperatures=Temperatures(type=calibration.type_temperature, tags=calibration.tag_temperature),
        policy=Policy(
            target_precision=target,
            confidence_level=recipe.policy.confidence_level,
            certified=rows,
            vetoed=calibration.vetoed,
        ),
        training=Training(
            data_digest=materials.training.digest,
            sources=tuple(
                TrainingSource(
                    name=s.name,
                    licence=s.licence,
                    synthetic=s.synthetic,
                    names=source_names(s, recipe),
                )
                for s in recipe.sources
            ),
            recipe=RECIPE_FILE,
            seed=recipe.seed,
            stages=stages,
        ),
        base_model=BaseModelEntry(name=recipe.base_model, licence=recipe.base_model_licence),
        outlier=OutlierEntry(threshold=calibration.outlier_threshold),
    )
