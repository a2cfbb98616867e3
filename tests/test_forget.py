"""What is older than the office may keep goes from everything that was made, and stays away."""

import datetime
import json
import shutil
import subprocess
import sys

import pandas as pd
import pyarrow.parquet as pq
import pytest
from dansok.city import PROJECT, open_city
from dansok.clean import clean_city, read_table
from dansok.forget import forget, read_day, told
from dansok.link import link, read_linked
from dansok.link.registers import arrears_as_of
from dansok.tables import TABLES
from dansok.words import Refusal
from gaon import city_toml

CITY = city_toml(
    tickets="issued_at plate place_as_sent reporter longitude latitude",
    citizen_reports="reported_at report_id place_as_sent",
    debts="snapshot_on debt_id plate debt_kind due_on amount_krw",
    payments="paid_on debt_id plate amount_krw",
    vehicles="plate vehicle valid_from valid_to ended_by",
    sightings="seen_at reader plate longitude latitude",
    outcomes="acted_at action plate",
)
BEFORE = datetime.date(2025, 3, 1)
HERE = "127.2,37.65"
PLANS = {
    "old": "2025-02-28",
    "young": "2025-03-31",
    "this month": f"{datetime.date.today()}",
    "undated": None,
}  # last day
FILES = {
    # Of the day itself, of the second before, without a plate, without a day, with neither.
    "단속 1.csv": f"""일시,차량번호,장소,신고자,경도,위도
2025-02-28 23:59:59,11가0001,가동 1,,{HERE}
2025-03-01 00:00:00,11가0001,가동 1,,{HERE}
2025-01-05 10:00:00,,가동 2,,{HERE}
2025-01-05 11:00:00,,가동 2,가상신고자1,{HERE}
모름,11가0002,가동 3,,{HERE}
모름,,가동 4,,{HERE}
""",
    "단속 2.csv": f"일시,차량번호,장소,신고자,경도,위도\n2025-01-06 10:00:00,11가0003,가동 1,,{HERE}\n",
    "신고.csv": "일시,신고번호,장소\n2025-02-01 10:00:00,R1,가동\n2025-02-01 10:00:00,,가동\n2025-04-01 10:00:00,R2,가동\n",
    "체납 2501.csv": """기준일자,과세번호,차량번호,세목,납기일,체납액
2025-01-31,1,11가0001,자동차세,2023-06-30,100000
2025-01-31,2,11가0009,자동차세,2023-06-30,100000
""",
    "체납 2503.csv": """기준일자,과세번호,차량번호,세목,납기일,체납액
2025-03-31,1,11가0001,자동차세,2023-06-30,100000
2025-03-31,3,11가0001,자동차세,2023-12-31,100000
2025-03-31,4,11가0005,자동차세,2023-06-30,100000
2025-03-31,5,11가0005,자동차세,2023-12-31,100000
2025-03-31,6,11가0007,자동차세,2022-06-30,100000
2025-03-31,7,11가0007,자동차세,2022-12-31,100000
,8,11가0009,자동차세,2022-12-31,100000
""",
    "납부.csv": "납부일,과세번호,차량번호,납부액\n2025-02-28,2,11가0009,100000\n2025-04-02,9,11가0001,5000\n",
    # 0005: V5's until it was scrapped, then W5's. 0009 and 0004 are gone. V7 bore 0006 before 0007.
    "등록.csv": """차량번호,차대번호,등록일자,종료일자,종료사유
11가0001,V1,2015-01-01,,
11가0005,V5,2015-01-01,2024-02-01,말소
11가0005,W5,2024-02-01,,
11가0009,V9,2015-01-01,2025-02-28,말소
11가0004,V4,2015-01-01,2025-03-01,말소
11가0006,V7,2015-01-01,2024-01-01,번호변경
11가0007,V7,2024-01-01,,
""",
    "판독.csv": "일시,장비,차량번호,경도,위도\n"
    + "".join(
        f"{day} 10:00:00,단속1호,11가{plate},{HERE}\n"
        for day in ("2025-02-10", "2025-02-28", "2025-03-01", "2025-03-20")
        for plate in ("0001", "0005")
    ),
    "영치.csv": "일시,조치,차량번호\n2025-01-10 10:00,영치,11가0001\n2025-01-10 11:00,영치,11가0009\n2025-04-01 10:00,영치예고,11가0005\n",
}  # fmt: skip


