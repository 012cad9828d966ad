"""Mail (RFC 5322 and MIME): its headers, its body, then the attachments that docmill reads.

Of a body said twice, as text and as HTML, the text is taken. Does not know the formats of attachments.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from email import message_from_bytes, policy
from email.errors import MessageError
from email.headerregistry import HeaderRegistry
from email.message import EmailMessage, MIMEPart

from docmill.errors import DocumentError
from docmill.ingest.extracted import Extracted
from docmill.ingest.html import html_text
from docmill.ingest.limits import MIB, Budget, Limits
from docmill.ingest.media_types import HTML, MAIL, PLAIN, UNKNOWN
from docmill.ingest.plain import is_charset, plain_text
from docmill.ingest.sniff import sniff
from docmill_schemas.reasons import RejectionReason

# Headers as text: taking addresses apart costs seconds where there are thousands, and fails on strange ones.
POLICY = policy.default.clone(header_factory=HeaderRegistry(use_default_map=False))
SHOWN_HEADERS = ("From", "To", "Subject", "Date")
MAX_DEPTH = 5  # of mails in mails
MAX_ATTACHMENTS = 100  # of all these mails together
MAX_TYPE_CHARACTERS = 100
SEPARATOR = "\n\n"
ENCRYPTED = frozenset({"multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime"})
SIGNATURES = frozenset(
    {"application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"}
)  # say who sent it, not what
TextOf = Callable[[bytes, str, str | None, Limits], Extracted]
# What the standard library raises on headers that nobody foresaw.
DAMAGED = (MessageError, LookupError, ValueError, AttributeError, TypeError, RecursionError)


def mail_text(content: bytes, limits: Limits, text_of: TextOf) -> Extracted:
    """Text of a mail and of its attachments; media types of those that cannot be read.

    Args:
        text_of: reads an attachment.

    Raises:
        DocumentError: it is encrypted, damaged, empty, or holds too much.
    """
    try:
        message = message_from_bytes(content, policy=POLICY)
        if not message.keys():
            raise DocumentError(RejectionReason.MALFORMED_DOCUMENT, "mail: it does not start with headers")
        if message.get_content_type() in ENCRYPTED:
            raise DocumentError(RejectionReason.ENCRYPTED_DOCUMENT, "mail: it is encrypted to its recipient")
        return _Reader(limits, text_of).read(message)
    except DAMAGED as error:
        raise DocumentError(RejectionReason.MALFORMED_DOCUMENT, f"mail: {type(error).__name__}") from error


class _Reader:
    """Reads one mail, those in it included."""

    def __init__(self, limits: Limits, text_of: TextOf) -> None:
        self._limits = limits
        self._text_of = text_of
        self._budget = Budget(limits.max_characters)
        self._blocks: list[str] = []
        self._unread: list[str] = []
        self._attachments = 0
        self._attached_bytes = 0
        self._said_something = False  # beyond who wrote to whom, and when

    def read(self, message: EmailMessage) -> Extracted:
        """Raises: DocumentError, and whatever the standard library raises."""
        self._read_mail(message, depth=0)
        if not self._said_something and not self._unread:
            raise DocumentError(RejectionReason.NO_TEXT, "mail: no subject, no body and no attachment")
        return Extracted(SEPARATOR.join(self._blocks), unread_attachments=tuple(self._unread))

    def _read_mail(self, message: EmailMessage, depth: int) -> None:
        headers = {name: _header(message, name) for name in SHOWN_HEADERS}
        self._said_something |= bool(headers["Subject"])
        self._add("\n".join(f"{name}: {value}" for name, value in headers.items() if value))
        parts = list(_parts(message))
        for part in parts:
            if part.is_body:
                self._add_said(_body_text(part))
        for part in parts:
            if not part.is_body and not part.is_decoration:
                self._read_attachment(part, depth)

    def _read_attachment(self, part: "_Part", depth: int) -> None:
        self._attachments += 1
        if self._attachments > MAX_ATTACHMENTS:
            raise DocumentError(RejectionReason.ARCHIVE_TOO_LARGE, f"mail: more than {MAX_ATTACHMENTS} attachments")
        if part.mail is not None and depth < MAX_DEPTH:
            self._read_mail(part.mail, depth + 1)
        elif part.is_multipart:
            self._unread.append(part.media_type[:MAX_TYPE_CHARACTERS])
        else:
            self._read_file(part)

    def _read_file(self, part: "_Part") -> None:
        self._attached_bytes += len(part.content)
        if self._attached_bytes > self._limits.max_archive_mib * MIB:
            detail = f"mail: attachments of more than {self._limits.max_archive_mib} MiB"
            raise DocumentError(RejectionReason.ARCHIVE_TOO_LARGE, detail)
        media_type = part.media_type
        if media_type == UNKNOWN:
            media_type = sniff(part.content) or media_type
        limits = replace(self._limits, max_characters=self._budget.left)
        try:
            extracted = self._text_of(part.content, media_type, part.charset, limits)
        except DocumentError as error:
            if error.reason is RejectionReason.TEXT_TOO_LARGE:
                raise
            if error.reason is not RejectionReason.NO_TEXT or not media_type.startswith("text/"):
                self._unread.append(media_type[:MAX_TYPE_CHARACTERS])
        else:
            self._add_said(extracted.text)

    def _add_said(self, text: str) -> None:
        self._said_something |= bool(text.strip())
        self._add(text)

    def _add(self, text: str) -> None:
        text = text.strip("\n")
        if text:
            self._budget.spend(len(text) + len(SEPARATOR))
            self._blocks.append(text)


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a mail that holds something itself."""

    media_type: str
    charset: str | None
    content: bytes
    is_multipart: bool  # it holds parts all the same: a mail, a delivery report
    mail: EmailMessage | None
    is_file: bool  # said to be an attachment, or named
    is_decoration: bool  # a picture that the HTML shows, such as a logo, or a signature

    @property
    def is_body(self) -> bool:
        """Whether it is read as what the mail itself says."""
        return self.media_type in (PLAIN, HTML) and not self.is_file and not self.is_multipart

    @property
    def is_rendering(self) -> bool:
        """Whether, among alternatives, it says what the others say: HTML, a calendar entry, AMP."""
        return self.media_type.startswith("text/") and not self.is_file


