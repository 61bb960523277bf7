"""A class's roster: a file, as forms and gradebooks export it, becomes rows."""

from grader.roster.reading import Roster, Row, parse_roster, read_roster
from grader.roster.table import Fault, RosterError
