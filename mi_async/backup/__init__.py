"""Backups of a workspace in a folder: format, writer, reader, check."""

from mi_async.backup.format import (
    BackupAsset,
    BackupInfo,
    BackupPerson,
    BackupProblem,
    BackupThumbnail,
)
from mi_async.backup.reader import Backup, open_backup
from mi_async.backup.report import BackupReport
from mi_async.backup.run import back_up

__all__ = [
    "Backup",
    "BackupAsset",
    "BackupInfo",
    "BackupPerson",
    "BackupProblem",
    "BackupReport",
    "BackupThumbnail",
    "back_up",
    "open_backup",
]
