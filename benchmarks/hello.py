"""The bare Flask app that the web app is measured beside; it imports nothing else."""

from flask import Flask

app = Flask(__name__)


@app.get("/api")
def hello() -> str:
    """Answer what Flask's own quick start answers."""
    return "hello"
