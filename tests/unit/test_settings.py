import os
import re
import traceback
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from docmill.errors import ConfigurationError
from docmill.settings import Settings, load_settings

SECRETS = re.compile(r"passw|secret|token(?!s)|credential|api_?key|private", re.IGNORECASE)
SASL = {
    "DOCMILL_SECURITY_PROTOCOL": "SASL_SSL",
    "DOCMILL_SASL_USERNAME": "docmill",
    "DOCMILL_SASL_PASSWORD": "hush",
}
TLS = {"DOCMILL_SECURITY_PROTOCOL": "SSL", "DOCMILL_SSL_CERTFILE": "/client.pem"}


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.upper().startswith(("DOCMILL_", "KAFKA_")):
            monkeypatch.delenv(name)


def a_value(name: str) -> tuple[str, Any]:
    """A valid value of a setting that is not its default, as the environment gives it and as it is read."""
    special = {
        "delivery": ("at_least_once", "at_least_once"),
        "bundle": ("/some/bundle", Path("/some/bundle")),
        "transaction_timeout_ms": ("7000", 7000),
        "include_text": ("true", True),
        "http_port": ("0", 0),
        "log_level": ("warning", "warning"),
        "ssl_check_hostname": ("false", False),
        "threads": ("7", 7),
        "audit_share": ("0.25", 0.25),
        "fallback_policy": ("/policy.json", Path("/policy.json")),
        "generator_api_key_file": ("/key", Path("/key")),
        "generator_tokens_per_day": ("7", 7),
        "generator_usd_per_day": ("0.5", 0.5),
        "parsers": ("7", 7),
    }
    default = Settings.model_fields[name].default
    if name in special:
        return special[name]
    if isinstance(default, int | float):
        return str(default + 1), default + 1
    return f"other{default}", f"other{default}"


def test_defaults() -> None:
    settings = load_settings()
    assert settings.kafka_bootstrap_servers == "localhost:9092"
    assert settings.delivery == "exactly_once"
    assert settings.bundle is None
    assert settings.http_host == "127.0.0.1"


# Those of the connection come together, or not at all.
TOGETHER = {name for name in Settings.model_fields if name.startswith(("sasl_", "ssl_", "security_"))} | {
    "generator_url",
    "generator_model",
    "generator_api_key",
}


@pytest.mark.parametrize("name", [n for n in Settings.model_fields if n not in {"kafka_bootstrap_servers", *TOGETHER}])
def test_every_setting_is_read_from_its_variable(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    given, read = a_value(name)
    monkeypatch.setenv(f"DOCMILL_{name.upper()}", given)
    assert getattr(load_settings(), name) == read
    assert read != Settings.model_fields[name].default or name == "delivery"


def test_settings_of_the_generator_are_read_from_their_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCMILL_GENERATOR_URL", "http://localhost:8080/v1")
    monkeypatch.setenv("DOCMILL_GENERATOR_MODEL", "a-model")
    monkeypatch.setenv("DOCMILL_GENERATOR_API_KEY", "hush")
    settings = load_settings()
    assert (settings.generator_url, settings.generator_model) == ("http://localhost:8080/v1", "a-model")
    assert settings.generator_api_key is not None
    assert settings.generator_api_key.get_secret_value() == "hush"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"URL": "http://localhost/v1"}, "DOCMILL_GENERATOR_MODEL: missing"),
        ({"MODEL": "a-model"}, "without effect while DOCMILL_GENERATOR_URL is not set"),
        ({"API_KEY": "hush", "API_KEY_FILE": "/key"}, "give one of them"),
        ({"URL": "localhost/v1", "MODEL": "a-model"}, "DOCMILL_GENERATOR_URL: String should match"),
        ({"API_KEY": "", "AT_ONCE": "0"}, "DOCMILL_GENERATOR_AT_ONCE"),
    ],
)
def test_settings_of_the_generator_that_make_no_sense(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], said: str
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(f"DOCMILL_GENERATOR_{name}", value)
    with pytest.raises(ConfigurationError) as raised:
        load_settings()
    assert said in str(raised.value)
    assert "hush" not in str(raised.value)


