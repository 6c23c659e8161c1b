import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from probe import Probe  # noqa: E402


@pytest.fixture(scope="session")
def probe():
    running = Probe()
    yield running
    running.close()
