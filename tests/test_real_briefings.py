"""Both briefings of Namyangju against the raw exports: every count again, by plain pandas and another road.

Nothing of `dansok` computes what is expected here. Where a rule is needed (addresses, camera-hours) it is written anew
from what the documentation of `korea.addresses` and `link.exposure` says.
"""

import json
import math
import re
import unicodedata
import warnings

import geopandas as gpd
import nbformat
import numpy as np
import openpyxl
import pandas as pd
import pypdfium2
import pytest
import shapely

pytestmark = pytest.mark.real

CHANNELS = {"fixed_camera": "고정형 CCTV", "mobile_camera": "주행형 단속차량", "citizen_report": "시민신고"}
FILES = {"fixed_camera": "고정형", "mobile_camera": "주행형", "citizen_report": "시민신고"}
HEADERS = {
    "단속일시": "sent_at",
    "단속동": "area_sent",
    "단속장소": "place",
    "GPS_X": "latitude",
    "_GPS_Y": "longitude",
}
TODAY = {"퇴계원면": "퇴계원읍", "진접": "진접읍", "호평동-2": "호평동"}
PERIOD = [str(month) for month in pd.period_range("2024-09", "2025-08", freq="M")]
ALL_MONTHS = [str(month) for month in pd.period_range("2024-01", "2026-01", freq="M")]
LIKE = PERIOD[4:], [str(month) for month in pd.period_range("2024-01", "2024-08", freq="M")]
# 07:00-20:40 every day, grace 11:50-14:00: hours of a day that a camera is open, and in the grace.
OPEN = dict.fromkeys([7, 8, 9, 10, *range(14, 20)], 1.0) | {11: 50 / 60, 20: 40 / 60}
GRACE = {11: 10 / 60, 12: 1.0, 13: 1.0}
IMPROBABLE = math.log(1000)
LOT = re.compile(r"(?:^|\s)([가-힣]+\d?(?:동|리))\s*(산)?\s*(\d+)(?:-(\d+))?(?![\d-])")
PLATE = re.compile(r"(?<!\d)\d{2,3}[가-힣]\s?\d{4}(?!\d)")


# --- the exports, read and counted by other means ---


@pytest.fixture(scope="module")
def raw(shared_data):
    """channel -> rows as they were sent."""
    frames = {}
    for channel, start in FILES.items():
        files = sorted((shared_data / "namyangju").glob(f"{start}*.xlsx"))
        parts = [pd.read_excel(path, engine="calamine", dtype=str).assign(file=path.name) for path in files]
        parts = [part.assign(row=range(2, len(part) + 2)) for part in parts]
        frames[channel] = pd.concat(parts, ignore_index=True)
    return frames


@pytest.fixture(scope="module")
def tested(raw):
    """channel -> whether a row was somebody's test."""
    return {channel: rows.단속장소.str.contains("전자고지테스트") for channel, rows in raw.items()}


@pytest.fixture(scope="module")
def copied(raw, tested):
    """channel -> whether an earlier row says the same, to the second, in every column."""
    marks = {}
    for channel, rows in raw.items():
        columns = [name for name in rows if name not in ("file", "row")]
        to_the_second = rows.단속일시.str.fullmatch(r"\S+ \d\d:\d\d:\d\d")
        marks[channel] = rows[~tested[channel]].duplicated(columns).reindex(rows.index, fill_value=False)
        marks[channel] &= to_the_second
    return marks


@pytest.fixture(scope="module")
def areas(shared_data):
    return gpd.read_file(shared_data / "namyangju" / "읍면동.geojson")[["ADM_NM", "geometry"]].to_crs(5179)


@pytest.fixture(scope="module")
def cameras(shared_data):
    """The list of cameras; one number that two names share is told apart by the name."""
    listed = pd.DataFrame(json.loads((shared_data / "namyangju" / "cctv.json").read_text()))
    listed = listed.assign(
        key=_without_spaces(listed.CCTV명), since=pd.to_datetime(listed.설치일자), unit=listed.관리번호
    )
    listed["unit"] = listed.unit.astype(str)
    shared = listed.groupby("unit").key.transform("nunique") > 1
    listed.loc[shared, "unit"] += " " + listed.CCTV명
    listed[["x", "y"]] = _metres(listed.경도, listed.위도)
    return listed.sort_values(["key", "since"], ignore_index=True)


@pytest.fixture(scope="module")
def lots(shared_data):
    """Lot -> position."""
    table = json.loads((shared_data / "namyangju" / "지번주소_좌표.json").read_text())
    found = pd.DataFrame({"lot": map(_lot, table), "text": table.keys()})
    found[["x", "y"]] = _metres([at["lon"] for at in table.values()], [at["lat"] for at in table.values()])
    assert found.lot.isna().sum() == 1 and not found.lot.dropna().duplicated().any()
    return found.dropna(subset="lot").set_index("lot")


@pytest.fixture(scope="module")
def records(raw, tested, copied, areas, cameras, lots):
    """Every record that stays, of all channels, with its place."""
    kept = {channel: rows[~tested[channel] & ~copied[channel]].rename(columns=HEADERS) for channel, rows in raw.items()}
    kept = pd.concat([rows.assign(channel=channel) for channel, rows in kept.items()], ignore_index=True)
    at = pd.to_datetime(kept.sent_at, format="mixed")
    kept = kept.assign(at=at, day=at.dt.normalize(), month=at.dt.strftime("%Y-%m"), hour=at.dt.hour)
    kept["sent"] = kept.area_sent.str.strip().replace(TODAY)
    parts = [
        _by_camera(kept[kept.channel == "fixed_camera"], cameras),
        _by_satellite(kept[kept.channel == "mobile_camera"]),
        _by_lot(kept[kept.channel == "citizen_report"], lots),
    ]
    placed = pd.concat(parts).sort_index()
    points = gpd.GeoSeries(gpd.points_from_xy(placed.x, placed.y), crs=5179, index=placed.index)
    known = placed.x.notna()
    inside = gpd.sjoin(gpd.GeoDataFrame(geometry=points[known]), areas, predicate="within").ADM_NM
    by_name = placed.sent.where(placed.sent.isin(set(areas.ADM_NM)) & ~known)
    return placed.assign(
        area=inside.reindex(placed.index).fillna(by_name), cell_x=placed.x // 100, cell_y=placed.y // 100
    )


