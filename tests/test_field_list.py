"""The field list: nobody on it whom the law spares, no list without its gate, plates in it and nowhere else, and a log that shows tampering."""

import builtins
import getpass
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from dansok import field_list, forget
from dansok.cases.delinquent_stakeout import past
from dansok.city import open_city
from dansok.clean import clean_city, read_table, scan
from dansok.engine import connect
from dansok.field_list import access_log, expiry, gates, sealed
from dansok.field_list.__main__ import main
from dansok.field_list.lines import NAMED, OTHERWISE, PAID, TAKING, UNLIKELY, lines_of
from dansok.field_list.plan import read_plan
from dansok.field_list.returned import take_back
from dansok.field_list.sealed import unseal
from dansok.field_list.workbook import HEADER_ROW, LIST, LIST_COLUMNS, LOG, LOG_COLUMNS, WATCH
from dansok.korea.plates import find_plates
from dansok.link.registers import arrears_as_of
from dansok.privacy import VARIABLE, key, tokens
from dansok.sample import tax
from dansok.space import read_areas
from dansok.tables import TREAT_BY
from dansok.words import Refusal, exit_on_refusal

RUN, AS_OF, TODAY, DESTROY_ON = "latest", "2025-05-31", "2025-06-10", "2025-06-17"
PHRASE = "영치반 유월의 긴 암호 2025"
OFFICER, PURPOSE = "김가상", "6월 10일 야간 영치"
NOW = pd.Timestamp("2025-06-10 16:00").tz_localize("Asia/Seoul").to_pydatetime()
HELD = {}


# --- A city, a key ring and plans for these tests -----------------------------------------------------------------------


@pytest.fixture
def ring(key_ring, tmp_path, monkeypatch):
    """A key ring of its own with the session's key: the access log lies beside it."""
    path = _copied_key(key_ring, tmp_path / "ring")
    monkeypatch.setenv(VARIABLE, str(path))
    monkeypatch.setenv(gates.PASS_PHRASE, PHRASE)
    return path


def _copied_key(key_ring, folder):
    key(key_ring)
    folder.mkdir()
    shutil.copy(key_ring, folder / "plates.key")
    return folder / "plates.key"


@pytest.fixture
def city(sample_city, tmp_path, ring):
    """The sample city, cleaned; its exports are those of the session, which nothing changes."""
    return open_city(_copied(sample_city, tmp_path / "city"))


def _copied(sample_city, folder, own_exports=False):
    folder.mkdir()
    shutil.copy(sample_city / "city.toml", folder)
    # `clean` replaces its files and never writes into one.
    shutil.copytree(sample_city / "2_clean", folder / "2_clean", copy_function=os.link)
    (folder / "truth").symlink_to(sample_city / "truth")
    if own_exports:
        shutil.copytree(sample_city / "1_raw", folder / "1_raw")
    else:
        (folder / "1_raw").symlink_to(sample_city / "1_raw")
    return folder


@pytest.fixture(scope="session")
def held(sample_city):
    """Who is in arrears on the plan's day and on the day of the list."""
    city = open_city(sample_city)
    return {day: arrears_as_of(city, day, 400) for day in (AS_OF, TODAY)}


def write_plan(opened, seed=0, as_of=AS_OF, first_day=TODAY, vehicles=None, per_block=12, **facts):
    """A plan as the notebook leaves it: two nights, two teams, two blocks each, with vehicles drawn at random (or from `vehicles`)."""
    rng = np.random.default_rng(seed)
    # Every city of these tests is a copy of one.
    held = HELD[as_of] = HELD[as_of] if as_of in HELD else arrears_as_of(opened, as_of, 400)
    site = read_areas(read_table(opened, "areas")).geometry.representative_point().iloc[0]
    pool = held.vehicles if vehicles is None else held.vehicles.loc[vehicles]
    blocks, meetings = [], []
    for night in range(2):
        for team in ("가조", "나조"):
            for turn in (1, 2):
                starts = pd.Timestamp(first_day) + pd.Timedelta(days=night, hours=18 + 2 * turn)
                name = f"{starts:%Y-%m-%d} {team} {turn}"
                blocks.append((name, team, starts, starts + pd.Timedelta(hours=2), "wait" if turn == 1 else "roam"))
                drawn = pool.iloc[rng.choice(len(pool), min(per_block, len(pool)), replace=False)]
                meetings += [(name, vehicle, token) for vehicle, token in drawn["plate_token"].items()]
    blocks = pd.DataFrame(blocks, columns=["block", "team", "starts_at", "ends_at", "how"]).assign(
        place_name="가상1 공영주차장", area_name="화도읍", x=site.x, y=site.y, control=False, expected_vehicles=0.5,
        expected_krw=1e5, low_vehicles=0.0, high_vehicles=2.0, low_krw=0.0, high_krw=4e5,
    )  # fmt: skip
    meetings = pd.DataFrame(meetings, columns=["block", "vehicle", "plate_token"]).assign(
        chance=0.2, expected_krw=rng.uniform(1e4, 1e5, len(meetings)), reliability="3-9", seen_class="month"
    )
    folder = opened.analysed / "delinquent_stakeout" / RUN
    folder.mkdir(parents=True, exist_ok=True)
    blocks.to_parquet(folder / "blocks.parquet")
    meetings.to_parquet(folder / "meetings.parquet")
    said = {
        "city": opened.folder.name, "notebook": "delinquent_stakeout", "run": RUN, "as_of": as_of, "first_day": first_day,
        "snapshot_on": f"{held.snapshot_on:%Y-%m-%d}", "last_day": f"{blocks['starts_at'].max():%Y-%m-%d}",
        "key_mark": key().mark,
    }  # fmt: skip
    (folder / "plan.json").write_text(json.dumps(said | facts, ensure_ascii=False), encoding="utf-8")
    return meetings[meetings["block"].str.startswith(first_day)]


