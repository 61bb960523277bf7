"""Scorecards as something to read: one file for each format, pure functions over values.

A class comes as a collection that is iterated several times and never copied: it may be backed by
a database and hold 50,000 students.
"""
