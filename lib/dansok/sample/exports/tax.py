"""The tax side and the logs of work: registers, payments, plate reads, seizures, blocks of the squads, satellite fixes.

Each function returns the truth of the rows it wrote, under the names that the columns have when cleaned.
"""

import numpy as np
import pandas as pd

from dansok.korea.plates import COMMERCIAL
from dansok.sample.exports import files
from dansok.sample.exports.places import lot_ids
from dansok.sample.exports.quirks import misread, with_space
from dansok.sample.exports.tickets import TITLE, camera_names
from dansok.sample.ground import AREA_NAMES, degrees
from dansok.sample.reads import KINDS, MISREAD
from dansok.sample.tax import amounts
from dansok.sample.watching import fixes, shift_log

READ_SOURCES = {
    "fixed_camera": ("camera_reads", "고정형판독"),
    "patrol_car": ("patrol_car_reads", "주행형판독"),
    "lot": ("lot_entries", "주차장입차"),
    "squad_car": ("squad_car_reads", "영치차량판독"),
}
UNREAD, SPACED = 0.005, 0.02
GPS_METRES = 9.0
FIX_EVERY = 3  # of the stops of a car make one satellite fix
DEBT_KINDS = {"tax": ("vehicle_tax", "자동차세"), "fine": ("fine", "과태료")}
ACTIONS = {"영치": "seized", "영치예고": "notice", "반환": "returned"}
REASONS = {"신규": "new", "번호변경": "plate_changed", "이전": "sold", "말소": "scrapped"}


def squad(crew):
    return f"영치{crew + 1}반"


def car(unit):
    return f"단속{unit + 1}호"


def reads(folder, world, name, table, rng):
    """Four files of a month or of a part of it, one a kind of reader; truth by source."""
    at = _moments(world, table)
    plate = world.fleet.plates_on(table["vehicle"].to_numpy(), at.to_numpy())
    seen, wrong = misread(plate, rng, MISREAD)
    luck = rng.random(len(table))
    blank, impossible = luck < UNREAD, wrong.copy()
    impossible[wrong] = _trade_without_region(seen[wrong])
    text = pd.Series(seen, dtype=object)
    text[luck > 1 - SPACED] = with_space(text[luck > 1 - SPACED])
    text[blank] = "미인식"
    truth = pd.DataFrame(
        {
            "seen_at": at,
            "time_precision": "second",
            "plate": np.where(blank | impossible, None, seen),
            "plate_state": np.where(blank | impossible, "unreadable", "read"),
            "misread": wrong & ~blank,
            "vehicle": table["vehicle"],
            "place": table["place"],
        }
    )
    names = {"fixed_camera": camera_names(world), "lot": np.array(lot_ids(len(world.lots.lots)), object)}
    found = {}
    for number, kind in enumerate(KINDS):
        source, stem = READ_SOURCES[kind]
        rows = np.flatnonzero(table["kind"] == number)
        known, unit = truth.iloc[rows].reset_index(drop=True), table["unit"].to_numpy()[rows]
        known["reader"] = names[kind][unit] if kind in names else _named(squad if kind == "squad_car" else car, unit)
        known["reader_kind"] = kind
        moment, plates = known["seen_at"].dt.strftime("%Y-%m-%d %H:%M:%S"), text.iloc[rows].to_numpy()
        if kind == "fixed_camera":
            sent = {"판독일시": moment, "카메라명": known["reader"], "차량번호": plates}
        elif kind == "lot":
            sent = {"입차일시": moment, "주차장관리번호": known["reader"], "차량번호": plates}
        else:
            known["longitude"], known["latitude"] = _near(world, known["place"].to_numpy(), rng)
            sent = {"포착일시": moment, "장비명": known["reader"], "차량번호": plates, "위도": known["latitude"],
                    "경도": known["longitude"]}  # fmt: skip
        found[source] = _with_truth(folder / f"{stem}_{name}.csv", sent, known)
    return found


