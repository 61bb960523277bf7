from pathlib import Path

import pytest

REQUIREMENTS = Path(__file__).parents[2] / "requirements.txt"
ADVICE = """requirements.txt is not saved as UTF-8, so platforms cannot read it.
Perhaps `>` in Windows PowerShell wrote it: that writes UTF-16. Write the file anew in your editor,
with these three lines and one for each library that you added:
    flask>=3.1
    gunicorn>=23
    prometheus-client>=0.22
and save it as UTF-8. (VS Code: click the name of the encoding at the lower right, then Save with
Encoding, then UTF-8.)"""


def test_requirements_are_saved_as_utf_8() -> None:
    content = REQUIREMENTS.read_bytes()
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:  # UTF-16 without its mark passes for UTF-8
        pytest.fail(ADVICE, pytrace=False)
