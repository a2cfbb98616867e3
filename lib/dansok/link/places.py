"""Give each record a place: its own coordinates, else its camera's, else its address's."""

import ibis
import pandas as pd
from ibis import _

from dansok.korea import addresses as korean_addresses
from dansok.space import add_cells, area_of, to_5179
from dansok.tables import PLACED_TICKETS

TRUSTED = ("as_sent", "mended")
SAME_PLACE_METRES = 50
LONG_AGO, FAR_AHEAD = pd.Timestamp("1900-01-01"), pd.Timestamp("2200-01-01")


def place(connection, tickets, cameras, addresses, areas, city):
    """Place every row of `tickets`, or say why it could not be placed.

    Parameters
    ----------
    connection : ibis backend
        Where intermediate tables are made.
    tickets, cameras, addresses : ibis.Table
        As `tables.TICKETS`, `CAMERAS` and `ADDRESSES` describe.
    areas : geopandas.GeoDataFrame
        As `space.read_areas` gives.
    city : City
        For `renamed_areas` and `cell_metres`.

    Returns
    -------
    ibis.Table
        As `tables.PLACED_TICKETS` describes but for `opens_stay`, not yet in order; as many rows as `tickets`.
    """

    def small(name, table):
        return connection.create_table(f"link_{name}", table, temp=True, overwrite=True)

    texts = small("texts", _read_texts(tickets, areas, city))
    spells, points = small("cameras", camera_spells(cameras)), small("points", address_points(addresses))
    own = own_positions(tickets)
    inside = small("inside", _areas_of_points(own, spells, points, areas))
    # an empty text joins as one, as SQL joins no missing values
    found = own.mutate(text_place=_.place_as_sent.fill_null(""), text_area=_.area_as_sent.fill_null(""))
    found = found.left_join(texts, ["text_place", "text_area"], rname="{name}_text")
    found = found.mutate(camera=ibis.ifelse(_.channel == "fixed_camera", _.name_key, ibis.null(str)))
    found = found.left_join(
        spells,
        [found.camera == spells.camera_key, found.issued_at >= spells.from_day, found.issued_at < spells.to_day],
    )
    found = found.left_join(points, found.lookup_key == points.point_key)
    found = found.mutate(
        how_placed=ibis.cases(
            (_.x.notnull() & _.y.notnull(), "coordinates"),
            (_.camera_x.notnull() & _.camera_y.notnull(), "camera"),
            (_.point_x.notnull() & _.point_y.notnull(), "address"),
        )
    )
    found = found.mutate(
        x=_by_how(_.x, _.camera_x, _.point_x),
        y=_by_how(_.y, _.camera_y, _.point_y),
        place_name=ibis.ifelse(
            _.how_placed.notnull(),
            ibis.coalesce(_.camera_name, _.lookup_key, _.place_as_sent, _.sent_area),
            ibis.null(str),
        ),
        why_unplaced=ibis.cases(
            (_.how_placed.notnull(), ibis.null(str)),
            (~_.position_state.isin([*TRUSTED, "missing"]), "position_bad"),
            (_.place_as_sent.isnull(), "no_place"),
            (_.channel == "fixed_camera", "camera_unknown"),
            (_.lookup_key.notnull(), "address_unknown"),
            else_="address_vague",
        ),
    )
    found = add_cells(found, city.cell_metres).left_join(inside, ["x", "y"], rname="{name}_inside")
    placed = _.how_placed.notnull()
    found = found.mutate(
        area_name=ibis.ifelse(placed, _.inside, _.known_area),
        area_agrees=ibis.ifelse(
            placed & _.sent_area.notnull(), (_.inside == _.sent_area).fill_null(False), ibis.null(bool)
        ),
    )
    return found.select(*(column.name for column in PLACED_TICKETS.stored if column.name != "opens_stay"))


def own_positions(rows, digits=3):
    """`rows` with the position that each itself gives, if it is to be trusted, to so many digits of a metre."""
    trusted = _.position_state.isin(TRUSTED)
    return to_5179(rows).mutate(
        **{axis: ibis.ifelse(trusted, _[axis].round(digits), ibis.null(float)) for axis in ("x", "y")}
    )


def _by_how(own, camera, point):
    return ibis.cases(
        (_.how_placed == "coordinates", own), (_.how_placed == "camera", camera), (_.how_placed == "address", point)
    )


def name_key(texts):
    """Names of cameras in the form in which lists and records agree: composed (NFC), without any space.

    Examples
    --------
    >>> name_key(pd.Series(["다산1동  정약용도서관 주변 "])).item()
    '다산1동정약용도서관주변'
    """
    return texts.astype("str").str.normalize("NFC").str.replace(r"\s+", "", regex=True)