def test_settings_of_the_connection_are_read_from_their_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        **SASL,
        "DOCMILL_SASL_MECHANISM": "SCRAM-SHA-256",
        "DOCMILL_SSL_CAFILE": "/ca.pem",
        "DOCMILL_SSL_CERTFILE": "/client.pem",
        "DOCMILL_SSL_KEYFILE": "/client.key",
        "DOCMILL_SSL_KEY_PASSWORD_FILE": "/password",
        "DOCMILL_SSL_CHECK_HOSTNAME": "false",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    files = (settings.ssl_cafile, settings.ssl_certfile, settings.ssl_keyfile, settings.ssl_key_password_file)
    assert [str(file) for file in files] == ["/ca.pem", "/client.pem", "/client.key", "/password"]
    assert (settings.security_protocol, settings.sasl_mechanism) == ("SASL_SSL", "SCRAM-SHA-256")
    assert (settings.sasl_username, settings.ssl_check_hostname) == ("docmill", False)
    assert settings.sasl_password is not None
    assert settings.sasl_password.get_secret_value() == "hush"
    monkeypatch.setenv("DOCMILL_SSL_KEY_PASSWORD", "hush too")
    monkeypatch.delenv("DOCMILL_SSL_KEY_PASSWORD_FILE")
    monkeypatch.setenv("DOCMILL_SASL_PASSWORD_FILE", "/other")
    monkeypatch.delenv("DOCMILL_SASL_PASSWORD")
    settings = load_settings()
    assert str(settings.sasl_password_file) == "/other"
    assert settings.ssl_key_password is not None
    assert settings.ssl_key_password.get_secret_value() == "hush too"


def test_the_brokers_variable_has_no_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "a:1,b:2")
    monkeypatch.setenv("DOCMILL_KAFKA_BOOTSTRAP_SERVERS", "c:3")
    assert load_settings().kafka_bootstrap_servers == "a:1,b:2"


def test_overrides_win_and_none_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "env:1")
    monkeypatch.setenv("DOCMILL_PARTITIONS", "3")
    monkeypatch.setenv("DOCMILL_GROUP", "from the environment")
    settings = load_settings(kafka_bootstrap_servers="option:1", partitions=9, group=None, threads=None)
    assert (settings.kafka_bootstrap_servers, settings.partitions) == ("option:1", 9)
    assert (settings.group, settings.threads) == ("from the environment", None)


def test_falsy_overrides_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCMILL_INCLUDE_TEXT", "true")
    monkeypatch.setenv("DOCMILL_HTTP_PORT", "9000")
    monkeypatch.setenv("DOCMILL_TOPIC_PREFIX", "claims.")
    settings = load_settings(include_text=False, http_port=0, topic_prefix="")
    assert (settings.include_text, settings.http_port, settings.topic_prefix) == (False, 0, "")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("partitions", "0"),
        ("partitions", "many"),
        ("replication_factor", "-2"),
        ("topic_prefix", "claims/"),
        ("topic_prefix", "a b"),
        ("group", "claims:processor"),
        ("delivery", "at_most_once"),
        ("threads", "0"),
        ("max_slice_tokens", "255"),
        ("max_document_bytes", "0"),
        ("max_pages", "0"),
        ("max_archive_mib", "0"),
        ("max_characters", "0"),
        ("parsers", "0"),
        ("parse_timeout_s", "0"),
        ("parse_memory_mib", "63"),
        ("max_queue_bytes", "0"),
        ("max_queue_records", "0"),
        ("http_port", "65536"),
        ("http_port", "-1"),
        ("session_timeout_ms", "999"),
        ("max_poll_interval_ms", "0"),
        ("release_timeout_s", "0"),
        ("acquire_timeout_s", "0"),
        ("publish_timeout_s", "-1"),
        ("broker_timeout_s", "0"),
        ("max_internal_errors", "0"),
        ("include_text", "perhaps"),
        ("log_level", "loud"),
    ],
)
def test_a_wrong_value_is_named_with_its_variable(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"DOCMILL_{name.upper()}", value)
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    assert f"DOCMILL_{name.upper()}: " in str(caught.value)
    assert f"(got '{value}')" in str(caught.value)


