"""Finished assets as commands are told of them, and the file that remembers for which a command was run.

Invariant: a state is on the disk when it was written; a line that a crash has cut off counts for nothing.
"""

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Self

from attrs import define, field, frozen

from mi_async._core import json_codec
from mi_async.errors import JournalError


class CommandState(StrEnum):
    """State of the command for one asset."""

    BEFORE = "before"
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


@frozen
class FinishedAsset:
    """Facts about a finished asset.

    Attributes:
        asset_id: ID of the asset.
        key: of its object.
        place: the object, ``s3://bucket/key``.
        source: the file, or the object.
        state: state reached.
        workspace: its name.
    """

    asset_id: int
    key: str
    place: str
    source: str
    state: str
    workspace: str

    @property
    def variables(self) -> dict[str, str]:
        """Variables of the environment of its command."""
        return {
            "MI_ASYNC_ASSET_ID": str(self.asset_id),
            "MI_ASYNC_ASSET_KEY": self.key,
            "MI_ASYNC_ASSET_OBJECT": self.place,
            "MI_ASYNC_ASSET_SOURCE": self.source,
            "MI_ASYNC_ASSET_STATE": self.state,
            "MI_ASYNC_WORKSPACE": self.workspace,
        }

    @property
    def line(self) -> bytes:
        """JSON for the standard input of its command."""
        named = {
            "asset_id": self.asset_id,
            "key": self.key,
            "object": self.place,
            "source": self.source,
            "state": self.state,
            "workspace": self.workspace,
        }
        return json_codec.dumps(named) + b"\n"


@define(eq=False)
class CommandFile:
    """The file of the commands of a watch: a JSON object on a line for each change, the last of an asset holds.

    Attributes:
        is_new: True if there was none.
    """

    is_new: bool
    _states: dict[int, CommandState] = field(alias="states")
    _file: BinaryIO = field(alias="file")

    @classmethod
    def opened(cls, path: str) -> Self:
        """Read what is there, and open it to append; blocks.

        Raises:
            JournalError: it cannot be read or written, or is something else.
        """
        place = Path(path)
        try:
            is_new = not place.exists()
            content = b"" if is_new else place.read_bytes()
            whole, _, cut = content.rpartition(b"\n")
            if cut:  # by a crash
                os.truncate(place, len(content) - len(cut))
            entries = [json.loads(line) for line in whole.splitlines()]
            states = {int(entry["asset_id"]): CommandState(entry["state"]) for entry in entries}
            file = place.open("ab")
        except (OSError, ValueError, KeyError, TypeError) as error:
            message = f"{path}: no file of the commands of a watch, or it cannot be used: {error}"
            raise JournalError(message) from error
        return cls(is_new, states, file)

    def state(self, asset_id: int) -> CommandState | None:
        """Return the state of the command for an asset; None if it is not known."""
        return self._states.get(asset_id)

    def write(self, state: CommandState, asset_ids: Sequence[int]) -> None:
        """Append a state for assets; it is on the disk when this returns. Blocks.

        Raises:
            JournalError: it cannot be written.
        """
        try:
            for asset_id in asset_ids:
                self._states[asset_id] = state
                self._file.write(json_codec.dumps({"asset_id": asset_id, "state": state.value}) + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            message = f"{self._file.name}: cannot be written: {error.strerror}"
            raise JournalError(message) from error

    def close(self) -> None:
        """Close the file."""
        with suppress(OSError):  # it says again what a write has said
            self._file.close()
