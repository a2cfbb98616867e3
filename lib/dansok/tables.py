"""Every table and column, once: checked when written, printed as data/README.md.

A column with `made=True` is filled by `clean` or `link`; every other one may be mapped to an export's column in
city.toml. A column of type `plate` is read but never written: `plate_token` and its kin stand for it; likewise one of type
`secret` (a number that points to one person or vehicle), for which `<name>_token` stands.

Rows about one vehicle or person grow old by a date of their table (`ages_by`): `dansok.forget` deletes those of before a day.

    python -m dansok.tables > data/README.md
"""

from dataclasses import dataclass, field

from dansok.words import Text

TYPES = (
    "string",
    "timestamp",
    "date",
    "clock",
    "integer",
    "number",
    "boolean",
    "category",
    "plate",
    "secret",
    "longitude",
    "latitude",
    "geometry",
)


UNWRITTEN = ("plate", "secret")


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    meaning: str
    ko: str
    unit: str | None = None
    empty_means: str = "never empty"
    values: dict[str, Text] = field(default_factory=dict)
    made: bool = False

    @property
    def required(self):
        return not self.made and self.empty_means == "never empty"


@dataclass(frozen=True)
class Table:
    """One table.

    Attributes
    ----------
    ages_by : str or None
        Date or moment by which a row about one vehicle or person grows old (a row without it does not); None: there are no such
        rows.
    told_by : tuple of str
        A row is about one vehicle or person if any of these columns holds something.
    needed_for : str or None
        Table for which older rows stay, as long as their vehicle stands in it.
    """

    name: str
    stage: str
    one_row_is: str
    ko: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    ages_by: str | None = None
    told_by: tuple[str, ...] = ()
    needed_for: str | None = None

    def __getitem__(self, name):
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name} has no column {name!r}")

    def __contains__(self, name):
        return any(column.name == name for column in self.columns)

    @property
    def stored(self):
        """Columns that are written: all but plates and secrets."""
        return tuple(column for column in self.columns if column.type not in UNWRITTEN)

    def check(self, frame):
        """Return `frame` with this table's columns in order, or say what is wrong.

        Parameters
        ----------
        frame : pd.DataFrame
            Rows as `one_row_is` says.

        Raises
        ------
        ValueError
            If a column is missing, the key repeats, a column that is never empty has gaps, or a category holds
            a value that is not described.
        """
        missing = [column.name for column in self.stored if column.name not in frame]
        if missing:
            raise ValueError(f"{self.name}: no column {missing}")
        repeated = int(frame.duplicated(list(self.key)).sum())
        if repeated:
            raise ValueError(f"{self.name}: {repeated} rows repeat the key {self.key}")
        for column in self.stored:
            found = frame[column.name]
            if column.empty_means == "never empty" and found.isna().any():
                raise ValueError(f"{self.name}.{column.name}: {int(found.isna().sum())} empty")
            strange = set(found.dropna().unique()) - set(column.values) if column.values else set()
            if strange:
                raise ValueError(f"{self.name}.{column.name}: undescribed values {sorted(strange)}")
        return frame[[column.name for column in self.stored]]


CHANNELS = {
    "fixed_camera": Text("고정형 CCTV", "Fixed cameras"),
    "mobile_camera": Text("주행형 단속차량", "Patrol car"),
    "officer": Text("현장 단속", "Officers on foot"),
    "citizen_report": Text("시민신고", "Citizens' reports"),
}
VIOLATIONS = {
    "general": Text("주정차 금지", "No parking"),
    "sidewalk": Text("보도(인도)", "Sidewalk"),
    "crosswalk": Text("횡단보도", "Crosswalk"),
    "corner": Text("교차로 모퉁이", "Street corner"),
    "bus_stop": Text("버스정류장", "Bus stop"),
    "fire_hydrant": Text("소방시설 주변", "Fire equipment"),
    "child_zone": Text("어린이보호구역", "School zone"),
    "safety_zone": Text("안전지대", "Safety island"),
    "several": Text("둘 이상", "More than one"),
}
ZONES = {
    "child": Text("어린이보호구역", "School zone"),
    "senior": Text("노인보호구역", "Senior zone"),
    "disabled": Text("장애인보호구역", "Disabled persons' zone"),
    "fire": Text("소방시설 주변 절대금지", "Fire equipment zone"),
}
POSITION_STATES = {
    "as_sent": Text("원자료 그대로", "as sent"),
    "mended": Text("축 바뀜, 규칙에 따라 고침", "axes swapped, mended by rule"),
    "swapped": Text("축 바뀜, 고치지 않음", "axes swapped, not mended"),
    "outside": Text("지역 밖", "outside the region"),
    "pile_up": Text("한 점에 몰림", "piled up on one point"),
    "missing": Text("좌표 없음", "no coordinates"),
}
PRECISIONS = {
    name: Text(ko, name)
    for name, ko in (("second", "초"), ("minute", "분"), ("hour", "시"), ("day", "일"), ("month", "월"), ("year", "연"))
}
PLATE_STATES = {
    "read": Text("판독", "read"),
    "masked": Text("가림", "masked"),
    "unreadable": Text("판독 불가", "unreadable"),
    "missing": Text("없음", "not in the export"),
}
HOW_PLACED = {
    "camera": Text("카메라 이름", "camera's name"),
    "coordinates": Text("좌표", "coordinates"),
    "address": Text("주소표", "address table"),
}
WHY_UNPLACED = {
    "camera_unknown": Text("카메라 목록에 없는 이름", "name not in the list of cameras"),
    "address_unknown": Text("주소표에 없는 지번·도로명", "address not in the address table"),
    "address_vague": Text("지번·도로명이 아닌 장소", "place is no address"),
    "position_bad": Text("좌표를 믿을 수 없음", "coordinates cannot be trusted"),
    "no_place": Text("장소 없음", "no place given"),
}

