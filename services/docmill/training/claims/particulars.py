"""The dates, numbers, places and things of one claim. Does not know the people or the amounts."""

import random
from collections.abc import Mapping
from datetime import date, timedelta

from docmill.training.claims.claim import Kind
from docmill.training.claims.companies import draw_vehicle
from docmill.training.claims.dates import weekday
from docmill.training.claims.numbers import filled, reference
from docmill.training.claims.places import draw_address, draw_destination, draw_road
from docmill.training.claims.pools import Part, pool, table, words

DAYS = words(
    "loss, inception, expiry, reported, answered, letter, received, inspected, invoiced, service, booked, set_off, "
    "depart, return, discharged, appointment, prior_loss, dob, deadline"
)
TEXTS = words(
    "claim_number, policy_number, invoice_number, police_ref, file_number, customer_number, booking_ref, flight, "
    "pir_number, vin, account, phone, phone2, plate, plate2, vehicle, vehicle_short, vehicle2, destination, "
    "foreign_amount, address, address2, road, road2, town, home_town, region, place, place_short, time, time2, "
    "weekday, past_year, speed, mileage, n, number_word, house_number, currency"
)
FIRST_DAY, LAST_DAY = date(2014, 2, 1), date(2026, 9, 30)
CLAIM_PREFIXES = words("CLM, CL, C, CN, LN, FNOL, INC, CLAIM, K, REF, L, CF, FN")
POLICY_PREFIXES = words("POL, P, PN, PL, HP, PC, PK, CERT, B, POLICY, GP, Z, UW")
KIND_PREFIXES = {
    Kind.MOTOR: words("MOT, MV, AUTO, PCV, M"),
    Kind.PROPERTY: words("HH, HOM, PROP, BC, FIR"),
    Kind.TRAVEL: words("TRV, TI, TVL, AMT, TR"),
    Kind.HEALTH: words("MED, HLT, PMI, GHI, HC"),
    Kind.LIABILITY: words("LIAB, PLI, EL, GL, CGL"),
}


def draw_days(rng: random.Random) -> Mapping[str, date]:
    """DAYS, of which none but `loss` is that day.

    Until the letter, in order: loss, reported, inspected, invoiced, letter. An answer came between report and letter.
    """
    loss = FIRST_DAY + timedelta(days=rng.randrange((LAST_DAY - FIRST_DAY).days))
    inception = loss - timedelta(days=rng.randint(20, 350))
    reported = loss + timedelta(days=rng.choice((1, 1, 2, 3, 5, 8, 13, 21, 34)))
    letter = reported + timedelta(days=rng.randint(1, 45))
    inspected = reported + timedelta(days=rng.randint(1, min(30, (letter - reported).days)))
    invoiced = inspected + timedelta(days=rng.randint(0, (letter - inspected).days))
    return {
        "loss": loss,
        "inception": inception,
        "expiry": inception + timedelta(days=364),
        "reported": reported,
        "answered": reported + timedelta(days=rng.randint(0, (letter - reported).days)),
        "letter": letter,
        "received": letter + timedelta(days=rng.randint(1, 6)),
        "inspected": inspected,
        "invoiced": invoiced,
        "service": loss - timedelta(days=rng.randint(12, 200)),
        "booked": loss - timedelta(days=rng.randint(15, 250)),
        "set_off": loss - timedelta(days=rng.randint(1, 6)),
        "depart": loss + timedelta(days=rng.randint(3, 20)),
        "return": loss + timedelta(days=rng.randint(22, 30)),
        "discharged": loss + timedelta(days=rng.randint(1, min(7, (invoiced - loss).days))),
        "appointment": loss + timedelta(days=rng.randint(14, 120)),
        "prior_loss": loss - timedelta(days=rng.randint(300, 2500)),
        "dob": loss - timedelta(days=rng.randint(19 * 365, 82 * 365)),
        "deadline": letter + timedelta(days=rng.choice((7, 14, 21, 28, 30))),
    }