def city_of(folder, files=FILES):
    (folder / "1_raw").mkdir(parents=True)
    (folder / "city.toml").write_text(CITY, encoding="utf-8")
    for name, text in files.items():
        (folder / "1_raw" / name).write_text(text, encoding="utf-8")
    return _made(folder)


def _made(folder):
    city = open_city(folder)
    clean_city(city)
    link(city)
    return city


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return city_of(tmp_path_factory.mktemp("forget") / "gaon")


@pytest.fixture
def city(made, tmp_path):
    shutil.copytree(made.folder, tmp_path / "gaon")
    return open_city(tmp_path / "gaon")


@pytest.fixture(scope="module")
def forgotten(made, tmp_path_factory):
    """The city after it forgot, and what was told."""
    folder = tmp_path_factory.mktemp("forgotten") / "gaon"
    shutil.copytree(made.folder, folder)
    city = open_city(folder)
    return city, forget(city, BEFORE)


def stored(city):
    """Every byte that was made, but for moments of making."""
    files = [path for stage in (city.clean, city.linked) for path in sorted(stage.iterdir())]
    return {path.name: path.read_bytes() for path in files}


def days(city, name):
    table = read_table(city, name) if TABLES[name].stage == "2_clean" else read_linked(city, name)
    return [f"{day:%m-%d}" for day in pd.to_datetime(table[TABLES[name].ages_by])]


def test_tables_with_rows_of_vehicles_or_persons_say_how_they_grow_old():
    for table in TABLES.values():
        identifying = [c.name for c in table.stored if c.name.endswith("_token") or c.name in ("vehicle", "debt_id")]
        assert bool(identifying) == (table.ages_by is not None), table.name
        assert set(table.told_by) <= {column.name for column in table.stored}
        assert bool(table.told_by) == (table.ages_by is not None)
        told = {"look_alike_token", *table.told_by} | ({"plate_token"} if "vehicle" in table.told_by else set())
        assert set(identifying) <= told, table.name
        if table.ages_by:
            assert table[table.ages_by].type in ("date", "timestamp")


@pytest.mark.parametrize(
    ("name", "left"),
    [
        # Without a plate or a reporter a record is about nobody.
        ("tickets", ["03-01", "01-05"]),
        ("citizen_reports", ["02-01", "04-01"]),
        ("debts", ["03-31"] * 6),
        ("payments", ["04-02"]),
        ("sightings", ["03-01", "03-01", "03-20", "03-20"]),
        ("placed_tickets", ["03-01", "01-05"]),
        ("placed_sightings", ["03-01", "03-01", "03-20", "03-20"]),
        ("debtors", ["03-31"] * 3),
    ],
)
def test_rows_of_before_the_day_are_gone(forgotten, name, left):
    assert days(forgotten[0], name) == left


def test_visits_of_before_the_day_are_gone(made, forgotten):
    for name in ("visits", "debtor_visits"):
        known = [day for day in days(made, name) if day < "03-01"]
        assert known and len(days(forgotten[0], name)) > 0
    visits = read_linked(forgotten[0], "visits")
    assert visits[visits.plate_token.notna()].first_at.min() == pd.Timestamp("2025-03-01")
    assert read_linked(forgotten[0], "debtor_visits").first_at.min() == pd.Timestamp("2025-03-01")


def test_what_the_debts_that_stay_need_stays(made, forgotten):
    city, result = forgotten
    register = read_table(city, "vehicles")
    # 0009 is gone with its debts; 0004 ended on the day itself; 0006 tells that V7 is no new vehicle.
    ended = [f"{day:%Y-%m-%d}" for day in register.valid_to.dropna()]
    assert sorted(ended) == ["2024-01-01", "2024-02-01", "2025-03-01"] and len(register) == 6
    assert len(read_table(city, "outcomes")) == 2
    before, after = (arrears_as_of(one, "2025-04-05", 45) for one in (made, city))
    told_of = ["amount_krw", "present_krw", "registered", "on_register", "plate_held", "eligible", "reason"]
    assert after.vehicles["reason"].value_counts().to_dict() == {"plate_held": 1, "owner_unclear": 1, "car_taxes": 1}
    pd.testing.assert_frame_equal(before.vehicles[told_of], after.vehicles[told_of])
    needed = result.tables.set_index("table").needed
    assert needed["vehicles"] == 2 and needed["outcomes"] == 1 and needed.drop(["vehicles", "outcomes"]).eq(0).all()


