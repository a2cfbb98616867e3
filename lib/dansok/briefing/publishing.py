"""Make both editions and the workbook, let the gate read them, and only then put them in their place."""

import os
import shutil
import tempfile
from pathlib import Path

from dansok.words import LANGUAGES, Refusal


def publish(notebook_path, folder, run):
    """Publish one executed notebook.

    Parameters
    ----------
    notebook_path : Path or str
    folder : Path or str
        Made if it is not there.
    run : str
        Name of the run: files are `<run>.ko.pdf`, `<run>.en.pdf` and `<run>.xlsx`.

    Returns
    -------
    list of Path
        The three files.

    Raises
    ------
    Refusal
        If any check fails; then files of an earlier run stay as they were and nothing else is left.
    """
    import nbformat

    from dansok.briefing import gate, workbook
    from dansok.briefing.exporter import edition
    from dansok.briefing.payload import payloads

    notebook_path = Path(notebook_path)
    if not notebook_path.is_file():
        raise Refusal(
            f"{notebook_path.name}: 실행된 노트북이 없습니다. 먼저 python -m dansok.run으로 실행하세요.",
            f"{notebook_path.name}: there is no such executed notebook. Run it first with python -m dansok.run.",
        )
    notebook = nbformat.read(notebook_path, as_version=4)
    gate.check_notebook(notebook)
    made = {f"{run}.{language}.pdf": edition(notebook, language) for language in LANGUAGES}
    made[f"{run}.xlsx"] = workbook.to_bytes(notebook)
    for language in LANGUAGES:
        gate.check_pdf(made[f"{run}.{language}.pdf"], language)
    gate.check_workbook(made[f"{run}.xlsx"], tables=len(payloads(notebook, "table")))
    return _put(made, Path(folder))


def _put(made, folder):
    """Write beside, then rename: a reader sees the old file or the new one, never half of one."""
    folder.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=".making-", dir=folder))
    try:
        for name, content in made.items():
            (beside / name).write_bytes(content)
        for name in made:
            os.replace(beside / name, folder / name)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return [folder / name for name in made]