def make(city, officer=OFFICER, purpose=PURPOSE, phrase=PHRASE, day=TODAY):
    return field_list.make_list(city, RUN, officer, purpose, phrase, pd.Timestamp(day), NOW)


def sheet(path, name):
    """Cells of a sheet of a list under its pass-phrase."""
    book = openpyxl.load_workbook(io.BytesIO(unseal(path, PHRASE)))
    return [[cell.value for cell in row] for row in book[name].iter_rows()]


def listed(path):
    rows = sheet(path, LIST)
    columns = [ko for ko, _en, _width in LIST_COLUMNS]
    assert [str(text).split("\n")[0] for text in rows[HEADER_ROW]] == columns
    return pd.DataFrame(rows[HEADER_ROW + 1 :], columns=columns)


# --- Who stands on the list --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(40))
def test_no_plan_puts_a_vehicle_on_the_list_that_the_law_spares(held, seed):
    """Random plans over everybody ever listed, against eligibility and livelihood as `seizable` and the register say."""
    now, rng = held[TODAY], np.random.default_rng(seed)
    plan = _random_plan(held[AS_OF].vehicles, rng)
    at_most = int(rng.integers(1, 30))
    lines = lines_of(plan, now, held[AS_OF], at_most)
    told, law = lines.table, now.vehicles.reindex(lines.table["vehicle"])
    takes = told["treat_by"].isin(TAKING).to_numpy()
    assert law["eligible"].eq(True)[takes].all()
    assert not (law["livelihood"].eq(True) | law["instalments"].eq(True) | law["plate_held"].eq(True))[takes].any()
    assert told["reason"].isin(NAMED).all() and law["on_register"].eq(True).all()
    assert (told["amount_krw"] > 0).to_numpy()[told["reason"] != "driving_ban"].all()
    assert not told.duplicated(["block", "vehicle"]).any()
    day = plan.blocks.loc[plan.blocks["starts_at"].dt.normalize() == now.day, "block"]
    assert set(told["block"]) <= set(day)
    expected = plan.meetings.loc[plan.meetings["block"].isin(day), "vehicle"].nunique()
    assert lines.vehicles + sum(lines.struck.values()) == expected
    due = plan.meetings[plan.meetings["vehicle"].isin(field_list.lines.named(now).index)]
    for block, of_block in due[due["block"].isin(day)].groupby("block"):
        likeliest = of_block.nlargest(at_most, "chance")["vehicle"]
        assert set(told.loc[told["block"] == block, "vehicle"]) == set(likeliest), "nobody is named without need"


def _random_plan(pool, rng):
    from dansok.field_list.plan import Plan

    blocks = pd.DataFrame(
        {
            "block": [f"{i}" for i in range(8)], "team": rng.choice(["가", "나"], 8), "how": "wait", "place_name": "곳",
            "starts_at": pd.Timestamp(TODAY) + pd.to_timedelta(rng.permutation(8) * 6, "h"), "area_name": "읍", "x": 0.0, "y": 0.0,
        }
    ).assign(ends_at=lambda table: table["starts_at"] + pd.Timedelta(hours=2))  # fmt: skip
    drawn = pool.sample(int(rng.integers(20, 200)), random_state=rng)
    meetings = pd.DataFrame(
        {"block": rng.choice(blocks["block"], len(drawn)), "vehicle": drawn.index, "plate_token": drawn["plate_token"]}
    ).assign(
        chance=rng.uniform(0, 1, len(drawn)),
        expected_krw=rng.uniform(0, 1e5, len(drawn)),
        reliability="0",
        seen_class="older",
    )
    day = pd.Timestamp(AS_OF)
    return Plan(RUN, day, day, pd.Timestamp(TODAY), pd.Timestamp(TODAY), None, blocks, meetings)


def test_the_last_look_stops_a_line_that_takes_what_may_not_be_taken(held):
    now = held[TODAY]
    lines = lines_of(_random_plan(held[AS_OF].vehicles, np.random.default_rng(1)), now, held[AS_OF], 30)
    spared = now.vehicles.index[now.vehicles["livelihood"].eq(True)][0]
    wrong = lines.table.head(1).assign(vehicle=spared, treat_by="plate", reason="car_taxes")
    with pytest.raises(AssertionError, match="1 lines") as stopped:
        field_list.lines.refuse_unlawful(wrong, now)
    assert spared not in str(stopped.value)


