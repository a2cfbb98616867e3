"""Days with known holidays, as the government gazette had them."""

import pandas as pd
import pytest
from dansok.korea.calendar import days


@pytest.fixture(scope="module")
def calendar():
    return days("2019-12-01", "2028-12-31").set_index("date")


@pytest.mark.parametrize(
    ("date", "korean", "english", "substitute"),
    [
        ("2020-08-17", "임시공휴일", "Temporary Public Holiday", False),
        ("2021-08-16", "광복절 대체 휴일", "Alternative holiday for Liberation Day", True),
        ("2024-02-09", "설날 전날", "The day preceding Korean New Year", False),
        ("2024-02-10", "설날", "Korean New Year", False),
        ("2024-02-12", "설날 대체 휴일", "Alternative holiday for Korean New Year", True),
        ("2024-04-10", "국회의원 선거일", "National Assembly Election Day", False),
        ("2024-05-06", "어린이날 대체 휴일", "Alternative holiday for Children's Day", True),
        ("2024-09-17", "추석", "Chuseok", False),
        ("2024-10-01", "국군의 날", "Armed Forces Day", False),
        ("2025-01-27", "임시공휴일", "Temporary Public Holiday", False),
        ("2025-03-03", "삼일절 대체 휴일", "Alternative holiday for Independence Movement Day", True),
        ("2025-05-05", "부처님오신날 · 어린이날", "Buddha's Birthday · Children's Day", False),
        ("2025-06-03", "대통령 선거일", "Presidential Election Day", False),
        ("2025-10-06", "추석", "Chuseok", False),
        ("2025-10-08", "추석 대체 휴일", "Alternative holiday for Chuseok", True),
        ("2026-05-01", "노동절", "Labor Day", False),
        # Chuseok and National Foundation Day on one day
        ("2028-10-03", "개천절 · 추석", "Chuseok · National Foundation Day", False),
    ],
)
def test_holiday(calendar, date, korean, english, substitute):
    day = calendar.loc[date]
    assert sorted(day.holiday_ko.split(" · ")) == sorted(korean.split(" · "))
    assert sorted(day.holiday_en.split(" · ")) == sorted(english.split(" · "))
    assert day.is_holiday and not day.is_working_day
    assert day.is_substitute == substitute


@pytest.mark.parametrize(
    ("date", "weekday", "working"),
    [
        ("2024-02-08", 3, True),
        ("2024-02-13", 1, True),
        ("2024-02-17", 5, False),
        ("2024-02-18", 6, False),
        ("2024-05-01", 2, True),  # Workers' Day: offices were open
        ("2024-06-07", 4, True),  # Memorial Day has no substitute
        ("2024-07-17", 2, True),  # Constitution Day was none then
        ("2024-12-31", 1, True),
    ],
)
def test_no_holiday(calendar, date, weekday, working):
    day = calendar.loc[date]
    assert (day.weekday, day.is_working_day, day.is_holiday) == (weekday, working, False)
    assert pd.isna(day.holiday_ko) and pd.isna(day.holiday_en) and not day.is_substitute


@pytest.mark.parametrize(
    ("feast", "dates"),
    [
        ("seollal", ["2020-01-25", "2021-02-12", "2022-02-01", "2023-01-22", "2024-02-10", "2025-01-29", "2026-02-17"]),
        ("chuseok", ["2020-10-01", "2021-09-21", "2022-09-10", "2023-09-29", "2024-09-17", "2025-10-06", "2026-09-25"]),
    ],
)
def test_days_from_a_feast(calendar, feast, dates):
    column = calendar[f"days_from_{feast}"]
    for date in pd.to_datetime(dates):
        around = column[date - pd.Timedelta(days=4) : date + pd.Timedelta(days=4)]
        assert around.fillna(99).tolist() == [99, -3, -2, -1, 0, 1, 2, 3, 99]
    assert column.notna().groupby(column.index.year).sum()[2020:].eq(7).all()


def test_a_feast_outside_the_period_still_counts():
    assert days("2025-01-26", "2025-01-26").days_from_seollal.tolist() == [-3]
    assert days("2025-02-02", "2025-02-02").days_from_seollal.isna().all()


def test_working_days_of_a_year(calendar):
    # 2025 began on a Wednesday: 261 days from Monday to Friday. Of 19 holidays, 1 March and 5 October were at weekends.
    assert calendar.loc["2025"].is_holiday.sum() == 19
    assert calendar.loc["2025"].is_working_day.sum() == 261 - 17


def test_one_row_a_day_and_types(calendar):
    assert calendar.index.is_unique and (calendar.index[1:] - calendar.index[:-1]).unique().tolist() == [
        pd.Timedelta(days=1)
    ]
    assert calendar.is_holiday.dtype == bool and str(calendar.days_from_chuseok.dtype) == "Int64"
    assert len(days("2024-02-29", "2024-02-29")) == 1


@pytest.mark.parametrize(
    ("first", "last"), [("2024-03-01", "2024-02-29"), ("1989-12-31", "1990-01-02"), ("2100-12-31", "2101-01-01")]
)
def test_refused_periods(first, last):
    with pytest.raises(ValueError, match=r"\d{4}"):
        days(first, last)
