"""1_raw of the sample city: what happened, written as offices' systems export it, quirks and all.

Each function writes the files of one source and returns what it planted, so that tests can hold the ledger to it.
"""

import json
from datetime import datetime

import numpy as np
import pandas as pd
import xlsxwriter

from dansok.sample import tax
from dansok.sample.world import AREA_NAMES, LANDMARKS, SIDES, degrees

SYNTHETIC = "가온시(가상)"
CREATED = datetime(2026, 1, 5, 9)
RENAMED = ("온새미면", "온새미읍", pd.Timestamp("2025-01-01"))  # the 면 became a 읍
SHEET_ROWS = 10_000
PAGE_ROWS = 250
TEST_DAYS = (("2024-11-19", "2024-11-20"), ("2025-04-07", "2025-04-08"))  # before and after RENAMED
MASKED, UNREADABLE, SPACED = 0.012, 0.008, 0.03
NO_SECONDS, STRAY_SPACES = 0.03, 0.02
CAMERA_COPIES, REPORT_COPIES, PATROL_COPIES = 30, 12, 8
NO_POSITION, ZERO_POSITION = 12, 8
ADDRESS_FORMS = {"as_listed": 0.5, "no_space": 0.07, "nearby": 0.09, "not_in_table": 0.24, "bare": 0.04, "vague": 0.06}


def fixed_cameras(folder, world, records, rng):
    """Two exports, one of them split into sheets with titles and a total; camera names with stray spaces."""
    records, planted = _start(world, records, rng)
    camera = world.cameras.loc[records["camera"]].reset_index(drop=True)
    cut = rng.random(len(records)) < NO_SECONDS
    text = records["at"].dt.strftime("%Y-%m-%d %H:%M:%S")
    names = camera["camera_name"].to_numpy()
    stray = np.flatnonzero(rng.random(len(records)) < STRAY_SPACES)
    spoil = (lambda n: f"{n} ", lambda n: f" {n}", lambda n: n.replace(" ", "  "), lambda n: n.replace(" ", "", 1))
    names[stray] = [spoil[i % 4](names[row]) for i, row in enumerate(stray)]
    zone = world.places["in_child_zone"].to_numpy()[records["place"]]
    sent = pd.DataFrame(
        {
            "단속일시": text.str.slice(0, 16).where(cut, text),
            "단속동": records["sent_area"],
            "단속장소": names,
            "단속구분": np.where(records["camera"] % 3 == 0, "고정식CCTV", "고정형CCTV"),
            "위반법규": np.where(zone & (rng.random(len(records)) < 0.1), "소방시설주변 절대금지", "주정차위반"),
            "단속특별지역": np.where(zone, "어린이보호구역", ""),
            "차량번호": records["plate"],
        }
    )
    planted |= {"no_seconds": int(cut.sum()), "stray_spaces": len(stray)}
    planted["camera_not_in_list"] = int((~camera["in_list"]).sum())
    plain = records["plain"] & ~cut & camera["in_list"]
    plain[stray] = False
    sent = _copies(sent, plain, CAMERA_COPIES, rng)
    old = sent["단속일시"] < "2025"
    first, second = (
        pd.concat([_tests(days), part], ignore_index=True)
        for days, part in zip(TEST_DAYS, (sent[old], sent[~old]), strict=True)
    )
    _workbook(folder / "고정형 단속자료 24.07.01~12.31.xlsx", first)
    title = [f"{SYNTHETIC} 고정형 CCTV 단속현황 (2025. 1. 1. ~ 12. 31.)", "(단위: 건)"]
    sheets = _workbook(folder / "고정형 단속자료 25.01.01~12.31.xlsx", second, title)
    planted |= {
        "duplicates": CAMERA_COPIES,
        "test_rows": sum(map(len, TEST_DAYS)),
        "title_rows": 2 * sheets,
        "total_rows": 1,
    }
    return planted | {"sheets": 1 + sheets, "rows": len(first) + len(second)}


