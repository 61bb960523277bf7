"""The app that the pipeline delivers: these files are copied beside a copy of `webapp/`."""
