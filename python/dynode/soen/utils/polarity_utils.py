"""Signs of neurons: 1 excites, -1 inhibits, 0 is free."""
import numpy as np


def generate_alternating_polarity(num_neurons):
    polarity = np.ones(num_neurons, dtype=np.int8)
    polarity[1::2] = -1
    return polarity


def generate_random_polarity(num_neurons, excitatory_ratio=0.8, seed=None):
    """floor(num_neurons · (1 − excitatory_ratio)) inhibitory neurons at random places."""
    polarity = np.ones(num_neurons, dtype=np.int8)
    inhibitory = int(np.floor(num_neurons * (1 - excitatory_ratio) + 1e-9))
    polarity[np.random.default_rng(seed).permutation(num_neurons)[:inhibitory]] = -1
    return polarity


def save_polarity(polarity, path):
    np.save(path, np.asarray(polarity, dtype=np.int8))
