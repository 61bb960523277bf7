"""An app's own indicators, as its `/metrics` tells them. That page is a stranger's."""

from grader.delivery.watch.values import AppView
from grader.model import Reply


class AppReader:
    """Reads the pages of one target, and tells what was counted between two of them."""

    async def read(self, reply: Reply, at: float) -> AppView | None:
        """What the app counted since the last reading; None if that cannot be told."""
        return None
