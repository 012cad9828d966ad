"""What the log is told of owners that died over a partition (crash_marks.py)."""

import logging

from aiokafka import TopicPartition

from docmill.kafka.delivery import Committed

log = logging.getLogger(__name__)

MANY_DEATHS = 3  # at one offset, though nobody was condemned: a person must look


def tell_deaths(partition: TopicPartition, at: Committed, tries_suspects: bool) -> None:
    """At a takeover. `tries_suspects`: whether records are tried in a child after a death."""
    if at.mark.deaths >= MANY_DEATHS:
        log.error(
            "%d owners of %s died at offset %d, %s: look at the memory limit, at the liveness probe and at the "
            "logs of those that died; at last, skip the record by hand",
            at.mark.deaths,
            partition,
            at.offset,
            "though every record survives alone" if tries_suspects else "and no record is tried alone here",
        )
    elif at.mark.suspicious:
        what = "one slice of records is tried in a child first" if tries_suspects else "its records are read again"
        log.warning("the owner of %s died; %s", partition, what)
