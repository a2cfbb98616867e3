"""Reporting rates against planted ones, and incidents from awkward reports."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from dansok.models import reporting
from scipy.stats import spearmanr

AREAS, PLACES, DAYS = 16, 60, 600
JUDGING = range(100, 140)  # 0 to 19 served to try things out
HOURS = np.repeat([0.2, 1.0, 2.0, 1.0, 1.8, 0.7], [7, 5, 2, 4, 3, 3])
A_MINUTE = 0.005  # reports of a standing car, mean of the areas: one in eleven cars is reported


def planted_reports(seed, places=PLACES):
    """Two years of cars that stand for a while and are reported as long as they do; areas report up to 3x as fast."""
    chance = np.random.default_rng(seed)
    rate = np.exp(chance.permutation(np.linspace(0, np.log(3), AREAS)))
    rate *= A_MINUTE / rate.mean()
    level = np.repeat(chance.lognormal(0, 0.6, AREAS), places) * chance.lognormal(0, 1, AREAS * places)
    violations = chance.multinomial(300_000, level / level.sum())
    place = np.repeat(np.arange(AREAS * places), violations)
    cars = len(place)
    minute = chance.integers(0, DAYS, cars) * 1440 + chance.choice(24, cars, p=HOURS / HOURS.sum()) * 60
    begun = minute + chance.uniform(0, 60, cars)
    stays = chance.exponential(np.where(chance.random(cars) < 0.9, 12.0, 90.0))
    reported = chance.poisson(rate[place // places] * stays)
    car = np.repeat(np.arange(cars), reported)
    at = begun[car] + stays[car] * chance.random(len(car))
    reports = pd.DataFrame(
        {
            "at": pd.Timestamp("2024-01-01") + pd.to_timedelta(at * 60, unit="s"),
            "place": place[car],
            "area": place[car] // places,
            "vehicle": [f"v{number}" for number in car],
            "reporter": chance.integers(0, 400, len(car)) + 1000 * (place[car] // places),
        }
    )
    return reports, rate / rate.mean(), np.bincount(place // places, minlength=AREAS)


def with_serial_reporters(reports, seed):
    """In half the areas one person sends as many reports as all others together, each of another car."""
    chance = np.random.default_rng(seed)
    keen = chance.choice(AREAS, AREAS // 2, replace=False)
    extra = reports[reports["area"].isin(keen)].copy()
    extra["at"] += pd.to_timedelta(chance.uniform(2, 20, len(extra)), unit="D")
    extra["vehicle"] = [f"w{number}" for number in range(len(extra))]
    extra["reporter"] = -extra["area"] - 1
    return pd.concat([reports, extra], ignore_index=True)


def judge(change, seeds=JUDGING):
    rows = []
    for seed in seeds:
        reports, rate, truth = planted_reports(seed)
        reports = change(reports, seed)
        found = reporting.reporting_rates(reporting.group_incidents(reports))
        weight = reports["weight"] if "weight" in reports else pd.Series(1.0, reports.index)
        counts = weight.groupby(reports["area"]).sum()
        rows.append(
            {
                "rank_correlation": spearmanr(found["factor"], rate)[0],
                "slope": np.polyfit(np.log(rate), np.log(found["rate"]), 1)[0],
                "bias_highest": (found["rate"] / rate)[rate.argmax()] - 1,
                "bias_lowest": (found["rate"] / rate)[rate.argmin()] - 1,
                "error": np.log(found["factor"] / rate).std(),
                "error_uncorrected": np.log(rate).std(),
                "held": ((found["low"] <= rate) & (rate <= found["high"])).mean(),
                "area_rank": spearmanr(counts / found["factor"], truth)[0],
                "area_rank_raw": spearmanr(counts, truth)[0],
                "reports": len(reports),
                "further_share": found["further"].sum() / found["incidents"].sum(),
            }
        )
    table = pd.DataFrame(rows)
    print(f"\n{table.agg(['mean', 'std', 'min', 'max']).T.round(3).to_string()}")
    return table.mean()


def test_how_fast_areas_report_is_found_where_the_vehicle_is_known():
    mean = judge(lambda reports, seed: reports)
    assert mean.rank_correlation >= 0.9
    assert 0.87 <= mean.held <= 0.93
    assert abs(mean.slope - 1) < 0.1
    assert abs(mean.bias_highest) < 0.1 and abs(mean.bias_lowest) < 0.1
    assert mean.area_rank > mean.area_rank_raw + 0.02


def test_how_fast_areas_report_is_found_without_vehicles():
    mean = judge(lambda reports, seed: reports.drop(columns="vehicle"))
    assert mean.rank_correlation >= 0.9
    assert 0.87 <= mean.held <= 0.93
    assert abs(mean.slope - 1) < 0.1
    assert mean.area_rank > mean.area_rank_raw + 0.02


def test_without_allowing_for_chance_busy_areas_seem_to_report_faster():
    """Five places an area, where one car often follows another."""
    bias = {"allowed": [], "ignored": []}
    for seed in JUDGING[:10]:
        reports, rate, truth = planted_reports(seed, places=5)
        incidents = reporting.group_incidents(reports.drop(columns="vehicle"))
        for name, table in (("allowed", incidents), ("ignored", incidents.assign(chance=0.0))):
            error = np.log(reporting.reporting_rates(table)["factor"] / rate)
            bias[name].append(np.corrcoef(error, np.log(truth))[0, 1])
    print({name: np.round(values, 2) for name, values in bias.items()})
    assert abs(np.mean(bias["allowed"])) < 0.25 < np.mean(bias["ignored"])


def test_a_serial_reporter_who_is_capped_neither_hides_how_fast_others_report_nor_rules_the_counts():
    def capped(reports, seed):
        reports = with_serial_reporters(reports, seed)
        return reports.assign(weight=reporting.report_weights(reports["reporter"], most=20))

    free, cap = judge(with_serial_reporters, JUDGING[:10]), judge(capped)
    assert free.rank_correlation < 0.75, "the planted person is too tame to show anything"
    assert cap.rank_correlation >= 0.9
    assert cap.area_rank > free.area_rank + 0.05
    assert cap.error < free.error / 2


def _reports(*rows):
    table = pd.DataFrame(rows, columns=["at", "place", "vehicle", "reporter"])
    return table.assign(at=pd.to_datetime("2025-03-03 " + table["at"]), area="north")


@pytest.mark.parametrize(
    "rows, further",
    [
        ([("09:00", "A", "v", "x")], [0]),
        ([("09:00", "A", "v", "x"), ("09:30", "A", "v", "y")], [1]),  # the thirtieth minute is in
        ([("09:00", "A", "v", "x"), ("09:31", "A", "v", "y")], [0, 0]),
        # the window begins with the first report, not with the last
        ([("09:00", "A", "v", "x"), ("09:20", "A", "v", "y"), ("09:40", "A", "v", "z")], [1, 0]),
        ([("09:00", "A", "v", "x"), ("09:05", "A", "w", "y")], [0, 0]),  # another car
        ([("09:00", "A", "v", "x"), ("09:05", "B", "v", "y")], [0, 0]),  # another place
        ([("09:00", "A", "v", "x"), ("09:05", "A", "v", "x")], [0]),  # the same person again
        ([("09:00", "A", "v", "x"), ("09:05", "A", "v", "y"), ("09:06", "A", "v", "y")], [1]),
        ([("09:00", "A", "v", None), ("09:05", "A", "v", None)], [1]),  # unknown persons are not one person
        ([("09:00", "A", None, "x"), ("09:05", "A", None, "y")], [1]),  # unknown cars: by place alone
        ([("09:00", "A", "v", "x"), ("09:05", "A", None, "y")], [0, 0]),  # an unknown car is not a known one
        ([("09:05", "A", "v", "y"), ("09:00", "A", "v", "x"), ("09:00", "A", "v", "z")], [2]),  # in any order
    ],
)
def test_which_reports_are_of_one_incident(rows, further):
    incidents = reporting.group_incidents(_reports(*rows))
    assert incidents["further"].tolist() == further
    assert len(incidents) == len(further)


def test_chance_is_what_comes_in_the_same_minutes_of_other_days():
    days = pd.date_range("2025-03-01", periods=15)
    noon = pd.DataFrame({"at": days + pd.Timedelta(hours=12), "place": "A", "area": "north"})
    later = noon[::2].assign(at=noon["at"] + pd.Timedelta(minutes=10))
    other = noon.assign(at=noon["at"] + pd.Timedelta(minutes=5), place="B")
    incidents = reporting.group_incidents(pd.concat([noon, later, other]))
    middle = incidents[(incidents["place"] == "A") & (incidents["at"] == days[7] + pd.Timedelta(hours=12))].iloc[0]
    assert middle["further"] == 0, "the second reports come on even days, this is an odd one"
    assert middle["chance"] == pytest.approx(1 + 7 / 13), "the day a week later ends before its half hour does"
    assert incidents.loc[incidents["place"] == "B", "chance"].iloc[7] == pytest.approx(1)


def test_known_vehicles_meet_by_no_chance_and_a_single_day_tells_nothing_of_chance():
    reports = _reports(("09:00", "A", "v", "x"), ("09:05", "A", None, "y"), ("09:10", "A", None, "z"))
    incidents = reporting.group_incidents(reports).set_index("vehicle")
    assert incidents.loc["v", "chance"] == 0
    assert incidents["chance"].isna().sum() == 1
    found = reporting.reporting_rates(incidents)
    assert found[["rate", "low", "high", "factor"]].isna().all(axis=None)


def test_weights_count_once_for_the_incident_and_once_for_what_follows():
    reports = _reports(("09:00", "A", "v", "x"), ("09:05", "A", "v", "y")).assign(weight=[0.5, 0.25])
    incidents = reporting.group_incidents(reports)
    assert incidents[["weight", "further"]].values.tolist() == [[0.5, 0.25]]
    found = reporting.reporting_rates(incidents)
    assert found.loc["north", ["incidents", "further"]].tolist() == [0.5, 0.125]


def _incidents(**further):
    rows = [(area, value) for area, values in further.items() for value in values]
    return pd.DataFrame(rows, columns=["area", "further"]).assign(weight=1.0, chance=0.0)


def test_rates_are_those_of_a_poisson_regression_with_one_term_an_area():
    chance = np.random.default_rng(1)
    incidents = _incidents(north=chance.poisson(0.2, 500), south=chance.poisson(0.1, 900), west=chance.poisson(0.4, 50))
    found = reporting.reporting_rates(incidents)
    area = pd.get_dummies(incidents["area"]).astype(float)
    regression = sm.GLM(incidents["further"], area, family=sm.families.Poisson()).fit()
    ratio = np.exp(regression.params)
    assert (found["rate"] / found["rate"]["north"]).to_numpy() == pytest.approx(
        (ratio / ratio["north"]).to_numpy(), rel=1e-6
    )
    assert found["factor"].mean() == pytest.approx(1)
    assert ((found["low"] < found["rate"]) & (found["rate"] < found["high"])).all()


def test_an_area_without_a_further_report_has_a_rate_of_zero_but_no_factor_of_zero():
    found = reporting.reporting_rates(_incidents(north=[0] * 9, south=[1, 0] * 50, west=[1, 0, 0, 0] * 50))
    assert found.loc["north", ["rate", "low"]].tolist() == [0, 0]
    assert found.loc["north", "high"] > 0.5
    assert 0.3 < found.loc["north", "factor"] < 1.2


def test_without_any_further_report_there_is_no_rate():
    found = reporting.reporting_rates(_incidents(north=[0, 0], south=[0]))
    assert found["incidents"].tolist() == [2, 1]
    assert found[["rate", "low", "high", "factor"]].isna().all(axis=None)


def test_reports_that_vary_beyond_chance_widen_the_interval():
    calm = reporting.reporting_rates(_incidents(north=[1, 0] * 200, south=[1, 0] * 200))
    wild = reporting.reporting_rates(_incidents(north=[10] * 20 + [0] * 380, south=[10] * 20 + [0] * 380))
    assert calm["rate"].tolist() == wild["rate"].tolist() == [1, 1]
    assert (wild["high"] - wild["low"])["north"] > 2 * (calm["high"] - calm["low"])["north"]


@pytest.mark.parametrize(
    "call",
    [
        lambda: reporting.report_weights(pd.Series(["x"]), most=0),
        lambda: reporting.group_incidents(_reports(("09:00", "A", "v", "x")), minutes=0),
        lambda: reporting.group_incidents(_reports(("09:00", "A", "v", "x")).drop(columns="area")),
        lambda: reporting.group_incidents(_reports(("09:00", None, "v", "x"))),
        lambda: reporting.group_incidents(_reports((None, "A", "v", "x"))),
        lambda: reporting.reporting_rates(_incidents(north=[1]), confidence=90),
    ],
)
def test_impossible_input_is_refused(call):
    with pytest.raises(ValueError):
        call()


@pytest.mark.real
def test_citizens_of_namyangju_report_again_what_was_just_reported(shared_data):
    """Addresses, no vehicles: far more reports follow within half an hour than in the same minutes of other days."""
    file = shared_data / "namyangju" / "시민신고 25.01.01~08.31.xlsx"
    table = pd.read_excel(file, engine="openpyxl").dropna(subset=["단속동", "단속장소"])
    reports = pd.DataFrame(
        {
            "at": pd.to_datetime(table["단속일시"], format="mixed"),
            "place": table["단속장소"],
            "area": table["단속동"],
        }
    )
    incidents = reporting.group_incidents(reports)
    found = reporting.reporting_rates(incidents)
    print(f"{incidents[['further', 'chance']].mean().round(3).to_dict()}\n{found.round(2).to_string()}")
    assert incidents["further"].mean() > 5 * incidents["chance"].mean() > 0
