"""Makes the sample documents that are no text files: `python samples/make_documents.py`, byte by byte the same again.

Their words stand here; what a reader finds in them stands in labels.jsonl.
"""

import ctypes
import io
import re
import zipfile
from collections.abc import Sequence
from email.message import EmailMessage
from pathlib import Path

import docx
import pypdfium2
from docx.shared import Pt
from pypdfium2 import raw

SAMPLES = Path(__file__).parent
PAGE_WIDTH, PAGE_HEIGHT = 612, 792  # US letter, points
LEFT, TOP, LEADING, SIZE = 72, 712, 14.5, 11.0
SCAN_DPI = 100
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # of the members of an archive

HOSTING = (
    """\
WEB HOSTING AND SUPPORT AGREEMENT

This Web Hosting and Support Agreement (this "Agreement") is made as of
March 18, 2020 by and between Brackwater Server Works, Inc., a Delaware
corporation ("Host"), and Ottoline Quilting Supply Company, a Vermont
corporation ("Customer").

RECITALS

Customer sells fabric and patterns through its web site and wishes to have
that site kept on servers that Host runs. Host is willing to do so.

1. DEFINITIONS

"Site" means the pages, programs and data that Customer places on the
Servers. "Servers" means the computers in Host's data center in Rutland.
"Uptime" means the share of a calendar month in which the Site answers.

2. SERVICES

2.1 From April 1, 2020 (the "Effective Date") Host shall keep the Site on
the Servers, connect them to the internet and make a copy of all data each
night, which it shall keep for thirty (30) days.
2.2 Host shall answer support requests within four (4) business hours.
2.3 Host may move the Site to other Servers of like quality on ten (10)
days' notice. It may not move the Site outside the United States.

3. FEES

Customer shall pay $840.00 a month in advance, and $95.00 an hour for work
that it orders in writing. Late sums bear interest at 1% a month.""",
    """\
4. SERVICE LEVEL

Host shall provide an Uptime of 99.5% in each month. For each full hour
below it Host shall credit Customer one day's fee, up to one month's fee.
Credits are Customer's sole remedy for missed Uptime, save as said in 6.3.

5. CUSTOMER CONTENT

Customer owns the Site. It grants Host a non-exclusive license to copy and
transmit it for the Services only. Customer shall not place on the Servers
anything that is unlawful or that harms the Servers or their other users.

6. TERM AND TERMINATION

6.1 This Agreement ends on March 31, 2023 unless it is renewed.
6.2 It renews for additional terms of one (1) year each, unless either
party gives notice of non-renewal at least sixty (60) days before the end.
6.3 Customer may terminate if Uptime is below 97% in two months of any six.
6.4 On termination Host shall hand over all data within five (5) days and
then delete its own copies.

7. CONFIDENTIALITY

Each party shall keep the other's confidential information secret during
the term and for two (2) years afterwards. Customer's order records and
Host's network plans are confidential whether or not they are so marked.

8. WARRANTY AND LIABILITY

Host warrants that it will perform the Services in a workmanlike manner.
ALL OTHER WARRANTIES ARE EXCLUDED. Neither party is liable for lost profits.
The liability of each party is limited to the fees of twelve (12) months.""",
    """\
9. INSURANCE

Host shall maintain general liability and cyber insurance of at least
$2,000,000 for each occurrence and show certificates on request.

10. ASSIGNMENT

Neither party may assign this Agreement without the other's consent,
except to a buyer of all or nearly all of its business.

11. GOVERNING LAW

This Agreement is governed by the laws of the State of Vermont. The courts
of Rutland County have jurisdiction.

12. ENTIRE AGREEMENT

This is the whole agreement of the parties on its subject. It may be changed
only in writing, signed by both.

IN WITNESS WHEREOF the parties have signed through their officers.

BRACKWATER SERVER WORKS, INC.

By: Cornelius Adebayo-Finch
Title: President

OTTOLINE QUILTING SUPPLY COMPANY

By: Wilhelmina Trask
Title: Treasurer""",
)

