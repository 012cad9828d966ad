"""A broker with TLS, SCRAM, client certificates and ACLs, beside the plain listener of its administrator: the tests.

Who comes to the plain listener is ANONYMOUS, and may do everything; everybody else only what was granted.
"""

import contextlib
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from docmill.local_kafka.broker import EmbeddedBroker
from docmill.local_kafka.node import Node
from docmill.local_kafka.ports import HOST, free_port
from docmill.local_kafka.runtime import get_runtime

MTLS_USER, PLAIN_USER, SHA256_USER = "docmill-mtls", "docmill-plain", "docmill-sha256"
LISTENERS = {
    "SASL": "SASL_SSL",
    "MTLS": "SSL",
    "ELSEWHERE": "SASL_SSL",  # its certificate is of another name
    "CLEAR": "SASL_PLAINTEXT",
}
LOGIN = "org.apache.kafka.common.security"


@dataclass(frozen=True, slots=True)
class SecuredBroker:
    """Where it listens, and what its users have."""

    admin: str
    ports: dict[str, int]
    folder: Path
    password: str  # of all users of SASL
    key_password: str
    restart: Callable[[], None]  # blocks; every connection breaks, and what it knew it knows after

    def at(self, listener: str) -> str:
        """Address of one of LISTENERS."""
        return f"{HOST}:{self.ports[listener]}"

    @property
    def tls(self) -> dict[str, str]:
        """Settings that every TLS listener asks for."""
        return {"DOCMILL_SSL_CAFILE": str(self.folder / "ca.pem")}

    def scram(self, user: str, **changed: str) -> dict[str, str]:
        """Settings of a user with a password."""
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.at("SASL"),
            "DOCMILL_SECURITY_PROTOCOL": "SASL_SSL",
            "DOCMILL_SASL_USERNAME": user,
            "DOCMILL_SASL_PASSWORD": self.password,
            **self.tls,
            **changed,
        }

    def mtls(self, **changed: str) -> dict[str, str]:
        """Settings of the user with a certificate, whose key is encrypted."""
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.at("MTLS"),
            "DOCMILL_SECURITY_PROTOCOL": "SSL",
            "DOCMILL_SSL_CERTFILE": str(self.folder / "client.pem"),
            "DOCMILL_SSL_KEYFILE": str(self.folder / "client.key"),
            "DOCMILL_SSL_KEY_PASSWORD": self.key_password,
            **self.tls,
            **changed,
        }


@contextlib.contextmanager
def secured_broker(users: Sequence[str]) -> Iterator[SecuredBroker]:
    """Run one as long as the block lasts; `users` have a password, for SCRAM-SHA-512."""
    folder = Path(tempfile.mkdtemp(prefix="docmill-secured-"))
    password, key_password = (f"hush-{secrets.token_hex(12)}" for _ in range(2))
    try:
        write_certificates(folder, key_password)
        ports = {listener: free_port() for listener in LISTENERS}
        node = Node(
            data_dir=folder / "data",
            log_file=folder / "kafka.log",
            port=(port := free_port()),
            controller_port=(controller_port := free_port()),
            settings=properties(folder, ports, port, controller_port, password),
            format_options=[
                option
                for mechanism, user in [("SCRAM-SHA-256", SHA256_USER), *(("SCRAM-SHA-512", user) for user in users)]
                for option in ("--add-scram", f"{mechanism}=[name={user},password={password}]")
            ],
        )
        broker = EmbeddedBroker(get_runtime(), node)
        try:
            broker.start()
            yield SecuredBroker(broker.bootstrap_servers, ports, folder, password, key_password, broker.restart)
        finally:
            broker.kill()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write_certificates(folder: Path, key_password: str) -> None:
    """An authority and what it signed: brokers' and the client's; and one that nobody knows."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    trustme.CA().cert_pem.write_to_path(folder / "stranger.pem")
    for name, host in (("broker", HOST), ("elsewhere", "elsewhere.example.org")):
        certificate = authority.issue_cert(host)
        store = pkcs8(certificate, NoEncryption()) + b"".join(pem.bytes() for pem in certificate.cert_chain_pems)
        (folder / f"{name}.pem").write_bytes(store)
    client = authority.issue_cert("processor.example.org", common_name=MTLS_USER)
    (folder / "client.pem").write_bytes(b"".join(pem.bytes() for pem in client.cert_chain_pems))
    (folder / "client.key").write_bytes(pkcs8(client, BestAvailableEncryption(key_password.encode())))


def pkcs8(certificate: trustme.LeafCert, encryption: KeySerializationEncryption) -> bytes:
    """A certificate's key in the one form that Java reads, too."""
    key = load_pem_private_key(certificate.private_key_pem.bytes(), None)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


def properties(folder: Path, ports: dict[str, int], port: int, controller_port: int, password: str) -> dict[str, str]:
    """What differs from the local broker's own."""
    plain = {"PLAINTEXT": port}
    scram, clear = f"{LOGIN}.scram.ScramLoginModule required;", f"{LOGIN}.plain.PlainLoginModule required"
    found = {
        "listeners": ",".join(
            f"{name}://{HOST}:{number}" for name, number in {**plain, **ports, "CONTROLLER": controller_port}.items()
        ),
        "advertised.listeners": ",".join(f"{name}://{HOST}:{number}" for name, number in {**plain, **ports}.items()),
        "listener.security.protocol.map": ",".join(
            f"{name}:{protocol}"
            for name, protocol in {"PLAINTEXT": "PLAINTEXT", "CONTROLLER": "PLAINTEXT", **LISTENERS}.items()
        ),
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",
        "allow.everyone.if.no.acl.found": "false",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(folder / "broker.pem"),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(folder / "ca.pem"),
        "ssl.principal.mapping.rules": "RULE:^.*CN=([^,]+).*$/$1/,DEFAULT",
        "listener.name.mtls.ssl.client.auth": "required",
        "listener.name.elsewhere.ssl.keystore.type": "PEM",
        "listener.name.elsewhere.ssl.keystore.location": str(folder / "elsewhere.pem"),
    }
    for listener, protocol in LISTENERS.items():
        if protocol.startswith("SASL_"):
            own = f"listener.name.{listener.lower()}"
            found[f"{own}.sasl.enabled.mechanisms"] = "SCRAM-SHA-512,SCRAM-SHA-256,PLAIN"
            found[f"{own}.scram-sha-512.sasl.jaas.config"] = scram
            found[f"{own}.scram-sha-256.sasl.jaas.config"] = scram
            found[f"{own}.plain.sasl.jaas.config"] = f'{clear} user_{PLAIN_USER}="{password}";'
    return found