def _read_texts(tickets, areas, city):
    """What each distinct pair of place and area says; some thousands, however many the records."""
    texts = (
        tickets.select(text_place=_.place_as_sent.fill_null(""), text_area=_.area_as_sent.fill_null(""))
        .distinct()
        .order_by("text_place", "text_area")
        .to_pandas()
    )
    place, area = (texts[name].astype("str").where(texts[name] != "") for name in ("text_place", "text_area"))
    sent = canonical_area(area, city.renamed_areas)
    parsed = korean_addresses.complete_bare(korean_addresses.parse(place), sent, {})
    names = set(areas["area_name"])
    return texts.assign(
        name_key=name_key(place),
        lookup_key=parsed["lookup_key"].astype("str"),
        sent_area=sent.astype("str"),
        known_area=sent.where(sent.isin(names)).astype("str"),
    )


def canonical_area(texts, renamed):
    """읍면동 as sent in the form that the city uses today.

    Parameters
    ----------
    texts : pd.Series of str
    renamed : dict of str -> str
        `City.renamed_areas`.

    Examples
    --------
    >>> canonical_area(pd.Series(["퇴계원면", "호평동-2"]), {"퇴계원면": "퇴계원읍"}).tolist()
    ['퇴계원읍', '호평동']
    """
    named = korean_addresses.area_name(texts)
    return named.replace(renamed) if renamed else named


def camera_spells(cameras):
    """Which camera a name meant on which day.

    Parameters
    ----------
    cameras : ibis.Table
        As `tables.CAMERAS` describes.

    Returns
    -------
    pd.DataFrame, one row a camera
        `camera_key` (see `name_key`), `camera_id`, `camera_name`, `camera_x`, `camera_y` (EPSG:5179; missing if not to be
        trusted), `from_day`, `to_day` (not included), `installed_on`, `removed_on`, `shares_number`.

    Notes
    -----
    Of cameras that share a name the one installed last by the day of the record counts, the first of them also before its
    own installation; of those installed on one day the one with the smallest number. Cameras of different names that
    share a number are told apart by adding the name to it.
    """
    trusted = to_5179(cameras).mutate(trusted=_.position_state.isin(TRUSTED))
    listed = trusted.select(
        "camera_id",
        "camera_name",
        "installed_on",
        "removed_on",
        "trusted",
        camera_x=_.x.round(3),
        camera_y=_.y.round(3),
    ).to_pandas()
    listed.loc[~listed.pop("trusted").fillna(False).astype(bool), ["camera_x", "camera_y"]] = float("nan")
    listed["camera_key"] = name_key(listed["camera_name"])
    listed["shares_number"] = listed.groupby("camera_id")["camera_key"].transform("nunique") > 1
    listed["camera_id"] = listed["camera_id"].mask(
        listed["shares_number"], listed["camera_id"] + " " + listed["camera_name"]
    )
    for day in ("installed_on", "removed_on"):
        listed[day] = pd.to_datetime(listed[day])
    listed["from_day"] = listed["installed_on"].fillna(LONG_AGO)
    listed = listed.sort_values(["camera_key", "from_day", "camera_id"], ignore_index=True)
    same_day = listed.duplicated(["camera_key", "from_day"])
    listed.loc[~listed.duplicated("camera_key"), "from_day"] = LONG_AGO
    following = listed["from_day"].where(~same_day).groupby(listed["camera_key"]).shift(-1)
    listed["to_day"] = following.groupby(listed["camera_key"]).bfill().fillna(FAR_AHEAD)
    listed.loc[same_day, "to_day"] = listed.loc[same_day, "from_day"]  # never meant
    texts = {name: listed[name].astype("str") for name in ("camera_id", "camera_name", "camera_key")}
    return listed.assign(**texts)


def address_points(addresses):
    """One position an address key, for keys whose rows lie within 50 m of each other.

    Parameters
    ----------
    addresses : ibis.Table
        As `tables.ADDRESSES` describes.

    Returns
    -------
    ibis.Table
        `point_key`, `point_x`, `point_y` (EPSG:5179, middle of the rows that share the key).
    """
    return _key_boxes(addresses).filter(_.apart <= SAME_PLACE_METRES).drop("apart")


def ambiguous_keys(addresses):
    """Number of address keys that are not used, because their rows lie farther apart than 50 m."""
    return int(_key_boxes(addresses).filter(_.apart > SAME_PLACE_METRES).count().execute())


def _key_boxes(addresses):
    trusted = to_5179(addresses.filter(_.address_key.notnull() & _.position_state.isin(TRUSTED)))
    boxes = trusted.group_by(point_key=_.address_key).agg(
        left=_.x.min(), right=_.x.max(), bottom=_.y.min(), top=_.y.max()
    )
    across, up = _.right - _.left, _.top - _.bottom
    return boxes.select(
        "point_key",
        point_x=((_.left + _.right) / 2).round(3),
        point_y=((_.bottom + _.top) / 2).round(3),
        apart=(across * across + up * up).sqrt(),
    )


def _areas_of_points(own, spells, points, areas):
    """The 읍면동 of every position that a record can get."""
    known = own.filter(_.x.notnull()).select("x", "y")
    known = known.union(spells.select(x="camera_x", y="camera_y"), points.select(x="point_x", y="point_y"))
    distinct = known.drop_null().distinct().order_by("x", "y").to_pandas()
    return distinct.assign(inside=pd.Series(area_of(distinct["x"], distinct["y"], areas), dtype="str"))