def citizens(folder, world, reports, rng):
    """Three CP949 files; Korean date style; addresses as people type them, a third of them not to be found."""
    # The same car twice in one minute would be sent as a copy that nobody planted.
    minute = reports["at"].dt.floor("min")
    reports, planted = _start(world, reports[~reports.assign(at=minute).duplicated(["at", "vehicle"])], rng)
    place = world.places.loc[reports["place"]].reset_index(drop=True)
    form = rng.choice(list(ADDRESS_FORMS), len(reports), p=list(ADDRESS_FORMS.values()))
    half = rng.integers(1, 3, len(reports)).astype(str)
    number = (place["lot_number"] + np.where(form == "not_in_table", 600, 0)).astype(str) + "-" + half
    wordings = {
        "as_listed": place["legal_name"] + " " + number,
        "no_space": place["legal_name"] + number,
        "nearby": place["legal_name"] + " " + number + " 부근",
        "not_in_table": place["legal_name"] + " " + number,
        "bare": number,
        "vague": pd.Series(rng.choice(LANDMARKS, len(reports))) + " " + pd.Series(rng.choice(SIDES, len(reports))),
    }
    address = pd.Series(np.select([form == name for name in wordings], list(wordings.values())), dtype=object)
    kinds = ["보도", "횡단보도", "교차로 모퉁이", "소방시설주변 절대금지", "버스정류장", "안전지대", "보도,횡단보도"]
    kind = rng.choice(kinds, len(reports), p=[0.4, 0.36, 0.11, 0.08, 0.03, 0.01, 0.01])
    at, moments = reports["at"].dt, []
    for year, month, day, hour, minute in zip(at.year, at.month, at.day, at.hour, at.minute, strict=True):
        half_day = "오전" if hour < 12 else "오후"
        moments.append(f"{year}.{month}.{day}. {half_day} {(hour - 1) % 12 + 1}:{minute:02d}")
    sent = pd.DataFrame(
        {
            "위반일시": moments,
            "행정동": reports["sent_area"],
            "위반장소": address,
            "위반유형": np.where(place["in_child_zone"], "어린이보호구역", kind),
            "단속특별지역": np.where(place["in_child_zone"], "어린이보호구역", ""),
            "차량번호": reports["plate"],
        }
    )
    sent["_at"] = reports["at"].dt.strftime("%Y-%m-%d")
    sent = _copies(sent, reports["plain"] & (form == "as_listed"), REPORT_COPIES, rng)
    day = sent.pop("_at")
    forms = pd.Series(form).value_counts().sort_index()
    forms["as_listed"] += REPORT_COPIES
    # A number alone can be completed where the 행정동 implies one 법정동; an 읍 or 면 has several 리.
    planted["bare_in_dong"] = int((reports["sent_area"].str.endswith("동") & (form == "bare")).sum())
    for first, last in (("2024-07-01", "2024-12-31"), ("2025-01-01", "2025-06-30"), ("2025-07-01", "2025-12-31")):
        name = f"시민신고 {first[2:].replace('-', '.')}~{last[5:].replace('-', '.')}.csv"
        _csv(folder / name, sent[day.between(first, last)], "cp949")
    return planted | {"duplicates": REPORT_COPIES, "address_forms": forms.to_dict(), "rows": len(sent)}


def patrol_car(folder, world, records, rng):
    """Six monthly exports, one an HTML page called .xls; latitude under GPS_X; a few rows without a satellite fix."""
    records, planted = _start(world, records, rng)
    place = world.places.loc[records["place"]].reset_index(drop=True)
    longitude, latitude = _near(place, 12, rng)
    zero, empty = np.split(rng.choice(len(records), ZERO_POSITION + NO_POSITION, replace=False), [ZERO_POSITION])
    sent = pd.DataFrame(
        {
            "단속일자": records["at"].dt.strftime("%Y-%m-%d"),
            "단속시간": records["at"].dt.strftime("%H:%M:%S"),
            "단속동": records["sent_area"],
            "단속장소": records["sent_area"] + " 가상로 " + place["lot_number"].astype(str),
            "단속구분": "주행형CCTV",
            "위반법규": "32조",
            "단속특별지역": np.where(place["in_child_zone"], "어린이보호구역", ""),
            "차량번호": records["plate"],
            "GPS_X": [f"{degree:.7f}" for degree in latitude],
            "_GPS_Y": [f"{degree:.7f}" for degree in longitude],
        }
    )
    sent.loc[zero, ["GPS_X", "_GPS_Y"]] = "0"
    sent.loc[empty, ["GPS_X", "_GPS_Y"]] = ""
    sent = _copies(sent, records["plain"] & ~records.index.isin([*zero, *empty]), PATROL_COPIES, rng)
    planted |= {"duplicates": PATROL_COPIES, "no_position": NO_POSITION, "zero_position": ZERO_POSITION}
    planted |= {"rows": len(sent), "swapped_axes": len(sent) - NO_POSITION - ZERO_POSITION}
    for month, part in sent.groupby(sent["단속일자"].str.slice(2, 7)):
        name = f"주행형 단속자료 {month.replace('-', '.')}"
        if month != "25-09":
            _workbook(folder / f"{name}.xlsx", part)
            continue
        head = _html_row(sent.columns, "th")
        pages = [part[start : start + PAGE_ROWS] for start in range(0, len(part), PAGE_ROWS)]
        body = "".join(head + "".join(_html_row(row, "td") for row in page.to_numpy()) for page in pages)
        page = f'<html><head><meta charset="utf-8"></head><body><table border="1">\n{body}</table></body></html>\n'
        (folder / f"{name}.xls").write_bytes(page.encode())
        planted["repeated_headers"] = len(pages) - 1
    return planted


