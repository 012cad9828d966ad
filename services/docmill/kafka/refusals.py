"""Why brokers do not answer, or refuse, in words that say what to do. Shows no secret.

aiokafka tries each address, logs what went wrong and forgets it. So where no broker answered, each is asked once more
here, and the first thing that it stumbles over is told.
"""

import asyncio
import ssl
from collections.abc import Iterable
from typing import Any

from aiokafka.conn import collect_hosts, create_conn
from aiokafka.errors import (
    BrokerResponseError,
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    IllegalSaslStateError,
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    NodeNotReadyError,
    RequestTimedOutError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.metadata import MetadataRequest

from docmill.errors import BrokerError, ConfigurationError, DocmillError
from docmill.kafka.connection import client_options
from docmill.settings import Settings

ASK_TIMEOUT_MS = 5000  # for one address
RIGHTS = "docs/security.md lists the rights that docmill needs"
UNAUTHORIZED = (
    TopicAuthorizationFailedError,
    GroupAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
    ClusterAuthorizationFailedError,
)
SILENT = (KafkaConnectionError, KafkaTimeoutError, NodeNotReadyError, RequestTimedOutError, TimeoutError)
WRONG_NAME = (62, 64)  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH
OUT_OF_TIME = (9, 10)  # X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED


async def explained(settings: Settings, error: KafkaError | TimeoutError) -> DocmillError:
    """The error of a client that could not do its work; asks the brokers again where they did not answer it."""
    servers = settings.kafka_bootstrap_servers
    if isinstance(error, SILENT) and (problem := await _first_problem(settings)):
        return BrokerError(problem)
    if isinstance(error, KafkaConnectionError):
        return BrokerError(f"no broker answered at {servers}, but one does now ({error}): try again")
    return refused(f"the broker at {servers} failed", error)


def refused(what: str, error: BaseException, topic: str = "") -> BrokerError | ConfigurationError:
    """The error of `what` failed: a BrokerError, after which the same may succeed; or a ConfigurationError, where a
    right is missing, as it would be at the next attempt.

    Args:
        topic: the one that is meant where aiokafka names none.
    """
    if _refusal(error) is None:
        return BrokerError(f"{what}: {error!r}")
    return ConfigurationError(f"{what}: {told(error, topic)}")


def told(error: BaseException, topic: str = "") -> str:
    """An error of aiokafka; one of authorization with the right that is missing."""
    refusal = _refusal(error)
    match refusal:
        case None:
            return repr(error)
        case TopicAuthorizationFailedError():
            missing = f"on topic {_named(refusal) or topic or 'of docmill'}: Read to consume, Write to publish"
        case GroupAuthorizationFailedError():
            missing = f"Read on group {_named(refusal) or 'of DOCMILL_GROUP'}"
        case TransactionalIdAuthorizationFailed():
            missing = f"Write on transactional id {_named(refusal) or 'of this service'}"
        case _:
            missing = "on the cluster"
    return f"a right is missing, {missing}; {RIGHTS} ({type(refusal).__name__})"


def _refusal(error: BaseException) -> BaseException | None:
    """The error of authorization that an error is, or comes of."""
    found: BaseException | None = error
    while found is not None and not isinstance(found, UNAUTHORIZED):
        found = found.__cause__
    return found


def _named(error: BaseException) -> str:
    """The topics, group or id that aiokafka names, which it does as a string or as a collection of them."""
    argument = error.args[0] if error.args else ""
    if isinstance(argument, set | frozenset | list | tuple):
        return ", ".join(sorted(map(str, argument)))
    return str(argument)


async def _first_problem(settings: Settings) -> str | None:
    """What is wrong with the addresses, or with those that the brokers then give for themselves; None: all answer."""
    addresses = [(host, port) for host, port, _ in collect_hosts(settings.kafka_bootstrap_servers, randomize=False)]
    answers = await asyncio.gather(*(_ask(settings, host, port) for host, port in addresses))
    problems = [answer for answer in answers if isinstance(answer, str)]
    if len(problems) == len(answers):
        return _most_telling(problems)
    advertised = {address for answer in answers if not isinstance(answer, str) for address in answer}
    further = await asyncio.gather(*(_ask(settings, host, port) for host, port in sorted(advertised - set(addresses))))
    return _most_telling([answer for answer in further if isinstance(answer, str)])


def _most_telling(problems: Iterable[str]) -> str | None:
    """One that says more than silence, if there is one: with several addresses a single broker may be down."""
    return next(iter(sorted(problems, key=lambda problem: problem.startswith("no broker answers"))), None)


async def _ask(settings: Settings, host: str, port: int) -> set[tuple[str, int]] | str:
    """The addresses of all brokers as this one gives them, or what is wrong with this one."""
    options: dict[str, Any] = {**client_options(settings), "client_id": "docmill", "request_timeout_ms": ASK_TIMEOUT_MS}
    del options["bootstrap_servers"]
    try:
        connection = await create_conn(host, port, **options)
        try:
            metadata = await connection.send(MetadataRequest([]))
        finally:
            connection.close()
    except (KafkaError, OSError, TimeoutError, ValueError) as error:  # ValueError: what cannot be a host's name
        return _problem(settings, f"{host}:{port}", error)
    return {(broker[1], broker[2]) for broker in metadata.brokers}


def _problem(settings: Settings, address: str, error: BaseException) -> str:
    """What is wrong with a connection, and what to do about it."""
    cause = next((e for e in (error, error.__cause__) if isinstance(e, ssl.SSLError)), error)
    now = f"now {settings.security_protocol}"
    match cause:
        case ssl.SSLCertVerificationError():
            what = _wrong_certificate(settings, cause)
        case ssl.SSLError() if "ALERT" in (reason := cause.reason or str(cause)):
            what = (
                f"refuses this client's side of TLS ({reason}): it may want a certificate of an authority that it "
                f"knows, set DOCMILL_SSL_CERTFILE and DOCMILL_SSL_KEYFILE"
            )
        case ssl.SSLError():
            what = (
                f"does not speak TLS there ({cause.reason or cause}): name its TLS port, or set "
                f"DOCMILL_SECURITY_PROTOCOL to what it speaks, {now}"
            )
        case SaslAuthenticationFailed():
            what = (
                f"does not take the user {settings.sasl_username} with this password: check DOCMILL_SASL_USERNAME and "
                f"DOCMILL_SASL_PASSWORD_FILE or DOCMILL_SASL_PASSWORD, and that the user has credentials for "
                f"{settings.sasl_mechanism}"
            )
        case UnsupportedSaslMechanismError():
            what = f"does not take {settings.sasl_mechanism}: set DOCMILL_SASL_MECHANISM to one that its listener has"
        case IllegalSaslStateError():
            what = (
                f"wants no SASL there: name its SASL port, or set DOCMILL_SECURITY_PROTOCOL to SSL or PLAINTEXT, {now}"
            )
        case KafkaConnectionError() | ConnectionResetError() | BrokerResponseError():
            what = (
                f"closed the connection: it may want TLS, SASL, a client's certificate, or less than that; set "
                f"DOCMILL_SECURITY_PROTOCOL to what its listener speaks, {now}"
            )
        case _:
            return (
                f"no broker answers at {address} ({_in_short(cause)}): start one (`docmill kafka up`), or set "
                f"KAFKA_BOOTSTRAP_SERVERS to one"
            )
    return f"the broker at {address} {what}"


def _wrong_certificate(settings: Settings, error: ssl.SSLCertVerificationError) -> str:
    said = error.verify_message
    if error.verify_code in WRONG_NAME:
        return (
            f"shows a certificate of another name ({said}): name the broker in KAFKA_BOOTSTRAP_SERVERS, and in its "
            f"advertised.listeners, as its certificate does"
        )
    if error.verify_code in OUT_OF_TIME:
        return f"shows a certificate that is not valid now ({said}): renew it, or set the clock"
    return (
        f"shows a certificate that none of {settings.ssl_cafile or 'the authorities of this system'} has signed "
        f"({said}): set DOCMILL_SSL_CAFILE to a PEM file with the authority that did"
    )


def _in_short(error: BaseException) -> str:
    return "no answer in time" if isinstance(error, TimeoutError) else getattr(error, "strerror", None) or str(error)
