"""Grades deployed query-answering web apps: asks, judges, scores and reports."""
