"""Settings as arguments of clients; no client anywhere is made without them."""

import ast
import ssl
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from faststream.kafka.security import parse_security

import docmill
from docmill.errors import ConfigurationError
from docmill.kafka.connection import broker_security, client_options
from docmill.settings import Settings, load_settings

KEY_PASSWORD = "hush-key"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority, a client's certificate and its key, in the open and encrypted, and what is none of it."""
    folder = tmp_path_factory.mktemp("certificates")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    client = authority.issue_cert("client.example.org")
    client.private_key_and_cert_chain_pem.write_to_path(folder / "both.pem")
    client.cert_chain_pems[0].write_to_path(folder / "client.pem")
    client.private_key_pem.write_to_path(folder / "client.key")
    authority.issue_cert("other.example.org").private_key_pem.write_to_path(folder / "other.key")
    key = load_pem_private_key(client.private_key_pem.bytes(), None)
    encrypted = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(KEY_PASSWORD.encode()))
    (folder / "encrypted.key").write_bytes(encrypted)
    (folder / "password").write_text("hush\r\n", encoding="utf-8")
    (folder / "key-password").write_text(KEY_PASSWORD, encoding="utf-8")
    (folder / "empty").write_text("\n", encoding="utf-8")
    (folder / "binary").write_bytes(b"hush\xff")
    return folder


def tls(folder: Path, **changed: object) -> Settings:
    given = {"security_protocol": "SSL", "ssl_cafile": folder / "ca.pem", **changed}
    return load_settings(**{name: folder / v if name.endswith("file") else v for name, v in given.items()})  # type: ignore[operator]


def sasl(**changed: object) -> Settings:
    given = {"security_protocol": "SASL_SSL", "sasl_username": "docmill", **changed}
    return load_settings(kafka_bootstrap_servers="broker:9093", **given)


def test_plain_text_is_what_is_not_said_otherwise() -> None:
    options = client_options(load_settings(kafka_bootstrap_servers="broker:9092"))
    assert options == {"bootstrap_servers": "broker:9092", "security_protocol": "PLAINTEXT"}
    assert parse_security(broker_security(load_settings()))["security_protocol"] == "PLAINTEXT"


def test_certificates_and_names_are_checked(folder: Path) -> None:
    context = client_options(tls(folder))["ssl_context"]
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert len(context.get_ca_certs()) == 1


def test_a_name_is_not_checked_where_that_is_asked_for(folder: Path) -> None:
    context = client_options(tls(folder, ssl_check_hostname=False))["ssl_context"]
    assert not context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED


def test_the_context_is_made_once(folder: Path) -> None:
    settings = tls(folder)
    assert client_options(settings)["ssl_context"] is client_options(settings)["ssl_context"]
    assert broker_security(settings).ssl_context is client_options(settings)["ssl_context"]


def test_what_files_held_at_the_first_connection_counts_for_all(tmp_path: Path, folder: Path) -> None:
    """Half of a certificate that is just being replaced would otherwise end who reads it."""
    for name in ("ca.pem", "both.pem", "password"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    certificate = tls(tmp_path, ssl_certfile="both.pem")
    password = sasl(sasl_password_file=tmp_path / "password")
    before = [client_options(settings) for settings in (certificate, password)]
    for name in ("ca.pem", "both.pem", "password"):
        (tmp_path / name).write_bytes(b"replaced")
    assert [client_options(settings) for settings in (certificate, password)] == before


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "SCRAM-SHA-512", "PLAIN"])
def test_faststream_is_told_the_same_as_aiokafka(mechanism: str) -> None:
    settings = sasl(sasl_mechanism=mechanism, sasl_password="hush")
    options = client_options(settings)
    assert options.pop("bootstrap_servers") == "broker:9093"
    assert parse_security(broker_security(settings)) == options
    assert (options["sasl_plain_username"], options["sasl_plain_password"]) == ("docmill", "hush")


