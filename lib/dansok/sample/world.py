"""A whole city of a seed: its ground, its rates, its vehicles, and who looks."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dansok.korea import calendar
from dansok.sample import happenings, lots, parking, records, tax, vehicles, watching
from dansok.sample import reads as plate_reads
from dansok.sample.ground import AREAS, Ground, build, stream
from dansok.sample.options import Options

VIOLATIONS_A_DAY = 1_000_000  # at the most: numbers of violations do not meet
TREATED = 8  # of the 읍면동 get the re-targeted patrol


@dataclass(frozen=True)
class World:
    """The planted city. What is random beyond it is drawn month by month, from streams named after the month."""

    options: Options
    days: pd.DatetimeIndex
    rests: np.ndarray
    ground: Ground
    rates: parking.Rates
    fleet: vehicles.Fleet
    watch: watching.Watching
    lots: lots.Lots
    told: dict

    def rows_of(self, month):
        """Rows of the days of a month (its first day)."""
        return np.flatnonzero((self.days.year == month.year) & (self.days.month == month.month))

    def stream(self, name, month=None):
        return stream(self.options.seed, f"{name} {month:%Y-%m}" if month is not None else name)

    def violations(self, month):
        """As `parking.violations`, of a month."""
        return parking.violations(self.rates, self.rows_of(month), self.stream("violations", month))

    def recorded(self, month, violations, finder):
        """Records of each channel in a month: name -> frame, see `records`, with `place`, `along`, `vehicle` and
        `violation_id` (two records of one violation share it)."""
        row, rounds = self.rows_of(month), self.watch.rounds
        out = {kind: table[table["day"].isin(row)] for kind, table in rounds.items()}
        found = {
            "fixed_camera": records.fixed_cameras(violations, self.watch, self.stream("fixed cameras", month)),
            "mobile_camera": records.on_rounds(violations, out["car"], records.CAR_CATCHES, self.stream("cars", month)),
            "officer": records.on_rounds(violations, out["team"], records.TEAM_CATCHES, self.stream("teams", month)),
            "citizen_report": records.citizens(
                violations, self.ground.places, self.watch, self.stream("citizens", month)
            ),
        }
        rows = np.unique(np.concatenate([table["violation"] for table in found.values()]))
        known = violations.iloc[rows][["place", "along"]].reset_index(drop=True)
        known["vehicle"] = self._offenders(violations.iloc[rows], finder, month)
        return {
            name: table.join(known.iloc[np.searchsorted(rows, table["violation"])].reset_index(drop=True)).assign(
                violation_id=table["violation"].to_numpy() + row[0] * VIOLATIONS_A_DAY
            )
            for name, table in found.items()
        }

    def reads(self, month, finder):
        """As `plate_reads.reads`, of a month; `finder` as `reader` gives."""
        read = self.lots.lots[self.lots.lots["reader"]]
        return plate_reads.reads(
            self.days, self.rows_of(month), self.rests, self.watch, read, finder, self.fleet, self.options.size.reading,
            self.stream("reads", month),
        )  # fmt: skip

    def reader(self):
        """Finds who is read: vehicles by how much they are out."""
        return vehicles.Finder(self.fleet, self.fleet.cars["activity"].to_numpy(), len(self.ground.places))

    def offender(self):
        """Finds who parks wrongly."""
        return vehicles.Finder(self.fleet, self.fleet.cars["offends"].to_numpy(), len(self.ground.places))

    def _offenders(self, violations, finder, month):
        slot = vehicles.slot_of(violations["second"].to_numpy() // 3600, self.rests[violations["day"]])
        found = finder.draw(violations["place"].to_numpy(), slot, self.stream("offenders", month))
        return self.fleet.alive(found, self.days.values[violations["day"]])


def build_world(options):
    """The planted city of some options."""
    size, seed, days = options.size, options.seed, options.size.days
    ground = build(seed, size.segments)
    rates = parking.rates(seed, ground, days, size.violations_per_day)
    cameras = watching.cameras(seed, rates, size.cameras, days)
    kept = lots.build(seed, rates, size.lots, size.parcels)
    effects, told, hot = _story(options, rates, cameras, kept, days)
    rates = parking.rates(seed, ground, days, size.violations_per_day, effects)
    fleet = vehicles.fleet(seed, ground, size.vehicles, days[0], days[-1])
    rests = ~calendar.days(days[0], days[-1])["is_working_day"].to_numpy()
    watch = watching.watching(options, rates, cameras, days, hot)
    return World(options, days, rests, ground, rates, fleet, watch, kept, told)


def _story(options, rates, cameras, kept, days):
    """What happens: effects on λ, what the truth tells of it, and where patrols go."""
    ground, weights = rates.ground, rates.by_place
    effects, told, hot = [], {}, None
    if options.happens("new_cameras"):
        effects += happenings.new_cameras(ground, cameras, days)
        told["new_cameras"] = {"camera_ids": cameras.loc[cameras["first"] > 0, "camera_id"].tolist(),
                               "within_100_m": happenings.CAMERA_NEAR[1], "to_250_m": happenings.CAMERA_RING[1]}  # fmt: skip
    if options.happens("retargeted_patrol"):
        rng = stream(options.seed, "treated")
        treated = sorted(rng.choice(len(AREAS), TREATED, replace=False).tolist())
        first = int(days.searchsorted(days[-1] + pd.Timedelta(days=1) - pd.DateOffset(months=12)))
        effect = happenings.retargeted_patrol(
            ground, weights, treated, first, options.happens("displacement"), options.happens("fade_out"),
            works=not options.happens("no_effect"),
        )  # fmt: skip
        effects.append(effect)
        hot = treated, first
        inside = ground.places["area"].isin(treated).to_numpy()
        told["retargeted_patrol"] = {
            "areas": treated, "from": f"{days[first]:%Y-%m-%d}",
            "factor_inside": float((effect.places * weights)[inside].sum() / weights[inside].sum()),
        }  # fmt: skip
        told |= _told_of_patrol(options, float(((effect.places - 1) * weights)[~inside].sum()))
    if options.happens("new_lot"):
        best = kept.parcels[kept.parcels["best"]].iloc[0]
        first = int(days.searchsorted(days[-1] + pd.Timedelta(days=1) - pd.DateOffset(months=9)))
        effects.append(happenings.new_lot(ground, int(best.place), first))
        told["new_lot"] = {"place": int(best.place), "from": f"{days[first]:%Y-%m-%d}", "factor": happenings.LOT_FACTOR,
                           "within_metres": happenings.LOT_METRES}  # fmt: skip
    return effects, told | _told_of_looking(options, days), hot


def _told_of_patrol(options, moved_per_day):
    """What else is true of re-targeted patrols."""
    told = {
        "displacement": {"moved_per_day": moved_per_day, "within_metres": happenings.MOVES_METRES},
        "fade_out": {"halves_every_days": happenings.HALVES_EVERY_DAYS},
        "no_effect": {"factor_inside": 1.0},
    }
    return {name: what for name, what in told.items() if options.happens(name)}


def _told_of_looking(options, days):
    """Happenings that move records and leave λ as it is."""

    def day(row):
        return f"{days[int(row)]:%Y-%m-%d}"

    told = {}
    if options.happens("app_outage"):
        rows = watching.outage(days)
        told["app_outage"] = {"from": day(rows[0]), "to": day(rows[-1]), "reports_go_on": happenings.OUTAGE_FACTOR}
    if options.happens("app_launch"):
        told["app_launch"] = {"from": day(watching.app_launch(days)), "reports_factor": happenings.APP_FACTOR}
    if options.happens("campaign_month"):
        rows = watching.campaign(days)
        told["campaign_month"] = {
            "from": day(rows[0]),
            "to": day(rows[-1]),
            "shifts_factor": happenings.CAMPAIGN_FACTOR,
        }
    if options.happens("boundary_change"):
        told["boundary_change"] = {"from": day(boundary_day(days))}
    if options.happens("boundaries_2018"):
        told["boundaries_2018"] = {"from": day(0)}
    if options.happens("stakeout_plan"):
        told["stakeout_plan"] = {"from": day(tax.stakeout_day(days)), "recovered_factor": happenings.STAKEOUT_FACTOR}
    return told


def boundary_day(days):
    """Row of the day from which on records name the new 읍면동: half-way."""
    return len(days) // 2
