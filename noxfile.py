"""Every check of the project: `nox` runs lint, types, docs, package and tests; bench and soak take longer.

Invariant: makes its own environments, downloads no Python, and leaves out one that is not installed.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import nox
from nox.command import CommandFailed

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "venv"
nox.options.download_python = "never"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["lint", "types", "docs", "package", "tests"]

AT_ONCE = ("-n", "4")
"""Tests at once: on two cores some of them always wait for a server or a process."""
ONCE = ("tests/docs", "tests/benchmarks")
"""Tests that say the same on every Python."""
GROUPS = nox.project.load_toml("pyproject.toml")["dependency-groups"]
FROM_WHEEL = """
import mi_async
everything = [getattr(mi_async, name) for name in mi_async.__all__]
assert ".whl" in mi_async.__file__, mi_async.__file__
"""
SUPPORTED = ("3.11", "3.12", "3.13", "3.14")


def starts(version: str) -> bool:
    """Whether this Python is installed: a version manager may leave a stand-in that does not start."""
    path = shutil.which(f"python{version}")
    return path is not None and subprocess.run([path, "-c", ""], check=False, capture_output=True).returncode == 0


def installed() -> list[str]:
    """Supported Pythons on this machine; the running one by its path, if it is not there by its name."""
    running = f"{sys.version_info.major}.{sys.version_info.minor}"
    found = [version for version in SUPPORTED if starts(version)]
    return found if running in found else [*found, sys.executable]


PYTHONS = installed()


@nox.session
def lint(session: nox.Session) -> None:
    """Style, format and the layers of the design."""
    session.install("-e", ".[cli]", *GROUPS["lint"])
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("lint-imports")


@nox.session
def types(session: nox.Session) -> None:
    """Strict types, by two checkers."""
    session.install("-e", ".[cli,storage]", "nox", *GROUPS["types"], *GROUPS["tests"], *GROUPS["bench"])
    session.run("mypy")
    session.run("pyright", "--pythonpath", session.virtualenv.location + "/bin/python")


@nox.session
def docs(session: nox.Session) -> None:
    """Run the examples of the README and of docs/ and every benchmark at its smallest; check generated pages."""
    session.install("-e", ".[cli,storage]", *GROUPS["tests"], *GROUPS["bench"])
    session.run("pytest", *AT_ONCE, *ONCE, *session.posargs)


@nox.session
def package(session: nox.Session) -> None:
    """Wheel and source archive: built, checked, installed away from the clone, and imported from the wheel as a zip."""
    session.install(*GROUPS["package"])
    folder = Path(session.create_tmp()).resolve()
    shutil.rmtree(folder / "dist", ignore_errors=True)
    session.run("python", "-m", "build", "--outdir", str(folder / "dist"), silent=True)
    wheel, source = [str(next((folder / "dist").glob(kind))) for kind in ("*.whl", "*.tar.gz")]
    session.run("twine", "check", "--strict", wheel, source)
    session.run("python", "-m", "venv", "--clear", str(folder / "venv"))
    clean = folder / "venv" / ("Scripts" if sys.platform == "win32" else "bin")
    session.run(str(clean / "python"), "-m", "pip", "install", "--quiet", f"{wheel}[cli]", external=True)
    session.chdir(folder)
    session.run(str(clean / "mi-async"), "--version", "--verbose", external=True)
    session.run(str(clean / "mi-async"), "demo", silent=True, external=True)  # its pictures are in the wheel
    zipped = {"PYTHONPATH": wheel}
    session.run(str(clean / "python"), "-m", "mi_async", "demo", silent=True, env=zipped, external=True)
    session.run(str(clean / "python"), "-c", FROM_WHEEL, env=zipped, external=True)


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the suite, with the first Python all of it and with branch coverage: all of _core, 95 % of the rest."""
    session.install("-e", ".[cli,storage]", *GROUPS["tests"])
    suite = ("pytest", *AT_ONCE, *(f"--ignore={folder}" for folder in ONCE))
    if session.posargs:
        session.run(*suite, *session.posargs)
    elif session.python != PYTHONS[0]:
        session.run(*suite, "-m", "not soak and not slow")
    else:  # coverage with one Python: it costs half as much again, and the code is the same
        session.run("coverage", "erase")
        session.run(*suite, "--cov", "--cov-report=")
        session.run("coverage", "report", "--include=mi_async/_core/*", "--fail-under=100", silent=True)
        session.run("coverage", "report", "--fail-under=95", silent=True)


@nox.session
def bench(session: nox.Session) -> None:
    """Benchmarks, as ratios within one run; see benchmarks/README.md."""
    session.install(".[cli,storage]", *GROUPS["bench"])
    quick = ["structuring", "micro", "imports", "call", "put", "plan", "jobs", "storage"]
    scripts = session.posargs or [*quick, "bulk_cpu", "bulk_memory", "bulk_goodput"]
    failed = []
    for script in scripts:
        try:
            session.run("python", f"benchmarks/{script}.py")
        except CommandFailed:  # the others are worth having all the same
            failed.append(script)
    if failed:
        session.error(f"failed: {', '.join(failed)}")


@nox.session
def soak(session: nox.Session) -> None:
    """Long runs: many uploads and enrollments, with and without faults, and a large file."""
    session.install("-e", ".[cli,storage]", *GROUPS["tests"])
    session.run("pytest", "-m", "soak", "-s", *session.posargs)


@nox.session
def mutants(session: nox.Session) -> None:
    """Mutation tests of the modules where mistakes cost most: one mistake at a time, noticed by the tests or not."""
    session.install("-e", ".[cli,storage]", *GROUPS["tests"])
    session.run("python", "-m", "tests.mutants.run", *session.posargs)
