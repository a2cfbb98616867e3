"""What people and machines do to plates, areas and rows before they send them; and what was meant, for the truth."""

import numpy as np
import pandas as pd

from dansok.sample.ground import AREA_NAMES, AREA_NAMES_2018
from dansok.sample.world import boundary_day

CHANGE = pd.Timestamp("2024-02-13")  # the national system replaces the city's own: other headers, other words
BY_HAND_DAYS, NOT_LINKED = 45, 0.6  # after it plates are typed by hand, and so many reports never reach the system
MASKED, UNREADABLE, SPACED, WIDE = 0.012, 0.008, 0.03, 0.004
BY_HAND_UNREADABLE = 0.04
RENAMED = ("퇴계원면", "퇴계원읍", pd.Timestamp("2024-01-01"))  # the 면 became a 읍
COPIES = 0.0006  # of the rows come twice
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
# What a reader takes for what; the first digit of the serial, 0, is never touched: the plate stays one that is not issued.
LOOK_ALIKES = {"가": "거", "거": "가", "나": "너", "너": "나", "다": "더", "더": "다", "라": "러", "러": "라", "마": "머",
               "머": "마", "어": "아", "저": "자", "고": "구", "구": "고", "노": "누", "누": "노", "도": "두", "두": "도",
               "1": "7", "7": "1", "3": "8", "8": "3", "5": "6", "6": "5"}  # fmt: skip


def sent_plates(world, table, at, rng, by_hand=False):
    """Plates as sent, and what is meant: `sent`, `plate` (normal form; missing unless readable), `plate_state`."""
    plate = pd.Series(world.fleet.plates_on(table["vehicle"].to_numpy(), at.to_numpy()), dtype=object)
    luck = rng.random(len(plate))
    hand = by_hand & (at >= CHANGE) & (at < CHANGE + pd.Timedelta(days=BY_HAND_DAYS)) if by_hand else False
    unreadable = luck < np.where(hand, BY_HAND_UNREADABLE, UNREADABLE)
    masked = ~unreadable & (luck > 1 - MASKED)
    spaced = ~unreadable & ~masked & (luck > 1 - MASKED - SPACED)
    wide = ~unreadable & ~masked & ~spaced & (luck > 1 - MASKED - SPACED - WIDE)
    sent = plate.copy()
    sent[spaced] = with_space(plate[spaced])
    sent[wide] = plate[wide].str.translate(FULL_WIDTH)
    sent[masked] = plate[masked].str.slice(0, -2) + "**"
    sent[unreadable] = "판독불가"
    state = np.select([unreadable, masked], ["unreadable", "masked"], "read")
    return pd.DataFrame({"sent": sent, "plate": plate.where(state == "read"), "plate_state": state})


def with_space(plates):
    """Plates with a space before the serial."""
    return plates.str.slice(0, -4) + " " + plates.str.slice(-4)


def misread(plates, rng, share):
    """Plates as a reader takes them: a share of them with one sign taken for another; and which those are."""
    wrong = np.flatnonzero(rng.random(len(plates)) < share)
    read = np.array(plates, object)
    for row in wrong:
        text = read[row]
        places = [i for i, sign in enumerate(text) if sign in LOOK_ALIKES and i != len(text) - 4]
        if places:
            at = places[rng.integers(len(places))]
            read[row] = text[:at] + LOOK_ALIKES[text[at]] + text[at + 1 :]
    return read, read != np.array(plates, object)


def sent_areas(world, place, at):
    """읍면동 as the export names it on the day, and as the city calls it today."""
    row = world.days.get_indexer(at.dt.normalize())
    old, new = (world.ground.places[name].to_numpy()[place] for name in ("area", "area_2018"))
    after = world.options.happens("boundaries_2018") | (
        world.options.happens("boundary_change") & (row >= boundary_day(world.days))
    )
    name = np.where(after, AREA_NAMES_2018[new], AREA_NAMES[old])
    early = (name == RENAMED[1]) & (at < RENAMED[2]).to_numpy()
    return np.where(early, RENAMED[0], name)


def with_copies(sent, plain, rng):
    """Some of the rows that are odd in no other way come twice, the copy just below: rows, and whether each is a copy."""
    count = max(3, round(COPIES * len(sent)))
    chosen = rng.choice(np.flatnonzero(plain), count, replace=False)
    order = np.sort(np.concatenate([np.arange(len(sent)), chosen]), kind="stable")
    copy = np.concatenate([[False], order[1:] == order[:-1]])
    return order, copy


def spots(world, table, metres=0.0, rng=None):
    """Easting and northing of rows with `place` and `along`, some metres off."""
    places = world.ground.places
    at = table["place"].to_numpy()
    step = table["along"].to_numpy() * places["length_metres"].to_numpy()[at]
    x = places["x"].to_numpy()[at] + step * places["east"].to_numpy()[at]
    y = places["y"].to_numpy()[at] + step * places["north"].to_numpy()[at]
    if metres:
        x, y = x + rng.normal(0, metres, len(x)), y + rng.normal(0, metres, len(y))
    return x, y


LOTS_A_STREET = 4


def lot_of(along):
    """Which of the lots of its street a car stands at, 1 to 4."""
    return np.clip(((np.asarray(along) + 0.5) * LOTS_A_STREET).astype(int), 0, LOTS_A_STREET - 1) + 1


def addresses(world, table):
    """Lot address of rows with `place` and `along`, such as "호평동 3012-2"."""
    places, at = world.ground.places, table["place"].to_numpy()
    number = (
        pd.Series(places["lot_number"].to_numpy()[at]).astype(str) + "-" + pd.Series(lot_of(table["along"])).astype(str)
    )
    return pd.Series(places["legal_name"].to_numpy()[at], dtype=object), number