def _trade_without_region(plates):
    """What only a misread gives: a letter of the trade where no region stands, as no plate has it."""
    return pd.Series(plates, dtype="str").str.fullmatch(rf"\d{{2,3}}[{COMMERCIAL}]\d{{4}}").to_numpy()


def debts(folder, world, owed, day):
    """The register of debts as it stands on one day."""
    held = owed.owed_on(day)
    who = owed.debtors.set_index("vehicle").loc[held["vehicle"]]
    known = pd.DataFrame(
        {
            "snapshot_on": day,
            "debt_id": _debt_ids(held),
            "debt_kind": held["kind"].map({kind: code for kind, (code, _) in DEBT_KINDS.items()}),
            "owed_to": np.where(held["own"], "own", "other"),
            "plate": world.fleet.plates_on(held["vehicle"].to_numpy(), np.full(len(held), day.to_datetime64())),
            "vehicle": held["vehicle"],
            "due_on": held["due_on"],
            "amount_krw": held["amount_krw"],
            "instalments": who["instalments"].to_numpy(),
            "livelihood": who["livelihood"].to_numpy(),
            "stopped": who["ghost"].to_numpy(),
        }
    ).reset_index(drop=True)
    sent = {
        "기준일자": f"{day:%Y%m%d}",
        "과세번호": known["debt_id"],
        "세목": known["debt_kind"].map(dict(DEBT_KINDS.values())),
        "체납기관": known["owed_to"].map({"own": "관내", "other": "타시군촉탁"}),
        "차량번호": known["plate"],
        "소유자": [f"가상인{vehicle:06d}" for vehicle in known["vehicle"]],
        "납기일": known["due_on"].dt.strftime("%Y.%m.%d"),
        "체납액": known["amount_krw"].map("{:,}".format),
        "분납": _yes_or_no(known["instalments"]),
        "생계형": _yes_or_no(known["livelihood"]),
        "운행정지": _yes_or_no(known["stopped"]),
    }
    return _with_truth(folder / f"체납자료_{day:%Y%m}.csv", sent, known)


def payments(folder, world, owed, first):
    """What was paid from a day on."""
    paid = owed.debts[(owed.debts["paid_on"] >= first) & (owed.debts["paid_on"] <= world.days[-1])]
    paid = paid.sort_values(["paid_on", "vehicle"], kind="stable")
    known = pd.DataFrame(
        {
            "paid_on": paid["paid_on"],
            "debt_id": _debt_ids(paid),
            "plate": world.fleet.plates_on(paid["vehicle"].to_numpy(), paid["paid_on"].to_numpy()),
            "vehicle": paid["vehicle"],
            "amount_krw": amounts(paid, paid["paid_on"]),
        }
    ).reset_index(drop=True)
    sent = {
        "납부일": known["paid_on"].dt.strftime("%Y-%m-%d"),
        "과세번호": known["debt_id"],
        "차량번호": known["plate"],
        "납부액": known["amount_krw"].map("{:,}".format),
    }
    return _with_truth(folder / f"납부내역_{first.year}.csv", sent, known)


def _debt_ids(debts):
    return [f"99{number:08d}" for number in debts.index]


def _yes_or_no(held):
    return np.where(held, "Y", "N")


