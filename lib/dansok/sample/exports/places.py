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
LOT_TYPES = {"노외": "off_street", "노상": "on_street", "부설": "attached"}
OWNERS = {"공유지": "city", "국유지": "state", "사유지": "private"}
ZONES = {"어린이보호구역": "child", "노인보호구역": "senior"}


def places(folder, world, rng):
    """Write them all; source -> truth of its rows, under the names that the columns have when cleaned."""
    return {
        "boundaries": _boundaries(folder, world),
        "street_network": _streets(folder, world),
        "camera_list": _cameras(folder, world),
        "protected_zones": _zones(folder, world),
        "address_table": _addresses(folder, world, rng),
        "public_lots": _lots(folder, world),
        "lot_use": _lot_counts(folder, world, rng),
        "candidate_parcels": _parcels(folder, world),
        "people_and_vehicles": _people(folder, world),
    }


def _beside(stand, known):
    """Where each row came to stand, beside what it means; outlines as text in EPSG:5179."""
    known = pd.DataFrame(known).reset_index(drop=True)
    if "geometry" in known:
        known["geometry"] = shapely.to_wkt(known["geometry"].to_numpy(), rounding_precision=3)
    return pd.concat([stand, known], axis=1)


def _boundaries(folder, world):
    new = world.options.happens("boundaries_2018") or world.options.happens("boundary_change")
    areas = world.ground.areas_2018 if new else world.ground.areas
    sent = areas.to_crs(4326).rename(columns={"code": "ADM_CD", "name": "ADM_NM"})
    known = {"area_code": areas["code"], "area_name": areas["name"], "geometry": areas.geometry.to_numpy()}
    return _beside(files.outlines(folder / "읍면동.geojson", sent, 7), known)


def _streets(folder, world):
    places, nodes = world.ground.places, world.ground.nodes
    lines = shapely.linestrings(np.stack([nodes[places["node_from"]], nodes[places["node_to"]]], axis=1))
    known = pd.DataFrame(
        {
            "street_id": [f"990{place:06d}" for place in places.index],
            "node_from": [f"99{node:06d}" for node in places["node_from"]],
            "node_to": [f"99{node:06d}" for node in places["node_to"]],
            "length_metres": places["length_metres"],
            "lanes": places["lanes"],
            "land_use": np.array(USES, object)[places["use"]],
        }
    )
    sent = {
        "LINK_ID": known["street_id"],
        "F_NODE": known["node_from"],
        "T_NODE": known["node_to"],
        "LENGTH": known["length_metres"],
        "LANES": known["lanes"],
        "이용": known["land_use"].map(LAND_USES),
    }
    sent = gpd.GeoDataFrame(sent, geometry=lines, crs=5179).to_crs(5186)
    return _beside(files.outlines(folder / "도로구간.geojson", sent, 2), known.assign(geometry=lines))


def _cameras(folder, world):
    listed = world.watch.cameras["in_list"].to_numpy()
    cameras = world.watch.cameras[listed]
    at = cameras["place"].to_numpy()
    known = pd.DataFrame(
        {
            "camera_id": cameras["camera_id"].astype(str).to_numpy(),
            "camera_name": camera_names(world)[listed],
            "installed_on": cameras["installed_on"].to_numpy(),
            "address": _address(world, at, 1),
            "longitude": world.ground.places["longitude"].to_numpy()[at],
            "latitude": world.ground.places["latitude"].to_numpy()[at],
        }
    )
    content = [
        {"CCTV명": row.camera_name, "설치일자": f"{row.installed_on:%Y-%m-%d}", "위도": row.latitude, "경도": row.longitude,
         "관리번호": int(row.camera_id), "설치주소": row.address}
        for row in known.itertuples()
    ]  # fmt: skip
    return _beside(files.records(folder / "cctv.json", content), known)


def _zones(folder, world):
    zones = world.ground.zones
    known = {
        "zone_name": zones["name"],
        "zone": zones["kind"].map(ZONES),
        "address": _address(world, zones["place"], 1),
        "geometry": zones.geometry.to_numpy(),
    }
    sent = zones[["geometry"]].assign(대상시설명=zones["name"], 시설종류=zones["kind"], 소재지지번주소=known["address"])
    return _beside(files.outlines(folder / "보호구역.geojson", sent.to_crs(5186), 2), known)


def _address(world, at, lot):
    """Address of a lot of each place."""
    places = world.ground.places
    return [f"{places['legal_name'][p]} {places['lot_number'][p]}-{lot}" for p in at]


def _addresses(folder, world, rng):
    """Every lot of every street, at its own place along it."""
    places = world.ground.places
    known = []
    for lot in range(1, LOTS_A_STREET + 1):
        step = ((lot - 0.5) / LOTS_A_STREET - 0.5) * places["length_metres"]
        x, y = (
            places[axis] + step * places[way] + rng.normal(0, 4, len(places))
            for axis, way in (("x", "east"), ("y", "north"))
        )
        longitude, latitude = degrees(x, y)
        known.append(
            pd.DataFrame({"address": _address(world, places.index, lot), "longitude": longitude, "latitude": latitude})
        )
    known = pd.concat(known, ignore_index=True)
    content = {row.address: {"lat": row.latitude, "lon": row.longitude} for row in known.itertuples()}
    return _beside(files.records(folder / "지번주소_좌표.json", content), known)


