import base64
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docmill.errors import DocumentError
from docmill.ingest import extract
from docmill.ingest.extracted import Extracted
from docmill.ingest.limits import DEFAULT_LIMITS
from docmill.ingest.mail import MAX_ATTACHMENTS, MAX_DEPTH
from docmill.ingest.media_types import DOCX, MAIL, PDF
from docmill_schemas.reasons import RejectionReason
from tests.unit.ingest.pdf_files import text_pdf
from tests.unit.ingest.word_files import archive, paragraph, word_file

HEADERS = "From: Ann <a@example.org>\nTo: b@example.org\nSubject: Claim 12\nDate: Thu, 12 May 2022 08:41:17 -0500\n"
SHOWN = HEADERS.strip()
PICTURE = ("image/png", "\x89PNG")


def read(content: str | bytes) -> Extracted:
    raw = content.encode() if isinstance(content, str) else content
    return extract(raw, MAIL, None, DEFAULT_LIMITS)


def refused(content: str | bytes, **limits: int) -> DocumentError:
    raw = content.encode() if isinstance(content, str) else content
    with pytest.raises(DocumentError) as caught:
        extract(raw, MAIL, None, replace(DEFAULT_LIMITS, **limits))
    return caught.value


def part(media_type: str, content: str | bytes, *headers: str) -> bytes:
    """A part of a mail; `headers` are further ones."""
    raw = content.encode() if isinstance(content, str) else content
    lines = "\n".join([f"Content-Type: {media_type}", "Content-Transfer-Encoding: base64", *headers])
    return lines.encode() + b"\n\n" + base64.encodebytes(raw)


def attached(media_type: str, content: str | bytes, name: str = "file") -> bytes:
    return part(media_type, content, f'Content-Disposition: attachment; filename="{name}"')


def several(kind: str, parts: Sequence[bytes], boundary: str = "b") -> bytes:
    """A multipart of these parts."""
    marked = b"".join(f"--{boundary}\n".encode() + one + b"\n" for one in parts)
    return f"Content-Type: multipart/{kind}; boundary={boundary}\n\n".encode() + marked + f"--{boundary}--\n".encode()


def mixed(*parts: bytes) -> bytes:
    return HEADERS.encode() + several("mixed", parts)


BODY = part("text/plain; charset=utf-8", "See attached.")


def test_headers_then_the_body() -> None:
    assert read(HEADERS + "X-Other: secret\n\nHello,\n\nplease pay.\n").text == f"{SHOWN}\n\nHello,\n\nplease pay."


def test_encoded_and_folded_headers() -> None:
    text = read(
        "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n aus Wien\nFrom: =?iso-8859-1?Q?J=FCrgen?= <j@x.example>\n\nhi"
    ).text
    assert text == "From: Jürgen <j@x.example>\nSubject: Grüße aus Wien\n\nhi"


def test_raw_bytes_in_headers_are_read_as_utf8() -> None:
    assert read("Subject: Grüße\n\nhi").text == "Subject: Grüße\n\nhi"
    assert "hi" in read(b"Subject: Gr\xfc\xdfe =?utf-8?q?=ed=a0=80?=\n\nhi").text.encode().decode()


@pytest.mark.parametrize(
    ("media_type", "content", "text"),
    [
        ("text/plain; charset=iso-8859-1", "für".encode("latin-1"), "für"),
        ("text/plain", "für".encode("cp1252"), "für"),
        ("text/plain; charset=no-such", "für".encode(), "für"),
        ("text/plain; charset=us-ascii", "für".encode(), "fÃ¼r"),  # means windows-1252
        ("text/plain; charset=utf-8", "für".encode("cp1252"), "für"),  # not as declared
        ("text/html; charset=utf-8", "<p>für<br>dich".encode(), "für\ndich"),
        ("text/html", "<meta charset=windows-1252><p>für".encode("cp1252"), "für"),
    ],
)
def test_charsets_of_bodies(media_type: str, content: bytes, text: str) -> None:
    assert read(b"Subject: s\n" + part(media_type, content)).text == f"Subject: s\n\n{text}"


def test_of_alternatives_the_text_is_taken() -> None:
    plain, html = part("text/plain", "plain"), part("text/html", "<p>html")
    calendar = part("text/calendar", "BEGIN:VCALENDAR")
    for parts in ([plain, html], [html, plain], [plain, html, calendar]):
        extracted = read(HEADERS.encode() + several("alternative", parts))
        assert (extracted.text, extracted.unread_attachments) == (f"{SHOWN}\n\nplain", ())
    blank = part("text/plain", " \n")
    assert read(HEADERS.encode() + several("alternative", [blank, html])).text == f"{SHOWN}\n\nhtml"
    assert read(HEADERS.encode() + several("alternative", [html])).text == f"{SHOWN}\n\nhtml"