def _by_camera(rows, cameras):
    """The camera of that name; of several, the one installed last by then."""
    named = pd.DataFrame({"row": rows.index, "key": _without_spaces(rows.place), "at": rows["at"]})
    pairs = named.merge(cameras, on="key")
    first = ~pairs.duplicated("row")
    pairs = pairs[first | (pairs["since"] <= pairs["at"])].drop_duplicates("row", keep="last").set_index("row")
    found = rows.assign(x=pairs.x, y=pairs.y, name=pairs.CCTV명, unit=pairs.unit)
    return found.assign(unit=found.unit.fillna(found.place))


def _by_satellite(rows):
    """The two columns are named for each other's axis."""
    return rows.assign(**_metres(rows.longitude.astype(float), rows.latitude.astype(float)).set_index(rows.index))


def _by_lot(rows, lots):
    key = rows.place.map(_lot)
    bare = rows.place.str.strip().str.fullmatch(r"산?\s?\d+(-\d+)?") & rows.sent.str.endswith("동")
    legal = rows.sent.str.replace(r"\d(?=동$)", "", regex=True)
    key = key.mask(bare, legal + " " + rows.place.str.replace(" ", ""))
    return rows.assign(x=key.map(lots.x), y=key.map(lots.y), name=key.where(key.isin(lots.index)))


def _without_spaces(names):
    return names.map(lambda name: re.sub(r"\s+", "", unicodedata.normalize("NFC", name)))


def _metres(longitude, latitude):
    points = gpd.GeoSeries(gpd.points_from_xy(longitude, latitude), crs=4326).to_crs(5179)
    return pd.DataFrame({"x": points.x, "y": points.y})


def _lot(text):
    """ "다산동 6281-1" for a text that names a lot. A "?" in front and a doubled hyphen are slips (five rows)."""
    text = re.sub(r"\(.*?\)", " ", unicodedata.normalize("NFKC", text)).strip(" ?")
    found = LOT.search(re.sub(r"\s+", " ", re.sub(r"\s*-+\s*", "-", text)))
    if not found:
        return None
    legal, mountain, main, sub = found.groups()
    return f"{re.sub(r'[0-9](?=동$)', '', legal)} {mountain or ''}{int(main)}" + (f"-{int(sub)}" if sub else "")


# --- camera-hours by the rules that `link.exposure` states, camera by camera ---


@pytest.fixture(scope="module")
def watched(records, cameras):
    """Hours that each camera watched: unit, month, hour, hours, area, and whether it went on through the grace."""
    fixed = records[records.channel == "fixed_camera"]
    up = _days_up(fixed, cameras)
    table = _chances(fixed, up)
    opens, closes = _own_hours(table)
    table = table[table.hour.between(table.unit.map(opens), table.unit.map(closes))]
    always = _goes_on(table.groupby("unit")).fillna(0)
    by_quarter = _goes_on(table.groupby(["unit", "quarter"])).rename("goes_on").reset_index()
    by_quarter["goes_on"] = by_quarter.goes_on.fillna(by_quarter.unit.map(always))
    by_month = pd.concat(
        [pd.DataFrame({"unit": unit, "month": days.strftime("%Y-%m"), "quarter": days.to_period("Q")}) for unit, days in up.items()]
    ).value_counts().rename("days").reset_index()  # fmt: skip
    found = by_month.merge(by_quarter, on=["unit", "quarter"]).merge(pd.DataFrame({"hour": range(24)}), how="cross")
    found = found[found.hour.between(found.unit.map(opens), found.unit.map(closes))]
    a_day = found.hour.map(OPEN).fillna(0) + found.goes_on * found.hour.map(GRACE).fillna(0)
    most = fixed.dropna(subset="area").groupby(["unit", "area"]).size().sort_values().reset_index()
    area = most.drop_duplicates("unit", keep="last").set_index("unit").area
    found = found.assign(hours=a_day * found.days, area=found.unit.map(area), through=found.goes_on > 0)
    return found[found.hours > 0]


def _days_up(fixed, cameras):
    """unit -> days on which the camera was up: no silence that would come less than once in a thousand times."""
    first, last = fixed.day.min(), fixed.day.max()
    nobody = set(pd.date_range(first, last)) - set(fixed.day)
    installed, up = cameras.set_index("unit").since, {}
    for unit, own in fixed.groupby("unit"):
        seen = sorted(set(own.day))
        start = max(min(installed.get(unit, seen[0]), seen[0]), first)
        ends = [start - pd.Timedelta(days=1), *seen, last + pd.Timedelta(days=1)]
        silences = [list(pd.date_range(a, b, inclusive="neither")) for a, b in zip(ends, ends[1:], strict=False)]
        window, down = (last - start).days + 1, set()
        while True:
            live = window - sum(len(silences[i]) for i in down)
            more = {i for i, run in enumerate(silences) if len(run) * len(own) > IMPROBABLE * live} | down
            if more == down:
                break
            down = more
        off = nobody.union(*(silences[i] for i in down))
        up[unit] = pd.DatetimeIndex([day for day in pd.date_range(start, last) if day not in off])
    return up


def _chances(fixed, up):
    """By camera, quarter and hour: hours open and in the grace, and records in either."""
    days = {unit: pd.Series(1, own).groupby(own.to_period("Q")).size() for unit, own in up.items()}
    days = pd.concat(days, names=["unit", "quarter"]).rename("days").reset_index()
    table = days.merge(pd.DataFrame({"hour": range(7, 21)}), how="cross")
    table["open"], table["grace"] = (table.days * table.hour.map(hours).fillna(0) for hours in (OPEN, GRACE))
    minute = fixed["at"].dt.hour * 60 + fixed["at"].dt.minute
    in_grace = minute.between(11 * 60 + 50, 14 * 60 - 1)
    in_hours = minute.between(7 * 60, 20 * 60 + 39) & ~in_grace
    by = [fixed.unit, fixed["at"].dt.to_period("Q").rename("quarter"), fixed.hour]
    seen = pd.DataFrame({"n_open": in_hours, "n_grace": in_grace}).groupby(by).sum()
    return table.join(seen, on=["unit", "quarter", "hour"]).fillna({"n_open": 0, "n_grace": 0})