ESTIMATE = """\
GRANDVIEW GLASS & BODY
88 Foundry Row, Salina, KS

REPAIR ESTIMATE No. 20714
Date: May 11, 2022

Customer: Leopold Marchetti-Owens
Vehicle: 2017 pickup, grey, VIN ends 4471

Windshield, replace                         $418.00
Hood, paintless dent removal              $1,150.00
Roof, repair and refinish                 $1,372.50
Tail lamp, left                             $129.50

Total with parts and labor                $3,070.00

This estimate is good for thirty days. Hidden damage may add to it."""


HAIL = """\
Good morning,

I need to report hail damage to my truck. The storm came through on
May 9, 2022 a little after 4 in the afternoon while it was parked in front
of our shop. Windshield is cracked from side to side and the hood and roof
look like a golf ball.

Policy number is PLM 66-20931. I got one estimate so far, attached, it
comes to $3,070.00 which is what I am asking for. The truck still drives
but I would rather not with that windshield.

Please tell me if an adjuster will come or if I can go ahead.

Leopold Marchetti-Owens
785-555-0148
"""


def main() -> None:
    """Write all of them."""
    documents = {
        "contracts/hosting-agreement.pdf": text_pdf(HOSTING),
        "claims/letter-tenant-escape-of-water.docx": claim_letter(),
        "claims/first-notice-hail-mail.eml": hail_mail(),
        "broken/scan.pdf": scanned_pdf(text_pdf((ESTIMATE,))),
    }
    for name, content in documents.items():
        (SAMPLES / name).write_bytes(content)
        print(f"{name}: {len(content)} bytes")


def text_pdf(pages: Sequence[str]) -> bytes:
    """A PDF with a text layer, in one of the fonts that every viewer has."""
    with pypdfium2.PdfDocument.new() as document:
        for number, text in enumerate(pages, start=1):
            page = document.new_page(PAGE_WIDTH, PAGE_HEIGHT)
            for row, line in enumerate(text.splitlines()):
                _put(document, page, line, LEFT, TOP - row * LEADING)
            if len(pages) > 1:
                _put(document, page, f"Page {number} of {len(pages)}", PAGE_WIDTH / 2 - 30, LEFT / 2)
            page.gen_content()
        return _saved(document)


def _put(document: pypdfium2.PdfDocument, page: pypdfium2.PdfPage, line: str, x: float, y: float) -> None:
    if not line:
        return
    text = raw.FPDFPageObj_NewTextObj(document, b"Times-Roman", ctypes.c_float(SIZE))
    letters = line.encode("utf-16-le") + b"\x00\x00"
    raw.FPDFText_SetText(text, ctypes.cast(ctypes.c_char_p(letters), ctypes.POINTER(ctypes.c_ushort)))
    raw.FPDFPageObj_Transform(text, 1, 0, 0, 1, x, y)
    raw.FPDFPage_InsertObject(page, text)


def scanned_pdf(content: bytes) -> bytes:
    """The same pages as pictures, as a scanner makes them: nothing in it is text."""
    with pypdfium2.PdfDocument(content) as source, pypdfium2.PdfDocument.new() as document:
        for original in source:
            bitmap = original.render(scale=SCAN_DPI / 72, grayscale=True)
            image = pypdfium2.PdfImage.new(document)
            image.set_bitmap(bitmap)
            image.set_matrix(pypdfium2.PdfMatrix().scale(PAGE_WIDTH, PAGE_HEIGHT))
            page = document.new_page(PAGE_WIDTH, PAGE_HEIGHT)
            page.insert_obj(image)
            page.gen_content()
        return _saved(document)


def _saved(document: pypdfium2.PdfDocument) -> bytes:
    buffer = io.BytesIO()
    document.save(buffer)
    timeless = re.sub(rb"\(D:\d{14}", b"(D:" + b"19800101000000", buffer.getvalue())
    return re.sub(rb"<[0-9A-F]{32}>", b"<" + b"0" * 32 + b">", timeless)  # as long as before: offsets stay right