LOOKERS = {
    "fixed_camera": Text("고정형 CCTV", "Fixed cameras"),
    "patrol_car": Text("주행형 단속차량", "Patrol cars"),
    "officer": Text("현장 단속조", "Officers on foot"),
    "squad_car": Text("영치 차량", "Arrears squads' cars"),
    "lot": Text("주차장 출입구", "Gates of lots"),
    "citizen_report": Text("시민신고", "Citizens' reports"),
}
SEIZURE_REASONS = {
    "driving_ban": Text("운행정지(대포차)", "under a driving ban"),
    "car_taxes": Text("자동차세 체납 횟수", "number of unpaid car taxes"),
    "fines": Text("과태료 체납액과 기간", "sum and age of unpaid fines"),
    "too_few_taxes": Text("자동차세 횟수 미달", "too few unpaid car taxes"),
    "fines_too_small": Text("과태료 금액 미달", "fines below the sum"),
    "fines_too_recent": Text("과태료 기간 미달", "fines not overdue long enough"),
    "fines_of_others": Text("다른 기관의 과태료", "fines owed to another municipality"),
    "livelihood": Text("생계형", "livelihood case"),
    "instalments": Text("분납 이행 중", "keeps an instalment plan"),
    "plate_held": Text("번호판 이미 영치", "plate taken already"),
    "sold": Text("전 소유자의 체납", "debts of a former owner"),
    "owner_unclear": Text("누구의 체납인지 불분명", "whose debts is not clear"),
    "deregistered": Text("말소된 차량", "taken off the register"),
    "not_due": Text("납기 전", "not overdue yet"),
    "no_rule": Text("정해진 기준 없음", "no rule is known"),
}
TREAT_BY = {
    "plate": Text("영치", "seizure of the plate"),
    "tow": Text("견인·공매", "towing and public sale"),
    "instalment": Text("분납 유지", "instalments"),
    "welfare": Text("복지 연계", "welfare"),
    "notice": Text("안내·독촉", "notice"),
}
READERS = {name: LOOKERS[name] for name in ("fixed_camera", "patrol_car", "lot", "squad_car")}
PROVENANCE = (
    Column("source", "string", "Name of the [[source]] in city.toml.", "출처", made=True),
    Column("source_file", "string", "File in 1_raw, with the sheet or zip member.", "원자료 파일", made=True),
    Column("source_row", "integer", "Row number as Excel shows it.", "원자료 행", made=True),
)
KEY = ("source_file", "source_row")
TIME_PRECISION = Column(
    "time_precision",
    "category",
    "How much of the moment the export tells.",
    "시각 정밀도",
    values=PRECISIONS,
    made=True,
)
POSITION = (
    Column(
        "longitude",
        "longitude",
        "East, WGS 84; axes mended where position_state says so.",
        "경도",
        "degrees",
        "not in the export, or not to be trusted",
    ),
    Column("latitude", "latitude", "North, WGS 84.", "위도", "degrees", "not in the export, or not to be trusted"),
    Column(
        "position_state", "category", "What became of the coordinates.", "좌표 상태", values=POSITION_STATES, made=True
    ),
)
PLATE = (
    Column(
        "plate",
        "plate",
        "Plate as sent; read, replaced by its token, never written.",
        "차량번호",
        empty_means="not in the export",
    ),
    Column(
        "plate_token",
        "string",
        "Keyed hash of the normal form of the plate.",
        "차량 토큰",
        empty_means="plate missing, masked or unreadable: never joins",
        made=True,
    ),
    Column(
        "plate_state", "category", "Whether the plate could be read.", "번호판 상태", values=PLATE_STATES, made=True
    ),
    Column(
        "look_alike_token",
        "string",
        "Keyed hash of the form that plates share which readers mistake for each other; only to count near misses, never joined.",
        "닮은꼴 토큰",
        empty_means="plate not read",
        made=True,
    ),
    Column(
        "plate_class",
        "string",
        "Kind of vehicle by the plate's number.",
        "차종",
        empty_means="plate not read",
        made=True,
    ),
    Column("plate_use", "string", "Use by the plate's letter.", "용도", empty_means="plate not read", made=True),
)


def _secret(name, meaning, ko, token_meaning):
    """A number that points to one person or vehicle, and the keyed hash that is kept of it."""
    empty = "not in the export"
    return (
        Column(name, "secret", f"{meaning}; read, replaced by its token, never written.", ko, empty_means=empty),
        Column(f"{name}_token", "string", token_meaning, f"{ko} 토큰", empty_means=empty, made=True),
    )


def _clean(name, one_row_is, ko, columns, key=KEY, **ages):
    return Table(name, "2_clean", one_row_is, ko, key, (*columns, *PROVENANCE), **ages)


