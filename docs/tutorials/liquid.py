# %% [markdown]
# # Liquid networks (ncps)
# Sixteen neurons wired like a small nervous system learn to follow a sine, as LTC (equations solved in every step)
# and as
# CfC (their closed form), first with the engine's own training, then in an ordinary training script of torch.

# %%
import numpy as np
from dynode.ncps import CfC, LTC
from dynode.ncps.wirings import AutoNCP
from dynode.plot import Figure

t = np.linspace(0, 3 * np.pi, 48)
x = np.stack([np.sin(t), np.cos(t)], axis=1)[None].astype(np.float32)
y = np.sin(2 * t)[None, :, None].astype(np.float32)

wiring = AutoNCP(16, 1)
wiring.build(2)
wiring.draw_graph(FIGURES / "tutorial_wiring.svg", draw_labels=True)
print(f"{wiring.synapse_count} synapses and {wiring.sensory_synapse_count} from the inputs")

# %%
nets = {"LTC": LTC(2, AutoNCP(16, 1), seed=1), "CfC": CfC(2, AutoNCP(16, 1), seed=1)}
curves, answers = {}, {}
for name, net in nets.items():
    before = net(x)[0]
    result = net.train(np.repeat(x, 4, 0), np.repeat(y, 4, 0), epochs=250, lr=0.02, batch_size=4, val_split=0.25)
    curves[name] = [e["train"]["loss"] for e in result.history]
    answers[name] = net(x)[0][0, :, 0]
    print(f"{name}: loss {curves[name][0]:.3f} → {curves[name][-1]:.4f}")

figure = Figure(2, "sin 2t out of sin t and cos t")
figure[0].lines(t, {"asked": y[0, :, 0], **answers}, xlabel="t", ylabel="output")
figure[1].lines(np.arange(1, 251), {k: np.log10(v) for k, v in curves.items()}, xlabel="epoch", ylabel="log₁₀ loss")
figure.save(FIGURES / "tutorial_liquid.svg")
assert all(c[-1] < 0.2 * c[0] for c in curves.values())

# %% [markdown]
# The same with torch: one import is different.

# %%
try:
    import torch
except ImportError:
    torch = None
if torch:
    from dynode.torch import CfC as TorchCfC

    rnn = TorchCfC(2, AutoNCP(16, 1), seed=1)
    optimiser = torch.optim.Adam(rnn.parameters(), lr=0.02)
    for step in range(100):
        output, hx = rnn(torch.from_numpy(x))
        loss = torch.nn.functional.mse_loss(output, torch.from_numpy(y))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    print(f"torch: loss {loss.item():.4f}")
