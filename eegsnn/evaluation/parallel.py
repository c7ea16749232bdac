"""Fit many folds at once: in processes of this machine (joblib), or on a Dask cluster.

A job is one estimator and one fold. Workers fit and score it; whoever asked receives each result
as soon as it is there, keeps it, and is the only one who writes. A worker that dies takes nothing
with it but the job it was at, which is given to another.

Dask is spoken to through its own futures and not through joblib's backend: that one scatters the
data set to a worker, from where nothing can bring it back when the worker dies. Here the data set
is the result of a task, which the scheduler makes again, as it does every lost result.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import uuid
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from typing import Any

from eegsnn._compiling import all_cores
from eegsnn._validation import check_choice, check_integer
from eegsnn.errors import ConfigurationError, EegsnnWarning, WorkerError
from eegsnn.evaluation.folds import run_fold
from eegsnn.evaluation.protocols import Fold
from eegsnn.evaluation.results import RunRecord
from eegsnn.evaluation.sources import source_hash

BACKENDS = ("loky", "dask")
"""Where jobs can run: processes of this machine, or a Dask cluster."""

# How often a worker may die at one job before the job is taken for the reason.
_DEATHS = 2

# Fits of one process take turns: Python's record of warnings, which a fit listens to, is shared
# among threads, and a Dask worker may have several.
_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class Job:
    """One estimator, to be fitted and scored on one fold.

    Parameters
    ----------
    number : int
        Its place in the plan.
    name : str
        What messages call it.
    estimator : estimator
        Unfitted.
    fold : Fold
    group : str or None
        See :func:`~eegsnn.evaluation.fit_on_trials`.
    wanted : bool
        Whether the fitted estimator is to come back with its scores.
    sources : str
        Hash of this package's sources where the job was made.
    """

    number: int
    name: str
    estimator: Any
    fold: Fold
    group: str | None
    wanted: bool
    sources: str = field(default_factory=source_hash)


@dataclass(frozen=True)
class Done:
    """What came of a job: its record, the fitted estimator if it was wanted, and warnings."""

    number: int
    record: RunRecord
    estimator: Any
    warnings: Sequence[tuple[type[Warning], str]]


def check_workers(n_jobs: Any, backend: Any, scheduler: Any) -> int:
    """Refuse impossible settings; return the number of workers.

    Parameters
    ----------
    n_jobs : int
        -1 stands for the cores that this process may use.
    backend : "loky" or "dask"
    scheduler : str, distributed.Client or None

    Raises
    ------
    ConfigurationError
        If a value is not allowed, a scheduler is named for another backend than dask, or dask is
        not installed.
    """
    check_choice("backend", backend, BACKENDS)
    if n_jobs != -1:
        n_jobs = check_integer("n_jobs", n_jobs, low=1)
    if scheduler is not None and backend != "dask":
        raise ConfigurationError(
            f"scheduler: only backend 'dask' has one, but backend is {backend!r}. Give "
            f"backend='dask' (--backend dask), or no scheduler."
        )
    if backend == "dask":
        _distributed()
    return all_cores() if n_jobs == -1 else int(n_jobs)


def run_jobs(
    dataset: Any, jobs: Sequence[Job], *, n_jobs: int, backend: str = "loky", scheduler: Any = None
) -> Iterator[Done]:
    """Run jobs on several workers; yield what comes of each, in the order of finishing.

    When the caller stops listening (an error, Ctrl-C), the workers stop.

    Parameters
    ----------
    dataset : EEGDataset or TabularDataset
    jobs : sequence of Job
    n_jobs, backend, scheduler
        See :func:`~eegsnn.evaluation.run_experiment`.

    Yields
    ------
    Done
        Once for each job.

    Raises
    ------
    WorkerError
        If workers die again and again, or the scheduler cannot be reached.
    """
    if not jobs:
        return
    if backend == "dask":
        yield from _on_dask(dataset, jobs, n_jobs, scheduler)
    else:
        yield from _on_processes(dataset, jobs, n_jobs)


def run_job(dataset: Any, job: Job) -> Done:
    """Run one job, in a worker; raises WorkerError if the worker's sources are others."""
    if job.sources != source_hash():
        raise WorkerError(
            "A worker has another eegsnn than the one that planned the experiment: the sources "
            "differ, though the version may not. Install the same one everywhere, and restart the "
            "workers."
        )
    with _one_at_a_time, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        record = run_fold(job.estimator, dataset, job.fold, group=job.group)
    told = [
        (warning.category, str(warning.message))
        for warning in caught
        if issubclass(warning.category, EegsnnWarning)
    ]
    return Done(job.number, record, job.estimator if job.wanted else None, told)


