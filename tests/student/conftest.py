from pathlib import Path

import pytest

from tests.student.forks import make_fork


@pytest.fixture
def fork(tmp_path: Path) -> Path:
    return make_fork(tmp_path)
