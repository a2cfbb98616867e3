"""What the exposure rests on and leaves open, in sentences with their counts."""

import pandas as pd

from dansok.tables import CHANNELS
from dansok.words import Text

COLUMNS = ["table", "channel", "source", "kind", "rows", "ko", "en"]
EFFORT_UNKNOWN = {
    "citizen_report": Text(
        "시민신고 {n:,}건: 누가 얼마나 지켜보았는지 알 수 없어 노출 시간을 두지 않았다. 건수 비교만 가능하다.",
        "Citizens' reports, {n:,}: how much citizens watched is unknown, so there is no exposure. Only counts can be compared.",
    ),
    "officer": Text(
        "현장 단속 {n:,}건: 어디를 얼마나 돌았는지 기록이 없어 노출 시간을 두지 않았다.",
        "Officers on foot, {n:,} records: where and how long they walked is not recorded, so there is no exposure.",
    ),
}


class Notes:
    """Gathers sentences; each stands with its count of rows, and one without rows is left out."""

    def __init__(self, sources):
        self.sources, self.rows = sources, []

    def add(self, table, channel, kind, rows, text, **values):
        if rows:
            said = text.format(n=rows, **values)
            self.rows.append((table, channel, self.sources.get(channel, ""), kind, int(rows), said.ko, said.en))

    def frame(self):
        return pd.DataFrame(self.rows, columns=COLUMNS)


def of_effort(notes, records, hours):
    """Channels whose effort is unknown, and hours that nobody vouches for."""
    for channel, text in EFFORT_UNKNOWN.items():
        notes.add("exposure", channel, "effort_unknown", records.get(channel, 0), text)
    if not any(entry.channel == "fixed_camera" for entry in hours):
        text = Text(
            "고정형 CCTV {n:,}건: city.toml에 단속시간([[hours]])이 없어 노출 시간을 구하지 못했다.",
            "Fixed cameras, {n:,} records: city.toml gives no [[hours]] for them, so their exposure is unknown.",
        )
        notes.add("exposure", "fixed_camera", "no_hours", records.get("fixed_camera", 0), text)
    elif any(entry.channel == "fixed_camera" and not entry.verified for entry in hours):
        text = Text(
            "고정형 CCTV 단속시간은 확인되지 않은 값이다(city.toml의 verified = false). 기록 {n:,}건의 노출 시간이 이에 달려 있다.",
            "The hours of fixed cameras are not verified (verified = false in city.toml); the exposure of {n:,} records rests "
            "on them.",
        )
        notes.add("exposure", "fixed_camera", "hours_unverified", records.get("fixed_camera", 0), text)
    text = Text(
        "주행형 단속차량 {n:,}건: 노출 시간은 차량 자체 기록(30분 이내 간격)에서 추정하였다. 차량 번호가 없어 여러 대를 구분하지 못한다.",
        "Patrol car, {n:,} records: its exposure is inferred from its own records (less than 30 minutes apart). Without the "
        "car's number, several cars cannot be told apart.",
    )
    notes.add("exposure", "mobile_camera", "own_trace", records.get("mobile_camera", 0), text)


def of_cameras(notes, watch, spells, records_not_listed):
    """What was inferred of the fixed cameras."""
    cameras = watch.cameras
    notes.add(
        "exposure",
        "fixed_camera",
        "not_in_list",
        int((~cameras.listed).sum()),
        Texts.not_in_list,
        records=records_not_listed,
    )
    twins = spells[spells.camera_key.duplicated(keep=False)]
    notes.add(
        "placed_tickets", "fixed_camera", "shared_names", len(twins), Texts.shared, names=twins.camera_key.nunique()
    )
    notes.add("placed_tickets", "fixed_camera", "shared_numbers", int(spells.shares_number.sum()), Texts.shared_numbers)
    never = set(spells.camera_id) - set(cameras.unit)
    notes.add("exposure", "fixed_camera", "never_seen", len(never), Texts.never, listed=len(spells))
    days = cameras.window_days.sum()
    down = int(days - cameras.up_days.sum())
    notes.add("exposure", "fixed_camera", "down", down, Texts.down, share=down / days)
    shown = ", ".join(str(day.date()) for day in watch.silent_days[:5]) + (" …" if len(watch.silent_days) > 5 else "")
    notes.add("exposure", "fixed_camera", "all_silent", len(watch.silent_days), Texts.all_silent, days=shown)
    exempt = int(cameras.exempt.sum())
    notes.add("exposure", "fixed_camera", "exempt", exempt, Texts.exempt, cameras=len(cameras))
    shorter = (cameras.opens > cameras.opens.min()) | (cameras.closes < cameras.closes.max())
    notes.add("exposure", "fixed_camera", "shorter_day", int(shorter.sum()), Texts.shorter, cameras=len(cameras))


