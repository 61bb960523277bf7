"""Gradescope: an autograder zip that checks the URL which a student hands in there."""
