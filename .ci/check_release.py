"""Check what a release says of itself: versions, changelog, contents, and the conda recipe.

The arguments are the tag, the wheel and the source distribution.
"""

import re
import sys
import tarfile
import tomllib
import zipfile
from email import message_from_bytes
from pathlib import Path

from rattler_build import RenderConfig, Stage0Recipe, VariantConfig

ROOT = Path(__file__).parent.parent


def check(holds: bool, complaint: str) -> None:
    """End with a complaint if something does not hold."""
    if not holds:
        raise SystemExit(complaint)


def check_versions(version: str) -> None:
    """Check that the package, the changelog and the citation name the version of the tag."""
    init = (ROOT / "sk_softmax" / "__init__.py").read_text()
    check(f'__version__ = "{version}"' in init, f"sk_softmax.__version__ is not {version}")
    changelog = (ROOT / "CHANGELOG.md").read_text()
    dated = re.search(rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d$", changelog, re.M)
    check(dated is not None, f"CHANGELOG.md has no dated section for {version}")
    citation = (ROOT / "CITATION.cff").read_text()
    check(f"version: {version}" in citation, f"CITATION.cff does not name {version}")


def check_contents(wheel: str, source: str, version: str) -> None:
    """Check that the wheel holds the package alone, and the source what is needed to build it."""
    names = zipfile.ZipFile(wheel).namelist()
    foreign = [n for n in names if not n.startswith("sk_softmax/") and ".dist-info/" not in n]
    check(not foreign, f"the wheel holds more than the package: {foreign}")
    metadata = next(name for name in names if name.endswith(".dist-info/METADATA"))
    told = message_from_bytes(zipfile.ZipFile(wheel).read(metadata))
    check(told["Version"] == version, f"the wheel says version {told['Version']}")
    with tarfile.open(source) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    missing = {"LICENSE", "README.md", "pyproject.toml", "sk_softmax/py.typed"} - inside
    check(not missing, f"the source distribution lacks {sorted(missing)}")


def check_recipe(version: str) -> None:
    """Check that rattler-build reads the recipe, and that it asks for what pyproject.toml does."""
    recipe = Stage0Recipe.from_file(ROOT / ".ci" / "conda" / "recipe.yaml")
    rendered = recipe.render(VariantConfig(), RenderConfig())
    check(version in str(rendered), f"the conda recipe renders as {rendered}")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    ours = {requirement.replace(">=", " >=") for requirement in project["dependencies"]}
    ours.add("python " + project["requires-python"])
    theirs = set(recipe.to_dict()["requirements"]["run"])
    check(ours == theirs, f"the conda recipe needs {sorted(theirs ^ ours)} otherwise")


def main(tag: str, wheel: str, source: str) -> None:
    """Check everything, and say so."""
    version = tag.removeprefix("v")
    check_versions(version)
    check_contents(wheel, source, version)
    check_recipe(version)
    print(f"{tag}: versions, changelog, contents and recipe agree")


if __name__ == "__main__":
    main(*sys.argv[1:])
