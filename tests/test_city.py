"""A city.toml is read into plain values, or refused in one sentence that says what to do."""

import datetime

import pytest
from dansok.city import PROJECT, open_city
from dansok.words import Refusal

GOOD = """
name = { ko = "가온시", en = "Gaon" }
office = { ko = "주차과", en = "Parking" }
[[hours]]
channel = "fixed_camera"
from = 2024-01-01
hours = "07:00-20:40"
grace = "11:50-14:00"
basis = "notice 2023-12"
verified = true
[[source]]
name = "cameras_sheet"
table = "tickets"
files = "단속*.xlsx"
columns = { issued_at = ["단속일자", "단속시간|단속시각"], channel = "구분" }
[source.values.channel]
"고정식" = "fixed_camera"
[[source.reject]]
column = "issued_at"
contains = "시험"
reason = { ko = "시험", en = "test" }
"""


def written(folder, text):
    (folder / "city.toml").write_text(text, encoding="utf-8")
    return folder


def test_a_good_file_is_read_into_plain_values(tmp_path):
    city = open_city(written(tmp_path, GOOD))
    (source,) = city.sources_of("tickets")
    assert source.files == ("단속*.xlsx",)
    assert source.columns["issued_at"] == (("단속일자",), ("단속시간", "단속시각"))
    assert source.values == {"channel": {"고정식": "fixed_camera"}}
    assert source.reject[0].contains == "시험"
    (hours,) = city.hours
    assert (hours.opens, hours.closes, hours.grace) == (420, 1240, (710, 840))
    assert hours.grace_hours == (12, 13)
    assert (hours.first_day, hours.last_day) == (datetime.date(2024, 1, 1), None)
    assert (city.crs, city.cell_metres, city.raw) == ("EPSG:4326", 100, tmp_path / "1_raw")
    assert city.rules_of == "가온시", "a city that says nothing has the rules of its own name, if there are any"


@pytest.mark.parametrize("place", ["남양주시", "전국"])
def test_rules_of_another_place_may_hold(tmp_path, place):
    city = open_city(written(tmp_path, GOOD.replace("[[hours]]", f'rules_of = "{place}"\n[[hours]]', 1)))
    assert city.rules_of == place


def test_the_examples_follow_namyangju():
    assert {open_city(f"data/{name}").rules_of for name in ("sample", "namyangju")} == {"남양주시"}


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("files =", "fils =", "'fils' is not a known key. Did you mean 'files'?"),
        ('name = { ko = "가온시", en = "Gaon" }', 'name = { ko = "가온시" }', "'name' needs both ko and en"),
        ("[[hours]]", 'crs = "EPSG:99999"\n[[hours]]', "coordinate system 'EPSG:99999' is unknown"),
        ("[[hours]]", 'rules_of = "남양주"\n[[hours]]', "rules.toml has no rule of '남양주'. Places: "),
        ("[[hours]]", "rules_of = 3\n[[hours]]", "'rules_of' must be text"),
        ("[[hours]]", "cell_metres = 5\n[[hours]]", "5: write 20 to 2000"),
        ("[[hours]]", "cell_metres = true\n[[hours]]", "'cell_metres' must be a whole number"),
        ('table = "tickets"', 'table = "ticket"', "there is no table 'ticket'"),
        ("channel = \"구분\" }", "chanel = \"구분\" }", "'chanel' is not a known key. Did you mean 'channel'?"),
        (', channel = "구분"', "", "the required column 'channel' is not mapped"),
        ('channel = "구분"', 'channel = "단속일자"', "'단속일자' fills both 'issued_at' and 'channel'"),
        ('= "fixed_camera"\n[[source.reject]]', '= "camera"\n[[source.reject]]', "'고정식' = 'camera' is not a known value"),
        ('contains = "시험"', 'contains = "시험"\nequals = "시험"', "write either equals or contains"),
        ("from = 2024-01-01", 'from = "2024-13-01"', "from = '2024-13-01': write 2024-01-31"),
        ("from = 2024-01-01", "from = 2024-01-01\nto = 2023-01-01", "to 2023-01-01 lies before from 2024-01-01"),
        ('hours = "07:00-20:40"', 'hours = "7-20"', "'7-20': write hours as 07:00-20:40"),
        ("verified = true", "", "'verified' is missing"),
        ('columns = {', 'mend = ["swap"]\ncolumns = {', "'swap' is not a known key. Did you mean 'swap_axes'?"),
        ("[[source]]", "[[source", "is not valid TOML"),
    ],
)  # fmt: skip
def test_a_bad_file_is_refused_in_one_sentence(tmp_path, old, new, says):
    assert old in GOOD
    with pytest.raises(Refusal) as refused:
        open_city(written(tmp_path, GOOD.replace(old, new, 1)))
    assert says in refused.value.text.en
    assert "city.toml" in refused.value.text.ko
    assert "\n" not in refused.value.text.en


SECOND = """
[[source]]
name = "{name}"
table = "tickets"
files = "{files}"
columns = {{ issued_at = "{issued_at}", channel = "{channel}" }}
"""


@pytest.mark.parametrize(
    ("second", "says"),
    [
        (dict(name="cameras_sheet", files="b*", issued_at="일시", channel="구분"), "the name 'cameras_sheet' stands twice"),
        (dict(name="b", files="단속*.xlsx", issued_at="일시", channel="구분"), "Rows would count twice"),
        (dict(name="b", files="b*", issued_at="구분", channel="수단"), "column '구분' is 'issued_at' here but 'channel' in 'cameras_sheet'"),
    ],
)  # fmt: skip
def test_two_sources_of_one_table_must_not_clash(tmp_path, second, says):
    with pytest.raises(Refusal, match=says):
        open_city(written(tmp_path, GOOD + SECOND.format(**second)))


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(Refusal, match="There is no .*/city.toml"):
        open_city(tmp_path / "nowhere")


@pytest.mark.parametrize("path", sorted((PROJECT / "data").glob("*/city.toml")), ids=lambda path: path.parent.name)
def test_the_examples_in_git_are_good(path):
    assert open_city(path.parent).sources