def test_who_has_paid_since_is_struck_and_only_counted(city, held):
    before, now = held[AS_OF].vehicles, held[TODAY].vehicles
    paid = before.index.difference(now.index)
    assert len(paid) >= 3, "the sample city must have vehicles that paid between the plan and the list"
    write_plan(city, vehicles=[*paid, *now.index[now["eligible"]].intersection(before.index)[:5]], per_block=1000)
    made = make(city)
    assert made.struck == {PAID: len(paid), OTHERWISE: 0, UNLIKELY: 0}
    top = " ".join(row[0] for row in sheet(made.files[0], LIST)[:HEADER_ROW] if row[0])
    assert f"납부 {len(paid)}대" in top and "2025-05-31 (10일 지남)" in top and "지방세기본법 제86조" in top
    told = tokens(listed(made.files[0])["차량번호"], key())
    assert not set(told) & set(before.loc[paid, "plate_token"])


@pytest.mark.parametrize("seed", [100, *(pytest.param(seed, marks=pytest.mark.full) for seed in range(101, 106))])
def test_the_list_names_the_true_plates_and_takes_from_nobody_whom_the_truth_spares(city, seed, held):
    asked = write_plan(city, seed=seed, per_block=30)
    told = listed(make(city).files[0])
    truth = _Truth(city.folder / "truth")
    vehicle = truth.of(asked.drop_duplicates("vehicle").set_index("vehicle")["plate_token"])
    unpaid = {number for number in vehicle if len(truth.unpaid(number))}
    bears = {truth.plate(number): number for number in vehicle}
    assert set(told["차량번호"]) <= set(bears), "every plate is one that a planned vehicle truly bears today"
    due = field_list.lines.named(held[TODAY]).index.intersection(vehicle.index)
    assert set(told["차량번호"]) == {truth.plate(vehicle[label]) for label in due}
    for plate, treat in told[["차량번호", "조치"]].drop_duplicates().itertuples(index=False):
        number = bears[plate]
        assert number in unpaid and number not in truth.scrapped
        if treat == TREAT_BY["plate"].ko:
            assert truth.may_be_seized(number), "the truth lets the plate be taken"


class _Truth:
    """Who owes what, by the planted truth, on the day of the list."""

    def __init__(self, folder):
        self.day = pd.Timestamp(TODAY)
        rows = [
            pd.read_parquet(path, columns=["plate", "vehicle"]) for path in folder.glob("rows/debt_register_*.parquet")
        ]
        rows = pd.concat(rows).drop_duplicates()
        self.by_token = dict(zip(tokens(rows["plate"], key()), rows["vehicle"].astype(int), strict=True))
        register = pd.read_parquet(folder / "register.parquet")
        last = (
            register[register["from_day"] <= self.day].sort_values("from_day").drop_duplicates("vehicle", keep="last")
        )
        self.plates = last.set_index("vehicle")["plate"]
        # That a vehicle of another city was scrapped no register of this city tells.
        own = pd.read_parquet(folder / "vehicles.parquet")["registered"].to_numpy()[last["vehicle"]]
        self.scrapped = set(last.loc[own & (last["to_day"] <= self.day).to_numpy(), "vehicle"])
        self.debts = pd.read_parquet(folder / "debts.parquet")
        self.who = pd.read_parquet(folder / "debtors.parquet").set_index("vehicle")

    def of(self, plate_tokens):
        found = plate_tokens.map(self.by_token).dropna().astype(int)
        return found[found.isin(self.plates.index)]

    def plate(self, number):
        return self.plates[number]

    def unpaid(self, number):
        own = self.debts[self.debts["vehicle"] == number]
        return own[(own["due_on"] < self.day) & ~(own["paid_on"] <= self.day)]

    def may_be_seized(self, number):
        unpaid, who = self.unpaid(number), self.who.loc[number]
        return (
            not who["livelihood"]
            and not who["instalments"]
            and tax.eligible(unpaid, bool(unpaid["own"].all()), self.day)
        )


def test_the_plan_of_the_notebook_becomes_a_list(sample_city, tmp_path, ring):
    """Its first evening, on which nobody has paid since: the thirty vehicles of each block that it expects most, each where it does."""
    city = open_city(_copied(sample_city, tmp_path / sample_city.name))
    shutil.copytree(sample_city / "4_analysed", city.analysed)
    plan = read_plan(city, RUN)
    day = plan.blocks["starts_at"].min().normalize()
    made = make(city, day=day)
    told, blocks = listed(made.files[0]), plan.blocks[plan.blocks["starts_at"].dt.normalize() == day]
    expected = plan.meetings[plan.meetings["block"].isin(blocks["block"])].merge(blocks, on="block")
    all_expected = expected["vehicle"].nunique()
    expected = expected.sort_values(["chance", "vehicle"], ascending=[False, True]).groupby("block").head(30)
    assert made.vehicles == expected["vehicle"].nunique()
    assert made.struck == {PAID: 0, OTHERWISE: 0, UNLIKELY: all_expected - made.vehicles}
    hours = expected["starts_at"].dt.strftime("%H:%M") + "~" + expected["ends_at"].dt.strftime("%H:%M")
    named = zip(told["조"], told["시간"], tokens(told["차량번호"], key()), strict=True)
    assert sorted(named) == sorted(zip(expected["team"], hours, expected["plate_token"], strict=True))
    assert set(told["조치"]) <= {TREAT_BY[treat].ko for treat in TAKING}, "it plans for plates that may be taken"