def places(folder, world, rng):
    """What changes seldom: cameras, lots, protected zones, boundaries, and the table of addresses."""
    spot = world.places
    listed = world.cameras[world.cameras["in_list"]]
    _json(
        folder / "cctv.json",
        [
            {
                "CCTV명": camera.camera_name,
                "설치일자": f"{camera.installed_on:%Y-%m-%d}",
                "위도": spot["latitude"][camera.place],
                "경도": spot["longitude"][camera.place],
                "관리번호": camera.camera_id,
                "설치주소": f"{spot['legal_name'][camera.place]} {spot['lot_number'][camera.place]}-1",
            }
            for camera in listed.itertuples()
        ],
    )
    at = rng.choice(len(spot), 14, replace=False)
    _csv(
        folder / "가온시_주차장정보_20251231.csv",
        pd.DataFrame(
            {
                "주차장관리번호": [f"990-2-{number:06d}" for number in range(1, 15)],
                "주차장명": [f"{AREA_NAMES[spot['area'][p]]} 가상 제{n}공영" for n, p in enumerate(at, 1)],
                "주차장구분": "공영",
                "주차장유형": rng.choice(["노외", "노상"], 14),
                "소재지도로명주소": "",
                "소재지지번주소": [f"{spot['legal_name'][p]} {spot['lot_number'][p]}-2" for p in at],
                "주차구획수": rng.integers(12, 160, 14),
                "운영요일": "평일+토요일+공휴일",
                "요금정보": "유료",
                "관리기관명": SYNTHETIC,
                "위도": spot["latitude"].to_numpy()[at],
                "경도": spot["longitude"].to_numpy()[at],
                "데이터기준일자": "2025-12-31",
            }
        ),
        "utf-8-sig",
    )
    zones = world.zones.to_crs(5186)
    address = [f"{spot['legal_name'][p]} {spot['lot_number'][p]}-1" for p in zones["place"]]
    zones = zones[["geometry"]].assign(대상시설명=zones["name"], 시설종류=zones["kind"], 소재지지번주소=address)
    _geojson(folder / "보호구역.geojson", zones, 2)
    areas = world.areas.to_crs(4326).rename(columns={"code": "ADM_CD", "name": "ADM_NM"})
    _geojson(folder / "읍면동.geojson", areas, 7)
    east, north = _near(spot, 15, rng)
    _json(
        folder / "지번주소_좌표.json",
        {
            f"{row.legal_name} {row.lot_number}-{half}": {"lat": lat, "lon": lon}
            for row, lat, lon in zip(spot.itertuples(), north.tolist(), east.tolist(), strict=True)
            for half in (1, 2)
        },
    )
    return {"cameras": len(listed), "lots": 14, "zones": len(zones), "areas": len(areas), "addresses": 2 * len(spot)}


def tax_side(folder, world, owed, done, reads, rng):
    """Six monthly snapshots of the register, the payments, the seizures, and the reads of the squads' cars."""
    plates, counts = world.vehicles["plate"].to_numpy(), {"debts": 0}
    for day in tax.SNAPSHOTS:
        held = owed[(owed["due_on"] <= day) & (owed["paid_on"] > day)]
        counts["debts"] += len(held)
        sent = pd.DataFrame(
            {
                "기준일자": f"{day:%Y%m%d}",
                "과세번호": [f"99{number:08d}" for number in held.index],
                "세목": held["kind"],
                "차량번호": plates[held["vehicle"]],
                "소유자": [f"가상인{vehicle:05d}" for vehicle in held["vehicle"]],
                "납기일": held["due_on"].dt.strftime("%Y.%m.%d"),
                "체납액": [f"{amount:,}" for amount in held["amount_krw"]],
                "분납": np.where(held["instalments"], "Y", "N"),
                "생계형": np.where(held["livelihood"], "Y", "N"),
            }
        )
        _csv(folder / f"체납자료_{day:%Y%m}.csv", sent, "cp949")
    paid = owed[owed["paid_on"] <= tax.SNAPSHOTS[-1]].sort_values("paid_on", kind="stable")
    amounts = [f"{amount:,}" for amount in paid["amount_krw"]]
    sent = {"납부일": paid["paid_on"].dt.strftime("%Y-%m-%d"), "차량번호": plates[paid["vehicle"]], "납부액": amounts}
    _csv(folder / "납부내역_2025.csv", pd.DataFrame(sent), "cp949")
    spot = world.places.loc[done["place"]]
    sent = {
        "영치일시": done["at"].dt.strftime("%Y-%m-%d %H:%M").to_numpy(),
        "조치": done["action"].to_numpy(),
        "차량번호": plates[done["vehicle"]],
        "장소": (spot["legal_name"] + " " + spot["lot_number"].astype(str) + "-1").to_numpy(),
        "납부액": ["" if np.isnan(won) else f"{won:,.0f}" for won in done["paid_krw"]],
        "위도": spot["latitude"].to_numpy(),
        "경도": spot["longitude"].to_numpy(),
    }
    _csv(folder / "영치실적_2025.csv", pd.DataFrame(sent), "cp949")
    reads = reads.sort_values(["at", "vehicle"], ignore_index=True)
    spot = world.places.loc[reads["place"]].reset_index(drop=True)
    east, north = _near(spot, 10, rng)
    moment = reads["at"].dt.strftime("%Y-%m-%d %H:%M:%S")
    sent = {
        "포착일시": moment,
        "장비명": reads["reader"],
        "차량번호": plates[reads["vehicle"]],
        "위도": north,
        "경도": east,
    }
    _workbook(folder / "차량포착_2025.xlsx", pd.DataFrame(sent))
    return counts | {"payments": len(paid), "outcomes": len(done), "sightings": len(reads)}


