"""Shared fixtures: the open data, a key for tests alone, and two cities with their briefings."""

import shutil
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
SHARED_DATA = PROJECT.parent / "shared" / "data"
NOTEBOOKS = ("data_quality", "parking_hotspots")
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
        publish(run(folder, notebook, RUN), city.briefings / notebook, RUN)
    return folder