def lot_ids(number):
    return [f"990-2-{lot:06d}" for lot in range(1, number + 1)]


def _lots(folder, world):
    places, lots = world.ground.places, world.lots.lots
    at = lots["place"].to_numpy()
    area = AREA_NAMES[places["area"].to_numpy()[at]]
    known = pd.DataFrame(
        {
            "lot_id": lot_ids(len(lots)),
            "lot_name": [f"{name} 가상 제{n}공영" for n, name in enumerate(area, 1)],
            "lot_type": lots["kind"].map(LOT_TYPES),
            "spaces": lots["spaces"],
            "address": _address(world, at, 2),
            "longitude": places["longitude"].to_numpy()[at],
            "latitude": places["latitude"].to_numpy()[at],
        }
    )
    sent = pd.DataFrame(
        {
            "주차장관리번호": known["lot_id"],
            "주차장명": known["lot_name"],
            "주차장구분": "공영",
            "주차장유형": lots["kind"],
            "소재지도로명주소": "",
            "소재지지번주소": known["address"],
            "주차구획수": known["spaces"],
            "운영요일": "평일+토요일+공휴일",
            "요금정보": "유료",
            "관리기관명": TITLE,
            "위도": known["latitude"],
            "경도": known["longitude"],
            "데이터기준일자": f"{world.days[-1]:%Y-%m-%d}",
        }
    )
    return _beside(files.csv(folder / f"가상도시_주차장정보_{world.days[-1]:%Y%m%d}.csv", sent, "utf-8-sig"), known)


def _lot_counts(folder, world, rng):
    """Four weeks of counts by the hour, such as a survey or a gate gives."""
    occupied, spaces = world.lots.occupied, world.lots.lots["spaces"].to_numpy()
    days = world.days[-SURVEY_DAYS:]
    lot, day, hour = (
        part.ravel()
        for part in np.meshgrid(np.arange(len(occupied)), np.arange(len(days)), np.arange(24), indexing="ij")
    )
    rests = world.rests[-SURVEY_DAYS:].astype(int)
    known = pd.DataFrame(
        {
            "lot_id": np.array(lot_ids(len(occupied)), object)[lot],
            "counted_at": days[day] + pd.to_timedelta(hour, "h"),
            "time_precision": "hour",
            "cars": rng.binomial(spaces[lot], np.clip(occupied[lot, rests[day], hour] / spaces[lot], 0, 1)),
        }
    )
    text = known["counted_at"].dt.strftime("%Y%m%d ") + known["counted_at"].dt.hour.astype(str) + "시"
    sent = pd.DataFrame({"주차장관리번호": known["lot_id"], "조사일시": text, "주차대수": known["cars"]})
    return _beside(files.csv(folder / "주차장_시간대별_이용현황.csv", sent), known)


def _parcels(folder, world):
    parcels = world.lots.parcels
    longitude, latitude = degrees(parcels["x"], parcels["y"])
    known = pd.DataFrame(
        {
            "parcel_id": [f"P{number:04d}" for number in range(1, len(parcels) + 1)],
            "address": _address(world, parcels["place"], 3),
            "area_m2": parcels["area_m2"],
            "spaces": parcels["spaces"],
            "owner": parcels["owner"].map(OWNERS),
            "land": parcels["land"],
            "krw_per_m2": parcels["krw_per_m2"],
            "road_metres": parcels["road_metres"],
            "slope_percent": parcels["slope_percent"],
            "longitude": longitude,
            "latitude": latitude,
        }
    )
    sent = pd.DataFrame(
        {
            "후보지번호": known["parcel_id"],
            "소재지": known["address"],
            "면적(㎡)": known["area_m2"].map("{:,.0f}".format),
            "가능면수": known["spaces"],
            "소유구분": parcels["owner"],
            "지목": known["land"],
            "공시지가(원/㎡)": known["krw_per_m2"].map("{:,}".format),
            "접도폭(m)": known["road_metres"],
            "경사도(%)": known["slope_percent"],
            "경도": longitude,
            "위도": latitude,
        }
    )
    return _beside(files.csv(folder / "공영주차장_후보지.csv", sent), known)


def _people(folder, world):
    people = world.ground.places.groupby("area")["people"].sum()
    cars = world.fleet.cars.loc[world.fleet.cars["registered"], "area"].value_counts()
    known = pd.DataFrame(
        {
            "counted_on": world.days[-1],
            "area_as_sent": AREA_NAMES[people.index],
            "people": people.to_numpy(),
            "vehicles": cars.reindex(people.index, fill_value=0).to_numpy(),
        }
    )
    sent = pd.DataFrame(
        {
            "기준일자": known["counted_on"].dt.strftime("%Y-%m-%d"),
            "읍면동": known["area_as_sent"],
            "인구": known["people"].map("{:,}".format),
            "자동차등록대수": known["vehicles"].map("{:,}".format),
        }
    )
    return _beside(files.csv(folder / "읍면동별_인구_자동차.csv", sent), known)
