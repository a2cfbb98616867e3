"""Run one notebook with one run file: python -m dansok.run CITY NOTEBOOK RUN.

Leaves `4_analysed/<notebook>/<run>.ipynb` and the folder `<run>/` with findings.json and metrics.json, all of them only
if every cell ran; a failed run leaves `<run>.failed.ipynb` to open, and what was there before.
"""

import ast
import importlib
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import nbformat
import papermill
import yaml
from nbclient.exceptions import DeadKernelError
from papermill.exceptions import PapermillExecutionError
from traitlets.config import Config

from dansok.city import PROJECT, open_city
from dansok.tables import TABLES
from dansok.words import Refusal, exit_on_refusal

NOTEBOOKS = PROJECT / "notebooks"
TYPES = {"str": str, "int": int, "float": (int, float), "bool": bool, "list": list}
TYPE_NAMES = {
    "str": ("글자", "text"),
    "int": ("정수", "a whole number"),
    "float": ("숫자", "a number"),
    "bool": ("true 또는 false", "true or false"),
    "list": ("목록", "a list"),
}
KERNEL_STARTS_IN = 300  # seconds; a minute is too short where other work keeps the processors busy
GIVEN = ("city", "save_as")  # by `run` itself, never by a run file
ONLY_FOR, NEEDS = "only_for", "needs"  # keys of a run file that say for which cities it is; no parameters


def main(arguments):
    if len(arguments) != 3:
        raise Refusal(
            "사용법: python -m dansok.run 도시폴더 노트북 실행이름", "Usage: python -m dansok.run CITY NOTEBOOK RUN"
        )
    run(*arguments)


