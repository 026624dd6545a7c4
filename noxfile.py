"""Every check of the project: `nox` runs lint, types, docs, package and tests; bench and soak take longer.

Invariant: makes its own environments, downloads no Python, and leaves out one that is not installed.
"""

import functools
import os
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

AT_ONCE = ("-n", "4", "--dist", "worksteal")
"""Tests at once: on two cores some of them always wait for a server or a process; neighbours share a worker."""
ONCE = ("tests/docs", "tests/benchmarks")
"""Tests in the session docs."""
SAME = ("tests/emulator/test_openapi.py",)
"""Tests that say the same on every Python, and whose tools only the first one has."""
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
SHARED = Path(".nox", "shared").resolve()
COMPILED = {"PYTHONDONTWRITEBYTECODE": ""}
"""Every worker and every process of a test would compile all modules again."""


@functools.cache
def shared() -> Path:
    """Return the programs of the environment of lint, types, docs and the first Python's tests: one instead of four.

    Installing takes longer than most of these checks.
    """
    programs = SHARED / ("Scripts" if sys.platform == "win32" else "bin")
    if not programs.exists():
        subprocess.run([shutil.which(f"python{PYTHONS[0]}") or PYTHONS[0], "-m", "venv", SHARED], check=True)
    groups = [package for name in ("lint", "types", "tests", "once", "bench") for package in GROUPS[name]]
    packages = ["-e", ".[cli,postgres,redis,storage]", "nox", *map(str, groups)]
    subprocess.run([programs / "python", "-m", "pip", "install", "--quiet", *packages], check=True)
    return programs


def run(session: nox.Session, program: str, *arguments: str, silent: bool = False) -> None:
    """Run a program of the shared environment."""
    programs = shared()
    env = {**COMPILED, "VIRTUAL_ENV": str(SHARED), "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    session.run(str(programs / program), *arguments, env=env, silent=silent, external=True)


@nox.session(venv_backend="none")
def lint(session: nox.Session) -> None:
    """Style, format and the layers of the design."""
    run(session, "ruff", "check")
    run(session, "ruff", "format", "--check")
    run(session, "lint-imports")


@nox.session(venv_backend="none")
def types(session: nox.Session) -> None:
    """Strict types, by two checkers."""
    run(session, "mypy")
    run(session, "pyright", "--pythonpath", str(shared() / "python"))
    run(session, "pyright", "--ignoreexternal", "--verifytypes", "mi_async", silent=True)  # all of it has a type


@nox.session(venv_backend="none")
def docs(session: nox.Session) -> None:
    """Run the examples of the README and of docs/ and every benchmark at its smallest; check generated pages."""
    run(session, "pytest", *AT_ONCE, *ONCE, *session.posargs)


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
    left_out = [f"--ignore={path}" for path in ONCE]
    if session.python != PYTHONS[0]:
        session.install("-e", ".[cli,postgres,redis,storage]", *GROUPS["tests"])
        left_out += [f"--ignore={path}" for path in SAME]
        session.run("pytest", *AT_ONCE, *left_out, "-m", "not soak and not slow", *session.posargs, env=COMPILED)
    elif session.posargs:
        run(session, "pytest", *AT_ONCE, *left_out, *session.posargs)
    else:  # coverage with one Python: it costs half as much again, and the code is the same
        run(session, "coverage", "erase")
        run(session, "pytest", *AT_ONCE, *left_out, "--cov", "--cov-report=")
        run(session, "coverage", "report", "--include=mi_async/_core/*", "--fail-under=100", silent=True)
        run(session, "coverage", "report", "--fail-under=95", silent=True)


@nox.session
def bench(session: nox.Session) -> None:
    """Benchmarks, as ratios within one run; their results and benchmarks/README.md are written, to be committed."""
    session.install(".[cli,postgres,redis,storage]", *GROUPS["bench"])
    for peer in GROUPS["peers"]:
        try:
            session.install(peer)
        except CommandFailed:  # the others are worth having all the same, and the result names who is missing
            session.warn(f"{peer} cannot be installed")
    session.run("python", "benchmarks/suite.py", *session.posargs)


@nox.session
def soak(session: nox.Session) -> None:
    """Long runs: many uploads and enrollments, with and without faults, and a large file."""
    session.install("-e", ".[cli,postgres,redis,storage]", *GROUPS["tests"], *GROUPS["once"])
    session.run("pytest", "-m", "soak", "-s", *session.posargs)


@nox.session
def mutants(session: nox.Session) -> None:
    """Mutation tests of the modules where mistakes cost most: one mistake at a time, noticed by the tests or not."""
    session.install("-e", ".[cli,postgres,redis,storage]", *GROUPS["tests"], *GROUPS["once"])
    session.run("python", "-m", "tests.mutants.run", *session.posargs)
