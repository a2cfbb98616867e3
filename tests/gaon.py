"""Settings of Gaon, an invented city whose exports tests write by hand."""

CITY = """
name = { ko = "가온시", en = "Gaon" }
office = { ko = "세정과", en = "Tax" }
rules_of = "남양주시"
"""
FILES = {
    "tickets": "단속*.csv", "citizen_reports": "신고.csv", "areas": "읍면동.csv", "debts": "체납*.csv", "payments": "납부*",
    "vehicles": "등록*.csv", "sightings": "판독*.csv", "outcomes": "영치*.csv",
}  # fmt: skip
HEADERS = {
    "issued_at": "일시", "reported_at": "일시", "seen_at": "일시", "acted_at": "일시", "plate": "차량번호", "place_as_sent": "장소",
    "area_as_sent": "행정동", "reporter": "신고자", "longitude": "경도", "latitude": "위도", "report_id": "신고번호", "area_code": "코드",
    "area_name": "이름", "geometry": "경계", "snapshot_on": "기준일자", "debt_id": "과세번호", "debt_kind": "세목", "due_on": "납기일",
    "amount_krw": "체납액", "paid_on": "납부일", "vehicle": "차대번호", "valid_from": "등록일자", "valid_to": "종료일자",
    "ended_by": "종료사유", "home_area": "사용본거지", "reader": "장비", "action": "조치",
}  # fmt: skip
REST = {
    "tickets": 'constants = { channel = "citizen_report" }\n',
    "debts": '[source.values.debt_kind]\n"자동차세" = "vehicle_tax"\n',
    "sightings": 'constants = { reader_kind = "patrol_car" }\n',
}


def city_toml(**columns):
    """The city.toml for exports of some tables: name of the table -> its columns that the exports hold, in one text."""
    return CITY + "".join(_source(table, names.split()) for table, names in columns.items())


def _source(table, names):
    headers = HEADERS | ({"amount_krw": "납부액"} if table == "payments" else {})
    held = ", ".join(f'{name} = "{headers[name]}"' for name in names)
    return (
        f'[[source]]\nname = "{table}"\ntable = "{table}"\nfiles = "{FILES[table]}"\ncolumns = {{ {held} }}\n'
        + REST.get(table, "")
    )
