"""Write 1_raw and truth of the sample city, once, and never over files of others."""

import hashlib
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd

from dansok.city import PROJECT
from dansok.sample import (
    ground,
    happenings,
    lots,
    parking,
    records,
    tax,
    vehicles,
    watching,
)
from dansok.sample import reads as plate_reads
from dansok.sample.exports import places as place_exports
from dansok.sample.exports import quirks
from dansok.sample.exports import tax as tax_exports
from dansok.sample.exports import tickets as ticket_exports
from dansok.sample.options import Options
from dansok.sample.world import build_world
from dansok.words import Refusal

SEED = 20260105
STAMP = ".written_by_sample.json"
TICKETS = {
    "fixed_camera": ("fixed_camera_exports", ticket_exports.fixed_cameras),
    "mobile_camera": ("patrol_car_exports", ticket_exports.patrol_cars),
    "officer": ("officer_exports", ticket_exports.officers),
    "citizen_report": ("citizen_report_exports", ticket_exports.citizens),
}


def write(folder, options=None):
    """Write `1_raw` and `truth` of the sample city into a city folder, unless they are up to date.

    Parameters
    ----------
    folder : str or Path
        The city folder; a relative one is taken from the project's root.
    options : Options, optional
        The city of `make` if not given. The same options give the same bytes.

    Returns
    -------
    bool
        False if everything was there already; then nothing is touched.

    Raises
    ------
    Refusal
        If 1_raw holds a file that this module did not write, or wrote and somebody changed.
    """
    options = options or Options(SEED)
    folder = Path(folder) if Path(folder).is_absolute() else PROJECT / folder
    raw, truth, part = folder / "1_raw", folder / "truth", folder / ".sample_part"
    recipe = _recipe(options)
    before = _stamp(raw)
    _refuse_strangers(folder, raw, before)
    whole = all((raw / name).is_file() for name in before["files"])
    if before["recipe"] == recipe and whole and (truth / "planted.json").is_file():
        return False
    shutil.rmtree(part, ignore_errors=True)
    for name in ("1_raw", "truth/rows"):
        (part / name).mkdir(parents=True)
    _make(part / "1_raw", part / "truth", options)
    stamp = {"recipe": recipe, "files": {path.name: _sha256(path) for path in sorted((part / "1_raw").iterdir())}}
    raw.mkdir(exist_ok=True)
    # The stamp goes first: whatever a broken run leaves is then known as ours.
    (part / STAMP).write_text(json.dumps(stamp, ensure_ascii=False, indent=1), encoding="utf-8")
    for name in before["files"]:
        (raw / name).unlink(missing_ok=True)
    os.replace(part / STAMP, raw / STAMP)
    for path in (part / "1_raw").iterdir():
        os.replace(path, raw / path.name)
    shutil.rmtree(truth, ignore_errors=True)
    os.replace(part / "truth", truth)
    shutil.rmtree(part)
    return True


def _make(raw, truth, options):
    """Month by month: what happens, what is recorded, what is read; then what must wait for the whole."""
    world = build_world(options)
    offender, reader = world.offender(), world.reader()
    squads = tax.Squads(options, tax.arrears(options, world.fleet, world.days), world.fleet, world.days)
    kept, recorded, by_month = _Kept(truth), {name: [] for name in TICKETS}, []
    for month in options.size.months:
        happened = world.violations(month)
        for name, table in world.recorded(month, happened, offender).items():
            recorded[name].append(table)
        by_month.append(np.bincount(happened["place"], minlength=len(world.ground.places)))
        if month >= options.size.first_read_day:
            rng = world.stream("read exports", month)
            for part, read in enumerate(world.reads(month, reader)):
                name = f"{month:%Y-%m}" + (f"({part})" if part else "")
                for source, known in tax_exports.reads(raw, world, name, read, rng).items():
                    kept.rows(source, known, name, misread=int(known["misread"].sum()))
                squads.work(read)
    for name, (source, export) in TICKETS.items():
        table = pd.concat(recorded[name], ignore_index=True)
        known, planted = export(raw, world, table, world.stream(f"{name} exports"))
        kept.rows(source, known, **planted, duplicates=int((known["fate"] == "copy").sum()))
    for source, known in place_exports.places(raw, world, world.stream("place exports")).items():
        kept.rows(source, known)
    owed = squads.done(world.watch.rounds["crew"])
    snapshots = pd.date_range(options.size.first_read_day, world.days[-1], freq="ME")
    for day in snapshots:
        kept.rows("debt_register", tax_exports.debts(raw, world, owed, day), f"{day:%Y-%m}")
    kept.rows("payments_received", tax_exports.payments(raw, world, owed, snapshots[0]))
    kept.rows("vehicle_register", tax_exports.vehicles(raw, world, owed))
    kept.rows("seizures", tax_exports.seizures(raw, world, owed))
    kept.rows("squad_log", tax_exports.squad_log(raw, world, owed), total_rows=1)
    for source, known in tax_exports.efforts(raw, world, world.stream("effort exports")).items():
        kept.rows(source, known)
    _truth(truth, world, owed, np.array(by_month), kept.sources)


