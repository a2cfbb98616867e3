"""A run file is checked before anything runs."""

import subprocess
from pathlib import Path

import nbformat
import papermill
import pytest
from dansok.city import open_city
from dansok.run import read_run_file, refuse_without_sources
from dansok.words import Refusal

PROJECT = Path(__file__).resolve().parents[1]
PARAMETERS = """\
city: str = "data/sample"  # 도시 폴더 | city folder
save_as: str = "draft"  # 이름 | name
last_month: str = "latest"  # 달 | month
top_places: int = 15  # 곳 | places
share: float = 0.5  # 몫 | share
"""

BARE = """\
id = "bare"
name = { ko = "가시", en = "A City" }
office = { ko = "가과", en = "A Division" }
crs = "EPSG:4326"

[[source]]
name = "lists"
title = { ko = "목록", en = "Lists" }
table = "tickets"
files = ["*.csv"]
columns = { issued_at = "일시", channel = "구분" }
"""


@pytest.fixture(scope="module")
def declared(tmp_path_factory):
    path = tmp_path_factory.mktemp("notebook") / "n.ipynb"
    cell = nbformat.v4.new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]})
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata=metadata), path)
    return papermill.inspect_notebook(path)


def test_a_run_file_gives_its_parameters_without_the_city_it_is_bound_to(tmp_path, declared):
    path = tmp_path / "august.yaml"
    path.write_text(
        'only_for: namyangju\nneeds: debts reads\nlast_month: "2025-08"\ntop_places: 5\nshare: 1\n', encoding="utf-8"
    )
    chosen, needs = read_run_file(path, declared)
    assert chosen == {"last_month": "2025-08", "top_places": 5, "share": 1}
    assert needs == ["debts", "reads"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("last_mnth: '2025-08'", "'last_mnth' is not a parameter of the notebook"),
        ("city: elsewhere", "'city' is not a parameter"),
        ("last_month: 2025-08-01", "must be text"),
        ("top_places: '5'", "top_places = '5' must be a whole number"),
        ("top_places: true", "top_places = True must be a whole number"),
        ("top_places: 5.5", "must be a whole number"),
        ("- a\n- b", "write 'name: value' lines"),
        ("a: b: c", "line 1: not valid YAML"),
    ],
)
def test_a_bad_run_file_is_refused_in_one_sentence(tmp_path, declared, text, says):
    path = tmp_path / "august.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Refusal) as refused:
        read_run_file(path, declared)
    assert says in refused.value.text.en
    assert "august.yaml" in refused.value.text.ko


def test_a_missing_run_file_lists_what_is_there(tmp_path, declared):
    (tmp_path / "latest.yaml").write_text("", encoding="utf-8")
    with pytest.raises(Refusal, match="There are: latest"):
        read_run_file(tmp_path / "august.yaml", declared)


@pytest.fixture
def bare_city(tmp_path):
    """A city with records of enforcement and no tax side."""
    folder = tmp_path / "bare"
    folder.mkdir()
    (folder / "city.toml").write_text(BARE, encoding="utf-8")
    return folder


def test_a_run_that_needs_a_table_is_refused_for_a_city_without_it(tmp_path, bare_city):
    with pytest.raises(Refusal, match="city.toml of bare has no source of debts") as refused:
        refuse_without_sources(open_city(bare_city), ["tickets", "debts"], tmp_path / "august.yaml")
    assert "체납" in refused.value.text.ko


@pytest.mark.parametrize("needs", ["dets", "debtors", "[debts]"])
def test_a_need_of_what_is_no_table_of_exports_is_refused(tmp_path, declared, bare_city, needs):
    path = tmp_path / "august.yaml"
    path.write_text(f"needs: {needs}\n", encoding="utf-8")
    _chosen, wanted = read_run_file(path, declared)
    with pytest.raises(Refusal, match="is no table"):
        refuse_without_sources(open_city(bare_city), wanted, path)


def test_make_leaves_out_what_a_city_has_no_exports_for_and_says_so(bare_city):
    plain = _make(bare_city)
    assert plain.returncode == 0, plain.stderr
    assert "dansok.run" in plain.stdout
    assert "parking_hotspots" in plain.stdout
    assert "delinquent_map latest" not in plain.stdout
    assert "delinquent_map/latest:debts" in plain.stdout, "it says what was left out"
    asked = _make(bare_city, "NOTEBOOK=delinquent_map")
    assert asked.returncode != 0
    assert "has no source that its run files need: delinquent_map/latest:debts" in asked.stderr
    assert "No run file matches" in _make(bare_city, "NOTEBOOK=other").stderr


def _make(city, *choices):
    return subprocess.run(
        ["make", "-n", f"CITY={city}", *choices], cwd=PROJECT, capture_output=True, text=True, check=False
    )
