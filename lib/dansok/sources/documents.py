"""JSON and GeoJSON: records become rows, what is nested becomes JSON text, a geometry becomes WKT."""

import json
from decimal import Decimal

import shapely

from dansok.sources.encodings import whole_text
from dansok.sources.staging import Table, arrow_cells
from dansok.words import Refusal

GEOMETRIES = (
    "Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection",
)  # fmt: skip
LISTED = 12


def document_table(path, encoding, source, file):
    """The table in a JSON file, and whether it is GeoJSON.

    Records are a list of objects, an object of objects (whose names become the column `key`), one object alone,
    or GeoJSON (properties and the column `geometry`, WKT). Numbers keep their digits as written; true and false
    are TRUE and FALSE; null, and a name that a record lacks, are missing. Rows are numbered from record 1.
    """
    try:
        content = json.loads(whole_text(path, encoding), parse_float=Decimal, parse_constant=lambda _: None)
    except (json.JSONDecodeError, RecursionError) as error:
        line = f" {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise Refusal(
            f"{file}{line and f'{line}행'}: JSON 형식이 잘못되어 읽을 수 없습니다. 다시 내려받으세요.",
            f"{file}{line and f' line{line}'} is not valid JSON. Export it again.",
        ) from None
    content = _walk(content, source, file)
    geographic = isinstance(content, dict) and content.get("type") in (
        "FeatureCollection",
        "Feature",
        *GEOMETRIES,
    )
    records = list(_features(content, file) if geographic else _records(content, source, file))
    names = list(dict.fromkeys(name for record in records for name in record))

    def rows_after(_):
        return ((number, [_text(record.get(name)) for name in names]) for number, record in enumerate(records, start=1))

    return Table(
        None, [names] if records else [], len(names), arrow_cells(rows_after, len(names)), first_row=0
    ), geographic


def _walk(content, source, file):
    """Follow the source's `records`; an object at its end that holds one record only is kept as it is."""
    for step in (source.records or "").split("."):
        if not step:
            continue
        if not isinstance(content, dict) or step not in content:
            has = f"{', '.join(_listed(content))}" if isinstance(content, dict) else "-"
            raise Refusal(
                f"{file}: records = \"{source.records}\" 가운데 '{step}'이(가) 없습니다(있는 이름: {has}). "
                f"city.toml의 [[source]] '{source.name}' records를 고치세요.",
                f"{file}: there is no '{step}' of records = \"{source.records}\" (names there: {has}). "
                f"Correct records of [[source]] '{source.name}' in city.toml.",
            )
        content = content[step]
    return content


def _records(content, source, file):
    if content in ("", None):
        return []  # what an API writes for an empty list
    maps_key = any("key" in spellings for parts in source.columns.values() for spellings in parts)
    is_wrapper = source.records is None and not maps_key and isinstance(content, dict) and _holds_records(content)
    if isinstance(content, dict) and not is_wrapper:
        if content and all(isinstance(value, dict) for value in content.values()):
            return [{"key": key, **value} for key, value in content.items()]
        return [content] if content else []
    if isinstance(content, list) and all(isinstance(record, dict) for record in content):
        return content
    names = f" ({', '.join(_listed(content))})" if isinstance(content, dict) else ""
    raise Refusal(
        f"{file}{names}: 레코드의 목록을 찾지 못했습니다. city.toml의 [[source]] '{source.name}'에 목록이 있는 곳을 "
        'records = "response.body.items"처럼 적으세요.',
        f"{file}{names}: no list of records is found. Say where it is in [[source]] '{source.name}' of city.toml, "
        'for example records = "response.body.items".',
    )


def _holds_records(content):
    """Whether records lie deeper: a list of objects under some name."""
    return any(
        isinstance(value, dict) and _holds_records(value)
        or isinstance(value, list) and value and all(isinstance(record, dict) for record in value)
        for value in content.values()
    )  # fmt: skip


def _features(content, file):
    if content["type"] == "FeatureCollection":
        features = content.get("features")
        features = features if isinstance(features, list) else []
    elif content["type"] == "Feature":
        features = [content]
    else:
        features = [{"geometry": content}]
    for number, feature in enumerate(features, start=1):
        geometry = feature.get("geometry") if isinstance(feature, dict) else "no feature"
        try:
            shape = geometry and shapely.from_geojson(json.dumps(geometry, default=float))
        except shapely.errors.GEOSException as error:
            raise Refusal(
                f"{file} {number}번째 도형(geometry)을 읽을 수 없습니다. 그 도형을 고치거나 다시 내려받으세요.",
                f"{file}: the geometry of feature {number} cannot be read. Correct it, or export the file again.",
            ) from error
        wkt = shapely.to_wkt(shape, rounding_precision=-1) if shape else None
        yield {**(feature.get("properties") or {}), "geometry": wkt}


def _text(value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, default=float)
    return str(value)


def _listed(content):
    """Names in an object, unless they look like data: many, or with digits."""
    names = [name for name in content if not any(character.isdigit() for character in name)]
    return names if len(names) == len(content) <= LISTED else ["…"]
