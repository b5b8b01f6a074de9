"""Versions of this package, each in a process of its own, measured like any other contender."""

from __future__ import annotations

import atexit
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.competitors.competitor import Run, Task, tolerances

ROOT = Path(__file__).parent.parent
CHILD = Path(__file__).parent / "child.py"

OURS, BEFORE = "sk_softmax", "sk_softmax before"


class Version:
    """One version, which answers questions about the task that it was given last.

    Parameters
    ----------
    name : str
        Name in the report.
    where : Path
        A checkout of the project, or the Python of an environment in which it is installed.
    """

    def __init__(self, name: str, where: Path) -> None:
        self.name = name
        self.efforts = tolerances()
        self.where = where
        self._held: Any = None
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        python = sys.executable
        if where.is_dir():
            environment["PYTHONPATH"] = str(where)
        else:
            python = str(where)
        # -P: this folder's files are no modules to the child.
        self._process = subprocess.Popen(
            [python, "-P", str(CHILD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )
        atexit.register(self.close)
        self.info: dict[str, str] = self.ask("info")
        if where.is_dir() and Path(self.info["path"]).parent != where.resolve():
            raise RuntimeError(f"{where} holds no sk_softmax: found it in {self.info['path']}")

    def describe(self) -> str:
        """Return the version and, of a checkout, its commit."""
        git = ["git", "-C", str(Path(self.info["path"]).parent), "rev-parse", "--short", "HEAD"]
        found = subprocess.run(git, capture_output=True, text=True, check=False)
        commit = f", commit {found.stdout.strip()}" if found.returncode == 0 else ""
        return f"{self.name}: version {self.info['version']}{commit}"

    def can_fit(self, task: Task) -> bool:
        return True

    def run(self, task: Task, effort: Any, n_threads: int) -> Run:
        self.hold(task)
        return Run(**self.ask("fit", tol=effort, n_threads=n_threads))

    def hold(self, task: Task, **more: Any) -> None:
        """Hand over a task, unless it is the last one."""
        if self._held is not task or more:
            self.ask("hold", X=task.X, y=task.y, C=task.C, l1_ratio=task.l1_ratio, **more)
            self._held = task

    def ask(self, question: str, **arguments: Any) -> Any:
        """Return the answer of the process; an exception there is one here."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        pickle.dump((question, arguments), self._process.stdin)
        self._process.stdin.flush()
        try:
            answer = pickle.load(self._process.stdout)
        except EOFError as error:
            raise RuntimeError(f"the process of {self.name} ended") from error
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        """End the process."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()


def versions(against: Path | None) -> list[Version]:
    """Return this version and, if asked for, the other."""
    found = [Version(OURS, ROOT)]
    if against is not None:
        found.append(Version(BEFORE, against))
    return found