class _Kept:
    """Truth of the rows written, in `rows`: a file a source, for some of them one a month or more; and counts of what was planted."""

    def __init__(self, folder):
        self.folder, self.sources = folder, {}

    def rows(self, source, known, part=None, **planted):
        name = source if part is None else f"{source}_{part}"
        known.to_parquet(self.folder / "rows" / f"{name}.parquet", index=False)
        counts = self.sources.setdefault(source, {})
        for what, number in ({"rows": len(known)} | planted).items():
            counts[what] = counts[what] + number if isinstance(counts.get(what), int) else number


def _truth(truth, world, owed, by_month, sources):
    """What was planted, for tests and for `report`; no analysis may read it."""
    places, rates = world.ground.places, world.rates
    per_day = rates.per_day(np.arange(len(world.days)))
    hourly = per_day.mean(axis=1)[:, None] * rates.course[places["use"]]
    area = ground.AREA_NAMES[places["area"]]
    month = pd.PeriodIndex(world.days, freq="M")
    rounds = pd.concat([table.assign(kind=kind) for kind, table in world.watch.rounds.items()], ignore_index=True)
    rounds["month"] = month.astype(str).to_numpy()[rounds["day"]]
    rounds["hour"] = rounds["second"] // 3600
    tables = {
        "places": places.assign(area_name=area, violations_per_day=per_day.mean(axis=1)).reset_index(names="place"),
        "intensity_by_place_hour": pd.DataFrame(
            {
                "place": np.repeat(places.index, 24),
                "area_name": np.repeat(area, 24),
                "hour": np.tile(np.arange(24), len(places)),
                "violations_per_day": hourly.ravel(),
            }
        ),
        "violations_by_place_month": pd.DataFrame(
            {
                "place": np.tile(places.index, len(by_month)),
                "month": np.repeat(sorted(set(month.astype(str))), len(places)),
                "violations": by_month.ravel(),
            }
        ),
        "days": pd.DataFrame({"day": world.days, "rests": world.rests}).join(
            pd.DataFrame(rates.by_day.T, columns=[f"factor_{use}" for use in ground.USES])
        ),
        "cameras": world.watch.cameras.assign(camera_name=ticket_exports.camera_names(world)).drop(columns="first"),
        "camera_down": world.watch.down,
        "reporting_rates": pd.DataFrame(
            {"area_name": ground.AREA_NAMES, "reports_per_violation": world.watch.reported}
        ),
        "serial_reporters": pd.DataFrame({"reporter": np.arange(len(world.watch.serial)), "place": world.watch.serial}),
        "rounds": rounds.groupby(["kind", "place", "month", "hour"], as_index=False).agg(stops=("second", "size")),
        "lots": world.lots.lots.assign(lot_id=place_exports.lot_ids(len(world.lots.lots))),
        "parcels": world.lots.parcels,
        "vehicles": world.fleet.cars.assign(
            debtor=np.isin(world.fleet.cars.index, owed.debtors["vehicle"]),
            **{f"anchor_{i}": world.fleet.anchor_place[:, i] for i in range(world.fleet.anchor_place.shape[1])},
        ),
        "register": world.fleet.register,
        "debtors": owed.debtors,
        "debts": owed.debts,
        "actions": owed.actions,
        "crew_blocks": owed.blocks,
    }
    for name, table in tables.items():
        table.to_parquet(truth / f"{name}.parquet", index=False)
    options = world.options
    planted = {
        "seed": options.seed,
        "size": options.size.name,
        "happenings": sorted(options.happenings),
        "told": world.told,
        "violations": int(by_month.sum()),
        "parameters": _parameters(),
        "sources": sources,
    }
    (truth / "planted.json").write_text(
        json.dumps(planted, ensure_ascii=False, indent=1, default=str), encoding="utf-8"
    )


def _parameters():
    """Every constant of the planted mechanism, under the name it has in the code."""
    return {
        f"{module.__name__.rsplit('.', 1)[1]}.{name}": value.tolist() if hasattr(value, "tolist") else value
        for module in (
            ground,
            parking,
            watching,
            records,
            vehicles,
            plate_reads,
            tax,
            lots,
            happenings,
            quirks,
            ticket_exports,
        )
        for name, value in vars(module).items()
        if name.isupper() and not callable(value)
    }


def _recipe(options):
    """Changes with the options and with every line of this room."""
    code = hashlib.sha256(f"{options.seed} {options.size} {sorted(options.happenings)}".encode())
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        code.update(path.read_bytes())
    return code.hexdigest()


def _stamp(raw):
    path = raw / STAMP
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"recipe": None, "files": {}}


def _refuse_strangers(folder, raw, stamp):
    for path in sorted(raw.iterdir()) if raw.is_dir() else ():
        if path.name.startswith("."):
            continue
        if path.name not in stamp["files"]:
            raise Refusal(
                f"{folder.name}/1_raw에 표본 도시가 쓰지 않은 파일 '{path.name}'이 있습니다. 다른 폴더로 옮긴 뒤 다시 실행하세요.",
                f"{folder.name}/1_raw holds '{path.name}', which the sample did not write. Move it away, then run again.",
            )
        if _sha256(path) != stamp["files"][path.name]:
            raise Refusal(
                f"{folder.name}/1_raw의 '{path.name}'을 누군가 고쳤습니다. 다른 이름의 도시 폴더로 옮기거나 지운 뒤 다시 실행하세요.",
                f"{folder.name}/1_raw: '{path.name}' was changed by hand. Move it to another city folder, or delete it.",
            )


def _sha256(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
