"""What every notebook lets an analyst choose, checked against the city's records before any work is done."""

import hashlib
import re
from dataclasses import dataclass, field, fields

import ibis
import pandas as pd

from dansok.city import City, open_city
from dansok.clean import read_table
from dansok.engine import connect
from dansok.link import scan_linked
from dansok.periods import check_month, months_between, shift
from dansok.words import LANGUAGES, Refusal, Text

LONG_GONE = 12  # months without a record after which a channel does not hold back "latest" either
NOBODY = 0.02  # share of the busiest hour's watch below which an hour counts as unwatched
NOTHING = Text("", "")
REGULAR_MONTHS = 3  # a channel that reported in fewer months does not hold back "latest"


@dataclass(frozen=True)
class Choices:
    """The choices that all notebooks share; each notebook adds its own.

    Attributes
    ----------
    city : str
        City folder, absolute or from the project's root.
    save_as : str
        Name under which findings are saved in 4_analysed/<notebook>/.
    language : str
        Edition shown on the screen; the PDFs come in both.
    mark : str
        Mark in the header of every page, such as 내부검토용; empty for none.
    first_month, last_month : str
        Whole months "2025-08"; "earliest"; "latest": the last month in which every regular channel reported;
        "last record": the last month in which any did.
        `first_month` may also be a length such as "12 months", up to `last_month`.
    """

    city: str
    save_as: str
    language: str
    mark: str
    first_month: str
    last_month: str
    opened: City = field(init=False, repr=False, compare=False)
    months_seen: pd.DataFrame = field(init=False, repr=False, compare=False)

    def __post_init__(self):
        if self.language not in LANGUAGES:
            raise Refusal(
                f"language = '{self.language}': ko나 en으로 적으세요.",
                f"language = '{self.language}': write ko or en.",
            )
        city = open_city(self.city)
        self._set(opened=city, months_seen=months_seen(city))
        known = sorted(self.months_seen.month.unique())
        words = {"latest": latest_month(self.months_seen), "last record": known[-1]}
        last = words.get(self.last_month, self.last_month)
        last = check_month("last_month", last, known)
        length = re.fullmatch(r"([1-9]\d?) months", self.first_month)
        if length:
            first = max(shift(last, 1 - int(length[1])), known[0])
        else:
            first = check_month("first_month", self.first_month, known)
        if last < first:
            raise Refusal(
                f"last_month = '{last}'이 first_month = '{first}'보다 빠릅니다. 순서를 바꾸세요.",
                f"last_month = '{last}' lies before first_month = '{first}'. Swap them.",
            )
        self._set(first_month=first, last_month=last)

    def _set(self, **values):
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def _within(self, bounds, *, kind=NOTHING, hint=NOTHING):
        """Refuse a choice that lies outside of its bounds: name -> (least, most)."""
        for name, (least, most) in bounds.items():
            value = getattr(self, name)
            if not least <= value <= most:
                raise Refusal(
                    f"{name} = {value}: {least}에서 {most} 사이{kind.ko}로 적으세요{hint.ko}.",
                    f"{name} = {value}: write {kind.en}{least} to {most}{hint.en}.",
                )

    @property
    def as_of(self):
        """Last day of the period: every question about arrears is asked as of it."""
        return pd.Period(self.last_month, "M").end_time.normalize()

    @property
    def months(self):
        """The months of the period, in order."""
        return months_between(self.first_month, self.last_month)

    @property
    def period(self):
        """The period as a reader sees it."""
        return span(self.months)

    def folder(self, notebook):
        """Where the findings of a notebook are saved."""
        return self.opened.analysed / notebook / self.save_as

    @property
    def mark_text(self):
        """The mark as shown, or None."""
        known = {"내부검토용": "For internal review"}
        return Text(self.mark, known.get(self.mark, self.mark)) if self.mark else None

    def chosen(self):
        """Name -> value of every choice as resolved, for the page on how the briefing was made."""
        hidden = {"city", "save_as", "language", "opened", "months_seen"}
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name not in hidden}


def span(months):
    """A list of months as a reader sees it.

    Examples
    --------
    >>> span(["2024-12", "2025-01"])["en"]
    '2024-12 to 2025-01, 2 months'
    """
    first, last = months[0], months[-1]
    if len(months) == 1:
        return Text(first, first)
    return Text(f"{first}~{last}, {len(months)}개월", f"{first} to {last}, {len(months)} months")


def months_seen(city):
    """Months with records, by channel.

    Returns
    -------
    pd.DataFrame, one row a channel and month with records
        `channel`, `month` ("2025-08"), `records`.
    """
    tickets = scan_linked(city, "placed_tickets", connect())
    month = tickets.issued_at.strftime("%Y-%m").name("month")
    counted = tickets.filter(tickets.time_precision != "year").group_by("channel", month)
    seen = counted.agg(records=ibis._.records.sum()).order_by("channel", "month").to_pandas()
    if seen.empty:
        raise Refusal(
            f"{city.folder.name}: 날짜를 알 수 있는 단속 기록이 없습니다. 1_raw에 내보내기 파일을 넣으세요.",
            f"{city.folder.name}: there is no enforcement record with a date. Put exports into 1_raw.",
        )
    return seen


def latest_month(seen):
    """The last month in which every channel that reports regularly, and not long ago, has records.

    Parameters
    ----------
    seen : pd.DataFrame
        As `months_seen` returns.

    Examples
    --------
    >>> seen = pd.DataFrame({"channel": ["a", "a", "a", "b"], "month": ["2025-01", "2025-02", "2025-03", "2026-01"]})
    >>> latest_month(seen)
    '2025-03'
    """
    months = seen.groupby("channel").month.agg(["max", "count"])
    lately = months["max"] > shift(months["max"].max(), -LONG_GONE)
    regular = months[(months["count"] >= REGULAR_MONTHS) & lately]
    return (regular if len(regular) else months)["max"].min()


def by_source(arrivals):
    """One row a source of what `arrivals_told` gives: its files together, with the hash of their hashes in the order of names.

    Examples
    --------
    >>> days = {"first_day": "2025-01-01", "last_day": "2025-01-31"}
    >>> files = pd.DataFrame([{"source": "reads", "file": name, "rows": 5, "sha256": "ab", **days} for name in ("1.csv", "2.csv")])
    >>> by_source(files)[["file", "rows"]].map(lambda value: getattr(value, "en", value)).values.tolist()
    [['1.csv and 1 more', 10]]
    """
    rows = []
    for source, files in arrivals.sort_values("file").groupby("source", sort=False):
        first, more = files["file"].iloc[0], len(files) - 1
        both = hashlib.sha256("".join(files["sha256"]).encode()).hexdigest()
        rows.append(
            {
                "source": source,
                "file": Text(f"{first} 외 {more}개", f"{first} and {more} more") if more else first,
                "first_day": files["first_day"].min(),
                "last_day": files["last_day"].max(),
                "rows": int(files["rows"].sum()),
                "sha256": both if more else files["sha256"].iloc[0],
            }
        )
    return pd.DataFrame(rows, columns=["source", "file", "first_day", "last_day", "rows", "sha256"])


def arrivals_told(city):
    """The files that came, for a reader.

    Returns
    -------
    pd.DataFrame, one row a file
        As `clean` accounts for them, with `source` as its title (Text), and `first_day`, `last_day` of its records
        (missing where it holds no records).
    """
    arrivals = read_table(city, "arrivals")
    days = {name: arrivals[at].dt.date for name, at in (("first_day", "first_at"), ("last_day", "last_at"))}
    return arrivals.assign(source=arrivals.source.map(city.source_titles), **days)
