"""The stake-out case on planted cities: what its plan would truly recover, against its rivals and somebody who knows the truth.

Seeds 0-31 were used to choose what the case does; 380-419 judge it.
"""

from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from dansok.cases import delinquent_stakeout as case
from dansok.cases.delinquent_map.inputs import PLACE_CELLS, kinds_of_days, seizures_until
from dansok.cases.delinquent_stakeout import foresight, inputs, past, trials
from dansok.cases.delinquent_stakeout import ground as grounds
from dansok.engine import connect
from dansok.link.arrears import SOURCES, arrears_on
from dansok.link.debtors import debtors_of, visits_of_debtors
from dansok.models import stakeout
from dansok.sample import reads as plate_reads
from dansok.sample import vehicles as fleets
from dansok.sample import watching
from dansok.sample.ground import AREA_NAMES
from dansok.tables import TABLES
from ibis import _

PLACE = "남양주시"
SIDE, CELL = 200, 100
JUDGING = list(range(380, 420))
VEHICLES = 100_000  # some 500 plates that may be taken; the default sample has 1,300


@dataclass(frozen=True)
class Asked:
    """What `Choices` asks, of a city that lies in no folder."""

    months: list
    teams: int = 2
    nights: int = 20
    shift_starts: int = 18
    shift_hours: int = 4
    blocks_per_night: int = 2
    sites_per_block: int = 3
    area_blocks: int = 1
    random_share: float = 0.1
    crew_kmh: float = 20.0
    hours_to_meet: float = 4.0
    pays_anyway: float = 0.1

    @property
    def last_month(self):
        return self.months[-1]

    blocks_of = case.Choices.blocks_of
    limits = case.Choices.limits


