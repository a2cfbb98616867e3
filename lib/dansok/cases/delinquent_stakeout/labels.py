"""Words of the stake-out plan: columns, groups, sources, and what is said where there is nothing to say."""

from dansok.words import Text

SOURCE = Text(
    "체납 자료, 판독 기록, 단속 활동 기록, 워크북 계산",
    "register of debts, reads, logs of the squads, own calculation",
)
EXPECTED = Text(
    "구간은 90%. 대수는 처음 만나는 차량만 센다(같은 차를 두 번 세지 않음). 신뢰 –: 기대되는 차가 거의 없어 매기지 않음",
    "90% intervals. A vehicle counts where it is met first, never twice. Sure –: next to no vehicle is expected",
)
LEFT_OUT = Text(
    "{few}대 미만이거나 그로부터 거꾸로 헤아릴 수 있는 묶음은 싣지 않음",
    "groups of under {few} vehicles, and those from which such a number could be worked out, are not listed",
)
FEW_MET = Text(
    "– 는 만났을 차량이 {few}대 미만이라 감춘 것, 또는 나눌 실제 금액이 없는 것",
    "–: left out, fewer than {few} vehicles would have been met; or nothing was realised to divide by",
)
PLANS = {
    "plan": Text("이 계획의 방법", "this way of planning"),
    "unbound": Text("이 방법에서 스스로 둔 조건을 뺀 것", "this way without its own rules"),
    "ten_busiest": Text("포착이 가장 많은 10곳 되풀이", "ten busiest places again and again"),
    "busiest_once": Text("포착이 많은 곳을 한 번씩", "busiest places once each"),
    "most_debt_once": Text("체납액이 많은 곳을 한 번씩", "places with most debt once each"),
    "practice": Text("지금까지의 단속", "what squads did so far"),
}
HOW = {"wait": Text("대기", "wait"), "roam": Text("순회", "tour")}
CONTROL = Text("무작위 대조", "control")
NAMELESS = Text("이름 없는 곳", "a place without a name")
GRADES = {"high": Text("높음", "high"), "middle": Text("보통", "medium"), "low": Text("낮음", "low")}
KINDS = {
    "lot": Text("공영주차장", "public lot"),
    "camera": Text("판독하지 않는 CCTV", "camera, not reading"),
    "street": Text("거리", "street"),
}
CALENDAR_COLUMNS = {
    "day": Text("날짜", "Day"),
    "hours": Text("시간", "Hours"),
    "how": Text("방식", "How"),
    "where": Text("장소", "Place"),
    "vehicles": Text("대수", "Met"),
    "vehicles_between": Text("구간", "90%"),
    "million_krw": Text("회수", "Won"),
    "krw_between": Text("구간", "90%"),
    "grade": Text("신뢰", "Sure"),
}
SITE_VALUE = Text("더 걷힐 금액(백만 원)", "expected (million won)")
TRIAL_COLUMNS = {
    "plan": Text("방법", "Method"),
    "answered": Text("판독으로 답할 수 있는 시간", "Hours that reads can answer for"),
    "hours": Text("견준 조·시간", "Crew-hours compared"),
    "krw_per_hour": Text("시간당 회수(만 원)", "Per crew-hour (10,000 won)"),
    "low": Text("하한", "Low"),
    "high": Text("상한", "High"),
}
MONTH_COLUMNS = {
    "month": Text("되짚은 달", "Month replayed"),
    "promised": Text("약속(백만 원)", "Promised (million won)"),
    "realised": Text("실제(백만 원)", "Realised (million won)"),
    "ratio": Text("약속 ÷ 실제", "Promised ÷ realised"),
    "vehicles": Text("만났을 차량(대)", "Vehicles met"),
}
NEXT_COLUMNS = {
    "hours": Text("시간", "Hours"),
    "how": Text("방식", "How"),
    "where": Text("장소", "Place"),
    "million_krw": Text("한 블록 더(백만 원)", "One more block (million won)"),
    "per_hour": Text("시간당(만 원)", "Per crew-hour (10,000 won)"),
}
READER_COLUMNS = {
    "rank": Text("순위", "Rank"),
    "kind": Text("종류", "Kind"),
    "where": Text("장소", "Place"),
    "vehicles": Text("한 달에 볼 대상 차량, 기대(대)", "Eligible vehicles seen a month, expected"),
    "unseen": Text("그중 석 달간 포착되지 않은 차, 기대(대)", "Of them not seen for three months, expected"),
    "million_krw": Text("볼 차를 영치하면 더 걷힐 금액(백만 원)", "Seizing those seen adds (million won)"),
}
FAIRNESS_COLUMNS = {
    "grouping": Text("구분", "By"),
    "group": Text("묶음", "Group"),
    "debtors": Text("영치 대상(대)", "Eligible"),
    "chosen": Text("계획에 든 차(대)", "In the plan"),
    "share_of_debtors": Text("영치 대상 중 비중", "Share of eligible"),
    "share_of_chosen": Text("계획 중 비중", "Share of the plan"),
    "ratio": Text("배", "Ratio"),
    "low": Text("하한", "Low"),
    "high": Text("상한", "High"),
}
PAST_COLUMNS = {
    "run": Text("계획", "Plan"),
    "blocks": Text("블록", "Blocks"),
    "worked": Text("기록이 있는 블록", "With a log entry"),
    "expected": Text("약속(대)", "Promised vehicles"),
    "low": Text("하한", "Low"),
    "high": Text("상한", "High"),
    "hits": Text("만난 차(대)", "Vehicles met"),
    "in_vain": Text("헛걸음(블록)", "Blocks in vain"),
}