def _own_hours(table):
    """First and last hour of each camera: the ends of the timetable at which it records under 5% of its own rate are not its."""
    own = table[table.open > 0].groupby(["unit", "hour"])[["open", "n_open"]].sum().reset_index()
    whole = own.groupby("unit")[["open", "n_open"]].transform("sum")
    expected = whole.n_open / whole.open * own.open
    tells, on = expected >= IMPROBABLE, own.n_open >= 0.05 * expected
    most = on[tells].groupby(own.hour[tells]).mean() >= 0.5
    on = on.where(tells, (own.n_open > 0) | own.hour.map(most))
    ends = own[on].groupby("unit").hour
    return ends.min(), ends.max()


def _goes_on(groups):
    """1 if the grace holds a quarter of the records that the camera's own rate lets one expect; missing under 6.9 expected."""
    sums = groups[["open", "grace", "n_open", "n_grace"]].sum()
    expected = sums.n_open / sums.open * sums.grace
    return (sums.n_grace >= 0.25 * expected).astype(float).where(expected >= IMPROBABLE)


@pytest.fixture(scope="module")
def driven(records):
    """Hours of the patrol car: two records of a day under 30 minutes apart bound a stretch that was driven."""
    car = records[records.channel == "mobile_camera"].sort_values(["at", "file", "row"])
    parts = []
    for _day, own in car.groupby("day"):
        for a, b in zip(own["at"], own["at"].iloc[1:], strict=False):
            if 0 < (b - a).total_seconds() < 1800:
                full = a.ceil("h") if a.ceil("h") > a else a + pd.Timedelta(hours=1)
                parts.append((a.hour, (min(b, full) - a).total_seconds()))
                parts.append((a.hour + 1, max(0.0, (b - full).total_seconds())))
    table = pd.DataFrame(parts, columns=["hour", "seconds"])
    return table.groupby("hour").seconds.sum().reindex(range(24), fill_value=0) / 3600


# --- what was published ---


class Published:
    """One briefing as its readers have it."""

    def __init__(self, folder, notebook):
        made, analysed = folder / "5_briefings" / notebook, folder / "4_analysed" / notebook
        self.notebook = nbformat.read(analysed / "latest.ipynb", as_version=4)
        self.findings = json.loads((analysed / "latest" / "findings.json").read_text(encoding="utf-8"))
        self.metrics = json.loads((analysed / "latest" / "metrics.json").read_text(encoding="utf-8"))
        self.book = openpyxl.load_workbook(made / "latest.xlsx", read_only=True)
        self.pdf = {language: _text_of(made / f"latest.{language}.pdf") for language in ("ko", "en")}

    def sheet(self, name):
        header, *rows = self.book[name].iter_rows(values_only=True)
        return pd.DataFrame(rows, columns=header)

    def numbers(self, name):
        return self.findings[name]["numbers"]


def _text_of(path):
    """Text of a PDF without blanks, since lines break anywhere."""
    document = pypdfium2.PdfDocument(path)
    text = "".join(page.get_textpage().get_text_range() for page in document)
    document.close()
    # pdfium gives U+FFFE for a hyphen at the end of a line; U+2060 keeps words together.
    return re.sub(r"[\s\u2060]+", "", text.replace("\ufffe", "-"))


@pytest.fixture(scope="module")
def quality(namyangju):
    return Published(namyangju, "data_quality")


@pytest.fixture(scope="module")
def hotspots(namyangju):
    return Published(namyangju, "parking_hotspots")


@pytest.fixture(scope="module")
def quality_drawn(namyangju):
    """What the figures of the data_quality briefing were drawn from; no table of it is published."""
    from dansok.cases import data_quality as case

    choices = case.Choices(str(namyangju), "again", "ko", "", "earliest", "last record")
    return case.analyse(case.load(choices), choices)


@pytest.fixture(scope="module")
def hotspots_drawn(namyangju):
    from dansok.cases import parking_hotspots as case

    choices = case.Choices(str(namyangju), "again", "ko", "", "12 months", "latest", area="", top_places=15)
    return case.analyse(case.load(choices), choices)


def now(records):
    return records[records.month.isin(PERIOD)]


# --- data_quality ---


def test_rows_that_came_and_rows_left_out_by_reason(quality, raw, tested, copied):
    steps = quality.sheet("장부").set_index(["출처", "이유"]).행
    names = {channel: f"{name} 내보내기" for channel, name in CHANNELS.items()}
    for channel, rows in raw.items():
        assert steps[names[channel], "들어온 행"] == len(rows)
        assert steps.get((names[channel], "전자고지 시험 행"), 0) == tested[channel].sum()
        assert steps.get((names[channel], "모든 항목이 같은 중복 행"), 0) == copied[channel].sum()
    came, lost = sum(map(len, raw.values())), sum(t.sum() + c.sum() for t, c in zip(tested.values(), copied.values(), strict=True))  # fmt: skip
    dropped = quality.sheet("장부").query("`한 일` == '뺌'").행.sum()
    assert (came, lost) == (180_783, 367) and dropped == lost
    assert quality.metrics["ticket_rows_arrived"] == came and quality.metrics["ticket_rows_dropped"] == lost
    assert quality.numbers("left_out") | {"came": came, "dropped": lost} == quality.numbers("left_out")
    assert quality.numbers("left_out")["largest_reason_rows"] == sum(c.sum() for c in copied.values()) == 362
    last = quality.sheet("장부").groupby("출처", sort=False)["남은 행"].last()
    assert last.sum() == came - lost


def test_files_with_their_rows_and_days(quality, raw):
    files = quality.sheet("파일").set_index("파일")
    assert quality.metrics["files"] == len(files) == 10
    for rows in raw.values():
        for name, own in rows.groupby("file"):
            days = own.단속일시.str[:10]
            assert files.행[name] == len(own)
            assert (str(files.첫날[name])[:10], str(files.끝날[name])[:10]) == (days.min(), days.max())


