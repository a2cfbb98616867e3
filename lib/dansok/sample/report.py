"""What the sample city plants against what its raw files show, over many seeds: `make sample-report`.

Each fact that was published, or is known from the literature, is planted by a constant of the mechanism; here the exports
of each seed are cleaned as any city's are, and the fact is looked for in them. What happenings do to λ no export shows: for
them two cities of one seed are compared, one in which it happens and one in which it does not.
"""

import os
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from dansok.city import PROJECT, open_city
from dansok.clean import clean_city, read_table
from dansok.privacy import VARIABLE
from dansok.sample import happenings, tax, watching
from dansok.sample.options import SIZES, USUAL, Options
from dansok.sample.world import build_world
from dansok.sample.write import write
from dansok.words import exit_on_refusal

SEEDS = 40
FIRST_SEED = 1000
LOOKED_INTO = ("areas", "tickets", "debts", "outcomes", "efforts", "area_counts")
BY_THE_CITY = ("fixed_camera", "mobile_camera", "officer")
OFTEN = 5  # records a year from which on a vehicle counts as one that offends again and again


@dataclass(frozen=True)
class Fact:
    """`seen` is one number a seed, or 1 and 0 where the raw files show the fact or not (`holds`)."""

    name: str
    source: str
    planted: str
    seen: str
    holds: bool = False


FACTS = (
    Fact("raw tickets: 별내동 > 호평동 > 진접읍", "Yonhap 2017-08-08", "truth: 화도읍 > 진접읍 > 별내동", "areas", True),
    Fact("raw tickets: 14 h > 15 h > 19 h", "Yonhap 2017-08-08", "truth: 12 h > 13 h > 19 h", "hours", True),
    Fact("raw tickets: March > July > January", "Yonhap 2017-08-08", "truth: the same", "months", True),
    Fact("true violations peak at 12, 13 and 19 h", "Yangsan 2021", "12 h > 13 h > 19 h", "true_hours", True),
    Fact("reports a violation, keenest over least keen 읍면동", "Liu et al. 2024", f"{watching.REPORT_SPREAD:g}", "report_spread"),
    Fact("error of the log of effort (sigma of logs, by street)", "METHODS: 20-25%", f"{watching.LOG_ERROR:g} and chance", "log_error"),
    Fact("share of registered vehicles in arrears", "national: 3-11%", f"{tax.IN_ARREARS:g} at some time", "in_arrears"),
    Fact("share of often recorded vehicles in arrears", "literature: 44%", f"{tax.CHRONIC_IN_ARREARS:g} of chronic", "often"),
    Fact("median debt of a vehicle, won", "literature: 440,000", f"tax {tax.TAX_KRW:,} a half-year", "median_krw"),
    Fact("share of seized vehicles that settle", "literature: 76%", f"{tax.PAYS_WHEN_SEIZED:g}", "settle"),
    Fact("λ in treated 읍면동, patrol re-targeted", "claim to test: −15%", f"{happenings.PATROL_FACTOR:g}", "patrol"),
    Fact("λ within 100 m of a new camera", "literature: −50%", f"{happenings.CAMERA_NEAR[1]:g}", "camera"),
    Fact("recovered per crew-hour by the stake-out plan", "claim to test: +8.4%", f"{happenings.STAKEOUT_FACTOR:g}", "stakeout"),
)  # fmt: skip


def main(arguments):
    seeds = int(arguments[0]) if arguments else SEEDS
    with ProcessPoolExecutor() as pool:
        found = pd.DataFrame(list(pool.map(seen, range(FIRST_SEED, FIRST_SEED + seeds))))
    print(f"{seeds} cities of the size 'small', seeds {FIRST_SEED} to {FIRST_SEED + seeds - 1}")
    print(table(found).to_string(index=False))