def _start(world, records, rng):
    """Records in time order with `plate` and `sent_area` as sent and `plain` where neither is odd; what that planted."""
    records = records.sort_values(["at", "place", "vehicle"], kind="stable", ignore_index=True)
    plate = pd.Series(world.vehicles["plate"].to_numpy()[records["vehicle"]])
    luck = rng.random(len(records))
    masked, unreadable = luck < MASKED, (luck >= MASKED) & (luck < MASKED + UNREADABLE)
    plate = plate.mask(luck > 1 - SPACED, plate.str.slice(0, -4) + " " + plate.str.slice(-4))
    records["plate"] = plate.mask(masked, plate.str.slice(0, -2) + "**").mask(unreadable, "판독불가")
    old = (AREA_NAMES[records["area"]] == RENAMED[1]) & (records["at"] < RENAMED[2])
    records["sent_area"] = np.where(old, RENAMED[0], AREA_NAMES[records["area"]])
    records["plain"] = ~(masked | unreadable | old)
    counts = {"masked_plates": masked, "unreadable_plates": unreadable, "old_area_name": old}
    return records, {name: int(rows.sum()) for name, rows in counts.items()}


def _near(spots, metres, rng):
    """Longitudes and latitudes some metres away from the spots."""
    east, north = rng.normal(0, metres, (2, len(spots)))
    return degrees(spots["x"] + east, spots["y"] + north)


def _tests(days):
    """Rows that somebody made while trying out the electronic notice; no records."""
    rows = {"단속일시": [f"{day} 14:57" for day in days], "단속동": "가온1동", "단속장소": "전자고지테스트"}
    return pd.DataFrame(rows | {"단속구분": "고정형CCTV", "위반법규": "32조", "단속특별지역": "", "차량번호": ""})


def _copies(sent, plain, count, rng):
    """`count` of the rows that are `plain` (odd in no other way) come twice, the copy just below its row."""
    if sent.duplicated().any():
        raise ValueError("two records would be sent word for word the same, though none was copied")
    chosen = rng.choice(np.flatnonzero(plain), count, replace=False)
    return sent.loc[np.sort(np.concatenate([np.arange(len(sent)), chosen]))].reset_index(drop=True)


def _workbook(path, frame, titles=()):
    """Sheets of at most SHEET_ROWS rows, all cells text; with `titles`, merged title rows and a total row at the end."""
    sheets = [frame[start : start + SHEET_ROWS] for start in range(0, len(frame), SHEET_ROWS)] if titles else [frame]
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        book.set_properties({"title": SYNTHETIC, "created": CREATED})
        for number, part in enumerate(sheets, 1):
            sheet = book.add_worksheet(f"Sheet{number}")
            for row, title in enumerate(titles):
                sheet.merge_range(row, 0, row, len(frame.columns) - 1, title)
            header = [f" {name} " if titles else name for name in frame.columns]
            rows = [header, *part.astype(str).to_numpy().tolist()]
            if titles and number == len(sheets):
                rows.append(["합계", *[""] * (len(header) - 2), f"{len(frame):,}"])
            for row, cells in enumerate(rows, len(titles)):
                for column, cell in enumerate(cells):
                    if cell:
                        sheet.write_string(row, column, cell)
    return len(sheets)


def _html_row(cells, tag):
    return "<tr>" + "".join(f"<{tag}>{cell}</{tag}>" for cell in cells) + "</tr>\n"


def _csv(path, frame, encoding):
    path.write_bytes(frame.to_csv(index=False, lineterminator="\r\n").encode(encoding))


def _json(path, content):
    path.write_bytes(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode())


def _geojson(path, frame, digits):
    content = frame.set_geometry(frame.geometry.set_precision(10.0**-digits)).to_geo_dict()
    _json(path, content)