def test_coverage_by_month(quality, quality_drawn, records):
    counted = records.groupby(["channel", "month"]).size()
    drawn = quality_drawn.coverage.set_index(["channel", "month"])
    assert len(drawn) == 3 * len(ALL_MONTHS)
    for channel in CHANNELS:
        own = counted[channel]
        full = own[own >= 0.25 * own.median()]
        assert drawn.records[channel].dropna().astype(int).to_dict() == own.to_dict()
        assert drawn.state[channel].eq("records").sum() == len(full)
        assert quality.numbers("coverage")[f"{channel}_months"] == len(full)
    assert quality.numbers("holes") == {"months": 25, "empty_or_thin_months": 3 * 25 - 41}


def test_silent_days(quality, records):
    found = []
    for channel, own in records.groupby("channel"):
        days = pd.Series(sorted(set(own.day)))
        gaps = days.diff().dt.days
        found += [(CHANNELS[channel], days[i] - pd.Timedelta(days=1), n - 1) for i, n in gaps[gaps > 1].items()]
    shown = quality.sheet("침묵")
    assert list(zip(shown.구분, shown.끝날, shown.일수, strict=True)) == found
    assert found == [("고정형 CCTV", pd.Timestamp("2024-02-11"), 2)]


def test_swapped_axes_and_what_else_was_odd(quality, raw, tested, copied, records, shared_data):
    odd = quality.sheet("이상한 점")
    rows = {(source, text[:15]): n for source, n, text in odd.itertuples(index=False, name=None)}

    def told(words, channel):
        (found,) = odd[odd.내용.str.contains(words) & odd.출처.eq(f"{CHANNELS[channel]} 내보내기")].행
        return found

    car = records[records.channel == "mobile_camera"]
    swapped = (car.latitude.astype(float) < 90) & car.longitude.astype(float).between(124, 132)
    assert told("경도 칸에 위도가", "mobile_camera") == swapped.sum() == len(car) == 5_358
    for channel in ("mobile_camera", "citizen_report"):
        assert told("똑같은", channel) == copied[channel].sum()
    sent = raw["citizen_report"]
    assert told("2가지 모양", "citizen_report") == len(sent)
    minutes = sent.단속일시.str.fullmatch(r"\S+ \d\d:\d\d").sum()
    assert odd.내용.str.contains(f" {minutes}건. 모두 읽었다").sum() == 1 and minutes == 26
    assert (
        told("차량번호가 적힌", "citizen_report")
        == sent.단속장소.map(lambda place: bool(PLATE.search(place))).sum()
        == 3
    )
    areas = gpd.read_file(shared_data / "namyangju" / "읍면동.geojson").ADM_NM
    known = {*areas, "퇴계원면", "진접"}
    unknown = records[(records.channel == "citizen_report") & ~records.area_sent.isin(known)]
    assert told("우리 시 읍면동이 아닌", "citizen_report") == len(unknown) == 80
    assert quality.metrics["oddities"] == quality.numbers("surprises")["oddities"] == len(odd) == len(rows)


def test_school_zones_that_cross_themselves(quality, shared_data):
    text = (shared_data / "namyangju" / "남양주시 어린이보호구역 데이터.txt").read_text(encoding="utf-8")
    items = json.loads(text)["response"]["body"]["items"]["item"]
    shapes = shapely.from_wkt([item["fturGeomVl"] for item in items], on_invalid="ignore")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        bad = ~shapely.is_valid(shapes) | (shapely.get_type_id(shapes) == 7)
    (told,) = quality.sheet("이상한 점").query("출처 == '어린이보호구역'").행
    assert told == bad.sum() and quality.sheet("파일").set_index("파일").행[
        "남양주시 어린이보호구역 데이터.txt"
    ] == len(items)


def test_every_record_gets_the_place_that_another_look_up_gives(namyangju, records):
    """Row by row: placed or not, where, and in which 읍면동."""
    ours = pd.read_parquet(namyangju / "3_linked" / "placed_tickets.parquet")
    both = records.merge(
        ours, left_on=["file", "row"], right_on=["source_file", "source_row"], suffixes=("", "_ours"), validate="1:1"
    )
    assert len(both) == len(records) == len(ours)
    differ = both[both.x.isna() != both.how_placed.isna()]
    assert differ[["place", "name", "place_name"]].drop_duplicates().values.tolist() == []
    placed = both[both.x.notna()]
    assert np.hypot(placed.x - placed.x_ours, placed.y - placed.y_ours).max() < 0.01
    assert (both.area.fillna("") == both.area_name.fillna("")).all()


def test_addresses_that_stand_word_for_word_in_the_table_are_placed_there(namyangju, raw, lots):
    """No normal form at all: a subset that nothing may lose."""
    ours = pd.read_parquet(namyangju / "3_linked" / "placed_tickets.parquet").set_index(["source_file", "source_row"])
    at, sent = lots.set_index("text"), raw["citizen_report"].set_index(["file", "row"]).rename_axis(ours.index.names)
    exact = sent[sent.단속장소.str.strip().isin(at.index)].join(ours[["x", "y", "how_placed"]], how="inner")
    assert len(exact) == 22_589 and exact.how_placed.eq("address").all()
    there = at.loc[exact.단속장소.str.strip()]
    assert np.hypot(exact.x.to_numpy() - there.x.to_numpy(), exact.y.to_numpy() - there.y.to_numpy()).max() < 0.01


