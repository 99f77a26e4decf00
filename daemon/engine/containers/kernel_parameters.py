"""`--sysctl`: what runc writes into /proc/sys of a new container, and what it cannot."""

from api_schema.host_config import HostConfig
from daemon.engine.containers.runtime_rules import INIT_FAILED
from daemon.engine.supervisor import StartFailure
from daemon.errors import InvalidParameter, System
from daemon.process import net_sysctls
from daemon.process.machine import Machine

NOT_FOUND = 127
_NETWORK = "net."


def set_kernel_parameters(machine: Machine, host: HostConfig) -> None:
    """Those of the networks belong to the namespace, which other containers may share."""
    for name, value in (host.sysctls or {}).items():
        if name.startswith(_NETWORK):
            _set_network_parameter(machine, name, value)
        else:
            machine.sysctls[name] = value


def _set_network_parameter(machine: Machine, name: str, value: str) -> None:
    path = name.replace(".", "/")
    try:
        net_sysctls.write(machine.net, path.removeprefix("net/"), value)
    except FileNotFoundError:
        answer = InvalidParameter(
            f"{INIT_FAILED}open sysctl {name} file: unsafe procfs detected: "
            f"openat2 fsmount:fscontext:proc/./sys/{path}: no such file or directory"
        )
        raise StartFailure(answer, NOT_FOUND) from None
    except OSError:
        raise System(
            f'{INIT_FAILED}failed to write sysctl {name} = "{value}": '
            f"write fsmount:fscontext:proc/./sys/{path}: invalid argument"
        ) from None
