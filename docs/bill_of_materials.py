"""Bill of materials of the wheel (CycloneDX 1.6, PEP 770), written when the wheel is built.

Invariant: deterministic, so that the wheel is reproducible: no time, no serial number; ranges, not what is installed.
"""

import json
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class BillOfMaterials(BuildHookInterface):
    """Hook of hatchling, which finds it by its base class."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the document for the wheel; an installation from a clone that is edited needs none."""
        self._folder = Path(tempfile.mkdtemp())
        if version != "editable":
            file = self._folder / f"{self.metadata.core.name}.cdx.json"
            file.write_text(json.dumps(bill(self.metadata), indent=2) + "\n", encoding="utf-8")
            build_data["sbom_files"].append(str(file))

    def finalize(self, *_: Any) -> None:
        """Remove what is in the wheel now."""
        shutil.rmtree(self._folder)


def purl(name: str) -> str:
    """Return the package URL of a library; without a version, since any from the floor on will do."""
    return f"pkg:pypi/{name}"


def libraries(requirements: Iterable[str]) -> dict[str, str]:
    """Return the libraries that requirements name, each with its requirement; extras of this package name none."""
    named = ((re.split(r"[^\w.-]", each)[0], each) for each in requirements)
    return {name: each for name, each in named if name != "mi-async"}


def components(core: Any) -> Iterator[dict[str, Any]]:
    """Yield the libraries that the package needs, then those of its extras."""
    needed = libraries(core.dependencies)
    extras = libraries(each for extra in core.optional_dependencies.values() for each in extra)
    for scope, found in (("required", needed), ("optional", extras)):
        for name in sorted(found.keys() - (needed.keys() if scope == "optional" else ())):
            yield {
                "type": "library",
                "bom-ref": purl(name),
                "name": name,
                "scope": scope,
                "purl": purl(name),
                "properties": [{"name": "mi-async:requirement", "value": found[name]}],
            }


def bill(metadata: Any) -> dict[str, Any]:
    """Return the document."""
    itself = f"{purl(metadata.core.name)}@{metadata.version}"
    listed = list(components(metadata.core))
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "library",
                "bom-ref": itself,
                "name": metadata.core.name,
                "version": metadata.version,
                "description": metadata.core.description,
                "licenses": [{"expression": metadata.core.license_expression}],
                "purl": itself,
            }
        },
        "components": listed,
        "dependencies": [{"ref": itself, "dependsOn": sorted(each["bom-ref"] for each in listed)}],
    }
