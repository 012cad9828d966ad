"""Files that docmill needs beside its code, such as the broker's jar list and the default bundle.

Knows where a wheel and a checkout keep them, and nothing about what is in them.
"""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
# A wheel carries them inside the package (pyproject.toml, force-include); a checkout has them at its root.
_ROOTS = (_PACKAGE / "_resources", _PACKAGE.parents[1])


class ResourceMissingError(FileNotFoundError):
    """A file that belongs to docmill is not where the installation should have put it."""


def resource(relative: str) -> Path:
    """Returns the path of a file or folder that ships with docmill, e.g. ``deploy/kafka/jars.lock``.

    Raises: ResourceMissingError when neither the installed package nor the checkout has it.
    """
    for root in _ROOTS:
        path = root / relative
        if path.exists():
            return path
    looked_in = " or ".join(str(root) for root in _ROOTS)
    raise ResourceMissingError(f"docmill's own file {relative} is not in {looked_in}: reinstall docmill")
