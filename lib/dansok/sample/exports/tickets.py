"""Enforcement records as the systems export them: fixed cameras, patrol cars, officers, citizens' reports.

Each function writes the files of one source and returns the truth of its rows, and how often it planted what.
"""

import numpy as np
import pandas as pd

from dansok.sample.exports import files
from dansok.sample.exports.quirks import (
    BY_HAND_DAYS,
    CHANGE,
    NOT_LINKED,
    RENAMED,
    addresses,
    sent_areas,
    sent_plates,
    spots,
    with_copies,
)
from dansok.sample.ground import degrees

TITLE = "남양주형 가상 도시"
LANDMARKS = ("다람쥐초교", "별빛시장", "무지개상가", "햇살공원", "구름역", "소나기병원", "도토리유치원", "물레방아")
SIDES = ("앞", "주변", "건너편", "사거리")
NO_SECONDS, STRAY_SPACES = 0.03, 0.02
HYDRANT = 0.1  # of the records in school zones
TEST_ROWS = 2  # a file of the old system, made while trying out the electronic notice
NO_POSITION, ZERO_POSITION = 0.0006, 0.0004
ADDRESS_FORMS = {"as_listed": 0.5, "no_space": 0.07, "nearby": 0.09, "not_in_table": 0.24, "bare": 0.04, "vague": 0.06}
PAGE_ROWS = 250
GPS_METRES = 9.0
REPORT_KINDS = {"보도": 0.40, "횡단보도": 0.36, "교차로 모퉁이": 0.11, "소방시설주변 절대금지": 0.08, "버스정류장": 0.03,
                "안전지대": 0.01, "보도,횡단보도": 0.01}  # fmt: skip
CODES = {"주정차위반": "general", "32조": "general", "소방시설주변 절대금지": "fire_hydrant", "보도": "sidewalk",
         "횡단보도": "crosswalk", "교차로 모퉁이": "corner", "버스정류장": "bus_stop", "안전지대": "safety_zone",
         "보도,횡단보도": "several", "어린이보호구역": "child_zone"}  # fmt: skip


def camera_names(world):
    """Name of each fixed camera, as records use it for its place."""
    places, cameras = world.ground.places, world.watch.cameras
    area = world.ground.areas["name"].to_numpy()[places["area"].to_numpy()[cameras["place"]]]
    return np.array(
        [f"{name} {LANDMARKS[n % len(LANDMARKS)]}{n // 8 + 1} {SIDES[n % 4]}" for n, name in enumerate(area)], object
    )


