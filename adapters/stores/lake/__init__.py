"""Delta Lake in a folder or on object storage, as a store."""

from adapters.stores.contract import Store
from adapters.stores.lake.settings import LakeSettings


def create(settings: LakeSettings) -> Store:
    """Make the store; nothing is opened before its block is entered."""
    from adapters.stores.lake.store import LakeStore

    return LakeStore(settings)


KIND = (LakeSettings, create)
"""What the registry asks for."""
