"""A sample class on loopback: every kind of app that a real class hands in, really served."""