TICKETS = _clean(
    "tickets",
    "one enforcement record of any channel, as the enforcement system holds it on the export day",
    "단속 기록",
    (
        Column("issued_at", "timestamp", "Moment of the violation.", "단속일시", "Asia/Seoul local time"),
        TIME_PRECISION,
        Column("channel", "category", "How it was caught.", "단속 구분", values=CHANNELS),
        Column(
            "records",
            "integer",
            "Tickets that the row stands for: 1, or the count of an aggregated export.",
            "건수",
            empty_means="filled with 1",
        ),
        Column("area_as_sent", "string", "읍면동 as the export names it.", "단속동", empty_means="not in the export"),
        Column(
            "place_as_sent",
            "string",
            "Place as the export names it: camera, address or description.",
            "단속장소",
            empty_means="not in the export",
        ),
        Column(
            "violation",
            "category",
            "What was violated.",
            "위반 유형",
            values=VIOLATIONS,
            empty_means="not in the export",
        ),
        Column(
            "zone",
            "category",
            "Protected zone that the record itself names.",
            "단속특별지역",
            values=ZONES,
            empty_means="none named",
        ),
        Column(
            "ticket_id", "string", "The enforcement system's own number.", "단속번호", empty_means="not in the export"
        ),
        *_secret("reporter", "Number of the citizen who reported", "신고자", "Tells one reporter from another."),
        *POSITION,
        *PLATE,
    ),
    ages_by="issued_at",
    told_by=("plate_token", "reporter_token", "ticket_id"),
)
CITIZEN_REPORTS = _clean(
    "citizen_reports",
    "one report by a citizen, whether or not a ticket followed",
    "시민신고 접수",
    (
        Column("reported_at", "timestamp", "Moment of the violation as reported.", "신고일시", "Asia/Seoul local time"),
        TIME_PRECISION,
        Column(
            "report_id", "string", "Number of the report (안전신문고).", "신고번호", empty_means="not in the export"
        ),
        Column("area_as_sent", "string", "읍면동 as the export names it.", "행정동", empty_means="not in the export"),
        Column("place_as_sent", "string", "Place as reported.", "신고장소", empty_means="not in the export"),
        Column(
            "violation",
            "category",
            "What was reported.",
            "위반 유형",
            values=VIOLATIONS,
            empty_means="not in the export",
        ),
        Column(
            "outcome",
            "category",
            "What the city answered.",
            "처리 결과",
            empty_means="not yet answered",
            values={
                "accepted": Text("수용", "accepted"),
                "partly": Text("일부수용", "partly accepted"),
                "rejected": Text("불수용", "rejected"),
                "withdrawn": Text("취하", "withdrawn"),
                "forwarded": Text("이송", "forwarded"),
            },
        ),
        *POSITION,
        *PLATE,
    ),
    ages_by="reported_at",
    told_by=("plate_token", "report_id"),
)
CAMERAS = _clean(
    "cameras",
    "one fixed camera",
    "고정형 CCTV",
    (
        Column("camera_id", "string", "The city's number of the camera.", "관리번호"),
        Column("camera_name", "string", "Name that enforcement records use as their place.", "CCTV명"),
        Column("installed_on", "date", "Day of installation.", "설치일자", empty_means="not in the export"),
        Column(
            "removed_on", "date", "Day it was taken away.", "철거일자", empty_means="still there, or not in the export"
        ),
        Column("address", "string", "Where it stands.", "설치주소", empty_means="not in the export"),
        *POSITION,
    ),
)
LOTS = _clean(
    "lots",
    "one public parking lot",
    "공영주차장",
    (
        Column("lot_id", "string", "Number of the lot.", "주차장관리번호"),
        Column("lot_name", "string", "Name of the lot.", "주차장명"),
        Column(
            "lot_type",
            "category",
            "On the street, off the street, or attached to a building.",
            "주차장유형",
            values={
                "on_street": Text("노상", "on-street"),
                "off_street": Text("노외", "off-street"),
                "attached": Text("부설", "attached"),
            },
            empty_means="not in the export",
        ),
        Column(
            "spaces", "integer", "Parking spaces.", "주차구획수", "spaces (면, not square metres)", "not in the export"
        ),
        Column("address", "string", "Address of the lot.", "소재지", empty_means="not in the export"),
        *POSITION,
    ),
)
PROTECTED_ZONES = _clean(
    "protected_zones",
    "one protected zone with its outline",
    "보호구역",
    (
        Column(
            "zone_name", "string", "The school or home that it protects.", "대상시설명", empty_means="not in the export"
        ),
        Column("zone", "category", "Kind of zone.", "보호구역 종류", values=ZONES),
        Column("address", "string", "Address of the school or home.", "주소", empty_means="not in the export"),
        Column("geometry", "geometry", "Outline (or point).", "경계", "WKT, EPSG:5179"),
    ),
)
AREAS = _clean(
    "areas",
    "one 읍면동 within its boundary",
    "읍면동",
    (
        Column("area_code", "string", "Code of the 읍면동.", "행정동코드"),
        Column("area_name", "string", "Name of the 읍면동.", "읍면동"),
        Column("geometry", "geometry", "Boundary.", "경계", "WKT, EPSG:5179"),
    ),
    key=("area_code",),
)
ADDRESSES = _clean(
    "addresses",
    "one address with its coordinates",
    "주소표",
    (
        Column("address", "string", "지번 or 도로명 address.", "주소"),
        Column(
            "address_key",
            "string",
            "Normal form used for look-ups.",
            "주소 키",
            empty_means="no address in the text",
            made=True,
        ),
        *POSITION,
    ),
)
DEBTS = _clean(
    "debts",
    "one unpaid tax or fine of one vehicle, as the register holds it on the day of the snapshot",
    "체납",
    (
        Column("snapshot_on", "date", "Day of the register.", "기준일자"),
        Column("debt_id", "string", "Number of the tax or fine.", "과세번호", empty_means="not in the export"),
        *PLATE,
        Column(
            "debt_kind",
            "category",
            "Tax or fine.",
            "세목",
            values={"vehicle_tax": Text("자동차세", "vehicle tax"), "fine": Text("과태료", "fine")},
        ),
        Column("due_on", "date", "Day it fell due.", "납기일", empty_means="not in the export"),
        Column("amount_krw", "integer", "What is owed, surcharges included.", "체납액", "won"),
        Column("instalments", "boolean", "An instalment plan is kept.", "분납", empty_means="not in the export"),
        Column("livelihood", "boolean", "Marked as a livelihood case.", "생계형", empty_means="not in the export"),
        Column(
            "stopped",
            "boolean",
            "The vehicle is under an order not to be driven: nobody answers for it (대포차).",
            "운행정지",
            empty_means="not in the export",
        ),
        Column(
            "owed_to",
            "category",
            "To whom it is owed.",
            "체납 기관",
            values={
                "own": Text("관내", "this city"),
                "other": Text("타 시군 촉탁", "another municipality that asked for help"),
            },
            empty_means="this city",
        ),
    ),
    ages_by="snapshot_on",
    told_by=("plate_token", "debt_id"),
)
PAYMENTS = _clean(
    "payments",
    "one payment towards the debts of one vehicle",
    "납부",
    (
        Column("paid_on", "date", "Day of the payment.", "납부일"),
        Column("debt_id", "string", "Number of the tax or fine.", "과세번호", empty_means="not in the export"),
        *PLATE,
        Column("amount_krw", "integer", "What was paid.", "납부액", "won"),
    ),
    ages_by="paid_on",
    told_by=("plate_token", "debt_id"),
)
SIGHTINGS = _clean(
    "sightings",
    "one plate read by a camera, a patrol car or a lot",
    "차량 포착",
    (
        Column("seen_at", "timestamp", "Moment of the read.", "포착일시", "Asia/Seoul local time"),
        TIME_PRECISION,
        Column("reader", "string", "Camera, car or lot that read it.", "포착 장비", empty_means="not in the export"),
        Column(
            "reader_kind",
            "category",
            "What read it.",
            "장비 구분",
            values=READERS,
            empty_means="not in the export",
        ),
        *POSITION,
        *PLATE,
    ),
    ages_by="seen_at",
    told_by=("plate_token",),
)
OUTCOMES = _clean(
    "outcomes",
    "one thing that a squad did about one vehicle; or a block of a plan, or a vehicle expected in it, for which it waited in vain",
    "영치",
    (
        Column("acted_at", "timestamp", "Moment of the action.", "영치일시", "Asia/Seoul local time"),
        TIME_PRECISION,
        Column(
            "action",
            "category",
            "What was done.",
            "조치",
            values={
                "seized": Text("영치", "plate seized"),
                "notice": Text("영치예고", "notice of seizure"),
                "returned": Text("반환", "plate returned"),
                "towed": Text("견인", "towed"),
                "paid_on_spot": Text("현장 납부", "paid on the spot"),
                "settled": Text("분납 약정", "instalments agreed"),
                "met": Text("발견만", "met, nothing done"),
                "not_there": Text("미발견", "not there"),
            },
        ),
        Column("paid_krw", "integer", "What was paid upon it.", "납부액", "won", "nothing recorded"),
        Column("crew", "string", "Arrears squad that acted.", "영치반", empty_means="not in the export"),
        Column("block", "string", "Block of the stake-out plan.", "구간", empty_means="not upon a plan"),
        Column("place_as_sent", "string", "Place as the export names it.", "장소", empty_means="not in the export"),
        *POSITION,
        *PLATE,
    ),
    ages_by="acted_at",
    told_by=("plate_token",),
    needed_for="debts",
)

