"""All settings of the services, from the environment: `DOCMILL_<NAME>`, and KAFKA_BOOTSTRAP_SERVERS."""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from docmill.addresses import checked_addresses
from docmill.errors import ConfigurationError
from docmill.misspelt import misspelt


class Settings(BaseSettings):
    """Checked once, at start; frozen from then on. Neither `repr` nor an error shows a secret."""

    model_config = SettingsConfigDict(
        env_prefix="DOCMILL_",
        env_ignore_empty=True,  # as Compose and Helm give what is not set
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
    )

    kafka_bootstrap_servers: str = Field(
        default="localhost:9092",
        validation_alias=AliasChoices("KAFKA_BOOTSTRAP_SERVERS", "kafka_bootstrap_servers"),
        description="host:port of the brokers, comma-separated",
    )
    topic_prefix: str = Field(
        default="", pattern=r"^[A-Za-z0-9._-]*$", description="put before every topic's name, for example `claims.`"
    )
    partitions: int = Field(default=6, ge=1, description="of topics that `docmill topics create` makes")
    replication_factor: int = Field(default=1, ge=-1, description="likewise; -1: the broker's default")
    group: str = Field(
        default="docmill-processor",
        pattern="^[^:]+$",  # transactional ids are made of it, with colons between
        description="consumer group of the processor; no colon",
    )
    indexer_group: str = Field(
        default="docmill-indexer", pattern="^[^:]+$", description="consumer group of the indexer; no colon"
    )
    fallback_group: str = Field(
        default="docmill-fallback", pattern="^[^:]+$", description="consumer group of the fallback; no colon"
    )
    arbiter_group: str = Field(
        default="docmill-arbiter", pattern="^[^:]+$", description="consumer group of the arbiter of reviews; no colon"
    )
    delivery: Literal["exactly_once", "at_least_once"] = Field(
        default="exactly_once",
        description="exactly_once needs brokers from 4.0 on; to change it, stop the whole group first",
    )
    transaction_timeout_ms: int = Field(
        default=15_000,
        ge=1000,
        le=15_000,
        description="of exactly_once: an open transaction holds back all readers of its partitions for so long at most",
    )
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        default="PLAINTEXT",
        description="of the brokers' listener: SSL is TLS, SASL names a user, SASL_SSL both ([security](security.md))",
    )
    sasl_mechanism: Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"] = Field(
        default="SCRAM-SHA-512", description="of SASL; PLAIN shows the broker the password, so it needs SASL_SSL"
    )
    sasl_username: str | None = Field(default=None, min_length=1, description="of SASL")
    sasl_password: SecretStr | None = Field(default=None, min_length=1, description="likewise; better in a file")
    sasl_password_file: Path | None = Field(
        default=None, description="that holds the password and nothing else, such as a mounted Kubernetes secret"
    )
    ssl_cafile: Path | None = Field(
        default=None, description="PEM: the authorities that sign brokers' certificates; default: the system's"
    )
    ssl_certfile: Path | None = Field(
        default=None, description="PEM: this client's own certificate and what signs it, for brokers that ask (mTLS)"
    )
    ssl_keyfile: Path | None = Field(default=None, description="PEM: its private key; default: in the same file")
    ssl_key_password: SecretStr | None = Field(default=None, min_length=1, description="of that key; better in a file")
    ssl_key_password_file: Path | None = Field(default=None, description="that holds it and nothing else")
    ssl_check_hostname: bool = Field(
        default=True, description="whether a broker's certificate must be of the name that it is asked for under"
    )
    bundle: Path | None = Field(default=None, description="folder of the model bundle; default: the one shipped")
    bundle_poll_s: float = Field(
        default=5.0,
        ge=0,
        description="time between two looks whether that folder holds another bundle; 0: only when a SIGHUP says so",
    )
    threads: int | None = Field(default=None, ge=1, description="inference threads; default: usable cores")
    max_slice_tokens: int = Field(
        default=16_384,
        ge=256,
        description="estimated tokens of a slice, the unit of publishing and committing; partitions at work share it",
    )
    max_document_bytes: int = Field(
        default=4 * 1024 * 1024, ge=1, description="a larger document is a dead letter `document_too_large`"
    )
    max_pages: int = Field(default=500, ge=1, description="of a PDF; more are a dead letter `too_many_pages`")
    max_archive_mib: int = Field(
        default=64, ge=1, description="unpacked size of a .docx and of a mail's attachments; else `archive_too_large`"
    )
    max_characters: int = Field(default=2_000_000, ge=1, description="of a document's text; else `text_too_large`")
    parsers: int | None = Field(
        default=None, ge=1, description="processes that parse HTML, PDF, .docx and mail; default: usable cores + 2"
    )
    parse_timeout_s: float = Field(
        default=10.0,
        gt=0,
        description="processor time to parse one document, six times as much on the clock; else `parse_timeout`",
    )
    parse_memory_mib: int = Field(
        default=512, ge=64, description="that parsing one document may take (Linux); else `parse_memory`"
    )
    max_queue_bytes: int = Field(
        default=4 * 1024 * 1024, ge=1, description="waiting bytes of a partition at which it is paused"
    )
    max_queue_records: int = Field(default=1000, ge=1, description="likewise, waiting records")
    include_text: bool = Field(default=False, description="carry the extracted text in DocumentProcessed")
    audit_share: float = Field(
        default=0.01,
        ge=0,
        le=1,
        description="of the automatic results, drawn by chance, that go to documents.review as well: they measure how "
        "often such results are right; 0: none",
    )
    fallback_policy: Path | None = Field(
        default=None, description="JSON of the fallback's weights and thresholds; default: the one shipped"
    )
    max_hold_s: float = Field(
        default=4 * 3600,
        ge=0,
        description="how long a document waits for a generator that is out of reach, before a person is asked",
    )
    generator_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s]+$",
        description="of an OpenAI-compatible endpoint, with `/v1`; not set: the fallback works without a generator",
    )
    generator_model: str | None = Field(default=None, min_length=1, description="as that endpoint names it")
    generator_api_key: SecretStr | None = Field(default=None, min_length=1, description="of it; better in a file")
    generator_api_key_file: Path | None = Field(default=None, description="that holds it and nothing else")
    generator_deadline_s: float = Field(
        default=30.0, gt=0, description="for a question, its wait for a turn and its repair included"
    )
    generator_at_once: int = Field(default=4, ge=1, description="questions under way; a replica's own limit")
    generator_max_tokens: int = Field(default=512, ge=32, description="of one answer")
    generator_usd_per_million_input: float = Field(default=0.0, ge=0, description="the endpoint's price list")
    generator_usd_per_million_output: float = Field(default=0.0, ge=0, description="likewise")
    generator_tokens_per_day: int | None = Field(default=None, ge=1, description="that a replica may spend")
    generator_usd_per_day: float | None = Field(default=None, gt=0, description="likewise")
    http_host: str = Field(default="127.0.0.1", description="where /metrics, /livez and /readyz listen")
    http_port: int = Field(default=9108, ge=0, le=65535, description="0: any free port")
    indexer_http_port: int = Field(
        default=9109, ge=0, le=65535, description="likewise, of the indexer, so that both may run on one machine"
    )
    fallback_http_port: int = Field(default=9110, ge=0, le=65535, description="likewise, of the fallback")
    arbiter_http_port: int = Field(default=9111, ge=0, le=65535, description="likewise, of the arbiter")
    session_timeout_ms: int = Field(default=30_000, ge=1000, description="of the group membership")
    max_poll_interval_ms: int = Field(default=300_000, ge=1000, description="longest time without a poll")
    release_timeout_s: float = Field(
        default=10.0, gt=0, description="time for the slice in hand when a partition is taken away or the service stops"
    )
    acquire_timeout_s: float = Field(default=30.0, gt=0, description="time to take a partition over")
    publish_timeout_s: float = Field(default=60.0, gt=0, description="time to publish and commit one slice")
    broker_timeout_s: float = Field(
        default=120.0,
        gt=0,
        description="a broker that fails for so long without a success ends the service; so do polls that stay away",
    )
    max_internal_errors: int = Field(
        default=20, ge=1, description="unexpected exceptions among 1,000 records at which the service stops"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="how much is logged, on stderr"
    )

    @field_validator("kafka_bootstrap_servers")
    @classmethod
    def _addresses(cls, servers: str) -> str:
        return checked_addresses(servers)

    @model_validator(mode="after")
    def _together(self) -> Self:
        if problems := [*_wire_problems(self), *_generator_problems(self)]:
            raise ValueError("; ".join(problems))
        return self

    @property
    def uses_sasl(self) -> bool:
        """Whether a user is named to the brokers."""
        return self.security_protocol.startswith("SASL_")

    @property
    def uses_tls(self) -> bool:
        """Whether connections are encrypted and brokers' certificates checked."""
        return self.security_protocol.endswith("SSL")