def claim_letter() -> bytes:
    """A letter with a letterhead, a table of what was lost, and a footer."""
    document = docx.Document()
    document.styles["Normal"].font.size = Pt(11)
    section = document.sections[0]
    section.header.paragraphs[0].text = "Rosalind Achterberg-Nkemelu, Flat 6, The Old Maltings, Wivenhoe, Essex"
    section.footer.paragraphs[0].text = "Enclosures: plumber's invoice, nine photographs, receipts for items 1 to 3"
    for text in (
        "14 November 2023",
        "Colne & Stour Mutual Insurance Society\nClaims Department\n17 Hythe Quay\nColchester",
        "Dear Claims Department,",
    ):
        document.add_paragraph(text)
    document.add_paragraph().add_run("Contents policy CSM-T-40418-B: escape of water").bold = True
    document.add_paragraph(
        "I am the tenant of the flat above and hold a contents policy with you, number CSM-T-40418-B. On 2 November "
        "2023 a pipe behind the washing machine in the flat overhead, number 11, came apart while its owners were at "
        "work. By the time I got home at half past five water was coming through the ceiling of my living room, and it "
        "went on until the caretaker found the stopcock at about seven."
    )
    document.add_paragraph("These things of mine were ruined:")
    table = document.add_table(rows=1, cols=3)
    for cell, title in zip(table.rows[0].cells, ("No.", "Item", "Cost to replace"), strict=True):
        cell.text = title
    for row in (
        ("1", "Sofa, two years old", "£890.00"),
        ("2", "Wool rug, 2 by 3 metres", "£340.00"),
        ("3", "Record player and amplifier", "£415.50"),
        ("4", "About forty books", "£320.00"),
        ("", "Total", "£1,965.50"),
    ):
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    for text in (
        "I therefore claim £1,965.50 under the policy, before the excess of £150. The damage to the ceiling is my "
        "landlord's to claim for and he has told his own insurer.",
        "I have kept the sofa and the rug in the bin store so that you can look at them, but the managing agent wants "
        "them gone by the end of the month. Please let me know before then whether you are sending somebody.",
        "Yours faithfully,",
        "Rosalind Achterberg-Nkemelu",
    ):
        document.add_paragraph(text)
    return _fixed_archive(document)


def _fixed_archive(document: "docx.document.Document") -> bytes:
    """The saved document without the time of day in it."""
    saved, fixed = io.BytesIO(), io.BytesIO()
    document.save(saved)
    with zipfile.ZipFile(saved) as members, zipfile.ZipFile(fixed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in members.namelist():
            if name != "docProps/thumbnail.jpeg":  # of python-docx's own template
                archive.writestr(zipfile.ZipInfo(name, LONG_AGO), members.read(name), zipfile.ZIP_DEFLATED)
    return fixed.getvalue()


def hail_mail() -> bytes:
    """A mail said twice, as text and as HTML, with an estimate attached."""
    message = EmailMessage()
    message["From"] = "Leopold Marchetti-Owens <leopold@marchetti-owens.example>"
    message["To"] = "New claims <claims@plainsmutual.example>"
    message["Subject"] = "Hail damage claim, policy PLM 66-20931"
    message["Date"] = "Thu, 12 May 2022 08:41:17 -0500"
    message["Message-ID"] = "<hail-20220512@marchetti-owens.example>"
    message.set_content(HAIL)
    paragraphs = "".join(f"<p>{part}</p>" for part in HAIL.strip().split("\n\n"))
    message.add_alternative(f"<html><body>{paragraphs}</body></html>", subtype="html")
    message.add_attachment(text_pdf((ESTIMATE,)), maintype="application", subtype="pdf", filename="estimate.pdf")
    for number, part in enumerate(message.walk()):
        if part.is_multipart():
            part.set_boundary(f"=-part-{number}-of-hail-mail")
    return message.as_bytes()


if __name__ == "__main__":
    main()
