"""Times as exports write them, against a reference in plain Python."""

import random
from datetime import datetime, timedelta

import ibis
import pandas as pd
from dansok.clean.moments import read_moments

CONNECTION = ibis.duckdb.connect()


def read(texts, date_order="ymd"):
    rows = ibis.memtable(pd.DataFrame({"row": range(len(texts)), "sent": pd.Series(texts, dtype="str")}))
    found = CONNECTION.to_pandas(read_moments(rows, "sent", date_order).order_by("row"))
    found["sent__at"] = found["sent__at"].astype(object).where(found["sent__at"].notna(), None)
    return found


READ = (
    ("2024-01-02 03:04:05", "2024-01-02 03:04:05", "second"),
    ("2024-01-02 03:04", "2024-01-02 03:04:00", "minute"),
    ("2024-01-02T03:04:05", "2024-01-02 03:04:05", "second"),
    ("2024-01-02T03:04:05.120+09:00", "2024-01-02 03:04:05", "second"),
    ("20240102", "2024-01-02 00:00:00", "day"),
    ("20240102030405", "2024-01-02 03:04:05", "second"),
    ("202401020304", "2024-01-02 03:04:00", "minute"),
    ("2017.8.8.", "2017-08-08 00:00:00", "day"),
    ("2017. 8. 8. 14:03", "2017-08-08 14:03:00", "minute"),
    ("2017. 8. 8. (화) 오후 2:03:09", "2017-08-08 14:03:09", "second"),
    ("2017-08-08 오후 2:03", "2017-08-08 14:03:00", "minute"),
    ("2017-08-08 오전 12:10", "2017-08-08 00:10:00", "minute"),
    ("2017-08-08 오후 12:10", "2017-08-08 12:10:00", "minute"),
    ("2017-08-08 2:03 PM", "2017-08-08 14:03:00", "minute"),
    ("2017-08-08 14시 03분", "2017-08-08 14:03:00", "minute"),
    ("2017년 8월 8일 14시", "2017-08-08 14:00:00", "hour"),
    ("17/08/08", "2017-08-08 00:00:00", "day"),
    ("98/08/08", "1998-08-08 00:00:00", "day"),
    ("30/06/2015", "2015-06-30 00:00:00", "day"),
    ("06/30/2015", "2015-06-30 00:00:00", "day"),
    ("2024-12-31 24:00", "2025-01-01 00:00:00", "minute"),
    ("20171123 905", "2017-11-23 09:05:00", "minute"),
    ("20171123 2025", "2017-11-23 20:25:00", "minute"),
    ("2017-11-23 90507", "2017-11-23 09:05:07", "second"),
    ("42955", "2017-08-08 00:00:00", "day"),
    ("42955.585", "2017-08-08 14:02:24", "second"),
    ("2023-07", "2023-07-01 00:00:00", "month"),
    ("202307", "2023-07-01 00:00:00", "month"),
    ("2022년 7월", "2022-07-01 00:00:00", "month"),
    ("2023", "2023-01-01 00:00:00", "year"),
    ("2022년", "2022-01-01 00:00:00", "year"),
    ("２０２４－０１－０２　０３：０４", "2024-01-02 03:04:00", "minute"),
    ("2024-01-02 00:00:00 14:03", "2024-01-02 14:03:00", "minute"),
    ("  2024-02-29 ", "2024-02-29 00:00:00", "day"),
)
NOT_READ = (
    *("2024-02-30", "2023-02-29 10:00", "2024-13-01", "2024-00-10", "2024-01-02 25:00", "2024-01-02 24:01"),
    *("2024-01-02 03:60", "2024-01-02 03:04:60", "20240230", "0000-00-00 00:00:00", "30/30/2015"),
    *("2017-08-08 오전 13:10", "2017-08-08 오후", "2023-13", "202313", "99999", "1234567", "14:03", "12가3456"),
    *("2017-11-23 5", "미상", "-", "", None, "2024-01-02\ufffd03:04:05", "2024-01-02 03:04:05 외 1건"),
)


def test_shapes_that_exports_have():
    found = read([text for text, _moment, _precision in READ])
    got = [(r.sent, str(r.sent__at), r.sent__precision) for r in found.itertuples()]
    assert got == list(READ)


def test_what_is_no_moment_is_missing():
    found = read(NOT_READ)
    assert [r.sent for r in found.itertuples() if r.sent__at is not None] == []
    assert found[["sent__precision", "sent__layout"]].isna().all().all()


def test_order_of_day_and_month_is_never_guessed():
    texts = ["05/06/2015", "05/06/15", "31/05/2015"]
    by_order = {order: [str(at)[:10] for at in read(texts, order)["sent__at"]] for order in ("ymd", "dmy", "mdy")}
    assert by_order == {
        "ymd": ["None", "2005-06-15", "2015-05-31"],
        "dmy": ["2015-06-05", "2015-06-05", "2015-05-31"],
        "mdy": ["2015-05-06", "2015-05-06", "2015-05-31"],
    }