SECRET = re.compile("PASSWORD|API_KEY")
SASL_SETTINGS = ("sasl_username", "sasl_password", "sasl_password_file", "sasl_mechanism")
TLS_SETTINGS = (
    "ssl_cafile",
    "ssl_certfile",
    "ssl_keyfile",
    "ssl_key_password",
    "ssl_key_password_file",
    "ssl_check_hostname",
)


def _wire_problems(settings: Settings) -> Iterator[str]:
    """What the settings of the connection contradict each other in: none is ever passed over in silence."""
    was_set = settings.model_fields_set
    given = [n for n in (*SASL_SETTINGS, *TLS_SETTINGS) if n in was_set and getattr(settings, n) is not None]
    protocol = settings.security_protocol
    for names, used, others in (
        (SASL_SETTINGS, settings.uses_sasl, "SASL_SSL or SASL_PLAINTEXT"),
        (TLS_SETTINGS, settings.uses_tls, "SSL or SASL_SSL"),
    ):
        if not used and (idle := [_variable(name) for name in given if name in names]):
            yield f"{', '.join(idle)}: without effect while DOCMILL_SECURITY_PROTOCOL is {protocol}; make it {others}"
    for name in ("sasl_password", "ssl_key_password"):
        if {name, f"{name}_file"} <= set(given):
            yield f"{_variable(name)} and {_variable(name)}_FILE: give one of them"
    if "ssl_certfile" not in given and (idle := [_variable(name) for name in given if name.startswith("ssl_key")]):
        yield f"{', '.join(idle)}: of no use without DOCMILL_SSL_CERTFILE, the certificate that the key belongs to"
    if settings.uses_sasl:
        if "sasl_username" not in given:
            yield f"DOCMILL_SASL_USERNAME: missing, {protocol} needs it"
        if not {"sasl_password", "sasl_password_file"} & set(given):
            yield f"DOCMILL_SASL_PASSWORD_FILE or DOCMILL_SASL_PASSWORD: missing, {protocol} needs one of them"
        if settings.sasl_mechanism == "PLAIN" and not settings.uses_tls:
            yield "DOCMILL_SASL_MECHANISM: PLAIN sends the password as it is; make DOCMILL_SECURITY_PROTOCOL SASL_SSL"


