"""What was odd about the exports, as sentences."""

import re
from dataclasses import dataclass

from dansok.clean.positions import systems
from dansok.korea.particles import with_particle
from dansok.words import Text

LISTED = 8
NUMBER_AND_KIND = re.compile(r"(제?[0-9·.]+)?[읍면동리가]$")


@dataclass(frozen=True)
class Surprise:
    table: str
    source: str
    kind: str
    rows: int
    text: Text


def _rows(n):
    return f"{n:,} row{'' if n == 1 else 's'}"


def mixed_formats(column, shapes):
    """`shapes`: DataFrame of example, rows, sorted by rows; one row a shape in which times stand."""
    listed = [f"'{one.example}' {one.rows:,}" for one in shapes.head(LISTED).itertuples()]
    return Text(
        f"{with_particle(column.ko, '이/가')} {len(shapes)}가지 모양으로 적혀 있다: {'건, '.join(listed)}건"
        f"{' 등' if len(shapes) > LISTED else ''}. 모두 읽었다.",
        f"{column.name} is written in {len(shapes)} ways: {', '.join(listed)} rows"
        f"{' and more' if len(shapes) > LISTED else ''}. All were read.",
    )


def midnights(column, rows):
    return Text(
        f"{column.ko} {rows:,}건이 모두 0시 0분 0초로 적혀 있어 날짜만 아는 것으로 보았다.",
        f"{_rows(rows)} told exactly midnight as {column.name}: only the day was taken as known.",
    )


def swapped_axes(rows, mended):
    if mended:
        return Text(
            f"경도 칸에 위도가, 위도 칸에 경도가 들어 있는 {rows:,}건을 서로 바꾸어 바로잡았다.",
            f"{_rows(rows)} had the latitude where the longitude belongs; the two were exchanged.",
        )
    return Text(
        f"경도 칸에 위도가, 위도 칸에 경도가 들어 있는 {rows:,}건의 좌표를 비웠다. 바꾸어 쓰려면 city.toml의 이 "
        '[[source]]에 mend = ["swap_axes"]를 적을 것.',
        f"{_rows(rows)} had the latitude where the longitude belongs; these coordinates were left out. To have them "
        'exchanged, write mend = ["swap_axes"] in this [[source]] of city.toml.',
    )


def outside(rows, share, known_areas):
    where = Text("도시 경계에서 5 km 넘게 떨어져 있거나", "more than 5 km from the city") if known_areas else None
    where = where or Text("우리나라 밖이거나", "outside Korea")
    return Text(
        f"좌표가 {where.ko} 0인 {rows:,}건({share:.1%})의 좌표를 비웠다.",
        f"{_rows(rows)} ({share:.1%}) had coordinates {where.en} or zero; these were left out.",
    )


def pile_up(point, total):
    """`point`: row with longitude, latitude, records, names, name."""
    if point.names == 1:
        named = Text(f"장소 이름은 '{point.name[:40]}'", f"the place name '{point.name[:40]}'")
    else:
        named = Text(f"장소 이름은 {point.names:,}가지", f"{point.names:,} place names")
    return Text(
        f"위도 {point.latitude:.5f}, 경도 {point.longitude:.5f} 한 점에 {point.records:,}건(전체의 {point.records / total:.1%})이 "
        f"몰려 있다({named.ko}). 위치를 모를 때 넣는 대표점으로 보여 이 좌표를 비웠다.",
        f"One point holds {point.records:,} of all records ({point.records / total:.1%}): {point.latitude:.5f} N, "
        f"{point.longitude:.5f} E, with {named.en}. It looks like the point that stands for an unknown place; these "
        "coordinates were left out.",
    )


def crs_contradicts(crs, seen):
    told = systems(seen)
    return Text(
        f"city.toml에는 좌표계가 {with_particle(crs, '으로/로')} 적혀 있으나 숫자는 {with_particle(told.ko, '으로/로')} 보인다. city.toml대로 읽었으니 좌표계를 확인할 것.",
        f"city.toml gives the coordinate system {crs}, but the numbers look like {told.en}. They were read as {crs}: "
        "check which is right.",
    )


def duplicates(rows, across_files):
    among = Text(f"(그중 {across_files:,}건은 다른 파일과 겹침)", f" ({across_files:,} of them across files)")
    return Text(
        f"모든 항목이 앞선 행과 똑같은 {rows:,}건을 뺐다{among.ko if across_files else ''}.",
        f"Left out because an earlier row is equal in every column: {_rows(rows)}{among.en if across_files else ''}.",
    )