def test_layouts_tell_mixed_formats_apart():
    texts = [
        "2024-01-02 03:04:05",
        "2024.1.2.",
        "2024/1/2",
        "20240102",
        "2024-01-02 오후 2:03",
        "45293",
        "2024",
        "24/1/2",
    ]
    expected = ["iso", "dotted", "slashed", "compact", "korean", "serial", "year", "short_year"]
    assert read(texts)["sent__layout"].tolist() == expected


def formats():
    """How to write a moment, which of its parts are lost by that, and the precision that is left."""

    def half(m):
        return f"{'오전' if m.hour < 12 else '오후'} {(m.hour - 1) % 12 + 1}"

    second, minute, hour = ({}, {"second": 0}, {"second": 0, "minute": 0})
    day = {"second": 0, "minute": 0, "hour": 0}
    return [
        (lambda m: m.strftime("%Y-%m-%d %H:%M:%S"), second, "second"),
        (lambda m: m.strftime("%Y-%m-%dT%H:%M"), minute, "minute"),
        (lambda m: m.strftime("%Y/%m/%d %H:%M:%S"), second, "second"),
        (lambda m: m.strftime("%Y%m%d"), day, "day"),
        (lambda m: m.strftime("%Y%m%d%H%M%S"), second, "second"),
        (lambda m: m.strftime("%Y%m%d %H:%M"), minute, "minute"),
        (lambda m: f"{m.year}.{m.month}.{m.day}.", day, "day"),
        (lambda m: f"{m.year}. {m.month}. {m.day}. {m.hour}:{m.minute:02d}", minute, "minute"),
        (lambda m: f"{m.year}-{m.month}-{m.day} {half(m)}:{m.minute:02d}", minute, "minute"),
        (lambda m: f"{m.year}. {m.month:02d}. {m.day:02d}. {half(m)}:{m.minute:02d}:{m.second:02d}", second, "second"),
        (lambda m: f"{m.year}년 {m.month}월 {m.day}일 {m.hour}시 {m.minute:02d}분", minute, "minute"),
        (lambda m: f"{m.year}년{m.month}월{m.day}일 {m.hour}시", hour, "hour"),
        (lambda m: m.strftime("%y/%m/%d %H:%M"), minute, "minute"),
        (lambda m: m.strftime("%y.%m.%d"), day, "day"),
        (lambda m: f"{m:%Y%m%d} {m.hour * 100 + m.minute}", minute, "minute"),
        (lambda m: f"{m:%Y-%m-%d} {m.hour:02d}{m.minute:02d}", minute, "minute"),
        (lambda m: str((m - datetime(1899, 12, 30)).days), day, "day"),
        (lambda m: f"{(m - datetime(1899, 12, 30)) / timedelta(days=1):.9f}", second, "second"),
        (lambda m: m.strftime("%Y-%m"), day | {"day": 1}, "month"),
        (lambda m: f"{m.year}년", day | {"day": 1, "month": 1}, "year"),
        (lambda m: m.strftime("%Y-%m-%d %I:%M:%S %p"), second, "second"),
    ]


def test_a_thousand_generated_texts_agree_with_plain_python():
    rng = random.Random(8)
    expected = []
    for write, loses, precision in formats():
        for _ in range(50):
            moment = datetime(2001, 1, 1) + timedelta(seconds=rng.randrange(25 * 365 * 86400))
            # A clock of three or four digits needs an hour that leaves three: 5 past midnight is no clock.
            moment = moment.replace(hour=rng.randrange(1, 24)) if precision == "minute" else moment
            expected.append((write(moment), moment.replace(**loses), precision))
    found = read([text for text, _at, _precision in expected])
    wrong = [
        (text, str(got), at)
        for (text, at, precision), got, told in zip(expected, found["sent__at"], found["sent__precision"], strict=True)
        if got is None or got.to_pydatetime() != at or told != precision
    ]
    assert len(expected) == 1050 and not wrong


def test_impossible_dates_agree_with_plain_python():
    """Every day from 0 to 32 of every month from 0 to 13, in a leap year, a common year and 2000."""
    cases = [(y, m, d) for y in (2000, 2023, 2024) for m in range(14) for d in range(33)]

    def real(case):
        try:
            return datetime(*case)
        except ValueError:
            return None

    for write in ("{}-{:02d}-{:02d} 00:00:00", "{}{:02d}{:02d}", "{}. {}. {}."):
        found = read([write.format(*case) for case in cases])["sent__at"]
        assert [None if at is None else at.to_pydatetime() for at in found] == [real(case) for case in cases]
