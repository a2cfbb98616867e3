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
    "per_1000_hours": Text("1,000시간당", "Per 1,000 h"),
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
    "now": Text("이번(비교 달)", "Now (like months)"),
    "before": Text("1년 전(비교 달)", "A year before"),
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
    "hours_now": Text("단속 시간(이번)", "Hours (now)"),
    "hours_before": Text("단속 시간(1년 전)", "Hours (a year before)"),
    "ratio": Text("비율", "Ratio"),
    "low": Text("하한", "Low"),
    "high": Text("상한", "High"),
}
LEDGER_COLUMNS = {"step": Text("단계", "Step"), "records": Text("건수", "Records")}

# --- the corrected side ---

KINDS = {
    "new": Text("새로 생김", "new"),
    "intensifying": Text("심해짐", "intensifying"),
    "persistent": Text("지속", "persistent"),
    "sporadic": Text("이따금", "sporadic"),
    "diminishing": Text("잦아듦", "diminishing"),
}
ALONE = Text("홀로 높음", "high alone")
OVER_THE_PERIOD = Text("기간 전체로만", "over the period only")
VERDICTS = {
    "enforce": Text("단속", "enforce"),
    "sign": Text("표지·안내", "mend the sign"),
    "space": Text("주차면 확보", "add space"),
    "leave": Text("지켜봄", "leave"),
    "unknown": Text("판단 보류", "not enough known"),
}
QUADRANTS = {
    "more": Text("순찰을 늘릴 곳", "patrol more"),
    "explain": Text("설명할 곳", "explain"),
    "less": Text("줄일 곳", "patrol less"),
    "leave": Text("그대로 둘 곳", "leave"),
}
EFFORTS = {
    "known": Text("단속 수단이 본 칸", "seen by the city's own channels"),
    "assumed": Text("평균 읍면동으로 가정한 칸", "average area assumed"),
    "citizens": Text("시민신고로만 아는 칸", "known from citizens only"),
    "unknown": Text("얼마나 보았는지 모르는 칸", "not known how much they were looked at"),
    "never": Text("아무도 본 적 없는 칸", "never looked at"),
}
SEASONS = (Text("겨울", "winter"), Text("봄", "spring"), Text("여름", "summer"), Text("가을", "autumn"))
FORECASTERS = {
    "top_down": Text("우리 방법", "our method"),
    "ours": Text("우리 방법", "our method"),
    "mean_of_52_weeks": Text("지난 52주 평균", "the mean of 52 weeks"),
    "mean_of_4_weeks": Text("지난 4주 평균", "the mean of the last 4 weeks"),
    "same_weeks_last_year": Text("작년 같은 주", "the same weeks last year"),
    "last_month": Text("지난달 건수", "last month's count"),
    "twelve_months": Text("지난 12달 건수", "the count of 12 months"),
    "same_month_last_year": Text("작년 같은 달 건수", "the count of the same month last year"),
    "kernel_map": Text("밀도 지도(커널)", "a kernel map"),
    "best": Text("미리 알았을 때의 최선", "best possible"),
}
CITY_ALL_THE_SAME = Text(
    "한 읍면동만 보아도 다발지역의 검정, 바로잡은 하루, 철, 되풀이 차량, 순찰의 쏠림은 시 전체의 값이다.",
    "Of one 읍면동 only, the test for hot spots, the corrected day, seasons, vehicles that come again and the reach of patrols are still "
    "those of the whole city.",
)
INTERVAL_90 = Text("90% 구간", "90% interval")
OF_CELLS = Text(
    "하한과 상한은 90% 구간. 장소는 칸을 대표하는 이름이고 기록은 칸 전체의 건수여서, 이름별로 센 '기록이 많은 장소'의 건수와 다름",
    "low and high: 90% interval. Each cell is named after a place in it, and its records are those of the whole cell: not the counts by name "
    "under 'Places with the most records'",
)

TOP_COLUMNS = {
    "order": Text("순번", "No."),
    "name": Text("장소", "Place"),
    "rate": Text("평균의 배수", "Times mean"),
    "low": Text("하한", "Low"),
    "high": Text("상한", "High"),
    "ranks": Text("가능한 순위", "Ranks"),
    "p_top": Text("목록에 들 확률", "In list"),
    "kind": Text("유형", "Kind"),
    "since": Text("언제부터", "Since"),
    "stability": Text("다른 격자에서", "Other grids"),
    "records": Text("기록", "Records"),
}
DISAGREE_COLUMNS = {
    "label": Text("지도", "Map"),
    "name": Text("장소", "Place"),
    "rank": Text("바로잡은 순위", "Rank, corrected"),
    "raw_rank": Text("건수 순위", "Rank, records"),
    "rate": Text("평균 칸의 배수", "Times the mean"),
    "records": Text("기록", "Records"),
    "watched": Text("본 시간", "Hours looked"),
}
DIAGNOSIS_COLUMNS = {
    "order": Text("순번", "No."),
    "name": Text("장소", "Place"),
    "verdict": Text("진단", "Diagnosis"),
    "often_share": Text("되풀이 차량", "Often seen"),
    "distinct_share": Text("차량/머묾", "Vehicles a stay"),
    "dismissed_share": Text("불수용", "Dismissed"),
    "lot_metres": Text("가까운 주차장(m)", "Nearest lot (m)"),
    "free_spaces": Text("빈 면", "Free spaces"),
    "hours": Text("바쁜 시간", "Busy hours"),
}
QUADRANT_COLUMNS = {
    "label": Text("그림", "Figure"),
    "quadrant": Text("할 일", "What to do"),
    "name": Text("장소", "Place"),
    "reports": Text("민원(건)", "Complaints"),
    "complaints": Text("민원(평균=1)", "Complaints (mean 1)"),
    "looking": Text("본 정도(평균=1)", "Looking (mean 1)"),
    "rate": Text("바로잡은 값", "Corrected"),
}
REPEAT_COLUMNS = {
    "seen": Text("걸린 횟수", "Times seen"),
    "vehicles": Text("차량", "Vehicles"),
    "vehicle_share": Text("차량 비율", "Share of vehicles"),
    "records": Text("기록", "Records"),
    "record_share": Text("기록 비율", "Share of records"),
    "in_debt": Text("체납 자료에 있는 차량", "In the register of debts"),
    "debt_share": Text("그 비율", "Their share"),
}
CHOICE_COLUMNS = {
    "choice": Text("항목", "What"),
    "value": Text("어떻게 정했나", "Chosen"),
    "why": Text("까닭", "Why"),
}