def vehicles(folder, world, owed):
    """The vehicles registered here and those of other cities that owe, with every plate they bear in the period.

    There is one register in the country, which tells the history of a vehicle wherever that is registered (국토교통부, October 2014, on the
    change of 자동차등록령), so that a city can ask it about whoever owes.
    """
    spells = world.fleet.register
    registered = world.fleet.cars["registered"].to_numpy()
    asked = registered[spells["vehicle"]] | spells["vehicle"].isin(owed.debtors["vehicle"])
    spells = spells[asked].reset_index(drop=True)
    here = registered[spells["vehicle"]]
    last = ~spells["vehicle"].duplicated(keep="last")
    ends = spells["why"].shift(-1).where(~last, spells["end"]).where(spells["to_day"].notna())
    known = pd.DataFrame(
        {
            "plate": spells["plate"],
            "vehicle": [f"KSAMPLE{vehicle:09d}" for vehicle in spells["vehicle"]],
            "valid_from": spells["from_day"],
            "began_by": spells["why"].map(REASONS),
            "valid_to": spells["to_day"],
            "ended_by": ends.map(REASONS),
            "home_area": np.where(here, AREA_NAMES[world.fleet.cars["area"].to_numpy()[spells["vehicle"]]], None),
            "registered_in": np.where(here, "own", "other"),
        }
    )
    sent = {
        "차량번호": known["plate"],
        "차대번호": known["vehicle"],
        "등록일자": known["valid_from"].dt.strftime("%Y-%m-%d"),
        "등록사유": spells["why"],
        "종료일자": known["valid_to"].dt.strftime("%Y-%m-%d").fillna(""),
        "종료사유": ends.fillna(""),
        "사용본거지": known["home_area"].fillna(""),
        "등록지": known["registered_in"].map({"own": "관내", "other": "타시군"}),
    }
    return _with_truth(folder / f"자동차등록_{world.days[-1]:%Y%m%d}.csv", sent, known)


def seizures(folder, world, owed):
    """What the squads did."""
    done, places = owed.actions, world.ground.places
    at = done["place"].to_numpy(int)
    known = pd.DataFrame(
        {
            "acted_at": done["at"].dt.floor("min"),
            "time_precision": "minute",
            "action": done["action"].map(ACTIONS),
            "crew": [squad(crew) for crew in done["crew"]],
            "plate": world.fleet.plates_on(done["vehicle"].to_numpy(int), done["at"].to_numpy("datetime64[s]")),
            "vehicle": done["vehicle"],
            "place_as_sent": [f"{places['legal_name'][p]} {places['lot_number'][p]}-1" for p in at],
            "place": at,
            "paid_krw": done["paid_krw"],
            "latitude": places["latitude"].to_numpy()[at],
            "longitude": places["longitude"].to_numpy()[at],
        }
    )
    sent = {
        "영치일시": known["acted_at"].dt.strftime("%Y-%m-%d %H:%M"),
        "조치": done["action"],
        "영치반": known["crew"],
        "차량번호": known["plate"],
        "장소": known["place_as_sent"],
        "납부액": ["" if np.isnan(won) else f"{won:,.0f}" for won in known["paid_krw"]],
        "위도": known["latitude"],
        "경도": known["longitude"],
    }
    return _with_truth(folder / f"영치실적_{world.options.size.first_read_day.year}.csv", sent, known)


def squad_log(folder, world, owed):
    """Every block of work of the squads, hits and misses."""
    blocks = owed.blocks
    start = world.days[blocks["day"].to_numpy()] + pd.to_timedelta(blocks["second"].to_numpy(), "s")
    known = pd.DataFrame(
        {
            "started_at": start,
            "time_precision": "second",
            "hours": blocks["hours"].round(1),
            "crew": [squad(crew) for crew in blocks["crew"]],
            "mode": np.where(blocks["waits"], "wait", "roam"),
            "area_as_sent": AREA_NAMES[blocks["area"]],
            "plates_read": blocks["read"],
            "debtors_met": blocks["found"],
            "plates_seized": blocks["seized"],
            "paid_krw": blocks["recovered_krw"],
        }
    )
    sent = pd.DataFrame(
        {
            "시작일시": pd.Series(start.to_pydatetime(), dtype=object),
            "활동시간": known["hours"].map("{:.1f}".format),
            "영치반": known["crew"],
            "방식": known["mode"].map({"wait": "대기", "roam": "순회"}),
            "읍면동": known["area_as_sent"],
            "판독": known["plates_read"].astype(str),
            "체납발견": known["debtors_met"].astype(str),
            "영치": known["plates_seized"].astype(str),
            "징수액": known["paid_krw"].map("{:,}".format),
        }
    )
    title = [f"{TITLE} 영치 활동일지"]
    stand = files.workbook(folder / "영치_활동일지.xlsx", sent, TITLE, title, total=True)
    return pd.concat([stand, known], axis=1)


