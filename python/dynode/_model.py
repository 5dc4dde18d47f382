"""Model: a network ready to use."""
import os
import warnings as _warnings

import numpy as np

from . import _core


class Results(dict):
    """What a run gave: arrays by name, `output` among them.

    s/<layer>, state/<layer>/<name>: [batch, time + 1, unit], entry 0 is the start. phi/<layer>, g/<layer>,
    power/<layer>:
    [batch, time, unit]. spikes/<layer>: [count, 3] of (step, row, unit).

    Attributes: steps (that were run), warnings, energy ((from the bias sources, dissipated) in J, or None).
    """

    __slots__ = ("steps", "warnings", "energy")

    def __init__(self, arrays, warnings=(), steps=0, energy=None):
        super().__init__(arrays)
        self.warnings, self.steps, self.energy = warnings, steps, energy

    @property
    def output(self):
        return self["output"]

    def __missing__(self, name):
        raise KeyError(f"'{name}' was not recorded; there are: {', '.join(self)}")


class _Parameters(dict):
    """Views by name; what is assigned to a name is written into its view."""

    __slots__ = ()

    def __setitem__(self, name, values):
        self[name][...] = values


class Gradient(dict):
    """∂loss/∂parameters by stored name, as arrays.

    Attributes: loss, parts (of it, term by term), input [batch, time, unit], initial (by layer), spans [batch, time];
    the last three are None or empty unless asked for.
    """

    __slots__ = ("loss", "parts", "input", "initial", "spans")

    def __init__(self, loss, parts, parameters, input, initial, spans):
        super().__init__(parameters)
        self.loss, self.parts, self.input, self.initial, self.spans = loss, parts, input, initial, spans


def warn(lines, stacklevel=3):
    for line in lines:
        _warnings.warn(line, stacklevel=stacklevel + 1)


def loss_terms(target, loss, **words):
    """A loss as the engine takes it: a name, a dict, or a list of these."""
    if isinstance(loss, str):
        loss = {"loss": loss}
    terms = [
        dict(t) if not isinstance(t, str) else {"loss": t}
        for t in (loss if isinstance(loss, (list, tuple)) else [loss])
    ]
    for t in terms:
        t.setdefault("target", target)
        for word, value in words.items():
            if value is not None:
                t.setdefault(word, value)
    return terms


