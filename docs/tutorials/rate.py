# %% [markdown]
# # Rate networks with Dale's law, and into spikes (spikeRNN)
# Excitatory and inhibitory units with time constants of their own learn Go-NoGo; then the same weights, divided by one
# factor, run a network of leaky integrate-and-fire units.

# %%
import numpy as np
import dynode
from dynode.plot import Figure
from dynode.rate import FR_RNN_dale, eval_rnn, tasks

net = FR_RNN_dale(100, 0.2, 0.2, seed=5)
net.display()
result = net.fit("go-nogo", trials=3000, learning_rate=0.01, min_trials=1000, seed=2)
print(result, "solved" if result.reached else "not solved yet")

# %%
task = tasks.GoNogoTask({"T": 200, "stim_on": 50, "stim_dur": 25}, seed=8)
figure = Figure(2, "Go-NoGo: the trained rate network")
figure[0].band(50, 75, "stimulus")
shown = {}
while len(shown) < 2:
    u, z, label = task.simulate_trial()
    if label not in shown:
        o, r, x = eval_rnn(net, {}, u)
        shown[label] = o
figure[0].lines(np.arange(199), shown, xlabel="step (5 ms)", ylabel="output")
figure[1].image(np.array(r).T[:, ::2], xlabel="step (10 ms)", ylabel="unit", title="rates of the last trial")
figure.save(FIGURES / "tutorial_rate.svg")
assert max(shown["go"][90:]) > 0.7 > max(np.abs(shown["nogo"][90:]))

# %% [markdown]
# Which factor makes the spiking network solve most trials?

# %%
found = dynode.spiking.search_scaling(net, "go_nogo", [20, 30, 40, 50, 60], trials=20, threads=0)
for s in found.scores:
    print(f"λ = {s.factor:.0f}: {s.correct} of {s.trials}, excitatory {s.rate_excitatory:.0f} Hz")
spiking = dynode.spiking.convert(net, found.best.factor)
trials = dynode.spiking.run_trials(spiking, net, "go_nogo", found.best.factor, trials=6, seed=3)
one = next((t for t in trials if t.correct and t.label == 1), trials[0])

figure = Figure(2, f"The same network in spikes, λ = {found.best.factor:.0f}")
figure[0].points(one.spikes[:, 0] * 5e-5, one.spikes[:, 1], size=0.8, xlabel="time, s", ylabel="unit")
figure[1].lines(np.arange(len(one.output))[::25] * 5e-5, one.output[::25], xlabel="time, s", ylabel="output")
for panel in (figure[0], figure[1]):
    panel.xlim = (0, 1)
figure.save(FIGURES / "tutorial_spikes.svg")
