"""One table from all its sources: read, compare, place, write; and an account of every row."""

from dataclasses import dataclass, field
from functools import reduce
from operator import add
from pathlib import Path

import ibis
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from ibis import _

from dansok.clean import categories, duplicates, moments, positions, retention, rows, surprises
from dansok.clean.numbers import read_boolean
from dansok.clean.surprises import Surprise
from dansok.clean.texts import UNFIT, WORDS, as_texts, without_plates
from dansok.korea.addresses import clashing_keys
from dansok.korea.particles import with_particle
from dansok.ledger import DROPPED, FLAGGED, MENDED, Ledger
from dansok.privacy import key as office_key
from dansok.sources import ROW_NOTES, read_source
from dansok.tables import KEY, UNWRITTEN
from dansok.words import Refusal, Text

FEW_ROWS = 20
SHIFTED = ("undecodable text", "short row", "long row")
KEY_TWICE = "key_twice"
TOO_OLD = Text("보존 기한이 지나 지움", "older than the retention day, forgotten")
LEFT_OUT = {duplicates.REPEATED: rows.DUPLICATE, KEY_TWICE: rows.KEY_TWICE}
BY_FILE = ("debts", "payments")
NOT_READ = {
    "masked": Text("번호판 일부가 가려짐", "plate is masked"),
    "unreadable": Text("번호판을 읽을 수 없음", "plate is unreadable"),
}
PLACES = {
    "mended": (MENDED, Text("경도와 위도를 서로 바꿈", "axes exchanged")),
    "swapped": (FLAGGED, Text("경도와 위도가 바뀜", "axes swapped")),
    "outside": (FLAGGED, Text("좌표가 지역 밖이거나 0", "coordinates outside the region or zero")),
    "pile_up": (FLAGGED, Text("좌표가 한 점에 몰림", "coordinates piled up on one point")),
}


@dataclass
class Cleaned:
    """A table in the staging folder, with what is said about it."""

    rows_in: int
    kept: int
    rejected: int
    forgotten: int
    arrivals: list
    surprises: list


@dataclass
class _Part:
    """One source on its way."""

    source: object
    texts: ibis.Table
    order: int
    plates_found: dict
    arrivals: list
    counts: dict = field(default_factory=dict)
    path: Path = None
    rows: ibis.Table = None
    reasons: list = None
    forgotten: dict = field(default_factory=dict)  # source_file -> rows older than the retention day
    stats: dict = field(default_factory=dict)
    surprises: list = field(default_factory=list)

    def surprise(self, table, kind, count, text):
        self.surprises.append(Surprise(table.name, self.source.name, kind, int(count), text))


