"""Words of the map of vehicles in arrears: columns, groups, sources, and what is said where there is nothing to say."""

from dansok.tables import SEIZURE_REASONS, TREAT_BY
from dansok.words import Text

NOTHING = Text("해당하는 기록이 없다.", "There are no such records.")
ARREARS_SOURCE = Text("체납 자료와 납부 내역, 워크북 계산", "register of debts and payments, own calculation")
READS_SOURCE = Text(
    "판독·단속 기록과 체납 자료의 연결, 워크북 계산",
    "reads and records joined to the register of debts, own calculation",
)
HIDDEN = Text(
    "–: {few}대 미만이거나 그로부터 거꾸로 헤아릴 수 있어 감춘 값",
    "–: left out, for under {few} vehicles or because such a number could be worked out from it",
)
UNKNOWN = Text(", 또는 지난 결과가 모자라 알 수 없는 값", "; or not known, for want of outcomes")
FEW = Text(
    "–: 판독이 없거나 체납차량이 {few}대 미만이어서 감춘 값", "–: nobody read, or under {few} vehicles in arrears"
)
INTERVAL = Text(
    "하한과 상한은 95% 구간(같은 차가 여러 번 포착되는 만큼 넓힘)",
    "low and high: 95% interval, widened because the same vehicles are seen again and again",
)
PER_1000 = Text("판독 1,000대당 체납차량", "in arrears per 1,000 vehicles read")
SIGHTED = Text("체납차량 포착(건)", "sightings of vehicles in arrears")
RAW_COUNTS = Text("포착 건수 그대로", "Sightings, uncorrected")
PER_READ = Text("판독한 차량 1,000대당", "Per 1,000 vehicles read")

ALL = Text("계", "All")
ELIGIBLE = Text("영치 대상 소계", "plate may be taken")
NOT_ELIGIBLE = Text("그 밖 소계", "plate may not be taken")
TO_AMOUNT = Text("체납액", "Amount owed")
GROUPINGS = {
    "debts": (
        Text("체납 건수", "Debts"),
        {1: Text("1건", "1"), 2: Text("2건", "2"), 3: Text("3~4건", "3-4"), 5: Text("5~9건", "5-9"), 10: Text("10건 이상", "10 and more")},
    ),
    "amount": (
        TO_AMOUNT,
        {
            0: Text("30만 원 미만", "under ₩300,000"),
            300_000: Text("30만~100만 원", "₩300,000 to 1 million"),
            1_000_000: Text("100만~300만 원", "₩1 to 3 million"),
            3_000_000: Text("300만 원 이상", "₩3 million and more"),
        },
    ),
    "age": (
        Text("가장 오랜 체납", "Oldest debt"),
        {
            0: Text("1년 미만", "under 1 year"),
            1: Text("1~2년", "1 to 2 years"),
            2: Text("2~3년", "2 to 3 years"),
            3: Text("3~5년", "3 to 5 years"),
            5: Text("5년 이상", "5 years and more"),
        },
    ),
}  # fmt: skip
SEEN_CLASSES = {0: Text("한 번도 없음", "never"), 1: Text("1~2회", "1-2 times"), 3: Text("3~9회", "3-9 times"), 10: Text("10회 이상", "10 times and more")}  # fmt: skip
RECORDED = {1: Text("1건", "1"), 2: Text("2~4건", "2-4"), 5: Text("5~9건", "5-9"), 10: Text("10건 이상", "10 and more")}
DISTANCES = {
    "same": Text("등록된 읍면동 안", "inside the 읍면동 of registration"),
    "near": Text("밖, 2 km 미만", "outside, under 2 km"),
    "mid": Text("밖, 2~5 km", "outside, 2 to 5 km"),
    "far": Text("밖, 5 km 이상", "outside, 5 km and more"),
}
REGISTERED_IN = Text("등록지", "Registered in")
REGISTERED = {"own": Text("관내", "This city"), "other": Text("관외", "Not in this city")}
FORECASTERS = {
    "ours": Text("워크북 예측", "this workbook"),
    "last_month": Text("지난달 명단", "last month's list"),
    "all_months": Text("모든 달의 명단", "list of all months"),
    "busiest_readers": Text("판독이 가장 많은 곳", "busiest readers"),
    "best_possible": Text("미리 알고 골랐다면", "with hindsight"),
}
BASES = {
    "city_model": Text(
        "우리 시의 지난 결과로 차량마다 낸 비율", "a share for each vehicle from this city's past outcomes"
    ),
    "city_rate": Text("우리 시의 지난 결과에서 낸 하나의 비율", "one share for all from this city's past outcomes"),
    "published_rate": Text("언론에 보도된 비율", "a share that was published"),
    "unknown": Text("알 수 없음", "not known"),
}
CLASSES = {"0": Text("0회", "0"), "1-2": Text("1~2회", "1-2"), "3-9": Text("3~9회", "3-9"), "10+": Text("10회 이상", "10 and more"), "all": ALL}  # fmt: skip
FAIRNESS = {
    "registered": REGISTERED_IN,
    "plate_class": Text("차종", "Kind of vehicle"),
    "amount": TO_AMOUNT,
    "home_area": Text("읍면동", "읍면동"),
}
PLATE_CLASSES = {
    "passenger": Text("승용", "passenger"),
    "van": Text("승합", "van"),
    "truck": Text("화물", "truck"),
    "special": Text("특수", "special"),
    "emergency": Text("긴급", "emergency"),
    "motorcycle": Text("이륜", "motorcycle"),
    "construction": Text("건설기계", "construction machine"),
    "diplomatic": Text("외교", "diplomatic"),
    "unknown": Text("알 수 없음", "not known"),
}

