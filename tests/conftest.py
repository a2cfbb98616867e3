"""Shared fixtures: the open data, a key for tests alone, and two cities with their briefings."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

PROJECT = Path(__file__).resolve().parents[1]
SHARED_DATA = PROJECT.parent / "shared" / "data"
NOTEBOOKS = sorted(path.stem for path in (PROJECT / "notebooks").glob("*.ipynb"))
OF_DEBTS = ("delinquent_map", "delinquent_stakeout")
RUN = "latest"


@pytest.fixture(scope="session", autouse=True)
def key_ring(tmp_path_factory):
    """A key file of the test session, so that no test makes or reads the key of whoever runs it."""
    path = tmp_path_factory.mktemp("ring") / "plates.key"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DANSOK_KEY_FILE", str(path))
        yield path


@pytest.fixture(scope="session")
def shared_data():
    """Folder of the real open data that lies beside the checkout."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the open data of ../shared/data is not beside this checkout")
    return SHARED_DATA


@pytest.fixture(scope="session")
def namyangju(shared_data, tmp_path_factory):
    """City folder of Namyangju with both briefings, made from its own exports."""
    folder = tmp_path_factory.mktemp("real") / "namyangju"
    (folder / "1_raw").mkdir(parents=True)
    shutil.copy(PROJECT / "data" / "namyangju" / "city.toml", folder)
    for path in (shared_data / "namyangju").iterdir():
        (folder / "1_raw" / path.name).symlink_to(path)
    return _briefed(folder)


@pytest.fixture(scope="session")
def sample_city(tmp_path_factory):
    """City folder of the sample city with both briefings. Shared: copy it before changing anything."""
    from dansok.sample import SEED, SIZES, Options, write

    folder = tmp_path_factory.mktemp("invented") / "sample"
    folder.mkdir()
    shutil.copy(PROJECT / "data" / "sample" / "city.toml", folder)
    write(folder, Options(SEED, SIZES["small"]))
    return _briefed(folder)