def test_placed_and_unplaced_by_reason(quality, quality_drawn, records):
    placed = records[records.x.notna()].groupby("channel").size()
    every = records.groupby("channel").size()
    said = quality.numbers("placed")
    assert (said["records"], said["placed"]) == (len(records), placed.sum()) == (180_416, 160_082)
    assert quality.metrics["placed_share"] == pytest.approx(placed.sum() / len(records))
    for channel in CHANNELS:
        assert said[f"share_{channel}"] == pytest.approx(placed[channel] / every[channel])
    drawn = quality_drawn.matches.set_index(["channel", "state"]).records
    lost = records[records.x.isna()]
    citizen = lost[lost.channel == "citizen_report"]
    vague = citizen.place.map(_lot).isna() & ~(
        citizen.place.str.fullmatch(r"\s*\d+(-\d+)?\s*") & citizen.sent.str.endswith("동")
    )
    assert drawn["fixed_camera", "camera_unknown"] == (lost.channel == "fixed_camera").sum() == 7_383
    assert drawn["citizen_report"].drop("address").sum() == len(citizen) == 12_951
    # Which of them name no lot at all is a matter of reading: road addresses count as addresses.
    assert drawn["citizen_report", "address_vague"] <= vague.sum() < 200
    assert drawn["fixed_camera", "camera"] == placed["fixed_camera"]
    assert drawn["mobile_camera", "coordinates"] == placed["mobile_camera"] == every["mobile_camera"]


def test_cells_and_areas_with_records(quality, records, areas):
    shown = quality.sheet("보는 범위").set_index("구분")
    cells = round(areas.area.sum() / 100**2)
    for channel, name in CHANNELS.items():
        own = records[(records.channel == channel) & records.x.notna()]
        distinct = len(own[["cell_x", "cell_y"]].drop_duplicates())
        row = shown.loc[name]
        assert (row.건수, row["기록 있는 격자"], row["전체 격자"]) == (len(own), distinct, cells)
        assert (row["기록 있는 읍면동"], row["전체 읍면동"]) == (own.area.nunique(), 16)
        assert [row.비율, quality.metrics[f"{channel}_cells_share"]] == pytest.approx([distinct / cells] * 2)


def test_hours_watched_of_all_cameras_and_the_car(quality, quality_drawn, watched, driven):
    drawn = quality_drawn.exposure.set_index(["channel", "hour"]).hours
    cameras = watched.groupby("hour").hours.sum().reindex(range(24), fill_value=0)
    assert drawn["fixed_camera"].tolist() == pytest.approx(cameras.tolist(), abs=0.05)
    assert drawn["mobile_camera"].tolist() == pytest.approx(driven.tolist(), abs=0.001)
    said = quality.numbers("exposure")
    assert said["fixed_camera_hours"] == pytest.approx(cameras.sum(), abs=0.5)
    assert said["mobile_camera_hours"] == pytest.approx(driven.sum(), abs=0.001)
    unwatched = quality.numbers("unwatched")
    assert unwatched["fixed_camera_hours_unwatched"] == (cameras == 0).sum() == 10
    assert unwatched["mobile_camera_hours_unwatched"] == (driven < 0.02 * driven.max()).sum()


def test_what_the_exposure_rests_on(quality, records, watched, cameras):
    told = quality.sheet("노출의 근거")

    def rows(words):
        (found,) = told[told.내용.str.contains(words)].행
        return found

    fixed = records[records.channel == "fixed_camera"]
    assert rows("카메라 목록에 없는 이름") == fixed[fixed.x.isna()].place.nunique() == 14
    assert rows("기록이 하나도 없다") == len(cameras) - fixed[fixed.x.notna()].unit.nunique()
    assert rows("유예시간에도 기록을 이어") == watched[watched.through].unit.nunique()
    opens, closes = watched.groupby("unit").hour.min(), watched.groupby("unit").hour.max()
    assert rows("처음이나 끝 시간에 기록이 없다") == ((opens > opens.min()) | (closes < closes.max())).sum()
    hours = watched.groupby(["unit", "month", "hour"]).hours.sum()
    seen = fixed.groupby(["unit", "month", "hour"]).size()
    # A month is coarser than the day by which records without exposure are counted.
    assert seen[~seen.index.isin(hours.index)].sum() <= rows("노출 시간이 없는 시각의 기록 .*13시") < 200
    up = _days_up(fixed, cameras)
    first = {unit: max(min(since, own.day.min()), fixed.day.min()) for unit, own in fixed.groupby("unit")
             for since in [cameras.set_index("unit").since.get(unit, own.day.min())]}  # fmt: skip
    possible = sum((fixed.day.max() - day).days + 1 for day in first.values())
    assert rows("꺼져 있던 것으로 본 날") == possible - sum(map(len, up.values()))


# --- parking_hotspots ---


def test_counts_by_area_and_channel(hotspots, records):
    shown = hotspots.sheet("읍면동").set_index("읍면동")
    counted = now(records).pivot_table(index="area", columns="channel", values="row", aggfunc="size", fill_value=0)
    assert shown["고정형 CCTV"].to_dict() == counted.fixed_camera.to_dict()
    assert shown["시민신고"].to_dict() == counted.citizen_report.to_dict()
    assert shown["계"].to_dict() == counted.sum(axis=1).to_dict()
    assert "주행형 단속차량" not in shown, "the car has no record in the period"
    assert (
        shown.index.tolist()
        == counted.assign(all=counted.sum(axis=1)).sort_values(["fixed_camera", "all"], ascending=False).index.tolist()
    )
    said, most = hotspots.numbers("top_area_camera"), counted.fixed_camera.idxmax()
    assert (said["area"], said["records"]) == (most, counted.fixed_camera.max()) == ("별내동", 21_243)
    assert said["of_records"] == counted.fixed_camera.sum() == 82_734
    assert hotspots.metrics["areas_with_records"] == len(counted)


def test_camera_hours_and_rate_by_area(hotspots, records, watched):
    shown = hotspots.sheet("읍면동").set_index("읍면동")
    mine = now(watched).groupby("area").agg(cameras=("unit", "nunique"), hours=("hours", "sum"))
    assert shown["카메라(대)"].dropna().astype(int).to_dict() == mine.cameras.to_dict()
    for name, hours in mine.hours.items():
        assert shown["카메라 시간"][name] == pytest.approx(hours, abs=0.01), name
        rate = 1000 * shown["고정형 CCTV"][name] / hours
        assert shown["1,000시간당"][name] == pytest.approx(rate)
        assert shown.하한[name] < rate < shown.상한[name]
    said = hotspots.numbers("top_area_per_camera_hour")
    rates = (1000 * shown["고정형 CCTV"] / mine.hours).dropna()
    assert said["area"] == rates.idxmax() and said["per_1000_hours"] == pytest.approx(rates.max())
    assert said["rank_of_first_by_count"] == rates.rank(ascending=False)["별내동"]


