"""The tables of rights in docs/security.md as ACLs on a broker: what the page lists is what the tests grant."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import NoError, for_code
from aiokafka.protocol.admin import CreateAclsRequest

PAGE = Path(__file__).parents[2] / "docs" / "security.md"
ROW = re.compile(r"^\| `(docmill [^`]+)` \| ([a-z ]+?)(, prefixed)? \| `([^`]+)` \| ([A-Za-z, ]+) \|(.*)\|$")
# Source: the Kafka protocol's codes (org.apache.kafka.common.resource.ResourceType, PatternType, AclOperation).
RESOURCES = {"topic": 2, "group": 3, "cluster": 4, "transactional id": 5}
LITERAL, PREFIXED, ALLOW = 3, 4, 3
OPERATIONS = {"Read": 3, "Write": 4, "Create": 5, "Describe": 8, "DescribeConfigs": 10}


@dataclass(frozen=True, slots=True)
class Right:
    """One row; `name` still holds its placeholders, `note` is the last column as the page has it."""

    what: str
    resource: str
    prefixed: bool
    name: str
    operations: tuple[str, ...]
    note: str


def rights(what: str, *, good_to_have: bool = False) -> list[Right]:
    """The rows of a service or command in the first table, or in the second."""
    tables = PAGE.read_text(encoding="utf-8").partition("Good to have")
    rows = [ROW.match(line) for line in tables[2 if good_to_have else 0].splitlines()]
    return [
        Right(row[1], row[2], row[3] is not None, row[4], tuple(row[5].split(", ")), row[6].strip())
        for row in rows
        if row is not None and row[1] == what
    ]


def subjects() -> list[str]:
    """Everything that the first table lists the rights of, in its order."""
    needed, _, _ = PAGE.read_text(encoding="utf-8").partition("Good to have")
    return list(dict.fromkeys(row[1] for line in needed.splitlines() if (row := ROW.match(line))))


def user_of(what: str) -> str:
    """The user that a test broker has for one of `subjects`: `docmill publish --wait` is `publish-wait`."""
    return "-".join(re.findall(r"[a-z]+", what.removeprefix("docmill ")))


async def grant(bootstrap: str, user: str, granted: Iterable[Right], prefix: str, group: str) -> None:
    """Give a user rights, as an administrator would."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        node = (await admin.describe_cluster())["brokers"][0]["node_id"]
        for right in granted:
            own = {f"{service}_group": f"{group}-{service}" for service in ("indexer", "fallback", "arbiter")}
            name = right.name.format(prefix=prefix, group=group, **own)
            for operation in right.operations:
                request = CreateAclsRequest(
                    RESOURCES[right.resource],
                    name,
                    PREFIXED if right.prefixed else LITERAL,
                    f"User:{user}",
                    "*",
                    OPERATIONS[operation],
                    ALLOW,
                )
                [(code, message)] = (await admin._send_request_to_node(node, request)).creation_responses
                assert for_code(code) is NoError, message
    finally:
        await admin.close()