VEHICLES = _clean(
    "vehicles",
    "one plate of one vehicle for a time, as the vehicle register holds it",
    "자동차 등록",
    (
        *PLATE,
        *_secret("vehicle", "Chassis number (차대번호)", "차대번호", "The vehicle itself, whatever plate it bears."),
        Column("valid_from", "date", "First day on which the vehicle bears the plate.", "등록일"),
        Column("valid_to", "date", "First day on which it no longer does.", "종료일", empty_means="it still does"),
        Column(
            "began_by",
            "category",
            "How the spell began.",
            "등록 사유",
            values={
                "new": Text("신규", "newly registered"),
                "plate_changed": Text("번호변경", "plate changed"),
                "sold": Text("이전", "sold: another owner"),
            },
            empty_means="not in the export",
        ),
        Column(
            "ended_by",
            "category",
            "How it ended.",
            "종료 사유",
            values={
                "scrapped": Text("말소", "taken off the register"),
                "plate_changed": Text("번호변경", "plate changed"),
                "sold": Text("이전", "sold: another owner"),
            },
            empty_means="it still holds, or not in the export",
        ),
        Column(
            "home_area", "string", "읍면동 in which it is registered.", "사용본거지", empty_means="not in the export"
        ),
        Column(
            "registered_in",
            "category",
            "Where it is registered: debtors of other cities belong into the export too.",
            "등록지",
            values={"own": Text("관내", "this city"), "other": Text("타 시군", "another city")},
            empty_means="this city",
        ),
    ),
    ages_by="valid_to",
    told_by=("plate_token", "vehicle_token"),
    needed_for="debts",
)
EFFORTS = _clean(
    "efforts",
    "one logged piece of looking: a satellite fix of a car on its round, or a shift of officers in one 읍면동",
    "단속 활동 기록",
    (
        Column(
            "logged_at", "timestamp", "Moment of the fix, or start of the shift.", "기록일시", "Asia/Seoul local time"
        ),
        TIME_PRECISION,
        Column(
            "looker",
            "category",
            "Who looked.",
            "구분",
            values={name: LOOKERS[name] for name in ("patrol_car", "officer", "squad_car")},
        ),
        Column("unit", "string", "Car or team.", "차량·조", empty_means="not in the export"),
        Column("minutes", "number", "Time that it stands for.", "시간", "minutes"),
        Column("area_as_sent", "string", "읍면동 as the log names it.", "읍면동", empty_means="not in the export"),
        *POSITION,
    ),
)
CREW_BLOCKS = _clean(
    "crew_blocks",
    "one block of work of one arrears squad, with what came of it, also if nothing did",
    "영치 활동일지",
    (
        Column("started_at", "timestamp", "Start of the block.", "시작일시", "Asia/Seoul local time"),
        TIME_PRECISION,
        Column("hours", "number", "Length of the block.", "활동시간", "hours"),
        Column("crew", "string", "The squad.", "영치반"),
        Column(
            "mode",
            "category",
            "Whether it drove about or waited.",
            "방식",
            values={"roam": Text("순회", "roaming"), "wait": Text("대기", "waiting")},
            empty_means="not in the export",
        ),
        Column("area_as_sent", "string", "읍면동 in which it was.", "읍면동", empty_means="not in the export"),
        Column("place_as_sent", "string", "Place at which it waited.", "장소", empty_means="it roamed"),
        Column("plates_read", "integer", "Plates read.", "판독", "vehicles", "not in the export"),
        Column(
            "debtors_met", "integer", "Vehicles in arrears among them.", "체납 발견", "vehicles", "not in the export"
        ),
        Column("plates_seized", "integer", "Plates taken.", "영치", "vehicles", "not in the export"),
        Column("paid_krw", "integer", "Paid upon it until the export.", "징수액", "won", "nothing recorded"),
        *POSITION,
    ),
)
STREETS = _clean(
    "streets",
    "one street between two junctions",
    "도로 구간",
    (
        Column("street_id", "string", "Number of the street.", "구간번호"),
        Column("node_from", "string", "Junction at one end.", "시작 교차로"),
        Column("node_to", "string", "Junction at the other end.", "끝 교차로"),
        Column("length_metres", "number", "Length.", "연장", "metres"),
        Column("lanes", "integer", "Lanes, both ways.", "차로수", "lanes", "not in the export"),
        Column(
            "land_use",
            "category",
            "What stands along it.",
            "이용",
            values={
                "residential": Text("주거", "homes"),
                "retail": Text("상업", "shops"),
                "work": Text("업무", "work and schools"),
                "ribbon": Text("도로변", "country road"),
            },
            empty_means="not in the export",
        ),
        Column("geometry", "geometry", "Line.", "선형", "WKT, EPSG:5179"),
    ),
)
AREA_COUNTS = _clean(
    "area_counts",
    "people and vehicles of one 읍면동 on one day",
    "읍면동 현황",
    (
        Column("counted_on", "date", "Day of the count.", "기준일자"),
        Column("area_as_sent", "string", "읍면동.", "읍면동"),
        Column("people", "integer", "Registered inhabitants.", "인구", "people"),
        Column("vehicles", "integer", "Registered vehicles.", "자동차", "vehicles", "not in the export"),
    ),
)
LOT_COUNTS = _clean(
    "lot_counts",
    "cars in one public lot at one hour of one day",
    "주차장 이용",
    (
        Column("lot_id", "string", "Number of the lot.", "주차장관리번호"),
        Column("counted_at", "timestamp", "Hour of the count.", "조사일시", "Asia/Seoul local time"),
        TIME_PRECISION,
        Column("cars", "integer", "Cars that stood in it.", "주차대수", "cars"),
    ),
)
PARCELS = _clean(
    "parcels",
    "one parcel on which a public lot could be built",
    "주차장 후보지",
    (
        Column("parcel_id", "string", "Number of the parcel.", "후보지번호"),
        Column("address", "string", "Address.", "소재지", empty_means="not in the export"),
        Column("area_m2", "number", "Area.", "면적", "square metres"),
        Column("spaces", "integer", "Spaces that would fit.", "가능 면수", "spaces (면)", "not in the export"),
        Column(
            "owner",
            "category",
            "Who owns it.",
            "소유",
            values={
                "city": Text("공유지", "the city"),
                "state": Text("국유지", "the state"),
                "private": Text("사유지", "somebody else"),
            },
            empty_means="not in the export",
        ),
        Column("land", "string", "Land category (지목).", "지목", empty_means="not in the export"),
        Column("krw_per_m2", "integer", "Official price.", "공시지가", "won per square metre", "not in the export"),
        Column("road_metres", "number", "Width of the road in front.", "접도 폭", "metres", "not in the export"),
        Column("slope_percent", "number", "Slope.", "경사도", "percent", "not in the export"),
        *POSITION,
    ),
)

