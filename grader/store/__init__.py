"""Where results live: a database engine, each room's tables, and files that nobody else reads."""

from grader.store.engine import StoreError, open_store
from grader.store.files import write_private
from grader.store.locking import FolderBusyError, exclusive
from grader.store.rooms import Room

__all__ = ["FolderBusyError", "Room", "StoreError", "exclusive", "open_store", "write_private"]
