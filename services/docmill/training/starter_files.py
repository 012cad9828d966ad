"""The folder that `docmill train init` writes: a recipe, labelled letters and what to do next."""

import shutil
from pathlib import Path

from docmill.errors import ConfigurationError

FILES = ("recipe.toml", "README.md", "letters/train.jsonl", "letters/validation.jsonl")
_STARTER = Path(__file__).with_name("starter")


def write_starter(folder: Path) -> list[Path]:
    """Write the files into a folder that has none of them, and tell which.

    Raises:
        ConfigurationError: one of them is there already (nothing is written then), or the folder cannot be written.
    """
    targets = [folder / name for name in FILES]
    if there := [str(path) for path in targets if path.exists()]:
        raise ConfigurationError(f"{', '.join(there)}: there already. Name another folder; nothing was written")
    try:
        for name, target in zip(FILES, targets, strict=True):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(_STARTER / name, target)
    except OSError as error:
        raise ConfigurationError(f"{folder} cannot be written: {error.strerror}") from error
    return targets
