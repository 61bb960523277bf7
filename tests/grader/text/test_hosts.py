import pytest

from grader.text.hosts import leads_to_own_machine


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost",
        "http://localhost:3000/app",
        "http://app.localhost:3000",
        "http://127.0.0.1:3000",
        "http://127.8.8.8",
        "http://0.0.0.0:3000",
        "http://[::1]:3000",
        "http://[::]:3000",
        "http://[::ffff:127.0.0.1]:3000",
    ],
)
def test_an_own_machine(url: str) -> None:
    assert leads_to_own_machine(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://app.example",
        "http://127.0.0.1.example",
        "http://127.example",
        "http://mylocalhost",
        "http://localhost.example",
        "http://192.168.0.5",
        "http://[::ffff:192.168.0.5]",
        "http://[2001:db8::1]",
    ],
)
def test_another_machine(url: str) -> None:
    assert not leads_to_own_machine(url)