PLACED_TICKETS = Table(
    "placed_tickets",
    "3_linked",
    "one row of `tickets`, with the place it was given; every row is here, placed or not",
    "위치가 붙은 단속 기록",
    KEY,
    (
        *(column for column in TICKETS.stored if column.name not in {"longitude", "latitude", "look_alike_token"}),
        Column(
            "camera_id",
            "string",
            "Fixed camera that recorded it; number and name where the list gives one number twice.",
            "카메라",
            empty_means="no camera of that name",
            made=True,
        ),
        Column(
            "how_placed",
            "category",
            "What gave the place.",
            "위치 근거",
            values=HOW_PLACED,
            empty_means="not placed",
            made=True,
        ),
        Column(
            "why_unplaced",
            "category",
            "Why there is no place.",
            "미배정 사유",
            values=WHY_UNPLACED,
            empty_means="placed",
            made=True,
        ),
        Column(
            "place_name",
            "string",
            "Name of the place for a reader: camera's name, or address key.",
            "장소",
            empty_means="not placed",
            made=True,
        ),
        Column("x", "number", "Easting.", "X", "metres, EPSG:5179", "not placed", made=True),
        Column("y", "number", "Northing.", "Y", "metres, EPSG:5179", "not placed", made=True),
        Column(
            "cell_x",
            "integer",
            "Column of the grid cell: floor(x / cell size).",
            "격자 열",
            empty_means="not placed",
            made=True,
        ),
        Column(
            "cell_y",
            "integer",
            "Row of the grid cell: floor(y / cell size).",
            "격자 행",
            empty_means="not placed",
            made=True,
        ),
        Column(
            "area_name",
            "string",
            "읍면동 whose boundary holds the place; where not placed, the 읍면동 as sent, if it is one.",
            "읍면동",
            empty_means="not placed, and the name as sent is none of the city's",
            made=True,
        ),
        Column(
            "opens_stay",
            "boolean",
            "Whether it is its channel's first record of a stay of the vehicle (2 hours, 150 m); true where the vehicle is not known.",
            "머묾의 첫 기록",
            made=True,
        ),
        Column(
            "area_agrees",
            "boolean",
            "The boundary and the name as sent agree.",
            "읍면동 일치",
            empty_means="not placed, or no name sent",
            made=True,
        ),
    ),
    ages_by="issued_at",
    told_by=("plate_token", "reporter_token", "ticket_id"),
)
EXPOSURE = Table(
    "exposure",
    "3_linked",
    "one hour of one day in which one camera watched, or patrol cars or officers were in one 읍면동",
    "단속 노출",
    ("channel", "unit", "day", "hour"),
    (
        Column("channel", "category", "Who watched.", "단속 구분", values=CHANNELS, made=True),
        Column(
            "unit",
            "string",
            "camera_id (for a camera in no list its name without blanks), or the 읍면동 that cars or officers were in.",
            "단위",
            made=True,
        ),
        Column(
            "area_name",
            "string",
            "읍면동 watched.",
            "읍면동",
            empty_means="the camera stands outside every 읍면동",
            made=True,
        ),
        Column("day", "date", "Day.", "날짜", made=True),
        Column("hour", "integer", "Hour of the day, 0-23.", "시", made=True),
        Column(
            "watched_hours",
            "number",
            "Part of the hour watched; above 1 where several cars or teams were in one 읍면동.",
            "노출 시간",
            "hours",
            made=True,
        ),
        Column(
            "basis",
            "category",
            "What the hours rest on.",
            "근거",
            made=True,
            values={
                "hours": Text("단속시간표", "timetable in city.toml"),
                "own_trace": Text("차량 자체 기록에서 추정", "inferred from the car's own records"),
                "satellite_log": Text("차량 위치기록", "satellite log of the cars"),
                "log_sheet": Text("근무일지", "log sheets"),
            },
        ),
    ),
)
_CELL = (
    Column("cell_x", "integer", "Column of the grid cell: floor(x / cell size).", "격자 열", made=True),
    Column("cell_y", "integer", "Row of the grid cell: floor(y / cell size).", "격자 행", made=True),
)
WATCHED_CELLS = Table(
    "watched_cells",
    "3_linked",
    "one clock hour, on working days or rest days of one month, in which somebody looked at one grid cell",
    "격자별 단속 노출",
    ("looker", "cell_x", "cell_y", "month", "rest_day", "hour"),
    (
        Column("looker", "category", "Who looked, or read plates.", "구분", values=LOOKERS, made=True),
        *_CELL,
        Column("month", "string", "Month, such as 2025-08.", "월", made=True),
        Column(
            "rest_day", "boolean", "Whether the days are Saturdays, Sundays and public holidays.", "휴일", made=True
        ),
        Column("hour", "integer", "Hour of the day, 0-23.", "시", made=True),
        Column("watched_hours", "number", "Time of looking, all such days together.", "노출 시간", "hours", made=True),
    ),
)
PLACED_SIGHTINGS = Table(
    "placed_sightings",
    "3_linked",
    "one read of a plate that could be read, at a known place; of a reader's reads of one plate less than a minute apart, one a minute",
    "위치가 붙은 차량 포착",
    KEY,
    (
        *(column for column in SIGHTINGS.stored if column.name in {"seen_at", "reader_kind", "reader"}),
        Column("plate_token", "string", "The plate.", "차량 토큰", made=True),
        Column("x", "number", "Easting.", "X", "metres, EPSG:5179", made=True),
        Column("y", "number", "Northing.", "Y", "metres, EPSG:5179", made=True),
        *_CELL,
        Column(
            "area_name",
            "string",
            "읍면동 that holds the middle of the cell.",
            "읍면동",
            empty_means="the cell lies outside every 읍면동",
            made=True,
        ),
        *PROVENANCE,
    ),
    ages_by="seen_at",
    told_by=("plate_token",),
)
VISITS = Table(
    "visits",
    "3_linked",
    "one stay of one vehicle at one place: its records and reads less than 2 hours and 150 m apart",
    "방문",
    ("visit_id",),
    (
        Column("visit_id", "integer", "Running number.", "방문번호", made=True),
        Column(
            "plate_token",
            "string",
            "The vehicle.",
            "차량 토큰",
            empty_means="plate not known: each record is a visit",
            made=True,
        ),
        Column("looker", "category", "Who saw it first.", "구분", values=LOOKERS, made=True),
        Column("first_at", "timestamp", "First record or read.", "처음", "Asia/Seoul local time", made=True),
        Column("last_at", "timestamp", "Last record or read.", "마지막", "Asia/Seoul local time", made=True),
        Column("records", "integer", "Enforcement records of the stay.", "단속 건수", made=True),
        Column("reads", "integer", "Reads of the stay.", "판독 수", made=True),
        Column("x", "number", "Easting of the first of them.", "X", "metres, EPSG:5179", made=True),
        Column("y", "number", "Northing of the first of them.", "Y", "metres, EPSG:5179", made=True),
        *_CELL,
        Column(
            "area_name",
            "string",
            "읍면동 of the first of them.",
            "읍면동",
            empty_means="outside every 읍면동",
            made=True,
        ),
    ),
    ages_by="first_at",
    told_by=("plate_token",),
)