def test_rejected_rows_go_too_if_nobody_can_say_that_they_are_young(made, forgotten):
    def rejected(city, name):
        return pd.read_parquet(city.clean / f"{name}.rejected.parquet")

    assert len(rejected(made, "tickets")) == 2 and len(rejected(forgotten[0], "tickets")) == 1
    assert rejected(forgotten[0], "tickets").place_as_sent.tolist() == ["가동 4"], "about nobody"
    assert len(rejected(made, "debts")) == 1 and rejected(forgotten[0], "debts").empty


def test_the_ledger_counts_what_was_forgotten(forgotten):
    ledger = pd.read_parquet(forgotten[0].clean / "tickets.ledger.parquet")
    assert ledger[["what", "rows", "left"]].values.tolist()[:3] == [
        ["came", 7, 7],
        ["dropped", 4, 3],
        ["dropped", 1, 2],
    ]
    assert ledger.reason_ko[1] == "보존 기한이 지나 지움" and "forgotten" in ledger.reason_en[1]


def test_it_is_proved_from_the_files(made, forgotten):
    city, result = forgotten
    table = result.tables.set_index(result.tables.stage + "/" + result.tables.table)
    assert table.loc["2_clean/sightings", ["before", "after"]].tolist() == [8, 4]
    assert table.loc["2_clean/tickets.rejected", ["before", "after"]].tolist() == [2, 1]
    assert table.loc["3_linked/debtors", "oldest"] == pd.Timestamp("2025-03-31")
    assert table.loc["2_clean/tickets", "oldest"] == pd.Timestamp("2025-03-01"), "of rows about somebody"
    for name, row in table.iterrows():
        for when, one in (("before", made), ("after", city)):
            assert pq.read_metadata(one.folder / f"{name}.parquet").num_rows == row[when]
    lines = list(told(result))
    assert "  2_clean/sightings 차량 포착: 8 -> 4, 가장 이른 날 oldest: 2025-03-01" in lines


def test_raw_files_are_untouched_and_those_that_must_go_are_named(made, forgotten):
    city, result = forgotten
    for path in made.raw.iterdir():
        assert (city.raw / path.name).read_bytes() == path.read_bytes()
    by_file = result.raw.set_index("file")
    assert by_file.loc["체납 2501.csv"].tolist() == [2, 2] and by_file.loc["판독.csv"].tolist() == [8, 4]
    assert "체납 2503.csv" in by_file.index, "its undated row counts as old"
    assert any("1_raw/체납 2501.csv: 2 / 2" in line for line in told(result))


def test_later_runs_do_not_bring_anything_back(forgotten, tmp_path):
    folder = tmp_path / "gaon"
    shutil.copytree(forgotten[0].folder, folder)
    kept = stored(forgotten[0])
    assert stored(_made(folder)) == kept
    for stage in ("2_clean", "3_linked"):
        shutil.rmtree(folder / stage)
    again = stored(_made(folder))
    assert {name: again[name] for name in kept if name != "stamp.txt"} == {n: kept[n] for n in kept if n != "stamp.txt"}
    # A new export that reaches back is cut at the day as well.
    late = "기준일자,과세번호,차량번호,세목,납기일,체납액\n2025-02-01,1,11가0001,자동차세,2023-06-30,100000\n"
    (folder / "1_raw" / "체납 2502.csv").write_text(late, encoding="utf-8")
    assert days(_made(folder), "debts") == ["03-31"] * 6


def test_when_raw_files_are_gone_too_nothing_changes(forgotten, tmp_path):
    folder = tmp_path / "gaon"
    shutil.copytree(forgotten[0].folder, folder)
    for name in ("체납 2501.csv", "단속 2.csv"):
        (folder / "1_raw" / name).unlink()
    city = _made(folder)
    for name in ("debts", "tickets", "debtors", "visits"):
        assert days(city, name) == days(forgotten[0], name)
    assert sorted(forget(city, BEFORE).raw.file) == [
        "납부.csv",
        "단속 1.csv",
        "등록.csv",
        "신고.csv",
        "영치.csv",
        "체납 2503.csv",
        "판독.csv",
    ]


def test_an_earlier_day_afterwards_brings_nothing_back(forgotten, tmp_path):
    shutil.copytree(forgotten[0].folder, tmp_path / "gaon")
    city = open_city(tmp_path / "gaon")
    result = forget(city, datetime.date(2025, 1, 1))
    assert result.before == BEFORE and result.tables.before.equals(result.tables.after)


