"""Read and check city.toml, the only place that knows a city. Each key is described in README.md."""

import difflib
import json
import re
import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyproj

from dansok.korea.rules import read_rules
from dansok.tables import CHANNELS, TABLES
from dansok.words import Refusal, Text

PROJECT = Path(__file__).resolve().parents[2]
FORGOTTEN = "forgotten.json"
MEND_RULES = ("swap_axes",)
DAYS = ("every day", "working days", "rest days")
DATE_ORDERS = ("ymd", "dmy", "mdy")
CITY_KEYS = {"id", "name", "office", "rules_of", "crs", "cell_metres", "renamed_areas", "hours", "source"}
SOURCE_KEYS = {
    "name", "title", "table", "files", "columns", "constants", "values", "crs", "mend", "reject", "sheet", "records",
    "encoding", "date_order",
}  # fmt: skip
HOURS_KEYS = {"channel", "days", "from", "to", "hours", "grace", "basis", "verified"}
REJECT_KEYS = {"column", "equals", "contains", "reason"}


@dataclass(frozen=True)
class Reject:
    """Rows of a source that are no records of ours: `column` equals or contains a text."""

    column: str
    equals: str | None
    contains: str | None
    reason: Text


@dataclass(frozen=True)
class Source:
    """One kind of export: which files, and what their columns and values mean to us.

    `columns` gives, for each of our columns, the parts that are joined with a space; a part is a tuple of
    alternative headers, of which a file has one.
    """

    name: str
    title: Text
    table: str
    files: tuple[str, ...]
    columns: dict[str, tuple[tuple[str, ...], ...]]
    constants: dict[str, str]
    values: dict[str, dict[str, str]]
    crs: str
    mend: tuple[str, ...]
    reject: tuple[Reject, ...]
    sheet: str | None
    records: str | None
    encoding: str | None
    date_order: str


