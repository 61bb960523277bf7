"""The process of the command line, from its start to its end."""

import subprocess
import sys

FREED = """
import signal, time, weakref
import grader.cli
from grader.__main__ import main

class Object:
    pass

def cli(prog_name):
    it = Object()
    while_freed = weakref.ref(it, lambda _: signal.raise_signal(signal.SIGINT))
    try:
        del it
        time.sleep(1)
        print("went on")
    except KeyboardInterrupt:
        print("stopped")

grader.cli.cli = cli
main()
"""


def test_ctrl_c_is_not_lost_while_an_object_is_freed() -> None:
    done = subprocess.run([sys.executable, "-c", FREED], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("stopped\n", "")
