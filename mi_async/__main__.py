"""``mi-async`` and ``python -m mi_async``.

Law: says what is missing when the extra ``cli`` is not installed, and does nothing else itself.
"""

import sys

EXTRA = ("cyclopts", "rich")
"""What the extra ``cli`` brings."""


def main() -> int:
    """Run the command line on ``sys.argv``; returns the exit code."""
    try:
        from mi_async.cli.app import run  # noqa: PLC0415  only here is it known whether the extra is there
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in EXTRA:
            raise
        sys.stderr.write(f"mi-async needs {' and '.join(EXTRA)}: pip install 'mi-async[cli]'\n")
        return 2
    except KeyboardInterrupt:
        return 130
    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
