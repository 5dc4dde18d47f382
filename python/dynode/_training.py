"""Training runs: of a training file or dict, of arrays."""
import os
import tempfile

import numpy as np

from . import _core


class TrainResult(dict):
    """How a run ended: directory, epochs, updates, best_epoch, best_loss, test_loss, test (metrics), seconds, stopped,
    reached, headline, repeats, yardsticks; history is a list with the dict of every epoch."""

    __getattr__ = dict.__getitem__

    def __repr__(self):
        return f"TrainResult({self['epochs']} epochs, best loss {self['best_loss']:.4g}; {self['headline']})"


def _run(function, first, directory_words, on_update, on_epoch, progress, threads):
    history = []

    def epoch(summary):
        history.append(summary)
        return on_epoch(summary) if on_epoch else None

    result, interrupted = function(first, *directory_words, threads, on_update, epoch, None, progress)
    return TrainResult(result, history=history), interrupted


def train(config, *, directory="", threads=1, on_update=None, on_epoch=None, progress=False):
    """Runs a training file (path or dict), like `dynode train`. Ctrl-C ends it after the update at hand with a
    checkpoint:
    resume(directory) goes on. Returns TrainResult."""
    if not isinstance(config, dict):
        config = os.fspath(config)
    result, interrupted = _run(_core.train, config, [os.fspath(directory)], on_update, on_epoch, progress, threads)
    if interrupted:
        raise KeyboardInterrupt(f"dynode.resume({result.directory!r}) goes on")
    return result


def resume(directory, *, threads=1, on_update=None, on_epoch=None, progress=False):
    """Goes on with a run where it ended."""
    result, interrupted = _run(_core.resume, os.fspath(directory), [], on_update, on_epoch, progress, threads)
    if interrupted:
        raise KeyboardInterrupt(f"dynode.resume({result.directory!r}) goes on")
    return result


def _merge(into, more):
    for key, value in (more or {}).items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value


def train_arrays(
    model,
    x,
    y,
    *,
    loss,
    epochs,
    batch_size,
    lr,
    optimizer,
    optimizer_params,
    val_split,
    test_split,
    pooling,
    mapping,
    schedule,
    callbacks,
    metrics,
    patience,
    clip,
    timespans,
    mask,
    seed,
    threads,
    on_update,
    on_epoch,
    progress,
    directory,
    config,
):
    x, y = np.asarray(x), np.asarray(y)
    if x.ndim != 3:
        raise _core.ShapeError(f"x: expected [samples, time, units], got {list(x.shape)}")
    if len(y) != len(x):
        raise _core.ShapeError(f"y: expected {len(x)} samples, got {list(y.shape)}")
    classes = y.dtype.kind in "iub"
    if mapping is None:
        per_step = y.ndim == 3 or (classes and y.ndim == 2)
        mapping = "seq2seq" if per_step else "seq2static"
    if loss is None:
        loss = "cross_entropy" if classes else "mse"
    losses = [
        {"name": l} if isinstance(l, str) else dict(l) for l in (loss if isinstance(loss, (list, tuple)) else [loss])
    ]

    with tempfile.TemporaryDirectory() as folder:
        data = {"x": x, "y": y}
        if timespans is not None:
            data["timespans"] = np.asarray(timespans)
        if mask is not None:
            data["mask"] = np.asarray(mask)
        np.savez(os.path.join(folder, "data.npz"), **data)
        base = os.path.join(folder, "start.dynode")
        model._core.save(base)
        words = {
            "name": "run",
            "seed": seed,
            "data": {
                "format": "npz",
                "data_path": os.path.join(folder, "data.npz"),
                "val_split": val_split,
                "test_split": test_split,
            },
            "model": {"base_model_path": base, "load_exact_model_state": True, "dtype": model.dtype},
            "training": {
                "mapping": mapping,
                "batch_size": batch_size,
                "max_epochs": epochs,
                "optimizer": {"name": optimizer, "lr": lr, "kwargs": dict(optimizer_params or {})},
                "loss": {"losses": losses},
            },
        }
        if pooling is not None:
            words["model"]["time_pooling"] = pooling
        elif mapping == "seq2seq":
            words["model"]["time_pooling"] = "none"
        if schedule is not None:
            words.setdefault("callbacks", {})["lr_scheduler"] = schedule
        if callbacks:
            words.setdefault("callbacks", {}).update(callbacks)
        if metrics is not None:
            words["logging"] = {"metrics": list(metrics)}
        if patience is not None:
            words["training"]["early_stopping_patience"] = patience
        if clip is not None:
            words["training"]["gradient_clip_val"] = clip
        _merge(words, config)
        result, interrupted = _run(
            _core.train,
            words,
            [os.fspath(directory or os.path.join(folder, "run"))],
            on_update,
            on_epoch,
            progress,
            threads,
        )
        checkpoints = os.path.join(result["directory"], "checkpoints")
        for name in ("last", "best", "initial") if result["stopped"] else ("best", "last"):
            path = os.path.join(checkpoints, name + ".dynode")
            if os.path.exists(path):
                model._core.load_parameters(path)
                break
        if directory is None:
            result["directory"] = None
        if interrupted:
            raise KeyboardInterrupt
        return result
