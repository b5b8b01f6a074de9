"""Print the lowest versions that pyproject.toml allows, as constraints for pip.

    python .ci/lowest.py test > lowest.txt
    pip install --constraint lowest.txt ".[test]"

The arguments are extras whose bounds are printed after those of the package itself.
"""

import re
import sys
import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).parent.parent / "pyproject.toml"


def lowest(requirement: str) -> str:
    """Return ``name==bound`` for a requirement ``name>=bound``."""
    parts = re.fullmatch(r"([\w.-]+)>=([\w.]+)", requirement)
    if parts is None:
        raise SystemExit(f"{PYPROJECT.name}: {requirement!r} is not of the form name>=bound.")
    return f"{parts[1]}=={parts[2]}"


def main(extras: list[str]) -> None:
    """Print one constraint a line."""
    project = tomllib.loads(PYPROJECT.read_text())["project"]
    requirements = list(project["dependencies"])
    for extra in extras:
        requirements += project["optional-dependencies"][extra]
    print("\n".join(map(lowest, requirements)))


if __name__ == "__main__":
    main(sys.argv[1:])
