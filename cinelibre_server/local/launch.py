"""Turns itself into another program: drops root, ties its life to its parent, then execs.

Run by path as `python -I -S launch.py PARENT_PID DEATH_SIGNAL ACCOUNT -- PROGRAM ARGUMENT...`; ACCOUNT is
`uid:gid`, or `-` to stay as we are. A process of its own is needed because what it does has to happen
between fork and exec, and a process that has imported grpc must not fork: it may only start a fresh one.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1

# The caller's PG*, LD_PRELOAD or LC_* settings must not reach the database or the proxy.
CLEAN_ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath}


def drop_root(account: str) -> None:
    uid, gid = (int(part) for part in account.split(":"))
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def die_with_parent(parent: int, death_signal: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, death_signal)
    # The parent may have gone before the line above took effect.
    if os.getppid() != parent:
        sys.exit(1)


def main() -> None:
    parent, death_signal, account, separator, *command = sys.argv[1:]
    if separator != "--":
        sys.exit("usage: launch.py PARENT_PID DEATH_SIGNAL ACCOUNT -- PROGRAM ARGUMENT...")
    os.umask(0o077)
    if account != "-":
        drop_root(account)
    # After the change of user, which clears the request.
    die_with_parent(int(parent), int(death_signal))
    os.execve(command[0], command, CLEAN_ENVIRONMENT)  # noqa: S606 - there is no shell on purpose


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        sys.exit(f"FATAL: could not start {sys.argv[-1]}: {error}")
