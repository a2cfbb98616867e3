"""How a briefing was made: data, rules, code and choices, as two tables on its last page.

Nothing here tells the hour or the machine, so that the same data and code give the same page.
"""

import hashlib
import importlib.metadata
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from dansok.briefing import page
from dansok.korea.rules import rules_version
from dansok.words import Text

PACKAGES = ("duckdb", "ibis-framework", "pandas", "statsmodels", "matplotlib", "typst")
SHORT = 10  # characters of a hash that people compare by eye
UNKNOWN = "unknown"
GIT_SECONDS = 120  # the filter of notebooks starts Python for each of them, which takes a busy machine a while
FILE_COLUMNS = {
    "source": Text("출처", "Source"),
    "file": Text("파일", "File"),
    "first_day": Text("첫날", "First day"),
    "last_day": Text("끝날", "Last day"),
    "rows": Text("행", "Rows"),
    "sha256": Text("sha256", "sha256"),
}


@dataclass(frozen=True)
class Provenance:
    """`files`: one row a data file that came. `made_with`: one row a fact, `what` (Text) and `value`."""

    files: pd.DataFrame
    made_with: pd.DataFrame

    def show(self):
        """Both tables, `tbl-data-files` and `tbl-made-with`."""
        columns = {name: label for name, label in FILE_COLUMNS.items() if name in self.files.columns}
        page.table(self.files, name="tbl-data-files", caption=Text("쓴 자료", "Data that were used"), columns=columns)
        page.table(
            self.made_with,
            name="tbl-made-with",
            caption=Text("만든 방법", "How this was made"),
            columns={"what": Text("항목", "What"), "value": Text("값", "Value")},
        )


def provenance(city_folder, arrivals, choices):
    """Where a briefing came from.

    Parameters
    ----------
    city_folder : Path
        Only its name and the hash of its city.toml are kept.
    arrivals : pd.DataFrame, one row a file
        `source` (Text), `file`, `rows`, `sha256`; `first_day` and `last_day` where they are known.
    choices : dict of str -> value
        What the analyst chose.

    Returns
    -------
    Provenance
        `.show()` displays it. What cannot be found (code outside of git) is "unknown".
    """
    files = arrivals[[name for name in FILE_COLUMNS if name in arrivals.columns]].copy()
    files["sha256"] = files["sha256"].str[:SHORT]
    facts = [
        (Text("도시", "City"), city_folder.name),
        (Text("도시 설정(city.toml)", "City settings (city.toml)"), _hash(city_folder / "city.toml")),
        (Text("규칙 판", "Version of the rules"), rules_version()),
        (Text("프로그램 판(commit)", "Code (commit)"), code_commit()),
        (Text("패키지", "Packages"), ", ".join(f"{name} {_version(name)}" for name in PACKAGES)),
        *((Text(f"선택: {name}", f"Choice: {name}"), _value(value)) for name, value in choices.items()),
    ]
    made_with = pd.DataFrame(facts, columns=["what", "value"])
    return Provenance(files.sort_values("file", key=lambda names: names.map(str), ignore_index=True), made_with)


def code_commit():
    """Short commit of the code that runs, with `-dirty` after changes that are not committed."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--exclude=*", f"--abbrev={SHORT}"]
    try:
        ran = subprocess.run([*command, "--dirty"], capture_output=True, text=True, timeout=GIT_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return UNKNOWN
    return ran.stdout.strip() if ran.returncode == 0 else UNKNOWN


def _hash(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()[:SHORT] if path.is_file() else UNKNOWN


def _version(package):
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return UNKNOWN


def _value(value):
    """A choice as text; of a path only its name, for the rest of it belongs to this machine."""
    if value is None or value == "":
        return Text("없음", "none")
    if isinstance(value, Path):
        return value.name
    if isinstance(value, (list, tuple)):
        return ", ".join(str(part.name if isinstance(part, Path) else part) for part in value)
    return value if isinstance(value, Text) else str(value)
