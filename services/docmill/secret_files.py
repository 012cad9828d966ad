"""Files that settings name: secrets that are mounted, and keys. No error shows what a file holds."""

from pathlib import Path

from docmill.errors import ConfigurationError


def read_secret(variable: str, file: Path) -> str:
    """What a file holds, without the line end that editors leave.

    Raises:
        ConfigurationError: it cannot be read, is empty or no UTF-8; says which variable named it.
    """
    try:
        secret = read_named(variable, file).decode().rstrip("\r\n")
    except UnicodeDecodeError:  # its message would show a byte of it
        raise ConfigurationError(f"{variable}: {file} is not UTF-8") from None
    if not secret:
        raise ConfigurationError(f"{variable}: {file} is empty")
    return secret


def read_named(variable: str, file: Path) -> bytes:
    """What a file holds. Raises: ConfigurationError: it cannot be read; says which variable named it."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{variable}: {file} cannot be read: {error.strerror}") from None
