"""Reasons in plain words, for those who decide about docmill rather than run it."""

from docmill_schemas.reasons import DeferralReason, RejectionReason

IN_WORDS: dict[str, str] = {
    DeferralReason.LOW_TYPE_CONFIDENCE: "not sure enough of the type",
    DeferralReason.NOT_CERTIFIED: "no threshold could be certified for documents of this kind",
    DeferralReason.MISSING_FIELD: "a required field was not found",
    DeferralReason.LOW_FIELD_CONFIDENCE: "not sure enough of a required field",
    DeferralReason.UNFAMILIAR_DOCUMENT: "unlike everything that the model was trained on",
    DeferralReason.UNKNOWN_LANGUAGE: "not in a language that the model knows",
    DeferralReason.UNREAD_ATTACHMENT: "a mail with an attachment that docmill does not read",
    RejectionReason.EMPTY_VALUE: "an empty file",
    RejectionReason.INVALID_EVENT: "JSON that is no document",
    RejectionReason.UNSUPPORTED_MEDIA_TYPE: "a kind of file that docmill does not read",
    RejectionReason.UNSUPPORTED_CLAIM_CHECK: "a reference to a document that lies elsewhere",
    RejectionReason.DOCUMENT_TOO_LARGE: "a file larger than DOCMILL_MAX_DOCUMENT_BYTES",
    RejectionReason.UNDECODABLE_TEXT: "text in no encoding that docmill knows",
    RejectionReason.MALFORMED_DOCUMENT: "damaged, or not of the kind that its name says",
    RejectionReason.ENCRYPTED_DOCUMENT: "encrypted",
    RejectionReason.NO_TEXT: "no text in it; a scan needs OCR first",
    RejectionReason.TEXT_TOO_LARGE: "too much text",
    RejectionReason.TOO_MANY_PAGES: "more pages than DOCMILL_MAX_PAGES",
    RejectionReason.ARCHIVE_TOO_LARGE: "larger than DOCMILL_MAX_ARCHIVE_MIB once unpacked",
    RejectionReason.PARSE_TIMEOUT: "took longer to parse than DOCMILL_PARSE_TIMEOUT_S",
    RejectionReason.PARSE_MEMORY: "took more memory to parse than DOCMILL_PARSE_MEMORY_MIB",
    RejectionReason.PARSER_CRASHED: "crashed the parser",
    RejectionReason.PROCESS_KILLED: "killed the process that worked on it",
    RejectionReason.INTERNAL_ERROR: "a fault of docmill's: please report it",
}
