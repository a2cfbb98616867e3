"""What the exposure rests on and leaves open, in sentences with their counts."""

import pandas as pd

from dansok.link.efforts import LONGEST_SHIFT_HOURS
from dansok.tables import CHANNELS
from dansok.words import Text

COLUMNS = ["table", "channel", "source", "kind", "rows", "ko", "en"]
SHOWN = 4
SAID = {
    "citizens_effort_unknown": Text(
        "시민신고 {n:,}건: 누가 얼마나 지켜보았는지 알 수 없어 노출 시간을 두지 않았다. 건수 비교만 가능하다.",
        "Citizens' reports ({n:,}): how much citizens watched is unknown, so there is no exposure. Only counts can be "
        "compared.",
    ),
    "officers_effort_unknown": Text(
        "현장 단속 {n:,}건: 어디를 얼마나 돌았는지 기록이 없어 노출 시간을 두지 않았다.",
        "Officers on foot ({n:,} records): where and how long they walked is not recorded, so there is no exposure.",
    ),
    "no_hours": Text(
        "고정형 CCTV {n:,}건: city.toml에 단속시간([[hours]])이 없어 노출 시간을 구하지 못했다.",
        "Fixed cameras ({n:,} records): city.toml gives no [[hours]] for them, so their exposure is unknown.",
    ),
    "hours_unverified": Text(
        "고정형 CCTV 단속시간은 확인되지 않은 값이다(city.toml의 verified = false). 기록 {n:,}건의 노출 시간이 이에 달려 있다.",
        "The hours of fixed cameras are not verified (verified = false in city.toml); the exposure behind their records "
        "({n:,}) rests on them.",
    ),
    "own_trace": Text(
        "주행형 단속차량 {n:,}건: 노출 시간은 차량 자체 기록(30분 이내 간격)에서 추정하였다. 차량 번호가 없어 여러 대를 구분하지 못한다.",
        "Patrol car ({n:,} records): its exposure is inferred from its own records (less than 30 minutes apart). Without the "
        "car's number, several cars cannot be told apart.",
    ),
    "satellite_log": Text(
        "주행형 단속차량 {n:,}건: 노출 시간은 차량 위치기록({hours:,.0f}시간)에서 구하였다. 기록이 빠진 시간은 알 수 없다.",
        "Patrol cars ({n:,} records): their exposure comes from their satellite log ({hours:,.0f} hours). What the log lacks is not known.",
    ),
    "log_sheet": Text(
        "현장 단속 {n:,}건: 노출 시간은 근무일지({hours:,.0f}시간)에 적힌 읍면동과 시간이다. 읍면동 안의 어디였는지는 알 수 없다.",
        "Officers on foot ({n:,} records): their exposure is what their log sheets say ({hours:,.0f} hours), by 읍면동; where within it "
        "is not known.",
    ),
    "long_shifts": Text(
        "활동 기록 {n:,}건은 {longest}시간보다 길다. 노출 시간에는 처음 {longest}시간만 넣었다.",
        "Logged pieces of looking longer than {longest} hours: {n:,}. Only their first {longest} hours are exposure.",
    ),
    "not_in_list": Text(
        "기록에는 있으나 카메라 목록에 없는 이름 {n:,}개({records:,}건): 위치는 알 수 없고, 그 이름으로 노출 시간을 두었다.",
        "Camera names in the records but not in the list: {n:,} (records: {records:,}). Their place is unknown; their "
        "exposure stands under that name.",
    ),
    "shared_names": Text(
        "카메라 목록에서 여러 행이 함께 쓰는 이름 {names:,}개({n:,}행): 기록 당시 가장 나중에 설치된 카메라의 기록으로 보았다.",
        "Names that several rows of the camera list share: {names:,} (rows: {n:,}). A record counts for the camera installed "
        "last at the time.",
    ),
    "shared_numbers": Text(
        "카메라 목록에서 이름은 다른데 관리번호가 같은 행 {n:,}개: 번호에 이름을 붙여 구분하였다. 목록을 바로잡아야 한다.",
        "Rows of the camera list with different names but one number: {n:,}. They are told apart by number and name; the list "
        "needs correction.",
    ),
    "never_seen": Text(
        "카메라 목록 {listed:,}대 가운데 {n:,}대는 기록이 하나도 없다. 켜져 있었는지 알 수 없어 노출 시간을 두지 않았다.",
        "Cameras of the list without any record: {n:,} of {listed:,}. Whether they were on is unknown: no exposure.",
    ),
    "down": Text(
        "카메라가 꺼져 있던 것으로 본 날: 연 {n:,}대·일({share:.1%}). 그 카메라의 기록 간격으로는 천 번에 한 번도 없을 긴 침묵이다.",
        "Camera-days that count as down: {n:,} ({share:.1%}), in silences that would come less than once in a thousand times "
        "at the camera's own rate.",
    ),
    "all_silent": Text(
        "모든 카메라가 기록이 없는 날 {n:,}일({days}): 시스템이 멈춘 날로 보고 노출 시간에서 뺐다.",
        "Days without a record of any camera: {n:,} ({days}). The system counts as stopped; they are no exposure.",
    ),
    "exempt": Text(
        "카메라 {cameras:,}대 가운데 {n:,}대는 유예시간에도 기록을 이어 갔다(분기별로 판단). 그 분기에는 유예시간도 노출 시간이다.",
        "Cameras that went on recording through the grace: {n:,} of {cameras:,} (judged by quarter). In such quarters the grace "
        "is exposure too.",
    ),
    "shorter_day": Text(
        "카메라 {cameras:,}대 가운데 {n:,}대는 단속시간표의 처음이나 끝 시간에 기록이 없다. 그 시간은 노출 시간에서 뺐다.",
        "Cameras without records in the first or last hours of the timetable: {n:,} of {cameras:,}. Those hours are no exposure "
        "of theirs.",
    ),
    "unwatched_records": Text(
        "{who}: 노출 시간이 없는 시각의 기록 {n:,}건(많은 순: {hours}). 노출당 비율에서는 빠진다.",
        "{who}: records in hours without exposure: {n:,} (most: {hours}). They are in no rate per hour watched.",
    ),
    "time_unknown": Text(
        "{who}: 시·분을 알 수 없는 기록 {n:,}건은 노출당 비율에서 빠진다.",
        "{who}: records without hour and minute: {n:,}. They are in no rate per hour watched.",
    ),
    "ambiguous_addresses": Text(
        "주소표의 같은 주소가 50 m 넘게 떨어진 두 곳 이상을 가리키는 경우 {n:,}개: 위치를 정하는 데 쓰지 않았다.",
        "Addresses that the address table puts in places more than 50 m apart: {n:,}. They place nothing.",
    ),
    "no_place": Text(
        "{who}: 위치가 없는 {n:,}건은 방문으로 묶지 않았다.",
        "{who}: records without a place: {n:,}. They are in no visit.",
    ),
}


