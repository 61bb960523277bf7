"""What can be wrong with a battery."""

from grader.questions.toml_files import TomlError


class BatteryError(TomlError):
    """A battery that cannot be used, with everything that is wrong with it."""
