"""Deployments are asked, and what they reply is judged: one question, one submission, a class."""