_VEHICLE = Column(
    "vehicle",
    "string",
    "The vehicle, whatever plate it bore: its chassis token; where it is not in the vehicle register, its plate token with a number.",
    "차량",
    made=True,
)
DEBTORS = Table(
    "debtors",
    "3_linked",
    "one vehicle in arrears by one register of debts, as that day could know it",
    "체납차량",
    ("snapshot_on", "vehicle"),
    (
        Column("snapshot_on", "date", "Day of the register.", "기준일자", made=True),
        Column(
            "until_on",
            "date",
            "First day on which this no longer holds: the next register, or the day on which its present owner had paid all.",
            "종료일자",
            empty_means="there is no later register, and it was not paid",
            made=True,
        ),
        _VEHICLE,
        Column("plate_token", "string", "Plate that it bears that day.", "차량 토큰", made=True),
        Column("plate_class", "string", "Kind of vehicle by the plate's number.", "차종", made=True),
        Column(
            "registered",
            "category",
            "Whether it is registered in this city that day.",
            "등록지",
            values={"own": Text("관내", "this city"), "other": Text("관외", "elsewhere")},
            made=True,
        ),
        Column(
            "home_area",
            "string",
            "읍면동 in which it is registered.",
            "사용본거지",
            empty_means="not in the vehicle register",
            made=True,
        ),
        Column("debts", "integer", "Unpaid taxes and fines.", "체납 건수", made=True),
        Column("amount_krw", "integer", "What is owed.", "체납액", "won", made=True),
        Column(
            "present_krw",
            "integer",
            "Part of it that its present owner owes for certain.",
            "현 소유자 체납액",
            "won",
            made=True,
        ),
        Column("tax_krw", "integer", "Part of it that is vehicle tax.", "자동차세", "won", made=True),
        Column("fine_krw", "integer", "Part of it that is fines.", "과태료", "won", made=True),
        Column(
            "oldest_due_on",
            "date",
            "Day on which the oldest debt fell due.",
            "가장 오랜 납기",
            empty_means="not in the export",
            made=True,
        ),
        *(
            Column(name, "boolean", f"{meaning}, for one of its debts.", ko, empty_means="not in the export", made=True)
            for name, meaning, ko in (
                ("livelihood", "Marked as a livelihood case", "생계형"),
                ("instalments", "An instalment plan is kept", "분납"),
                ("stopped", "Under an order not to be driven (대포차)", "운행정지"),
            )
        ),
        Column("on_register", "boolean", "False once the vehicle was taken off the register.", "등록 유지", made=True),
        Column("plate_held", "boolean", "The plate lies at the office since a seizure.", "번호판 보관", made=True),
        Column("eligible", "boolean", "The law lets the plate be taken that day.", "영치 대상", made=True),
        Column("reason", "category", "Why, or why not.", "사유", values=SEIZURE_REASONS, made=True),
        Column("treat_by", "category", "What follows for the vehicle.", "조치", values=TREAT_BY, made=True),
        Column(
            "rule_id",
            "string",
            "Rule of korea/rules.toml that decides.",
            "규칙",
            empty_means="no rule is known",
            made=True,
        ),
        Column(
            "verified",
            "boolean",
            "Whether that rule was read in its source.",
            "규칙 확인",
            empty_means="no rule is known",
            made=True,
        ),
        Column("taxes", "integer", "Unpaid car taxes that count.", "자동차세 횟수", made=True),
        Column("fines_krw", "integer", "Fines that count.", "대상 과태료", "won", made=True),
        Column(
            "not_in_export", "string", "Which of the three marks the export does not tell.", "모르는 표시", made=True
        ),
    ),
    ages_by="snapshot_on",
    told_by=("vehicle",),
)
DEBTOR_VISITS = Table(
    "debtor_visits",
    "3_linked",
    "one of `visits`, of a vehicle that ever stood in a register of debts, whatever it owed on the day",
    "체납차량 방문",
    ("visit_id",),
    (
        _VEHICLE,
        Column(
            "registered",
            "boolean",
            "Whether the vehicle register names it as the bearer that day.",
            "등록 여부",
            made=True,
        ),
        *(column for column in VISITS.stored if column.name != "plate_token"),
    ),
    ages_by="first_at",
    told_by=("vehicle",),
)

