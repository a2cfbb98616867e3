"""The tax side and the logs of work: registers, payments, plate reads, seizures, blocks of the squads, satellite fixes."""

import numpy as np
import pandas as pd

from dansok.sample.exports import files
from dansok.sample.exports.places import lot_ids
from dansok.sample.exports.quirks import misread
from dansok.sample.exports.tickets import TITLE, camera_names
from dansok.sample.ground import AREA_NAMES, degrees
from dansok.sample.reads import KINDS, MISREAD
from dansok.sample.tax import amounts
from dansok.sample.watching import fixes, shift_log

READ_FILES = {
    "fixed_camera": "고정형판독",
    "patrol_car": "주행형판독",
    "lot": "주차장입차",
    "squad_car": "영치차량판독",
}
UNREAD, SPACED = 0.005, 0.02
GPS_METRES = 9.0
FIX_EVERY = 3  # of the stops of a car make one satellite fix


def squad(crew):
    return f"영치{crew + 1}반"


def car(unit):
    return f"단속{unit + 1}호"


def reads(folder, world, month, table, rng):
    """Four files of a month, one a kind of reader; returns the truth of their rows."""
    at = pd.Series(world.days.values[table["day"]] + table["second"].to_numpy() * np.timedelta64(1, "s")).astype(
        "datetime64[s]"
    )
    plate = world.fleet.plates_on(table["vehicle"].to_numpy(), at.to_numpy())
    seen, wrong = misread(plate, rng, MISREAD)
    luck = rng.random(len(table))
    blank = luck < UNREAD
    text = pd.Series(seen, dtype=object).mask(
        luck > 1 - SPACED, pd.Series(seen).str.slice(0, -4) + " " + pd.Series(seen).str.slice(-4)
    )
    truth = table.assign(
        at=at, plate=np.where(blank, None, seen), misread=wrong & ~blank, sent=text.mask(blank, "미인식").to_numpy()
    )
    names, gates = camera_names(world), np.array(lot_ids(len(world.lots.lots)), object)
    parts = []
    for number, kind in enumerate(KINDS):
        part = truth[truth["kind"] == number].reset_index(drop=True)
        moment, unit = part["at"].dt.strftime("%Y-%m-%d %H:%M:%S"), part["unit"].to_numpy()
        if kind == "fixed_camera":
            sent = {"판독일시": moment, "카메라명": names[unit], "차량번호": part["sent"]}
        elif kind == "lot":
            sent = {"입차일시": moment, "주차장관리번호": gates[unit], "차량번호": part["sent"]}
        else:
            name = squad if kind == "squad_car" else car
            longitude, latitude = _near(world, part["place"].to_numpy(), rng)
            units = np.array([name(u) for u in range(unit.max() + 1)], object)[unit] if len(unit) else []
            sent = {"포착일시": moment, "장비명": units, "차량번호": part["sent"], "위도": latitude, "경도": longitude}
        stand = files.csv(folder / f"{READ_FILES[kind]}_{month:%Y-%m}.csv", pd.DataFrame(sent))
        parts.append(pd.concat([stand, part.drop(columns="sent")], axis=1))
    return pd.concat(parts, ignore_index=True)


def register(folder, world, owed, snapshots):
    """Monthly registers of debts, what was paid, and the register of vehicles; returns counts."""
    counts = {"debts": 0}
    flags = owed.debtors.set_index("vehicle")
    for day in snapshots:
        held = owed.owed_on(day)
        who = flags.loc[held["vehicle"]]
        counts["debts"] += len(held)
        sent = pd.DataFrame(
            {
                "기준일자": f"{day:%Y%m%d}",
                "과세번호": _debt_ids(held),
                "세목": np.where(held["kind"] == "tax", "자동차세", "과태료"),
                "체납기관": np.where(held["own"], "관내", "타시군촉탁"),
                "차량번호": world.fleet.plates_on(held["vehicle"].to_numpy(), np.full(len(held), day.to_datetime64())),
                "소유자": [f"가상인{vehicle:06d}" for vehicle in held["vehicle"]],
                "납기일": held["due_on"].dt.strftime("%Y.%m.%d").to_numpy(),
                "체납액": [f"{amount:,}" for amount in held["amount_krw"]],
                "분납": np.where(who["instalments"], "Y", "N"),
                "생계형": np.where(who["livelihood"], "Y", "N"),
                "운행정지": np.where(who["ghost"], "Y", "N"),
            }
        )
        files.csv(folder / f"체납자료_{day:%Y%m}.csv", sent)
    paid = owed.debts[(owed.debts["paid_on"] >= snapshots[0]) & (owed.debts["paid_on"] <= world.days[-1])]
    paid = paid.sort_values(["paid_on", "vehicle"], kind="stable")
    amount = np.concatenate([amounts(part, day) for day, part in paid.groupby("paid_on")]) if len(paid) else []
    sent = {
        "납부일": paid["paid_on"].dt.strftime("%Y-%m-%d").to_numpy(),
        "과세번호": _debt_ids(paid),
        "차량번호": world.fleet.plates_on(paid["vehicle"].to_numpy(), paid["paid_on"].to_numpy()),
        "납부액": [f"{won:,}" for won in amount],
    }
    files.csv(folder / f"납부내역_{snapshots[0].year}.csv", pd.DataFrame(sent))
    return counts | {"payments": len(paid), "vehicles": _vehicles(folder, world)}


def _debt_ids(debts):
    return [f"99{number:08d}" for number in debts.index]


