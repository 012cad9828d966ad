"""Word files written by hand, part by part, so that a test can break any of them."""

import io
import zipfile
from collections.abc import Mapping

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
COMPATIBILITY = "http://schemas.openxmlformats.org/markup-compatibility/2006"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml"


def word_file(body: str, parts: Mapping[str, str] | None = None, relations: Mapping[str, str] | None = None) -> bytes:
    """A .docx whose document has this body.

    Args:
        parts: further parts in word/, named without .xml (header1, footnotes, ...): their content, in their root.
        relations: id -> target of further relations of the document.
    """
    return archive(members(body, parts or {}, relations or {}))


def members(body: str, parts: Mapping[str, str], relations: Mapping[str, str]) -> dict[str, bytes]:
    """The archive's members."""
    kinds = {name: name.rstrip("0123456789") for name in parts}
    types = "".join(
        f'<Override PartName="/word/{name}.xml" ContentType="{MAIN}.{kind}+xml"/>' for name, kind in kinds.items()
    )
    own = "".join(
        f'<Relationship Id="{name}" Type="{OFFICE}/{kind}" Target="{name}.xml"/>' for name, kind in kinds.items()
    )
    further = "".join(
        f'<Relationship Id="{name}" Type="{OFFICE}/image" Target="{target}"/>' for name, target in relations.items()
    )
    texts = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" ContentType='
        f'"application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/word/document.xml" '
        f'ContentType="{MAIN}.document.main+xml"/>{types}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>',
        "word/_rels/document.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">{own}{further}'
        f"</Relationships>",
        "word/document.xml": root("document", f"<w:body>{body}</w:body>"),
        **{f"word/{name}.xml": root(_roots(kinds[name]), content) for name, content in parts.items()},
    }
    return {name: text.encode() for name, text in texts.items()}


def archive(content: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of these members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as made:
        for name, data in content.items():
            made.writestr(name, data)
    return file.getvalue()


def root(name: str, content: str, before: str = "") -> str:
    """A part's XML."""
    return f'{before}<w:{name} xmlns:w="{WORD}" xmlns:r="{OFFICE}" xmlns:mc="{COMPATIBILITY}">{content}</w:{name}>'


def paragraph(text: str) -> str:
    """One run of text; `text` is XML."""
    return f"<w:p><w:pPr><w:tabs><w:tab/></w:tabs></w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"


def table(*rows: tuple[str, ...]) -> str:
    """Cells are given as their XML."""
    lines = ("".join(f"<w:tc>{cell}</w:tc>" for cell in row) for row in rows)
    return f"<w:tbl>{''.join(f'<w:tr>{line}</w:tr>' for line in lines)}</w:tbl>"


def _roots(kind: str) -> str:
    return {"header": "hdr", "footer": "ftr"}.get(kind, kind)