class Model:
    """A network ready to use: simulate, differentiate, train, save.

    Made by Model.from_yaml, from_spec (a dict), load (any model file or spec). Every run may be ended with Ctrl-C; the
    model is then as it was before. Several threads may share a model, which they use one after the other.
    """

    __slots__ = ("_core", "_views", "__weakref__", "__dict__")

    def __init__(self, core):
        self._core = core
        self._views = None

    # ── making ────────────────────────────────────────────────────────────────────────────────────────────────────────

    @classmethod
    def from_spec(cls, spec, *, dtype="float32", threads=1, seed=None, file=""):
        """A network out of a spec: a dict (or anything with to_dict), with the words of a spec file.

        dtype: float32 or float64. threads: 0 for one per core. seed: instead of the spec's. file: what paths in the
        spec
        are relative to. Raises SpecError with the place."""
        if isinstance(spec, (str, os.PathLike)):
            return cls.load(spec, dtype=dtype, threads=threads, seed=seed)
        model = cls(_core.Model.from_spec(spec, str(file), dtype, threads, seed))
        warn(model._core.warnings())
        return model

    @classmethod
    def load(cls, path, *, dtype="float32", threads=1, seed=None):
        """From a spec (.yaml, .json) or a model file (.dynode, .json, .soen, .pth, .mat, .nir)."""
        model = cls(_core.Model.from_file(os.fspath(path), dtype, threads, seed))
        warn(model._core.warnings())
        return model

    from_yaml = load
    from_json = load

    @classmethod
    def from_nir(cls, path, *, dt=1e-3, scheme="exact", spike_input="pulse", dtype="float32", threads=1):
        """From a graph of NIR (.nir), with what such files leave open.

        dt: the step, in the unit of its time constants. scheme: "exact" for an input that is constant within a step, or
        "euler". spike_input: "pulse", a spike is the number 1 for one step, or "delta", an impulse. Needs a dynode built
        with HDF5."""
        core, notes = _core.Model.from_nir(os.fspath(path), dt, scheme, spike_input, dtype, threads)
        warn(notes + core.warnings())
        return cls(core)

    def copy(self, *, dtype=None, threads=1):
        """The same network with the same numbers, in memory of its own."""
        return type(self)(self._core.copy(dtype or self.dtype, threads))

    # ── asking ────────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def dtype(self):
        """float32 or float64."""
        return self._core.dtype

    @property
    def spec(self):
        """The network as a dict."""
        return self._core.spec()

    def to_yaml(self):
        """The network as the text of a spec file."""
        return _core.spec_yaml(self.spec)

    def describe(self):
        """What will happen, as text: layers, connections with lags, stages, parameters, memory and work per step."""
        return self._core.describe()

    @property
    def layers(self):
        """Of every layer a dict: layer_id, layer_type, units, records (what simulate can record of it)."""
        return self._core.layers()

    @property
    def blocks(self):
        """Of every parameter a dict: name (real values), stored_name, shape, offset in θ, learnable, mask, help."""
        return self._core.blocks()

    def __repr__(self):
        layers = " → ".join(f"{l['layer_type']} {l['units']}" for l in self.layers)
        return f"dynode.Model({layers}; {self._core.learnable_size:,} parameters, {self.dtype})"

    # ── parameters ────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def parameters(self):
        """Parameters by stored name (J_0_to_1, b_0_to_1, layer1/log_gamma_plus), as views of the model's own memory.

        What is written there counts from the next run on, projected onto masks, signs and boxes. Weights are [to,
        from].
        A name with log_ holds logarithms; get() and set() speak of real values."""
        if self._views is None:
            self._views = self._core.views()
        return _Parameters(self._views)

    @property
    def theta(self):
        """All parameters as one vector, a view."""
        return self._core.theta()

    def get(self, name):
        """Real values of a parameter, a copy: layer1/gamma_plus."""
        return self._core.get(name)

    def set(self, name, values):
        """Sets real values (a name with log_ takes logarithms)."""
        self._core.set(name, values)

    __getitem__ = get
    __setitem__ = set

    def load_parameters(self, path):
        """Sets all parameters found in an .npz, .safetensors or .dynode file."""
        self._core.load_parameters(os.fspath(path))

    # ── running ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def simulate(
        self,
        x=None,
        record=(),
        *,
        every=1,
        initial_states={},
        timespans=None,
        mask=None,
        noise=None,
        track=True,
        stop_early=True,
        steps=None,
        rows=1,
    ):
        """Runs the network.

        x: [batch, time, unit] or [time, unit], numbers of any dtype and strides. None for networks without an input
        array
        (input_type: none): they run for `steps` steps, or as long as the spec says, in `rows` rows, and those that fire
        give spikes.
        record: s, state, phi, g, spikes, power for all layers that have them, or s/1, state/1/v, phi/1 for one.
        every: of what is recorded, the initial state and what every so many steps made; output and spikes are whole.
        initial_states: "<layer>" or "<layer>/<state>" → [unit] or [batch, unit].
        timespans: [batch, time] or [time], the time each step takes, instead of dt.
        mask: [batch, time], 0 where a step is padding and keeps states and outputs as they are.
        noise: False for none; {"training": True} for noise of training, too; {"run": 7} for that of run 7 again.
        Returns Results. Raises ShapeError, NumericsError, SpecError."""
        if isinstance(record, str):
            record = (record,)
        if x is None:
            if timespans is not None or mask is not None:
                raise _core.SpecError("timespans and mask belong to an input array\n  give x, or leave them out")
            results = Results(*self._core.simulate_free(record, every, initial_states, noise, steps, rows))
            if results.warnings:
                warn(results.warnings)
            return results
        if steps is not None or rows != 1:
            raise _core.SpecError("steps and rows are those of the input array\n  leave them out, or x")
        arrays, warnings, steps, energy = self._core.simulate(
            x, record, every, initial_states, timespans, mask, noise, track, stop_early
        )
        if warnings:
            warn(warnings)
        return Results(arrays, warnings, steps, energy)

    def __call__(self, x, **words):
        """The output alone, [batch, time + 1, unit]."""
        return self.simulate(x, **words).output

    def gradient(
        self,
        x,
        target=None,
        loss="mse",
        *,
        initial_states={},
        timespans=None,
        mask=None,
        noise=None,
        input=False,
        initial=False,
        spans=False,
        adjoint=None,
        pooling=None,
        layer=None,
    ):
        """Loss and its exact gradient by back-propagation through time.

        target: classes [batch] or [batch, time], or values [batch, time, unit].
        loss: a name (dynode.catalogue()["losses"]), a dict {"loss", "target", "weight", "params", "layer", "state",
        "pooling", "pooling_params"}, or a list of these, which are added.
        input, initial, spans: also gradients with respect to these.
        adjoint: {"checkpoint_every": steps} or {"memory_mb": limit} for long runs (the same bits), {"truncate_every":
        steps}.
        Returns Gradient."""
        terms = loss_terms(target, loss, pooling=pooling, layer=layer)
        return Gradient(
            *self._core.gradient(x, terms, initial_states, timespans, mask, noise, input, initial, spans, adjoint)
        )

    def train(
        self,
        x,
        y,
        *,
        loss=None,
        epochs=100,
        batch_size=32,
        lr=1e-3,
        optimizer="adamw",
        optimizer_params=None,
        val_split=0.1,
        test_split=0.0,
        pooling=None,
        mapping=None,
        schedule=None,
        callbacks=None,
        metrics=None,
        patience=None,
        clip=None,
        timespans=None,
        mask=None,
        seed=42,
        threads=1,
        on_update=None,
        on_epoch=None,
        progress=False,
        directory=None,
        config=None,
    ):
        """Trains on arrays; the best network of the run (by validation loss) is what this model is afterwards.

        x: [samples, time, unit]. y: classes [samples] or [samples, time], or values [samples, unit] or [samples,
        time, unit].
        loss: a name or list of {"name", "weight", "params"}; default cross_entropy for classes, mse for values.
        pooling: from all steps to one answer per sequence ("final", "mean", {"name": "mean_last_n", "params": {"n":
        5}}).
        schedule: {"type": "cosine", …}. callbacks: noise_annealers, loss_weight_schedulers, qat, as in a training file.
        on_epoch(dict), on_update(dict, at most ten times a second): returning True ends the run; progress=True prints.
        directory: keeps the run directory (metrics.jsonl, checkpoints, report.html). config: further words of a
        training
        file, e.g. {"training": {"stop_when": {"loss": 0.01}}}. Returns TrainResult. Ctrl-C ends it; what was learnt
        stays.
        """
        from ._training import train_arrays

        return train_arrays(
            self,
            x,
            y,
            loss=loss,
            epochs=epochs,
            batch_size=batch_size,
            lr=lr,
            optimizer=optimizer,
            optimizer_params=optimizer_params,
            val_split=val_split,
            test_split=test_split,
            pooling=pooling,
            mapping=mapping,
            schedule=schedule,
            callbacks=callbacks,
            metrics=metrics,
            patience=patience,
            clip=clip,
            timespans=timespans,
            mask=mask,
            seed=seed,
            threads=threads,
            on_update=on_update,
            on_epoch=on_epoch,
            progress=progress,
            directory=directory,
            config=config,
        )

    # ── before and after learning ─────────────────────────────────────────────────────────────────────────────────────

    def match_flux(
        self, x, target=0.5, *, range=None, iterations=5, step=1.0, by_fan_in=False, node_wise=False, connections=(), layers={}
    ):
        """Sets weights so that every unit gets the mean flux `target` (its offset included) on inputs x.

        range: (first, last) targets over the units of a layer, instead. layers: {layer_id: target}. by_fan_in: connections
        share by their numbers of weights. node_wise: sources count with their mean. Returns of each layer a dict: layer_id,
        before, after, target, unreachable (units)."""
        return _core.match_flux(
            self._core, x, target, range, iterations, step, by_fan_in, node_wise, list(connections), dict(layers)
        )

    def tune_criticality(
        self, x, *, iterations=100, rate=0.01, branching=1.0, expansion=1.0, activity=0.0, clip=1.0, patience=10
    ):
        """Moves weights to where activity neither dies out nor grows on inputs x; the best stay.

        branching, expansion: weights of branching_loss and local_expansion_loss; activity: of a penalty on silence and
        excess. Returns a dict: before, after (losses), best (iteration)."""
        return _core.tune_criticality(self._core, x, iterations, rate, branching, expansion, activity, clip, patience)

    def pruned(
        self, share, *, saliency="magnitude", unit="element", block=(4, 4), each=False, blend=0.0, connections=(), x=None,
        target=None, loss="mse", pooling="none", batch=32, draws=8, seed=1
    ):
        """A copy without this share of its weights, those that matter least.

        saliency: "magnitude"; "fisher" or "hessian", of a loss on x and target. unit: "element", "row", "column", "block".
        each: the share of each connection, else of all together. Returns (Model, {name: (before, after)})."""
        core, left = _core.prune(
            self._core, share, saliency, unit, tuple(block), each, blend, list(connections), x, target, loss, pooling, batch,
            draws, seed
        )
        return type(self)(core), left

    def programmable(self, mode="NOCC", params=None, *, connections=(), flux=0.1):
        """A copy whose fixed connections are programmable ones ("NOCC", "WICC") with the same gain at rest under a small
        flux. What could not be kept is warned of."""
        core, notes = _core.make_programmable(self._core, mode, params, list(connections), flux)
        warn(notes)
        return type(self)(core)

    # ── files ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def save(self, path, *, lossy=False):
        """Writes the network: .dynode (all of it), .json (as the SOEN toolkit exports it), .mat (spikeRNN), .nir (with
        `lossy` also where NIR has only something near), .npz or .safetensors (weights alone, real values), .yaml (the spec alone).
        What could not be kept is warned of."""
        path = os.fspath(path)
        ending = os.path.splitext(path)[1].lower()
        if ending == ".dynode":
            self._core.save(path)
        elif ending == ".json":
            warn(_core.save_json(self._core, path))
        elif ending == ".nir":
            warn(_core.save_nir(self._core, path, lossy))
        elif ending == ".safetensors":
            _core.save_tensors(self._core, path)
        elif ending == ".mat":
            _core.rate_save(self._core, path)
        elif ending == ".npz":
            np.savez(path, **{name: self.get(name) for name in self._core.names()})
        elif ending in (".yaml", ".yml"):
            with open(path, "w", encoding="utf-8") as file:
                file.write(self.to_yaml())
        else:
            raise _core.IoError(
                f"{path}: models are not written as '{ending}'\n  there are: .dynode, .json, .mat, .nir, .npz, .safetensors, .yaml"
            )

    def torch(self, **words):
        """This network as a torch.nn.Module that shares its parameters (dynode.torch.Network)."""
        from .torch import Network

        return Network(self, **words)

    def __reduce__(self):
        import tempfile

        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "model.dynode")
            self._core.save(path)
            with open(path, "rb") as file:
                return _unpickle, (file.read(), self.dtype)


def _unpickle(data, dtype):
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.dynode")
        with open(path, "wb") as file:
            file.write(data)
        return Model(_core.Model.from_file(path, dtype, 1, None))