class Notes:
    """Gathers sentences with their counts; one that counts nothing is left out."""

    def __init__(self, sources):
        self.sources, self.rows = sources, []

    def add(self, table, channel, kind, rows, **values):
        if rows:
            said = SAID[kind].format(n=rows, who=CHANNELS.get(channel, ""), **values)
            self.rows.append((table, channel, self.sources.get(channel, ""), kind, int(rows), said.ko, said.en))

    def frame(self):
        return pd.DataFrame(self.rows, columns=COLUMNS)


def of_effort(notes, records, hours, logs, long_shifts):
    """What the effort of each channel rests on, where it is unknown, and hours that nobody vouches for.

    `logs`: logged minutes that count, by looker (pd.Series); `long_shifts`: pieces that are longer than what counts.
    """
    hours = [entry for entry in hours if entry.channel == "fixed_camera"]
    kinds = {
        "citizen_report": "citizens_effort_unknown",
        "officer": "officers_effort_unknown",
        "mobile_camera": "own_trace",
    }
    if not all(entry.verified for entry in hours):
        kinds["fixed_camera"] = "hours_unverified"
    if not hours:
        kinds["fixed_camera"] = "no_hours"
    for looker, channel, kind in (
        ("patrol_car", "mobile_camera", "satellite_log"),
        ("officer", "officer", "log_sheet"),
    ):
        if logs.get(looker, 0) > 0:
            kinds[channel] = kind
    told = {"satellite_log": logs.get("patrol_car", 0) / 60, "log_sheet": logs.get("officer", 0) / 60}
    for channel, kind in kinds.items():
        notes.add("exposure", channel, kind, records.get(channel, 0), hours=told.get(kind, 0))
    notes.add("exposure", "", "long_shifts", long_shifts, longest=LONGEST_SHIFT_HOURS)


def of_cameras(notes, watch, spells, records_not_listed):
    """What was inferred of the fixed cameras."""
    cameras, silent = watch.cameras, watch.silent_days

    def add(kind, rows, table="exposure", **values):
        notes.add(table, "fixed_camera", kind, rows, **values)

    add("not_in_list", (~cameras.listed).sum(), records=records_not_listed)
    twins = spells[spells.camera_key.duplicated(keep=False)]
    add("shared_names", len(twins), table="placed_tickets", names=twins.camera_key.nunique())
    add("shared_numbers", spells.shares_number.sum(), table="placed_tickets")
    add("never_seen", len(set(spells.camera_id) - set(cameras.unit)), listed=len(spells))
    days = cameras.window_days.sum()
    down = int(days - cameras.up_days.sum())
    add("down", down, share=down / days)
    shown = ", ".join(str(day.date()) for day in silent[:SHOWN]) + (" …" if len(silent) > SHOWN else "")
    add("all_silent", len(silent), days=shown)
    add("exempt", cameras.exempt.sum(), cameras=len(cameras))
    shorter = (cameras.opens > cameras.opens.min()) | (cameras.closes < cameras.closes.max())
    add("shorter_day", shorter.sum(), cameras=len(cameras))


def of_records(notes, missed, inexact):
    """Records that no exposure stands behind: in hours when nobody watched, or of unknown time."""
    for channel, own in missed.groupby("channel"):
        most = own.sort_values(["records", "hour"], ascending=[False, True]).head(SHOWN)
        hours = Text(
            ", ".join(f"{row.hour}시 {row.records:,}건" for row in most.itertuples()),
            ", ".join(f"{row.hour}:00 {row.records:,}" for row in most.itertuples()),
        )
        notes.add("exposure", channel, "unwatched_records", own.records.sum(), hours=hours)
    for row in inexact.itertuples():
        notes.add("exposure", row.channel, "time_unknown", row.records)


def of_visits(notes, unplaced):
    for row in unplaced.itertuples():
        notes.add("visits", row.channel, "no_place", row.records)