PROFILE_COLUMNS = {
    "grouping": Text("구분", "By"),
    "group": Text("값", "Group"),
    "vehicles": Text("차량(대)", "Vehicles"),
    "million_krw": Text("체납액(백만 원)", "Owed (million won)"),
    "share": Text("체납액 비중", "Share of what is owed"),
}
LAW_COLUMNS = {
    "treat_by": Text("조치", "Treatment"),
    "reason": Text("사유", "Reason"),
    "own": Text("관내(대)", "This city"),
    "other": Text("관외(대)", "Not in this city"),
    "vehicles": Text("계(대)", "Vehicles"),
}
RULE_COLUMNS = {
    "title": Text("규칙", "Rule"),
    "since": Text("시작", "From"),
    "checked": Text("확인", "Checked"),
    "source": Text("출처", "Source"),
}
SEEN_COLUMNS = {
    "group": Text("기간 안 포착", "Seen in the period"),
    "vehicles": Text("차량(대)", "Vehicles"),
    "share": Text("비율", "Share"),
}
LOOKER_COLUMNS = {
    "looker": Text("포착한 쪽", "Who looked"),
    "visits": Text("모든 방문", "All visits"),
    "delinquent": Text("체납차량 방문", "Of them in arrears"),
    "vehicles": Text("체납차량(대)", "Vehicles in arrears"),
    "looks": Text("판독 방문", "Visits read"),
    "sighted": Text("그중 체납", "Of these in arrears"),
    "per_1000": Text("1,000대당", "Per 1,000"),
    "low": Text("하한", "Low"),
    "high": Text("상한", "High"),
}
AREA_COLUMNS = {
    "area_name": Text("읍면동", "Area"),
    "sighted": Text("체납차량 포착", "Sightings"),
    "vehicles": Text("체납차량(대)", "Vehicles"),
    "looks": Text("판독 방문", "Visits read"),
    "per_1000": Text("1,000대당", "Per 1,000"),
    "low": Text("하한", "Low"),
    "high": Text("상한", "High"),
}
PLACE_COLUMNS = {
    "rank": Text("순위", "Rank"),
    "area_name": Text("읍면동", "Area"),
    "place_name": Text("장소", "Place"),
    "hours": Text("시간", "Hour"),
    "vehicles": Text("체납차량(대)", "Vehicles"),
    "sighted": Text("포착", "Sightings"),
    "looks": Text("판독 방문", "Visits read"),
    "per_1000": Text("1,000대당", "Per 1,000"),
}
HOME_COLUMNS = {
    "far": Text("포착된 곳", "Where seen"),
    "debtors": Text("체납차량 방문", "Visits, in arrears"),
    "debtor_share": Text("비율", "Share"),
    "others": Text("다른 관내 차량 방문", "Visits, other vehicles"),
    "other_share": Text("비율", "Share"),
}
RECORDED_COLUMNS = {
    "records": Text("기간 안 단속 기록", "Records in the period"),
    "debtors": Text("체납차량(대)", "In arrears"),
    "vehicles": Text("차량(대)", "Vehicles"),
    "share": Text("체납 비율", "Share in arrears"),
    "low": Text("하한", "Low"),
    "high": Text("상한", "High"),
}


