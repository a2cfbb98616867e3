"""Real exports: counts recomputed by plain pandas; the fallback point of Cheonan; the system of the school zones."""

import shutil
import time

import pandas as pd
import pytest
from dansok.city import PROJECT, open_city
from dansok.clean import clean_city, read_table
from dansok.clean.positions import Region
from dansok.korea.addresses import parse
from dansok.korea.plates import find_plates
from dansok.privacy import VARIABLE
from dansok.space import read_areas, to_wgs84
from dansok.tables import TABLES

pytestmark = pytest.mark.real

CHEONAN = """
id = "cheonan"
name = { ko = "천안시", en = "Cheonan City" }
office = { ko = "천안시 교통정책과", en = "Transport Division, Cheonan City" }
[[source]]
name = "counts_2023"
table = "tickets"
files = ["동일좌표별_단속건수_23년.csv"]
columns = { records = "단속건수", latitude = "위도", longitude = "경도", area_as_sent = "대표_단속동", place_as_sent = "대표_장소" }
constants = { issued_at = "2023", channel = "CHANNEL" }
"""


@pytest.fixture(scope="module")
def namyangju(shared_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("real") / "namyangju"
    (folder / "1_raw").mkdir(parents=True)
    shutil.copy(PROJECT / "data" / "namyangju" / "city.toml", folder)
    for path in (shared_data / "namyangju").iterdir():
        (folder / "1_raw" / path.name).symlink_to(path)
    city = open_city(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, str(tmp_path_factory.mktemp("ring") / "plates.key"))
        started = time.monotonic()
        clean_city(city)
        # Fifteen seconds on a quiet machine; others may be at work.
        assert time.monotonic() - started < 60
    return city


@pytest.fixture(scope="module")
def sent(shared_data):
    """The exports as pandas reads them."""
    frames = {}
    for path in sorted((shared_data / "namyangju").glob("*.xlsx")):
        frames[path.name] = pd.read_excel(path, engine="calamine", dtype=str).assign(file=path.name)
    return frames


def test_every_row_came(namyangju, sent):
    ledger = pd.read_parquet(namyangju.clean / "tickets.ledger.parquet")
    came = ledger[ledger.what == "came"].set_index("source").rows
    rows = {name: len(frame) for name, frame in sent.items()}
    assert rows["고정형 단속자료 24.01.01~12.31.xlsx"] == 86_730
    for source, start in (
        ("fixed_camera_exports", "고정형"),
        ("citizen_report_exports", "시민신고"),
        ("patrol_car_exports", "주행형"),
    ):
        assert came[source] == sum(n for name, n in rows.items() if name.startswith(start))
    kept, rejected = (
        len(read_table(namyangju, "tickets")),
        len(pd.read_parquet(namyangju.clean / "tickets.rejected.parquet")),
    )
    assert kept + rejected == sum(rows.values())


def test_test_rows_are_rejected(namyangju, sent):
    rejected = pd.read_parquet(namyangju.clean / "tickets.rejected.parquet")
    found = rejected[rejected.reason_en == "test row of the electronic notice"].groupby("source_file").size().to_dict()
    assert found == {"고정형 단속자료 24.01.01~12.31.xlsx": 1, "고정형 단속자료 25.01.01~08.31.xlsx": 4}
    assert found == {
        name: n for name, frame in sent.items() if (n := int(frame.단속장소.str.contains("전자고지테스트").sum()))
    }


def test_duplicates_are_those_that_pandas_finds(namyangju, sent):
    rejected = pd.read_parquet(namyangju.clean / "tickets.rejected.parquet")
    found = rejected[rejected.reason_en == "exact duplicate"]
    together = pd.concat(sent.values(), ignore_index=True)
    together["row"] = pd.concat([pd.Series(range(2, len(frame) + 2)) for frame in sent.values()], ignore_index=True)
    together = together[~together.단속장소.str.contains("전자고지테스트", na=False)]
    columns = [name for name in together if name not in ("file", "row")]
    again = together.duplicated(columns) & together.단속일시.str.fullmatch(r"\S+ \d\d:\d\d:\d\d")
    assert set(zip(found.source_file, found.source_row, strict=True)) == set(
        zip(together.file[again], together.row[again], strict=True)
    )
    assert len(found) == 362


def test_clean_table_keeps_its_promises(namyangju):
    for name in ("tickets", "cameras", "lots", "protected_zones", "areas", "addresses"):
        TABLES[name].check(read_table(namyangju, name))
    tickets = read_table(namyangju, "tickets")
    assert tickets.time_precision.value_counts().to_dict() == {"second": 180_390, "minute": 26}
    assert tickets.channel.value_counts().to_dict() == {
        "fixed_camera": 137_893,
        "citizen_report": 37_165,
        "mobile_camera": 5_358,
    }


def test_swapped_axes_are_found_and_mended(namyangju, sent):
    patrol = read_table(namyangju, "tickets").query("channel == 'mobile_camera'")
    raw = sent["주행형 단속자료 26.01.01~01.31.xlsx"]
    assert set(patrol.position_state) == {"mended"}
    taken = raw.loc[patrol.source_row.to_numpy() - 2]
    assert patrol.latitude.tolist() == taken["GPS_X"].astype(float).tolist()
    assert patrol.longitude.tolist() == taken["_GPS_Y"].astype(float).tolist()
    kinds = read_table(namyangju, "surprises").set_index("kind")
    assert kinds.rows["swapped_axes"] == 5_358 and "crs_contradicts" not in kinds.index and "pile_up" not in kinds.index


def test_unmended_swapped_axes_are_left_out(namyangju, tmp_path):
    folder = tmp_path / "namyangju"
    shutil.copytree(namyangju.folder, folder, symlinks=True, ignore=shutil.ignore_patterns("2_clean"))
    toml = (folder / "city.toml").read_text(encoding="utf-8")
    start = toml.index('[[source]]\nname = "patrol_car_exports"')
    head = toml[: toml.index("[[hours]]")]
    patrol = toml[start : toml.index("[[source]]", start + 5)]
    (folder / "city.toml").write_text(head + patrol.replace('mend = ["swap_axes"]\n', ""), encoding="utf-8")
    clean_city(open_city(folder))
    tickets = read_table(open_city(folder), "tickets")
    assert set(tickets.position_state) == {"swapped"} and tickets[["longitude", "latitude"]].isna().all().all()


def test_plates_typed_into_the_place_are_taken_out(namyangju, sent):
    together = pd.concat(sent.values(), ignore_index=True)
    held = sum(bool(find_plates(place)) for place in together.단속장소.dropna())
    tickets = read_table(namyangju, "tickets")
    assert tickets.place_as_sent.str.contains("[차량번호]", regex=False).sum() == held == 3
    assert not any(find_plates(place) for place in tickets.place_as_sent.dropna().unique())


def test_school_zones_are_in_epsg_5181(namyangju):
    """A school's outline lies at the lot of its address in 5181, and some 300 m off in the Bessel systems."""
    schools, table = (read_table(namyangju, name) for name in ("protected_zones", "addresses"))
    schools["address_key"] = parse(schools.address).lookup_key
    both = schools.merge(table.dropna(subset="address_key").drop_duplicates("address_key"), on="address_key")
    assert len(both) >= 10
    centres = read_areas(both).geometry.centroid
    at = to_wgs84(pd.DataFrame({"x": centres.x, "y": centres.y}), "EPSG:5179")
    metres = (((at.longitude - both.longitude) * 88_100) ** 2 + ((at.latitude - both.latitude) * 111_000) ** 2) ** 0.5
    assert metres.median() < 100


def test_areas_hold_the_city(namyangju):
    areas = read_table(namyangju, "areas")
    region = Region.around(areas.geometry)
    assert len(areas) == 16 and region.holds(127.2165, 37.636) and not region.holds(126.978, 37.5665)
    cameras = read_table(namyangju, "cameras")
    assert set(cameras.position_state) == {"as_sent"}


@pytest.mark.parametrize("channel", ["officer", "fixed_camera"])
def test_the_fallback_point_of_cheonan_trips(shared_data, tmp_path, channel):
    folder = tmp_path / "cheonan"
    (folder / "1_raw").mkdir(parents=True)
    (folder / "city.toml").write_text(CHEONAN.replace("CHANNEL", channel), encoding="utf-8")
    path = shared_data / "cheonan" / "동일좌표별_단속건수_23년.csv"
    (folder / "1_raw" / path.name).symlink_to(path)
    city = open_city(folder)
    clean_city(city)
    raw = pd.read_csv(path)
    tickets = read_table(city, "tickets")
    assert tickets.records.sum() == raw.단속건수.sum() == 286_798 and len(tickets) == len(raw)
    piled = tickets[tickets.position_state == "pile_up"]
    assert piled.records.tolist() == [113_459] and piled.place_as_sent.tolist() == ["천안시"]
    assert piled.longitude.isna().all() and tickets.longitude.notna().sum() == len(raw) - 1
    told = read_table(city, "surprises").set_index("kind").ko["pile_up"]
    assert "113,459건(전체의 39.6%)" in told
