"""Where results live: a database engine, its schema's version, and files that nobody else reads."""

from grader.store.engine import StoreError, open_store
from grader.store.files import write_private
from grader.store.locking import FolderBusyError, exclusive

__all__ = ["FolderBusyError", "StoreError", "exclusive", "open_store", "write_private"]
