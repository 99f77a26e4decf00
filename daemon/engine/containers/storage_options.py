"""`--storage-opt`: overlay2 knows one option, and only on a filesystem that this host does not have."""

from daemon.errors import System


def check_storage_options(options: dict[str, str] | None) -> None:
    for name in options or ():
        if name.lower() != "size":
            raise System(f"Unknown option {name}")
        raise System(
            "--storage-opt is supported only for overlay over xfs with 'pquota' mount option"
        )
