"""soen_toolkit.core"""
from ..configs import ConnectionConfig, LayerConfig, NoiseConfig, PerturbationConfig, SimulationConfig
from ..model import SOENModelCore