def run(city_folder, notebook, run_name):
    """Execute a notebook for a city with the parameters of a run file.

    Parameters
    ----------
    city_folder : str or Path
    notebook : str
        Name in notebooks/, without `.ipynb`.
    run_name : str
        Name in notebooks/runs/<notebook>/, without `.yaml`.

    Returns
    -------
    Path
        The executed notebook.

    Raises
    ------
    Refusal
        If a parameter is unknown, ill-typed or impossible, before anything runs; or if a cell failed.
    """
    city = open_city(city_folder)
    source = NOTEBOOKS / f"{notebook}.ipynb"
    if not source.is_file():
        there = ", ".join(sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb")))
        raise Refusal(
            f"'{notebook}' 노트북이 없습니다. 있는 것: {there}.",
            f"There is no notebook '{notebook}'. There are: {there}.",
        )
    run_file = NOTEBOOKS / "runs" / notebook / f"{run_name}.yaml"
    declared = papermill.inspect_notebook(source)
    chosen, needs = read_run_file(run_file, declared)
    refuse_without_sources(city, needs, run_file)
    folder = city.analysed / notebook
    part = folder / f"{run_name}.part"
    parameters = {**chosen, "city": str(city.folder), "save_as": part.name}
    defaults = {name: ast.literal_eval(parameter["default"]) for name, parameter in declared.items()}
    importlib.import_module(f"dansok.cases.{notebook}").Choices(**{**defaults, **parameters})

    shutil.rmtree(part, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    failed, done, results = (folder / f"{run_name}{end}" for end in (".failed.ipynb", ".ipynb", ""))
    progress = _Progress(f"{notebook}/{run_name}", _code_cells(source), _seconds_last_time(done))
    try:
        with tempfile.TemporaryDirectory(prefix="kernel-") as sockets:
            # ipykernel warns of plain TCP on every run. Left alone, sockets are named by their number in the folder that this was
            # started from, and two runs that start together take the same (jupyter_client.connect, `_ip_default`).
            own = {"transport": "ipc", "ip": str(Path(sockets) / "ipc")}
            papermill.execute_notebook(
                source,
                failed,
                parameters,
                cwd=NOTEBOOKS,
                progress_bar=False,
                kernel_name="python3",
                start_timeout=KERNEL_STARTS_IN,
                on_cell_start=progress.cell,
                config=Config({"KernelManager": own}),
            )
    except (PapermillExecutionError, DeadKernelError) as error:
        shutil.rmtree(part, ignore_errors=True)
        cell, what = getattr(error, "exec_count", "?"), f"{getattr(error, 'ename', 'DeadKernel')}: {_one_line(error)}"
        raise Refusal(
            f"{notebook}/{run_name}: 셀 {cell}에서 멈췄습니다({what}). {failed.name}을 열어 보세요. 전의 결과는 그대로입니다.",
            f"{notebook}/{run_name}: cell {cell} failed ({what}). Open {failed.name}. Earlier results are untouched.",
        ) from error
    if not (part / "findings.json").is_file():
        raise Refusal(
            f"{notebook}/{run_name}: 노트북이 결과를 저장하지 않았습니다. findings.save 셀이 있는지 확인하세요.",
            f"{notebook}/{run_name}: the notebook saved no findings. Check its findings.save cell.",
        )
    shutil.rmtree(results, ignore_errors=True)
    os.replace(part, results)
    os.replace(failed, done)
    progress.finish()
    return done


def read_run_file(path, declared):
    """What a run file says: parameters, each one known to the notebook and of its type, and the tables it needs.

    Parameters
    ----------
    path : Path
    declared : dict
        `papermill.inspect_notebook` of the notebook.

    Returns
    -------
    chosen : dict
    needs : list of str

    Notes
    -----
    Papermill itself only warns of an unknown parameter and runs with the default, so that a misspelt month would
    print last month's briefing.
    """
    where = f"{path.parent.name}/{path.name}"
    if not path.is_file():
        there = ", ".join(sorted(other.stem for other in path.parent.glob("*.yaml"))) or "-"
        raise Refusal(
            f"{where}: 실행 파일이 없습니다. 있는 것: {there}.", f"{where}: no such run file. There are: {there}."
        )
    try:
        chosen = yaml.safe_load(path.read_text(encoding="utf-8-sig")) or {}
    except UnicodeDecodeError as error:
        raise Refusal(
            f"{where}: UTF-8로 저장되지 않았습니다. 편집기에서 UTF-8로 다시 저장하세요.",
            f"{where}: not saved as UTF-8. Save it again as UTF-8.",
        ) from error
    except yaml.YAMLError as error:
        line = error.problem_mark.line + 1 if getattr(error, "problem_mark", None) else "?"
        raise Refusal(
            f"{where} {line}행: YAML 형식이 잘못되었습니다. '이름: 값' 꼴로 적으세요.",
            f"{where} line {line}: not valid YAML. Write 'name: value'.",
        ) from error
    if not isinstance(chosen, dict):
        raise Refusal(f"{where}: '이름: 값' 꼴로 적으세요.", f"{where}: write 'name: value' lines.")
    needs = str(chosen.get(NEEDS, "")).split()
    chosen = {name: value for name, value in chosen.items() if name not in (ONLY_FOR, NEEDS)}
    allowed = [name for name in declared if name not in GIVEN]
    for name, value in chosen.items():
        if name not in allowed:
            raise Refusal(
                f"{where}: '{name}'은(는) 모르는 매개변수입니다. 쓸 수 있는 것: {', '.join(allowed)}.",
                f"{where}: '{name}' is not a parameter of the notebook. Known: {', '.join(allowed)}.",
            )
        kind = declared[name]["inferred_type_name"]
        if not isinstance(value, TYPES[kind]) or (isinstance(value, bool) and kind != "bool"):
            raise Refusal(
                f"{where}: {name} = {value!r}: {TYPE_NAMES[kind][0]}이어야 합니다(따옴표 확인).",
                f"{where}: {name} = {value!r} must be {TYPE_NAMES[kind][1]} (check the quotes).",
            )
    return chosen, needs


def refuse_without_sources(city, needs, path):
    """Refuse a run file that says `needs: TABLE ...`, for a city without a source of one of the tables.

    Parameters
    ----------
    city : City
    needs : list of str
        As `read_run_file` returns.
    path : Path
        The run file, for the message.
    """
    where = f"{path.parent.name}/{path.name}"
    for name in needs:
        if name not in TABLES or TABLES[name].stage != "2_clean":
            raise Refusal(
                f"{where}: needs에 적은 '{name}'은(는) 없는 표입니다.", f"{where}: '{name}' under needs is no table."
            )
        if not city.sources_of(name):
            raise Refusal(
                f"{where}: {city.folder.name}의 city.toml에 {TABLES[name].ko}({name}) 자료가 없어 만들 수 없습니다. [[source]]를 "
                "추가하고 내보내기 파일을 1_raw에 넣으세요.",
                f"{where}: city.toml of {city.folder.name} has no source of {name}, which it needs. Add a [[source]] and put "
                "the export into 1_raw.",
            )


def _code_cells(path):
    """Code cells that will run, the injected parameters with them."""
    return 1 + sum(cell.cell_type == "code" for cell in nbformat.read(path, as_version=4).cells)


def _one_line(error):
    text = str(getattr(error, "evalue", error)).strip()
    return text.splitlines()[0][:200] if text else ""


def _seconds_last_time(executed):
    if not executed.is_file():
        return None
    return nbformat.read(executed, as_version=4).metadata.get("papermill", {}).get("duration")


class _Progress:
    """One line a notebook: cell n of m, seconds so far, seconds last time."""

    def __init__(self, name, of, expected, stream=sys.stderr):
        self.name, self.of, self.stream, self.live = name, of, stream, stream.isatty()
        self.expected = f", last time {expected:.0f} s" if expected else ""
        self.started, self.cells = time.monotonic(), 0

    def cell(self, cell, cell_index):
        if cell.cell_type != "code":
            return
        self.cells += 1
        if self.live:
            self.stream.write(f"\r{self.name}: cell {self.cells} of {self.of}, {self._seconds():.0f} s{self.expected} ")
            self.stream.flush()

    def finish(self):
        start = "\r" if self.live else ""
        self.stream.write(
            f"{start}{self.name}: {self.cells} of {self.of} cells, {self._seconds():.0f} s{self.expected}\n"
        )

    def _seconds(self):
        return time.monotonic() - self.started


if __name__ == "__main__":
    exit_on_refusal(main, [*map(Path, sys.argv[1:2]), *sys.argv[2:]])
