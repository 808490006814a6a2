"""A throw-away installation for the demo: the example park, in a folder of its own, on ports that are free."""

import re
import shutil
import socket
from pathlib import Path
from typing import Final

from api.demo.machine import PEERS, port_of
from collector.load import Config, load

EXAMPLE: Final = Path(__file__).resolve().parents[2] / "configs"
"""The example park of the repository."""


def install(example: Path, folder: Path) -> Config:
    """Copy the configuration in `example` into `folder`, and move what it listens on to free ports.

    Data files that its paths name lie in `folder`, too, so that every demo begins with nothing stored.

    Raises:
        ConfigError: the example has mistakes.
    """
    shutil.copytree(
        example,
        folder,
        dirs_exist_ok=True,
        ignore=shutil.ignore_patterns("data", "examples", "recordings", "schema"),
    )
    config = load(folder)
    served = (source for source in config.park.sources.values() if source.kind in PEERS)
    wanted = {config.installation.api.port, *map(port_of, served)}
    moved = {port: free_port() for port in sorted(wanted) if not is_free(port)}
    if not moved:
        return config
    for file in (folder / "parkline.yaml", *folder.glob(config.installation.lines)):
        text = file.read_text(encoding="utf-8")
        for port, other in moved.items():
            text = re.sub(rf"\b{port}\b", str(other), text)
        file.write_text(text, encoding="utf-8")
    return load(folder)


def is_free(port: int) -> bool:
    """Tell whether nobody listens on this loopback port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """Give a loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
