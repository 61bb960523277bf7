"""Deployments watched from outside: objectives, incidents, alerts, rollback."""
