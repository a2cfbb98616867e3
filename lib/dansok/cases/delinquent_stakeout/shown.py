"""Tables of the plan for a reader: the calendar, the cards, what one more hour adds, where a reader would pay, who is in the plan."""

import numpy as np
import pandas as pd

from dansok.cases.delinquent_map.presence import SLOTS
from dansok.cases.delinquent_map.worth import compared, in_words
from dansok.cases.delinquent_stakeout.labels import CONTROL, GRADES, HOW, KINDS, NAMELESS
from dansok.models import stakeout
from dansok.models.whereabouts import PART_STARTS, PARTS, visit_class
from dansok.words import Text

MILLION = 1_000_000
TEN_THOUSAND = 10_000
LEAST_TOLD = 0.05  # vehicles expected in a block, below which it shows as 0.0 and its reliability says nothing
LEAST_CHANCE = 1e-4  # of meeting a vehicle in a block, below which it is not told
IN_PLAN = 0.05  # chance to be met from which on a vehicle counts as in the plan
SURE_CLASSES = ("3-9", "10+")  # of visits behind a vehicle whose places are foreseen
GRADE_FROM = {"high": 0.7, "middle": 0.4, "low": 0.0}  # share of the expected vehicles in those classes
CARDS_A_FIGURE = 4
READERS_LISTED = 10
READER_HOURS = range(6, 24)  # of a gate or camera that would be equipped
DAYS_A_MONTH = {False: 21, True: 9}  # working days and rest days
LATELY_DAYS = 92
WEEKDAYS = "월화수목금토일"


def where(places, numbers):
    """Area and name of the places of a block, in order: Text."""
    names = []
    for number in numbers:
        area, name = places["area_name"].iloc[number], places["place_name"].iloc[number]
        ko, en = (name, name) if isinstance(name, str) else (NAMELESS.ko, NAMELESS.en)
        names.append((f"{area} {ko}", f"{area} {en}") if isinstance(area, str) else (ko, en))
    return Text(*(" → ".join(language) for language in zip(*names, strict=True)))


def day_of(date):
    """A day as a calendar shows it."""
    return Text(f"{date.month}월 {date.day}일({WEEKDAYS[date.weekday()]})", f"{date:%a} {date.day} {date:%b}")


def hours_of(start, hours):
    """From hour to hour: "18:00~20:00" in Korean, "18:00–20:00" in English."""
    ends = [f"{int(hour):02d}:{round(hour % 1 * 60):02d}" for hour in (start, start + hours)]
    return Text("~".join(ends), "–".join(ends))


def meetings(plan, known, inputs):
    """As `stakeout.first_meetings`, with `reliability` (class of visits), `seen_class` and `been_here` (bool: read at the site)."""
    rows = stakeout.first_meetings(plan, known.encounters, known.vehicles, minimum=LEAST_CHANCE)
    visits = pd.Series(known.model.visits, known.model.vehicles)
    last = pd.to_datetime(inputs.last_seen.reindex(rows["vehicle"])).to_numpy("datetime64[us]")
    ago = (inputs.held.day.to_datetime64() + np.timedelta64(1, "D") - last) / np.timedelta64(1, "D")
    seen = np.select(
        [ago <= 7, ago <= 31, ago <= LATELY_DAYS, ago > LATELY_DAYS], ["week", "month", "quarter", "older"], "never"
    )
    here = pd.MultiIndex.from_frame(known.seen[["vehicle", "place"]].drop_duplicates())
    stops = rows["block"].map(plan["places"])
    been = [
        any((vehicle, place) in here for place in places)
        for vehicle, places in zip(rows["vehicle"], stops, strict=True)
    ]
    return rows.assign(
        reliability=visit_class(visits.reindex(rows["vehicle"]).fillna(0).to_numpy()) if len(rows) else "",
        seen_class=seen,
        been_here=np.array(been, bool),
    )  # fmt: skip


