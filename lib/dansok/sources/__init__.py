"""Exports of a city's systems, read as text: whatever the file is, each row keeps its file and row number.

`read_source` stages every file of a source as Parquet; `file_hashes` tells whether anything changed since.
The kind of a file is found out from its content, never from its name.
"""

from dansok.sources.files import Arrival, Staged, file_hashes, read_source
from dansok.sources.folders import matching_files
from dansok.sources.staging import ROW_NOTES

__all__ = ["ROW_NOTES", "Arrival", "Staged", "file_hashes", "matching_files", "read_source"]