def test_all_wrong_values_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCMILL_PARTITIONS", "0")
    monkeypatch.setenv("DOCMILL_LOG_LEVEL", "loud")
    with pytest.raises(ConfigurationError, match=r"DOCMILL_PARTITIONS.*DOCMILL_LOG_LEVEL"):
        load_settings()


def test_a_wrong_override_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"^settings: partitions: .*\(got 0\)"):
        load_settings(partitions=0)


def test_an_unknown_override_is_a_bug_of_the_caller() -> None:
    with pytest.raises(TypeError, match="partition_count"):
        load_settings(partition_count=3)


def test_variables_of_others_are_no_ones_business(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCMILL_DATA", "/somewhere")
    monkeypatch.setenv("DOCMILL_TEST_KAFKA", "a:1")
    monkeypatch.setenv("PARTITIONS", "99")
    monkeypatch.setenv("BUNDLE", "/nowhere")
    assert load_settings() == Settings()


def test_an_empty_variable_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """As Compose and Helm give what is not set."""
    for name in Settings.model_fields:
        monkeypatch.setenv(f"DOCMILL_{name.upper()}", "")
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "")
    assert load_settings() == Settings.model_construct()


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("DOCMILL_SASL_USER", "DOCMILL_SASL_USERNAME"),
        ("docmill_sasl_user", "DOCMILL_SASL_USERNAME"),
        ("DOCMILL_SECURTY_PROTOCOL", "DOCMILL_SECURITY_PROTOCOL"),
        ("DOCMILL_SECURITYPROTOCOL", "DOCMILL_SECURITY_PROTOCOL"),
        ("DOCMILL_SSL_CA_FILE", "DOCMILL_SSL_CAFILE"),
        ("DOCMILL_TLS_CERTFILE", "DOCMILL_SSL_CERTFILE"),
        ("DOCMILL_KAFKA_SASL_MECHANISM", "DOCMILL_SASL_MECHANISM"),
    ],
)
def test_a_misspelt_variable_of_security_is_refused(monkeypatch: pytest.MonkeyPatch, variable: str, meant: str) -> None:
    """With it unread documents would go in the clear."""
    monkeypatch.setenv(variable, "hush")
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    assert str(caught.value) == f"settings: {variable}: no setting has this name; did you mean {meant}?"
    monkeypatch.setenv("DOCMILL_PARTITIONS", "0")
    with pytest.raises(ConfigurationError, match=rf"did you mean {meant}\?; DOCMILL_PARTITIONS: "):
        load_settings()


@pytest.mark.parametrize(
    "given", ["a", "a:1,b:65535", " a:1 , b:2 ", "[::1]:9092", "my_broker.:9092", "bücher.example:1"]
)
def test_addresses_of_brokers(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", given)
    assert load_settings().kafka_bootstrap_servers == given


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("localhost:abc", "'localhost:abc' is no host:port"),
        ("a:1,[::1", "'[::1' is no host:port"),
        ("::1:9092", "nor [IPv6 address]:port"),
        ("[broker]:9092", "'[broker]:9092' names no host"),
        ("broker..example:9092", "'broker..example:9092' names no host"),
        ("a:1,", "'' is no host:port"),
        ("a:0", "'a:0' has a port that is not from 1 to 65535"),
        ("a:65536", "has a port"),
        ("a:\u0663", "is no host:port"),
        ("PLAINTEXT://a:9092", "is no host:port"),
    ],
)
def test_what_is_no_address_is_named(monkeypatch: pytest.MonkeyPatch, given: str, said: str) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", given)
    for overrides in ({}, {"kafka_bootstrap_servers": given}):
        with pytest.raises(ConfigurationError, match=r"^settings: KAFKA_BOOTSTRAP_SERVERS: ") as caught:
            load_settings(**overrides)
        assert said in str(caught.value)


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load_settings().partitions = 3  # type: ignore[misc]


def test_every_setting_says_what_it_is() -> None:
    undescribed = [name for name, field in Settings.model_fields.items() if not field.description]
    assert undescribed == []


