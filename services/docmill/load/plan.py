"""What one step will send, decided as a whole before it starts. Does not send it."""

from dataclasses import dataclass
from random import Random

from docmill.kafka.drive import Shipment
from docmill.load.documents import LoadDocument, Shelf
from docmill.load.mix import Mix, deal
from docmill.load.schedule import Arrivals, due_times


@dataclass(frozen=True, slots=True)
class Offer:
    """At which rate, for how long, and what."""

    rate: float  # documents a second
    warm_up_s: float  # sent, but not counted
    counted_s: float
    arrivals: Arrivals
    mix: Mix


@dataclass(frozen=True, slots=True)
class Plan:
    """The documents of a step in the order of their due times; shipment n carries document n."""

    offer: Offer
    shipments: tuple[Shipment, ...]
    documents: tuple[LoadDocument, ...]
    first_counted: int  # those before it warm up


def plan_step(offer: Offer, shelf: Shelf, prefix: str, random: Random) -> Plan:
    """Warm-up and counted part are dealt and spaced each by itself, so that each holds the rate and the mix exactly.

    `prefix` begins the document ids and must be new: outcomes find their documents by it.
    """
    warm_up = round(offer.rate * offer.warm_up_s)
    counted = max(1, round(offer.rate * offer.counted_s))
    documents = deal(shelf, offer.mix, warm_up, random) + deal(shelf, offer.mix, counted, random)
    due = due_times(offer.arrivals, warm_up, offer.warm_up_s, random)
    due += [offer.warm_up_s + time for time in due_times(offer.arrivals, counted, offer.counted_s, random)]
    shipments = tuple(
        Shipment(due_s, f"{prefix}{number}", document.content, document.content_type)
        for number, (due_s, document) in enumerate(zip(due, documents, strict=True))
    )
    return Plan(offer, shipments, tuple(documents), warm_up)
