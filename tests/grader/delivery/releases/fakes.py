"""Platforms on loopback, with the shapes, errors, limits and delays that they document.

Each is a real HTTP server with one project and its state. `promote` and `rollback` take some looks
until they are carried out, as they do on the platforms; then the app behind it runs another commit.
"""

from tests.grader.delivery.releases.fake_heroku import FakeHeroku as FakeHeroku
from tests.grader.delivery.releases.fake_heroku import uuid as uuid
from tests.grader.delivery.releases.fake_render import FakeRender as FakeRender
from tests.grader.delivery.releases.fake_vercel import FakeVercel as FakeVercel
from tests.grader.delivery.releases.faking import BEGAN as BEGAN
from tests.grader.delivery.releases.faking import IMPATIENT as IMPATIENT
from tests.grader.delivery.releases.faking import QUICK as QUICK
from tests.grader.delivery.releases.faking import TOKEN as TOKEN
from tests.grader.delivery.releases.faking import A as A
from tests.grader.delivery.releases.faking import B as B
from tests.grader.delivery.releases.faking import C as C
from tests.grader.delivery.releases.faking import D as D
from tests.grader.delivery.releases.faking import Fake as Fake
from tests.grader.delivery.releases.faking import at as at
from tests.grader.delivery.releases.faking import deployed as deployed
from tests.grader.delivery.releases.faking import error as error
from tests.grader.delivery.releases.faking import milliseconds as milliseconds
from tests.grader.delivery.releases.faking import served as served
