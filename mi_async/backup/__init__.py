"""Backups of a workspace in a folder: format, writer, reader, check."""

from mi_async.backup.check import BackupCheck, BackupFault, check_backup
from mi_async.backup.comparison import BackupComparison, BackupDifference, compare_backups
from mi_async.backup.format import (
    BackupAsset,
    BackupInfo,
    BackupPerson,
    BackupProblem,
    BackupThumbnail,
)
from mi_async.backup.reader import Backup, open_backup
from mi_async.backup.report import BackupProgress, BackupReport, ListChanges
from mi_async.backup.run import back_up as back_up  # for the layers above; for people it is Workspace.back_up

__all__ = [
    "Backup",
    "BackupAsset",
    "BackupCheck",
    "BackupComparison",
    "BackupDifference",
    "BackupFault",
    "BackupInfo",
    "BackupPerson",
    "BackupProblem",
    "BackupProgress",
    "BackupReport",
    "BackupThumbnail",
    "ListChanges",
    "check_backup",
    "compare_backups",
    "open_backup",
]
