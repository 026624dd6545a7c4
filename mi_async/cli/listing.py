"""Options of commands that list things: which columns, how many items, all pages."""

from typing import Annotated

from attrs import frozen
from cyclopts import Parameter
from cyclopts.validators import Number

from mi_async.cli.output import Form
from mi_async.errors import InvalidArgumentError

LIMIT = Parameter(validator=Number(gte=1), help="Most items, from the first one; no page after them is asked for.")


@Parameter(name="*")
@frozen(kw_only=True)
class ColumnOptions:
    """Options of a result with several items."""

    columns: Annotated[
        str | None,
        Parameter(help="Columns of table, csv or jsonl, in this order, such as id,name; an unknown one lists all."),
    ] = None

    def wanted(self, form: Form) -> tuple[str, ...]:
        """Return the columns that are asked for, () for all.

        Raises:
            InvalidArgumentError: the form has no columns.
        """
        names = tuple(name.strip() for name in (self.columns or "").split(",") if name.strip())
        if names and form == "json":
            message = "--columns is for --output table, csv or jsonl; json is the answer as the service sent it"
            raise InvalidArgumentError(message)
        return names


@Parameter(name="*")
@frozen(kw_only=True)
class ListingOptions(ColumnOptions):
    """Options of a listing."""

    limit: Annotated[int | None, LIMIT] = None


@Parameter(name="*")
@frozen(kw_only=True)
class PagedOptions(ListingOptions):
    """Options of a listing that comes in pages."""

    all_pages: Annotated[
        bool,
        Parameter(
            name="--all", negative=(), show_default=False, help="Every page, as one list; --page-num is not used."
        ),
    ] = False