def test_records_of_unknown_area_are_the_ones_missing_from_the_table(hotspots, records):
    shown = hotspots.sheet("읍면동")["시민신고"].sum()
    unknown = now(records).query("channel == 'citizen_report' and area.isna()")
    assert hotspots.metrics["citizen_report_records"] - shown == len(unknown) == 34


def test_hours_of_the_day(hotspots, records, watched):
    shown = hotspots.sheet("시간대").set_index("시")
    fixed = now(records).query("channel == 'fixed_camera'")
    counted, hours = fixed.groupby("hour").size(), now(watched).groupby("hour").hours.sum()
    assert shown.건수.to_dict() == counted.reindex(shown.index).to_dict()
    assert shown.index.tolist() == hours.index.tolist() == list(range(7, 21))
    assert shown["카메라 시간"].tolist() == pytest.approx(hours.tolist(), abs=0.05)  # stored to a millionth a day
    # Records of a camera, month and hour in which it did not watch are in no rate.
    there = set(now(watched).groupby(["unit", "month", "hour"]).groups)
    inside = fixed[[key in there for key in zip(fixed.unit, fixed.month, fixed.hour, strict=True)]]
    assert shown["시간당 기록"].tolist() == pytest.approx((inside.groupby("hour").size() / hours).tolist())


def test_peaks_and_shares_of_the_clock(hotspots, hotspots_drawn, records, watched, driven):
    car = records[records.channel == "mobile_camera"]
    own = {"mobile_camera": car} | {c: now(records).query("channel == @c") for c in ("fixed_camera", "citizen_report")}
    shares = {c: rows.groupby("hour").size().reindex(range(24), fill_value=0) / len(rows) for c, rows in own.items()}
    for channel, share in shares.items():
        drawn = hotspots_drawn.clocks.query("channel == @channel").set_index("hour")
        assert drawn.records.to_dict() == (share * len(own[channel])).round().astype(int).to_dict()
        assert hotspots.numbers("clock")[f"{channel}_peak_hour"] == share.idxmax()
        assert hotspots.metrics[f"{channel}_peak_hour"] == share.idxmax()
    assert [shares[c].idxmax() for c in CHANNELS] == [14, 14, 19]
    hours = now(watched).groupby("hour").hours.sum().reindex(range(24), fill_value=0)
    fixed, said = shares["fixed_camera"], hotspots.numbers("camera_clock")
    assert (said["peak_hour"], said["quiet_from_hour"], said["quiet_to_hour"]) == (14, 12, 14)
    assert said["peak_share"] == pytest.approx(fixed[14]) and said["quiet_share"] == pytest.approx(
        fixed[12] + fixed[13]
    )
    assert said["quiet_watch_share"] == pytest.approx(hours[[12, 13]].mean() / hours.max())
    citizen, said = shares["citizen_report"], hotspots.numbers("citizen_clock")
    assert (said["peak_hour"], said["peak_share"]) == (19, pytest.approx(citizen[19]))
    assert said["share_while_no_camera_watches"] == pytest.approx(citizen[hours == 0].sum())
    rest = [hour for hour in range(9, 18) if driven[hour] < 0.02 * driven.max()]
    assert hotspots.numbers("patrol_clock") == {"peak_hour": 14, "hours_at_rest": len(rest)}


def test_what_the_peak_after_the_grace_means(hotspots, records, watched):
    said = hotspots.numbers("what_the_peak_means")
    fixed = now(records).query("channel == 'fixed_camera'")
    at_14 = fixed[fixed.hour == 14]
    assert said["share_in_first_minutes"] == pytest.approx((at_14["at"].dt.minute < 20).mean())
    by = ["unit", "month", "hour"]
    table = now(watched).groupby([*by, "through"]).hours.sum().reset_index()
    months_through = table.groupby(["unit", "month"]).through.max().groupby("unit").mean()
    table["through"] = table.unit.map(months_through > 0.5)
    table["records"] = fixed.groupby(by).size().reindex(pd.MultiIndex.from_frame(table[by]), fill_value=0).to_numpy()

    def rate(through, *hours):
        rows = table[(table.through == through) & table.hour.isin(hours)]
        return rows.records.sum() / rows.hours.sum()

    stops, goes = (rate(through, 14) / rate(through, 15, 16) for through in (False, True))
    lunch = rate(True, 12, 13) / rate(True, 10, 11, 14, 15, 16, 17)
    assert said["peak_to_next_hours_where_cameras_stop"] == pytest.approx(stops)
    assert said["peak_to_next_hours_where_cameras_go_on"] == pytest.approx(goes)
    assert said["lunch_to_daytime_where_cameras_go_on"] == pytest.approx(lunch)
    assert said["cameras_through_grace"] == table[table.through & table.hour.eq(14)].unit.nunique()


def test_weekday_and_hour(hotspots, hotspots_drawn, records):
    for channel in CHANNELS:
        own = records[records.channel == channel] if channel == "mobile_camera" else now(records)
        own = own[own.channel == channel]
        counted = own.groupby([own["at"].dt.day_of_week, "hour"]).size()
        drawn = hotspots_drawn.week.query("channel == @channel").set_index(["weekday", "hour"]).value
        assert drawn.dropna()[lambda value: value > 0].astype(int).to_dict() == counted.to_dict()
        assert hotspots.numbers("week")[f"{channel}_records"] == counted.max()
    assert "토 14시대" in hotspots.findings["week"]["ko"] and "목 19시대" in hotspots.findings["week"]["ko"]


def test_months_of_the_period(hotspots, hotspots_drawn, records):
    counted = now(records).groupby(["channel", "month"]).size()
    drawn = hotspots_drawn.by_month.set_index(["channel", "month"]).records
    assert drawn.dropna().astype(int).to_dict() == counted.to_dict()
    for channel in ("fixed_camera", "citizen_report"):
        assert hotspots.metrics[f"{channel}_records"] == hotspots.numbers("months")[f"{channel}_records"]
        assert hotspots.metrics[f"{channel}_records"] == counted[channel].sum()


