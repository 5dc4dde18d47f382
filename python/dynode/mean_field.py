"""Mean-field theory of spiking populations: self-consistent rates and their stability.

    from dynode.mean_field import LIFMeanField
    mf  = LIFMeanField(n_clusters=2, c_matrix=C, j_matrix=J, j_ext=…, c_ext=…, nu_ext=…, tau_membrane=[0.02, 0.02], …)
    sol = mf.solve_rates()                       # sol.x: rates, Hz
    kind, eigenvalues = mf.determine_stability(sol.x)
"""
import os
from types import SimpleNamespace

import numpy as np

from . import _core


class LIFMeanField:
    """Mean-field model of a clustered LIF network.

    n_clusters: number of clusters. c_matrix, j_matrix [P, P] (post, pre): numbers of synapses and their efficacy.
    j_ext, c_ext, nu_ext [P]: efficacy, number and rate (Hz) of external inputs. tau_membrane, tau_synaptic,
    tau_refractory (s), threshold, reset_voltage: one number, [E, I], or one per population.
    """

    def __init__(
        self,
        n_clusters,
        c_matrix,
        j_matrix,
        j_ext,
        c_ext,
        nu_ext,
        tau_membrane=0.02,
        tau_synaptic=0.005,
        threshold=1.0,
        reset_voltage=0.0,
        tau_refractory=0.0,
    ):
        j_matrix = np.asarray(j_matrix, dtype=float)
        if j_matrix.ndim != 2 or j_matrix.shape[0] != j_matrix.shape[1]:
            raise _core.ShapeError(f"j_matrix: expected [P, P], got {list(j_matrix.shape)}")
        P = len(j_matrix)
        if np.shape(c_matrix) != j_matrix.shape:
            raise _core.ShapeError(f"c_matrix: expected {list(j_matrix.shape)}, got {list(np.shape(c_matrix))}")

        def each(name, values):
            values = np.ravel(np.asarray(values, dtype=float))
            if len(values) == 1:
                return np.repeat(values, P)
            if len(values) == 2 and P != 2:
                excitatory = min(n_clusters + 1, P)
                return np.repeat(values, [excitatory, P - excitatory])
            if len(values) != P:
                raise _core.ShapeError(
                    f"{name}: expected [{P}], got [{len(values)}]\n  one number, or [E, I], is fine, too"
                )
            return values

        self.n_clusters, self.size = n_clusters, P
        self._populations = _core.Populations(
            dict(
                c_matrix=c_matrix,
                j_matrix=j_matrix,
                **{
                    name: each(name, values)
                    for name, values in dict(
                        j_ext=j_ext,
                        c_ext=c_ext,
                        nu_ext=nu_ext,
                        tau_membrane=tau_membrane,
                        tau_synaptic=tau_synaptic,
                        threshold=threshold,
                        reset_voltage=reset_voltage,
                        tau_refractory=tau_refractory,
                    ).items()
                },
            )
        )

    @classmethod
    def from_config(cls, config):
        """Of a network without an input array, a path or a dict: a spec with LIF or LIFDelta layers, or the configuration of
        VectorialNeuroModulators. n_clusters: the first populations that are excitatory clusters, all where none are;
        names [P]: "E cluster 3", …"""
        self = object.__new__(cls)
        self._populations, self.n_clusters, self.names = _core.mean_field_of(
            config if isinstance(config, dict) else os.fspath(config)
        )
        self.size = self._populations.size
        return self

    def solve_rates(self, nu_init=None):
        """Rates ν = Φ(ν) from nu_init [P] (zeros if left out): x, success, message, fun = Φ(x) − x."""
        start = np.zeros(self.size) if nu_init is None else np.asarray(nu_init, dtype=float)
        x, converged, residual, evaluations = self._populations.solve(start)
        return SimpleNamespace(
            x=x,
            success=converged,
            fun=self.response_function(x) - x,
            nfev=evaluations,
            message="converged" if converged else f"did not converge: residual {residual:.3g}",
        )

    def determine_stability(self, nu_star, legacy_labels=False):
        """("stable node", "saddle focus", …, eigenvalues of ∂Φ/∂ν − 1, falling real part)."""
        found = self._populations.describe(np.asarray(nu_star, dtype=float))
        return found["type" if legacy_labels else "stability"], found["eigenvalues"]

    def response_function(self, nu):
        """Φ of all populations at ν, Hz."""
        return self._populations.response(np.asarray(nu, dtype=float))

    def effective_response_function(self, focus_pops, nu_init):
        """Φ where `focus_pops` keep their rates of nu_init and the others answer to them."""
        rates, converged, residual, _ = self._populations.solve(np.asarray(nu_init, dtype=float), list(focus_pops))
        if not converged:
            raise _core.Error(f"the other populations find no fixed point: residual {residual:.3g}")
        return self.response_function(rates)

    def input_statistics(self, nu):
        """(μ, σ) of the input of every population."""
        return self._populations.input_statistics(np.asarray(nu, dtype=float))

    def jacobian(self, nu):
        """∂Φ_i/∂ν_j, exact."""
        return self._populations.response_slope(np.asarray(nu, dtype=float))

    def fixed_points(self, starts=None, *, random_starts=100, seed=1):
        """Fixed points from many starts [count, P]: a list with rates, stability, eigenvalues, jacobian,
        multiplicity."""
        if starts is None:
            starts = _core.random_starts(self.size, random_starts, seed)
            if self.size == 2 * self.n_clusters + 2:
                starts += _core.cluster_starts(self.size, self.n_clusters)
        return [SimpleNamespace(**f) for f in self._populations.fixed_points([list(map(float, s)) for s in starts])]


__all__ = ["LIFMeanField"]