TABLES = {
    table.name: table
    for table in (
        TICKETS,
        CITIZEN_REPORTS,
        CAMERAS,
        LOTS,
        PROTECTED_ZONES,
        AREAS,
        ADDRESSES,
        DEBTS,
        PAYMENTS,
        SIGHTINGS,
        OUTCOMES,
        VEHICLES,
        EFFORTS,
        CREW_BLOCKS,
        STREETS,
        AREA_COUNTS,
        LOT_COUNTS,
        PARCELS,
        PLACED_TICKETS,
        EXPOSURE,
        WATCHED_CELLS,
        PLACED_SIGHTINGS,
        VISITS,
        DEBTORS,
        DEBTOR_VISITS,
    )
}


def as_markdown(table):
    """The section of data/README.md that describes `table`."""
    head = [
        f"## {table.name} ({table.ko})",
        "",
        f"`{table.stage}/{table.name}.parquet`. One row is {table.one_row_is}. Key: {', '.join(table.key)}.",
        *_ages(table),
        "",
        "| Column | 이름 | Type | Unit | Meaning | Empty means | Values |",
        "|---|---|---|---|---|---|---|",
    ]
    rows = [
        f"| `{c.name}`{' (made)' if c.made else ''} | {c.ko} | {c.type} | {c.unit or ''} | {c.meaning} "
        f"| {c.empty_means} "
        f"| {', '.join(f'`{code}` {text.ko}' for code, text in c.values.items())} |"
        for c in table.columns
    ]
    return "\n".join(head + rows) + "\n"


def _ages(table):
    """What `make forget` deletes of a table."""
    if table.ages_by is None:
        return []
    told = " or ".join(f"`{name}`" for name in table.told_by)
    stay = f", unless its vehicle stands in `{table.needed_for}`" if table.needed_for else ""
    return [
        f"A row with {told} is personal: `make forget BEFORE=…` deletes it if `{table.ages_by}` lies before the day{stay}."
    ]


