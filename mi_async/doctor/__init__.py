"""Diagnosis of the way from a program to the service: a table of checks, each with its remedy.

    diagnosis = await mi_async.diagnose(workspace="newsroom")

Invariant: sends no secret but signed requests, creates nothing at the service, and raises nothing for what is wrong.
"""

from mi_async.doctor.diagnosis import diagnose
from mi_async.doctor.models import CheckResult, CheckStatus, Diagnosis

__all__ = ["CheckResult", "CheckStatus", "Diagnosis", "diagnose"]
