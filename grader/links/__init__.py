"""The links that students hand in: repaired if that is safe, else refused with advice."""

from grader.links.hosts import LinkError, without_password
from grader.links.reading import MAX_LENGTH, Link, is_loopback, read_link
