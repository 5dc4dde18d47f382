# %% [markdown]
# # Clustered spiking networks and their mean field
# Populations of leaky integrate-and-fire neurons as rates: `ν = Φ(ν)`. With strong synapses within clusters there are
# several such points, and some of them last. First the theory, then neurons.

# %%
import dynode
import numpy as np
from dynode.mean_field import LIFMeanField
from dynode.plot import Figure


def populations(nu_ext, strength):
    """Two populations that excite themselves and hold each other down."""
    return LIFMeanField(
        n_clusters=2,
        c_matrix=np.full((2, 2), 200),
        j_matrix=np.array([[strength, -0.6 * strength], [-0.6 * strength, strength]]) * 0.02,
        j_ext=0.023,
        c_ext=3200,
        nu_ext=nu_ext,
        tau_membrane=0.02,
        tau_synaptic=0.005,
        threshold=1.5,
        reset_voltage=0.0,
        tau_refractory=0.005,
    )


# %%
rates = np.linspace(0, 12, 40)
answers = [populations(nu, 0.0).response_function(np.zeros(2))[0] for nu in rates]
figure = Figure(1, "One population without synapses inside")
figure[0].lines(rates, answers, xlabel="external rate of each input, Hz", ylabel="rate, Hz")
figure.save(FIGURES / "tutorial_transfer.svg")
assert np.all(np.diff(answers) >= 0)

# %% [markdown]
# How the fixed points change with the strength of the synapses: one that both share, and from some strength on two
# where
# one population has won.

# %%
strengths, found = np.linspace(0.05, 1.5, 30), []
starts = [[a, b] for a in (0, 5, 40, 120, 180) for b in (0, 5, 40, 120, 180)]
for s in strengths:
    for point in populations(1.5, s).fixed_points(starts):
        found.append((s, point.rates[0], point.stability))
stable = [(s, r) for s, r, kind in found if kind.startswith("stable")]
other = [(s, r) for s, r, kind in found if not kind.startswith("stable")]

figure = Figure(1, "Two populations that compete")
figure[0].points(*np.array(stable).T, name="lasting", size=3)
if other:
    figure[0].points(*np.array(other).T, name="not lasting", size=3)
figure[0].points([], [], xlabel="strength of synapses", ylabel="rate of the first, Hz")
figure.save(FIGURES / "tutorial_mean_field.svg")
solution = populations(1.5, 0.05).solve_rates()
print(solution.message, solution.x, populations(1.5, 0.05).determine_stability(solution.x)[0])
assert solution.success

# %% [markdown]
# The neurons themselves: 2000 of them, 18 clusters, driven by noise. Clusters come and go.

# %%
net = dynode.Model.from_spec(
    {
        "seed": 7,
        "simulation": {"dt": 0.0005, "duration": 1.5, "input_type": "none"},
        "layers": [
            {
                "layer_id": 0,
                "layer_type": "LIF",
                "params": {
                    "dim": 2000,
                    "n_excitatory": 1600,
                    "mechanism": "analytic",
                    "tau_membrane": 0.02,
                    "tau_synaptic": 0.005,
                    "tau_refractory": 0.005,
                    "threshold": [1.5, 0.75],
                    "reset_voltage": 0.0,
                },
            }
        ],
        "connections": [
            {
                "from_layer": 0,
                "to_layer": 0,
                "connection_type": "clustered",
                "mode": "spike",
                "params": {
                    "structure": {
                        "type": "clustered",
                        "params": {
                            "n_clusters": 18,
                            "n_excitatory_background": 160,
                            "n_inhibitory_background": 40,
                            "connectivity_fraction_probs": [0.2, 0.5, 0.5, 0.5],
                            "j_baseline": [0.63, 0.63, -1.9, -3.8],
                            "j_potentiated": [16.85, 5.45, 6.25, 5.0],
                        },
                    }
                },
            }
        ],
        "drives": [
            {
                "to_layer": 0,
                "type": "poisson",
                "nu_ext_baseline": [7, 7, 0, 0],
                "c_ext": [320, 320, 0, 0],
                "j_ext": [2.3, 2.3, 0, 0],
            }
        ],
        "arousal": {"level": 0.3, "L": 0.75, "x_0": 0.2, "k": 1.25, "M": 13.125},
    }
)
spikes = net.simulate()["spikes/0"]
shown = spikes[spikes[:, 2] % 4 == 0]
figure = Figure(2, "2000 neurons in 18 clusters")
figure[0].points(shown[:, 0] * 0.0005, shown[:, 2], size=0.7, xlabel="time, s", ylabel="neuron (every fourth)")
seconds = np.arange(0, 1.5, 0.02)
count = lambda low, high: np.histogram(
    spikes[(spikes[:, 2] >= low) & (spikes[:, 2] < high), 0] * 0.0005, np.append(seconds, 1.5)
)[0]
figure[1].lines(
    seconds,
    {"excitatory": count(0, 1600) / 1600 / 0.02, "inhibitory": count(1600, 2000) / 400 / 0.02},
    xlabel="time, s",
    ylabel="mean rate, Hz",
)
for panel in (figure[0], figure[1]):
    panel.xlim = (0, 1.5)
figure.save(FIGURES / "tutorial_clusters.svg")
print(f"{len(spikes):,} spikes")
assert len(spikes) > 1000
