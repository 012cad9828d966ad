import io
import struct
import zipfile

import pytest

from docmill.errors import DocumentError
from docmill.ingest.docx_package import unpacked
from docmill.ingest.limits import MIB
from docmill_schemas.reasons import RejectionReason
from tests.unit.ingest.word_files import archive

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600


def refused(content: bytes, max_bytes: int = MIB) -> DocumentError:
    with pytest.raises(DocumentError) as caught:
        unpacked(content, max_bytes)
    return caught.value


def names(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(unpacked(content, MIB)) as made:
        assert {member.compress_type for member in made.infolist()} == {zipfile.ZIP_STORED}
        return {name: made.read(name) for name in made.namelist()}


def test_members_come_out_as_they_went_in() -> None:
    content = {"a.xml": b"<a/>", "word/media/b.png": b"\x00" * 100_000, "empty": b""}
    assert names(archive(content)) == content
    assert names(archive(content, zipfile.ZIP_STORED)) == content


def test_a_bomb_is_refused_by_what_it_declares() -> None:
    error = refused(archive({"a": b"0" * MIB, "b": b"1"}))
    assert error.reason is RejectionReason.ARCHIVE_TOO_LARGE
    assert error.detail == f"unpacks to {MIB + 1} bytes, at most 1 MiB"
    assert unpacked(archive({"a": b"0" * (MIB - 1), "b": b"1"}), MIB)


def test_a_bomb_that_lies_never_unfolds() -> None:
    bomb = archive({"a": b"0" * (50 * MIB)})
    lie = bomb.replace(struct.pack("<L", 50 * MIB), struct.pack("<L", 1000))
    assert refused(lie).reason is RejectionReason.MALFORMED_DOCUMENT
    checksum = struct.pack("<L", zipfile.crc32(b"0" * 1000))  # type: ignore[attr-defined]
    honest = zipfile.ZipFile(io.BytesIO(bomb)).getinfo("a").CRC
    better = lie.replace(struct.pack("<L", honest), checksum)
    assert names(better) == {"a": b"0" * 1000}


def test_encrypted_archives_and_files() -> None:
    zipped = bytearray(archive({"a": b"secret"}))
    for magic, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        zipped[zipped.index(magic) + flags] |= 1
    assert refused(bytes(zipped)).reason is RejectionReason.ENCRYPTED_DOCUMENT
    office = OLE + "EncryptedPackage".encode("utf-16-le")
    assert refused(office).reason is RejectionReason.ENCRYPTED_DOCUMENT
    assert refused(OLE).reason is RejectionReason.MALFORMED_DOCUMENT  # a .doc of old


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_compressions_that_no_word_document_has(compression: int) -> None:
    assert refused(archive({"a": b"0" * 1000}, compression)).reason is RejectionReason.MALFORMED_DOCUMENT


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04", b"text", archive({"a": b"0123" * 99})[:-30]], ids=["empty", "magic", "text", "cut"]
)
def test_no_archive(content: bytes) -> None:
    assert refused(content).reason is RejectionReason.MALFORMED_DOCUMENT


def test_damaged_members() -> None:
    content = bytearray(archive({"a": bytes(range(256)) * 20}))
    content[60] ^= 0xFF
    assert refused(bytes(content)).reason is RejectionReason.MALFORMED_DOCUMENT


def test_relations_to_absent_parts_are_dropped() -> None:
    targets = {
        "part.xml": True,
        "/word/part.xml": True,
        "../word/part.xml": True,
        "NULL": False,
        "../part.xml": False,
        "": False,
    }
    relations = "".join(f'<Relationship Target="{target}"/>' for target in targets)
    external = '<Relationship Target="https://docmill.example" TargetMode="External"/>'
    found = names(
        archive(
            {
                "word/_rels/document.xml.rels": f"<Relationships>{relations}{external}</Relationships>".encode(),
                "word/part.xml": b"",
            }
        )
    )["word/_rels/document.xml.rels"].decode()
    assert found.count("<Relationship ") == sum(targets.values()) + 1
    assert "docmill.example" in found
