from ..configs import ConnectionConfig, LayerConfig, NoiseConfig, PerturbationConfig, SimulationConfig