def table(found):
    """A row a fact: what is planted, and what was seen over the seeds.

    Parameters
    ----------
    found : pd.DataFrame, one row a seed
        As `seen` returns.
    """
    rows = []
    for fact in FACTS:
        values = found[fact.seen].astype(float)
        low, middle, high = values.quantile([0.05, 0.5, 0.95])
        told = f"in {values.mean():.0%} of seeds" if fact.holds else f"{middle:,.3g} (90%: {low:,.3g} to {high:,.3g})"
        if fact.seen == "median_krw":
            told = f"{middle:,.0f} (90%: {low:,.0f} to {high:,.0f})"
        rows.append((fact.name, fact.source, fact.planted, told))
    return pd.DataFrame(rows, columns=["fact", "published or known", "planted", "seen in the raw files"])


def seen(seed):
    """What the raw files of one seed show: name of `Fact.seen` -> number."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "city"
        folder.mkdir()
        (folder / "city.toml").write_bytes((PROJECT / "data" / "sample" / "city.toml").read_bytes())
        write(folder, Options(seed, SIZES["small"]))
        city = open_city(folder)
        city = replace(city, sources=tuple(source for source in city.sources if source.table in LOOKED_INTO))
        before = os.environ.get(VARIABLE)
        os.environ[VARIABLE] = str(Path(place) / "plates.key")
        try:
            clean_city(city)
        finally:
            os.environ.pop(VARIABLE) if before is None else os.environ.update({VARIABLE: before})
        return _picture(city) | _report_spread(city) | _log_error(city) | _arrears(city) | _happened(seed)


def _picture(city):
    """The published picture in the city's own tickets, and the truth behind it."""
    tickets = read_table(city, "tickets", ["issued_at", "channel", "area_as_sent"])
    own = tickets[tickets["channel"].isin(BY_THE_CITY)]
    area = own["area_as_sent"].replace(city.renamed_areas)
    truth = pd.read_parquet(city.folder / "truth" / "intensity_by_place_hour.parquet")
    true_hours = truth.groupby("hour")["violations_per_day"].sum()
    return {
        "areas": _first(area.value_counts(), 3) == ["별내동", "호평동", "진접읍"],
        "hours": _first(own["issued_at"].dt.hour.value_counts(), 3) == [14, 15, 19],
        "months": _first(own["issued_at"].dt.month.value_counts(), 3) == [3, 7, 1],
        "true_hours": _first(true_hours, 3) == [12, 13, 19],
    }


def _first(counts, number):
    return counts.sort_values(ascending=False, kind="stable").index[:number].tolist()


def _report_spread(city):
    """How much more often the keenest 읍면동 reports than the least keen: what is seen regressed on what is planted."""
    truth = city.folder / "truth"
    sent = pd.read_parquet(
        truth / "rows" / "citizen_report_exports.parquet", columns=["area_as_sent", "reporter", "fate"]
    )
    ordinary = sent["reporter"].str.slice(1).astype(int) >= watching.SERIAL_REPORTERS
    sent = sent[(sent["fate"] == "kept") & ordinary]
    places = pd.read_parquet(truth / "places.parquet", columns=["area_name", "violations_per_day"])
    happened = places.groupby("area_name")["violations_per_day"].sum()
    reports = sent["area_as_sent"].replace(city.renamed_areas).value_counts().reindex(happened.index)
    planted = pd.read_parquet(truth / "reporting_rates.parquet").set_index("area_name")["reports_per_violation"]
    slope = np.polyfit(np.log(planted[happened.index]), np.log(reports / happened), 1, w=np.sqrt(reports))[0]
    return {"report_spread": watching.REPORT_SPREAD**slope}


def _log_error(city):
    """Spread of logged over driven time by street, for streets passed fifty times and more."""
    rounds = pd.read_parquet(city.folder / "truth" / "rounds.parquet")
    driven = rounds[rounds["kind"] == "car"].groupby("place")["stops"].sum()
    places = pd.read_parquet(city.folder / "truth" / "places.parquet", columns=["longitude", "latitude"])
    log = read_table(city, "efforts", ["looker", "longitude", "latitude"])
    log = log[log["looker"] == "patrol_car"]
    # A fix lies on the street whose middle is nearest; one degree of longitude is 0.79 of one of latitude here.
    scale = np.array([0.79, 1.0])
    tree = cKDTree(places.to_numpy() * scale)
    logged = pd.Series(tree.query(log[["longitude", "latitude"]].to_numpy() * scale)[1]).value_counts()
    often = driven[driven >= 50].index
    ratio = np.log((logged.reindex(often, fill_value=0) + 0.5) / driven[often])
    return {"log_error": float(ratio.std())}


