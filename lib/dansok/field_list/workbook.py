"""The list as a workbook for A4 across: the list itself, the log sheet that comes back, and what each line rests on."""

import io

import pandas as pd
import xlsxwriter

from dansok.field_list.lines import STRUCK, TAKING
from dansok.space import CRS, to_wgs84
from dansok.tables import SEIZURE_REASONS, TABLES, TREAT_BY
from dansok.words import Text
from dansok.workbooks import Formats, columns_wide, write_header

LIST, LOG, GROUNDS, WATCH = "현장명단", "결과기록", "근거", "관심차량"
A4 = 9
HOW = TABLES["crew_blocks"]["mode"].values
SEEN = {
    "week": Text("1주 안", "within a week"),
    "month": Text("1개월 안", "within a month"),
    "quarter": Text("3개월 안", "within 3 months"),
    "older": Text("3개월 넘음", "over 3 months ago"),
}
RESULT = "결과"
LIST_COLUMNS = (
    ("연번", "No.", 5), ("날짜", "Date", 11), ("시간", "Hours", 12), ("조", "Team", 6), ("방식", "How", 6), ("장소", "Site", 25),
    ("차량번호", "Plate", 17), ("조치", "Treat by", 10), ("사유", "Reason", 26), ("근거 조문", "Article", 24), ("건수", "Debts", 6),
    ("체납액(원)", "Owed, won", 12), ("최근 포착", "Last seen", 10), ("자료 경과", "Reg. days", 9), ("확인", "Done", 6),
)  # fmt: skip
LOG_COLUMNS = (
    ("일시", 17), ("구간", 22), ("조", 7), ("장소", 25), ("차량번호", 16), (RESULT, 12), ("납부액", 12), ("비고", 26), ("경도", 11), ("위도", 11),
)  # fmt: skip
OF_A_VEHICLE = ("seized", "notice", "towed", "paid_on_spot", "settled", "met", "not_there")
OF_A_BLOCK = ("not_there",)
HEADER_ROW = 4
PRINT_PERCENT = 76
LOG_ROW_POINTS = 20  # filled in by hand


def list_workbook(lines, plates, held, facts, grounds):
    """The plain workbook, in memory.

    Parameters
    ----------
    lines : dansok.field_list.lines.Lines
    plates : dansok.field_list.plates.Opened
    held : dansok.link.arrears.Arrears
        Of the day of the list.
    facts : dict of str -> str
        `office`, `plan`, `officer`, `purpose`, `made_at`, `destroy_on`, `secrecy`, `log_number`, `log_head`.
    grounds : pd.DataFrame, one row a rule that the list rests on
        `reason` (missing for rules of the list itself), `article`, `id`, `title_ko`, `title_en`, `in_force`, `source`, `verified`.

    Returns
    -------
    bytes
    """
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        formats = Formats(book)
        _list_sheet(book.add_worksheet(LIST), formats, lines, plates, held, facts, grounds)
        _log_sheet(book.add_worksheet(LOG), formats, lines, plates, facts)
        _grounds_sheet(book.add_worksheet(GROUNDS), formats, lines, held, facts, grounds)
    return buffer.getvalue()


def watch_workbook(lines, plates, held, facts):
    """What the parking-notice service may watch for: plates that may be taken today, and until when; no debt, no name.

    Returns
    -------
    bytes or None
        None if no plate may be taken.
    """
    takes = lines.table[lines.table["treat_by"].isin(TAKING)]
    if takes.empty:
        return None
    watched = sorted(plates.of(takes["plate_token"]).unique())
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        formats, sheet = Formats(book), book.add_worksheet(WATCH)
        write_header(sheet, 0, ("차량번호", "등록일", "만료일", "요청 부서"), (16, 12, 12, 30), formats)
        for row, plate in enumerate(watched, start=1):
            for column, text in enumerate((plate, f"{held.day:%Y-%m-%d}", facts["destroy_on"], facts["office"])):
                sheet.write_string(row, column, text, formats(border=1))
        sheet.freeze_panes(1, 0)
    return buffer.getvalue()