def of_records(notes, missed, inexact):
    """Records that no exposure stands behind."""
    for channel, own in missed.groupby("channel"):
        worst = own.sort_values(["records", "hour"], ascending=[False, True]).head(4)
        ko = ", ".join(f"{row.hour}시 {row.records:,}건" for row in worst.itertuples())
        en = ", ".join(f"{row.hour}:00 {row.records:,}" for row in worst.itertuples())
        listed = Text(ko, en)
        total = int(own.records.sum())
        notes.add("exposure", channel, "unwatched_records", total, Texts.unwatched, who=CHANNELS[channel], hours=listed)
    for channel, rows in inexact.items():
        notes.add("exposure", channel, "time_unknown", rows, Texts.inexact, who=CHANNELS[channel])


def of_visits(notes, unplaced):
    for row in unplaced.itertuples():
        notes.add("visits", row.channel, "no_place", row.records, Texts.no_place, who=CHANNELS[row.channel])


class Texts:
    not_in_list = Text(
        "기록에는 있으나 카메라 목록에 없는 이름 {n:,}개({records:,}건): 위치는 알 수 없고, 그 이름으로 노출 시간을 두었다.",
        "Camera names in the records but not in the list: {n:,} ({records:,} records). Their place is unknown; their exposure "
        "stands under that name.",
    )
    shared = Text(
        "카메라 목록에서 이름이 같은 행 {n:,}개(이름 {names:,}개): 기록 당시 가장 나중에 설치된 카메라의 기록으로 보았다.",
        "Rows of the camera list that share a name: {n:,} ({names:,} names). A record counts for the one installed last at the "
        "time.",
    )
    shared_numbers = Text(
        "카메라 목록에서 이름은 다른데 관리번호가 같은 행 {n:,}개: 번호에 이름을 붙여 구분하였다. 목록을 바로잡아야 한다.",
        "Rows of the camera list with different names but one number: {n:,}. They are told apart by number and name; the list "
        "needs correction.",
    )
    never = Text(
        "카메라 목록 {listed:,}대 가운데 {n:,}대는 기록이 하나도 없다. 켜져 있었는지 알 수 없어 노출 시간을 두지 않았다.",
        "Of {listed:,} cameras in the list {n:,} have no record at all. Whether they were on is unknown: no exposure.",
    )
    down = Text(
        "카메라가 꺼져 있던 것으로 본 날: 연 {n:,}대·일({share:.1%}). 그 카메라의 기록 간격으로는 천 번에 한 번도 없을 긴 침묵이다.",
        "Days on which cameras count as down: {n:,} camera-days ({share:.1%}), silences that would come less than once in a "
        "thousand at the camera's own rate.",
    )
    all_silent = Text(
        "모든 카메라가 기록이 없는 날 {n:,}일({days}): 시스템이 멈춘 날로 보고 노출 시간에서 뺐다.",
        "Days without a record of any camera: {n:,} ({days}). The system counts as stopped; they are no exposure.",
    )
    exempt = Text(
        "카메라 {cameras:,}대 가운데 {n:,}대는 유예시간에도 기록을 이어 갔다(분기별로 판단). 이들에게는 유예시간도 노출 시간이다.",
        "Of {cameras:,} cameras {n:,} went on recording through the grace (judged by quarter). For them the grace is exposure "
        "too.",
    )
    shorter = Text(
        "카메라 {cameras:,}대 가운데 {n:,}대는 단속시간표의 처음이나 끝 시간에 기록이 없다. 그 시간은 노출 시간에서 뺐다.",
        "Of {cameras:,} cameras {n:,} record nothing in the first or last hours of the timetable. Those hours are no exposure.",
    )
    unwatched = Text(
        "{who}: 노출 시간이 없는 시각의 기록 {n:,}건(많은 순: {hours}). 노출당 비율에서는 빠진다.",
        "{who}: {n:,} records fall into hours without exposure (most: {hours}). They are in no rate per hour watched.",
    )
    inexact = Text(
        "{who}: 시·분을 알 수 없는 기록 {n:,}건은 노출당 비율에서 빠진다.",
        "{who}: {n:,} records without hour and minute are in no rate per hour watched.",
    )
    ambiguous = Text(
        "주소표의 같은 주소가 50 m 넘게 떨어진 두 곳 이상을 가리키는 경우 {n:,}개: 위치를 정하는 데 쓰지 않았다.",
        "Addresses that the address table puts in places more than 50 m apart: {n:,}. They place nothing.",
    )
    no_place = Text(
        "{who}: 위치가 없는 {n:,}건은 방문으로 묶지 않았다.",
        "{who}: {n:,} records without a place are in no visit.",
    )