def draw_texts(rng: random.Random, kind: Kind, part: Part, country: str, loss: date) -> Mapping[str, str]:
    """TEXTS of a claim whose loss was on a day."""
    return _numbers(rng, kind, country, loss) | _things(rng, part, country) | _moments(rng, country, loss)


def _numbers(rng: random.Random, kind: Kind, country: str, loss: date) -> dict[str, str]:
    place = table("countries")[country]
    return {
        "claim_number": reference(rng, (*CLAIM_PREFIXES, *KIND_PREFIXES[kind]), loss.year),
        "policy_number": reference(rng, (*POLICY_PREFIXES, *KIND_PREFIXES[kind] * 2), loss.year - 1),
        "invoice_number": reference(rng, words("INV, RE, F, SI"), loss.year),
        "police_ref": reference(rng, words("CR, PD, GD, CAD, OCC, FIR"), loss.year),
        "file_number": reference(rng, words("LA, FILE, GEN, JB, MR"), loss.year),
        "customer_number": filled(rng, rng.choice(("########", "C#######", "### ### ###", "@@######"))),
        "booking_ref": filled(rng, rng.choice(("@@@@@@", "@#@#@@", "#######", "@@-######"))),
        "flight": filled(rng, rng.choice(("@@ ###", "@@####", "@@###"))),
        "pir_number": filled(rng, "@@@@@#####"),
        "vin": filled(rng, "@@@@@#####@######"),
        "account": filled(rng, rng.choice(("########", "####-######-##", "##########"))),
        "phone": filled(rng, rng.choice(place["phone"])),
        "phone2": filled(rng, rng.choice(place["phone"])),
        "plate": filled(rng, rng.choice(place["plate"])),
        "plate2": filled(rng, rng.choice(place["plate"])),
    }


def _things(rng: random.Random, part: Part, country: str) -> dict[str, str]:
    place = table("countries")[country]
    vehicle, vehicle_short = draw_vehicle(rng, part, place["dialect"])
    vehicle2, _ = draw_vehicle(rng, part, place["dialect"])
    destination, foreign_amount = draw_destination(rng, part)
    town, home_town = rng.sample(pool(place["towns"], part), 2)
    return {
        "vehicle": vehicle,
        "vehicle_short": vehicle_short,
        "vehicle2": vehicle2,
        "destination": destination,
        "foreign_amount": foreign_amount,
        "address": draw_address(rng, part, country),
        "address2": draw_address(rng, part, country),
        "road": draw_road(rng, part, country),
        "road2": draw_road(rng, part, country),
        "town": town,
        "home_town": home_town,
        "region": rng.choice(words(place["regions"])),
        "place": f"{draw_road(rng, part, country)}, {town}",
        "place_short": draw_road(rng, part, country),
        "currency": place["currency"],
    }


def _moments(rng: random.Random, country: str, loss: date) -> dict[str, str]:
    hour, minute = rng.randrange(24), rng.randrange(0, 60, 5)
    unit = "mph" if country in ("GB", "US") else "km/h"
    return {
        "time": _clock(rng, hour, minute),
        "time2": _clock(rng, (hour + rng.randint(1, 4)) % 24, rng.randrange(60)),
        "weekday": weekday(loss),
        "past_year": str(loss.year - rng.randint(1, 6)),
        "speed": f"{rng.choice((20, 30, 40, 50, 60, 80))} {unit}",
        "mileage": f"{rng.randint(4000, 180_000):,}",
        "n": str(rng.randint(2, 19)),
        "number_word": rng.choice(words("two, three, four, five, six")),
        "house_number": str(rng.randint(1, 180)),
    }


def _clock(rng: random.Random, hour: int, minute: int) -> str:
    twelve, half = (hour - 1) % 12 + 1, "am" if hour < 12 else "pm"
    return rng.choice(
        (
            f"{hour:02d}:{minute:02d}",
            f"{twelve}.{minute:02d}{half}",
            f"{twelve}:{minute:02d} {half}",
            f"{twelve}:{minute:02d} {half[0]}.m.",
            f"{hour:02d}{minute:02d} hrs",
            f"{twelve}{half}",
        )
    )
