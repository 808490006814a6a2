"""The product's modules, as these tests see them."""

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
"""The project's folder."""

PACKAGES: Final = ("adapters", "collector", "analytics", "api")
"""The packages of the product, in the order in which data flows."""


def files() -> list[Path]:
    """Give every Python file of the product."""
    return [file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py"))]


def module_of(file: Path) -> str:
    """Give the name that a file is imported by."""
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def modules() -> list[str]:
    """Give the name of every module of the product that can be imported (`__main__` runs instead)."""
    return [module_of(file) for file in files() if file.stem != "__main__"]