def _on_processes(dataset: Any, jobs: Sequence[Job], n_jobs: int) -> Iterator[Done]:
    waiting = {job.number: job for job in jobs}
    deaths = dict.fromkeys(waiting, 0)
    suspects: list[int] = []
    while waiting:
        # A dead process takes all others with it. Whose fault it was shows when those that may
        # have been at work then are run one at a time.
        alone = next((number for number in suspects if number in waiting), None)
        batch = list(waiting.values()) if alone is None else [waiting[alone]]
        results = _in_processes(dataset, batch, n_jobs)
        try:
            for done in results:
                del waiting[done.number]
                yield done
        except BrokenProcessPool as error:
            if alone is None:
                suspects = list(waiting)[: 2 * n_jobs]
                continue
            deaths[alone] += 1
            if deaths[alone] == _DEATHS:
                raise _died(waiting[alone]) from error
        finally:
            _stop(results)


def _in_processes(dataset: Any, jobs: Sequence[Job], n_jobs: int) -> Any:
    """Return a generator of results; joblib shares large arrays, and cores among the workers."""
    import joblib

    parallel = joblib.Parallel(
        n_jobs, backend="loky", batch_size=1, return_as="generator_unordered"
    )
    return parallel(joblib.delayed(run_job)(dataset, job) for job in jobs)


def _stop(results: Any) -> None:
    """End workers that are still at it; does nothing where all is done."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # joblib tells that results were thrown away
        with contextlib.suppress(Exception):
            results.close()


def _on_dask(dataset: Any, jobs: Sequence[Job], n_jobs: int, scheduler: Any) -> Iterator[Done]:
    distributed = _distributed()
    with _client(distributed, n_jobs, scheduler) as client:
        run = uuid.uuid4().hex
        with warnings.catch_warnings():
            # Dask advises to scatter large data; see above why that would lose them.
            warnings.filterwarnings("ignore", message="Sending large graph")
            held = client.submit(_hold, dataset, key=f"eegsnn-data-{run}", pure=False)
        waiting = {
            client.submit(run_job, held, job, key=f"eegsnn-{job.number}-{run}", pure=False): job
            for job in jobs
        }
        with client.as_current():
            completed = distributed.as_completed(list(waiting))
        try:
            for future in completed:
                job = waiting.pop(future)
                yield _result(distributed, future, job)
        finally:
            client.cancel([*waiting, held], force=True)


def _result(distributed: Any, future: Any, job: Job) -> Done:
    try:
        done: Done = future.result()
    except distributed.KilledWorker as error:
        raise _died(job) from error
    except (distributed.CancelledError, OSError) as error:
        raise WorkerError(
            f"The connection to the Dask scheduler was lost at {job.name}. Finished runs are kept; "
            f"start the scheduler again and repeat the command."
        ) from error
    return done


@contextlib.contextmanager
def _client(distributed: Any, n_jobs: int, scheduler: Any) -> Iterator[Any]:
    """Yield a client of the scheduler, or of a cluster of this machine that ends with the block."""
    if isinstance(scheduler, distributed.Client):
        yield scheduler
        return
    with contextlib.ExitStack() as stack:
        if scheduler is None:
            # A thread each: what is parallel within a fit is for this package to decide.
            cluster = distributed.LocalCluster(
                n_workers=n_jobs,
                threads_per_worker=1,
                dashboard_address=None,
                silence_logs=logging.ERROR,
            )
            scheduler = stack.enter_context(cluster)
        try:
            client = distributed.Client(scheduler, set_as_default=False)
        except (OSError, ValueError) as error:
            raise WorkerError(
                f"scheduler: no Dask scheduler answers at {scheduler}. Start one (dask scheduler) "
                f"and workers (dask worker {scheduler}), or leave --scheduler out."
            ) from error
        yield stack.enter_context(client)


def _hold(dataset: Any) -> Any:
    """Return a data set: as the result of a task, the scheduler makes it again when it is lost."""
    return dataset


def _died(job: Job) -> WorkerError:
    return WorkerError(
        f"Workers died again and again at the same work ({job.name}). Did memory run out? Finished "
        f"runs are kept; repeat the command with fewer jobs."
    )


def _distributed() -> Any:
    try:
        import distributed
    except ImportError as error:
        raise ConfigurationError(
            "backend: 'dask' needs the package distributed. Install it (pip install "
            "'eegsnn[dask]'), or use backend='loky'."
        ) from error
    return distributed


def repeat_warnings(done: Done, tell: Callable[..., Any] = warnings.warn) -> None:
    """Give again, here, the warnings that a worker's fit gave."""
    for category, text in done.warnings:
        tell(text, category, stacklevel=3)