def test_the_record_says_when_and_how_much(forgotten):
    (entry,) = json.loads((forgotten[0].folder / "forgotten.json").read_text(encoding="utf-8"))
    assert entry["before"] == "2025-03-01" and entry["deleted"]["2_clean/sightings"] == 4
    assert datetime.datetime.strptime(entry["done_at"], "%Y-%m-%d %H:%M")
    assert forgotten[0].forgotten_before == BEFORE


def test_exports_that_cannot_be_read_change_nothing(city):
    kept = stored(city)
    (city.raw / "판독.csv").write_text("아무것도,없음\n1,2\n", encoding="utf-8")
    with pytest.raises(Refusal, match="판독.csv"):
        forget(city, BEFORE)
    assert stored(city) == kept and not (city.folder / "forgotten.json").exists()


def test_a_run_that_died_is_made_good_by_the_next(city):
    (city.folder / "forgotten.json").write_text(
        json.dumps([{"before": str(BEFORE), "done_at": None, "deleted": {}}]), encoding="utf-8"
    )
    clean_city(city)
    assert days(city, "sightings") == ["03-01", "03-01", "03-20", "03-20"]


@pytest.mark.parametrize(
    ("text", "says"),
    [("2025-02-30", "is no date"), ("어제", "is no date"), ("", "is no date"), ("2025-11-26", "lies ahead")],
)
def test_what_is_no_past_day_is_refused(text, says):
    with pytest.raises(Refusal, match=says) as refused:
        read_day(text, today=datetime.date(2025, 11, 25))
    assert "BEFORE" in refused.value.text.ko
    assert read_day("2025-11-25", today=datetime.date(2025, 11, 25)) == datetime.date(2025, 11, 25)


def put_plans(city):
    """What notebooks may leave of vehicles: plans of three days, and a run that failed."""
    for name, last in PLANS.items():
        folder = city.analysed / "delinquent_stakeout" / name
        folder.mkdir(parents=True)
        pd.DataFrame({"block": ["a"], "vehicle": ["v"], "plate_token": ["t"]}).to_parquet(folder / "meetings.parquet")
        pd.DataFrame({"block": ["a"], "area_name": ["가동"]}).to_parquet(folder / "blocks.parquet")
        if last:
            (folder / "plan.json").write_text(json.dumps({"last_day": last}), encoding="utf-8")
    (city.analysed / "data_quality").mkdir()
    (city.analysed / "data_quality" / "latest.failed.ipynb").write_text("{}", encoding="utf-8")


def test_results_of_before_the_day_are_gone(city):
    put_plans(city)
    removed = forget(city, BEFORE).removed
    left = {path.relative_to(city.analysed).as_posix() for path in city.analysed.rglob("*.*") if path.is_file()}
    assert left == {
        *(f"delinquent_stakeout/{name}/meetings.parquet" for name in ("young", "this month")),
        *(f"delinquent_stakeout/{name}/blocks.parquet" for name in PLANS),
        *(f"delinquent_stakeout/{name}/plan.json" for name in PLANS if PLANS[name]),
    }
    assert "delinquent_stakeout/old/meetings.parquet" in removed


def test_the_command_shows_and_refuses(city):
    put_plans(city)

    def command(*arguments):
        line = [sys.executable, "-m", "dansok.forget", str(city.folder), *arguments]
        return subprocess.run(line, capture_output=True, text=True, cwd=PROJECT, check=False)

    kept = stored(city)
    for arguments in (("2999-01-01",), ("2025/03/01",), ("2025-03-01", "2025-04-01")):
        done = command(*arguments)
        assert done.returncode == 2 and len(done.stderr.splitlines()) == 2 and not done.stdout
    assert stored(city) == kept
    done = command()
    assert done.returncode == 0 and stored(city) == kept, "without a day only what is over by rule goes"
    assert {path.parent.name for path in city.analysed.rglob("meetings.parquet")} == {"this month"}
    assert "deleted: old/meetings.parquet" in done.stdout and "undated" in done.stdout
    done = command("2025-03-01")
    assert done.returncode == 0, done.stderr
    assert "2_clean/debts 체납: 8 -> 6" in done.stdout and "1_raw/체납 2501.csv: 2 / 2" in done.stdout
    made = subprocess.run(
        ["make", "-n", f"CITY={city.folder}", "forget", "BEFORE=2025-03-01"],
        capture_output=True,
        text=True,
        cwd=PROJECT,
        check=False,
    )
    assert f"dansok.forget {city.folder} 2025-03-01" in made.stdout, made.stderr