def _parts(message: MIMEPart) -> Iterator[_Part]:
    """The parts that hold something, in their order; of alternatives only the text of one."""
    if message.get_content_maintype() != "multipart" or not message.is_multipart():
        yield _part(message)
    elif message.get_content_subtype() == "alternative":
        choices = [list(_parts(choice)) for choice in message.iter_parts()]
        chosen = max(choices, key=_preference, default=[])
        for choice in choices:  # attachments may hide in any of them
            yield from (part for part in choice if choice is chosen or not part.is_rendering)
    else:
        for child in message.iter_parts():
            yield from _parts(child)


def _part(message: MIMEPart) -> _Part:
    media_type, disposition = message.get_content_type(), message.get_content_disposition()
    content = message.get_payload(decode=True)
    inner = message.get_payload(0) if media_type == MAIL and message.is_multipart() else None
    is_shown = media_type.startswith("image/") and disposition != "attachment" and message["Content-ID"] is not None
    return _Part(
        media_type=media_type,
        charset=message.get_content_charset(),
        content=content if isinstance(content, bytes) else b"",
        is_multipart=message.is_multipart(),
        mail=inner if isinstance(inner, EmailMessage) else None,
        is_file=disposition == "attachment" or message.get_filename() is not None,
        is_decoration=is_shown or media_type in SIGNATURES,
    )


def _preference(choice: list[_Part]) -> int:
    """Text before HTML, HTML before nothing; the first of equals is taken."""
    kinds = {part.media_type for part in choice if part.is_body and part.content.strip()}
    return 2 if PLAIN in kinds else int(HTML in kinds)


def _body_text(part: _Part) -> str:
    """Text of a body. Mail programs declare charsets that are none, and wrong ones; then it counts as undeclared."""
    reader = html_text if part.media_type == HTML else plain_text
    if part.charset is not None and is_charset(part.charset):
        try:
            return reader(part.content, part.charset)
        except DocumentError as error:
            if error.reason is not RejectionReason.UNDECODABLE_TEXT:
                raise
    return reader(part.content, None)


def _header(message: EmailMessage, name: str) -> str:
    """A header's value on one line; "" where it is absent."""
    return " ".join(str(message.get(name, "")).split())
