"""Networks of excitatory and inhibitory rate units under the names of spikeRNN.

    from dynode.rate import FR_RNN_dale, eval_rnn, loss_op, set_gpu, tasks
    net = FR_RNN_dale(200, 0.2, 0.2, w_in, 0, "gaus", 1.5, True, w_out)
    o, r, x = eval_rnn(net, settings, u)         # u [inputs, T] → lists of T − 1 outputs, T rates, T currents

x_t = (1 − a) x_{t−1} + a (W r_{t−1} + w_in u_{t−1}) + noise, r = f(x), o = w_out r + b_out, a = dt/τ. Steps are of 5
ms.
Given torch tensors, forward answers with tensors that know their gradients, and net.parameters() is for torch's
optimisers. Time constants that are a range are learnt.
"""
import os
from types import SimpleNamespace

import numpy as np

from . import _core
from ._model import Model
from ._tasks import Task


class FR_RNN_dale:
    """A rate network with Dale's law.

    N: units. P_inh: probability that a unit is inhibitory. P_rec: probability of a recurrent connection.
    w_in [N, inputs]; w_out [outputs, N]. som_N: so many inhibitory units take no inhibition. w_dist: gaus or gamma;
    gain.
    apply_dale. device is accepted and means nothing. Further: taus ([tau] or [min, max], default [4, 20]), activation,
    noise_std, seed, dtype, threads, …
    """

    def __init__(
        self,
        N,
        P_inh=0.2,
        P_rec=0.2,
        w_in=None,
        som_N=0,
        w_dist="gaus",
        gain=1.5,
        apply_dale=True,
        w_out=None,
        device=None,
        *,
        dtype="float32",
        threads=1,
        seed=None,
        **more,
    ):
        options = dict(
            N=int(N),
            P_inh=float(P_inh),
            P_rec=float(P_rec),
            som_N=int(som_N),
            w_dist=w_dist,
            gain=float(gain),
            apply_dale=bool(apply_dale),
            **more,
        )
        for name, w, axis in (("w_in", w_in, 1), ("w_out", w_out, 0)):
            if w is not None:
                w = np.atleast_2d(np.asarray(w))
                options[name] = w
                options["inputs" if name == "w_in" else "outputs"] = w.shape[axis]
        self._options, self._seed, self._threads = options, seed, threads
        self._take(Model(_core.rate_model(options, dtype, threads, seed)))

    def _take(self, model):
        self.model, self._module = model, None
        parts = _core.rate_parts(model._core)
        self.N, self.sign, self.som_N, self.apply_dale = (
            len(parts["w"]),
            parts["sign"],
            parts["som_N"],
            len(parts["sign"]) > 0,
        )

    @classmethod
    def _of(cls, model):
        self = object.__new__(cls)
        self._options = {}
        self._take(model)
        return self

    # ── networks in files ─────────────────────────────────────────────────────────────────────────────────────────────

    @staticmethod
    def load(path, *, dtype="float32", threads=1):
        """A .mat file of spikeRNN, or a model file (.dynode) of such a network."""
        return FR_RNN_dale._of(Model.load(path, dtype=dtype, threads=threads))

    def load_net(self, model_dir):
        """The network in a file, or in the only model file of a folder; this object becomes it."""
        path = os.fspath(model_dir)
        if os.path.isdir(path):
            found = [f for f in sorted(os.listdir(path)) if f.endswith((".mat", ".dynode"))]
            if len(found) != 1:
                raise _core.IoError(f"{path}: expected one .mat or .dynode file, found {len(found)}")
            path = os.path.join(path, found[0])
        self._take(Model.load(path, dtype=self.model.dtype))
        return self

    def save(self, path):
        """.mat as spikeRNN reads it, or .dynode."""
        _core.rate_save(self.model._core, os.fspath(path))

    # ── numbers ───────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def parts(self):
        """w, w_in, w_out, b_out, sign, som_N, taus, taus_gaus, activation, dt: as they are now."""
        return SimpleNamespace(**_core.rate_parts(self.model._core))

    @property
    def w(self):
        """Recurrent weights [post, pre] as stored, a view."""
        return self.model.parameters["J_1_to_1"]

    @property
    def mask(self):
        """[N, N], the sign of each unit on the diagonal."""
        return np.diag(self.sign if self.apply_dale else np.ones(self.N, dtype=np.int64))

    @property
    def som_mask(self):
        """[N, N] of 1, and 0 from inhibitory units to those that take no inhibition."""
        mask, inhibitory = np.ones((self.N, self.N)), np.flatnonzero(self.sign == -1)
        for post in inhibitory[: self.som_N]:
            mask[post, inhibitory] = 0
        return mask

    def assign_exc_inh(self):
        """(inh, exc, NI, NE, som_inh) of this network."""
        inh = self.sign == -1 if self.apply_dale else np.zeros(self.N, dtype=bool)
        return inh, ~inh, int(inh.sum()), int((~inh).sum()), np.flatnonzero(inh)[: self.som_N] if self.som_N else 0

    def initialize_W(self):
        """(w, mask, som_mask) of this network; w @ mask acts."""
        return np.abs(self.w) if self.apply_dale else self.w.copy(), self.mask, self.som_mask

    def parameters(self):
        """torch Parameters, for an optimiser of torch."""
        return self.torch().parameters()

    def torch(self):
        """As torch.nn.Module (dynode.torch.Network), sharing the parameters."""
        if self._module is None:
            from .torch import Network

            self._module = Network(self.model)
        return self._module

    # ── running ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _with(self, taus, activation):
        """The engine's network has its time constants and activation; others mean another network with the same
        weights."""
        parts = self.parts
        taus = [float(t) for t in np.ravel(taus)] if taus is not None else list(parts.taus)
        activation = activation or parts.activation
        if taus == list(parts.taus) and activation == parts.activation:
            return
        options = {**self._options, "N": self.N, "taus": taus, "activation": activation}
        options.setdefault("apply_dale", self.apply_dale)
        options.setdefault("som_N", self.som_N)
        options["w_in"], options["w_out"] = parts.w_in, parts.w_out
        options["inputs"], options["outputs"] = parts.w_in.shape[1], parts.w_out.shape[0]
        other = Model(_core.rate_model(options, self.model.dtype, self.model_threads, self.model._core.seed))
        if not np.array_equal(_core.rate_parts(other._core)["sign"], parts.sign):
            raise _core.SpecError("taus and activation of a network that was loaded are those of its file")
        for name, values in self.model.parameters.items():
            if name in other.parameters:
                other.set(name, values)
        self._take(other)

    model_threads = property(lambda self: getattr(self, "_threads", 1))

    def forward(self, stim, taus=None, training_params=None, settings=None):
        """stim [inputs, T]. Returns (stim, x, r, o, w, w_in, mask, som_mask, w_out, b_out, taus_gaus): x and r lists
        of T
        arrays [N], o of T − 1 outputs. training_params may name the activation."""
        self._with(taus, (training_params or {}).get("activation"))
        tensor = type(stim).__module__.startswith("torch")
        if tensor:
            u = stim.transpose(0, 1)[None, :-1]
            o, states = self.torch()(u, record=("s/1", "state/1/x"), with_start=True)
            r, x, o = states["s/1"][0], states["state/1/x"][0], o[0, 1:]
            named = dict(zip((b["stored_name"] for b in self.model.blocks), self.torch()._params))
        else:
            u = np.asarray(stim).T[None, :-1]
            run = self.model.simulate(u, ("s/1", "state/1/x"), noise={"training": True})
            r, x, o = run["s/1"][0], run["state/1/x"][0], run.output[0, 1:]
            named = self.model.parameters
        taus_gaus = named.get("layer1/taus_gaus")
        b_out = named.get("b_1_to_2")
        return (
            stim,
            list(x),
            list(r),
            [v[0] if v.shape[0] == 1 else v for v in o],
            named["J_1_to_1"],
            named["J_0_to_1"],
            self.mask,
            self.som_mask,
            named["J_1_to_2"],
            b_out,
            taus_gaus,
        )

    __call__ = forward

    # ── lesions ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def lesion_w(self, lesion_percentage, lesion_scale=0.0, seed=0):
        """Multiplies that fraction of the connections by lesion_scale. Returns what restore() undoes."""
        return _core.rate_lesion(self.model._core, lesion_percentage, lesion_scale, seed, False)

    def lesion_w_by_type(self, lesion_percentage, lesion_scale=0.0, seed=0):
        """The same in each of E → E, E → I, I → E, I → I."""
        return _core.rate_lesion(self.model._core, lesion_percentage, lesion_scale, seed, True)

    def restore(self, lesions):
        _core.rate_restore(self.model._core, lesions)

    def display(self):
        """Sizes, numbers of units, shares of weights."""
        text = _core.rate_display(self.model._core)
        print(text)
        return text

    # ── learning ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def fit(
        self,
        task,
        trials=5000,
        *,
        learning_rate=0.01,
        loss_fn="l2",
        eval_freq=100,
        loss_threshold=7,
        perf=0.95,
        seed=1,
        min_trials=None,
        on_epoch=None,
        progress=False,
        directory=None,
        settings=None,
    ):
        """Trains on a task ("go_nogo", "xor", "mante", …) until the mean loss is below loss_threshold and more than a
        share
        `perf` of trials is solved. Returns TrainResult; result.reached says whether it was."""
        task = task.replace("-", "_")
        from ._training import train
        import tempfile

        with tempfile.TemporaryDirectory() as folder:
            base = os.path.join(folder, "start.dynode")
            self.model.save(base)
            goal = {"loss": loss_threshold, "success": perf}
            if min_trials:
                goal["min_samples"] = min_trials
            words = {
                "name": task,
                "seed": seed,
                "data": {"format": "task", "task": task, "settings": dict(settings or {}), "epoch_trials": eval_freq},
                "model": {
                    "base_model_path": base,
                    "load_exact_model_state": True,
                    "dtype": self.model.dtype,
                    "time_pooling": "none",
                },
                "training": {
                    "mapping": "seq2seq",
                    "batch_size": 1,
                    "max_epochs": max(1, trials // eval_freq),
                    "stop_when": goal,
                    "optimizer": {"name": "adam", "lr": learning_rate},
                    "loss": {"losses": [{"name": loss_fn.lower()}]},
                },
                "logging": {"metrics": ["success"]},
            }
            result = train(
                words, directory=directory or os.path.join(folder, "run"), on_epoch=on_epoch, progress=progress
            )
            best = os.path.join(result.directory, "checkpoints", "best.dynode")
            self.model.load_parameters(best)
            return result


def eval_rnn(net, settings, u, device=None):
    """(o, r, x) of one trial: lists of T − 1 outputs, T rates [N], T currents [N]. u [inputs, T]."""
    _, x, r, o, *_ = net.forward(np.asarray(u))
    return [float(v) if np.ndim(v) == 0 else v for v in o], r, x


def loss_op(o, z, training_params):
    """training_params["loss_fn"]: l1 Σ |o − z|, l2 √Σ (o − z)², or mse, whatever the case. A tensor where o has
    tensors."""
    loss = training_params["loss_fn"]
    if len(o) and type(o[0]).__module__.startswith("torch"):
        import torch

        o, z = torch.stack(list(o)), torch.as_tensor(np.asarray(z), dtype=o[0].dtype)
        d = o.reshape(-1) - z.reshape(-1)
        word = loss.lower()
        if word == "l1":
            return d.abs().sum()
        if word == "l2":
            return torch.sqrt((d * d).sum())
        if word == "mse":
            return (d * d).mean()
    return _core.rate_loss(np.asarray(o), np.asarray(z), loss)


def set_gpu(*_):
    """There is no GPU here."""
    return None


class _TaskOfSettings:
    """A task as spikeRNN has it: settings is a dict with T, stim_on, stim_dur, delay."""

    name = ""

    def __init__(self, settings=None, seed=1):
        self.settings, self._seed, self._count = dict(settings or {}), seed, 0
        known = {f["name"] for f in _core.catalogue()["tasks"][self.name]["facts"]}
        self.task = Task(self.name, **{k: v for k, v in self.settings.items() if k in known})

    def simulate_trial(self):
        """(u [inputs, T], z [T − 1], label)."""
        trial = self.task.batch(1, self._seed, self._count)
        self._count += 1
        u = trial.input[0].T
        label = trial.labels[0]
        names = self.task.labels
        return np.concatenate([u, u[:, -1:]], axis=1), trial.target[0, :, 0], names[label] if names else label


class tasks:
    """GoNogoTask, XORTask, ManteTask: simulate_trial() gives (u, z, label)."""

    class GoNogoTask(_TaskOfSettings):
        name = "go_nogo"

    class XORTask(_TaskOfSettings):
        name = "xor"

    class ManteTask(_TaskOfSettings):
        name = "mante"


__all__ = ["FR_RNN_dale", "eval_rnn", "loss_op", "set_gpu", "tasks"]