def _generator_problems(settings: Settings) -> Iterator[str]:
    """Likewise of the generator."""
    if settings.generator_api_key is not None and settings.generator_api_key_file is not None:
        yield "DOCMILL_GENERATOR_API_KEY and DOCMILL_GENERATOR_API_KEY_FILE: give one of them"
    if settings.generator_url is not None and settings.generator_model is None:
        yield "DOCMILL_GENERATOR_MODEL: missing, DOCMILL_GENERATOR_URL needs it"
    if settings.generator_url is None and settings.generator_model is not None:
        yield "DOCMILL_GENERATOR_MODEL: without effect while DOCMILL_GENERATOR_URL is not set"


def _variable(name: str) -> str:
    return f"DOCMILL_{name.upper()}"


def load_settings(**overrides: object) -> Settings:
    """Settings of this process; `overrides` (from the command line) win over the environment, None means not given.
    A variable that is empty is not given either.

    Raises:
        ConfigurationError: a value is wrong, or a variable of the connection's security misspelt; says which variable
            and why.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    if unknown := given.keys() - Settings.model_fields.keys():
        raise TypeError(f"no settings: {sorted(unknown)}")
    problems = list(misspelt(os.environ, Settings.model_fields))
    try:
        settings = Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        problems += [_problem(e["loc"], e["msg"], e["input"], given) for e in error.errors()]
        raise ConfigurationError(f"settings: {'; '.join(problems)}") from error
    if problems:
        raise ConfigurationError(f"settings: {'; '.join(problems)}")
    return settings


def _problem(location: tuple[int | str, ...], message: str, value: object, given: Mapping[str, object]) -> str:
    """A wrong value with its variable. What was given for a secret is never shown, and may be all that was given."""
    message = message.removeprefix("Value error, ")
    if not location:  # of several together: the message names them
        return message
    name = _name(location, given)
    return f"{name}: {message}" if SECRET.search(name.upper()) else f"{name}: {message} (got {value!r})"


def _name(location: tuple[int | str, ...], given: Mapping[str, object]) -> str:
    """The variable that a wrong value came from, or the override's own name."""
    name = str(location[0]) if location else "environment"
    if name == "kafka_bootstrap_servers":  # no option: commands hand the variable on
        return name.upper()
    return _variable(name) if name in Settings.model_fields.keys() - given.keys() else name
