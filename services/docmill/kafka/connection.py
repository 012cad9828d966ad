"""How clients reach the brokers: the one place where settings become arguments of aiokafka's and FastStream's clients.

Every client is made with `client_options`, so none can be left in the clear. The TLS context, and what secret files
hold, are read once in a process: who changes a password or a certificate starts the process anew.
"""

import ssl
from functools import lru_cache
from typing import Any

from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512

from docmill.errors import ConfigurationError
from docmill.secret_files import read_named, read_secret
from docmill.settings import Settings

SASL_OF_FASTSTREAM = {"SCRAM-SHA-256": SASLScram256, "SCRAM-SHA-512": SASLScram512, "PLAIN": SASLPlaintext}


def client_options(settings: Settings) -> dict[str, Any]:
    """Arguments of an aiokafka consumer, producer, admin or bare client: where the brokers are, how to speak to them.

    They hold the password: never to be logged.

    Raises:
        ConfigurationError: a file of the settings cannot be used; says which.
    """
    options: dict[str, Any] = {
        "bootstrap_servers": settings.kafka_bootstrap_servers,
        "security_protocol": settings.security_protocol,
    }
    if settings.uses_tls:
        options["ssl_context"] = _ssl_context(settings)
    if settings.uses_sasl:
        options["sasl_mechanism"] = settings.sasl_mechanism
        options["sasl_plain_username"] = settings.sasl_username
        options["sasl_plain_password"] = _sasl_password(settings)
    return options


def broker_security(settings: Settings) -> BaseSecurity:
    """The same for FastStream.

    Raises:
        ConfigurationError: see client_options.
    """
    context = _ssl_context(settings) if settings.uses_tls else None
    if not settings.uses_sasl:
        return BaseSecurity(ssl_context=context)
    assert settings.sasl_username is not None
    kind = SASL_OF_FASTSTREAM[settings.sasl_mechanism]
    return kind(settings.sasl_username, _sasl_password(settings), ssl_context=context)


@lru_cache(maxsize=8)
def _sasl_password(settings: Settings) -> str:
    if settings.sasl_password is not None:
        return settings.sasl_password.get_secret_value()
    assert settings.sasl_password_file is not None
    return read_secret("DOCMILL_SASL_PASSWORD_FILE", settings.sasl_password_file)


@lru_cache(maxsize=8)
def _ssl_context(settings: Settings) -> ssl.SSLContext:
    """TLS 1.2 or newer, brokers' certificates checked, with this client's own certificate where there is one."""
    cafile, certfile, keyfile = settings.ssl_cafile, settings.ssl_certfile, settings.ssl_keyfile
    if cafile is not None:
        read_named("DOCMILL_SSL_CAFILE", cafile)
    try:
        context = ssl.create_default_context(cafile=cafile)
    except ssl.SSLError as error:
        raise ConfigurationError(
            f"DOCMILL_SSL_CAFILE: {cafile} holds no certificates in PEM ({error.reason})"
        ) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = settings.ssl_check_hostname
    if certfile is None:
        return context
    read_named("DOCMILL_SSL_CERTFILE", certfile)
    if keyfile is not None:
        read_named("DOCMILL_SSL_KEYFILE", keyfile)
    password = _key_password(settings)
    try:
        # A function, since without any OpenSSL would ask on the terminal.
        context.load_cert_chain(certfile, keyfile, password=lambda: password)
    except (ssl.SSLError, ValueError) as error:
        raise ConfigurationError(
            f"DOCMILL_SSL_CERTFILE: {certfile} with the key in {keyfile or 'the same file'} cannot be used "
            f"({getattr(error, 'reason', None) or 'unreadable'}): both must be PEM and belong together, and a key that "
            f"is encrypted needs DOCMILL_SSL_KEY_PASSWORD_FILE or DOCMILL_SSL_KEY_PASSWORD"
        ) from None
    return context


def _key_password(settings: Settings) -> str:
    if settings.ssl_key_password is not None:
        return settings.ssl_key_password.get_secret_value()
    if settings.ssl_key_password_file is not None:
        return read_secret("DOCMILL_SSL_KEY_PASSWORD_FILE", settings.ssl_key_password_file)
    return ""
