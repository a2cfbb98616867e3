"""Shared fixtures."""

from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
SHARED_DATA = PROJECT.parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data():
    """Folder of the real open data that lies beside the checkout."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the open data of ../shared/data is not beside this checkout")
    return SHARED_DATA
