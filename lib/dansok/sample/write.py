"""Write 1_raw and truth of the sample city, once, and never over files of others."""

import hashlib
import json
import os
import shutil
from pathlib import Path

import pandas as pd

from dansok.city import PROJECT
from dansok.sample import channels, exports, tax, world
from dansok.words import Refusal

SEED = 20260105
STAMP = ".written_by_sample.json"


def write(folder, seed=SEED):
    """Write `1_raw` and `truth` of the sample city into a city folder, unless they are up to date.

    Parameters
    ----------
    folder : str or Path
        The city folder; a relative one is taken from the project's root.
    seed : int
        The same seed gives the same bytes.

    Returns
    -------
    bool
        False if everything was there already; then nothing is touched.

    Raises
    ------
    Refusal
        If 1_raw holds a file that this module did not write, or wrote and somebody changed.
    """
    folder = Path(folder) if Path(folder).is_absolute() else PROJECT / folder
    raw, truth, part = folder / "1_raw", folder / "truth", folder / ".sample_part"
    recipe = _recipe(seed)
    before = _stamp(raw)
    _refuse_strangers(folder, raw, before)
    whole = all((raw / name).is_file() for name in before["files"])
    if before["recipe"] == recipe and whole and (truth / "planted.json").is_file():
        return False
    shutil.rmtree(part, ignore_errors=True)
    for name in ("1_raw", "truth"):
        (part / name).mkdir(parents=True)
    _make(part / "1_raw", part / "truth", seed)
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


def _make(raw, truth, seed):
    def stream(name):
        return world.stream(seed, name)

    city = world.build(seed)
    rates = channels.reporting_rates(stream("reporting rates"))
    log = channels.patrol_log(city, stream("patrol log"))
    reads = channels.plate_readers(city, stream("plate readers"))
    owed = tax.debts(city, stream("debts"))
    done = tax.actions(owed, reads, stream("actions"))
    cameras = channels.fixed_cameras(city, stream("fixed cameras"))
    reports = channels.citizens(city, rates, stream("citizens"))
    patrolled = channels.patrol_car(city, log, stream("patrol car"))
    rows = {
        "fixed_camera_exports": exports.fixed_cameras(raw, city, cameras, stream("fixed camera exports")),
        "citizen_report_exports": exports.citizens(raw, city, reports, stream("citizen exports")),
        "patrol_car_exports": exports.patrol_car(raw, city, patrolled, stream("patrol exports")),
        "places": exports.places(raw, city, stream("place exports")),
        "tax_side": exports.tax_side(raw, city, owed, done, reads, stream("tax exports")),
    }
    intensity = city.intensity()
    by_area = intensity.groupby(["area_name", "hour"], as_index=False)["violations_per_day"].sum()
    tables = {
        "places": city.places.assign(area_name=world.AREA_NAMES[city.places["area"]]).reset_index(names="place"),
        "intensity_by_place_hour": intensity,
        "intensity_by_area_hour": by_area,
        "cameras": city.cameras,
        "reporting_rates": pd.DataFrame({"area_name": world.AREA_NAMES, "reported_share": rates}),
        "patrol_log": log.drop(columns="area"),
        "vehicles": city.vehicles.assign(debtor=city.vehicles.index.isin(owed["vehicle"])),
        "debts": owed,
        "actions": done,
    }
    for name, table in tables.items():
        table.to_parquet(truth / f"{name}.parquet", index=False)
    planted = {"seed": seed, "violations": len(city.violations), "parameters": _parameters(), "sources": rows}
    (truth / "planted.json").write_text(
        json.dumps(planted, ensure_ascii=False, indent=1, default=str), encoding="utf-8"
    )


def _parameters():
    """Every constant of the planted mechanism, under the name it has in the code."""
    return {
        name: value.tolist() if hasattr(value, "tolist") else value
        for module in (world, channels, tax, exports)
        for name, value in vars(module).items()
        if name.isupper() and name not in ("AREA_NAMES", "DAYS", "SNAPSHOTS", "DUE")
    }


def _recipe(seed):
    """Changes with the seed and with every line of this room."""
    code = hashlib.sha256(str(seed).encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
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
    return hashlib.sha256(path.read_bytes()).hexdigest()
