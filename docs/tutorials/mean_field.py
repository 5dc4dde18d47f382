# %% [markdown]
# # Mean field of clustered spiking networks
# Populations of leaky integrate-and-fire neurons as rates: `ν = Φ(ν)`. With strong synapses within clusters there are
# several such points, and some of them last.

# %%
import numpy as np
from dynode.mean_field import LIFMeanField
from dynode.plot import Figure

def populations(nu_ext, strength):
    """Two populations that excite themselves and hold each other down."""
    return LIFMeanField(
        n_clusters=2, c_matrix=np.full((2, 2), 200), j_matrix=np.array([[strength, -0.6 * strength], [-0.6 * strength, strength]]) * 0.02,
        j_ext=0.023, c_ext=3200, nu_ext=nu_ext, tau_membrane=0.02, tau_synaptic=0.005, threshold=1.5, reset_voltage=0.0, tau_refractory=0.005)

# %%
rates = np.linspace(0, 12, 40)
answers = [populations(nu, 0.0).response_function(np.zeros(2))[0] for nu in rates]
figure = Figure(1, "One population without synapses inside")
figure[0].lines(rates, answers, xlabel="external rate of each input, Hz", ylabel="rate, Hz")
figure.save(FIGURES / "tutorial_transfer.svg")
assert np.all(np.diff(answers) >= 0)

# %% [markdown]
# How the fixed points change with the strength of the synapses: one that both share, and from some strength on two where
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