def test_what_holds_a_secret_is_never_shown() -> None:
    named = [name for name in Settings.model_fields if SECRETS.search(name) and not name.endswith("_file")]
    assert named == ["sasl_password", "ssl_key_password", "generator_api_key"]
    shown = Settings(
        security_protocol="SASL_SSL",
        sasl_username="docmill",
        sasl_password=SecretStr("hush"),
        ssl_certfile=Path("/client.pem"),
        ssl_key_password=SecretStr("hush"),
        generator_api_key=SecretStr("hush"),
    )
    for text in (repr(shown), str(shown), shown.model_dump_json(), str(shown.model_dump())):
        assert "hush" not in text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (SASL | {"DOCMILL_SASL_PASSWORD_FILE": "/x"}, "DOCMILL_SASL_PASSWORD and DOCMILL_SASL_PASSWORD_FILE: give one"),
        (SASL | {"DOCMILL_SASL_USERNAME": ""}, "DOCMILL_SASL_USERNAME: missing, SASL_SSL needs it"),
        (SASL | {"DOCMILL_SECURITY_PROTOCOL": "SSL"}, "DOCMILL_SASL_USERNAME, DOCMILL_SASL_PASSWORD: without effect"),
        (SASL | {"DOCMILL_SECURITY_PROTOCOL": "PLAINTEXT"}, "is PLAINTEXT; make it SASL_SSL or SASL_PLAINTEXT"),
        (SASL | {"DOCMILL_SASL_MECHANISM": "SCRAM"}, "DOCMILL_SASL_MECHANISM: Input should be"),
        (
            SASL | {"DOCMILL_SECURITY_PROTOCOL": "SASL_PLAINTEXT", "DOCMILL_SASL_MECHANISM": "PLAIN"},
            "PLAIN sends the password as it is; make DOCMILL_SECURITY_PROTOCOL SASL_SSL",
        ),
        ({"DOCMILL_SECURITY_PROTOCOL": "SASL_SSL"}, "DOCMILL_SASL_USERNAME: missing, SASL_SSL needs it"),
        ({"DOCMILL_SECURITY_PROTOCOL": "SASL_SSL"}, "DOCMILL_SASL_PASSWORD_FILE or DOCMILL_SASL_PASSWORD: missing"),
        ({"DOCMILL_SECURITY_PROTOCOL": "TLS"}, "DOCMILL_SECURITY_PROTOCOL: Input should be"),
        ({"DOCMILL_SSL_CAFILE": "/ca.pem"}, "DOCMILL_SSL_CAFILE: without effect while DOCMILL_SECURITY_PROTOCOL is"),
        ({"DOCMILL_SSL_CHECK_HOSTNAME": "false"}, "DOCMILL_SSL_CHECK_HOSTNAME: without effect while"),
        ({"DOCMILL_SASL_MECHANISM": "SCRAM-SHA-512"}, "DOCMILL_SASL_MECHANISM: without effect while"),
        (TLS | {"DOCMILL_SASL_MECHANISM": "PLAIN"}, "is SSL; make it SASL_SSL or SASL_PLAINTEXT"),
        (SASL | {"DOCMILL_SSL_KEYFILE": "/key"}, "DOCMILL_SSL_KEYFILE: of no use without DOCMILL_SSL_CERTFILE"),
        (
            TLS | {"DOCMILL_SSL_KEY_PASSWORD": "hush", "DOCMILL_SSL_KEY_PASSWORD_FILE": "/x"},
            "DOCMILL_SSL_KEY_PASSWORD and DOCMILL_SSL_KEY_PASSWORD_FILE: give one of them",
        ),
        (SASL | {"DOCMILL_SASL_PASSWORD": ""}, "DOCMILL_SASL_PASSWORD: "),
        (SASL | {"DOCMILL_PARTITIONS": "0"}, "DOCMILL_PARTITIONS: "),
    ],
)
def test_what_contradicts_itself_is_named_without_the_secret(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], said: str
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    assert said in str(caught.value)
    assert "hush" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("given", "tls", "sasl"),
    [
        ({}, False, False),
        (TLS, True, False),
        (SASL, True, True),
        (SASL | {"DOCMILL_SECURITY_PROTOCOL": "SASL_PLAINTEXT"}, False, True),
    ],
)
def test_the_protocol_says_what_is_used(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], tls: bool, sasl: bool
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert (settings.uses_tls, settings.uses_sasl) == (tls, sasl)
