"""What Linux tells of a process in /proc: processor time, memory, connections. Knows nothing of Kafka."""

import os
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")
ESTABLISHED = "01"
KIB = 1024


def cpu_seconds(pid: int, proc: Path = PROC) -> float:
    """User and system time of all threads of a process, not of its children; hundredths of a second."""
    return parse_stat((proc / str(pid) / "stat").read_text())


def main_thread_cpu_seconds(pid: int, proc: Path = PROC) -> float:
    """User and system time of a process's first thread; hundredths of a second."""
    return parse_stat((proc / str(pid) / "task" / str(pid) / "stat").read_text())


def resident_bytes(pid: int, proc: Path = PROC) -> int:
    """Memory of a process that is in RAM."""
    return parse_status((proc / str(pid) / "status").read_text())


def connections_to(pid: int, port: int, proc: Path = PROC) -> int:
    """Established TCP connections of a process to a port, of whatever host."""
    folder = proc / str(pid)
    inodes = _socket_inodes(folder / "fd")
    tables = (folder / "net" / name for name in ("tcp", "tcp6"))
    return sum(len(parse_tcp(table.read_text(), port) & inodes) for table in tables if table.exists())


def share_priority(pid: int, proc: Path = PROC) -> None:
    """Give a process with a session of its own, and so a scheduler's group of its own, the nice value of ours.

    A run that was given priority over other work would otherwise measure a broker that has none. Nothing where the
    system has no such groups, or refuses.
    """
    with suppress(OSError):
        nice = parse_autogroup((proc / "self" / "autogroup").read_text())
        if nice is not None:
            (proc / str(pid) / "autogroup").write_text(str(nice))


def parse_autogroup(text: str) -> int | None:
    """The nice value from /proc/PID/autogroup, which reads `/autogroup-644 nice -15`. Source: sched(7).

    None where the file is empty: the process is in no such group, as in a container whose session began outside of it.
    """
    _, _, nice = text.rpartition(" nice ")
    return int(nice) if nice else None


def parse_stat(text: str) -> float:
    """Seconds from /proc/PID/stat: utime and stime, fields 14 and 15; the second field, a name, may hold anything.

    Source: proc_pid_stat(5).
    """
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def parse_status(text: str) -> int:
    """Bytes from /proc/PID/status: VmRSS, which it gives in KiB."""
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name == "VmRSS":
            return int(value.split()[0]) * KIB
    raise ValueError("no VmRSS: the process has ended")


def parse_tcp(text: str, port: int) -> set[int]:
    """Inodes from /proc/PID/net/tcp or tcp6: established sockets whose far end is at `port`.

    Source: proc_pid_net(5): sl, local_address, rem_address, st, queues, timer, retransmits, uid, timeout, inode.
    """
    rows = (line.split() for line in text.splitlines()[1:])
    return {int(row[9]) for row in rows if row[3] == ESTABLISHED and int(row[2].rpartition(":")[2], 16) == port}


def _socket_inodes(folder: Path) -> set[int]:
    found: set[int] = set()
    for entry in folder.iterdir():
        try:
            target = entry.readlink().name
        except FileNotFoundError:  # closed meanwhile
            continue
        if target.startswith("socket:["):
            found.add(int(target[len("socket:[") : -1]))
    return found
