"""Networks of superconducting dendrites under the names of the SOEN toolkit, on numpy arrays or torch tensors.

    from dynode.soen import SOENModelCore, SimulationConfig, LayerConfig, ConnectionConfig
    model = SOENModelCore(SimulationConfig(dt=37), [LayerConfig(…), …], [ConnectionConfig(…), …])
    output, histories = model(x)           # x [batch, time, unit] → [batch, time + 1, unit]

    from dynode.soen.nn import Graph, Sequential, init, layers, structure
"""
from .configs import ConnectionConfig, LayerConfig, NoiseConfig, PerturbationConfig, SimulationConfig
from .graph import Graph, Sequential, init, layers, param, structure
from .model import LAYER_TYPE_MAP, SOENModelCore, dump_model_to_yaml

__all__ = [
    "ConnectionConfig",
    "Graph",
    "LAYER_TYPE_MAP",
    "LayerConfig",
    "NoiseConfig",
    "PerturbationConfig",
    "SOENModelCore",
    "Sequential",
    "SimulationConfig",
    "dump_model_to_yaml",
    "init",
    "layers",
    "param",
    "structure",
]