def stability_columns(k):
    """Columns of the table of stability, of so many first places."""
    return {name: text.format(k=k) for name, text in STABILITY_COLUMNS.items()}


STABILITY_COLUMNS = {
    "month": Text("달", "Month"),
    "sighted": Text("체납차량 포착", "Sightings"),
    "same_places": Text("전달 상위 {k}곳과 겹침", "Same of the first {k} as the month before"),
    "rank_correlation": Text("순위 상관", "Rank correlation"),
}
BACKTEST_COLUMNS = {
    "forecaster": Text("명단", "List"),
    "hit_20": Text("20곳·시간", "20 place-hours"),
    "hit_50": Text("50곳·시간", "50 place-hours"),
    "hit_100": Text("100곳·시간", "100 place-hours"),
    "per_1000": Text("20곳의 1,000대당", "Per 1,000 read at the 20"),
}
RELIABILITY_COLUMNS = {
    "class": Text("그때까지 판독", "Read until then"),
    "now": Text("지금 차량(대)", "Vehicles now"),
    "visits": Text("맞힐 방문(건)", "Visits to foresee"),
    "recall_at_1": Text("첫째 곳", "First place"),
    "recall_at_3": Text("세 곳", "Three places"),
    "low": Text("하한", "Low"),
    "high": Text("상한", "High"),
    "log_loss": Text("로그손실", "Log-loss"),
    "calibration_error": Text("보정오차", "Calibration error"),
    "own_frequency": Text("자주 간 세 곳", "Three most visited"),
}
WORTH_COLUMNS = {
    "group": Text("체납액", "Amount owed"),
    "vehicles": Text("차량(대)", "Vehicles"),
    "million_krw": Text("체납액", "Owed"),
    "pay_if_seized": Text("영치하면 완납", "Settled if seized"),
    "pays_anyway": Text("그냥 두어도 완납", "Settled anyway"),
    "uplift": Text("영치로 더 걷힘", "Seizure adds"),
    "low": Text("하한", "Low"),
    "high": Text("상한", "High"),
    "per_vehicle": Text("대당", "Per vehicle"),
}
FAIRNESS_COLUMNS = {
    "grouping": Text("구분", "By"),
    "group": Text("값", "Group"),
    "debtors": Text("체납차량(대)", "In arrears"),
    "chosen": Text("영치 대상(대)", "Eligible"),
    "share_of_debtors": Text("체납차량 중 비중", "Share of arrears"),
    "share_of_chosen": Text("영치 대상 중 비중", "Share of eligible"),
    "ratio": Text("배", "Ratio"),
    "low": Text("하한", "Low"),
    "high": Text("상한", "High"),
}
NEAR_COLUMNS = {
    "kind": Text("읽힌 번호", "Plate that was read"),
    "reads": Text("판독", "Reads"),
    "plates": Text("번호 수", "Plates"),
    "debtors": Text("닮은 체납차량 번호", "Plates in arrears it resembles"),
}
LEDGER_COLUMNS = {"what": Text("무엇", "What"), "step": Text("단계", "Step"), "rows": Text("행", "Rows")}
LAW_LABELS = {"reason": SEIZURE_REASONS, "treat_by": TREAT_BY}