# --- Plates are in the list and nowhere else --------------------------------------------------------------------------


def test_plates_are_in_the_list_and_nowhere_else(city, ring, tmp_path, held):
    write_plan(city, per_block=40)
    before = _everything(tmp_path, city)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    env = os.environ | {"TMPDIR": str(scratch), "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "dansok.field_list", "make", str(city.folder), RUN]
    command += ["--officer", OFFICER, "--purpose", PURPOSE, "--today", TODAY]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lists = sorted(city.field_lists.glob("*/*.xlsx"))
    assert [path.name.split("_")[0] for path in lists] == [WATCH, LIST]
    plates = set(listed(lists[1])["차량번호"])
    assert len(plates) > 20
    assert {row[0] for row in sheet(lists[0], WATCH)[1:]} <= plates
    for told in (done.stdout, done.stderr):
        assert not find_plates(told) and PHRASE not in told
    assert not list(scratch.iterdir())
    for path in _everything(tmp_path, city) - before:
        assert path.stat().st_mode & 0o077 == 0, f"others may read {path}"
    for path in _everything(tmp_path, city):
        assert not _holds(path, plates), f"{path} holds a plate"
        assert PHRASE.encode() not in path.read_bytes()
    assert not list(city.clean.glob(".staging-*"))


def _everything(folder, city):
    """Every file below a folder but the exports as sent, and the truth, which the sample's own tests read."""
    found = {path for path in folder.rglob("*") if path.is_file()}
    return {path for path in found if not {city.folder / "1_raw", city.folder / "truth"} & set(path.parents)}


def _holds(path, plates):
    content = path.read_bytes()
    if path.suffix == ".parquet":
        frame = pd.read_parquet(path)
        texts = [
            set(frame[name].dropna().astype(str)) for name in frame if not pd.api.types.is_numeric_dtype(frame[name])
        ]
        return any(plates & held for held in texts)
    return any(plate.encode(coding) in content for plate in plates for coding in ("utf-8", "cp949", "utf-16-le"))


def test_the_list_opens_only_with_its_pass_phrase(three_lists):
    _folder, made = three_lists
    for path in made[0].files:
        assert path.read_bytes()[:4] == bytes.fromhex("d0cf11e0"), "no plain workbook (PK), but an encrypted container"
        assert path.stat().st_mode & 0o777 == 0o600
        with pytest.raises(Refusal, match="cannot be opened"):
            unseal(path, PHRASE + "!")


@pytest.mark.parametrize("broken", ["seal", "append", "replace", "workbook"])
def test_a_run_that_dies_leaves_no_list_and_nothing_half_written(city, ring, monkeypatch, broken):
    write_plan(city)

    def die(*_args, **_kwargs):
        raise OSError("the disk is full")

    seen = []

    def die_at_the_second_list(source, target, real=os.replace):
        seen.extend([target] * (Path(target).suffix == ".xlsx"))
        return die() if len(seen) == 2 else real(source, target)

    if broken == "seal":
        monkeypatch.setattr(field_list, "seal", die)
    elif broken == "append":
        monkeypatch.setattr(access_log.AccessLog, "append", die)
    elif broken == "workbook":
        monkeypatch.setattr(field_list, "list_workbook", die)
    else:
        monkeypatch.setattr(os, "replace", die_at_the_second_list)
    with pytest.raises(OSError, match="full"):
        make(city)
    assert not [path for path in city.field_lists.rglob("*") if path.is_file()]
    assert not list(city.clean.glob(".staging-*"))
    assert not access_log.faults(access_log.log_path())


# --- No list without its gate ------------------------------------------------------------------------------------------


def _facts(city, **changed):
    path = city.analysed / "delinquent_stakeout" / RUN / "plan.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | changed), encoding="utf-8")


def _without_payments(city):
    path = city.folder / "city.toml"
    text = path.read_text(encoding="utf-8")
    begin = text.index('[[source]]\nname = "payments_received"')
    path.write_text(text[:begin] + text[text.index("[[source]]", begin + 10) :], encoding="utf-8")


def _another_key(monkeypatch, tmp_path, exists):
    path = tmp_path / "other" / "plates.key"
    path.parent.mkdir()
    if exists:
        path.write_text("ab" * 32)
        path.chmod(0o600)
    monkeypatch.setenv(VARIABLE, str(path))


def _real(city):
    (city.folder / "truth").unlink()


GOOD = ["--officer", OFFICER, "--purpose", PURPOSE, "--today", TODAY]
REFUSED = {
    "register too old": (dict(first_day="2025-08-20", as_of="2025-06-30"), [*GOOD[:4], "--today", "2025-08-20"], None, "51 days old"),
    "no payments of the day": (dict(first_day="2025-07-10", as_of="2025-06-30"), [*GOOD[:4], "--today", "2025-07-10"], None,
                               "payments end on 2025-06-30. .*of 2025-07-09 or later"),
    "no payments at all": ({}, GOOD, lambda c, m, t: _without_payments(c), "has no payments"),
    "no key": ({}, GOOD, lambda c, m, t: _another_key(m, t, False), "There is no key file"),
    "another key": ({}, GOOD, lambda c, m, t: _another_key(m, t, True), "not the key with which the tokens of the plan"),
    "another key, not told by the plan": (dict(key_mark=None), GOOD, lambda c, m, t: _another_key(m, t, True),
                                          "not the key with which the tokens of city/2_clean"),
    "plan of another city": (dict(city="seoul"), GOOD, None, "made for another city"),
    "plan of a later register": (dict(snapshot_on="2025-06-30"), GOOD, None, "rests on the register of 2025-06-30"),
    "no plan": ({}, GOOD, lambda c, m, t: shutil.rmtree(c.analysed), "has no stake-out plan 'latest'"),
    "plan without its vehicles": ({}, GOOD, lambda c, m, t: next(c.analysed.rglob("meetings.parquet")).unlink(), "damaged, or its vehicles"),
    "no work that day": ({}, [*GOOD[:4], "--today", "2025-06-12"], None, "has no block on 2025-06-12"),
    "nobody's name": ({}, ["--purpose", PURPOSE, "--today", TODAY], None, "officer's name is missing"),
    "blank name": ({}, ["--officer", "  ", *GOOD[2:]], None, "officer's name is missing"),
    "no purpose": ({}, ["--officer", OFFICER, "--today", TODAY], None, "purpose is missing"),
    "a plate as purpose": ({}, ["--officer", OFFICER, "--purpose", "12가3456 확인", "--today", TODAY], None, "no plate"),
    "no pass-phrase": ({}, GOOD, lambda c, m, t: m.delenv(gates.PASS_PHRASE), "There is no pass-phrase"),
    "short pass-phrase": ({}, GOOD, lambda c, m, t: m.setenv(gates.PASS_PHRASE, "짧은 암호 11자 "), "too short: at least 12"),
    "another day for a real city": ({}, GOOD, lambda c, m, t: _real(c), "TODAY is for invented cities alone"),
    "no day": ({}, [*GOOD[:4], "--today", "06/10/2025"], None, "write a day such as"),
}  # fmt: skip


def test_a_newer_register_than_the_plans_decides_who_stands_on_the_list(city, held):
    write_plan(city, as_of="2025-04-30")
    made = make(city)
    top = " ".join(row[0] for row in sheet(made.files[0], LIST)[:HEADER_ROW] if row[0])
    assert f"{held[TODAY].snapshot_on:%Y-%m-%d}" in top and "2025-04-30" not in top
    assert len(listed(made.files[0]))


@pytest.mark.parametrize("case", REFUSED)
def test_no_list_without_its_gate(city, monkeypatch, tmp_path, capsys, case):
    plan, arguments, spoil, message = REFUSED[case]
    write_plan(city, **plan)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    if spoil:
        spoil(city, monkeypatch, tmp_path)
    clean = {path: path.stat().st_ino for path in city.clean.iterdir()}
    with pytest.raises(SystemExit) as left:
        exit_on_refusal(main, ["make", str(city.folder), RUN, *arguments])
    told = capsys.readouterr()
    ko, en = told.err.strip().split("\n")
    assert left.value.code == 2 and told.out == ""
    assert re.search("[가-힣]", ko) and re.search(message, en), told.err
    assert not find_plates(told.err)
    assert not city.field_lists.exists()
    assert not access_log.log_path().exists()
    if "key" in case:
        assert {path: path.stat().st_ino for path in city.clean.iterdir()} == clean, "no token was made anew"
        assert (tmp_path / "other" / "plates.key").exists() == ("another" in case), "no key was made"


def test_a_plan_of_which_nobody_may_be_named_gives_no_list(city, held):
    now = held[TODAY].vehicles
    spared = now.index[~now["reason"].isin(NAMED)].intersection(held[AS_OF].vehicles.index)
    assert len(spared) > 5
    write_plan(city, vehicles=spared)
    with pytest.raises(Refusal, match="No vehicle is left"):
        make(city)
    assert not city.field_lists.exists() and not access_log.log_path().exists()


def test_livelihood_cases_and_kept_instalments_are_never_listed_for_seizure(city, held):
    now = held[TODAY].vehicles
    spared = now.index[now["reason"].isin(["livelihood", "instalments"])].intersection(held[AS_OF].vehicles.index)
    write_plan(city, vehicles=spared)
    made = make(city)
    assert set(listed(made.files[0])["조치"]) == {TREAT_BY["welfare"].ko, TREAT_BY["instalment"].ko}
    assert [path.name.split("_")[0] for path in made.files] == [LIST], "and the notice service is told of none"


def test_name_purpose_and_pass_phrase_are_asked_for(city, monkeypatch, capsys):
    write_plan(city)
    monkeypatch.delenv(gates.PASS_PHRASE)
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stdin", terminal)
    answers, phrases = iter([OFFICER, PURPOSE]), iter([PHRASE, PHRASE, PHRASE, "another one"])
    monkeypatch.setattr(builtins, "input", lambda prompt: next(answers))
    monkeypatch.setattr(getpass, "getpass", lambda prompt: next(phrases))
    main(["make", str(city.folder), RUN, "--today", TODAY])
    (line,) = access_log.read_lines(access_log.log_path())
    assert (line["officer"], line["purpose"]) == (OFFICER, PURPOSE)
    assert PHRASE not in capsys.readouterr().out
    with pytest.raises(Refusal, match="differ"):
        main(["make", str(city.folder), RUN, *GOOD])


# --- The access log ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def three_lists(sample_city, key_ring, tmp_path_factory):
    """A city with three lists, beside the ring with the log of them. Shared: `logged` copies both."""
    folder = tmp_path_factory.mktemp("listed")
    with pytest.MonkeyPatch.context() as patch:
        path = _copied_key(key_ring, folder / "ring")
        patch.setenv(VARIABLE, str(path))
        city = open_city(_copied(sample_city, folder / "city"))
        write_plan(city, per_block=20)
        return folder, [make(city, purpose=f"{n}차") for n in range(3)]


@pytest.fixture
def logged(three_lists, city, ring):
    """A city, its log, and three lists, as `three_lists`."""
    folder, made = three_lists
    for name in ("4_analysed", "field_lists"):
        shutil.copytree(folder / "city" / name, city.folder / name)
    shutil.copy(folder / "ring" / access_log.NAME, ring.parent)
    return city, access_log.log_path(), made


def test_each_list_has_its_line(logged):
    city, path, made = logged
    lines = access_log.read_lines(path)
    assert [line["number"] for line in lines] == [1, 2, 3] and [line["purpose"] for line in lines] == [
        "0차",
        "1차",
        "2차",
    ]
    for line, one in zip(lines, made, strict=True):
        assert line["files"] == {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in one.files}
        assert (line["vehicles"], line["city"], line["plan"]) == (one.vehicles, city.id, RUN)
        assert (line["destroy_on"], line["at"]) == (DESTROY_ON, "2025-06-10T16:00:00+09:00")
    assert path.stat().st_mode & 0o777 == 0o600 and city.folder not in path.parents
    assert not find_plates(path.read_text(encoding="utf-8"))
    said = {row[0]: row[1] for row in sheet(made[2].files[0], "근거")}["접속기록 (access log)"]
    assert said == f"3번째 줄, 앞줄의 해시 {lines[1]['hash']}"


def _changed(lines):
    lines[1] = lines[1].replace("1차", "시험")


def _rewritten(lines):
    line = json.loads(lines[1]) | {"purpose": "시험"}
    lines[1] = json.dumps(line | {"hash": access_log._hash(line)}, ensure_ascii=False)


TAMPERED = {
    "changed": (_changed, 2, "changed after"),
    "changed and hashed anew": (_rewritten, 3, "does not follow"),
    "left out": (lambda lines: lines.pop(1), 2, "does not follow"),
    "first left out": (lambda lines: lines.pop(0), 1, "does not follow"),
    "moved": (lambda lines: lines.insert(0, lines.pop()), 1, "does not follow"),
    "no line": (lambda lines: lines.insert(2, "지움"), 3, "no line of the log"),
}


@pytest.mark.parametrize("how", TAMPERED)
def test_a_log_that_was_tampered_with_says_at_which_line(logged, capsys, how):
    change, place, message = TAMPERED[how]
    city, path, made = logged
    lines = path.read_text(encoding="utf-8").splitlines()
    change(lines)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    first = access_log.faults(path)[0]
    assert first.line == place and message in first.text.en
    with pytest.raises(SystemExit) as left:
        main(["check-log", str(city.folder)])
    assert left.value.code == 1 and f"{path}:{place}:" in capsys.readouterr().out
    with pytest.raises(Refusal, match=f"Line {place} of the access log"):
        make(city)
    assert {path.name for path in city.field_lists.glob("*/*")} == {file.name for one in made for file in one.files}


@pytest.mark.parametrize("left", [0, 2])
def test_a_log_that_was_cut_off_is_told_by_the_lists(logged, capsys, left):
    city, path, _made = logged
    if left:
        path.write_text("\n".join(path.read_text(encoding="utf-8").splitlines()[:left]) + "\n", encoding="utf-8")
    else:
        path.unlink()
    assert not access_log.faults(path)
    with pytest.raises(SystemExit):
        main(["check-log", str(city.folder)])
    assert capsys.readouterr().out.count("not in the log") == (3 - left) * 2
    with pytest.raises(Refusal, match="stands nowhere in the access log"):
        make(city)


def test_a_list_that_was_saved_again_is_refused_with_what_to_do(logged):
    city, _path, made = logged
    saved = city.field_lists / RUN / made[1].files[0].name
    saved.write_bytes(saved.read_bytes() + b"saved")
    with pytest.raises(Refusal, match=f"{re.escape(saved.name)} in .* opened in Excel and saved") as refused:
        make(city)
    assert "엑셀에서 열어 저장" in refused.value.text.ko and "make log-sheet" in refused.value.text.ko
    with pytest.raises(Refusal, match="delete the file"):
        expiry.remove_expired(city, pd.Timestamp(DESTROY_ON), NOW)
    assert saved.exists(), "nothing is removed before somebody has seen to it"
    saved.unlink()
    assert len(expiry.remove_expired(city, pd.Timestamp(DESTROY_ON), NOW).lists) == 5


WINDOWS = """
import os, sys, types
import dansok.field_list.access_log as log
from dansok.words import Refusal
sys.modules["fcntl"] = None
sys.modules["msvcrt"] = types.SimpleNamespace(LK_LOCK=1, locking=lambda *asked: done.append(asked))
done, os.name = [], "nt"
with open(sys.argv[1], "w") as lock:
    log._wait_for(lock)
    assert done == [(lock.fileno(), 1, 1)]
    sys.modules["msvcrt"].locking = lambda *asked: open("/nowhere/at/all")
    try:
        log._wait_for(lock)
    except Refusal as refused:
        print(refused.text.en)
"""


def test_the_log_is_locked_without_fcntl_on_windows(tmp_path):
    run = [sys.executable, "-c", WINDOWS, str(tmp_path / "lock")]
    found = subprocess.run(run, capture_output=True, text=True, check=False)
    assert found.stdout.startswith("Another run is making"), found.stderr


def test_an_untouched_log_passes(logged, capsys):
    city, path, _made = logged
    main(["check-log", str(city.folder)])
    assert access_log.read_lines(path)[-1]["hash"] in capsys.readouterr().out


# --- Destruction -------------------------------------------------------------------------------------------------------


def test_lists_go_on_their_day_and_the_log_says_so(logged):
    city, path, made = logged
    before = expiry.remove_expired(city, pd.Timestamp("2025-06-16"), NOW)
    assert (before.lists, before.plans) == ([], [])
    gone = expiry.remove_expired(city, pd.Timestamp(DESTROY_ON), NOW)
    assert sorted(gone.lists) == sorted(file.name for one in made for file in one.files)
    assert not city.field_lists.exists() or not list(city.field_lists.iterdir())
    lines = access_log.read_lines(path)
    assert [line["event"] for line in lines] == ["made"] * 3 + ["destroyed"] * 6
    assert {name for line in lines[3:] for name in line["files"]} == set(gone.lists)
    assert not access_log.faults(path)


def test_make_forget_destroys_what_is_over(logged, capsys):
    city, path, made = logged
    forget.main([str(city.folder)])
    told = capsys.readouterr().out
    assert all(file.name in told for one in made for file in one.files) and f"{RUN}/meetings.parquet" in told
    assert not list(city.field_lists.glob("*/*")) and access_log.read_lines(path)[-1]["event"] == access_log.DESTROYED


def test_vehicles_of_an_old_plan_go_and_its_blocks_stay(city):
    write_plan(city)
    folder = city.analysed / "delinquent_stakeout" / RUN
    last = pd.Timestamp(json.loads((folder / "plan.json").read_text(encoding="utf-8"))["last_day"])
    assert expiry.remove_expired(city, last + pd.Timedelta(days=180), NOW).plans == []
    assert expiry.remove_expired(city, last + pd.Timedelta(days=181), NOW).plans == [RUN]
    assert not (folder / "meetings.parquet").exists() and (folder / "blocks.parquet").exists()
    with pytest.raises(Refusal, match="deleted when their time was over"):
        read_plan(city, RUN)


# --- Log sheets on their way back --------------------------------------------------------------------------------------

LOG_SOURCE = """
[[source]]
name = "crew_logs"
table = "outcomes"
files = ["단속결과_*.csv"]
columns = { acted_at = "일시", action = "결과", crew = "조", block = "구간", place_as_sent = "장소", paid_krw = "납부액", plate = "차량번호", longitude = "경도", latitude = "위도" }
"""


def fill_in(path, results, to):
    """Save a list with results by row of its log sheet, as a crew does."""
    book = openpyxl.load_workbook(io.BytesIO(unseal(path, PHRASE)))
    cells = book[LOG]
    for row, (result, paid) in results.items():
        cells.cell(row, 6, result)
        cells.cell(row, 7, paid)
    plain = io.BytesIO()
    book.save(plain)
    to.write_bytes(sealed.seal(plain.getvalue(), PHRASE))
    return to


def test_what_a_crew_fills_in_comes_back_as_hits_and_misses(sample_city, tmp_path, ring, held):
    city = open_city(_copied(sample_city, tmp_path / "city", own_exports=True))
    now = held[TODAY].vehicles
    write_plan(city, vehicles=now.index[now["eligible"]].intersection(held[AS_OF].vehicles.index), per_block=4)
    path = make(city).files[0]
    rows = [row for row in sheet(path, LOG)[2:]]
    assert sheet(path, LOG)[1] == [label for label, _width in LOG_COLUMNS]
    heads = [place for place, row in enumerate(rows, start=3) if row[4] is None]
    assert len(heads) == 4, "one row a block for a visit in vain, whoever was expected"
    first, second, third, _fourth = heads
    results = {
        first: ("미발견", None), second + 1: ("영치", 500_000), second + 2: ("현장 납부", "120,000"), second + 3: ("미발견", None),
        third + 1: ("분납 약정", None),
    }  # fmt: skip
    target, n = take_back(city, fill_in(path, results, tmp_path / path.name), PHRASE)
    assert n == 5 and target.parent == city.raw and target.name == "단속결과_2025-06-10_1호.csv"
    (city.folder / "city.toml").open("a", encoding="utf-8").write(LOG_SOURCE)
    city = open_city(city.folder)
    clean_city(city)
    said = scan(city, "outcomes", connect()).to_pandas()
    met = said[said["block"].notna()]
    assert not {row[4] for row in rows} & set(met.astype(str).to_numpy().ravel()), "plates became tokens"
    assert met["longitude"].between(127, 128).all()
    done = past.delivered(
        past.plans_until(city.analysed / "delinquent_stakeout", pd.Timestamp("2025-06-30")), said[[*past.LOG_COLUMNS]]
    )
    done = done.set_index("block").loc[[rows[head - 3][1] for head in heads]]
    assert done["entries"].tolist() == [1, 3, 1, 0], "of the fourth block nothing is known"
    assert done["hits"].tolist() == [0, 2, 1, 0]
    assert met.set_index("block").loc[done.index[1], "paid_krw"].sum() == 620_000


def test_three_sheets_in_vain_lower_a_site_by_rule(tmp_path):
    """From the rows as `clean` leaves them to the factor with which the next plan multiplies the site."""
    blocks = pd.DataFrame(
        {"block": list("abcd"), "run": "6월", "team": "가", "x": 0.0, "y": 0.0, "expected_vehicles": 0.1}
    )
    blocks = blocks.assign(starts_at=pd.date_range("2025-06-02 20:00", periods=4, freq="D"))
    before = past.Before(blocks.assign(ends_at=blocks["starts_at"] + pd.Timedelta(hours=2)), pd.DataFrame())
    for visits, factor in ((0, []), (2, [pytest.approx(2 / 2.2)]), (3, [0.5])):
        vain = pd.DataFrame(
            {"block": list("abcd")[:visits], "action": "not_there", "acted_at": pd.Timestamp("2025-06-02")}
        )
        done = past.delivered(before, vain.reindex(columns=past.LOG_COLUMNS))
        told = past.factors(done, lambda x, y: np.zeros(len(x), int), lambda day: pd.Series(False, day.index))
        assert told["factor"].tolist() == factor, "not looked at is not in vain"


@pytest.mark.parametrize(
    ("results", "message"),
    [({}, "No row"), ({4: ("없음", None)}, "1 results are none of the words")],
    ids=["nothing filled in", "a word of their own"],
)
def test_a_log_sheet_that_says_nothing_is_refused(logged, tmp_path, results, message):
    city, _path, made = logged
    path = fill_in(made[0].files[0], results, tmp_path / "back.xlsx")
    there = set(city.raw.iterdir())
    with pytest.raises(Refusal, match=message) as refused:
        take_back(city, path, PHRASE)
    assert set(city.raw.iterdir()) == there and not find_plates(str(refused.value))
    with pytest.raises(Refusal, match="cannot be opened"):
        take_back(city, path, "another pass-phrase")
    with pytest.raises(Refusal, match="no list 'nowhere.xlsx'"):
        take_back(city, Path("nowhere.xlsx"), PHRASE)


# --- The commands of make ----------------------------------------------------------------------------------------------


def test_make_passes_name_purpose_and_day_through(city, tmp_path):
    project = Path(__file__).resolve().parents[1]
    write_plan(city)
    told = ["OFFICER=김 '가상'", "PURPOSE=야간; 영치 $(HOME)", f"TODAY={TODAY}"]
    command = [
        "make",
        "--no-print-directory",
        "-C",
        str(project),
        "-o",
        ".venv/.done",
        "field-list",
        f"CITY={city.folder}",
        f"PLAN={RUN}",
    ]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [*command, *told, f"PYTHON={sys.executable}"], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (line,) = access_log.read_lines(access_log.log_path())
    assert line["officer"] == "김 '가상'" and line["purpose"].startswith("야간; 영치")