def _list_sheet(sheet, formats, lines, plates, held, facts, grounds):
    for row, (text, form) in enumerate(_top(lines, held, facts, formats)):
        sheet.merge_range(row, 0, row, len(LIST_COLUMNS) - 1, text, form)
        sheet.set_row(row, 20 if row == 0 else 32 if row == HEADER_ROW - 1 else 16)
    korean, english, widths = zip(*LIST_COLUMNS, strict=True)
    labels = (f"{ko}\n{en}" for ko, en in zip(korean, english, strict=True))
    write_header(sheet, HEADER_ROW, labels, widths, formats)
    sheet.set_row(HEADER_ROW, 32)
    articles = _articles(grounds)
    plate = plates.of(lines.table["plate_token"])
    before, breaks = None, []
    for place, line in enumerate(lines.table.itertuples()):
        row = HEADER_ROW + 1 + place
        new = {"top": 2} if before is None or line.block != before.block else {}
        if before is not None and line.team != before.team:
            breaks.append(row)
        cells = _cells(place + 1, line, plate[line.Index], articles, held)
        for column, value in enumerate(cells):
            strong = {"bold": True} if column == 6 or (column == 7 and line.treat_by in TAKING) else {}
            size = {"font_size": 12} if column == 6 else {}
            wrap = {"text_wrap": True} if column in (5, 8, 9) else {"align": "center"}
            number = {"num_format": "#,##0", "align": "right"} if isinstance(value, int) and column == 11 else {}
            form = formats(**{"border": 1, **wrap, **strong, **size, **number, **new})
            write = sheet.write_number if isinstance(value, int) else sheet.write_string
            write(row, column, value, form)
        sheet.set_row(row, 15 * max(1, *(_rows_needed(cells[c], LIST_COLUMNS[c][2]) for c in (5, 8, 9))) + 3)
        before = line
    last = HEADER_ROW + len(lines.table)
    sheet.autofilter(HEADER_ROW, 0, last, len(LIST_COLUMNS) - 1)
    sheet.freeze_panes(HEADER_ROW + 1, 7)
    _printed(sheet, HEADER_ROW, last, len(LIST_COLUMNS) - 1, facts)
    # Excel ignores breaks where a sheet is fitted to pages: the columns above fill the width of A4 at this scale.
    sheet.set_print_scale(PRINT_PERCENT)
    sheet.set_h_pagebreaks(breaks)


def _top(lines, held, facts, formats):
    paid = f"{held.paid_until:%Y-%m-%d}"
    struck = " · ".join(f"{STRUCK[name].ko} {number:,}대" for name, number in lines.struck.items())
    yield (
        f"체납 자료 기준일 {held.snapshot_on:%Y-%m-%d} ({held.register_days}일 지남) · 납부 반영 {paid}까지 · "
        f"register of {held.snapshot_on:%Y-%m-%d}, payments until {paid}",
        formats(bold=True, font_size=13),
    )
    yield (
        f"체납차량 현장명단 {held.day:%Y-%m-%d} · {facts['office']} · 계획 {facts['plan']} · 차량 {lines.vehicles:,}대, {len(lines.table):,}줄 · "
        f"계획 뒤 빠진 차량: {struck}",
        formats(),
    )
    yield (
        f"대외비({facts['secrecy']}) · 받은 사람 {facts['officer']} · 목적 {facts['purpose']} · 파기일 {facts['destroy_on']} · 목적 밖 사용·복사·전달 금지",
        formats(bold=True, font_color="#9C0006"),
    )
    yield (
        "번호판을 떼거나 견인하기 전에 그 자리에서 납부 여부를 다시 조회할 것. 조치가 안내·독촉, 분납 유지, 복지 연계인 차량은 영치하지 않음. "
        "차량번호가 한 글자라도 다르면 다른 차량임. 조문 뒤 * 는 조문 원문을 아직 확인하지 못한 것('근거' 시트).",
        formats(text_wrap=True),
    )


def _cells(number, line, plate, articles, held):
    hours = f"{line.starts_at:%H:%M}~{line.ends_at:%H:%M}"
    how = HOW[line.how].ko if line.how in HOW else str(line.how)
    seen = SEEN[line.seen_class].ko if line.seen_class in SEEN else str(line.seen_class)
    return (
        number, f"{line.starts_at:%Y-%m-%d}", hours, str(line.team), how, _site(line), plate, TREAT_BY[line.treat_by].ko,
        _reason(line, articles), articles[line.reason][0], int(line.debts), int(line.amount_krw), seen, held.register_days, "□",
    )  # fmt: skip


def _site(block):
    area, place = ("" if pd.isna(part) else str(part) for part in (block.area_name, block.place_name))
    return (place if place.startswith(area) else f"{area} {place}").strip() or "-"


def _reason(line, articles):
    """Why, with the number that decides, and what the officer must see to first."""
    said = SEIZURE_REASONS[line.reason].ko
    if line.reason == "car_taxes":
        said = f"자동차세 {line.taxes}회 체납"
    if line.reason == "too_few_taxes":
        said = f"자동차세 {line.taxes}회, 영치 횟수 미달"
    if line.reason == "fines":
        said = f"과태료 {line.fines_krw:,}원 체납"
        if articles["notice_days"]:
            said += f", {articles['notice_days']}일 전 예고 확인"
    unknown = [TABLES["debtors"][name].ko for name in line.not_in_export.split(", ") if name]
    return said + (f" (자료에 없음: {'·'.join(unknown)} 여부)" if unknown and line.treat_by in TAKING else "")


def _articles(grounds):
    """Reason -> article as printed and whether it was read; `notice_days` before a plate is taken for fines."""
    of_reasons = grounds[grounds["reason"].notna() & (grounds["article"] != "")]
    found = {
        row.reason: (row.article + ("" if row.verified else " *"), row.verified) for row in of_reasons.itertuples()
    }
    return found | {"notice_days": grounds.attrs["notice_days"]}


