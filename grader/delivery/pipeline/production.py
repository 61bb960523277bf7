"""Production: eight servers behind the proxy, which releases they run, and who gets the traffic."""

from collections import Counter
from collections.abc import Sequence

from grader.delivery.pipeline import instances, local
from grader.delivery.pipeline.builds import Build
from grader.delivery.pipeline.instances import Instance
from grader.delivery.pipeline.processes import PipelineError, Processes
from grader.delivery.pipeline.proxy import Proxy
from grader.delivery.pipeline.record import SERVERS
from grader.delivery.pipeline.stories import PRODUCTION
from grader.delivery.pipeline.users import Users

# So many replies in a row, each on a connection of its own, show that a release answers alone.
_IN_A_ROW = 2 * SERVERS
_RESTORE_SECONDS = 30.0


class Production:
    """What users meet. A new release stands beside the old one until it is live or given up."""

    def __init__(self, processes: Processes, proxy: Proxy, users: Users) -> None:
        self._processes = processes
        self._proxy = proxy
        self._users = users
        self.address = proxy.addresses["production"]
        self.serving: Sequence[Instance] = ()
        """Who gets the traffic of each place."""

    @property
    def commits(self) -> tuple[str, ...]:
        """The commit that each place gives to users, as people write it."""
        return tuple(instance.build.short for instance in self.serving)

    def begin(self, build: Build) -> None:
        """Start with a release, before there are users.

        Raises:
            PipelineError: if a server does not come up.
        """
        first = self.deploy(build)
        if faults := instances.faults_of(first, build.commit):
            raise PipelineError(f"Production cannot start: {'; '.join(faults)}")
        self.share(first)

    def deploy(self, build: Build, forgotten: int = 0) -> list[Instance]:
        """Start a release on all places beside what serves there; it gets no traffic.

        The deployment does not reach the place number `forgotten`: what ran there starts again.
        """
        started = []
        for number in range(1, SERVERS + 1):
            old = self.serving[number - 1].build if number == forgotten else build
            place = f"server {number}"
            started.append(instances.start(self._processes, place, old, PRODUCTION))
        known = {instance.port: instance.build.short for instance in started}
        self._users.releases = {**self._users.releases, **known}
        return started

    def share(self, serving: Sequence[Instance]) -> None:
        """Let these servers, one for each place, have the traffic, all the same part of it."""
        self._proxy.share("production", Counter(instance.port for instance in serving))
        self.serving = tuple(serving)

    def answers_alone(self, build: Build) -> bool:
        """Wait until this release alone answers at the address of production; whether it does."""
        port = self.address.port

        def alone() -> bool:
            return all(local.commit_at(port) == build.commit for _ in range(_IN_A_ROW))

        return local.wait_for(alone, _RESTORE_SECONDS)

    def retire(self, servers: Sequence[Instance]) -> None:
        """End servers that have no traffic any more."""
        self._processes.end([instance.name for instance in servers])
