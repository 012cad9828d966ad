"""Topics on the broker: make what is missing, say what is off. Does not know what flows through them."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    InvalidReplicationFactorError,
    KafkaError,
    NoError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    for_code,
)

from docmill.errors import BrokerError
from docmill.kafka.connection import client_options
from docmill.kafka.refusals import RIGHTS, explained
from docmill.kafka.topic_id import topic_id
from docmill.settings import Settings
from docmill_schemas.topics import DAY_MS, OWN_TOPICS, PROCESSOR_TOPICS, TOPICS, TopicSpec

REQUEST_TIMEOUT_MS = 15_000
VISIBLE_WITHIN_S = 10.0  # a created topic reaches the brokers' metadata some milliseconds later
BROKERS_DEFAULT = -1
FOREVER = -1  # retention.ms
DELETE_RETENTION = "delete.retention.ms"
CHECKED = ("cleanup.policy", "retention.ms", "max.message.bytes")


@dataclass(frozen=True, slots=True)
class TopicCreation:
    """What `create_topics` did about one topic."""

    topic: str  # with the prefix
    created: bool  # False: it was there and stays as it is


@dataclass(frozen=True, slots=True)
class TopicCheck:
    """What `verify_topics` found of one topic."""

    topic: str  # with the prefix
    partitions: int | None  # None: it does not exist
    problem: str | None  # what must be changed
    note: str | None = None  # what is unusual, or could not be checked

    @property
    def ok(self) -> bool:
        """Whether docmill can work with it, as far as could be seen."""
        return self.problem is None


@dataclass(frozen=True, slots=True)
class LiveTopic:
    """A topic as its broker describes it now. `id`: one that is made anew has another."""

    id: str
    partitions: tuple[int, ...]


async def create_topics(settings: Settings) -> list[TopicCreation]:
    """Make the topics that are missing, with their configuration; wait until they can be seen.

    Raises:
        BrokerError: the broker does not answer, or refuses to make one.
    """
    async with _admin(settings) as admin:
        existing = await _partitions(admin)
        names = {settings.topic_prefix + spec.name: spec for spec in (*TOPICS, *OWN_TOPICS)}
        missing = {name: spec for name, spec in names.items() if name not in existing}
        made: set[str] = set()
        if missing:
            replication = await _replication(admin, settings)
            response = await admin.create_topics(
                [_new_topic(name, spec, settings.partitions, replication) for name, spec in missing.items()]
            )
            made = {topic for topic, code, message in response.topic_errors if _was_made(topic, code, message)}
            await _until_visible(admin, set(missing))
        return [TopicCreation(name, name in made) for name in names]


async def verify_topics(settings: Settings, specs: Sequence[TopicSpec] = PROCESSOR_TOPICS) -> list[TopicCheck]:
    """Compare topics with the table. Needs the right to describe topics; where their configuration may not
    be read, a note says so.

    Raises:
        BrokerError: the broker does not answer.
    """
    async with _admin(settings) as admin:
        partitions = await _partitions(admin)
        names = {settings.topic_prefix + spec.name: spec for spec in specs}
        configs = await _configs(admin, [name for name in names if name in partitions])
        return [check_topic(name, spec, partitions.get(name), configs.get(name)) for name, spec in names.items()]


async def cluster_id(settings: Settings) -> str:
    """The id of the broker's cluster.

    Raises:
        BrokerError: the broker does not answer, or gives none.
    """
    async with _admin(settings) as admin:
        described = (await admin.describe_cluster()).get("cluster_id")
        if not described:
            raise BrokerError(f"the broker at {settings.kafka_bootstrap_servers} gives no cluster id: is it Kafka?")
        return str(described)


async def id_of_topic(settings: Settings, spec: TopicSpec) -> str:
    """The broker's id of a topic, which one made anew does not share.

    Raises:
        BrokerError: the broker does not answer, or the topic is missing.
    """
    async with _admin(settings) as admin:
        return await topic_id(admin, settings.topic_prefix + spec.name)


async def live_topic(settings: Settings, spec: TopicSpec) -> LiveTopic:
    """A topic's id and its partitions.

    Raises:
        BrokerError: the broker does not answer, or the topic is missing.
    """
    async with _admin(settings) as admin:
        name = settings.topic_prefix + spec.name
        id = await topic_id(admin, name)  # first: of a topic that is gone it raises
        [described] = await admin.describe_topics([name])
        return LiveTopic(id, tuple(sorted(partition["partition"] for partition in described["partitions"])))


async def require_topics(settings: Settings, specs: Sequence[TopicSpec]) -> None:
    """Make sure that topics exist before a client asks for them, which could make a broker create them by itself.

    Raises:
        BrokerError: the broker does not answer, or one is missing.
    """
    if missing := await missing_topics(settings, specs):
        raise BrokerError(
            f"{', '.join(missing)} not at {settings.kafka_bootstrap_servers}, or this user has no right on it "
            f"(docs/security.md): run `docmill topics create`, or set the prefix (DOCMILL_TOPIC_PREFIX or "
            f"--topic-prefix, now {settings.topic_prefix!r})"
        )


async def missing_topics(settings: Settings, specs: Sequence[TopicSpec]) -> tuple[str, ...]:
    """Names, with the prefix, of those that are not there, or that this user has no right on: a broker does not tell.

    Raises:
        BrokerError: the broker does not answer.
    """
    async with _admin(settings) as admin:
        existing = await _partitions(admin)
    return tuple(name for spec in specs if (name := settings.topic_prefix + spec.name) not in existing)


async def max_message_bytes(settings: Settings, spec: TopicSpec) -> int:
    """The largest record batch that the topic takes; the table's value where the configuration may not be read.

    Raises:
        BrokerError: the broker does not answer.
    """
    name = settings.topic_prefix + spec.name
    async with _admin(settings) as admin:
        config = (await _configs(admin, [name])).get(name)
    return spec.max_bytes if config is None else int(config["max.message.bytes"])


async def delete_retention_ms(admin: AIOKafkaAdminClient, name: str) -> int:
    """How long a compacted topic, by its full name, keeps a deletion; Kafka's default where that may not be read.

    Raises:
        KafkaError: the broker does not answer.
    """
    config = (await _configs(admin, [name], [DELETE_RETENTION])).get(name)
    return DAY_MS if config is None else int(config[DELETE_RETENTION])


def check_topic(name: str, spec: TopicSpec, partitions: int | None, config: Mapping[str, str] | None) -> TopicCheck:
    """Compare one topic with its row of the table.

    Retention is an operator's choice, and a shorter one than the table's gets a note: what is not read in time is
    gone. Another cleanup policy, or messages too small for the largest event, are problems.
    """
    if partitions is None:
        return TopicCheck(name, None, "missing, or this user has no right on it")
    if config is None:
        return TopicCheck(name, partitions, None, "configuration not checked: needs the right DescribeConfigs")
    problems = []
    if (found := config["cleanup.policy"]) != spec.cleanup:
        problems.append(f"cleanup.policy is {found}, must be {spec.cleanup}")
    if (max_bytes := int(config["max.message.bytes"])) < spec.max_bytes:
        problems.append(f"max.message.bytes is {max_bytes}, must be at least {spec.max_bytes}")
    retention_ms = int(config["retention.ms"])
    short = spec.retention_ms is not None and retention_ms != FOREVER and retention_ms < spec.retention_ms
    note = f"retention.ms is {retention_ms}, the table has {spec.retention_ms}" if short else None
    return TopicCheck(name, partitions, "; ".join(problems) or None, note)


@asynccontextmanager
async def _admin(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    """A started admin client; what goes wrong with it becomes a BrokerError."""
    admin = AIOKafkaAdminClient(**client_options(settings), client_id="docmill", request_timeout_ms=REQUEST_TIMEOUT_MS)
    try:
        await admin.start()
        yield admin
    except (KafkaError, TimeoutError) as error:
        raise await explained(settings, error) from error
    finally:
        await admin.close()


async def _partitions(admin: AIOKafkaAdminClient) -> dict[str, int]:
    """Number of partitions of every topic that may be described. Asking for all of them creates none."""
    return {topic["topic"]: len(topic["partitions"]) for topic in await admin.describe_topics()}


async def _configs(
    admin: AIOKafkaAdminClient, names: Sequence[str], entries: Sequence[str] = CHECKED
) -> dict[str, dict[str, str]]:
    """Some configuration of topics; those whose configuration may not be read are left out."""
    wanted = dict.fromkeys(entries)
    responses = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name, wanted) for name in names])
    return {
        resource[3]: _entries(resource)
        for response in responses
        for resource in response.resources
        if _readable(resource)
    }


def _readable(resource: Any) -> bool:
    """Whether a resource's configuration came. Raises KafkaError for anything but a missing right."""
    code, message, _, name, _ = resource
    error = for_code(code)
    if error in (TopicAuthorizationFailedError, ClusterAuthorizationFailedError):
        return False
    if error is not NoError:
        raise error(f"configuration of {name}: {message}")
    return True


