"""The recipes of examples/fleet: manifests by their schemas, scripts by their shells, Celery by running it."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from mi_async import Status
from mi_async.bulk import report_of
from tests.fleet.test_members import fleet_of
from tests.support.fleet import LONG, face_faults, make_faces
from tests.support.postgres import PostgresServer
from tests.support.redis_server import redis_server

RECIPES = Path(__file__).parents[2] / "examples" / "fleet"
PAGE = RECIPES.parents[1] / "docs" / "fleet-recipes.md"


def manifest(name: str) -> dict[str, Any]:
    """A manifest, held against the schema of Kubernetes."""
    validate = pytest.importorskip("kubernetes_validate")
    found: dict[str, Any] = pytest.importorskip("yaml").safe_load((RECIPES / name).read_text(encoding="utf-8"))
    validate.validate(found, "1.31", strict=True)
    return found


def container(found: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The pod of a manifest and its container."""
    pod = found["spec"]["template"]["spec"]
    (only,) = pod["containers"]
    return pod, only


def test_every_recipe_is_on_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [
        path.name for path in sorted(RECIPES.iterdir()) if path.is_file() and f"examples/fleet/{path.name}" not in page
    ] == []


def test_the_job_ends_when_nothing_is_left_and_waits_for_what_is_in_flight() -> None:
    found = manifest("kubernetes-job.yaml")
    pod, member = container(found)
    assert "completions" not in found["spec"]
    grace = next(float(word.removeprefix("--grace=")) for word in member["args"] if word.startswith("--grace="))
    assert pod["terminationGracePeriodSeconds"] >= grace + 15


def test_the_script_of_the_deployment_passes_sigterm_on(tmp_path: Path) -> None:
    pod, member = container(manifest("kubernetes-deployment.yaml"))
    (script,) = member["args"]
    assert pod["terminationGracePeriodSeconds"] >= 75
    stand_in = tmp_path / "mi-async"
    stand_in.write_text(f"#!/bin/sh\ntrap 'echo left > {tmp_path}/end; exit 143' TERM\necho $$ > {tmp_path}/begun\n")
    with stand_in.open("a") as file:
        file.write("while :; do sleep 0.05; done\n")
    stand_in.chmod(0o755)
    env = os.environ | {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "JOURNAL": "j", "QUOTAS": "q"}
    with subprocess.Popen(["/bin/sh", "-c", script], env=env) as shell:
        try:
            until = time.monotonic() + LONG
            while not (tmp_path / "begun").exists() and shell.poll() is None and time.monotonic() < until:
                time.sleep(0.01)
            shell.terminate()
            assert shell.wait(LONG) == 143
        finally:
            shell.kill()  # or leaving the block would wait for it without end
    assert (tmp_path / "end").read_text() == "left\n"


def test_the_slurm_script_is_one_and_the_command_takes_its_place() -> None:
    script = RECIPES / "slurm.sh"
    subprocess.run(["/bin/sh", "-n", script], check=True)
    text = script.read_text(encoding="utf-8")
    assert re.search(r"^exec mi-async ", text, re.MULTILINE)
    assert set(re.findall(r"^#SBATCH (--[a-z-]+)", text, re.MULTILINE)) >= {"--array", "--requeue", "--signal"}


ANALYZE = shutil.which("systemd-analyze")


@pytest.mark.skipif(ANALYZE is None, reason="needs systemd")
def test_the_unit_is_one(tmp_path: Path) -> None:
    unit = tmp_path / "mi-async-member@1.service"
    text = (RECIPES / "mi-async-member@.service").read_text(encoding="utf-8")
    unit.write_text(text.replace("/usr/local/bin/mi-async", sys.executable))
    done = subprocess.run([str(ANALYZE), "verify", unit], capture_output=True, text=True, check=False)
    assert unit.name not in done.stderr, done.stderr


@pytest.mark.soak  # a quarter of a minute, for what a reader may copy
async def test_celery_and_one_quota(postgres_server: PostgresServer, tmp_path: Path) -> None:
    pytest.importorskip("celery")
    folder = make_faces(tmp_path / "faces", 20)
    async with fleet_of(postgres_server, "celery") as fleet:
        with redis_server(tmp_path) as redis:
            keys = fleet.server.credentials
            env = {
                **os.environ,
                "NCLOUD_ACCESS_KEY_ID": keys.access_key,
                "NCLOUD_SECRET_ACCESS_KEY": keys.secret_key,
                "BROKER": redis.url,
                "QUOTAS": redis.url,
                "JOURNAL": fleet.journal,
                "MI_ASYNC_WORKSPACE": "newsroom",
                "SOURCE": str(folder),
                "BASE_URL": fleet.server.url,
            }
            command = [sys.executable, "-m", "celery", "-A", "celery_members", "worker", "-c", "2", "-l", "warning"]
            env["PYTHONDONTWRITEBYTECODE"] = "1"
            worker = await asyncio.create_subprocess_exec(*command, cwd=RECIPES, env=env)
            try:
                starter = await asyncio.create_subprocess_exec(
                    sys.executable, "celery_members.py", "2", cwd=RECIPES, env=env, stdout=asyncio.subprocess.PIPE
                )
                said, _ = await asyncio.wait_for(starter.communicate(), LONG)
            finally:
                worker.terminate()
                await asyncio.wait_for(worker.wait(), LONG)
        assert (starter.returncode, "20: 20 done" in said.decode()) == (0, True), said
        assert face_faults(fleet.server, "newsroom", folder) == []
        assert report_of(fleet.journal).counts == {Status.DONE: 20}
        assert json.dumps(sorted(fleet.ask("SELECT number FROM {schema}.runs"))) == "[[1], [2]]"
