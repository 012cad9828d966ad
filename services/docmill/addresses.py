"""What may stand in KAFKA_BOOTSTRAP_SERVERS: what is malformed aiokafka takes for a host, or for a bug."""

import ipaddress
import re

ADDRESS = re.compile(r"(?:\[(?P<ipv6>[^\[\]]*)\]|(?P<host>[^\s:/\[\]]+))(?::(?P<port>\d{1,5}))?", re.ASCII)
LAST_PORT = 65_535


def checked_addresses(servers: str) -> str:
    """The same text, once each of its addresses can be one. A port that is not given is 9092, as aiokafka has it.

    Raises:
        ValueError: says which address cannot be one, and why.
    """
    for address in servers.split(","):
        if problem := _problem(address.strip()):
            raise ValueError(f"{address.strip()!r} {problem}; host:port of the brokers, comma-separated")
    return servers


def _problem(address: str) -> str | None:
    match = ADDRESS.fullmatch(address)
    if match is None:
        return "is no host:port, nor [IPv6 address]:port"
    if match["port"] is not None and not 1 <= int(match["port"]) <= LAST_PORT:
        return f"has a port that is not from 1 to {LAST_PORT}"
    try:
        if match["ipv6"] is not None:
            ipaddress.IPv6Address(match["ipv6"])
        else:
            match["host"].encode("idna")
    except ValueError:  # a UnicodeError is one
        return "names no host"
    return None
