"""Captured queries asked of two releases, and what differs."""