def _vehicles(folder, world):
    """Registered vehicles with every plate they bear in the period."""
    spells = world.fleet.register
    registered = world.fleet.cars["registered"].to_numpy()[spells["vehicle"]]
    spells = spells[registered].reset_index(drop=True)
    last = ~spells["vehicle"].duplicated(keep="last")
    following = spells["why"].shift(-1).where(~last, spells["end"])
    sent = pd.DataFrame(
        {
            "차량번호": spells["plate"],
            "차대번호": [f"KSAMPLE{vehicle:09d}" for vehicle in spells["vehicle"]],
            "등록일자": spells["from_day"].dt.strftime("%Y-%m-%d"),
            "등록사유": spells["why"],
            "종료일자": spells["to_day"].dt.strftime("%Y-%m-%d").fillna(""),
            "종료사유": following.where(spells["to_day"].notna(), ""),
            "사용본거지": AREA_NAMES[world.fleet.cars["area"].to_numpy()[spells["vehicle"]]],
        }
    )
    files.csv(folder / f"자동차등록_{world.days[-1]:%Y%m%d}.csv", sent)
    return len(sent)


def squads(folder, world, owed, rng):
    """What the squads did: actions, and the log of their blocks of work, hits and misses; returns counts."""
    done, places = owed.actions, world.ground.places
    at = done["place"].to_numpy(int)
    sent = {
        "영치일시": done["at"].dt.strftime("%Y-%m-%d %H:%M").to_numpy(),
        "조치": done["action"].to_numpy(),
        "영치반": [squad(crew) for crew in done["crew"]],
        "차량번호": world.fleet.plates_on(done["vehicle"].to_numpy(int), done["at"].to_numpy("datetime64[s]")),
        "장소": [f"{places['legal_name'][p]} {places['lot_number'][p]}-1" for p in at],
        "납부액": ["" if np.isnan(won) else f"{won:,.0f}" for won in done["paid_krw"]],
        "위도": places["latitude"].to_numpy()[at],
        "경도": places["longitude"].to_numpy()[at],
    }
    files.csv(folder / f"영치실적_{world.options.size.first_read_day.year}.csv", pd.DataFrame(sent))
    blocks = owed.blocks
    start = world.days[blocks["day"].to_numpy()] + pd.to_timedelta(blocks["second"].to_numpy(), "s")
    rows = pd.DataFrame(
        {
            "시작일시": pd.Series(start.to_pydatetime(), dtype=object),
            "활동시간": blocks["hours"].map("{:.1f}".format),
            "영치반": [squad(crew) for crew in blocks["crew"]],
            "방식": np.where(blocks["waits"], "대기", "순회"),
            "읍면동": AREA_NAMES[blocks["area"]],
            "판독": blocks["read"].astype(str),
            "체납발견": blocks["found"].astype(str),
            "영치": blocks["seized"].astype(str),
            "징수액": blocks["recovered_krw"].map("{:,}".format),
        }
    )
    title = [f"{TITLE} 영치 활동일지"]
    files.workbook(folder / "영치_활동일지.xlsx", rows, TITLE, title, total=True)
    return {"outcomes": len(done), "crew_blocks": len(blocks)}


def efforts(folder, world, rng):
    """Satellite logs of the cars, year by year, and the log sheets of the officers; returns counts."""
    seed, places, counts = world.options.seed, len(world.ground.places), {}
    for kind, name, unit in (("car", "단속차량_위치기록", car), ("crew", "영치차량_위치기록", squad)):
        log = fixes(seed, world.watch.rounds[kind], places)
        if kind == "crew":
            log = log[log["day"] >= world.days.searchsorted(world.options.size.first_read_day)]
        log = log[log.groupby("shift").cumcount() % FIX_EVERY == 0].reset_index(drop=True)
        longitude, latitude = _near(world, log["place"].to_numpy(), rng)
        at = pd.Series(world.days.values[log["day"]] + log["second"].to_numpy() * np.timedelta64(1, "s")).astype(
            "datetime64[s]"
        )
        units = np.array([unit(u) for u in range(log["unit"].max() + 1)], object)[log["unit"]]
        sent = pd.DataFrame(
            {"기록일시": at.dt.strftime("%Y-%m-%d %H:%M:%S"), "차량": units, "위도": latitude, "경도": longitude}
        )
        sent["시간(분)"] = f"{log['seconds'].iloc[0] * FIX_EVERY / 60:g}"
        for year, part in sent.groupby(at.dt.year):
            files.csv(folder / f"{name}_{year}.csv", part)
        counts[f"{kind}_fixes"] = len(log)
    log = shift_log(seed, world.watch.rounds["team"])
    at = world.days[log["day"].to_numpy()] + pd.to_timedelta(log["second"].to_numpy(), "s")
    rows = pd.DataFrame(
        {
            "근무일시": at.strftime("%Y-%m-%d %H:%M"),
            "조": [f"단속{unit + 1}조" for unit in log["unit"]],
            "읍면동": AREA_NAMES[log["area"]],
            "근무시간(분)": (log["hours"] * 60).round().astype(int).astype(str),
        }
    )
    files.workbook(folder / "현장단속_근무일지.xlsx", rows, TITLE)
    return counts | {"team_shifts": len(log)}


def _near(world, place, rng):
    places = world.ground.places
    step = rng.uniform(-0.45, 0.45, len(place)) * places["length_metres"].to_numpy()[place]
    x = places["x"].to_numpy()[place] + step * places["east"].to_numpy()[place] + rng.normal(0, GPS_METRES, len(place))
    y = places["y"].to_numpy()[place] + step * places["north"].to_numpy()[place] + rng.normal(0, GPS_METRES, len(place))
    return degrees(x, y)
