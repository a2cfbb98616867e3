"""Words of the hot-spot briefing: columns, sources, and what is said when there is nothing to say."""

from dansok.tables import CHANNELS
from dansok.words import Text

WHOLE_CITY = Text("전체", "All")
WEEKDAYS = tuple(
    Text(ko, en)
    for ko, en in zip(
        "월화수목금토일", ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"), strict=True
    )
)
NOTHING = Text("해당하는 기록이 없다.", "There are no such records.")
SOURCE = Text("단속 시스템 내보내기, 워크북 계산", "exports of the enforcement system, own calculation")
INTERVAL = Text(
    "하한과 상한은 95% 구간(주별, 장소는 달별 오르내림으로 넓힘)",
    "low and high: 95% interval, widened for how much weeks (of places: months) differ",
)
CHANGE_INTERVAL = Text(
    "비율은 카메라 시간을 알면 카메라 시간당 기록의 비율. 하한과 상한은 달마다 오르내린 폭에서 낸 95% 구간",
    "ratio: of records per camera-hour where camera-hours are known; low and high: 95% interval from how much months differ",
)
NO_YEAR_BEFORE = Text(
    "1년 전 같은 달의 자료가 없어 견줄 수 없다.",
    "There are no records of the same months a year before to compare with.",
)

AREA_COLUMNS = {
    "area_name": Text("읍면동", "Area"),
    **CHANNELS,
    "records": Text("계", "All"),
    "cameras": Text("카메라(대)", "Cameras"),
    "camera_hours": Text("카메라 시간", "Camera-hours"),
    "per_1000_hours": Text("천 시간당", "Per 1,000 h"),
    "low": Text("하한", "Low"),
    "high": Text("상한", "High"),
}
PLACE_COLUMNS = {
    "rank": Text("순위", "Rank"),
    "place_name": Text("장소", "Place"),
    "area_name": Text("읍면동", "Area"),
    "records": Text("건수", "Records"),
    "low": Text("하한", "Low"),
    "high": Text("상한", "High"),
    "now": Text("비교 달, 이번", "Like months, now"),
    "before": Text("비교 달, 1년 전", "a year before"),
}
HOUR_COLUMNS = {
    "hour": Text("시", "Hour"),
    "records": Text("건수", "Records"),
    "watched_hours": Text("카메라 시간", "Camera-hours"),
    "rate": Text("시간당 기록", "Per camera-hour"),
    "low": Text("하한", "Low"),
    "high": Text("상한", "High"),
}
CHANGE_COLUMNS = {
    "channel": Text("구분", "Channel"),
    "name": Text("읍면동", "Area"),
    "now": Text("이번", "Now"),
    "before": Text("1년 전", "A year before"),
    "hours_now": Text("단속 시간, 이번", "Hours, now"),
    "hours_before": Text("단속 시간, 1년 전", "Hours, a year before"),
    "ratio": Text("비율", "Ratio"),
    "low": Text("하한", "Low"),
    "high": Text("상한", "High"),
}
LEDGER_COLUMNS = {"step": Text("단계", "Step"), "records": Text("건수", "Records")}
