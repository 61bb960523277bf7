"""A sample class on this machine, with every kind of app that a real class hands in."""
