"""What a changed AsyncAPI document would break on the other side of its topics. Knows only what docmill's says.

Of a message the headers, key, payload and contentType count; of a topic its configuration:
- max.message.bytes: of what others send it must not shrink, or their records no longer fit; of what they read it must
  not grow, or records come that their buffers and their own topics were not sized for.
- retention.ms of what they read must not shrink: a reader that was away would miss records. Of what they send it is
  docmill's own concern.
- cleanup.policy stays.
A new form of what docmill sends is a break: readers would find records that are none of theirs.
"""

import math
from typing import Any

from tests.contract.compatibility import Schema, Side, breaks


def topic_breaks(released: Schema, current: Schema) -> list[str]:
    """What breaks for those who work with the released document, by address and message; empty where they work on."""
    found: list[str] = []
    channels = {channel["address"]: channel for channel in current["channels"].values()}
    for side, channel in _sides(released):
        address = channel["address"]
        if address not in channels:
            found.append(f"{address}: gone")
            continue
        found += _message_breaks(released, current, side, channel, channels[address])
        topics = _topic(channel, side), _topic(channels[address], side)
        found += [f"{address}: {one}" for one in breaks(*topics, side)]
    moved = {channel["address"]: side for side, channel in _sides(current)}
    found += [
        f"{channel['address']}: changed sides"
        for side, channel in _sides(released)
        if moved.get(channel["address"], side) is not side
    ]
    return found


def _sides(document: Schema) -> list[tuple[Side, Schema]]:
    """Every channel with the side that docmill is not."""
    return [
        (
            Side.PRODUCER if operation["action"] == "receive" else Side.CONSUMER,
            document["channels"][operation["channel"]["$ref"].rpartition("/")[2]],
        )
        for operation in document["operations"].values()
    ]


def _message_breaks(released: Schema, current: Schema, side: Side, old: Schema, new: Schema) -> list[str]:
    address = old["address"]
    gone = sorted(old["messages"].keys() - new["messages"].keys())
    added = sorted(new["messages"].keys() - old["messages"].keys()) if side is Side.CONSUMER else []
    found = [f"{address} {name}: gone" for name in gone] + [f"{address} {name}: unknown to readers" for name in added]
    for name in old["messages"].keys() & new["messages"].keys():
        pair = _message(released, name), _message(current, name)
        found += [f"{address} {name} {one}" for one in breaks(*pair, side, (released, current))]
    return found


def _message(document: Schema, name: str) -> Schema:
    """A message as the schema of an object with its parts."""
    message = document["components"]["messages"][name]
    parts: dict[str, Any] = {
        "headers": message["headers"],
        "key": message["bindings"]["kafka"]["key"],
        "payload": message["payload"],
        "contentType": {"const": message["contentType"]},
    }
    return {"type": "object", "properties": parts, "required": list(parts)}


def _topic(channel: Schema, side: Side) -> Schema:
    """A topic's configuration as the bounds within which its records lie."""
    configuration = channel["bindings"]["kafka"]["topicConfiguration"]
    bounds: dict[str, Any] = {
        "max.message.bytes": {"maximum": configuration["max.message.bytes"]},
        "cleanup.policy": {"const": configuration["cleanup.policy"]},
    }
    if side is Side.CONSUMER:
        kept_ms = configuration["retention.ms"]
        bounds["retention.ms"] = {"minimum": math.inf if kept_ms < 0 else kept_ms}
    return {"type": "object", "properties": bounds, "required": list(bounds)}