def _arrears(city):
    debts = read_table(city, "debts", ["snapshot_on", "plate_token", "owed_to", "amount_krw"])
    own = debts[debts["owed_to"] == "own"]
    registered = read_table(city, "area_counts", ["vehicles"])["vehicles"].sum()
    last = own[own["snapshot_on"] == own["snapshot_on"].max()]
    tickets = read_table(city, "tickets", ["issued_at", "plate_token"])
    year = tickets[tickets["issued_at"] >= tickets["issued_at"].max() - pd.Timedelta(days=365)]
    often = year["plate_token"].value_counts()
    often = often[often >= OFTEN].index
    done = read_table(city, "outcomes", ["acted_at", "action", "plate_token"])
    seized = done[(done["action"] == "seized") & (done["acted_at"] < done["acted_at"].max() - pd.Timedelta(days=30))]
    settled = done.loc[done["action"] == "returned", "plate_token"]
    return {
        "in_arrears": float(own.groupby("snapshot_on")["plate_token"].nunique().mean() / registered),
        "often": float(pd.Series(often).isin(debts["plate_token"]).mean()),
        "median_krw": float(last.groupby("plate_token")["amount_krw"].sum().median()),
        "settle": float(seized["plate_token"].isin(settled).mean()),
    }


def _happened(seed):
    """What happenings do, each against the same city without it."""
    plain = build_world(Options(seed, SIZES["small"], USUAL - {"new_cameras"}))
    month = SIZES["small"].months[-1]

    def violations(name):
        world = build_world(Options(seed, SIZES["small"], (USUAL - {"new_cameras"}) | {name}))
        return world, np.bincount(world.violations(month)["place"], minlength=len(world.ground.places))

    base = np.bincount(plain.violations(month)["place"], minlength=len(plain.ground.places))
    patrol, treated = violations("retargeted_patrol")
    inside = patrol.ground.places["area"].isin(patrol.told["retargeted_patrol"]["areas"]).to_numpy()
    camera, watched = violations("new_cameras")
    points = camera.ground.places[["x", "y"]].to_numpy()
    new = camera.watch.cameras.loc[camera.watch.cameras["first"] > 0, "place"]
    own = np.zeros(len(points), bool)
    own[new] = True
    near_others = [(np.hypot(*(points[new] - points[place]).T) <= happenings.CAMERA_RING[0]).sum() > 1 for place in new]
    own[new[near_others]] = False  # two cameras near each other would count twice
    return {
        "patrol": float(treated[inside].sum() / base[inside].sum()),
        "camera": float(watched[own].sum() / base[own].sum()),
        "stakeout": _stakeout(seed),
    }


def _stakeout(seed):
    """Recovered per crew-hour in the months of the plan, against the same months without it."""
    per_hour = []
    for names in (USUAL | {"stakeout_plan"}, USUAL):
        options = Options(seed, SIZES["small"], names)
        world = build_world(options)
        reader = world.reader()
        months = [month for month in options.size.months if month >= options.size.first_read_day]
        squads = tax.Squads(options, tax.arrears(options, world.fleet, world.days), world.fleet, world.days)
        for month in months:
            for read in world.reads(month, reader):
                squads.work(read)
        owed = squads.done(world.watch.rounds["crew"])
        later = owed.blocks[owed.blocks["day"] >= tax.stakeout_day(world.days)]
        per_hour.append(later["recovered_krw"].sum() / later["hours"].sum())
    return per_hour[0] / per_hour[1]


if __name__ == "__main__":
    exit_on_refusal(main, sys.argv[1:])