def efforts(folder, world, rng):
    """Satellite logs of the cars, year by year, and the log sheets of the officers; truth by source."""
    since = world.days.searchsorted(world.options.size.first_read_day)
    return {
        "patrol_car_log": _fixes(folder, world, "car", "단속차량_위치기록", car, 0, rng),
        "squad_car_log": _fixes(folder, world, "crew", "영치차량_위치기록", squad, since, rng),
        "officer_log": _shifts(folder, world),
    }


def _fixes(folder, world, kind, stem, name, since, rng):
    log = fixes(world.options.seed, world.watch.rounds[kind], len(world.ground.places))
    log = log[log["day"] >= since]
    log = log[log.groupby("shift").cumcount() % FIX_EVERY == 0].reset_index(drop=True)
    longitude, latitude = _near(world, log["place"].to_numpy(), rng)
    known = pd.DataFrame(
        {
            "logged_at": _moments(world, log),
            "time_precision": "second",
            "looker": "patrol_car" if kind == "car" else "squad_car",
            "unit": _named(name, log["unit"].to_numpy()),
            "minutes": log["seconds"] * FIX_EVERY / 60,
            "place": log["place"],
            "latitude": latitude,
            "longitude": longitude,
        }
    )
    sent = pd.DataFrame(
        {
            "기록일시": known["logged_at"].dt.strftime("%Y-%m-%d %H:%M:%S"),
            "차량": known["unit"],
            "위도": latitude,
            "경도": longitude,
            "시간(분)": known["minutes"].map("{:g}".format),
        }
    )
    years = known["logged_at"].dt.year
    parts = [
        _with_truth(folder / f"{stem}_{year}.csv", sent[years == year], known[years == year])
        for year in sorted(years.unique())
    ]
    return pd.concat(parts, ignore_index=True)


def _shifts(folder, world):
    log = shift_log(world.options.seed, world.watch.rounds["team"])
    known = pd.DataFrame(
        {
            "logged_at": world.days[log["day"].to_numpy()] + pd.to_timedelta(log["second"].to_numpy(), "s"),
            "time_precision": "minute",
            "looker": "officer",
            "unit": [f"단속{unit + 1}조" for unit in log["unit"]],
            "area_as_sent": AREA_NAMES[log["area"]],
            "minutes": (log["hours"] * 60).round(),
        }
    )
    sent = pd.DataFrame(
        {
            "근무일시": known["logged_at"].dt.strftime("%Y-%m-%d %H:%M"),
            "조": known["unit"],
            "읍면동": known["area_as_sent"],
            "근무시간(분)": known["minutes"].map("{:.0f}".format),
        }
    )
    return pd.concat([files.workbook(folder / "현장단속_근무일지.xlsx", sent, TITLE), known], axis=1)


def _with_truth(path, sent, known):
    """A CSV file, and where each of its rows came to stand beside what it means."""
    return pd.concat([files.csv(path, pd.DataFrame(sent)), known.reset_index(drop=True)], axis=1)


def _moments(world, table):
    at = world.days.values[table["day"]] + table["second"].to_numpy() * np.timedelta64(1, "s")
    return pd.Series(at).astype("datetime64[s]")


def _named(name, unit):
    return np.array([name(number) for number in range(unit.max(initial=-1) + 1)], object)[unit]


def _near(world, place, rng):
    places = world.ground.places
    step = rng.uniform(-0.45, 0.45, len(place)) * places["length_metres"].to_numpy()[place]
    x = places["x"].to_numpy()[place] + step * places["east"].to_numpy()[place] + rng.normal(0, GPS_METRES, len(place))
    y = places["y"].to_numpy()[place] + step * places["north"].to_numpy()[place] + rng.normal(0, GPS_METRES, len(place))
    return degrees(x, y)
