"""What notebooks publish tells of no few vehicles: not in a table, a sentence, a workbook or a file of numbers, and not by subtraction.

The least number is raised to 100, so that the sample city has many small groups.
"""

import json
import re

import numpy as np
import openpyxl
import pandas as pd
import pytest
from dansok.cases import delinquent_map as case
from dansok.words import LANGUAGES, Refusal

FEW = 100
OF_VEHICLES = {
    "profile": ["vehicles"],
    "law": ["own", "other", "vehicles"],
    "seen": ["vehicles"],
    "lookers": ["delinquent", "vehicles", "sighted"],
    "hours": ["sighted", "vehicles", "records"],
    "by_area": ["sighted", "vehicles"],
    "area_hours": ["sighted", "vehicles"],
    "cells": ["sighted", "vehicles"],
    "place_hours": ["sighted", "vehicles"],
    "repeat": ["debtors", "vehicles"],
    "stability": ["sighted"],
    "reliability": ["now", "visits"],
    "worth": ["vehicles"],
    "fairness": ["debtors", "chosen"],
    "near": ["reads", "plates", "debtors"],
}
# "12대", but neither "1,000대당" nor "3.2대" (a rate).
IN_KOREAN = re.compile(r"(?<![\d.,])(\d{1,2})대(?![당\d])")
IN_ENGLISH = re.compile(r"(?<![\d.,])(\d{1,2}) (?:vehicles?|of this city|of others)\b")


@pytest.fixture(scope="module")
def choices(sample_city):
    return case.Choices(str(sample_city), "few", "ko", "", "12 months", "latest", 45, 20, FEW)


@pytest.fixture(scope="module")
def inputs(choices):
    return case.load(choices)


@pytest.fixture(scope="module")
def result(inputs, choices):
    return case.analyse(inputs, choices)


def small(values):
    values = pd.Series(values).dropna().astype(float)
    return values[(values > 0) & (values < FEW)]


def test_no_table_tells_of_few(result):
    hidden = 0
    for name, columns in OF_VEHICLES.items():
        table = getattr(result, name)
        for column in columns:
            assert small(table[column]).empty, f"{name}.{column}"
            hidden += table[column].isna().sum()
    assert hidden > 200, "there were many to hide"


def rows_and_total(table, column, groups):
    parts = table[column].astype(float).iloc[:groups]
    return parts, float(table[column].astype(float).iloc[groups])


def test_no_few_can_be_worked_out_from_a_total(result, inputs):
    tables = [part for _, part in result.profile.groupby("grouping", sort=False)] + [result.seen]
    columns = [(table, "vehicles", len(table) - 1) for table in tables]
    columns.append((result.reliability, "now", len(result.reliability) - 1))
    hidden = 0
    for table, column, groups in columns:
        parts, total = rows_and_total(table, column, groups)
        unknown = parts.isna().sum()
        hidden += unknown
        if unknown and not np.isnan(total):
            # Readers know that each is at least 1: the largest that one of them can be must be past the small ones.
            assert total - parts.sum() - (unknown - 1) >= FEW - 1 and unknown > 1, table
    assert hidden >= 4


def test_two_ways_of_telling_the_same_groups_leave_out_the_same(result):
    by_amount = result.profile[result.profile.grouping == result.profile.grouping.iloc[5]]
    fair = result.fairness[result.fairness.grouping == "amount"].set_index("group")
    worth = result.worth.set_index("group")
    for row in by_amount.itertuples():
        if row.group in fair.index:
            told = fair.loc[row.group]
            assert np.isnan(told.debtors) or told.debtors == row.vehicles
            assert (
                np.isnan(told.chosen) or np.isnan(worth.vehicles[row.group]) or told.chosen == worth.vehicles[row.group]
            )
    own = result.fairness[result.fairness.grouping == "registered"]
    whole = result.law.loc[["eligible", "all"], ["own", "other"]].astype(float)
    for row in own.itertuples():
        code = {"관내": "own", "관외": "other"}[row.group.ko]
        if whole[code].isna().any():
            assert np.isnan(row.chosen) and np.isnan(row.debtors)


def test_no_sentence_and_no_number_behind_it_tells_of_few(result):
    for finding in result.findings.values():
        for language, pattern in zip(LANGUAGES, (IN_KOREAN, IN_ENGLISH), strict=True):
            told = [int(number) for number in pattern.findall(finding.text[language])]
            assert small(told).empty, finding.text[language]
        for name, number in finding.numbers.items():
            if name in ("vehicles", "own", "eligible", "never", "sighted", "debtors", "visits"):
                assert small([number]).empty, (finding.name, name)
    assert small(
        [result.metrics[name] for name in ("vehicles_in_arrears", "eligible_vehicles") if name in result.metrics]
    ).empty


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("체납차량 12대 가운데", ["12"]),
        ("1,000대당 3.2대", []),
        ("1,012대", []),
        ("차량은 7대이다", ["7"]),
    ],
)
def test_the_search_in_sentences_finds_numbers_of_vehicles(text, found):
    assert IN_KOREAN.findall(text) == found


def test_few_debtors_in_all_are_refused(inputs, choices, result):
    import dataclasses

    held = inputs.held
    fewer = dataclasses.replace(held, vehicles=held.vehicles.head(FEW - 1))
    with pytest.raises(Refusal, match=f"fewer than {FEW} vehicles"):
        case.analyse(dataclasses.replace(inputs, held=fewer), choices)


def test_a_tenth_of_few_is_not_told(inputs):
    assert case._concentration(inputs.held.vehicles.head(10 * FEW - 20), FEW) == []
    assert case._concentration(inputs.held.vehicles.head(10 * FEW), FEW)[0].numbers["vehicles"] == FEW


def test_published_workbooks_and_findings_hold_no_count_of_one_to_four_vehicles(sample_city):
    """As published with the usual least number: every column of vehicles in every sheet, whatever notebook it is of.

    What a model expects, and says so in its heading, is no count of vehicles that are anywhere.
    """
    looked = 0
    for path in sorted((sample_city / "5_briefings").rglob("*.xlsx")):
        for sheet in openpyxl.load_workbook(path, read_only=True):
            header, *rows = list(sheet.iter_rows(values_only=True)) or [()]
            of_vehicles = [
                i
                for i, name in enumerate(header)
                if isinstance(name, str) and re.search(r"(?<!카메라)(?<!기대)\(대\)|체납차량 번호", name)
            ]
            for row in rows:
                for i in of_vehicles:
                    looked += 1
                    assert not (isinstance(row[i], (int, float)) and 0 < row[i] < 5), (
                        path.name,
                        sheet.title,
                        header[i],
                    )
    assert looked > 60
    for path in (sample_city / "4_analysed").rglob("findings.json"):
        for name, finding in json.loads(path.read_text(encoding="utf-8")).items():
            assert not re.search(r"(?<![\d.,])[1-4]대(?![당\d])", finding["ko"]), (path.parent, name)
            assert not re.search(r"(?<![\d.,])[1-4] vehicles?\b", finding["en"]), (path.parent, name)
