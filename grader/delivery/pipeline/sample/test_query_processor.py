"""The tests that the app's own team wrote: its pipeline runs them on every build."""

import unittest

from webapp.app import create_app
from webapp.query_processor import process


class Answers(unittest.TestCase):
    """What `process` answers."""

    def test_person(self) -> None:
        self.assertIn("poet", process("Who was Shakespeare?"))

    def test_sums(self) -> None:
        self.assertEqual(process("What is 23 plus 7 multiplied by 13?"), "114")
        self.assertEqual(process("What is 5 minus 7?"), "-2")
        self.assertEqual(process("What is 2 to the power of 10?"), "1024")

    def test_largest(self) -> None:
        self.assertEqual(
            process("Which of the following numbers is the largest: 31, 84, 62?"), "84"
        )

    def test_primes(self) -> None:
        self.assertEqual(process("Which of the following numbers are primes: 4, 7, 9?"), "7")

    def test_words(self) -> None:
        self.assertEqual(process("What is the scrabble score of zebra?"), "16")
        asked = "Which of the following is an anagram of south: shouts, shout, mouth?"
        self.assertEqual(process(asked), "shout")


class Serving(unittest.TestCase):
    """What the app serves."""

    def setUp(self) -> None:
        self.client = create_app().test_client()

    def test_page(self) -> None:
        self.assertEqual(self.client.get("/").status_code, 200)

    def test_api(self) -> None:
        self.assertEqual(self.client.get("/api?q=What+is+8+plus+3%3F").text, "11")

    def test_health(self) -> None:
        reply = self.client.get("/healthz").json
        assert reply is not None
        self.assertEqual(reply["status"], "ok")