class PlantedCity:
    """A planted tax side as the case would read it, and the rate at which each vehicle is truly met."""

    def __init__(self, planted):
        self.planted, self.world = planted, planted.world
        connection = connect()
        clean = {name: planted.stored(connection, TABLES[name], planted.clean[name]) for name in SOURCES}
        streets = self.world.ground.places
        self.square = {axis: (streets[axis] // SIDE).astype(int).to_numpy() for axis in "xy"}
        days = self.world.days
        read_from = self.world.options.size.first_read_day
        self.asked = Asked([f"{month:%Y-%m}" for month in pd.date_range(read_from, days[-1], freq="MS")])
        held = arrears_on(connection, clean, days[-1], PLACE)
        history = debtors_of(connection, clean, PLACE)
        visits = visits_of_debtors(connection, self._visits(connection), clean["vehicles"], history)
        place = {f"place_{axis}": _[f"cell_{axis}"] // PLACE_CELLS for axis in "xy"}
        kinds = kinds_of_days(connection, read_from, days[-1])
        self.inputs = inputs.Inputs(
            held=held,
            history=history,
            seizures=seizures_until(connection, clean, days[-1]),
            looks=inputs.looks_of(visits, kinds, place),
            last_seen=pd.Series(dtype="datetime64[us]"),
            duty_hours=float(planted.owed.blocks["hours"].sum()),
            watched=self._watched(),
            fixtures=self._fixtures(),
            names={},
            streets=gpd.GeoDataFrame(geometry=[], crs="EPSG:5179"),
            log=pd.DataFrame(columns=past.LOG_COLUMNS),
            before=past.Before(pd.DataFrame(columns=[*past.BLOCK_COLUMNS, "run"]), pd.DataFrame()),
            areas=self._areas(),
            arrivals=pd.DataFrame(),
            cell_metres=CELL,
            key_mark=None,
        )
        connection.disconnect()

    def _visits(self, connection):
        """Reads of a plate on one street less than two hours apart are one visit."""
        reads = self.planted.reads.dropna(subset=["plate_token"]).sort_values(["plate_token", "at"], kind="stable")
        before = reads.groupby(["plate_token", "place"])["at"].shift()
        opens = ~(reads["at"] - before < pd.Timedelta(hours=2))
        stay = opens.groupby([reads["plate_token"], reads["place"]]).cumsum()
        by = [reads["plate_token"], reads["place"], stay.rename("stay")]
        visits = reads.groupby(by).agg(first_at=("at", "min"), kind=("kind", "first"), reads=("at", "size"))
        visits = visits.reset_index().sort_values(["first_at", "plate_token"], ignore_index=True)
        at = self.world.ground.places.iloc[visits["place"]]
        table = visits.assign(
            visit_id=range(len(visits)), last_at=visits["first_at"], records=0, x=at["x"].to_numpy(), y=at["y"].to_numpy(),
            looker=np.array(plate_reads.KINDS)[visits["kind"]], cell_x=(at["x"] // CELL).astype(int).to_numpy(),
            cell_y=(at["y"] // CELL).astype(int).to_numpy(), area_name=None,
        )  # fmt: skip
        return self.planted.stored(connection, TABLES["visits"], table)

    def _watched(self):
        """The log of the cars, and the hours of gates and cameras, with what was read there."""
        row = np.flatnonzero(self.world.days >= self.world.options.size.first_read_day)
        lots = self.world.lots.lots[self.world.lots.lots["reader"]]
        rounds = self.world.watch.rounds
        places = len(self.world.ground.places)
        looked = [
            watching.fixes(self.world.options.seed, rounds[name][rounds[name]["day"].isin(row)], places).assign(
                kind=kind
            )
            for name, kind in (("car", 1), ("crew", 3))
        ]
        looked += [plate_reads._camera_hours(self.world.watch, row).assign(kind=0, seconds=3600)]
        looked += [plate_reads._lot_hours(lots, row).assign(kind=2, seconds=3600)]
        looked = pd.concat(looked, ignore_index=True).assign(read=0)
        reads = self.planted.reads.dropna(subset=["plate_token"]).assign(seconds=0, read=1)
        both = pd.concat([looked, reads], ignore_index=True)
        day = both["day"].to_numpy()
        table = pd.DataFrame(
            {
                "looker": np.array(plate_reads.KINDS)[both["kind"]],
                "place_x": self.square["x"][both["place"]],
                "place_y": self.square["y"][both["place"]],
                "month": self.world.days.strftime("%Y-%m").to_numpy()[day],
                "rest_day": self.world.rests[day],
                "hour": both["second"] // 3600,
                "hours": both["seconds"] / 3600,
                "read": both["read"],
            }
        )
        by = ["looker", "place_x", "place_y", "month", "rest_day", "hour"]
        return table.groupby(by, as_index=False)[["hours", "read"]].sum()

    def _fixtures(self):
        streets, lots = self.world.ground.places, self.world.lots.lots
        at = {"lot": lots["place"], "camera": self.world.watch.cameras["place"]}
        parts = [
            pd.DataFrame({"kind": kind, "name": [f"{kind} {n}" for n in place]}).assign(
                x=streets["x"].to_numpy()[place], y=streets["y"].to_numpy()[place]
            )
            for kind, place in at.items()
        ]
        return pd.concat(parts, ignore_index=True)

    def _areas(self):
        streets = self.world.ground.places
        squares = pd.DataFrame({**self.square, "area": streets["area"]})
        squares = squares.drop_duplicates(["x", "y"], ignore_index=True)
        boxes = shapely.box(*(squares[a] * SIDE for a in "xy"), *((squares[a] + 1) * SIDE for a in "xy"))
        frame = gpd.GeoDataFrame({"area_name": AREA_NAMES[squares["area"]]}, geometry=boxes, crs="EPSG:5179")
        return frame.dissolve("area_name").reset_index()

    def streets_in_their_area(self, ground):
        """Share of the streets whose place the case takes to lie in the area that the street is of."""
        streets = self.world.ground.places
        place = ground.number_of(streets["x"], streets["y"])
        taken = ground.places["area_name"].to_numpy()[place[place >= 0]]
        return np.mean(taken == AREA_NAMES[streets["area"].to_numpy()[place >= 0]])

    def truth(self, ground, vehicles, slots):
        """Meetings in a crew-hour of each vehicle at each place: dict of slot -> np.ndarray, shape (n_vehicles, n_places).

        A crew that waits in a square reads its streets in turn, as the city's crews and cars do, each stop anew.
        """
        finder, streets = self.world.reader(), self.world.ground.places
        stops = sum(
            np.bincount(self.world.watch.rounds[name]["place"], minlength=len(streets)) for name in ("car", "crew")
        )
        place = ground.number_of(streets["x"], streets["y"])
        stops = np.where(place >= 0, stops + 1e-6, 0)  # a square that no car came to is read evenly
        share = stops / np.bincount(place.clip(min=0), stops)[place]
        number = pd.Series(vehicles.index).str.extract(r"^V(\d+)$")[0]
        who = np.where(number.notna(), pd.to_numeric(number).fillna(0).astype(int), self._strangers(vehicles.index))
        weight, known = self.world.fleet.cars["activity"].to_numpy(), who >= 0
        anchors, weights = self.world.fleet.anchor_place[who], np.where(known, weight[who], 0.0)
        an_hour = 3600 / watching.CREW_SECONDS * plate_reads.READ_SHARE * self.world.options.size.reading
        found = {}
        for slot in slots:
            anyone = fleets.WANDERS * finder.present(slot) / weight.sum() * share
            rates = np.tile(np.bincount(place.clip(min=0), anyone, len(ground.places)), (len(who), 1))
            for kind in range(len(fleets.ANCHORS)):
                rows = np.flatnonzero(anchors[:, kind] >= 0)
                street = anchors[rows, kind]
                np.add.at(rates, (rows, place[street]), (1 - fleets.WANDERS) * fleets.TIME[kind, slot] * share[street])
            found[slot] = an_hour * weights[:, None] * rates
        return found

    def _strangers(self, labels):
        """Rows of the vehicles of other cities, by the plate that their label begins with; -1 where there is none."""
        register = self.world.fleet.register
        plates = pd.Series(register["vehicle"].to_numpy(), register["plate"]).groupby(level=0).last()
        return plates.reindex([label.rsplit(".", 1)[0] for label in labels]).fillna(-1).astype(int).to_numpy()


def _in_blocks(truth, blocks):
    """Rates, of slots with blocks those of the hours worked: parts of the day begin at other hours in the city than in the plan."""
    found = dict(truth)
    for slot, own in blocks.groupby("slot"):
        hours = np.concatenate([np.arange(row.start_hour, row.start_hour + row.hours) for row in own.itertuples()])
        found[slot] = sum(truth[part] for part in fleets.PART_OF_HOUR[hours.astype(int)]) / len(hours)
    return found


def true_value(plan, truth, vehicles, mean_hours):
    """Value of the vehicles that a plan truly meets, each once, on average."""
    return float(vehicles["value"] @ _met(plan, truth, vehicles, mean_hours))


def _met(plan, truth, vehicles, mean_hours):
    """Chance with which a plan truly meets each vehicle."""
    missed = np.zeros(len(vehicles))
    for row in plan.itertuples():
        hours = -mean_hours * np.log1p(-row.delta)
        missed -= hours * truth[row.slot][:, list(row.places)].sum(axis=1)
    return -np.expm1(missed)


def _drawn_values(plan, truth, vehicles, mean_hours, months=500):
    """Value of the vehicles that a plan meets in each of so many months that might be."""
    met = np.random.default_rng(0).random((months, len(vehicles))) < _met(plan, truth, vehicles, mean_hours)
    return met @ vehicles["value"].to_numpy(float)


def judged(planted, **asked):
    """The case's plan of the month to come, its rivals and the oracle, by what they truly recover."""
    city = PlantedCity(planted)
    choices = replace(city.asked, **asked)
    ground = grounds.ground_of(city.inputs)
    months = choices.months
    tried = trials.try_months(city.inputs, choices, months[-trials.MOST_TRIALS :])
    month = foresight.next_month(choices)
    blocks, settings = choices.blocks_of(month), foresight.settings_before(month, city.inputs, ground, choices)
    slots = sorted(blocks["slot"].unique())
    known = foresight.known_now(city.inputs, ground, choices, settings, slots)
    roster = ground.roster(blocks, choices.limits, choices.crew_kmh)
    plans = trials.plans_of(roster, known, city.inputs, ground, months)
    truth = _in_blocks(city.truth(ground, known.vehicles, range(fleets.SLOTS)), blocks)
    worth = {name: true_value(plan, truth, known.vehicles, choices.hours_to_meet) for name, plan in plans.items()}
    n_blocks, unbound = len(plans["plan"]), replace(roster, limits=roster.limits.unbound)
    oracles = {
        name: true_value(
            _oracle(of, truth, known, slots, choices, n_blocks), truth, known.vehicles, choices.hours_to_meet
        )
        for name, of in (("share_of_oracle", roster), ("share_of_unbound_oracle", unbound))
    }
    best = max(worth[name] for name in trials.RIVALS)
    scale, error = tried.scale
    told = stakeout.promise(plans["plan"], known.encounters, known.vehicles, scale=scale, scale_error=error)
    drawn = _drawn_values(plans["plan"], truth, known.vehicles, choices.hours_to_meet)
    kept = tried.kept_by_month
    return {
        "eligible": int(known.vehicles["eligible"].sum()),
        "gain": worth["plan"] / best - 1,
        "over_practice": worth["plan"] / worth["practice"] - 1,
        "gain_unbound": worth["unbound"] / best - 1,
        "share_of_oracle": worth["plan"] / oracles["share_of_oracle"],
        "share_of_unbound_oracle": worth["unbound"] / oracles["share_of_unbound_oracle"],
        "promised_over_realised": told["value"] / worth["plan"],
        "unscaled": told["value"] / scale / worth["plan"],
        "held": told["value_low"] <= worth["plan"] <= told["value_high"],
        "outcomes_held": np.mean((told["value_low"] <= drawn) & (drawn <= told["value_high"])),
        "kept": kept["promised"].sum() / kept["realised_value"].sum(),
        "replayed_gain": tried.per_crew_hour["plan"] / tried.per_crew_hour[list(trials.RIVALS)].max() - 1,
        "answered": tried.table.loc[tried.table["plan"] == "plan", "answered"].mean(),
        "random": plans["plan"]["random"].mean(),
        "sites": len(ground.places),
        "streets_in_their_area": city.streets_in_their_area(ground),
        "roam": (plans["plan"]["how"] == "roam").mean(),
    }


def _oracle(roster, truth, known, slots, choices, n_blocks):
    """A plan by the true rates, under the same rules."""
    parts = []
    for slot in slots:
        chance = np.minimum(truth[slot] * choices.hours_to_meet, 1)
        vehicle, place = np.nonzero(chance > 1e-4)
        own = pd.DataFrame({"vehicle": known.vehicles.index[vehicle], "slot": slot, "place": place})
        parts.append(own.assign(probability=chance[vehicle, place]))
    return stakeout.make_plan(roster, stakeout.Encounters(pd.concat(parts)), known.vehicles, n_blocks=n_blocks)


@pytest.fixture(
    scope="module",
    params=[pytest.param(JUDGING[:2], id="2 cities"), pytest.param(JUDGING, id="40 cities", marks=pytest.mark.full)],
)
def cities(request, planted_tax_side):
    """One row a planted city: what `judged` says."""
    rows = [judged(planted_tax_side(seed, vehicles=VEHICLES)) | {"seed": seed} for seed in request.param]
    table = pd.DataFrame(rows).set_index("seed").astype(float)
    print("\n" + table.describe().loc[["mean", "min", "25%", "50%", "75%", "max"]].T.round(3).to_string())
    return table


def of_all(cities):
    """The cities, where there are enough of them to tell a share."""
    if len(cities) < len(JUDGING):
        pytest.skip("two cities cannot tell in how many a figure is reached")
    return cities


def test_the_plan_recovers_more_than_rivals_and_squads(cities):
    """`gain` is that of the plan as made over the best of three rivals, `gain_unbound` that of the plan without its own rules.

    Rivals are held to what no crew can escape only. The plan keeps rules of its own beside (a tenth of the blocks drawn by lot, every
    area reached, no site twice running in one shift): those are its cost.
    """
    assert cities["gain"].mean() > 0.1 and cities["gain_unbound"].mean() > 0.1
    assert cities["over_practice"].mean() > 0.1
    assert cities[["gain", "gain_unbound"]].max(axis=None) < 1, "a gain above 2x is a leak until proved otherwise"


def test_as_made_it_gains_a_tenth_in_four_of_five_cities(cities):
    own, unbound = ((of_all(cities)[name] >= 0.1).mean() for name in ("gain", "gain_unbound"))
    print(f"gain of 10% and more in {own:.0%} of the cities, without its own rules in {unbound:.0%}")
    assert own >= 0.8


def test_the_plan_comes_near_to_who_knows_the_truth(cities):
    """Asked is 75% of a plan by the true rates under the same rules."""
    assert 0.75 <= cities["share_of_oracle"].mean() and cities["share_of_oracle"].max() < 1


def test_the_plan_comes_near_to_who_knows_the_truth_in_four_of_five_cities(cities):
    enough = (of_all(cities)["share_of_oracle"] >= 0.75).mean()
    print(f"75% and more of the oracle in {enough:.0%} of the cities")
    assert enough >= 0.8


def test_promises_are_near_what_is_recovered(cities):
    """Asked is 0.8 to 1.25 of what is truly recovered; the intervals are to hold nine months in ten that might be.

    The mean of all these months varies less than they do: it lies within the interval more often.
    """
    assert 0.8 <= cities["promised_over_realised"].median() <= 1.25
    assert cities["held"].mean() >= 0.8 and 0.8 <= cities["outcomes_held"].mean() <= 0.97


def test_promises_are_kept_in_four_of_five_cities(cities):
    within = of_all(cities)["promised_over_realised"].between(0.8, 1.25).mean()
    print(f"promised over realised within 0.8-1.25 in {within:.0%} of the cities")
    assert within >= 0.8


def test_the_case_knows_in_which_area_streets_lie(cities):
    """Crews wait nowhere else, and vehicles are at home there."""
    assert (cities["streets_in_their_area"] > 0.9).all()


def test_a_replay_answers_for_a_part_of_the_plan(cities):
    assert cities["answered"].between(0.02, 0.9).all()


def test_a_replay_does_not_flatter_the_plan(cities):
    """What a replay says of the gain differs from city to city as few vehicles are met: only many cities together tell."""
    flattery = of_all(cities)["replayed_gain"] - cities["gain"]
    print(f"replayed less true gain {flattery.mean():+.0%}, standard error {flattery.sem():.0%}")
    assert flattery.mean() <= 0.1


def test_every_tenth_block_is_drawn(cities):
    assert (cities["random"] >= 0.1).all()
