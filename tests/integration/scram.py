"""Another password for a user of SCRAM-SHA-512, as an administrator would set it: a request that aiokafka lacks."""

import hashlib
import secrets

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import NoError, for_code
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import CompactArray, CompactBytes, CompactString, Int8, Int16, Int32, Schema, TaggedFields

# Source: AlterUserScramCredentials of the Kafka protocol (KIP-554), version 0.
API_KEY, VERSION = 51, 0
SHA_512, ITERATIONS = 2, 4096


class ScramResponse(Response):
    API_KEY = API_KEY
    API_VERSION = VERSION
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "results",
            CompactArray(
                ("user", CompactString("utf-8")),
                ("error_code", Int16),
                ("error_message", CompactString("utf-8")),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class ScramRequestStruct(RequestStruct):
    FLEXIBLE_VERSION = True
    API_KEY = API_KEY
    API_VERSION = VERSION
    RESPONSE_TYPE = ScramResponse
    SCHEMA = Schema(
        (
            "deletions",
            CompactArray(("name", CompactString("utf-8")), ("mechanism", Int8), ("tags", TaggedFields)),
        ),
        (
            "upsertions",
            CompactArray(
                ("name", CompactString("utf-8")),
                ("mechanism", Int8),
                ("iterations", Int32),
                ("salt", CompactBytes),
                ("salted_password", CompactBytes),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class ScramRequest(Request[ScramRequestStruct]):
    API_KEY = API_KEY

    def __init__(self, user: str, password: str) -> None:
        salt = secrets.token_bytes(16)
        salted = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS)
        self._upsertion: tuple[object, ...] = (user, SHA_512, ITERATIONS, salt, salted, {})

    def build(self, request_struct_class: type[ScramRequestStruct]) -> ScramRequestStruct:
        return request_struct_class([], [self._upsertion], {})


async def change_password(bootstrap: str, user: str, password: str) -> None:
    """Who is connected stays so; who connects from now on needs the new one."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        node = (await admin.describe_cluster())["brokers"][0]["node_id"]
        answer = await admin._send_request_to_node(node, ScramRequest(user, password))
        [(_, code, message, _)] = answer.results
        assert for_code(code) is NoError, message
    finally:
        await admin.close()
