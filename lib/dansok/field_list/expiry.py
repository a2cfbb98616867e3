"""Lists whose day of destruction has come, and the vehicles of old plans, are removed; the access log says so."""

import re
import unicodedata
from dataclasses import dataclass

import pandas as pd

from dansok.field_list.access_log import DESTROYED, lists_of, open_log
from dansok.field_list.gates import Rules
from dansok.field_list.plan import NOTEBOOK, last_day
from dansok.field_list.sealed import PART

MEETINGS = "meetings.parquet"
DESTROY_ON = re.compile(r"_파기_(\d{4}-\d{2}-\d{2})\.xlsx")


@dataclass(frozen=True)
class Removed:
    """`lists`: names of files; `plans`: runs whose vehicles were deleted (their blocks stay)."""

    lists: list
    plans: list


def file_name(title, day, number, destroy_on):
    """Name of a list: its day, its line in the access log, and the day on which it is to be destroyed.

    Examples
    --------
    >>> file_name("현장명단", pd.Timestamp("2026-01-05"), 3, "2026-01-12")
    '현장명단_2026-01-05_3호_파기_2026-01-12.xlsx'
    """
    return f"{title}_{day:%Y-%m-%d}_{number}호_파기_{destroy_on}.xlsx"


def destroy_day(name):
    """Day of destruction that a list's name carries; None if it carries none."""
    found = DESTROY_ON.search(unicodedata.normalize("NFC", name))
    return pd.Timestamp(found[1]) if found else None


def remove_expired(city, today, now):
    """Remove what may no longer be kept of a city's lists and plans.

    Parameters
    ----------
    city : dansok.city.City
    today : pd.Timestamp
        A list is removed from its day of destruction on, the vehicles of a plan so many days after the plan's last (`rules.toml`).
    now : datetime.datetime
        With its time zone; for the access log.

    Returns
    -------
    Removed

    Raises
    ------
    Refusal
        If the access log was tampered with: first see what happened.
    """
    days = Rules(today.date(), city.rules_of).value("kept", "plan_days_at_most")
    half_written = list(city.field_lists.glob(f"*/*{PART}"))
    expired = [path for path in lists_of(city) if _is_over(path.name, today)]
    old = [
        path for path in sorted((city.analysed / NOTEBOOK).glob(f"*/{MEETINGS}"))
        if last_day(path.parent) < today - pd.Timedelta(days=days)
    ]  # fmt: skip
    if expired or half_written:
        with open_log(city) as log:
            for path in half_written:
                path.unlink(missing_ok=True)
            files = {name: digest for line in log.lines for name, digest in line["files"].items()}
            for path in expired:
                path.unlink()
                log.append(
                    DESTROYED, now, officer="", purpose="retention", city=city.id, plan=path.parent.name, vehicles=0,
                    files={path.name: files[path.name]}, destroy_on=f"{destroy_day(path.name):%Y-%m-%d}",
                )  # fmt: skip
    for path in old:
        path.unlink()
    for folder in city.field_lists.glob("*"):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    return Removed([path.name for path in expired], [path.parent.name for path in old])


def _is_over(name, today):
    day = destroy_day(name)
    return day is not None and day <= today
