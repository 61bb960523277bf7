"""What whole pipelines make of good and bad releases: `python -m benchmarks.pipelines`.

Real servers, proxy, gate, watch and users, as `grader pipeline` runs them: for each round and each
story a pipeline of its own, from its first server to its last. Ten rounds take about half an hour.
Each claim is one line with its limit, and the program ends with 1 if one is missed.
"""

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measuring import at_most, claim
from grader.delivery.pipeline.gating import Pace
from grader.delivery.pipeline.record import SERVERS, Result
from grader.delivery.pipeline.running import pipeline
from grader.delivery.pipeline.stories import STORIES, Ending, Story

ROUNDS = 10
MAX_INTERVALS = 2.0
MAX_SECONDS = 120.0


def pipeline_of(story: Story) -> Result:
    """A whole pipeline for one story."""
    with tempfile.TemporaryDirectory() as folder, pipeline(Path(folder), Pace()) as running:
        for _ in running.deliver(story):
            pass
        return running.results[0]


def told(story: Story, results: Sequence[Result]) -> None:
    """Print what became of one story's releases."""
    endings = Counter(result.ending for result in results)
    asked, lost = (sum(getattr(each, name) for each in results) for name in ("asked", "lost"))
    print(
        f"  {story.name:<10}{', '.join(f'{count} {ending}' for ending, count in endings.items())}; "
        f"at most {max(result.most for result in results)} of {SERVERS} servers, "
        f"{max(result.ended - result.began for result in results):.0f} s, "
        f"{lost} of {asked:,} requests lost, {sum(each.wrong for each in results)} not right",
        flush=True,
    )


def reached(results: Sequence[Result]) -> list[bool]:
    """What was reached, over all stories."""
    good = [each for each in results if each.story.ending is Ending.PROMOTED]
    bad = [each for each in results if each.story.ending is not Ending.PROMOTED]
    stopped = sum(each.most < SERVERS for each in bad)
    promoted = sum(each.ending is Ending.PROMOTED for each in good)
    as_told = sum(each.as_told for each in results)
    restoring = [each.restoring for each in results if each.restoring is not None]
    return [
        claim(
            f"bad releases stopped before full roll-out: {stopped} of {len(bad)}",
            stopped == len(bad),
        ),
        claim(f"good releases promoted: {promoted} of {len(good)}", promoted == len(good)),
        claim(f"releases that ended as told: {as_told} of {len(results)}", as_told == len(results)),
        at_most("requests lost", sum(each.lost for each in results), 0),
        at_most(
            "from the alert until the old release alone answers, in intervals of the watch",
            max(restoring, default=0.0) / Pace().interval,
            MAX_INTERVALS,
        ),
        at_most("the longest story", max(r.ended - r.began for r in results), MAX_SECONDS, " s"),
    ]


def main() -> None:
    parser = argparse.ArgumentParser("python -m benchmarks.pipelines", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="pipelines for each story")
    rounds = parser.parse_args().rounds
    print(f"{rounds} whole pipelines for each story, with {SERVERS} servers each", flush=True)
    every: list[Result] = []
    for story in STORIES:
        results = [pipeline_of(story) for _ in range(rounds)]
        told(story, results)
        every += results
    sys.exit(0 if all(reached(every)) else 1)


if __name__ == "__main__":
    main()
