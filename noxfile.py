"""Every check of the project: `nox` runs lint, types, docs, site, package and tests; bench and soak take longer.

Invariant: makes its own environments, downloads no Python, and leaves out one that is not installed.
"""

import functools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nox
from filelock import FileLock
from nox.command import CommandFailed
from nox.virtualenv import HAS_UV, UV

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|venv"  # uv installs in a tenth of the CPU time of pip, which compiles everything
nox.options.download_python = "never"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["lint", "types", "docs", "site", "package", "tests"]

AT_ONCE = ("-n", os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS", "4"), "--dist", "worksteal")
"""Tests at once: on two cores some of them always wait for a server or a process; neighbours share a worker."""
FEW_CASES = ("--hypothesis-profile", "fewer", "--cases", "2")
"""Each test with its first and last case: all cases are run with the first Python."""
FEWER = ("-m", "not soak and not slow", *FEW_CASES)
"""Tests of the second Python and later ones."""
ONCE = ("tests/docs", "tests/benchmarks")
"""Tests in the session docs."""
SAME = ("tests/emulator/test_openapi.py", "tests/meta/test_project_files.py")
"""Tests that say the same on every Python, and whose tools only the first one has."""
LAWS = (
    *("tests/meta", "tests/fleet", "tests/pictures"),
    *("tests/_core/test_shared_limiter.py", "tests/_core/test_limits.py"),
    *("tests/integrations/test_redis_quotas.py", "tests/bulk/test_costs.py", "tests/bulk/plan"),
    *("tests/bulk/engine/test_refusals.py", "tests/bulk/engine/test_full_machine.py"),
    *("tests/bulk/enroll/test_confirming.py", "tests/bulk/enroll/test_memory_of_images.py"),
    "tests/bulk/journal/test_run_totals.py",
)
"""The dearest laws of quotas, fleets and runs, pages, and rules about the sources: no matter of the Python."""
BETWEEN = ("tests/bulk", "tests/cli", "tests/backup", "tests/restore", "tests/sync")
"""Tests left out between the oldest and the newest Python: what stands on the parts that are tested with each."""
FILE = nox.project.load_toml("pyproject.toml")
GROUPS = FILE["dependency-groups"]
FROM_WHEEL = """
import mi_async
everything = [getattr(mi_async, name) for name in mi_async.__all__]
assert ".whl" in mi_async.__file__, mi_async.__file__
"""
BILL = """
import sys
import zipfile
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
wheel = zipfile.ZipFile(sys.argv[1])
(bill,) = [wheel.read(name).decode() for name in wheel.namelist() if ".dist-info/sboms/" in name]
fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(bill)
assert fault is None, fault
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
"""Every worker and every process of a test would compile all modules again; so one collects before them."""


@functools.cache
def shared() -> Path:
    """Return the programs of the environment of lint, types, docs, site and the first Python's tests: one, not five.

    Installing takes longer than most of these checks.
    """
    programs = SHARED / ("Scripts" if sys.platform == "win32" else "bin")
    python, stamp = str(programs / "python"), SHARED / "installed.txt"
    groups = [str(package) for name in ("lint", "types", "tests", "once", "bench", "site") for package in GROUPS[name]]
    packages = ["-e", ".[all]", "nox", *groups]
    wanted = "\n".join([*packages, *map(str, FILE["project"].values()), Path("mi_async", "version.py").read_text()])
    SHARED.parent.mkdir(exist_ok=True)
    with FileLock(SHARED.with_suffix(".lock")):  # .ci/run runs nox twice at once, and what is in use stays as it is
        if stamp.exists() and stamp.read_text() == wanted:
            return programs
        first = shutil.which(f"python{PYTHONS[0]}") or PYTHONS[0]
        subprocess.run([first, "-m", "venv", "--clear", SHARED], check=True)
        install = [UV, "pip", "install", "--python", python] if HAS_UV else [python, "-m", "pip", "install"]
        subprocess.run([*install, "--quiet", *packages], check=True)
        stamp.write_text(wanted)
    return programs


def run(session: nox.Session, program: str, *arguments: str, silent: bool = False) -> None:
    """Run a program of the shared environment."""
    programs = shared()
    env = {**COMPILED, "VIRTUAL_ENV": str(SHARED), "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    session.run(str(programs / program), *arguments, env=env, silent=silent, external=True)


@nox.session(venv_backend="none")
def lint(session: nox.Session) -> None:
    """Style, format, the layers of the design, and what workflows of GitHub must not do."""
    run(session, "ruff", "check")
    run(session, "ruff", "format", "--check")
    run(session, "lint-imports")
    run(session, "zizmor", "--offline", "--quiet", "--min-severity", "medium", ".github")


@nox.session(venv_backend="none")
def types(session: nox.Session) -> None:
    """Strict types, by four checkers: what one of them does not know is in pyproject.toml, with its reason.

    That all that is public has a type is a test: ``tests/test_public_names.py``.
    """
    run(session, "mypy")
    run(session, "ty", "check", "--python", str(shared() / "python"))
    run(session, "pyrefly", "check", "--python-interpreter-path", str(shared() / "python"))
    run(session, "pyright", "--pythonpath", str(shared() / "python"))


@nox.session(venv_backend="none")
def docs(session: nox.Session) -> None:
    """Run the examples of the README and of docs/ and every benchmark at its smallest; check generated pages."""
    run(session, "pytest", *AT_ONCE, *ONCE, *session.posargs)


@nox.session(venv_backend="none")
def site(session: nox.Session) -> None:
    """Build the site of the documents into build/site: a link, an anchor or a name that leads nowhere is an error."""
    env = {"NO_MKDOCS_2_WARNING": "1"}
    # not --quiet: warnings that are not printed are not counted, and --strict lets them pass
    session.run(str(shared() / "mkdocs"), "build", "--strict", *session.posargs, env=env, silent=True, external=True)


@nox.session
def package(session: nox.Session) -> None:
    """Wheel and source archive: reproducible, judged, installed away from the clone, and run from a read-only home."""
    session.install(*GROUPS["package"], *FILE["build-system"]["requires"])
    folder = Path(session.create_tmp()).resolve()
    wheel, source = built(session, folder)
    session.run("twine", "check", "--strict", str(wheel), str(source))
    session.run("check-wheel-contents", str(wheel))
    session.run("python", "-c", BILL, str(wheel))
    session.run("pyroma", "--min", "10", "--skip-tests", "AuthorEmail", str(source))  # the authors have no address
    session.run("python", "-m", "venv", "--clear", str(folder / "venv"))
    clean = folder / "venv" / ("Scripts" if sys.platform == "win32" else "bin")
    session.run(str(clean / "python"), "-m", "pip", "install", "--quiet", f"{wheel}[cli]", external=True)
    home = folder / "home"
    home.mkdir(exist_ok=True)
    home.chmod(0o555)
    session.chdir(home)
    away = {"HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
    session.run(str(clean / "mi-async"), "--version", "--verbose", env=away, external=True)
    demo = ("-m", "mi_async", "demo")  # its pictures are in the wheel
    session.run(str(clean / "python"), "-I", *demo, silent=True, env=away, external=True)
    zipped = {**away, "PYTHONPATH": str(wheel)}
    session.run(str(clean / "python"), *demo, silent=True, env=zipped, external=True)
    session.run(str(clean / "python"), "-c", FROM_WHEEL, env=zipped, external=True)
    if left := [path.name for path in home.iterdir()]:  # root writes into a read-only folder, too
        session.error(f"the demo wrote {left} into the home and current directory")


def built(session: nox.Session, folder: Path) -> tuple[Path, Path]:
    """Build the wheel from the clone and from the source archive; return the file that both are, and the archive."""
    build = ("python", "-m", "build", "--no-isolation", "--outdir")
    same = {"SOURCE_DATE_EPOCH": "1704067200"}
    for name, arguments in {"dist": (), "clone": ("--wheel",)}.items():
        shutil.rmtree(folder / name, ignore_errors=True)
        session.run(*build, str(folder / name), *arguments, silent=True, env=same)
    wheel, source = [next((folder / "dist").glob(kind)) for kind in ("*.whl", "*.tar.gz")]
    if wheel.read_bytes() != (folder / "clone" / wheel.name).read_bytes():
        session.error("the wheel of the clone and that of the source archive differ")
    return wheel, source


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the suite, with the first Python all of it and with branch coverage: all of _core, 95 % of the rest."""
    left_out = [f"--ignore={path}" for path in ONCE]
    if session.python != PYTHONS[0]:
        session.install("-e", ".[all]", *GROUPS["tests"])
        left_out += [f"--ignore={path}" for path in SAME + LAWS + (BETWEEN if session.python != PYTHONS[-1] else ())]
        session.run("pytest", "--collect-only", "-qq", *left_out, silent=True, env=COMPILED)
        session.run("pytest", *AT_ONCE, *left_out, *FEWER, *session.posargs, env=COMPILED)
    elif session.posargs:
        run(session, "pytest", *AT_ONCE, *left_out, *session.posargs)
    else:  # coverage with one Python: it costs half as much again, and the code is the same
        run(session, "pytest", "--collect-only", "-qq", *left_out, silent=True)
        run(session, "coverage", "erase")
        run(session, "pytest", *AT_ONCE, *left_out, "--cov", "--cov-report=")
        run(session, "coverage", "report", "--include=mi_async/_core/*", "--fail-under=100", silent=True)
        run(session, "coverage", "report", "--fail-under=95", silent=True)


@nox.session(python=PYTHONS[0])
def floors(session: nox.Session) -> None:
    """Run the suite with the oldest version of each library that pyproject.toml admits."""
    pins = Path(session.create_tmp()).resolve() / "floors.txt"
    pins.write_text("\n".join(oldest()))
    session.install("-e", ".[all]", *GROUPS["tests"], "--constraint", str(pins))
    left_out = [f"--ignore={path}" for path in ONCE + SAME]
    # slow ones, too: storage, the scheduler, MCP and services have their extras' floors tried by these alone
    session.run("pytest", *AT_ONCE, *left_out, *FEW_CASES, *session.posargs, env=COMPILED)


def oldest() -> list[str]:
    """Return the requirements of the package and its extras with their floors as versions: one that is too low for
    another library is an error when they are installed.
    """
    project = FILE["project"]
    listed = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    return sorted({re.sub(r"\[.*?\]", "", each).replace(">=", "==") for each in listed if ">=" in each})


@nox.session
def bench(session: nox.Session) -> None:
    """Benchmarks, as ratios within one run; their results and benchmarks/README.md are written, to be committed."""
    session.install(".[all]", *GROUPS["bench"])
    for peer in GROUPS["peers"]:
        try:
            session.install(peer)
        except CommandFailed:  # the others are worth having all the same, and the result names who is missing
            session.warn(f"{peer} cannot be installed")
    session.run("python", "benchmarks/suite.py", *session.posargs)


@nox.session
def soak(session: nox.Session) -> None:
    """Long runs: many uploads and enrollments, with and without faults, a large file; new examples of each law."""
    session.install("-e", ".[all]", *GROUPS["tests"], *GROUPS["once"])
    session.run("pytest", "-m", "soak", "-s", *session.posargs)
    session.run("pytest", *AT_ONCE, "-m", "hypothesis", "--hypothesis-profile", "new", *session.posargs)


@nox.session
def mutants(session: nox.Session) -> None:
    """Mutation tests of the modules where mistakes cost most: one mistake at a time, noticed by the tests or not."""
    session.install("-e", ".[all]", *GROUPS["tests"], *GROUPS["once"])
    session.run("python", "-m", "tests.mutants.run", *session.posargs)