README_HEAD = """\
# Data dictionary

Printed by `python -m dansok.tables > data/README.md`; a test compares the two.

A city is a folder `data/<city>/` with a `city.toml` and five stages: `1_raw` (exports as they were sent, never edited),
`2_clean` (one table a kind of thing), `3_linked` (joined on place and exposure), `4_analysed` (notebooks that ran) and
`5_briefings` (PDF and xlsx). Only `city.toml` is in git.

Columns marked *(made)* are filled by the workbook; all others may be mapped in `city.toml`. Beside each table of
`2_clean` lie `<table>.rejected.parquet` (rows left out, with the reason, file and row) and `<table>.ledger.parquet`
(rows in, dropped, mended and flagged, step by step). `2_clean/arrivals.parquet` lists the files that came,
`2_clean/surprises.parquet` what was odd about them. `forgotten.json` in the city folder, once `make forget` was used, holds the
days before which personal rows were deleted; `clean` leaves such rows out for good. `field_lists`, once `make field-list` was used, holds
lists of plates under a pass-phrase, each with its day of destruction in its name; their access log lies beside the key.

`4_analysed/delinquent_stakeout/<run>/` also holds the plan itself, tokens only: `blocks.parquet` (one row a block: team, hours,
place, what is expected), `meetings.parquet` (one row a block and vehicle that may be met there) and `plan.json` (days, register, mark
of the key). The plan of a later month reads them beside the log of what crews found.

## What each table lets `parking_hotspots` say

| With | it says |
|---|---|
| `tickets` and `areas` alone | what was recorded, where and when: a ranking of records, effort unknown |
| and `cameras`, with hours in `city.toml` | values corrected for where and when cameras looked; hot spots; clocks; the period before |
| and `efforts` (positions of cars, log sheets) | the same for patrols and officers; whether patrols run after their own records |
| and citizens' reports among the `tickets` | values where no camera stands; complaints against enforcement; the forecast of reports |
| and `streets` | values by street, added up by cell, and grey for streets that nobody ever looked at |
| and plates in the `tickets` | vehicles that come again; *enforce* in the diagnosis |
| and `lots`, `lot_counts`, `citizen_reports` | *add space* and *mend the sign* in the diagnosis |
| and `debts` | how many of the vehicles that come again are in arrears: counts, none under 5 |

## The sample city

`data/sample` is a synthetic city after Namyangju: sixteen 읍면동 with the names of 2017 and lines, streets, numbers and people of
our own. Every plate has a serial that begins with 0, which is not issued. `make` writes it; another one is written by

    python -m dansok.sample data/<folder> --seed 7 --size small --with retargeted_patrol displacement --without app_outage
    cp data/sample/city.toml data/<folder>/ && make CITY=data/<folder>

The same seed, size and happenings give the same bytes; files of others in `1_raw` are never touched.

| Size | Months | Streets | Vehicles | Violations a day | Plate reads |
|---|---|---|---|---|---|
| `small` (tests) | 24 | 1,200 | 45,000 | 1,500 | 12 months, 0.2 million |
| `city` (`make`) | 36 | 3,000 | 200,000 | 6,000 | 12 months, 1.5 million |
| `province` | 36 | 4,900 | 1,000,000 | 9,000 | 36 months, 40 million |

What can happen (`--with`, `--without`; usual: `new_cameras`, `app_outage`). λ is the true rate of violations.

| Happening | What it does |
|---|---|
| `new_cameras` | cameras installed after the first day: λ -50% within 100 m, +15% from 100 to 250 m, from that day on |
| `app_outage` | the reporting app fails for two weeks: 2% of reports go on; λ as ever |
| `retargeted_patrol` | patrols move to hot places of half of the 읍면동: λ there -15% |
| `displacement` | with retargeted_patrol: 30% of what goes moves to untreated places within 250 m, if there are any |
| `fade_out` | with retargeted_patrol: the effect halves every six months |
| `no_effect` | with retargeted_patrol: patrols move, λ stays |
| `stakeout_plan` | arrears squads wait by plan instead of roaming: 8.4% more recovered per crew-hour |
| `new_lot` | a public lot opens near the fullest street without one: λ -30% within 200 m |
| `app_launch` | a new reporting app: reports 1.6 times as many from one day on; λ as ever |
| `boundary_change` | from one day on records name the 읍면동 of after 2017-12-18; λ as ever |
| `campaign_month` | patrol cars and officers are out twice as long in one month; λ as ever |
| `boundaries_2018` | the 읍면동 are those of after 2017-12-18 from the first day on |

Quirks, as real exports have them: CP949, Excel and HTML called .xls; title rows, blanks about headers, subtotals, totals, headers
repeated on each page, sheets of at most 5,000 rows; moments in many forms, 오전 and 오후, 24:00, some without seconds; latitude under
GPS_X, positions missing or 0; addresses without a number, with 부근, or in no list; cameras in no list, stray blanks in their names; a 면
that became a 읍; masked and unreadable plates, blanks and full-width digits in plates, plates that were misread; rows that came twice;
test rows; and on 2024-02-13 a national system in the place of the city's own, with other files, headers and words, after which
plates are typed by hand for 45 days and three of five reports get lost.

`truth` holds what was planted. It is for tests and for `make sample-report`; no analysis reads it (a test holds that).

| File in `truth` | One row is |
|---|---|
| `planted.json` | seed, size, what happened with its days and sizes, every constant, and how often each quirk was planted |
| `rows/<source>.parquet` | one row of the raw files of a [[source]] in city.toml, with what it means; plate reads and registers in parts |
| `places.parquet` | one street with its true violations a day |
| `intensity_by_place_hour.parquet` | λ of one street and hour of the day, mean over all days |
| `violations_by_place_month.parquet` | violations that happened on one street in one month |
| `days.parquet` | one day: whether people rest, and its factor for each land use |
| `cameras.parquet`, `camera_down.parquet` | one fixed camera; one spell in which one (row of `cameras`) was down |
| `rounds.parquet` | stops of patrol cars, officers or squads on one street in one month and hour, logged or not |
| `reporting_rates.parquet`, `serial_reporters.parquet` | readiness to report of one 읍면동; one serial reporter |
| `vehicles.parquet`, `register.parquet` | one vehicle with the streets it is at; one plate of one vehicle for a time |
| `debtors.parquet`, `debts.parquet` | one vehicle in arrears; one tax or fine with the day on which it is paid |
| `actions.parquet`, `crew_blocks.parquet` | one action of a squad; one block of its work |
| `lots.parquet`, `parcels.parquet` | one public lot; one parcel, with what it would serve and whether it is the best |
"""


def dictionary():
    """The whole of data/README.md."""
    return "\n".join([README_HEAD, *(as_markdown(table) for table in TABLES.values())])


if __name__ == "__main__":
    print(dictionary(), end="")