def _log_sheet(sheet, formats, lines, plates, facts):
    actions = TABLES["outcomes"]["action"].values
    sheet.merge_range(
        0, 0, 0, len(LOG_COLUMNS) - 1,
        f"근무한 구간마다 결과를 고르세요. 찾아갔으나 한 대도 못 만났으면 그 구간의 첫 줄(차량번호 빈칸)에 '{actions['not_there'].ko}'을 고릅니다. "
        "빈 줄은 '근무하지 않음 또는 모름'으로 남습니다. 일시는 실제 시각으로 고쳐도 됩니다.",
        formats(text_wrap=True),
    )  # fmt: skip
    sheet.set_row(0, 32)
    sheet.set_default_row(LOG_ROW_POINTS)
    write_header(sheet, 1, *zip(*LOG_COLUMNS, strict=True), formats)
    middles = to_wgs84(lines.blocks[["x", "y"]], CRS).round(6)
    row = 2
    for block in lines.blocks.itertuples():
        of_block = lines.table[lines.table["block"] == block.block]
        rows = [("", OF_A_BLOCK), *((plate, OF_A_VEHICLE) for plate in plates.of(of_block["plate_token"]))]
        for place, (plate, allowed) in enumerate(rows):
            top = {"top": 2, "bg_color": "#F2F2F2"} if place == 0 else {}
            cells = (f"{block.starts_at:%Y-%m-%d %H:%M}", block.block, str(block.team), _site(block), plate, "", "", "")
            for column, text in enumerate(cells):
                form = formats(**{"border": 1, **top, **({"bold": True} if column == 4 else {})})
                sheet.write_string(row, column, text, form) if text else sheet.write_blank(row, column, None, form)
            for column, degrees in enumerate(middles.loc[block.Index], start=len(cells)):
                form = formats(**{"border": 1, "font_color": "#808080", **top})
                sheet.write_blank(row, column, None, form) if pd.isna(degrees) else sheet.write_number(
                    row, column, degrees, form
                )
            sheet.data_validation(
                row, 5, row, 5, {"validate": "list", "source": [actions[code].ko for code in allowed]}
            )
            row += 1
    sheet.freeze_panes(2, 0)
    sheet.autofilter(1, 0, row - 1, len(LOG_COLUMNS) - 1)
    _printed(sheet, 1, row - 1, len(LOG_COLUMNS) - 1, facts)


def _grounds_sheet(sheet, formats, lines, held, facts, grounds):
    said = (
        ("만든 때 (made)", facts["made_at"]), ("받은 사람 (officer)", facts["officer"]), ("목적 (purpose)", facts["purpose"]),
        ("계획 (plan)", facts["plan"]), ("파기일 (to be destroyed on)", facts["destroy_on"]),
        ("접속기록 (access log)", f"{facts['log_number']}번째 줄, 앞줄의 해시 {facts['log_head']}"),
        ("체납 자료 (register)", f"{held.snapshot_on:%Y-%m-%d}, {held.ledger['listed']:,}건 가운데 미납 {held.ledger['unpaid']:,}건"),
        ("차량 (vehicles)", f"{lines.vehicles:,}대"),
        *((f"빠짐: {STRUCK[name].ko} ({STRUCK[name].en})", f"{number:,}대") for name, number in lines.struck.items()),
    )  # fmt: skip
    for row, (name, value) in enumerate(said):
        sheet.write_string(row, 0, name, formats(bold=True, border=1))
        sheet.merge_range(row, 1, row, 5, value, formats(border=1))
    labels = (
        ("구분", 24), ("조문 (article)", 32), ("내용 (rule)", 50), ("시행 (in force)", 22), ("원문 확인 (verified)", 11), ("출처 (source)", 46),
    )  # fmt: skip
    head = len(said) + 1
    write_header(sheet, head, *zip(*labels, strict=True), formats)
    for row, rule in enumerate(grounds.itertuples(), start=head + 1):
        about = "명단 (list)" if pd.isna(rule.reason) else SEIZURE_REASONS[rule.reason].ko
        verified = "확인" if rule.verified else "미확인 *"
        cells = (about, rule.article, f"{rule.title_ko}\n{rule.title_en}", rule.in_force, verified, rule.source)
        for column, text in enumerate(cells):
            sheet.write_string(row, column, text, formats(border=1, text_wrap=True))
    _printed(sheet, head, head + len(grounds), len(labels) - 1, facts)


def _printed(sheet, header_row, last_row, last_column, facts):
    sheet.set_landscape()
    sheet.set_paper(A4)
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0, header_row) if header_row == HEADER_ROW else sheet.repeat_rows(header_row)
    sheet.print_area(0, 0, last_row, last_column)
    sheet.set_footer(f"&L&8대외비 · {facts['officer'].replace('&', '&&')}&C&8&P / &N&R&8파기일 {facts['destroy_on']}")


def _rows_needed(text, width):
    return -(-columns_wide(text) // max(width - 1, 1))
