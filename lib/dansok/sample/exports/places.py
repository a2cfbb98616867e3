"""What changes seldom: boundaries, streets, cameras, lots and their use, parcels, zones, addresses, people."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from dansok.sample.exports import files
from dansok.sample.exports.quirks import LOTS_A_STREET
from dansok.sample.exports.tickets import TITLE, camera_names
from dansok.sample.ground import AREA_NAMES, USES, degrees
from dansok.sample.lots import SURVEY_DAYS

LAND_USES = {"residential": "주거", "retail": "상업", "work": "업무", "ribbon": "도로변"}


def places(folder, world, rng):
    """Write them all; returns how many of each."""
    counts = {
        "areas": _boundaries(folder, world),
        "streets": _streets(folder, world),
        "cameras": _cameras(folder, world),
        "zones": _zones(folder, world),
        "addresses": _addresses(folder, world, rng),
        "lots": _lots(folder, world),
        "lot_counts": _lot_counts(folder, world, rng),
        "parcels": _parcels(folder, world),
        "area_counts": _people(folder, world),
    }
    return counts


def _boundaries(folder, world):
    new = world.options.happens("boundaries_2018") or world.options.happens("boundary_change")
    areas = world.ground.areas_2018 if new else world.ground.areas
    areas = areas.to_crs(4326).rename(columns={"code": "ADM_CD", "name": "ADM_NM"})
    return len(files.outlines(folder / "읍면동.geojson", areas, 7))


def _streets(folder, world):
    places, nodes = world.ground.places, world.ground.nodes
    lines = shapely.linestrings(np.stack([nodes[places["node_from"]], nodes[places["node_to"]]], axis=1))
    frame = {
        "LINK_ID": [f"990{place:06d}" for place in places.index],
        "F_NODE": [f"99{node:06d}" for node in places["node_from"]],
        "T_NODE": [f"99{node:06d}" for node in places["node_to"]],
        "LENGTH": places["length_metres"],
        "LANES": places["lanes"],
        "이용": [LAND_USES[USES[use]] for use in places["use"]],
    }
    return len(
        files.outlines(folder / "도로구간.geojson", gpd.GeoDataFrame(frame, geometry=lines, crs=5179).to_crs(5186), 2)
    )


def _cameras(folder, world):
    places, cameras = world.ground.places, world.watch.cameras
    names = camera_names(world)
    listed = np.flatnonzero(cameras["in_list"])
    content = [
        {
            "CCTV명": names[row],
            "설치일자": f"{cameras['installed_on'][row]:%Y-%m-%d}",
            "위도": places["latitude"][cameras["place"][row]],
            "경도": places["longitude"][cameras["place"][row]],
            "관리번호": int(cameras["camera_id"][row]),
            "설치주소": f"{places['legal_name'][cameras['place'][row]]} {places['lot_number'][cameras['place'][row]]}-1",
        }
        for row in listed
    ]
    return len(files.records(folder / "cctv.json", content))


def _zones(folder, world):
    places, zones = world.ground.places, world.ground.zones.to_crs(5186)
    address = [f"{places['legal_name'][p]} {places['lot_number'][p]}-1" for p in zones["place"]]
    frame = zones[["geometry"]].assign(대상시설명=zones["name"], 시설종류=zones["kind"], 소재지지번주소=address)
    return len(files.outlines(folder / "보호구역.geojson", frame, 2))


def _addresses(folder, world, rng):
    """Every lot of every street, at its own place along it."""
    places = world.ground.places
    content = {}
    for lot in range(1, LOTS_A_STREET + 1):
        step = ((lot - 0.5) / LOTS_A_STREET - 0.5) * places["length_metres"]
        x, y = (
            places[axis] + step * places[way] + rng.normal(0, 4, len(places))
            for axis, way in (("x", "east"), ("y", "north"))
        )
        for name, number, east, north in zip(places["legal_name"], places["lot_number"], *degrees(x, y), strict=True):
            content[f"{name} {number}-{lot}"] = {"lat": float(north), "lon": float(east)}
    return len(files.records(folder / "지번주소_좌표.json", content))


def lot_ids(number):
    return [f"990-2-{lot:06d}" for lot in range(1, number + 1)]


def _lots(folder, world):
    places, lots = world.ground.places, world.lots.lots
    at = lots["place"].to_numpy()
    area = AREA_NAMES[places["area"].to_numpy()[at]]
    frame = pd.DataFrame(
        {
            "주차장관리번호": lot_ids(len(lots)),
            "주차장명": [f"{name} 가상 제{n}공영" for n, name in enumerate(area, 1)],
            "주차장구분": "공영",
            "주차장유형": lots["kind"],
            "소재지도로명주소": "",
            "소재지지번주소": [f"{places['legal_name'][p]} {places['lot_number'][p]}-2" for p in at],
            "주차구획수": lots["spaces"],
            "운영요일": "평일+토요일+공휴일",
            "요금정보": "유료",
            "관리기관명": TITLE,
            "위도": places["latitude"].to_numpy()[at],
            "경도": places["longitude"].to_numpy()[at],
            "데이터기준일자": f"{world.days[-1]:%Y-%m-%d}",
        }
    )
    return len(files.csv(folder / f"가상도시_주차장정보_{world.days[-1]:%Y%m%d}.csv", frame, "utf-8-sig"))


def _lot_counts(folder, world, rng):
    """Four weeks of counts by the hour, such as a survey or a gate gives."""
    occupied = world.lots.occupied
    days = world.days[-SURVEY_DAYS:]
    lot, day, hour = (
        part.ravel()
        for part in np.meshgrid(np.arange(len(occupied)), np.arange(len(days)), np.arange(24), indexing="ij")
    )
    rests = world.rests[-SURVEY_DAYS:].astype(int)
    cars = rng.binomial(world.lots.lots["spaces"].to_numpy()[lot], np.clip(
        occupied[lot, rests[day], hour] / world.lots.lots["spaces"].to_numpy()[lot], 0, 1))  # fmt: skip
    ids = np.array(lot_ids(len(occupied)), object)
    text = pd.Series(days.strftime("%Y%m%d"))[day].reset_index(drop=True) + " " + pd.Series(hour).astype(str) + "시"
    frame = pd.DataFrame({"주차장관리번호": ids[lot], "조사일시": text, "주차대수": cars})
    return len(files.csv(folder / "주차장_시간대별_이용현황.csv", frame))


def _parcels(folder, world):
    places, parcels = world.ground.places, world.lots.parcels
    longitude, latitude = degrees(parcels["x"], parcels["y"])
    at = parcels["place"].to_numpy()
    frame = pd.DataFrame(
        {
            "후보지번호": [f"P{number:04d}" for number in range(1, len(parcels) + 1)],
            "소재지": [f"{places['legal_name'][p]} {places['lot_number'][p]}-3" for p in at],
            "면적(㎡)": parcels["area_m2"].map("{:,.0f}".format),
            "가능면수": parcels["spaces"],
            "소유구분": parcels["owner"],
            "지목": parcels["land"],
            "공시지가(원/㎡)": parcels["krw_per_m2"].map("{:,}".format),
            "접도폭(m)": parcels["road_metres"],
            "경사도(%)": parcels["slope_percent"],
            "경도": longitude,
            "위도": latitude,
        }
    )
    return len(files.csv(folder / "공영주차장_후보지.csv", frame))


def _people(folder, world):
    places = world.ground.places
    people = places.groupby("area")["people"].sum()
    cars = world.fleet.cars.loc[world.fleet.cars["registered"], "area"].value_counts().sort_index()
    frame = pd.DataFrame(
        {"기준일자": f"{world.days[-1]:%Y-%m-%d}", "읍면동": AREA_NAMES[people.index], "인구": people.to_numpy()}
    )
    frame["자동차등록대수"] = cars.reindex(people.index, fill_value=0).map("{:,}".format).to_numpy()
    frame["인구"] = frame["인구"].map("{:,}".format)
    return len(files.csv(folder / "읍면동별_인구_자동차.csv", frame))
