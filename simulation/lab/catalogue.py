"""The two tables of the lab, in teaching order. A new file takes part by one line here."""

from __future__ import annotations

from simulation.lab.contract import Strategy, Workload
from simulation.lab.strategies.async_exception import AsyncException
from simulation.lab.strategies.daemon import Daemon
from simulation.lab.strategies.event import PolledEvent
from simulation.lab.strategies.event_wait import EventWait
from simulation.lab.strategies.flag import Flag
from simulation.lab.strategies.join_timeout import JoinTimeout
from simulation.lab.strategies.timeout import Timeout
from simulation.lab.workloads.cpu import Cpu
from simulation.lab.workloads.files import Files
from simulation.lab.workloads.sleep import Sleep

STRATEGIES: dict[str, type[Strategy]] = {
    "flag": Flag,
    "event": PolledEvent,
    "event-wait": EventWait,
    "timeout": Timeout,
    "join-timeout": JoinTimeout,
    "daemon": Daemon,
    "async-exception": AsyncException,
}

WORKLOADS: dict[str, type[Workload]] = {
    "sleep": Sleep,
    "cpu": Cpu,
    "files": Files,
}

TUTORIAL = (
    *("flag", "event", "event-wait", "timeout"),
    *("join-timeout", "daemon", "async-exception"),
)  # what a comparison compares when nobody chooses
