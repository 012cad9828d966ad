"""Names of the media types that docmill knows."""

PLAIN = "text/plain"
HTML = "text/html"
XHTML = "application/xhtml+xml"
PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
MAIL = "message/rfc822"
JPEG = "image/jpeg"
PNG = "image/png"
TIFF = "image/tiff"
ZIP = "application/zip"
UNKNOWN = "application/octet-stream"  # says nothing: the bytes decide

SCANS = frozenset({JPEG, PNG, TIFF})
