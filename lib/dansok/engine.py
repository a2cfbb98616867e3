"""One Ibis connection: DuckDB inside the process."""

import os
import tempfile
from pathlib import Path

import ibis

# One SELECT a step: fused ones are slow to write, and compute what several columns need once for each of them.
ibis.options.sql.fuse_selects = False


def connect(memory_share=0.6):
    """A fresh in-process DuckDB behind Ibis, which may use `memory_share` of the machine's memory.

    Every stage writes Parquet in the order of its rows, so that the same input gives the same file.
    """
    connection = ibis.duckdb.connect()
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 8 << 30
    connection.raw_sql(f"SET memory_limit = '{int(total * memory_share) >> 20}MiB'")
    spill = Path(tempfile.gettempdir(), f"dansok-{os.getpid()}").as_posix().replace("'", "''")
    connection.raw_sql(f"SET temp_directory = '{spill}'")  # made only if memory runs out, and removed by DuckDB
    connection.raw_sql("SET TimeZone = 'Asia/Seoul'")
    # A bar would stand in logs. In a Jupyter kernel it is off, and setting it fails without ipywidgets.
    if connection.raw_sql("SELECT current_setting('enable_progress_bar')").fetchone()[0]:
        connection.raw_sql("SET enable_progress_bar = false")
    return connection