def test_places_with_the_most_records_and_their_like_months(hotspots, records):
    named = records.assign(name=records.name.fillna(records.place)).dropna(subset=["name"])
    counted = now(named).groupby(["area", "name"]).size().sort_values(ascending=False).head(15)
    shown = hotspots.sheet("장소").set_index(["읍면동", "장소"])
    assert shown.건수.to_dict() == counted.to_dict() and shown.순위.tolist() == list(range(1, 16))
    for name, column in (("이번(비교 달)", LIKE[0]), ("1년 전(비교 달)", LIKE[1])):
        like = named[named.month.isin(column)].groupby(["area", "name"]).size().reindex(counted.index)
        assert shown[name].astype(int).to_dict() == like.astype(int).to_dict()
    assert ((shown.하한 < shown.건수) & (shown.건수 < shown.상한)).all()
    assert hotspots.metrics["places_listed"] == 15 and hotspots.numbers("places")["records"] == counted.iloc[0]


def test_places_with_the_most_records_among_all(hotspots, records):
    """A camera that is missing from the list of cameras is a place with records all the same."""
    named = now(records).query("channel == 'fixed_camera'")
    counted = named.assign(name=named.name.fillna(named.place)).groupby("name").size().nlargest(15)
    assert hotspots.sheet("장소").set_index("장소").건수.to_dict() == counted.to_dict()


def test_concentration_in_cells(hotspots, records):
    placed = now(records[records.x.notna()])
    by_cell = placed.groupby(["cell_x", "cell_y"]).size().sort_values(ascending=False)
    said = hotspots.numbers("concentration")
    assert (said["records"], said["of_cells"]) == (len(placed), len(by_cell)) == (91_730, 733)
    assert said["share"] == pytest.approx(by_cell.head(20).sum() / len(placed))
    assert hotspots.metrics["share_in_top_20_cells"] == said["share"]
    assert hotspots.metrics["cells_with_records"] == len(by_cell)


def test_change_against_the_year_before(hotspots, records, watched):
    shown = hotspots.sheet("변화")
    for (channel, area), row in shown.set_index(["구분", "읍면동"]).iterrows():
        own = records[records.channel.map(CHANNELS).eq(channel) & (records.area.eq(area) | (area == "전체"))]
        counts = [int(own.month.isin(months).sum()) for months in LIKE]
        assert [row.이번, row["1년 전"]] == counts, (channel, area)
        hours = [1, 1]
        if channel == CHANNELS["fixed_camera"]:
            its = watched[watched.area.eq(area) | (area == "전체")]
            hours = [its[its.month.isin(months)].hours.sum() for months in LIKE]
        assert row.비율 == pytest.approx(counts[0] / counts[1] / (hours[0] / hours[1]), rel=1e-6), (channel, area)
        if not isinstance(row.하한, str) and pd.notna(row.하한):  # missing with under three months that have both years
            assert row.하한 < row.비율 < row.상한
    counted = records[records.channel != "mobile_camera"].groupby(["channel", "area"])
    enough = [key for key, own in counted if min(own.month.isin(months).sum() for months in LIKE) >= 30]
    assert len(shown) == len(enough) + 2
    for channel in ("fixed_camera", "citizen_report"):
        whole = shown[shown.구분.eq(CHANNELS[channel]) & shown.읍면동.eq("전체")].iloc[0]
        said = hotspots.numbers(f"change_{channel}")
        assert (said["now"], said["before"]) == (whole.이번, whole["1년 전"])
        assert said["ratio"] == pytest.approx(whole.비율)


def test_areas_that_citizens_see(hotspots, records):
    counted = now(records).dropna(subset="area").groupby(["channel", "area"]).size()
    shares = pd.DataFrame({c: counted[c] / counted[c].sum() for c in ("citizen_report", "fixed_camera")}).fillna(0)
    far = shares[(shares.citizen_report >= 2 * shares.fixed_camera) & (shares.citizen_report >= 0.02)]
    said = hotspots.numbers("seen_by_citizens")
    assert set(said["areas"]) == set(far.index)
    assert said["share_of_reports"] == pytest.approx(far.citizen_report.sum())
    assert said["share_of_camera_records"] == pytest.approx(far.fixed_camera.sum())


# --- parking_hotspots: corrected, and next month ---


def test_every_placed_record_of_the_period_lies_in_one_cell_of_the_corrected_map(hotspots_drawn, records):
    cells = hotspots_drawn.corrected.cells.set_index(["cell_x", "cell_y"])
    counted = now(records[records.x.notna()]).groupby(["cell_x", "cell_y"]).size()
    assert cells.records[cells.records > 0].to_dict() == counted.to_dict()
    assert cells.records.sum() == counted.sum() == 91_730


def test_the_recorded_day_beside_the_corrected_one_is_of_every_placed_record(hotspots, hotspots_drawn, records):
    """The peak that cameras make after their lunch is part of it."""
    counted = now(records[records.x.notna()]).groupby("hour").size().reindex(range(24), fill_value=0)
    clock = hotspots_drawn.corrected.clock.set_index("hour")
    assert clock.recorded.tolist() == counted.tolist()
    assert clock.raw_share.tolist() == pytest.approx((counted / counted.sum()).tolist())
    assert hotspots.numbers("true_clock")["raw_peak_hour"] == counted.idxmax()
    assert "91,730건은" + f"{counted.idxmax()}시대에" in hotspots.pdf["ko"]


def test_cells_with_a_camera_are_known_and_the_others_rest_on_citizens(hotspots_drawn, records, watched):
    cells = hotspots_drawn.corrected.cells.set_index(["cell_x", "cell_y"])
    fixed = records[(records.channel == "fixed_camera") & records.x.notna()]
    cell = fixed.drop_duplicates("unit").set_index("unit")[["cell_x", "cell_y"]]
    hours = now(watched).groupby("unit").hours.sum()
    there = set(cell.loc[cell.index.intersection(hours.index[hours > 0])].itertuples(index=False, name=None))
    assert set(cells.index[cells.effort == "known"]) == there
    assert (cells.effort[~cells.index.isin(there)] == "citizens").all()