def blocks(plan, expected, met, places):
    """One row a block in order of time: what `calendar`, `cards` and `leave.save_plan` tell of it.

    Parameters
    ----------
    plan : pd.DataFrame
        As `stakeout.make_plan` gives.
    expected : pd.DataFrame
        As `stakeout.expected_by_block` gives.
    met : pd.DataFrame
        As `meetings` gives.
    places : pd.DataFrame
        As `Ground.places`.
    """
    table = plan.join(expected)
    first = met.set_index("block")["first"]
    whole = first.groupby(level=0).sum().reindex(table.index)
    sure = first[met["reliability"].isin(SURE_CLASSES).to_numpy()].groupby(level=0).sum().reindex(table.index).fillna(0)
    known_here = first[met["been_here"].to_numpy()].groupby(level=0).sum().reindex(table.index).fillna(0)
    table = table.assign(sure=sure / whole, been_here=known_here / whole)
    table["grade"] = [
        next(name for name, least in GRADE_FROM.items() if share >= least) if expected >= LEAST_TOLD else None
        for share, expected in zip(table["sure"], whole, strict=True)
    ]
    return table.assign(where=[where(places, numbers) for numbers in table["places"]])


def calendar(table):
    """The blocks of each team: dict of team -> pd.DataFrame with the columns of `labels.CALENDAR_COLUMNS`."""
    rows = table.assign(
        day=[day_of(date) for date in table["date"]],
        hours=[hours_of(*pair) for pair in zip(table["start_hour"], table["hours"], strict=True)],
        how=[CONTROL if drawn else HOW[how] for drawn, how in zip(table["random"], table["how"], strict=True)],
        million_krw=table["value"] / MILLION,
        vehicles_between=[
            Text(f"{low:.0f}~{high:.0f}", f"{low:.0f}–{high:.0f}")
            for low, high in zip(table["vehicles_low"], table["vehicles_high"], strict=True)
        ],
        krw_between=[
            Text(f"{low / MILLION:.1f}~{high / MILLION:.1f}", f"{low / MILLION:.1f}–{high / MILLION:.1f}")
            for low, high in zip(table["value_low"], table["value_high"], strict=True)
        ],
        grade=table["grade"].map(GRADES),
    )
    return {team: own.reset_index(drop=True) for team, own in rows.groupby("team")}


def cards(table, seen_here, places, number, few):
    """The first blocks as `maps.block_cards` wants them, in lists of a figure each.

    Parameters
    ----------
    table : pd.DataFrame
        As `blocks` gives.
    seen_here : pd.DataFrame
        Eligible vehicles read so far, by `slot` and `place`: `vehicles`.
    places : pd.DataFrame
    number : int
        Of cards.
    few : int
        Numbers of vehicles below it are told as such.
    """
    counts = seen_here.set_index(["slot", "place"])["vehicles"]
    rows = []
    for block in table.head(number).itertuples():
        spots = places.iloc[list(block.places)]
        seen = int(counts.reindex([(block.slot, place) for place in block.places]).fillna(0).sum())
        title = Text(
            f"{day_of(block.date).ko} {hours_of(block.start_hour, block.hours).ko} · {block.team}조",
            f"{day_of(block.date).en}, {hours_of(block.start_hour, block.hours).en}, team {block.team}",
        )
        rows.append(
            {
                "sites": tuple(zip(spots["x"], spots["y"], strict=True)),
                "title": title,
                "lines": [
                    Text(f"{block.where.ko} · {HOW[block.how].ko}", f"{block.where.en}, {HOW[block.how].en}"),
                    _expected_said(block),
                    _why_said(block, seen, few),
                ],
            }
        )
    frame = pd.DataFrame(rows, columns=["sites", "title", "lines"])
    return [frame.iloc[start : start + CARDS_A_FIGURE] for start in range(0, len(frame), CARDS_A_FIGURE)]


def _expected_said(block):
    low, high = block.value_low / MILLION, block.value_high / MILLION
    return Text(
        f"기대 {block.vehicles:.1f}대({block.vehicles_low:.0f}~{block.vehicles_high:.0f}), {block.value / MILLION:.1f}백만 원"
        f"({low:.1f}~{high:.1f})",
        f"Expected {block.vehicles:.1f} vehicles ({block.vehicles_low:.0f} to {block.vehicles_high:.0f}), "
        f"₩{block.value / MILLION:.1f} million ({low:.1f} to {high:.1f})",
    )