def look_alikes(rows, across_files):
    return Text(
        f"모든 항목이 앞선 행과 똑같은 {rows:,}건이 있으나, 서로 다른 건일 수 있어 그대로 두었다"
        + (
            f"({across_files:,}건은 다른 파일의 행과 같으니 같은 자료를 두 번 넣지 않았는지 확인할 것)."
            if across_files
            else "."
        ),
        f"Kept although an earlier row is equal in every column, since they may be different events: {_rows(rows)}"
        + (f" ({across_files:,} across files: check that nothing came twice)." if across_files else "."),
    )


def undecodable(rows):
    return Text(
        f"글자가 깨진 행 {rows:,}건을 뺐다. 내보낼 때의 인코딩을 확인할 것.",
        f"Left out because of damaged characters: {_rows(rows)}. Check the encoding of the export.",
    )


def plate_in_text(column, rows):
    return Text(
        f"{column.ko} 칸에 차량번호가 적힌 {rows:,}건에서 차량번호를 지웠다.",
        f"A plate stood in {column.name} of {_rows(rows)} and was taken out.",
    )


def unknown_area(names, known):
    """Texts in the column of areas that are none of the city's.

    Parameters
    ----------
    names : pd.DataFrame
        `area_as_sent`, `rows`, in order of rows, the most first.
    known : iterable of str
        The city's names. Only a text that differs from one of them by its number or kind alone (다산1동, 다산동) is repeated: any
        other may be the name of a person, who may well be called 김영리.
    """
    stems = {_stem(name) for name in known}
    near = names[names.area_as_sent.map(_stem).isin(stems)]
    listed = [f"{one.area_as_sent} {one.rows:,}" for one in near.head(LISTED).itertuples(index=False)]
    more = len(names) - len(listed)
    ko, en = (
        f"읍면동 칸에 우리 시 읍면동이 아닌 글이 {len(names)}가지 있다",
        f"In the column of areas stand texts that are none of the city's areas, {len(names)} in all",
    )
    if listed:
        ko += f": {', '.join(f'{one}건' for one in listed)}{f' 외 {more}가지' if more else ''}"
        en += f": {', '.join(listed)} rows{f' and {more} more' if more else ''}"
    hidden = (
        Text("(사람 이름일 수 있어 여기 옮기지 않음)", " (not repeated here: they may be names of persons)")
        if more
        else Text("", "")
    )
    return Text(
        f"{ko}{hidden.ko}. 바뀐 이름이면 city.toml의 [renamed_areas]에 적고, 아니면 area_as_sent에 적은 열이 맞는지 확인할 것.",
        f"{en}{hidden.en}. If an area was renamed, write it under [renamed_areas] in city.toml; else check that area_as_sent names the "
        "right column.",
    )


def _stem(name):
    """The name of an area without its number and kind."""
    return NUMBER_AND_KIND.sub("", re.sub(r"\s", "", name))


def outline_mended(rows):
    return Text(
        f"스스로 꼬이거나 점·선이 섞인 경계 {rows:,}건을 면만 남겨 바로잡았다.",
        f"Outlines that crossed themselves or were mixed with points or lines, reduced to proper areas: {rows:,}.",
    )


def unread(column, rows):
    return Text(
        f"{with_particle(column.ko, '을/를')} 읽을 수 없는 {rows:,}건은 빈칸으로 두었다.",
        f"{column.name} could not be read in {_rows(rows)} and was left empty there.",
    )


def unused_file(name):
    return Text(
        f"1_raw의 {name}: city.toml의 어느 [[source]]에도 해당하지 않아 읽지 않았다.",
        f"{name} in 1_raw was not read: no [[source]] of city.toml matches it.",
    )


def clashing_address(keys):
    """`keys`: DataFrame of lookup_key, addresses, apart_metres."""
    listed = ", ".join(f"{one.lookup_key} {one.apart_metres:,.0f} m" for one in keys.head(LISTED).itertuples())
    return Text(
        f"같은 주소인데 좌표가 50 m 넘게 떨어진 것이 {len(keys):,}개 있다: {listed}{' 등' if len(keys) > LISTED else ''}.",
        f"Addresses whose coordinates lie more than 50 m apart, {len(keys):,} in all: {listed}{' and more' if len(keys) > LISTED else ''}.",
    )


def key_twice(table, rows):
    names = ", ".join(table.key)
    return Text(
        f"{with_particle(names, '이/가')} 앞선 행과 같은 {rows:,}건을 뺐다. 같은 대상의 자료가 두 벌 들어 있는지 확인할 것.",
        f"Left out because an earlier row has the same {names}: {_rows(rows)}. Check whether the same came in two editions.",
    )
