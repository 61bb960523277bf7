"""The links that students hand in: repaired where that is safe, refused with advice where not."""

from grader.links.hosts import LinkError, without_password
from grader.links.reading import MAX_LENGTH, Link, is_loopback, read_link
