"""Downloads from a Maven repository with the ``maven-artifact`` package (extra ``local``), imported lazily.

The repository is the one in ``DOCMILL_MAVEN_REPOSITORY``, else the mirror of central in the user's Maven
settings, else the package's default. Proxies and certificates are those that ``requests`` finds.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from xml.etree import ElementTree

from docmill.errors import LocalKafkaError
from docmill.local_kafka.jars import Download, Jar

_TIMEOUT_S = (10, 60)  # connect, and between two reads
_CHUNK_BYTES = 1 << 16


def maven_download(environ: Mapping[str, str] = os.environ) -> Download:
    """Returns a download from the user's Maven repository.

    Raises: LocalKafkaError when ``maven-artifact`` is not installed.
    """
    try:
        import maven_artifact  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise LocalKafkaError(
            "the broker's jars are not in the cache, and maven-artifact, which fetches them, is not "
            "installed: pip install 'docmill[local]'"
        ) from error

    mirror = configured_repository(environ, Path.home() / ".m2/settings.xml")
    downloader = maven_artifact.Downloader(base=mirror) if mirror else maven_artifact.Downloader()

    def download(jar: Jar) -> Iterator[bytes]:
        artifact = maven_artifact.Artifact(jar.group, jar.artifact, jar.version, classifier=jar.classifier)
        url = downloader.resolver.uri_for_artifact(artifact)
        # Not Downloader.download: it has no timeout and prints.
        try:
            with downloader.requestor.request(url, None, stream=True, timeout=_TIMEOUT_S) as response:
                yield from response.iter_content(_CHUNK_BYTES)
        except OSError as error:  # requests' own errors are OSErrors
            raise LocalKafkaError(
                f"cannot fetch {jar}: {error}\nRun `docmill kafka fetch` once with a network (it is not "
                "needed afterwards). A mirror goes into ~/.m2/settings.xml or DOCMILL_MAVEN_REPOSITORY"
            ) from error

    return download


def configured_repository(environ: Mapping[str, str], settings: Path) -> str | None:
    """Returns the base address of the repository the user configured, or None for the default one.

    Raises: LocalKafkaError when the Maven settings are not XML.
    """
    if environ.get("DOCMILL_MAVEN_REPOSITORY"):
        return environ["DOCMILL_MAVEN_REPOSITORY"]
    if not settings.exists():
        return None
    try:
        tree = ElementTree.parse(settings)  # noqa: S314 - the user's own file
    except ElementTree.ParseError as error:
        raise LocalKafkaError(f"{settings} is not well-formed: {error}") from error
    for mirror in tree.iterfind(".//{*}mirror"):
        mirrored = (mirror.findtext("{*}mirrorOf") or "").replace(" ", "").split(",")
        if {"central", "*", "external:*"} & set(mirrored) and "!central" not in mirrored:
            return mirror.findtext("{*}url")
    return None