def test_sasl_without_tls() -> None:
    settings = sasl(security_protocol="SASL_PLAINTEXT", sasl_password="hush")
    assert "ssl_context" not in client_options(settings)
    assert parse_security(broker_security(settings))["security_protocol"] == "SASL_PLAINTEXT"


def test_secrets_come_from_files(folder: Path) -> None:
    assert client_options(sasl(sasl_password_file=folder / "password"))["sasl_plain_password"] == "hush"
    client_options(
        tls(folder, ssl_certfile="client.pem", ssl_keyfile="encrypted.key", ssl_key_password_file="key-password")
    )


def test_a_certificate_of_the_clients_own(folder: Path) -> None:
    client_options(tls(folder, ssl_certfile="both.pem"))
    client_options(tls(folder, ssl_certfile="client.pem", ssl_keyfile="client.key"))
    client_options(tls(folder, ssl_certfile="client.pem", ssl_keyfile="encrypted.key", ssl_key_password=KEY_PASSWORD))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"ssl_cafile": "nowhere"}, r"DOCMILL_SSL_CAFILE: .*nowhere cannot be read: No such file"),
        ({"ssl_cafile": "password"}, r"DOCMILL_SSL_CAFILE: .*password holds no certificates in PEM"),
        ({"ssl_certfile": "nowhere"}, r"DOCMILL_SSL_CERTFILE: .*nowhere cannot be read"),
        ({"ssl_certfile": "client.pem"}, r"the key in the same file cannot be used"),
        ({"ssl_certfile": "client.pem", "ssl_keyfile": "nowhere"}, r"DOCMILL_SSL_KEYFILE: .*nowhere cannot be read"),
        ({"ssl_certfile": "client.pem", "ssl_keyfile": "other.key"}, r"cannot be used \(KEY_VALUES_MISMATCH\)"),
        ({"ssl_certfile": "client.pem", "ssl_keyfile": "encrypted.key"}, r"encrypted needs DOCMILL_SSL_KEY_PASSWORD"),
        (
            {"ssl_certfile": "client.pem", "ssl_keyfile": "encrypted.key", "ssl_key_password": "hush-wrong"},
            r"cannot be used",
        ),
        (
            {"ssl_certfile": "both.pem", "ssl_key_password_file": "nowhere"},
            r"DOCMILL_SSL_KEY_PASSWORD_FILE: .*nowhere cannot be read",
        ),
        ({"sasl_password_file": "empty"}, r"DOCMILL_SASL_PASSWORD_FILE: .*empty is empty"),
        ({"sasl_password_file": "binary"}, r"DOCMILL_SASL_PASSWORD_FILE: .*binary is not UTF-8"),
    ],
)
def test_what_cannot_be_used_is_named_without_the_secret(folder: Path, given: dict[str, object], said: str) -> None:
    user = {"security_protocol": "SASL_SSL", "sasl_username": "u"} if "sasl_password_file" in given else {}
    with pytest.raises(ConfigurationError, match=said) as caught:
        client_options(tls(folder, **user, **given))
    assert "hush" not in "".join(traceback.format_exception(caught.value))


def clients_made() -> Iterator[tuple[str, ast.Call]]:
    """Every call in the services that makes a client, with the module that it is in."""
    for module in sorted(Path(docmill.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            name = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
            if name.startswith("AIOKafka") or name in ("create_conn", "KafkaBroker"):
                assert isinstance(node, ast.Call)
                yield module.name, node


def test_no_client_is_made_without_them() -> None:
    made = list(clients_made())
    assert len(made) > 8
    for module, call in made:
        unpacked = [ast.unparse(keyword.value) for keyword in call.keywords if keyword.arg is None]
        named = [keyword.arg for keyword in call.keywords]
        assert "bootstrap_servers" not in named, module
        allowed = {"client_options(settings)"} if module != "refusals.py" else {"options"}
        assert allowed & set(unpacked), f"{module}: {ast.unparse(call)}"