def test_attachments_hide_in_alternatives() -> None:
    """Apple Mail puts a PDF between two halves of the HTML."""
    halves = [part("text/html", "<p>one"), attached(PDF, text_pdf(["invoice"])), part("text/html", "<p>two")]
    parts = [part("text/plain", "plain"), several("mixed", halves, "inner")]
    assert read(HEADERS.encode() + several("alternative", parts)).text == f"{SHOWN}\n\nplain\n\ninvoice"


def test_attachments_that_docmill_reads_come_after_the_body() -> None:
    message = mixed(
        attached(PDF, text_pdf(["page one"], ["page two"])),
        BODY,
        attached(DOCX, word_file(paragraph("a letter"))),
        attached("text/html", "<p>a page"),
        attached("text/plain; charset=iso-8859-1", "für".encode("latin-1")),
        attached("application/octet-stream", text_pdf(["named nothing"])),
    )
    said = ["See attached.", "page one\npage two", "a letter", "a page", "für", "named nothing"]
    assert read(message) == Extracted("\n\n".join([SHOWN, *said]))


def test_attachments_that_it_cannot_read_are_named() -> None:
    encrypted = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le")
    unread: list[tuple[str, str | bytes]] = [
        ("image/jpeg", "\xff\xd8"),
        ("application/zip", archive({"a": b"b"})),
        (PDF, text_pdf([])),
        (PDF, b"%PDF- damaged"),
        (DOCX, encrypted),
        ("application/vnd.ms-excel", "x"),
        ("text/csv", "a,b"),
        ("message/delivery-status", "Reporting-MTA: dns; x"),
    ]
    extracted = read(mixed(BODY, *(attached(media_type, content) for media_type, content in unread)))
    assert extracted.unread_attachments == tuple(media_type for media_type, _ in unread)
    assert extracted.text == f"{SHOWN}\n\nSee attached."
    unnamed = read(mixed(BODY, attached("application/octet-stream", b"\xff\xd8\xff\xe0")))
    assert unnamed.unread_attachments == ("image/jpeg",)


def test_what_only_decorates_or_signs_a_mail_is_no_attachment() -> None:
    logo = part(*PICTURE, "Content-ID: <logo@x>", "Content-Disposition: inline; filename=logo.png")
    related = several("related", [part("text/html", "<p>hi<img src=cid:logo@x>"), logo], "inner")
    signature = attached("application/pkcs7-signature", "x")
    assert read(mixed(related, signature)) == Extracted(f"{SHOWN}\n\nhi")
    photo = part(*PICTURE, "Content-ID: <photo@x>", "Content-Disposition: attachment; filename=roof.png")
    assert read(mixed(BODY, photo)).unread_attachments == ("image/png",)
    assert read(mixed(BODY, part(*PICTURE))).unread_attachments == ("image/png",)


def test_an_empty_attachment_holds_nothing_to_read() -> None:
    assert read(mixed(BODY, attached("text/plain", " \n"))).unread_attachments == ()


def test_a_mail_that_is_one_attachment() -> None:
    assert read(HEADERS.encode() + attached(PDF, text_pdf(["scanned and read"]))).text == f"{SHOWN}\n\nscanned and read"
    only_a_photo = read(b"From: a@example.org\n" + attached(*PICTURE))
    assert only_a_photo == Extracted("From: a@example.org", (), ("image/png",))


def forwarded(inner: bytes) -> bytes:
    return b"Content-Type: message/rfc822\n\n" + inner


def test_a_forwarded_mail_is_read_with_its_attachments() -> None:
    inner = b"Subject: inner\n" + several("mixed", [part("text/plain", "first"), attached(*PICTURE)], "i")
    extracted = read(mixed(BODY, forwarded(inner), attached(PDF, text_pdf(["outer"]))))
    assert extracted.text == f"{SHOWN}\n\nSee attached.\n\nSubject: inner\n\nfirst\n\nouter"
    assert extracted.unread_attachments == ("image/png",)


def test_mails_in_mails_are_read_down_to_a_depth() -> None:
    message = b"Subject: innermost\n\nhi"
    for depth in range(MAX_DEPTH + 1):
        extracted = read(message)
        assert extracted.unread_attachments == ()
        assert extracted.text.endswith("hi")
        message = f"Subject: {depth}\n".encode() + forwarded(message)
    extracted = read(message)
    assert extracted.unread_attachments == ("message/rfc822",)
    assert "hi" not in extracted.text