def fixed_cameras(folder, world, table, rng):
    """The old system writes workbooks with titles and totals, the new one CSV; camera names come with stray spaces."""
    table, at, plates, area, planted = _begin(world, table, rng)
    names = camera_names(world)[table["camera"]]
    listed = world.watch.cameras["in_list"].to_numpy()[table["camera"]]
    stray = np.flatnonzero(rng.random(len(table)) < STRAY_SPACES)
    spoil = (lambda n: f"{n} ", lambda n: f" {n}", lambda n: n.replace(" ", "  "), lambda n: n.replace(" ", "", 1))
    sent_names = names.copy()
    sent_names[stray] = [spoil[i % 4](names[row]) for i, row in enumerate(stray)]
    cut = rng.random(len(table)) < NO_SECONDS
    child, law = _zone(world, table, rng)
    old = at < CHANGE
    truth = _truth(at.dt.floor("min").where(cut, at), np.where(cut, "minute", "second"), "fixed_camera", area, plates).assign(
        place_as_sent=[" ".join(name.split()) for name in sent_names], camera=names, violation=law, zone=child,
    )  # fmt: skip
    sent = pd.DataFrame(
        {
            "단속일시": _moment(at, cut, np.where(old, "-", "/")),
            "단속동": area,
            "단속장소": sent_names,
            "단속구분": np.where(old, np.where(table["camera"] % 3 == 0, "고정식CCTV", "고정형CCTV"), "고정형CCTV단속"),
            "위반법규": np.where(law == "fire_hydrant", "소방시설주변 절대금지", np.where(old, "주정차위반", "32조")),
            "단속특별지역": np.where(child == "child", "어린이보호구역", ""),
            "차량번호": plates["sent"],
        }
    )
    plain = truth["plain"] & ~cut & listed & ~np.isin(np.arange(len(table)), stray)
    sent, truth = _copied(sent, truth, plain, rng)
    stands, tests, titles, totals = [], 0, 0, 0
    for first, last in _halves(world, CHANGE):
        part = (truth["issued_at"] >= first) & (truth["issued_at"] < last)
        rows, known = sent[part], truth[part]
        if first < CHANGE:
            rows = pd.concat([_tests(first, rng), rows], ignore_index=True)
            known = pd.concat([pd.DataFrame({"fate": ["test row"] * TEST_ROWS}), known], ignore_index=True)
            span = f"{first:%y.%m.%d}~{last - pd.Timedelta(days=1):%m.%d}"
            title = [f"{TITLE} 고정형 CCTV 단속현황 ({first:%Y. %-m. %-d.} ~)", "(단위: 건)"]
            stand = files.workbook(folder / f"고정형 단속자료 {span}.xlsx", rows, TITLE, title, total=True)
            sheets = stand["source_file"].nunique()
            tests, titles, totals = tests + TEST_ROWS, titles + len(title) * sheets, totals + 1
        else:
            rows = rows.set_axis(
                ["단속일시정보", "행정동명", "단속장소명", "단속방법", "위반법조", "보호구역구분", "자동차번호"], axis=1
            )
            rows.insert(0, "순번", np.arange(1, len(rows) + 1))
            stand = files.csv(
                folder / f"주정차단속_고정형_{first:%Y.%m}-{last - pd.Timedelta(days=1):%m}.csv", rows, spaced=True
            )
        stands.append(pd.concat([stand, known.reset_index(drop=True)], axis=1))
    planted |= {"no_seconds": int(cut.sum()), "stray_spaces": len(stray), "camera_not_in_list": int((~listed).sum())}
    return pd.concat(stands, ignore_index=True), planted | {
        "test_rows": tests,
        "title_rows": titles,
        "total_rows": totals,
    }


