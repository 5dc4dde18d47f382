# %% [markdown]
# # Continuous-time networks (nn4n)
# `v += α (−v + W_in u + W_hid f(v) + b)`, a readout on top, noise in training, and masks that say which synapses
# there are
# and of which sign. Here: a network in two areas, with excitatory and inhibitory units, that learns to hold a value.

# %%
import numpy as np
from dynode.ctrnn import CTRNN, multi_area_ei
from dynode.plot import Figure

masks = multi_area_ei(
    [2, 60, 1], n_areas=2, area_connectivities=[0.1, 0.05], input_areas=[0], readout_areas=[1], seed=4
)
print(masks.description)

# %%
net = CTRNN(
    dims=[2, 60, 1],
    activation="relu",
    biases="zero",
    sparsity_masks=masks.sparsity_masks,
    ei_masks=masks.masks,
    tau=50,
    dt=10,
    preact_noise=0.05,
    seed=4,
)

figure = Figure(2, "Weights between 60 units of two areas")
figure[0].image(masks.masks[1], xlabel="to unit", ylabel="from unit", title="mask: excitatory, inhibitory, none")
figure[1].image(net.weight("hidden").T, xlabel="to unit", ylabel="from unit", title="weights at the start")
figure.save(FIGURES / "tutorial_ctrnn_weights.svg")
assert ((net.weight("hidden").T != 0) <= (masks.masks[1] != 0)).all()

# %% [markdown]
# The task: the first input brings a value, the second a cue that says when to answer with it.


# %%
def trials(count, seed, steps=40):
    rng = np.random.default_rng(seed)
    value = rng.uniform(0.2, 1.0, size=count)
    x, y = np.zeros((count, steps, 2), np.float32), np.zeros((count, steps, 1), np.float32)
    x[:, 5:12, 0] = value[:, None]
    x[:, 25:, 1] = 1
    y[:, 25:, 0] = value[:, None]
    return x, y


x, y = trials(256, 1)
result = net.fit(x, y, epochs=60, lr=5e-3, batch_size=32, val_split=0.2)
print(result)

# %%
net.eval()
x, y = trials(6, 2)
answers, rates = net(x)
error = np.abs(answers - y)[:, 30:].mean()
figure = Figure(2, "Hold a value until the cue")
figure[0].band(25, 39, "cue")
figure[0].lines(
    np.arange(40),
    {f"value {v:.2f}": a[:, 0] for v, a in zip(y[:3, -1, 0], answers[:3])},
    xlabel="step",
    ylabel="output",
)
figure[1].image(rates[0].T, xlabel="step", ylabel="unit", title="rates of one trial")
figure.save(FIGURES / "tutorial_ctrnn.svg")
print(f"mean error after the cue {error:.3f}")
assert error < 0.12