def test_more_attachments_than_anybody_sends() -> None:
    parts = [attached("text/plain", str(n)) for n in range(MAX_ATTACHMENTS)]
    assert read(mixed(BODY, *parts)).text.endswith(f"\n\n{MAX_ATTACHMENTS - 1}")
    assert refused(mixed(BODY, *parts, parts[0])).reason is RejectionReason.ARCHIVE_TOO_LARGE
    inner = b"Subject: inner\n" + several("mixed", parts, "i")
    assert refused(mixed(forwarded(inner))).reason is RejectionReason.ARCHIVE_TOO_LARGE  # all mails count together


def test_attachments_of_too_many_bytes() -> None:
    half = attached("application/x-unknown", b"0" * (600 * 1024))
    assert len(read(mixed(BODY, half)).unread_attachments) == 1
    assert refused(mixed(BODY, half, half), max_archive_mib=1).reason is RejectionReason.ARCHIVE_TOO_LARGE


def test_the_text_of_all_parts_counts_together() -> None:
    message = mixed(part("text/plain", "x" * 500), attached("text/plain", "y" * 500))
    assert refused(message, max_characters=900).reason is RejectionReason.TEXT_TOO_LARGE
    assert refused(message, max_characters=550).reason is RejectionReason.TEXT_TOO_LARGE
    assert extract(message, MAIL, None, replace(DEFAULT_LIMITS, max_characters=1200)).text.endswith("y")


@pytest.mark.parametrize("content", ["\njust text", "\x00\x01\x02", "no colon here", "\n\n"])
def test_without_headers_it_is_no_mail(content: str) -> None:
    error = refused(content)
    assert error.reason in (RejectionReason.MALFORMED_DOCUMENT, RejectionReason.NO_TEXT)


def test_a_mail_that_says_nothing() -> None:
    assert refused("From: a@example.org\nTo: b@example.org\n\n \n").reason is RejectionReason.NO_TEXT
    assert read("Subject: please cancel policy 12\n\n").text == "Subject: please cancel policy 12"


@pytest.mark.parametrize(
    "kind", ["multipart/encrypted; boundary=b", "application/pkcs7-mime", "application/x-pkcs7-mime"]
)
def test_an_encrypted_mail(kind: str) -> None:
    assert refused(f"{HEADERS}Content-Type: {kind}\n\n--b\n\nx\n--b--").reason is RejectionReason.ENCRYPTED_DOCUMENT


def test_a_body_that_is_no_text() -> None:
    assert (
        refused(HEADERS.encode() + part("text/plain", b"\x00\x01\x02\x81")).reason is RejectionReason.UNDECODABLE_TEXT
    )


def test_a_multipart_without_parts_is_unread_rather_than_lost() -> None:
    assert read(f"{HEADERS}Content-Type: multipart/mixed\n\nsaid").unread_attachments == ("multipart/mixed",)


def nested(depth: int) -> bytes:
    return HEADERS.encode() + b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(depth)
    )


def test_parts_nested_past_all_measure() -> None:
    assert read(nested(50) + b"\nhi").text == f"{SHOWN}\n\nhi"
    assert refused(nested(5000) + b"\nhi").reason is RejectionReason.MALFORMED_DOCUMENT


def test_thousands_of_recipients_cost_little() -> None:
    recipients = ",\n ".join(f'"Person {n}" <p{n}@example.org>' for n in range(3000))
    assert read(f"Subject: s\nTo: {recipients}\n\nhi").text.count("@example.org") == 3000


PIECES = st.sampled_from(
    [
        *("Content-Type: ", "text/plain", "text/html", "multipart/mixed", "multipart/alternative", "message/rfc822"),
        *("; boundary=b", "; charset=x", '; charset="', "; name*0*=utf-8''%ff", "Content-Disposition: attachment"),
        *("Content-Transfer-Encoding: base64", "Content-ID: <a", "Subject: ", "=?utf-8?q?=ff?=", "=?x?b?!?=", "From: "),
        *("\n", "\n", "\n\n", "--b", "--b--", "<p>", "hi", "\x00", "\ud800", '"', "(((", ";;", "=", "é"),
    ]
)


@given(st.lists(PIECES, max_size=60))
def test_a_text_or_a_document_error(pieces: list[str]) -> None:
    content = "".join(pieces).encode("utf-8", "surrogatepass")
    try:
        extracted = read(content)
    except DocumentError:
        return
    assert extracted.text.strip() or extracted.unread_attachments
    assert extracted.text.encode().decode() == extracted.text
