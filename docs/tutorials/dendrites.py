# %% [markdown]
# # Superconducting dendrites
# A layer of dendrites integrates what reaches it: `ds/dt = γ⁺ g(φ) − γ⁻ s`. The source function `g` comes from a table
# of circuit simulations; time has the unit 1/ω_c. Here: what a dendrite does, what it costs, and a network that learns.

# %%
import numpy as np
import dynode
from dynode.plot import Figure
from dynode.soen import ConnectionConfig, LayerConfig, SimulationConfig, SOENModelCore

# %% [markdown]
# One input, three dendrites that leak at different rates.

# %%
gamma_minus = [0.0005, 0.002, 0.008]
model = SOENModelCore(
    SimulationConfig(dt=37, track_phi=True, track_power=True),
    [
        LayerConfig(layer_id=0, layer_type="Input", params={"dim": 1}),
        LayerConfig(
            layer_id=1,
            layer_type="SingleDendrite",
            params={"dim": 3, "bias_current": 1.7, "gamma_plus": 0.001, "gamma_minus": gamma_minus},
        ),
    ],
    [ConnectionConfig(from_layer=0, to_layer=1, connection_type="dense", params={"init": "constant", "value": 1.0})],
)

x = np.zeros((1, 600, 1))
x[0, 50:250] = 0.3  # a pulse of flux
output, histories = model(x)
power = model.get_power_history()[0]

t = np.arange(600)
figure = Figure(3, "Three dendrites and a pulse")
figure[0].lines(t, x[0, :, 0], xlabel="step (37 / ω_c)", ylabel="input φ")
figure[1].lines(
    np.arange(601),
    {f"γ⁻ = {g}": output[0, :, i] for i, g in enumerate(gamma_minus)},
    xlabel="step (37 / ω_c)",
    ylabel="state s",
)
figure[2].lines(
    t,
    {f"γ⁻ = {g}": 1e9 * power[0, :, i] for i, g in enumerate(gamma_minus)},
    xlabel="step (37 / ω_c)",
    ylabel="power, nW",
)
figure.save(FIGURES / "tutorial_dendrites.svg")
assert output[0, 250, 0] > output[0, 250, 2] > 0  # the leakier, the lower

# %% [markdown]
# A network of dendrites that tells which of two inputs was larger on average: 24 recurrent dendrites and a linear
# readout.

# %%
rng = np.random.default_rng(1)
x = rng.uniform(0, 0.4, size=(400, 30, 2)).astype(np.float32)
x[:, :, 0] += rng.uniform(-0.08, 0.08, size=(400, 1))
y = (x[:, :, 0].mean(axis=1) > x[:, :, 1].mean(axis=1)).astype(int)

net = dynode.Model.from_spec(
    {
        "seed": 3,
        "simulation": {"dt": 37},
        "layers": [
            {"layer_id": 0, "layer_type": "Input", "params": {"dim": 2}},
            {
                "layer_id": 1,
                "layer_type": "SingleDendrite",
                "params": {"dim": 24, "gamma_plus": 0.001, "gamma_minus": 0.001},
            },
            {"layer_id": 2, "layer_type": "Linear", "params": {"dim": 2}},
        ],
        "connections": [
            {
                "from_layer": 0,
                "to_layer": 1,
                "connection_type": "dense",
                "params": {"init": "uniform", "min": -0.5, "max": 0.5},
            },
            {"from_layer": 1, "to_layer": 1, "connection_type": "dense", "params": {"init": "normal", "std": 0.05}},
            {
                "from_layer": 1,
                "to_layer": 2,
                "connection_type": "dense",
                "params": {"bias": "zero", "init": "xavier_normal"},
            },
        ],
    }
)
result = net.train(
    x, y, epochs=30, lr=1e-2, pooling={"name": "mean_last_n", "params": {"n": 5, "scale": 10.0}}, val_split=0.25
)
print(result)

epochs = [e["epoch"] for e in result.history]
figure = Figure(2, "Which input was larger?")
figure[0].lines(
    epochs, {k: [e[k]["loss"] for e in result.history] for k in ("train", "validation")}, xlabel="epoch", ylabel="loss"
)
figure[1].lines(
    epochs,
    {k: [100 * e[k]["accuracy"] for e in result.history] for k in ("train", "validation")},
    xlabel="epoch",
    ylabel="accuracy, %",
)
figure.save(FIGURES / "tutorial_dendrites_learning.svg")
assert max(e["validation"]["accuracy"] for e in result.history) > 0.8