def _why_said(block, seen, few):
    if block.random:
        return Text(
            "왜 여기: 무작위로 뽑은 대조 블록. 계획의 효과를 이 블록과 견주어 잰다",
            "Why here: drawn at random, as a control that the plan is measured against",
        )
    told = Text(f"{seen}대", f"{seen}") if seen >= few else Text(f"{few}대 미만", f"under {few}")
    if pd.isna(block.grade):
        return Text(
            "왜 여기: 기대되는 차는 거의 없고, 모든 읍면동에 가도록 넣은 블록",
            "Why here: next to no vehicle is expected; the block is here so that every area is reached",
        )
    grade = GRADES[block.grade]
    return Text(
        f"왜 여기: 이 시간대에 여기서 판독된 영치 대상 {told.ko}. 만날 차의 {block.been_here:.0%}는 전에 여기서 포착된 차. 신뢰 {grade.ko}(3번 이상 포착된 차가 "
        f"{block.sure:.0%})",
        f"Why here: {told.en} eligible vehicles read here in these hours. {block.been_here:.0%} of those expected were seen here before. "
        f"Reliability {grade.en} ({block.sure:.0%} seen 3 times or more)",
    )


def seen_here(known):
    """Eligible vehicles read so far by `slot` and `place`: `vehicles`."""
    own = known.seen[known.seen["vehicle"].isin(known.vehicles.index[known.vehicles["eligible"]])]
    return own.groupby(["slot", "place"])["vehicle"].nunique().rename("vehicles").reset_index()


def sites(table, places, top):
    """The sites that bring most as `maps.ranked_places` wants them; of a tour its first."""
    own = table[~table["random"]].assign(place=[numbers[0] for numbers in table.loc[~table["random"], "places"]])
    sums = own.groupby("place")["value"].sum().sort_values(ascending=False, kind="stable").head(top)
    spots = places.iloc[sums.index]
    return pd.DataFrame(
        {
            "rank": range(1, len(sums) + 1),
            "name": [where(places, [place]) for place in sums.index],
            "x": spots["x"].to_numpy(),
            "y": spots["y"].to_numpy(),
            "value": sums.to_numpy() / MILLION,
        }
    )


