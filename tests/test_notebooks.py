"""Every notebook keeps the house rules."""

import ast
import dataclasses
import importlib
import inspect
import subprocess
from pathlib import Path

import nbformat
import papermill
import pytest
import yaml

PROJECT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((PROJECT / "notebooks").glob("*.ipynb"))
RUNS = sorted((PROJECT / "notebooks" / "runs").glob("*/*.yaml"))
MOST_LINES_IN_A_CELL = 12
MOST_PARAMETERS = {"delinquent_stakeout": 20}  # of the others 13

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def code_cells(path):
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def test_there_are_notebooks():
    assert NOTEBOOKS


@every_notebook
def test_is_committed_without_outputs(path):
    """Reads what git holds: on disk an analyst's notebook may well have outputs."""
    name = path.relative_to(PROJECT).as_posix()
    held = subprocess.run(["git", "show", f":{name}"], cwd=PROJECT, capture_output=True, check=True)
    for cell in nbformat.reads(held.stdout.decode(), as_version=4).cells:
        assert not cell.get("outputs"), cell.source
        assert cell.get("execution_count") is None


@every_notebook
def test_leaves_the_work_to_lib(path):
    forbidden = (ast.FunctionDef, ast.ClassDef, ast.Try, ast.Lambda)
    for cell in code_cells(path):
        parameters = "parameters" in cell.metadata.get("tags", [])
        most = MOST_PARAMETERS.get(path.stem, 13) if parameters else MOST_LINES_IN_A_CELL
        assert len(cell.source.splitlines()) <= most, cell.source
        assert "read_csv" not in cell.source and "%" != cell.source[:1]
        for node in ast.walk(ast.parse(cell.source)):
            assert not isinstance(node, forbidden), cell.source


@every_notebook
def test_parameters_are_plain_explained_and_the_ones_of_the_case(path):
    tagged = [cell for cell in code_cells(path) if "parameters" in cell.metadata.get("tags", [])]
    assert len(tagged) == 1
    body = ast.parse(tagged[0].source).body
    assert all(isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Constant) for node in body)
    understood = papermill.inspect_notebook(path)
    assert [node.target.id for node in body] == list(understood)
    for parameter in understood.values():
        korean, _, english = parameter["help"].partition(" | ")
        assert korean and english, parameter
    choices = importlib.import_module(f"dansok.cases.{path.stem}").Choices
    fields = [field.name for field in dataclasses.fields(choices) if field.init]
    assert sorted(understood) == sorted(fields)
    assert list(inspect.signature(choices).parameters) == fields


@every_notebook
def test_prose_comes_in_pairs(path):
    prose = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown"]
    tags = [tag for cell in prose for tag in cell.metadata.tags]
    assert tags == ["ko", "en"] * (len(prose) // 2)
    for ko, en in zip(prose[::2], prose[1::2], strict=True):
        headings = [[line.split()[0] for line in cell.source.splitlines() if line.startswith("#")] for cell in (ko, en)]
        assert headings[0] == headings[1], en.source
    assert prose[0].source.startswith("# ")


@pytest.mark.parametrize("path", RUNS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_run_files_in_git_name_known_parameters(path):
    known = papermill.inspect_notebook(PROJECT / "notebooks" / f"{path.parent.name}.ipynb")
    assert set(yaml.safe_load(path.read_text(encoding="utf-8"))) <= {*known, "only_for", "needs"}