def patrol_cars(folder, world, table, rng):
    """Quarterly exports with the latitude under GPS_X; one is an HTML page called .xls; some rows have no satellite fix."""
    table, at, plates, area, planted = _begin(world, table, rng)
    longitude, latitude = degrees(*spots(world, table, GPS_METRES, rng))
    luck = rng.random(len(table))
    empty, zero = luck < NO_POSITION, (luck >= NO_POSITION) & (luck < NO_POSITION + ZERO_POSITION)
    child, law = _zone(world, table, rng)
    old = at < CHANGE
    legal, number = addresses(world, table)
    road = pd.Series(area) + " 가상로 " + number.str.split("-").str[0]
    truth = _truth(at, "second", "mobile_camera", area, plates).assign(
        place_as_sent=road, violation=np.where(law == "fire_hydrant", law, "general"), zone=child,
        longitude=np.where(empty | zero, np.nan, longitude), latitude=np.where(empty | zero, np.nan, latitude),
        position_state=np.select([empty, zero], ["missing", "outside"], np.where(old, "mended", "as_sent")),
    )  # fmt: skip
    first, second = np.where(old, latitude, longitude), np.where(old, longitude, latitude)
    sent = pd.DataFrame(
        {
            "단속일시": _moment(at, np.zeros(len(at), bool), np.where(old, "-", "/")),
            "단속동": area,
            "단속장소": road,
            "단속구분": np.where(old, "주행형CCTV", "이동식CCTV단속"),
            "위반법규": np.where(law == "fire_hydrant", "소방시설주변 절대금지", "32조"),
            "단속특별지역": np.where(child == "child", "어린이보호구역", ""),
            "차량번호": plates["sent"],
            "GPS_X": _coordinate(first, empty, zero),
            "_GPS_Y": _coordinate(second, empty, zero),
        }
    )
    sent, truth = _copied(sent, truth, truth["plain"] & ~empty & ~zero, rng)
    stands, headers = [], 0
    for number_of_part, (start, end) in enumerate(_quarters(world, CHANGE)):
        part = (truth["issued_at"] >= start) & (truth["issued_at"] < end)
        rows, name = sent[part], f"주행형 단속자료 {start:%y.%m}-{end - pd.Timedelta(days=1):%m}"
        if start >= CHANGE:
            rows = rows.rename(
                columns={"단속일시": "단속일시정보", "단속동": "행정동명", "단속장소": "단속장소명", "단속구분": "단속방법",
                         "위반법규": "위반법조", "단속특별지역": "보호구역구분", "차량번호": "자동차번호", "GPS_X": "경도", "_GPS_Y": "위도"}
            )  # fmt: skip
            stand = files.csv(folder / f"주정차단속_주행형_{start:%Y.%m}-{end - pd.Timedelta(days=1):%m}.csv", rows)
        elif number_of_part == 0:
            stand = files.page(folder / f"{name}.xls", rows, PAGE_ROWS)
            headers = max(0, -(-len(rows) // PAGE_ROWS) - 1)
        else:
            stand = files.workbook(folder / f"{name}.xlsx", rows, TITLE)
        stands.append(pd.concat([stand, truth[part].reset_index(drop=True)], axis=1))
    swapped = int((truth["position_state"] == "mended").sum())
    planted |= {"no_position": int(empty.sum()), "zero_position": int(zero.sum()), "swapped_axes": swapped}
    return pd.concat(stands, ignore_index=True), planted | {"repeated_headers": headers}


def officers(folder, world, table, rng):
    """One workbook a year; day and time in two columns, the time without its leading zero; subtotals on every page."""
    table, at, plates, area, planted = _begin(world, table, rng)
    legal, number = addresses(world, table)
    child, law = _zone(world, table, rng)
    place = legal + " " + number
    minute = at.dt.floor("min")
    truth = _truth(minute, "minute", "officer", area, plates).assign(
        place_as_sent=place, violation=np.where(law == "fire_hydrant", law, "general"), zone=child
    )
    dotted = rng.random(len(table)) < 0.1
    sent = pd.DataFrame(
        {
            "단속일자": at.dt.strftime("%Y%m%d").where(~dotted, at.dt.strftime("%Y.%-m.%-d.")),
            "단속시간": (at.dt.hour * 100 + at.dt.minute).astype(str),
            "단속동": area,
            "단속장소": place,
            "단속구분": "인력(PDA)",
            "위반법규": np.where(law == "fire_hydrant", "소방시설주변 절대금지", "32조"),
            "단속특별지역": np.where(child == "child", "어린이보호구역", ""),
            "차량번호": plates["sent"],
        }
    )
    sent, truth = _copied(sent, truth, truth["plain"], rng)
    stands, subtotals = [], 0
    for year in sorted(truth["issued_at"].dt.year.unique()):
        part = truth["issued_at"].dt.year == year
        path = folder / f"현장단속_{year}년.xlsx"
        title = [f"{TITLE} 현장 단속 현황 ({year}년)"]
        stand = files.workbook(path, sent[part], TITLE, title, total=True, subtotals_every=PAGE_ROWS)
        subtotals += int(part.sum()) // PAGE_ROWS
        stands.append(pd.concat([stand, truth[part].reset_index(drop=True)], axis=1))
    return pd.concat(stands, ignore_index=True), planted | {"subtotal_rows": subtotals, "total_rows": len(stands)}


def citizens(folder, world, table, rng):
    """CP949 files, some ending in .CSV; Korean dates; addresses as people type them, a third of them not to be found."""
    at = _moments(world, table)
    after = (at >= CHANGE) & (at < CHANGE + pd.Timedelta(days=BY_HAND_DAYS))
    lost = after.to_numpy() & (rng.random(len(table)) < NOT_LINKED)
    table = table[~lost].reset_index(drop=True)
    table, at, plates, area, planted = _begin(world, table, rng, by_hand=True)
    minute = at.dt.floor("min")
    form = rng.choice(list(ADDRESS_FORMS), len(table), p=list(ADDRESS_FORMS.values()))
    legal, number = addresses(world, table)
    elsewhere = (number.str.split("-").str[0].astype(int) + 5000).astype(str) + "-" + number.str.split("-").str[1]
    number = number.mask(form == "not_in_table", elsewhere)
    wordings = {
        "as_listed": legal + " " + number,
        "no_space": legal + number,
        "nearby": legal + " " + number + " 부근",
        "not_in_table": legal + " " + number,
        "bare": number,
        "vague": pd.Series(rng.choice(LANDMARKS, len(table))) + " " + pd.Series(rng.choice(SIDES, len(table))),
    }
    address = pd.Series(np.select([form == name for name in wordings], list(wordings.values())), dtype=object)
    child = np.where(world.ground.places["in_child_zone"].to_numpy()[table["place"]], "child", None)
    kind = rng.choice(np.array(list(REPORT_KINDS), object), len(table), p=list(REPORT_KINDS.values()))
    kind = np.where(child == "child", "어린이보호구역", kind)
    reporter = [f"R{number:05d}" for number in table["reporter"]]
    truth = _truth(minute, "minute", "citizen_report", area, plates).assign(
        place_as_sent=address, violation=[CODES[text] for text in kind], zone=child, reporter=reporter,
        incident=table["violation_id"].to_numpy(), form=form,
    )  # fmt: skip
    sent = pd.DataFrame(
        {
            "위반일시": _korean(minute),
            "행정동": area,
            "위반장소": address,
            "위반유형": kind,
            "단속특별지역": np.where(child == "child", "어린이보호구역", ""),
            "차량번호": plates["sent"],
            "신고자번호": reporter,
        }
    )
    sent, truth = _copied(sent, truth, truth["plain"] & (form == "as_listed"), rng)
    stands = []
    for start, end in _halves(world, CHANGE):
        part = (truth["issued_at"] >= start) & (truth["issued_at"] < end)
        rows, ending = sent[part], ".CSV" if start.month == 7 else ".csv"
        if start >= CHANGE:
            rows = rows.rename(
                columns={"위반일시": "신고일시", "행정동": "행정동명", "위반장소": "신고장소", "위반유형": "신고유형"}
            )
        name = f"시민신고 {start:%y.%m.%d}~{end - pd.Timedelta(days=1):%m.%d}{ending}"
        stands.append(pd.concat([files.csv(folder / name, rows), truth[part].reset_index(drop=True)], axis=1))
    bare = truth["form"].eq("bare") & pd.Series(truth["area_as_sent"]).str.endswith("동") & (truth["fate"] == "kept")
    planted |= {"not_linked": int(lost.sum()), "bare_in_dong": int(bare.sum())}
    planted["address_forms"] = truth["form"].value_counts().sort_index().to_dict()
    return pd.concat(stands, ignore_index=True), planted


def _moments(world, table):
    at = world.days.values[table["day"]] + table["second"].to_numpy() * np.timedelta64(1, "s")
    return pd.Series(at).astype("datetime64[s]")


def _begin(world, table, rng, by_hand=False):
    """Records in order of time, their moments, plates and areas as sent, and how often that was odd."""
    order = np.lexsort([table["vehicle"], table["place"], table["second"], table["day"]])
    table = table.iloc[order]
    # A car is recorded once a minute: two records would be sent as a copy that nobody planted.
    minute = table["second"] // 60
    table = table[~table.assign(minute=minute).duplicated(["day", "minute", "vehicle"])].reset_index(drop=True)
    at = _moments(world, table)
    plates = sent_plates(world, table, at, rng, by_hand)
    area = sent_areas(world, table["place"].to_numpy(), at)
    counts = {
        "records": len(table),
        "masked_plates": int((plates["plate_state"] == "masked").sum()),
        "unreadable_plates": int((plates["plate_state"] == "unreadable").sum()),
        "old_area_name": int((area == RENAMED[0]).sum()),
    }
    return table, at, plates, area, counts


def _zone(world, table, rng):
    """Protected zone that the record names, and what was violated (code)."""
    child = world.ground.places["in_child_zone"].to_numpy()[table["place"]]
    hydrant = child & (rng.random(len(table)) < HYDRANT)
    return np.where(child, "child", None), np.where(hydrant, "fire_hydrant", "general")


def _truth(at, precision, channel, area, plates):
    plain = (plates["plate_state"] == "read") & (pd.Series(area) != RENAMED[0])
    return pd.DataFrame(
        {
            "issued_at": at,
            "time_precision": precision,
            "channel": channel,
            "area_as_sent": area,
            "plate": plates["plate"],
            "plate_state": plates["plate_state"],
            "plain": plain,
        }
    )


def _copied(sent, truth, plain, rng):
    """The rows with some of them twice; `fate` in the truth tells the copies."""
    order, copy = with_copies(sent, plain, rng)
    truth = truth.iloc[order].reset_index(drop=True).drop(columns="plain")
    return sent.iloc[order].reset_index(drop=True), truth.assign(fate=np.where(copy, "copy", "kept"))


def _moment(at, cut, sign):
    text = at.dt.strftime("%Y-%m-%d %H:%M:%S")
    text = text.mask(cut, text.str.slice(0, 16))
    return text.where(sign == "-", text.str.replace("-", "/"))


def _korean(minute):
    """2025.3.4. 오후 2:05; midnight belongs to the day before: 24:00."""
    day, hour = minute.dt.normalize(), minute.dt.hour
    midnight = (hour == 0) & (minute.dt.minute == 0)
    shown = day.where(~midnight, day - pd.Timedelta(days=1))
    date = shown.dt.strftime("%Y.%-m.%-d.")
    half = pd.Series(np.where(hour < 12, " 오전 ", " 오후 "))
    clock = half + ((hour - 1) % 12 + 1).astype(str) + ":" + minute.dt.strftime("%M")
    return date + clock.mask(midnight, " 24:00")


def _coordinate(values, empty, zero):
    return np.select([empty, zero], ["", "0"], np.char.mod("%.7f", values))


def _tests(first, rng):
    """Rows that somebody made while trying out the electronic notice; no records."""
    days = [f"{first + pd.Timedelta(days=int(d)):%Y-%m-%d} 14:57" for d in sorted(rng.integers(5, 40, TEST_ROWS))]
    rows = {"단속일시": days, "단속동": "와부읍", "단속장소": "전자고지테스트"}
    return pd.DataFrame(rows | {"단속구분": "고정형CCTV", "위반법규": "32조", "단속특별지역": "", "차량번호": ""})


def _spans(world, months, change):
    """Spans of so many months over the days of the city, cut where the system changes."""
    edges = list(pd.date_range(world.days[0], world.days[-1], freq=f"{months}MS")) + [
        world.days[-1] + pd.Timedelta(days=1)
    ]
    if world.days[0] < change < world.days[-1]:
        edges = sorted({*edges, change})
    return list(zip(edges, edges[1:], strict=False))


def _halves(world, change):
    return _spans(world, 6, change)


def _quarters(world, change):
    return _spans(world, 3, change)
