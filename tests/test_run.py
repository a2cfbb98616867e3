"""A run file is checked before anything runs."""

import nbformat
import papermill
import pytest
from dansok.run import read_run_file
from dansok.words import Refusal

PARAMETERS = """\
city: str = "data/sample"  # 도시 폴더 | city folder
save_as: str = "draft"  # 이름 | name
last_month: str = "latest"  # 달 | month
top_places: int = 15  # 곳 | places
share: float = 0.5  # 몫 | share
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
    path.write_text('only_for: namyangju\nlast_month: "2025-08"\ntop_places: 5\nshare: 1\n', encoding="utf-8")
    assert read_run_file(path, declared) == {"last_month": "2025-08", "top_places": 5, "share": 1}


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
