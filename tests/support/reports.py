"""What a report of an error shows, with its causes and with local variables, as Sentry and rich have them."""

import traceback
from pathlib import Path

TESTS = Path(__file__).parent.parent


def told(error: BaseException) -> str:
    """Return everything that a report may show; the tests' own frames know the secrets and are left out."""
    shown, chain = [traceback.TracebackException.from_exception(error, capture_locals=True)], [error]
    while (cause := shown[-1].__cause__) is not None:
        shown.append(cause)
    while (raised := chain[-1].__cause__) is not None:
        chain.append(raised)
    for each in shown:
        each.stack[:] = [frame for frame in each.stack if not Path(frame.filename).is_relative_to(TESTS)]
    return "".join(shown[0].format()) + "".join(f"{each!s}{each!r}{vars(each)!r}" for each in chain)