@dataclass(frozen=True)
class Hours:
    """When a channel may enforce: clock times in minutes after midnight, `last_day` None while in force."""

    channel: str
    days: str
    first_day: date
    last_day: date | None
    opens: int
    closes: int
    grace: tuple[int, int] | None
    basis: str
    verified: bool

    @property
    def grace_hours(self):
        """Hours of the day that lie wholly within the grace."""
        if self.grace is None:
            return ()
        return tuple(range(-(-self.grace[0] // 60), self.grace[1] // 60))


@dataclass(frozen=True)
class City:
    folder: Path
    id: str
    name: Text
    office: Text
    rules_of: str  # place whose rules in korea/rules.toml hold here
    crs: str
    cell_metres: int
    renamed_areas: dict[str, str]
    hours: tuple[Hours, ...]
    sources: tuple[Source, ...]

    @property
    def raw(self):
        return self.folder / "1_raw"

    @property
    def clean(self):
        return self.folder / "2_clean"

    @property
    def linked(self):
        return self.folder / "3_linked"

    @property
    def analysed(self):
        return self.folder / "4_analysed"

    @property
    def briefings(self):
        return self.folder / "5_briefings"

    @property
    def field_lists(self):
        return self.folder / "field_lists"

    @property
    def invented(self):
        """Whether `dansok.sample` wrote the city: what truly happens in it lies beside its data."""
        return (self.folder / "truth").is_dir()

    @property
    def forgotten_before(self):
        """Day before which personal rows were, or are being, deleted for good (datetime.date); None: no such day."""
        return max((date.fromisoformat(one["before"]) for one in self.forgotten), default=None)

    @property
    def forgotten(self):
        """What `dansok.forget` wrote down, the oldest first: list of dict, see there."""
        path = self.folder / FORGOTTEN
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []

    @property
    def source_titles(self):
        """Name of each source -> what a reader calls it."""
        return {source.name: source.title for source in self.sources}

    def sources_of(self, table):
        return tuple(source for source in self.sources if source.table == table)


def open_city(folder):
    """Read and check the city.toml of a city folder.

    Parameters
    ----------
    folder : str or Path
        A city folder; a relative one is taken from the project's root, wherever the notebook or command runs.

    Raises
    ------
    Refusal
        In one sentence, if the file is missing or anything in it is unknown, missing or contradictory.
    """
    folder = Path(folder) if Path(folder).is_absolute() else PROJECT / folder
    path = folder / "city.toml"
    if not path.is_file():
        raise Refusal(
            f"{_short(path)} 파일이 없습니다. 도시 폴더를 바르게 적었는지 확인하세요(예: CITY=data/sample).",
            f"There is no {_short(path)}. Check the city folder (for example CITY=data/sample).",
        )
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Refusal(
            f"{_short(path)}: TOML 형식이 잘못되었습니다({error}). 그 줄의 따옴표와 괄호를 확인하세요.",
            f"{_short(path)} is not valid TOML ({error}). Check the quotes and brackets of that line.",
        ) from error
    return _Reader(path).city(folder, content)


def _short(path):
    return f"{path.parent.name}/{path.name}"


class _Reader:
    """Checks one city.toml; every refusal names the file and the entry."""

    def __init__(self, path):
        self.path = path

    def refuse(self, where, ko, en):
        raise Refusal(f"{_short(self.path)} {where}: {ko}", f"{_short(self.path)} {where}: {en}")

    def known(self, where, found, allowed):
        for key in found:
            if key not in allowed:
                near = difflib.get_close_matches(key, allowed, 1)
                self.refuse(
                    where,
                    f"'{key}'은(는) 모르는 항목입니다."
                    + (
                        f" '{near[0]}'을(를) 쓰려던 것입니까?"
                        if near
                        else f" 쓸 수 있는 항목: {', '.join(sorted(allowed))}."
                    ),
                    f"'{key}' is not a known key."
                    + (f" Did you mean '{near[0]}'?" if near else f" Known keys: {', '.join(sorted(allowed))}."),
                )

    def need(self, where, content, key, kind):
        if key not in content:
            self.refuse(where, f"'{key}' 항목이 없습니다. 추가하세요.", f"'{key}' is missing. Add it.")
        return self.typed(where, content, key, kind)

    def typed(self, where, content, key, kind, default=None):
        value = content.get(key, default)
        if key in content and (not isinstance(value, kind) or (kind is int and isinstance(value, bool))):
            names = {str: "text", int: "a whole number", dict: "a table", list: "a list", bool: "true or false"}
            ko = {str: "글자", int: "정수", dict: "표", list: "목록", bool: "true 또는 false"}
            self.refuse(where, f"'{key}'은(는) {ko[kind]}이어야 합니다.", f"'{key}' must be {names[kind]}.")
        return value

    def text(self, where, content, key):
        value = self.need(where, content, key, dict)
        if set(value) != {"ko", "en"} or not all(isinstance(v, str) and v for v in value.values()):
            self.refuse(where, f"'{key}'에는 ko와 en을 모두 적으세요.", f"'{key}' needs both ko and en.")
        return Text(**value)

    def crs(self, where, value):
        try:
            pyproj.CRS.from_user_input(value)
        except pyproj.exceptions.CRSError:
            self.refuse(
                where,
                f"좌표계 '{value}'을(를) 모릅니다. EPSG:4326, EPSG:5179, EPSG:5181, EPSG:5186 등으로 적으세요.",
                f"coordinate system '{value}' is unknown. Write for example EPSG:4326, EPSG:5179 or EPSG:5186.",
            )
        return value

    def city(self, folder, content):
        self.known("", content, CITY_KEYS)
        cell_metres = self.typed("", content, "cell_metres", int, 100)
        if not 20 <= cell_metres <= 2000:
            self.refuse(
                "cell_metres",
                f"{cell_metres}: 20에서 2000 사이로 적으세요.",
                f"{cell_metres}: write 20 to 2000.",
            )
        crs = self.crs("crs", self.typed("", content, "crs", str, "EPSG:4326"))
        entries = self.need("", content, "source", list)
        sources = tuple(self.source(entry, crs) for entry in entries)
        names = [source.name for source in sources]
        for name in names:
            if names.count(name) > 1:
                self.refuse("[[source]]", f"이름 '{name}'이 두 번 있습니다.", f"the name '{name}' stands twice.")
        self.clashes(sources)
        return City(
            folder=folder,
            id=self.typed("", content, "id", str, folder.name),
            name=self.text("", content, "name"),
            office=self.text("", content, "office"),
            rules_of=self.rules_of(content),
            crs=crs,
            cell_metres=cell_metres,
            renamed_areas=self.typed("", content, "renamed_areas", dict, {}),
            hours=tuple(self.hours(entry) for entry in self.typed("", content, "hours", list, [])),
            sources=sources,
        )

    def rules_of(self, content):
        """A place named as such must have rules; a city that says nothing has its own, if there are any."""
        if "rules_of" not in content:
            return self.text("", content, "name").ko
        place = self.typed("", content, "rules_of", str)
        places = sorted({rule.place for rule in read_rules()})
        if place not in places:
            self.refuse(
                "rules_of",
                f"'{place}'의 규칙이 rules.toml에 없습니다. 있는 곳: {', '.join(places)}.",
                f"rules.toml has no rule of '{place}'. Places: {', '.join(places)}.",
            )
        return place

    def source(self, entry, city_crs):
        where = f"[[source]] '{entry.get('name', '?')}'"
        self.known(where, entry, SOURCE_KEYS)
        name = self.need(where, entry, "name", str)
        table_name = self.need(where, entry, "table", str)
        tables = [table.name for table in TABLES.values() if table.stage == "2_clean"]
        if table_name not in tables:
            self.refuse(
                where,
                f"표 '{table_name}'은(는) 없습니다. 있는 표: {', '.join(tables)}.",
                f"there is no table '{table_name}'. Tables: {', '.join(tables)}.",
            )
        table = TABLES[table_name]
        mappable = {column.name for column in table.columns if not column.made}
        columns = {}
        for ours, theirs in self.need(where, entry, "columns", dict).items():
            self.known(f"{where} columns", [ours], mappable)
            parts = theirs if isinstance(theirs, list) else [theirs]
            if not parts or not all(isinstance(part, str) and part.strip() for part in parts):
                self.refuse(
                    f"{where} columns.{ours}",
                    "열 이름을 글자나 글자의 목록으로 적으세요.",
                    "write a header, or a list of headers.",
                )
            columns[ours] = tuple(tuple(name.strip() for name in part.split("|")) for part in parts)
        constants = self.typed(where, entry, "constants", dict, {})
        self.known(f"{where} constants", constants, mappable)
        for ours in constants.keys() & columns.keys():
            self.refuse(
                where,
                f"'{ours}'가 columns와 constants에 모두 있습니다. 하나만 남기세요.",
                f"'{ours}' stands in columns and in constants. Keep one.",
            )
        for column in table.columns:
            if column.required and column.name not in columns and column.name not in constants:
                self.refuse(
                    where,
                    f"필수 열 '{column.name}'({column.ko})이 빠졌습니다. columns에 내보내기 파일의 열 이름을 적으세요.",
                    f"the required column '{column.name}' is not mapped. Name the export's column under columns.",
                )
        self.once(where, columns)
        values = self.typed(where, entry, "values", dict, {})
        for ours, codes in values.items():
            self.known(f"{where} values", [ours], {c.name for c in table.columns if c.values and not c.made})
            for raw, code in codes.items():
                if code not in table[ours].values:
                    self.refuse(
                        f"{where} values.{ours}",
                        f"'{raw}' = '{code}': 모르는 값입니다. 쓸 수 있는 값: {', '.join(table[ours].values)}.",
                        f"'{raw}' = '{code}' is not a known value. Known: {', '.join(table[ours].values)}.",
                    )
        mend = tuple(self.typed(where, entry, "mend", list, []))
        self.known(f"{where} mend", mend, MEND_RULES)
        date_order = self.typed(where, entry, "date_order", str, "ymd")
        if date_order not in DATE_ORDERS:
            self.refuse(f"{where} date_order", f"{DATE_ORDERS} 중 하나로 적으세요.", f"write one of {DATE_ORDERS}.")
        files = entry.get("files")
        files = [files] if isinstance(files, str) else files
        if not isinstance(files, list) or not files:
            self.refuse(
                where,
                'files에 파일 이름이나 무늬(예: "단속*.xlsx")를 적으세요.',
                'files needs file names or patterns (for example "단속*.xlsx").',
            )
        return Source(
            name=name,
            title=self.text(where, entry, "title") if "title" in entry else Text(name, name),
            table=table_name,
            files=tuple(files),
            columns=columns,
            constants=constants,
            values=values,
            crs=self.crs(f"{where} crs", self.typed(where, entry, "crs", str, city_crs)),
            mend=mend,
            reject=tuple(self.reject(where, rule, columns) for rule in self.typed(where, entry, "reject", list, [])),
            sheet=self.typed(where, entry, "sheet", str),
            records=self.typed(where, entry, "records", str),
            encoding=self.typed(where, entry, "encoding", str),
            date_order=date_order,
        )

    def once(self, where, columns):
        """One of their columns fills one of ours only, within a source."""
        filled = {}
        for ours, parts in columns.items():
            for theirs in (spelling for part in parts for spelling in part):
                if theirs in filled:
                    self.refuse(
                        f"{where} columns",
                        f"'{theirs}'가 '{filled[theirs]}'와 '{ours}'에 모두 쓰였습니다. 하나만 남기세요.",
                        f"'{theirs}' fills both '{filled[theirs]}' and '{ours}'. Keep one.",
                    )
                filled[theirs] = ours

    def clashes(self, sources):
        """Two sources of one table must not read the same header as different columns, nor the same files."""
        seen, globs = {}, {}
        for source in sources:
            for pattern in source.files:
                other = globs.setdefault((source.table, pattern, source.sheet, source.records), source.name)
                if other != source.name:
                    self.refuse(
                        f"[[source]] '{source.name}'",
                        f"파일 '{pattern}'을(를) '{other}'도 같은 표에 넣습니다. 행이 두 번 세어지니 하나만 남기세요.",
                        f"'{other}' also puts '{pattern}' into the same table. Rows would count twice: keep one.",
                    )
            for ours, parts in source.columns.items():
                for theirs in (spelling for part in parts for spelling in part):
                    before, other = seen.setdefault((source.table, theirs), (ours, source.name))
                    if before != ours:
                        self.refuse(
                            f"[[source]] '{source.name}'",
                            f"열 '{theirs}'이 여기서는 '{ours}', '{other}'에서는 '{before}'입니다. 한 뜻으로 맞추세요.",
                            f"column '{theirs}' is '{ours}' here but '{before}' in '{other}'. Give it one meaning.",
                        )

    def reject(self, where, rule, columns):
        self.known(f"{where} reject", rule, REJECT_KEYS)
        column = self.need(f"{where} reject", rule, "column", str)
        self.known(f"{where} reject", [column], columns)
        equals, contains = (self.typed(where, rule, key, str) for key in ("equals", "contains"))
        if (equals is None) == (contains is None):
            self.refuse(f"{where} reject", "equals나 contains 중 하나만 적으세요.", "write either equals or contains.")
        return Reject(column, equals, contains, self.text(f"{where} reject", rule, "reason"))

    def hours(self, entry):
        where = f"[[hours]] '{entry.get('channel', '?')}'"
        self.known(where, entry, HOURS_KEYS)
        channel = self.need(where, entry, "channel", str)
        self.known(where, [channel], CHANNELS)
        days = self.typed(where, entry, "days", str, "every day")
        self.known(where, [days], DAYS)
        first, last = self.day(where, entry, "from"), self.day(where, entry, "to")
        if first is None:
            self.refuse(where, "from(시작일)을 적으세요.", "from (the first day) is missing.")
        if last and last < first:
            self.refuse(where, f"to {last}가 from {first}보다 빠릅니다.", f"to {last} lies before from {first}.")
        opens, closes = self.span(where, self.need(where, entry, "hours", str))
        grace = self.span(where, entry["grace"]) if "grace" in entry else None
        return Hours(
            channel=channel,
            days=days,
            first_day=first,
            last_day=last,
            opens=opens,
            closes=closes,
            grace=grace,
            basis=self.need(where, entry, "basis", str),
            verified=bool(self.need(where, entry, "verified", bool)),
        )

    def day(self, where, entry, key):
        value = entry.get(key)
        if value is None or (isinstance(value, date)):
            return value
        try:
            return date.fromisoformat(value)
        except (TypeError, ValueError):
            self.refuse(
                where, f"{key} = {value!r}: 날짜는 2024-01-31처럼 적으세요.", f"{key} = {value!r}: write 2024-01-31."
            )

    def span(self, where, value):
        match = re.fullmatch(r"(\d{2}):(\d{2})-(\d{2}):(\d{2})", value) if isinstance(value, str) else None
        minutes = [int(match[i]) * 60 + int(match[i + 1]) for i in (1, 3)] if match else []
        if not match or not 0 <= minutes[0] < minutes[1] <= 24 * 60:
            self.refuse(
                where, f"{value!r}: 시간은 07:00-20:40처럼 적으세요.", f"{value!r}: write hours as 07:00-20:40."
            )
        return tuple(minutes)