class TableCleaner:
    """Cleans one table of a city inside a staging folder.

    Parameters
    ----------
    connection : ibis backend
    city : dansok.city.City
    table : dansok.tables.Table
    staging : Path
        Folder that nobody else reads; what it holds in between includes plates.
    areas : pd.DataFrame
        The city's cleaned areas; empty if it has none (yet).
    cleaned : dict of str to ibis.Table
        Tables cleaned before this one of which old rows of vehicles may have to stay (`Table.needed_for`).
    """

    def __init__(self, connection, city, table, staging, areas, cleaned):
        self.connection, self.city, self.table, self.staging = connection, city, table, staging
        self.areas, self.cleaned = areas, cleaned
        self.region = positions.Region.around(areas.geometry)
        self.ledger = Ledger(table.name)

    def clean(self):
        """Write `<table>.parquet`, `.rejected.parquet` and `.ledger.parquet` into the staging folder.

        Raises
        ------
        Refusal
            If a source cannot be read, or a category holds a value that no map knows.
        """
        parts = [self._stage(order, source) for order, source in enumerate(self.city.sources_of(self.table.name))]
        self._map_categories(parts)
        vehicles = self._vehicles(parts)
        for part in parts:
            self._read(part, vehicles)
        self._forget(parts)
        for part in parts:
            self._look_at(part)
        repeated = self._compare(parts)
        placed = [self._place(part, repeated) for part in parts]
        kept = self._write_kept(placed)
        rejected = self._write_rejected(parts, repeated)
        self._write_ledger(parts)
        came = sum(part.stats["came"] for part in parts)
        forgotten = sum(sum(part.forgotten.values()) for part in parts)
        if came != kept + rejected + forgotten:
            raise AssertionError(
                f"{self.table.name}: {came} rows came, but {kept} were kept, {rejected} rejected and {forgotten} forgotten"
            )
        self._look_at_areas(parts)
        return Cleaned(
            came,
            kept,
            rejected,
            forgotten,
            self._arrivals(parts),
            [surprise for part in parts for surprise in part.surprises],
        )

    def _pandas(self, expression):
        return self.connection.to_pandas(expression)

    def _stored(self, expression, name):
        """Write an expression into the staging folder, and read it back."""
        path = self.staging / f"{self.table.name}.{name}.parquet"
        self.connection.to_parquet(expression, path)
        return self.connection.read_parquet(path)

    def _stage(self, order, source):
        staged = read_source(source, self.city.raw, self.staging / f"{self.table.name}.{order}")
        raw = self.connection.read_parquet([str(path) for path in staged.parquet], union_by_name=True)
        texts = as_texts(self.table, source, raw)
        names = [c.name for c in self.table.columns if c.type == "string" and c.name in texts.columns]
        texts, found = without_plates(texts, names, self._pandas)
        return _Part(source, texts, order, found, staged.arrivals)

    def _map_categories(self, parts):
        strange = []
        for part in parts:
            for name, counts in rows.category_counts(part.source, self.table, part.texts, self._pandas).items():
                column = self.table[name]
                codes = categories.codes_of(column, part.source.values.get(name, {}))
                part.counts[name] = codes, list(counts.text)
                strange += categories.unmapped(part.source, column, codes, counts)
        if strange:
            categories.refuse_unmapped(self.table, strange)

    def _vehicles(self, parts):
        """What the plates of all sources say: most of them stand in several, and each is read and hashed once."""
        plates = [part.texts.select("plate") for part in parts if "plate" in part.texts.columns]
        if not plates:
            return None
        frames = rows.vehicles_of(reduce(lambda a, b: a.union(b), plates), office_key(), self._pandas)
        return self._lookup(frames, "vehicles")

    def _read(self, part, vehicles):
        source, texts = part.source, part.texts
        vehicles = vehicles if "plate" in texts.columns else None
        outlines = None
        if "geometry" in texts.columns:
            read, seen = rows.outlines_of(texts, source.crs, self.region.middle, self._pandas)
            outlines = self._lookup([read], f"{part.order}.outlines")
            if seen:
                part.surprise(self.table, "crs_contradicts", len(read), surprises.crs_contradicts(source.crs, seen))
        secrets = {}
        for column in self.table.columns:
            if column.type == "secret" and column.name in texts.columns:
                frames = rows.tokens_of(texts, column.name, office_key(), self._pandas)
                secrets[column.name] = self._lookup(frames, f"{part.order}.{column.name}")
        expression, part.reasons = rows.typed(self.table, source, texts, part.counts, vehicles, secrets, outlines)
        part.rows = self._stored(expression, f"{part.order}.typed")

    def _forget(self, parts):
        """Rows of before the retention day go, and nothing but their number is kept of them."""
        day = self.city.forgotten_before
        if day is None or self.table.ages_by is None:
            return
        needed = None
        if self.table.needed_for:
            own = [part.rows.select("plate_token", "vehicle_token") for part in parts if self.table.name == "vehicles"]
            vehicles = reduce(lambda a, b: a.union(b), own) if own else self.cleaned["vehicles"]
            needed = retention.needed_plates(self.cleaned[self.table.needed_for], vehicles)
        for part in parts:
            marked = retention.mark_old(part.rows, self.table, day, needed)
            marked = self._stored(marked, f"{part.order}.marked")
            counts = self._pandas(marked.filter(marked.old).group_by("source_file").agg(n=_.count()))
            part.forgotten = {one.source_file: int(one.n) for one in counts.sort_values("source_file").itertuples()}
            part.rows = marked.filter(~marked.old).drop("old")

    def _look_at(self, part):
        self._times(part)
        part.stats |= self._sums(part)
        unread = sum(n for i, n in part.stats["reasons"].items() if i >= len(ROW_NOTES) + len(part.source.reject))
        if unread >= FEW_ROWS and not part.stats["kept"] and not part.forgotten:
            raise Refusal(*self._nothing_left(part))

    def _lookup(self, frames, name):
        """Small tables to be joined with, put where the engine can read them."""
        paths = []
        for i, frame in enumerate(frames):
            paths.append(str(self.staging / f"{self.table.name}.{name}.{i}.parquet"))
            pq.write_table(pa.Table.from_pandas(frame, preserve_index=False, schema=_schema(frame)), paths[-1])
        return self.connection.read_parquet(paths)

    def _nothing_left(self, part):
        reason, n = max(part.stats["reasons"].items(), key=lambda item: item[1])
        text = part.reasons[reason]
        return (
            f"{self.table.ko}({self.table.name}): [[source]] '{part.source.name}'의 {part.stats['came']:,}행 가운데 쓸 수 있는 행이 "
            f"없습니다({text.ko} {n:,}행). city.toml의 columns와 date_order를 확인하세요.",
            f"{self.table.name}: none of the {part.stats['came']:,} rows of [[source]] '{part.source.name}' can be used "
            f"({text.en}: {n:,}). Check columns and date_order in city.toml.",
        )

    def _times(self, part):
        """Tell mixed formats; where midnight stands for "no clock", take it so."""
        usable = part.rows.filter(part.rows.reason.isnull())
        for column in self.table.columns:
            if column.type not in ("timestamp", "date") or f"{column.name}__layout" not in part.rows.columns:
                continue
            shape = [f"{column.name}__layout", f"{column.name}__precision"]
            sent = usable[f"{column.name}__sent"]
            found = usable.filter(usable[shape[0]].notnull()).group_by(shape).agg(example=sent.min(), rows=_.count())
            shapes = self._pandas(found).sort_values(["rows", "example"], ascending=[False, True])
            if len(shapes) > 1:
                text = surprises.mixed_formats(column, shapes)
                part.surprise(self.table, "mixed_formats", shapes.rows.sum(), text)
            if column.type == "timestamp":
                n = self._pandas(rows.midnight_rows(usable, column.name)).iloc[0]
                if moments.mostly_midnight(n.midnight, n.clock):
                    part.rows = rows.without_midnights(part.rows, column.name)
                    part.surprise(self.table, "midnights", n.midnight, surprises.midnights(column, int(n.midnight)))

    def _sums(self, part):
        by_reason = self._pandas(part.rows.group_by("reason").agg(n=_.count()).order_by("reason"))
        reasons = {int(one.reason): int(one.n) for one in by_reason.dropna().itertuples()}
        left = int(by_reason.n.sum())
        kept = part.rows.filter(part.rows.reason.isnull())
        flags = [name for name in part.rows.columns if name.endswith(("__unread", "__rough", "__mended"))]
        sums = {name: kept[name].sum().fill_null(0) for name in flags}
        if "plate_state" in part.rows.columns:
            sums |= {state: (kept.plate_state == state).sum().fill_null(0) for state in NOT_READ}
        counted = self._pandas(kept.agg(**sums)).iloc[0].astype(int).to_dict() if sums else {}
        note = list(ROW_NOTES).index("undecodable text")
        if reasons.get(note):
            part.surprise(self.table, "undecodable", reasons[note], surprises.undecodable(reasons[note]))
        for name, n in counted.items():
            column, _dot, flag = name.partition("__")
            if n and flag == "unread" and column not in ("longitude", "latitude"):
                part.surprise(self.table, "unread", n, surprises.unread(self.table[column], n))
            if n and flag == "mended":
                part.surprise(self.table, "outlines_mended", n, surprises.outline_mended(n))
        for name, n in part.plates_found.items():
            part.surprise(self.table, "plate_in_text", n, surprises.plate_in_text(self.table[name], n))
        came = left + sum(part.forgotten.values())
        return {"came": came, "kept": left - sum(reasons.values()), "reasons": reasons, "flags": counted}

    def _compare(self, parts):
        """Rows that are left out because they came twice: source_order, source_file, source_row."""
        keys = [
            part.rows.filter(part.rows.reason.isnull()).select(
                "source_file",
                "source_row",
                key=rows.comparison_key(self.table, part.rows),
                told_apart=rows.told_apart(self.table, part.source, part.rows),
                source_order=ibis.literal(part.order, "int64"),
            )
            for part in parts
        ]
        by_file = self.table.name in BY_FILE
        keys = self._stored(reduce(lambda a, b: a.union(b), keys), "keys")
        found = self._stored(duplicates.find_duplicates(keys, by_file), "verdicts")
        counts = found.group_by("source_order", "verdict").agg(n=_.count(), across=_.other_file.sum())
        for one in self._pandas(counts.order_by("source_order", "verdict")).itertuples():
            part, n, across = parts[one.source_order], int(one.n), int(one.across)
            part.stats[one.verdict] = n
            if one.verdict == duplicates.REPEATED:
                part.surprise(self.table, "duplicates", n, surprises.duplicates(n, across))
            else:
                part.surprise(self.table, "look_alikes", n, surprises.look_alikes(n, across))
        repeated = _left_out(found, duplicates.REPEATED)
        return repeated if self.table.key == KEY else repeated.union(self._key_twice(parts, keys, repeated))

    def _key_twice(self, parts, keys, repeated):
        """Rows whose code an earlier row has, though they differ otherwise."""
        codes = [
            part.rows.select(
                "source_file",
                "source_row",
                code=reduce(add, (part.rows[name].cast("string") for name in self.table.key)),
            ).mutate(source_order=ibis.literal(part.order, "int64"))
            for part in parts
        ]
        place = ["source_order", "source_file", "source_row"]
        codes = keys.anti_join(repeated, place).inner_join(reduce(lambda a, b: a.union(b), codes), place)
        found = self._stored(duplicates.find_duplicates(codes.mutate(key=codes.code), by_file=False), "codes")
        for one in self._pandas(found.group_by("source_order").agg(n=_.count()).order_by("source_order")).itertuples():
            part = parts[one.source_order]
            part.stats[KEY_TWICE] = int(one.n)
            part.surprise(self.table, "key_twice", one.n, surprises.key_twice(self.table, int(one.n)))
        return _left_out(found, KEY_TWICE)

    def _place(self, part, repeated):
        """The rows of a source that are kept, with their columns as stored."""
        kept = part.rows.filter(part.rows.reason.isnull())
        these = repeated.filter(repeated.source_order == part.order)
        kept = kept.anti_join(these, ["source_file", "source_row"])
        if "position_state" in self.table:
            kept = self._positions(part, kept)
        if "address_key" in self.table:
            keys = self._lookup([rows.address_keys_of(kept, self._pandas)], f"{part.order}.addresses")
            kept = kept.left_join(keys, kept.address == keys.address_text)
        made = {"source": ibis.literal(part.source.name)}
        for column in self.table.columns:
            if column.type == "timestamp" and "time_precision" in self.table:
                made["time_precision"] = kept[f"{column.name}__precision"]
        kept = kept.mutate(**made)
        return kept.select(**{c.name: kept[c.name].cast(rows.ibis_type(c)) for c in self.table.stored})

    def _positions(self, part, kept):
        if not {"longitude", "latitude"} <= {*part.source.columns, *part.source.constants}:
            nothing = ibis.null("float64")
            return kept.mutate(longitude=nothing, latitude=nothing, position_state=ibis.literal("missing"))
        kept = self._stored(kept, f"{part.order}.compared")
        weight = kept.records.sum().fill_null(0)
        total = int(self._pandas(kept.agg(n=weight)).n.iloc[0])
        known = kept.filter(kept.x.notnull() & kept.y.notnull())
        pairs = self._pandas(known.group_by("x", "y").agg(records=weight, rows=_.count()).order_by("x", "y"))
        judged = positions.judge(pairs, part.source.crs, self.region, "swap_axes" in part.source.mend)
        pairs = pairs.join(judged)
        seen = positions.contradiction(pairs, part.source.crs, self.region, pairs.position_state)
        if seen:
            told = surprises.crs_contradicts(part.source.crs, seen)
            part.surprise(self.table, "crs_contradicts", pairs.rows.sum(), told)
        if len(pairs):
            self._pile_ups(part, kept, pairs, total)
        by_state = pairs.groupby("position_state").rows.sum().to_dict()
        part.stats["places"] = by_state
        for state, kind in (("mended", "swapped_axes"), ("swapped", "swapped_axes")):
            if by_state.get(state):
                told = surprises.swapped_axes(by_state[state], state == "mended")
                part.surprise(self.table, kind, by_state[state], told)
        if n := by_state.get("outside"):
            told = surprises.outside(n, n / pairs.rows.sum(), self.region.middle is not None)
            part.surprise(self.table, "outside", n, told)
        found = self._lookup([pairs[["x", "y", "longitude", "latitude", "position_state"]]], f"{part.order}.pairs")
        kept = kept.left_join(found, ["x", "y"])
        return kept.mutate(position_state=kept.position_state.fill_null("missing"))

    def _pile_ups(self, part, kept, pairs, total):
        """Mark, in `pairs`, the points that stand for "place unknown"."""
        trusted = pairs.position_state.isin(["as_sent", "mended"])
        heaviest = pairs[trusted].nlargest(int(1 / positions.PILE_SHARE) + 1, "records")
        name = next((n for n in ("place_as_sent", "camera_name", "lot_name", "address") if n in self.table), None)
        camera = kept.channel == "fixed_camera" if "channel" in self.table else ibis.literal(False)
        place = kept[name] if name else ibis.null("string")
        at = kept.semi_join(ibis.memtable(heaviest[["x", "y"]]), ["x", "y"])
        named = self._pandas(
            at.mutate(place=place, camera=camera)
            .group_by("x", "y")
            .agg(names=_.place.nunique(), name=_.place.min(), cameras_only=_.camera.fill_null(False).all())
        )
        points = heaviest.reset_index().merge(named, on=["x", "y"], validate="1:1").set_index("index")
        own_names = {self.city.name.ko, *self.areas.area_name}
        piled = points[positions.pile_ups(points, total, own_names)]
        for point in piled.sort_values(["records", "x", "y"], ascending=[False, True, True]).itertuples():
            part.surprise(self.table, "pile_up", point.rows, surprises.pile_up(point, total))
        pairs.loc[piled.index, "position_state"] = "pile_up"
        pairs.loc[piled.index, ["longitude", "latitude"]] = float("nan")

    def _write_kept(self, placed):
        together = reduce(lambda a, b: a.union(b), placed)
        path = self.staging / f"{self.table.name}.parquet"
        self.connection.to_parquet(together.order_by("source_file", "source_row"), path, compression="zstd")
        return int(self._pandas(self.connection.read_parquet(path).count()))

    def _write_rejected(self, parts, repeated):
        """Rows that were left out, as far as their texts can be what their columns are for, with the reason."""
        mapped = {name for part in parts for name in part.texts.columns}
        names = [c.name for c in self.table.columns if c.name in mapped and not c.made and c.type not in UNWRITTEN]
        found = []
        for part in parts:
            early = part.rows.filter(part.rows.reason.notnull()).select("source_file", "source_row", "reason")
            later = repeated.filter(repeated.source_order == part.order)
            place = ibis.cases(*((later.why == why, len(part.reasons) + i) for i, why in enumerate(LEFT_OUT)))
            left_out = early.union(later.select("source_file", "source_row", reason=place.cast(early.reason.type())))
            said = enumerate([*part.reasons, *LEFT_OUT.values()])
            told = pd.DataFrame(
                [(i, text.ko, text.en) for i, text in said], columns=["reason", "reason_ko", "reason_en"]
            )
            joined = part.texts.inner_join(left_out, ["source_file", "source_row"])
            joined = joined.inner_join(self._lookup([told], f"{part.order}.reasons"), "reason")
            columns = {name: self._fit(part, joined, name) for name in names}
            source = ibis.literal(part.source.name)
            found.append(
                joined.select(
                    "reason_ko",
                    "reason_en",
                    source=source,
                    source_file=_.source_file,
                    source_row=_.source_row,
                    **columns,
                )
            )
        together = self._stored(reduce(lambda a, b: a.union(b), found), "left_out")
        together, _counts = without_plates(together, names, self._pandas)
        path = self.staging / f"{self.table.name}.rejected.parquet"
        self.connection.to_parquet(together.order_by("source_file", "source_row"), path, compression="zstd")
        return int(self._pandas(self.connection.read_parquet(path).count()))

    def _fit(self, part, rejected, name):
        """A text of rejected rows: none of a row whose cells may stand in the wrong columns, where it may be anybody's name."""
        if name not in part.texts.columns:
            return ibis.null("string")
        text, kind = rejected[name], self.table[name].type
        if kind == "category":
            codes, seen = part.counts[name]
            fits = text.isin([raw for raw in seen if categories.plain(raw) in codes])
        elif kind == "boolean":
            fits = read_boolean(text).notnull()
        elif kind in ("string", "geometry"):
            fits = ibis.literal(True)
        else:
            fits = ~text.re_replace(WORDS, "").re_search("[가-힣A-Za-z]")
        text = ibis.ifelse(fits | text.isnull(), text, UNFIT)
        return ibis.ifelse(rejected.row_note.isin(SHIFTED), ibis.null("string"), text)

    def _write_ledger(self, parts):
        for part in parts:
            name, stats = part.source.name, part.stats
            self.ledger.came(name, stats["came"])
            if part.forgotten:
                self.ledger.add(name, DROPPED, TOO_OLD, sum(part.forgotten.values()))
            for i, text in enumerate(part.reasons):
                if n := stats["reasons"].get(i):
                    self.ledger.add(name, DROPPED, text, n)
            for why, text in LEFT_OUT.items():
                if n := stats.get(why):
                    self.ledger.add(name, DROPPED, text, n)
            for column, n in part.plates_found.items():
                ko = f"{self.table[column].ko} 칸의 차량번호를 지움"
                self.ledger.add(name, MENDED, Text(ko, f"plate taken out of {column}"), n)
            for state, (what, text) in PLACES.items():
                if n := stats.get("places", {}).get(state):
                    self.ledger.add(name, what, text, n)
            for flag, n in stats["flags"].items():
                if n:
                    self.ledger.add(name, *self._flag(flag), n)
            if n := stats.get(duplicates.LOOKS_ALIKE):
                self.ledger.add(name, FLAGGED, Text("모든 항목이 같으나 남긴 행", "equal rows that were kept"), n)
        _write(self.ledger.table(), self.staging / f"{self.table.name}.ledger.parquet")

    def _flag(self, flag):
        if flag in NOT_READ:
            return FLAGGED, NOT_READ[flag]
        column, _dot, what = flag.partition("__")
        ko, name = self.table[column].ko, self.table[column].name
        if what == "mended":
            return MENDED, Text("경계를 바로잡음", "outline mended")
        if what == "rough":
            return FLAGGED, Text(f"{ko}: 일자를 몰라 1일로 둠", f"{name}: day not known, first day taken")
        return FLAGGED, Text(f"{with_particle(ko, '을/를')} 읽을 수 없어 비움", f"{name} cannot be read, left empty")

    def _look_at_areas(self, parts):
        """Names of areas that the city does not have; addresses that lie in two places."""
        path = self.staging / f"{self.table.name}.parquet"
        kept = self.connection.read_parquet(path)
        if "area_as_sent" in self.table and len(self.areas):
            known = [*self.areas.area_name, *self.city.renamed_areas]
            strange = kept.filter(kept.area_as_sent.notnull() & ~kept.area_as_sent.isin(known))
            named = self._pandas(strange.group_by("source", "area_as_sent").agg(rows=_.count()))
            for part in parts:
                names = named[named.source == part.source.name].sort_values(
                    ["rows", "area_as_sent"], ascending=[False, True]
                )
                if len(names):
                    part.surprise(self.table, "unknown_area", names.rows.sum(), surprises.unknown_area(names, known))
        if "address_key" in self.table:
            held = self._pandas(kept.select("address", "latitude", "longitude").order_by("address"))
            clashes = clashing_keys(held.address, held.latitude, held.longitude)
            if len(clashes):
                parts[0].surprise(
                    self.table, "address_clash", clashes.addresses.sum(), surprises.clashing_address(clashes)
                )

    def _arrivals(self, parts):
        """One row a file: what it was, and the time that its kept rows span."""
        kept = self.connection.read_parquet(self.staging / f"{self.table.name}.parquet")
        moment = next((c.name for c in self.table.columns if c.type == "timestamp"), None)
        spans = pd.DataFrame(columns=["source", "source_file", "first", "last"])
        if moment:
            held = kept.group_by("source", "source_file").agg(first=kept[moment].min(), last=kept[moment].max())
            spans = self._pandas(held)
        found = []
        for part in parts:
            for arrival in part.arrivals:
                ours = (spans.source == part.source.name) & (
                    (spans.source_file == arrival.file) | spans.source_file.str.startswith(f"{arrival.file}#")
                )
                old = (n for file, n in part.forgotten.items() if file.partition("#")[0] == arrival.file)
                found.append(
                    {
                        "table": self.table.name,
                        "source": arrival.source,
                        "file": arrival.file,
                        "format": arrival.format,
                        "encoding": arrival.encoding,
                        "header_row": arrival.header_row,
                        "rows": arrival.rows,
                        "forgotten": sum(old),
                        "bytes": arrival.bytes,
                        "sha256": arrival.sha256,
                        "unused_columns": ", ".join(arrival.unused_columns),
                        "notes_ko": " ".join(note.ko for note in arrival.notes),
                        "notes_en": " ".join(note.en for note in arrival.notes),
                        "first_at": spans["first"][ours].min(),
                        "last_at": spans["last"][ours].max(),
                    }
                )
        return found


def _left_out(found, why):
    repeated = found.filter(found.verdict == duplicates.REPEATED)
    return repeated.select("source_order", "source_file", "source_row", why=ibis.literal(why))


def _schema(frame):
    """Texts as text even where a frame has none."""
    kinds = {"f": pa.float64(), "i": pa.int64()}
    return pa.schema([(name, kinds.get(kind.kind, pa.string())) for name, kind in frame.dtypes.items()])


def _write(frame, path):
    frame.to_parquet(path, index=False, compression="zstd")
