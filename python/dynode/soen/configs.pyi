# Made by scripts/python_stubs.py.
from typing import *

class SimulationConfig:
    def __init__(self, *, dt: float | None = ..., dt_learnable: bool | None = ..., input_type: str | None = ..., network_evaluation_method: str | None = ..., steps: int | None = ..., duration: float | None = ..., time_unit: str | None = ..., rate_table: str | None = ..., track_phi: bool | None = ..., track_g: bool | None = ..., track_s: bool | None = ..., track_power: bool | None = ..., early_stopping_forward_pass: bool | None = ..., early_stopping_tolerance: float | None = ..., early_stopping_patience: int | None = ..., early_stopping_min_steps: int | None = ..., steady_window_min: int | None = ..., steady_tol_abs: float | None = ..., steady_tol_rel: float | None = ...) -> None: ...
    dt: float
    dt_learnable: bool
    input_type: str
    network_evaluation_method: str
    steps: int
    duration: float
    time_unit: str
    rate_table: str
    track_phi: bool
    track_g: bool
    track_s: bool
    track_power: bool
    early_stopping_forward_pass: bool
    early_stopping_tolerance: float
    early_stopping_patience: int
    early_stopping_min_steps: int
    steady_window_min: int
    steady_tol_abs: float
    steady_tol_rel: float
    def to_dict(self) -> dict[str, Any]: ...

class LayerConfig:
    def __init__(self, *, layer_id: int, layer_type: str, params: dict[str, Any], model_id: int | None = ..., description: str | None = ..., noise: dict[str, Any] | None = ..., perturb: dict[str, Any] | None = ...) -> None: ...
    layer_id: int
    layer_type: str
    params: dict[str, Any]
    model_id: int
    description: str
    noise: dict[str, Any]
    perturb: dict[str, Any]
    def to_dict(self) -> dict[str, Any]: ...

class ConnectionConfig:
    def __init__(self, *, from_layer: int, to_layer: int, connection_type: str, params: dict[str, Any] | None = ..., learnable: bool | None = ..., mode: str | None = ..., connection_params: dict[str, Any] | None = ..., lag: int | None = ..., delay: float | None = ..., noise: dict[str, Any] | None = ..., perturb: dict[str, Any] | None = ..., visualization_metadata: dict[str, Any] | None = ...) -> None: ...
    from_layer: int
    to_layer: int
    connection_type: str
    params: dict[str, Any]
    learnable: bool
    mode: str
    connection_params: dict[str, Any]
    lag: int
    delay: float
    noise: dict[str, Any]
    perturb: dict[str, Any]
    visualization_metadata: dict[str, Any]
    def to_dict(self) -> dict[str, Any]: ...

class NoiseConfig:
    def __init__(self, **words: float | bool) -> None: ...
    def to_dict(self) -> dict[str, Any]: ...

class PerturbationConfig:
    def __init__(self, **words: float | bool) -> None: ...
    def to_dict(self) -> dict[str, Any]: ...

def words_of(config: Any) -> dict[str, Any]: ...
