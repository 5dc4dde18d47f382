"""Which attractors a perturbation of rates can single out. States are lists of clusters, from 0.

    states = capacity.covering_partitions(18, 3)                  # 12 states of 3 of 18 clusters
    best   = capacity.best_margin(states, 18, dimensions=4)       # best.gamma = min dᵀΠd, best.projection Π
    delta  = capacity.targeting_direction(best.projection, states[0])
    for role in capacity.roles(states, states[0], delta): ...     # role.role, role.linear_score, …
    fit    = capacity.sensitivity(alphas, probabilities)          # fit.slopes, fit.r_squared
"""
from types import SimpleNamespace

from . import _core
from ._core import covering_partitions, random_subspace, shifted_partitions, state_margins, targeting_direction

__all__ = [
    "best_margin",
    "coverage",
    "covering_partitions",
    "full_margin",
    "metastable_boundary",
    "predicted_probabilities",
    "random_subspace",
    "roles",
    "sensitivity",
    "shifted_partitions",
    "state_margins",
    "superposition",
    "targeting_direction",
    "vocabulary",
]


def coverage(states, clusters):
    """(covered, total): ordered pairs of clusters that a swap of some state exchanges."""
    return _core.capacity_coverage(states, clusters)


def best_margin(states, clusters, dimensions, *, vocabulary_alone=False):
    """gamma = max over Π (0 ⪯ Π ⪯ I, tr Π = dimensions) of the least dᵀΠd, and that projection. Neighbours d are all
    swaps of the states, or the pairs of the vocabulary alone."""
    gamma, projection = _core.capacity_margin(states, clusters, dimensions, vocabulary_alone)
    return SimpleNamespace(gamma=gamma, projection=projection)


def full_margin(clusters, k, dimensions):
    """The same in closed form where every pair of clusters is covered by states of k clusters."""
    gamma, projection = _core.capacity_full_margin(clusters, k, dimensions)
    return SimpleNamespace(gamma=gamma, projection=projection)


def roles(states, target, direction):
    """Of each state seen from a target: role (target, bottleneck, partial, orthogonal), overlap, symmetric_difference,
    linear_score, score_contrast, direction (boost, suppress, neutral)."""
    return [SimpleNamespace(**role) for role in _core.capacity_roles(states, target, direction)]


def vocabulary(states, probabilities, n_targets, clusters, *, new_coverage=False):
    """The most probable states: state (index), competitors, difficulty; with new_coverage those that exchange new pairs
    of clusters."""
    return [
        SimpleNamespace(**c) for c in _core.choose_vocabulary(states, probabilities, n_targets, clusters, new_coverage)
    ]


def sensitivity(alphas, probabilities, most=0.05):
    """Least squares of log p against α ≤ most for each state: slopes, r_squared; probabilities [alphas, states]."""
    slopes, r_squared = _core.sensitivity(alphas, probabilities, most)
    return SimpleNamespace(slopes=slopes, r_squared=r_squared)


def predicted_probabilities(p0, g, direction, alpha):
    """p ∝ p0 exp(α G δ), G [states, clusters]."""
    return _core.predicted_probabilities(p0, g, direction, alpha)


def superposition(p0, parts, combined, weights):
    """Whether perturbations add up in log p: states met in all runs, predicted, measured, r_squared, rms.
    p0, combined [states], parts [parts, states], weights [parts]."""
    return SimpleNamespace(**_core.superposition(p0, parts, combined, weights))


def metastable_boundary(alphas, probabilities, states, target, many=5):
    """The last α at which the target is the most probable state (target_dominates), states of its size have half of the
    probability (k_hot), and `many` states have p > 0.01 (varied); None where none is."""
    return SimpleNamespace(**_core.metastable_boundary(alphas, probabilities, states, target, many))