def _entries(resource: Any) -> dict[str, str]:
    return {entry[0]: entry[1] for entry in resource[4]}


async def _replication(admin: AIOKafkaAdminClient, settings: Settings) -> int:
    """The replication factor of new topics; aiokafka's CreateTopics (v3) cannot leave it to the broker itself."""
    if settings.replication_factor != BROKERS_DEFAULT:
        return settings.replication_factor
    cluster = await admin.describe_cluster()
    broker = ConfigResource(
        ConfigResourceType.BROKER, str(cluster["brokers"][0]["node_id"]), {"default.replication.factor": None}
    )
    [response] = await admin.describe_configs([broker])
    [resource] = response.resources
    if not _readable(resource):
        raise BrokerError(
            "the broker's default.replication.factor may not be read: set DOCMILL_REPLICATION_FACTOR to a number"
        )
    return int(_entries(resource)["default.replication.factor"])


def _new_topic(name: str, spec: TopicSpec, partitions: int, replication: int) -> NewTopic:
    return NewTopic(name, partitions, replication, topic_configs=spec.config())


def _was_made(topic: str, code: int, message: str | None) -> bool:
    """Read one answer of CreateTopics; False where someone else was faster."""
    error = for_code(code)
    if error is NoError:
        return True
    if error is TopicAlreadyExistsError:
        return False
    if error in (TopicAuthorizationFailedError, ClusterAuthorizationFailedError):
        advice = "ask for the right to create it, or have it made as `docmill topics show` says"
    elif error is InvalidReplicationFactorError:
        advice = "set DOCMILL_REPLICATION_FACTOR to no more than there are brokers"
    else:
        advice = "have it made by hand as `docmill topics show` says"
    raise BrokerError(f"the broker does not create {topic}: {message or error.__name__}; {advice}")


async def _until_visible(admin: AIOKafkaAdminClient, names: set[str]) -> None:
    try:
        async with asyncio.timeout(VISIBLE_WITHIN_S):
            while not names <= (await _partitions(admin)).keys():  # noqa: ASYNC110
                await asyncio.sleep(0.05)  # no event tells a client
    except TimeoutError:
        raise BrokerError(
            f"{', '.join(sorted(names))} should be there now but cannot be seen: this user may have no right to "
            f"describe them; {RIGHTS}"
        ) from None
