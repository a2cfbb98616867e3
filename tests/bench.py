"""Speed of reading exports and of hot spots, against a rival and against the least that could be done: `make bench`.

Each task is run several times in turn with its rivals in one process, so that a noisy machine disturbs all alike; the
shortest time counts. Prints seconds and ratios, and writes them to bench.json.
"""

import csv
import json
import random
import tempfile
import time
from pathlib import Path

import esda
import libpysal
import numpy as np
import pandas as pd
import xlsxwriter
from dansok.city import Source
from dansok.models import hotspots
from dansok.sources import read_source
from dansok.words import Text
from python_calamine import CalamineWorkbook

CSV_ROWS, XLSX_ROWS, REPEATS = 400_000, 60_000, 3
MONTHS, SIDE, DRAWS, RIVAL_DRAWS = 36, 100, 99_999, 999
HEADER = ["단속일시", "단속동", "단속장소", "단속구분"]


def main():
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        rows = list(made_up_rows(CSV_ROWS))
        with (folder / "export.csv").open("w", encoding="cp949", newline="") as file:
            csv.writer(file).writerows([HEADER, *rows])
        with xlsxwriter.Workbook(folder / "export.xlsx") as book:
            sheet = book.add_worksheet()
            for number, row in enumerate([HEADER, *rows[:XLSX_ROWS]]):
                sheet.write_row(number, 0, row)
        results["read_cp949_csv"] = compare(
            ours=lambda: ours(folder, "export.csv"),
            rival=lambda: pd.read_csv(folder / "export.csv", encoding="cp949", dtype=str).to_parquet(
                folder / "r.parquet"
            ),
            limit=lambda: (folder / "export.csv").read_bytes().decode("cp949"),
        )
        results["read_xlsx"] = compare(
            ours=lambda: ours(folder, "export.xlsx"),
            rival=lambda: pd.read_excel(folder / "export.xlsx", dtype=str, engine="openpyxl").to_parquet(
                folder / "r.parquet"
            ),
            limit=lambda: CalamineWorkbook.from_path(folder / "export.xlsx").get_sheet_by_index(0).to_python(),
        )
    results["hot_spots"] = compare(**hot_spots())
    for name, one in results.items():
        seconds = "  ".join(f"{who} {one[f'{who}_seconds']:.2f} s" for who in ("ours", "rival", "limit"))
        print(f"{name}: {seconds}  ours/rival {one['ours_over_rival']:.2f}  ours/limit {one['ours_over_limit']:.2f}")
    Path("bench.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def made_up_rows(count):
    draw = random.Random(1)
    for number in range(count):
        when = pd.Timestamp("2025-01-01") + pd.Timedelta(seconds=37 * number)
        yield [
            f"{when:%Y-%m-%d %H:%M:%S}",
            "가온동",
            f"가온동 {draw.randrange(900)}-{draw.randrange(90)}",
            "고정형CCTV",
        ]


def ours(folder, name):
    columns = {"issued_at": (("단속일시",),), "area_as_sent": (("단속동",),), "place_as_sent": (("단속장소",),)}
    source = Source(
        "bench", Text("시험", "bench"), "tickets", (name,), {**columns, "channel": (("단속구분",),)}, {}, {}, "EPSG:4326",
        (), (), None, None, None, "ymd",
    )  # fmt: skip
    with tempfile.TemporaryDirectory(dir=folder) as staging:
        read_source(source, folder, Path(staging))


def hot_spots():
    """36 months of 10,000 cells: z, p, hot cells; the rival draws a hundredth as often and corrects nothing."""
    chance = np.random.default_rng(1)
    column, row = (axis.ravel() for axis in np.mgrid[:SIDE, :SIDE])
    rates = chance.gamma(0.5, 2.0, (MONTHS, SIDE * SIDE))
    near = hotspots.neighbours(column, row)
    weights = libpysal.weights.lat2W(SIDE, SIDE, rook=False)
    picked = chance.integers(SIDE * SIDE, size=(9, DRAWS))  # neighbourhoods have at most nine cells
    return {
        "ours": lambda: (hotspots.gi_star(rates, near), hotspots.hot_cells(rates, near, draws=DRAWS)),
        "rival": lambda: [
            esda.G_Local(month, weights, transform="B", star=True, permutations=RIVAL_DRAWS) for month in rates
        ],
        "limit": lambda: (near @ rates.T, [month[picked].sum(axis=0) for month in rates]),
    }


def compare(**tasks):
    best = dict.fromkeys(tasks, float("inf"))
    for _repeat in range(REPEATS):
        for who, task in tasks.items():
            started = time.perf_counter()
            task()
            best[who] = min(best[who], time.perf_counter() - started)
    ratios = {f"ours_over_{who}": best["ours"] / best[who] for who in ("rival", "limit")}
    return {f"{who}_seconds": seconds for who, seconds in best.items()} | ratios


if __name__ == "__main__":
    main()