def trials(tried):
    """What each plan would have recovered in a crew-hour, with 95% intervals: rows as `labels.TRIAL_COLUMNS`."""
    rows = []
    for plan, own in tried.table.dropna(subset=["equal_value"]).groupby("plan", sort=False):
        value, hours = own["equal_value"].sum(), own["equal_hours"].sum()
        error = tried.error_of(plan)
        rows.append(
            {
                "plan": plan,
                "answered": (own["answered"] * own["crew_hours"]).sum() / own["crew_hours"].sum(),
                "hours": hours,
                "krw_per_hour": value / hours / TEN_THOUSAND,
                "low": value / hours / TEN_THOUSAND * np.exp(-1.96 * error),
                "high": value / hours / TEN_THOUSAND * np.exp(1.96 * error),
            }
        )
    columns = ["plan", "answered", "hours", "krw_per_hour", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def months(tried, few):
    """What each month held back promised, scaled by the months before it, and realised: rows as `labels.MONTH_COLUMNS`.

    `vehicles` is missing where fewer than `few` would have been met, but some.
    """
    own = tried.kept_by_month
    met = own["realised_vehicles"]
    return pd.DataFrame(
        {
            "month": own["month"],
            "promised": own["promised"] / MILLION,
            "realised": own["realised_value"] / MILLION,
            "ratio": (own["promised"] / own["realised_value"]).where(own["realised_value"] > 0),
            "vehicles": met.mask(met.between(0, few, inclusive="neither")),
        }
    )


def returns(plan, known, scale):
    """What each further block that was chosen adds by the hour, as `charts.returns` wants it: `x` (crew-hours), `gain` (10,000 won an hour)."""
    curve = stakeout.gain_curve(plan[~plan["random"]], known.encounters, known.vehicles)
    return pd.DataFrame({"x": curve["crew_hours"], "gain": scale * curve["gain_per_hour"] / TEN_THOUSAND})


def next_blocks(plan, roster, known, scale, places):
    """What one further crew would add, by hours: rows as `labels.NEXT_COLUMNS`."""
    found = stakeout.next_block(plan, roster, known.encounters, known.vehicles).dropna(subset=["gain"])
    return pd.DataFrame(
        {
            "hours": [hours_of(*pair) for pair in zip(found["start_hour"], found["hours"], strict=True)],
            "how": found["how"].map(HOW),
            "where": [where(places, numbers) for numbers in found["places"]],
            "million_krw": scale * found["gain"] / MILLION,
            "per_hour": scale * found["gain_per_hour"] / TEN_THOUSAND,
        }
    )


def readers(known, ground, inputs, choices):
    """Where a gate or camera that reads would see most: places without one, rows as `labels.READER_COLUMNS`.

    Notes
    -----
    Reading as much in an hour as the keenest present gate or camera, 18 hours a day for a month; each vehicle counts once.
    """
    places = ground.places
    without = np.flatnonzero(~places["read"].to_numpy(bool))
    wanted = known.vehicles.index[known.vehicles["eligible"]]
    columns = ["rank", "kind", "where", "vehicles", "unseen", "million_krw"]
    if not len(without) or np.isnan(ground.fixed_hour):
        return pd.DataFrame(columns=columns)
    looks = _reader_looks(ground.fixed_hour / choices.hours_to_meet)
    rate = _rates(known, wanted, looks, len(places))[:, without]
    seen = -np.expm1(-rate)
    lately = inputs.last_seen.reindex(wanted) > inputs.held.day - pd.Timedelta(days=LATELY_DAYS)
    worth = known.vehicles.loc[wanted, "value"].to_numpy()
    kind = np.select([places["lot"].iloc[without], places["camera"].iloc[without]], ["lot", "camera"], "street")
    table = pd.DataFrame(
        {
            "kind": [KINDS[one] for one in kind],
            "where": [where(places, [place]) for place in without],
            "vehicles": seen.sum(axis=0),
            "unseen": seen[~lately.to_numpy()].sum(axis=0),
            "million_krw": worth @ seen / MILLION,
        }
    )
    table = table.sort_values("vehicles", ascending=False, kind="stable").head(READERS_LISTED).reset_index(drop=True)
    return table.assign(rank=range(1, len(table) + 1))[columns]


def _reader_looks(per_hour):
    """Looks of a month in each slot."""
    looks = np.zeros(SLOTS)
    for hour in READER_HOURS:
        part = int(np.searchsorted(PART_STARTS, hour, side="right") - 1)
        for rest, days in DAYS_A_MONTH.items():
            looks[part + PARTS * rest] += days * per_hour
    return looks


def _rates(known, vehicles, looks, n_places):
    """Expected reads of each vehicle at each place in a month: np.ndarray, shape (n_vehicles, n_places)."""
    own, rest = known.model.table(vehicles=vehicles)
    active = known.active.reindex(vehicles).to_numpy()
    row = pd.Index(vehicles)
    rates = np.zeros((len(vehicles), n_places))
    number, slot = row.get_indexer(own["vehicle"]), own["slot"].to_numpy(int)
    np.add.at(rates, (number, own["place"].to_numpy(int)), own["probability"].to_numpy() * looks[slot])
    spread = np.zeros((len(vehicles), len(looks)))
    spread[row.get_indexer(rest["vehicle"]), rest["slot"].to_numpy(int)] = rest["background"]
    rates += (spread * looks) @ np.nan_to_num(known.model.background())
    return rates * active[:, None]


def fairness(vehicles, chosen, few):
    """Who is in the plan beside who may lose the plate: rows as `labels.FAIRNESS_COLUMNS`.

    Groups of few vehicles, and those that would give them away, have no row.

    Parameters
    ----------
    vehicles : pd.DataFrame
        As `Arrears.vehicles`, eligible ones.
    chosen : pd.Series of bool, same index
    few : int
    """
    table = compared(vehicles, chosen, few)
    return in_words(table[table["told"]].reset_index(drop=True))
