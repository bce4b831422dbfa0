"""The two tables of the lab, in teaching order. A new file takes part by one line here."""

from __future__ import annotations

from simulation.lab.contract import Strategy, Workload
from simulation.lab.strategies.anyio_cancel import AnyioCancel
from simulation.lab.strategies.async_exception import AsyncException
from simulation.lab.strategies.close import Close
from simulation.lab.strategies.close_only import CloseOnly
from simulation.lab.strategies.condition import Notify
from simulation.lab.strategies.daemon import Daemon
from simulation.lab.strategies.deadline import Deadline
from simulation.lab.strategies.event import PolledEvent
from simulation.lab.strategies.event_wait import EventWait
from simulation.lab.strategies.flag import Flag
from simulation.lab.strategies.future_cancel import FutureCancel
from simulation.lab.strategies.join_timeout import JoinTimeout
from simulation.lab.strategies.queue_shutdown import QueueShutdown
from simulation.lab.strategies.sentinel import Sentinel
from simulation.lab.strategies.terminate import Terminate
from simulation.lab.strategies.timeout import Timeout
from simulation.lab.strategies.timer import TimeLimit
from simulation.lab.strategies.to_thread_cancel import ToThreadCancel
from simulation.lab.strategies.trace import Trace
from simulation.lab.workloads.c_call import Hash
from simulation.lab.workloads.c_call_gil import Sum
from simulation.lab.workloads.cpu import Cpu
from simulation.lab.workloads.download import Downloader
from simulation.lab.workloads.files import Files
from simulation.lab.workloads.lock import Acquirer
from simulation.lab.workloads.queue import Consumer
from simulation.lab.workloads.sleep import Sleep
from simulation.lab.workloads.slow_cleanup import SlowCleanup
from simulation.lab.workloads.socket import Receiver
from simulation.lab.workloads.stream import Stream
from simulation.lab.workloads.swallow import Swallow

STRATEGIES: dict[str, type[Strategy]] = {
    "flag": Flag,
    "event": PolledEvent,
    "event-wait": EventWait,
    "timeout": Timeout,
    "join-timeout": JoinTimeout,
    "daemon": Daemon,
    "async-exception": AsyncException,
    "sentinel": Sentinel,
    "queue-shutdown": QueueShutdown,
    "condition": Notify,
    "close": Close,
    "close-only": CloseOnly,
    "future-cancel": FutureCancel,
    "to-thread-cancel": ToThreadCancel,
    "anyio-cancel": AnyioCancel,
    "deadline": Deadline,
    "timer": TimeLimit,
    "trace": Trace,
    "terminate": Terminate,
}

WORKLOADS: dict[str, type[Workload]] = {
    "sleep": Sleep,
    "cpu": Cpu,
    "files": Files,
    "queue": Consumer,
    "socket": Receiver,
    "lock": Acquirer,
    "c-call": Hash,
    "c-call-gil": Sum,
    "swallow": Swallow,
    "slow-cleanup": SlowCleanup,
    "download": Downloader,
    "stream": Stream,
}

TUTORIAL = (
    *("flag", "event", "event-wait", "timeout"),
    *("join-timeout", "daemon", "async-exception"),
)  # what a comparison compares when nobody chooses

NEEDS = {
    "queue": "it speaks through a queue, and this worker takes nothing from one",
    "close": "it closes a connection, and this worker reads from none",
}


def why_not(strategy: str, workload: str) -> str:
    """Why a strategy cannot be tried on a workload, as "not applicable, because …"; "" if it can."""
    needs = STRATEGIES[strategy].needs
    if not needs or needs in WORKLOADS[workload].offers:
        return ""
    return f"not applicable, because {NEEDS[needs]}"
