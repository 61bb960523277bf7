"""What is asked: families of questions, batteries of them, and drawing them for a student."""

from grader.questions.batteries import is_shipped, load_battery, parse_battery
from grader.questions.draw import STARTER_QUERY, draw
from grader.questions.families import FAMILIES
from grader.questions.faults import BatteryError
from grader.questions.resources import shipped_batteries
from grader.questions.templates import ColumnError, columns_needed, lacking_columns
from grader.questions.toml_files import MAX_BYTES, Fault
