"""A .docx archive to one that python-docx can be given: unpacked, counted, without relations to parts that are absent.

Does not know what stands in the parts.
"""

import posixpath
import zipfile
import zlib
from collections.abc import Mapping
from io import BytesIO

from docx.oxml.parser import parse_xml
from lxml import etree  # type: ignore[import-untyped]

from docmill.errors import DocumentError
from docmill.ingest.limits import MIB
from docmill.ingest.sniff import is_encrypted_office
from docmill_schemas.reasons import RejectionReason

ENCRYPTED_FLAG = 0x1
CHUNK_BYTES = 64 * 1024
RELATIONS = ".rels"
# What zipfile raises on damaged archives.
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, OSError)


def unpacked(content: bytes, max_bytes: int) -> BytesIO:
    """The archive again, not compressed, each member as large as it says.

    Raises:
        DocumentError: its members are encrypted, damaged, or too large together.
        XMLSyntaxError: its relations are no XML.
    """
    if is_encrypted_office(content):
        raise DocumentError(RejectionReason.ENCRYPTED_DOCUMENT, "Word document: opens with a password only")
    try:
        members = _members(content, max_bytes)
    except DAMAGED as error:
        raise DocumentError(
            RejectionReason.MALFORMED_DOCUMENT, f"no .docx archive, or damaged: {type(error).__name__}"
        ) from error
    package = BytesIO()
    with zipfile.ZipFile(package, "w", zipfile.ZIP_STORED) as archive:
        for name, data in members.items():
            archive.writestr(name, _without_dangling(name, data, members) if name.endswith(RELATIONS) else data)
    package.seek(0)
    return package


def _members(content: bytes, max_bytes: int) -> dict[str, bytes]:
    with zipfile.ZipFile(BytesIO(content)) as archive:
        _check(archive.infolist(), max_bytes)
        members = {}
        for member in archive.infolist():
            with archive.open(member) as stream:  # in chunks: reading it at once inflates all there is first
                members[member.filename] = b"".join(iter(lambda: stream.read(CHUNK_BYTES), b""))
        return members


def _check(members: list[zipfile.ZipInfo], max_bytes: int) -> None:
    if any(member.flag_bits & ENCRYPTED_FLAG for member in members):
        raise DocumentError(RejectionReason.ENCRYPTED_DOCUMENT, "Word document: its archive has a password")
    if any(member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for member in members):
        raise DocumentError(RejectionReason.MALFORMED_DOCUMENT, "no .docx archive: neither stored nor deflated")
    declared = sum(member.file_size for member in members)
    if declared > max_bytes:
        raise DocumentError(
            RejectionReason.ARCHIVE_TOO_LARGE, f"unpacks to {declared} bytes, at most {max_bytes // MIB} MiB"
        )


def _without_dangling(name: str, data: bytes, members: Mapping[str, bytes]) -> bytes:
    """Relations to parts that exist. Programs that drop a picture leave "NULL" behind; Word opens these, python-docx
    does not.
    """
    relations = parse_xml(data)
    folder = posixpath.dirname(posixpath.dirname(name))  # word/_rels/document.xml.rels is of a part in word
    for relation in list(relations):
        target = posixpath.normpath(posixpath.join("/", folder, relation.get("Target", ""))).lstrip("/")
        if relation.get("TargetMode") != "External" and target not in members:
            relations.remove(relation)
    return bytes(etree.tostring(relations))