def test_there_are_more_hot_spots_than_chance_would_give(hotspots):
    said = hotspots.numbers("hot_spots")
    assert said["cells_found"] > 5 * said["cells_by_chance"] > 0


@pytest.fixture(scope="module")
def reported(records):
    """Citizens' reports with a place: rows are months to 2025-08, columns 100 m cells in order."""
    own = records[(records.channel == "citizen_report") & records.x.notna() & (records.month <= "2025-08")]
    return own.groupby(["month", "cell_x", "cell_y"]).size().unstack([1, 2], fill_value=0).sort_index(axis=1)


@pytest.mark.parametrize("size", [20, 50, 100])
def test_hit_rates_of_the_simple_rivals_and_the_best_possible(hotspots, reported, size):
    """Each of the months 2025-01 to 2025-08 from the months before it; places of equal count as if drawn by lot."""
    hits = {"_last_month": [], "_12_months": [], "best": []}
    for month in [f"2025-{n:02d}" for n in range(1, 9)]:
        past, came = reported[reported.index < month], reported.loc[month]
        for name, score in (("_last_month", past.iloc[-1]), ("_12_months", past.tail(12).sum()), ("best", came)):
            last = score.sort_values(ascending=False).iloc[size - 1]
            lot = (size - (score > last).sum()) / (score == last).sum()
            hits[name].append((came[score > last].sum() + lot * came[score == last].sum()) / came.sum())
    for name in ("_last_month", "_12_months"):
        assert hotspots.metrics[f"hit_rate_{size}_cells{name}"] == pytest.approx(np.mean(hits[name])), name
    assert hotspots.metrics[f"best_possible_{size}_cells"] == pytest.approx(np.mean(hits["best"]))


def test_ours_stands_beside_the_best_simple_rival_with_its_interval_whatever_it_is(hotspots):
    """At 20 places it does not win, and the page says so; at 100 it wins beyond chance."""
    table, rates = hotspots.sheet("방법의 차이").set_index("장소 수"), hotspots.metrics
    assert table.index.tolist() == [20, 50, 100]
    rivals = ("_last_month", "_12_months", "_same_month_last_year", "_kernel_map")
    for size, row in table.iterrows():
        ours, best = rates[f"hit_rate_{size}_cells"], max(rates[f"hit_rate_{size}_cells{rival}"] for rival in rivals)
        assert row["우리 방법과의 차이(%p)"] == pytest.approx(100 * (ours - best))
        assert row.하한 < row["우리 방법과의 차이(%p)"] < row.상한
        assert (row["쓰는 방법"] == "우리 방법") == (ours > best)
        for text in hotspots.pdf.values():
            assert f"{ours:.1%}" in text and f"{best:.1%}" in text
            assert f"{row['우리 방법과의 차이(%p)']:+.1f}".replace("-", "\N{MINUS SIGN}") in text
    assert [round(rates[f"hit_rate_{size}_cells"], 3) for size in table.index] == pytest.approx(
        [0.401, 0.593, 0.748], abs=0.002
    )
    assert table["쓰는 방법"][20] == "지난달 건수" and "이기지못해단순한방법(지난달건수)을쓴다" in hotspots.pdf["ko"]
    assert table.하한[100] > 0 and table["쓰는 방법"][100] == "우리 방법"


def test_forecast_by_week_is_used_only_where_it_beats_the_rivals(hotspots):
    scores = hotspots.sheet("예측 성적").set_index("방법")
    rivals = scores.drop(["우리 방법", "그때그때 고른 것"])
    for part, finding in (("주", "next_weeks"), ("시간", "next_hours")):
        wins = scores[f"{part}: CRPS"]["우리 방법"] < rivals[f"{part}: CRPS"].min()
        assert (hotspots.numbers(finding)["forecaster"] == "top_down") == wins
    ratio = scores["주: RMSE"]["우리 방법"] / rivals["주: RMSE"].min()
    assert hotspots.metrics["forecast_rmse_ratio_best_rival"] == pytest.approx(ratio)
    assert hotspots.metrics["coverage_90"] == pytest.approx(scores["주: 90% 구간이 담은 비율"]["그때그때 고른 것"])


def test_what_cannot_be_known_here_is_said(hotspots):
    assert hotspots.findings["repeat"]["en"].startswith("The exports hold no plates")
    assert "순찰이 제 기록을 좇는지 알 수 없다" in hotspots.findings["loop"]["ko"]
    assert set(hotspots.sheet("진단").진단) == {"판단 보류"}, "neither plates nor free spaces are known"


def test_use_of_the_records_of_the_period(hotspots, records):
    period = now(records)
    assert hotspots.sheet("기록의 쓰임").건수.tolist() == [len(period), len(period), int(period.x.notna().sum())]


@pytest.mark.parametrize("month", ["2025-10", "2025-12", "2026-02", "2023-12"])
def test_a_month_without_any_export_is_refused(namyangju, month):
    from dansok.cases import parking_hotspots as case
    from dansok.words import Refusal

    with pytest.raises(Refusal) as refused:
        case.Choices(str(namyangju), "again", "ko", "", month, month, area="", top_places=15)
    assert f"'{month}': there are no records of this month. Months with records: 2024-01 to 2026-01" in str(
        refused.value
    )


# --- the printed page ---


@pytest.mark.parametrize(
    ("notebook", "language", "words"),
    [
        ("quality", "ko", ["180,783", "367", "88.7%", "160,082", "주행형 단속차량 24개월(2024-01~2025-12)"]),
        ("quality", "en", ["180,783", "367", "88.7%", "160,082", "Patrol car 24 (2024-01 to 2025-12)"]),
        ("hotspots", "ko", ["82,734", "22,186", "40.4%", "별내동이 21,243건으로 가장 많다", "14시대에 가장 많고", "19시대에 가장 많다"]),
        ("hotspots", "en", ["82,734", "22,186", "40.4%", "별내동 has the most fixed-camera records: 21,243", "most between 14 and 15 h", "most between 19 and 20 h"]),
    ],
)  # fmt: skip
def test_pages_print_the_numbers(request, notebook, language, words):
    text = request.getfixturevalue(notebook).pdf[language]
    for word in words:
        assert word.replace(" ", "") in text, word
