"""Why a document took the way it took, and what knowledge is: closed vocabularies, safe as metric labels."""

from enum import StrEnum


class RejectionReason(StrEnum):
    """Why a record became a dead letter."""

    EMPTY_VALUE = "empty_value"
    INVALID_EVENT = "invalid_event"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    UNSUPPORTED_CLAIM_CHECK = "unsupported_claim_check"
    DOCUMENT_TOO_LARGE = "document_too_large"
    UNDECODABLE_TEXT = "undecodable_text"
    MALFORMED_DOCUMENT = "malformed_document"
    ENCRYPTED_DOCUMENT = "encrypted_document"
    NO_TEXT = "no_text"
    TEXT_TOO_LARGE = "text_too_large"
    TOO_MANY_PAGES = "too_many_pages"
    ARCHIVE_TOO_LARGE = "archive_too_large"
    PARSE_TIMEOUT = "parse_timeout"
    PARSE_MEMORY = "parse_memory"
    PARSER_CRASHED = "parser_crashed"
    PROCESS_KILLED = "process_killed"
    INTERNAL_ERROR = "internal_error"


class DeferralReason(StrEnum):
    """Why a document goes to the fallback instead of straight through."""

    LOW_TYPE_CONFIDENCE = "low_type_confidence"
    NOT_CERTIFIED = "not_certified"
    MISSING_FIELD = "missing_field"
    LOW_FIELD_CONFIDENCE = "low_field_confidence"
    UNFAMILIAR_DOCUMENT = "unfamiliar_document"
    UNKNOWN_LANGUAGE = "unknown_language"
    UNREAD_ATTACHMENT = "unread_attachment"


class DecidedBy(StrEnum):
    """Who decided a published result; consumers must tolerate values added later."""

    MODEL = "model"
    RETRIEVAL = "retrieval"
    GENERATOR = "generator"
    HUMAN = "human"


class ReviewReason(StrEnum):
    """Why a person is asked about a document."""

    UNDECIDED = "undecided"  # neither the index nor a generator, if its word would have counted, was sure enough
    GENERATOR_AWAY = (
        "generator_away"  # likewise, and no answer came for as long as it is waited for: away, or too many wait
    )
    AUDIT = "audit"  # an automatic result, drawn by chance to see how often such results are right
    CORRECTION = "correction"  # somebody holds an automatic result for wrong


class KnowledgeKind(StrEnum):
    """What a source text is to the fallback; consumers must tolerate values added later."""

    POLICY = "policy"
    CODE_LIST = "code_list"
    PLAYBOOK = "playbook"
    EXEMPLAR = "exemplar"
