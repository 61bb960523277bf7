"""Bringing a release to users: gate, replay, watch, releases, and the pipeline of them all."""