class PlantedTaxSide:
    """The tax side of a small sample city in memory, as `clean` would leave it (plates stand for their own tokens), and its truth.

    `clean`: `debts`, `payments`, `vehicles`, `outcomes`. `reads`, one row a read: `at`, `day`, `place`, `kind`, `vehicle` (the true
    one), `plate_token` (as read; missing where it could not be), `misread`. `owed`: debts, debtors and actions as planted.
    """

    def __init__(self, seed, **changes):
        import dataclasses

        from dansok.sample import SIZES, Options, build_world, tax
        from dansok.sample.reads import MISREAD

        tiny = {
            "segments": 600,
            "vehicles": 15_000,
            "violations_per_day": 400.0,
            "cameras": 25,
            "lots": 10,
            "parcels": 20,
        }
        size = dataclasses.replace(SIZES["small"], name="tiny", **{**tiny, "reading": 0.8, **changes})
        self.world = world = build_world(Options(seed, size))
        finder, parts = world.reader(), []
        owed = tax.arrears(world.options, world.fleet, world.days)
        squads = tax.Squads(world.options, owed, world.fleet, world.days)
        for month in size.months[size.months >= size.first_read_day]:
            for read in world.reads(month, finder):
                squads.work(read)
                parts.append(read)
        reads = pd.concat(parts, ignore_index=True)
        self.owed = squads.done(world.watch.rounds["crew"])
        self.snapshots = pd.date_range(size.first_read_day, world.days[-1], freq="ME")
        self.reads = self._read(reads, MISREAD)
        self.clean = {
            "debts": self._debts(),
            "payments": self._payments(),
            "vehicles": self._vehicles(),
            "outcomes": self._outcomes(),
        }

    @staticmethod
    def stored(connection, table, frame):
        """A frame in the engine as `clean` or `link` stores it; columns that are not given are missing."""
        from dansok.clean.rows import ibis_type

        frame = frame.reindex(columns=[column.name for column in table.stored])
        kinds = {"int64": "Int64", "boolean": "boolean", "float64": "float64", "string": "str"}
        types = {
            column.name: {"date": "timestamp"}.get(ibis_type(column), ibis_type(column)) for column in table.stored
        }
        for name, kind in types.items():
            frame[name] = pd.to_datetime(frame[name]) if kind == "timestamp" else frame[name].astype(kinds[kind])
        made = connection.create_table(f"planted_{table.name}", frame, schema=types, temp=True, overwrite=True)
        return made.cast({column.name: ibis_type(column) for column in table.stored})

    def _plates(self, vehicle, day):
        return self.world.fleet.plates_on(np.asarray(vehicle), np.asarray(day, "datetime64[s]"))

    def _read(self, reads, share):
        from dansok.sample.exports.quirks import misread

        at = self.world.days.to_numpy()[reads["day"]] + reads["second"].to_numpy() * np.timedelta64(1, "s")
        seen, wrong = misread(self._plates(reads["vehicle"], at), self.world.stream("misread in tests"), share)
        blank = self.world.stream("unread in tests").random(len(reads)) < 0.005
        return reads.assign(at=at, plate_token=np.where(blank, None, seen), misread=wrong & ~blank)

    def _debts(self):
        from dansok.sample import tax

        flags, parts = self.owed.debtors.set_index("vehicle"), []
        for day in self.snapshots:
            held = self.owed.owed_on(day)
            who = flags.loc[held["vehicle"]]
            part = {
                "snapshot_on": day,
                "debt_id": [f"{number}" for number in held.index],
                "plate_token": self._plates(held["vehicle"], np.full(len(held), day.to_datetime64())),
                "plate_class": "passenger",
                "debt_kind": held["kind"].map({"tax": "vehicle_tax", "fine": "fine"}).to_numpy(),
                "owed_to": np.where(held["own"], "own", "other"),
                "due_on": held["due_on"].to_numpy(),
                "amount_krw": tax.amounts(held, day),
                "instalments": who["instalments"].to_numpy(),
                "livelihood": who["livelihood"].to_numpy(),
                "stopped": who["ghost"].to_numpy(),
                "source_file": f"{day:%Y%m}.csv",
                "source_row": range(2, len(held) + 2),
            }
            parts.append(pd.DataFrame(part))
        return pd.concat(parts, ignore_index=True)

    def _payments(self):
        from dansok.sample import tax

        paid = self.owed.debts[self.owed.debts["paid_on"].between(self.snapshots[0], self.world.days[-1])]
        amount = pd.concat([pd.Series(tax.amounts(rows, day), rows.index) for day, rows in paid.groupby("paid_on")])
        columns = {"paid_on": paid["paid_on"].to_numpy(), "debt_id": [f"{number}" for number in paid.index]}
        plates = self._plates(paid["vehicle"], paid["paid_on"])
        return pd.DataFrame({**columns, "plate_token": plates, "amount_krw": amount.reindex(paid.index).to_numpy()})

    def _vehicles(self):
        from dansok.sample.ground import AREA_NAMES

        spells, cars = self.world.fleet.register, self.world.fleet.cars
        asked = cars["registered"].to_numpy()[spells["vehicle"]] | spells["vehicle"].isin(self.owed.debtors["vehicle"])
        spells = spells[asked].reset_index(drop=True)
        here = cars["registered"].to_numpy()[spells["vehicle"]]
        last = ~spells["vehicle"].duplicated(keep="last")
        words = {"신규": "new", "번호변경": "plate_changed", "이전": "sold", "말소": "scrapped"}
        ended = spells["why"].shift(-1).where(~last, spells["end"]).where(spells["to_day"].notna())
        return pd.DataFrame(
            {
                "plate_token": spells["plate"],
                "vehicle_token": [f"V{vehicle}" for vehicle in spells["vehicle"]],
                "valid_from": spells["from_day"],
                "valid_to": spells["to_day"],
                "began_by": spells["why"].map(words),
                "ended_by": ended.map(words),
                "home_area": np.where(here, AREA_NAMES[cars["area"].to_numpy()[spells["vehicle"]]], None),
                "registered_in": np.where(here, "own", "other"),
            }
        )

    def _outcomes(self):
        acts = self.owed.actions
        words = {"영치": "seized", "영치예고": "notice", "반환": "returned"}
        plates = self._plates(acts["vehicle"].astype(int), acts["at"])
        columns = {"acted_at": acts["at"], "action": acts["action"].map(words), "plate_token": plates}
        return pd.DataFrame({**columns, "source_file": "acts", "source_row": range(2, len(acts) + 2)})


@pytest.fixture(scope="session")
def planted_tax_side():
    """Makes the tax side of a sample city in memory: `planted_tax_side(seed)`."""
    return PlantedTaxSide


def _briefed(folder):
    """1_raw to 5_briefings, with the commands' own functions."""
    from dansok.briefing import publish
    from dansok.city import open_city
    from dansok.clean import clean_city
    from dansok.link import link
    from dansok.run import run

    city = open_city(folder)
    clean_city(city)
    link(city)
    for notebook in NOTEBOOKS:
        if notebook not in OF_DEBTS or city.sources_of("debts"):
            publish(run(folder, notebook, RUN), city.briefings / notebook, RUN)
    return folder
