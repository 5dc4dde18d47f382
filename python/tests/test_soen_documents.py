"""The examples of the documents people come with: their code, with another import line."""
import os

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import dynode


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


# ── SOEN toolkit: Building Models ─────────────────────────────────────────────────────────────────────────────────────


def test_soen_quick_start(capsys):
    from dynode.soen.core import SOENModelCore, SimulationConfig, LayerConfig, ConnectionConfig

    # 1. Global simulation settings
    sim_config = SimulationConfig(dt=37, network_evaluation_method="layerwise")

    # 2. Define layers
    layers = [
        LayerConfig(layer_id=0, layer_type="Linear", params={"dim": 10}),  # Input layer (no dynamics)
        LayerConfig(
            layer_id=1,
            layer_type="SingleDendrite",  # SOEN dendrite circuit
            params={
                "dim": 5,
                "solver": "FE",  # Forward Euler solver
                "source_func_type": "RateArray",  # Lookup table from circuit sims
                "bias_current": 1.7,  # Activation threshold
                "phi_offset": 0.23,
                "gamma_plus": 0.001,  # Drive term gain
                "gamma_minus": 0.001,  # Leak rate
            },
        ),
    ]

    # 3. Define connections
    connections = [ConnectionConfig(from_layer=0, to_layer=1, connection_type="dense")]  # All-to-all connectivity

    # 4. Build and use
    model = SOENModelCore(sim_config, layers, connections)

    # Run a forward pass
    import torch

    input_seq = torch.randn(2, 100, 10)  # (batch, time, input_dim)
    output, history = model(input_seq)

    print(f"Output shape: {output.shape}")  # (2, 101, 5) - includes t=0 initial condition
    assert "(2, 101, 5)" in capsys.readouterr().out.replace("torch.Size([2, 101, 5])", "(2, 101, 5)")
    output.sum().backward()
    assert all(p.grad is not None for p in model.parameters())


def test_soen_simulation_config():
    from dynode.soen.core import SimulationConfig

    sim_config = SimulationConfig(
        dt=37,  # Integration time step
        dt_learnable=False,  # Make dt trainable?
        input_type="state",  # "state" or "flux" - how layer 0 is fed
        track_phi=False,  # Record input flux history?
        track_g=False,  # Record source function values?
        track_s=False,  # Record state history?
        track_power=False,  # Track power (SingleDendrite only)
        network_evaluation_method="layerwise",  # Network evaluation method
        # Early stopping (for stepwise solvers)
        early_stopping_forward_pass=False,
        early_stopping_tolerance=1e-6,
        early_stopping_patience=1,
        # Windowed steady-state detection (preferred for early stopping)
        steady_window_min=50,
        steady_tol_abs=1e-5,
        steady_tol_rel=1e-3,
    )
    assert sim_config.dt == 37 and SimulationConfig().steady_tol_rel == 1e-3
    with pytest.raises(TypeError, match="did you mean 'track_phi'"):
        SimulationConfig(track_phy=True)


def test_soen_layer_and_connection_configs():
    from dynode.soen.core import (
        ConnectionConfig,
        LayerConfig,
        NoiseConfig,
        PerturbationConfig,
        SimulationConfig,
        SOENModelCore,
    )

    layer = LayerConfig(
        layer_id=1,  # Unique integer ID
        model_id=0,  # Sub-module ID (for visualization)
        layer_type="SingleDendrite",  # Type of computation
        description="Hidden layer",  # Optional documentation
        params={  # Type-specific parameters
            "dim": 20,  # Number of nodes
            "solver": "FE",  # Integration method
            "source_func_type": "RateArray",  # Nonlinearity
        },
        noise=NoiseConfig(  # Optional: stochastic noise per timestep
            phi=0.01, s=0.005, relative=False  # Noise on input flux  # Noise on state  # Absolute vs relative scaling
        ),
        perturb=PerturbationConfig(  # Optional: deterministic offset per forward
            bias_current_mean=0.0, bias_current_std=0.05
        ),
    )
    params = {
        "dim": 10,
        "bias_current": {"distribution": "uniform", "params": {"min": 1.5, "max": 2.0}},
        "gamma_plus": {
            "distribution": "lognormal",
            "params": {"mean": -6.9, "std": 0.2},  # log-space mean; actual values ~1e-3
        },
        "phi_offset": 0.23,  # Scalar = constant for all nodes
    }
    connection = ConnectionConfig(
        from_layer=0,  # Source layer ID
        to_layer=1,  # Target layer ID
        connection_type="dense",  # Connectivity pattern (for backwards compatibility)
        params={},  # Pattern-specific parameters
        learnable=True,  # Train these weights?
        noise=NoiseConfig(),  # Optional noise on weights
        perturb=PerturbationConfig(),  # Optional weight mismatch
    )
    nested = {
        "structure": {"type": "dense", "params": {"allow_self_connections": True}},
        "init": {"name": "xavier_uniform", "params": {"gain": 1.0}},
    }
    flat = {"init": "xavier_uniform", "gain": 1.0}
    first = LayerConfig(layer_id=0, layer_type="Linear", params={"dim": 10})
    third = LayerConfig(layer_id=2, layer_type="SingleDendrite", params=params)
    model = SOENModelCore(
        SimulationConfig(dt=37),
        [first, layer, third],
        [connection, ConnectionConfig(from_layer=1, to_layer=2, connection_type="dense", params=nested)],
    )
    bias = model.model.get("layer2/bias_current")
    assert bias.min() >= 1.5 and bias.max() <= 2 and len(set(bias)) == 10
    assert model.connections["J_0_to_1"].shape == (20, 10)
    two = [
        SOENModelCore(
            SimulationConfig(dt=37),
            [first, LayerConfig(layer_id=1, layer_type="SingleDendrite", params={"dim": 5})],
            [ConnectionConfig(from_layer=0, to_layer=1, connection_type="dense", params=p)],
        )
        for p in (nested, flat)
    ]
    np.testing.assert_array_equal(two[0].connections["J_0_to_1"], two[1].connections["J_0_to_1"])


def test_a_checkpoint_keeps_how_the_network_is_run(tmp_path):
    torch = pytest.importorskip("torch")
    from dynode.soen.core import SOENModelCore

    model = SOENModelCore.build({
        "simulation": {"dt": 20, "network_evaluation_method": "stepwise_jacobi"},
        "layers": [
            {"layer_id": 0, "layer_type": "Linear", "params": {"dim": 2}},
            {"layer_id": 1, "layer_type": "SingleDendrite", "params": {"dim": 3}},
        ],
        "connections": [
            {"from_layer": 0, "to_layer": 1, "connection_type": "dense"},
            {"from_layer": 1, "to_layer": 1, "connection_type": "dense"},
        ],
    })
    model.save(tmp_path / "net.soen")
    again = SOENModelCore.load(tmp_path / "net.soen")
    x = torch.rand(2, 5, 2)
    assert torch.equal(model(x)[0], again(x)[0])
    start = torch.full((3,), 0.1)
    assert torch.equal(model(x, initial_states={1: start})[0], model(x, initial_states={"1": start})[0])


def test_soen_build_save_load():
    from dynode.soen.core import SOENModelCore

    spec = {
        "simulation": {"dt": 37, "network_evaluation_method": "layerwise"},
        "layers": [
            {"layer_id": 0, "layer_type": "Linear", "params": {"dim": 10}},
            {
                "layer_id": 1,
                "layer_type": "SingleDendrite",
                "params": {
                    "dim": 5,
                    "solver": "FE",
                    "source_func_type": "RateArray",
                    "bias_current": 1.7,
                    "gamma_plus": 0.001,
                    "gamma_minus": 0.001,
                },
            },
        ],
        "connections": [{"from_layer": 0, "to_layer": 1, "connection_type": "dense"}],
    }
    model = SOENModelCore.build(spec)

    model.save("checkpoint.soen")  # or .pth; identical content
    # Optional metadata can be toggled
    model.save("checkpoint.pth", include_metadata=True)
    model.save("model.json")
    from dynode.soen.core.model_yaml import dump_model_to_yaml

    dump_model_to_yaml(model, "architecture.yaml")

    # Binary full model
    m = SOENModelCore.load("checkpoint.soen")

    x = np.random.default_rng(1).uniform(size=(2, 9, 10))
    for path in ("checkpoint.soen", "checkpoint.pth", "model.json"):
        np.testing.assert_array_equal(SOENModelCore.load(path)(x)[0], model(x)[0])
    # JSON detection: an exported model or a minimal spec
    np.testing.assert_array_equal(SOENModelCore.build("model.json")(x)[0], m(x)[0])
    import json

    json.dump(spec, open("config.json", "w"))
    for path in ("config.json", "architecture.yaml"):
        assert SOENModelCore.build(path)(x)[0].shape == (2, 10, 5)
    open("config.yaml", "w").write(
        """
simulation: {dt: 37}
layers:
  - {layer_id: 0, layer_type: Linear, params: {dim: 10}}
  - {layer_id: 1, layer_type: SingleDendrite, params: {dim: 5}}
connections:
  - from_layer: 0
    to_layer: 1
    connection_type: dense
    learnable: true
    mode: NOCC
    connection_params:    # New simplified API
      alpha: 1.64053      # Dimensionless resistance
      beta: 303.85        # Inductance of incoming branches
      beta_out: 91.156    # Inductance of output branch
      ib: 2.1             # Bias current
      j_in: 0.38          # Input coupling gain (default: 0.38)
      j_out: 0.38         # Output coupling gain (default: 0.38)
"""
    )
    assert SOENModelCore.build("config.yaml")(x)[0].shape == (2, 10, 5)


def test_soen_graph_with_programmable_weights():
    from dynode.soen.nn import Graph, layers, structure, init

    g = Graph(dt=37, network_evaluation_method="layerwise")
    g.add_layer(0, layers.Linear(dim=10))
    g.add_layer(
        1,
        layers.SingleDendrite(
            dim=5, solver="FE", source_func_type="RateArray", bias_current=1.7, gamma_plus=1e-3, gamma_minus=1e-3
        ),
    )

    # Simple: uses all defaults
    g.connect(0, 1, structure=structure.dense(), init=init.xavier_uniform(), mode="NOCC")
    assert g(np.random.rand(2, 7, 10)).shape == (2, 8, 5)

    g = Graph(dt=37)
    g.add_layer(0, layers.Linear(dim=10))
    g.add_layer(1, layers.SingleDendrite(dim=5))
    # Customized: override default physics parameters
    g.connect(
        0,
        1,
        structure=structure.dense(),
        init=init.uniform(-0.15, 0.15),
        mode="NOCC",
        connection_params={"alpha": 1.5, "beta": 350.0, "beta_out": 100.0, "ib": 2.0},
    )
    assert g(torch.rand(2, 7, 10)).shape == (2, 8, 5) and np.abs(g.connections["J_0_to_1"]).max() <= 0.15


def test_soen_weights_in_files():
    import numpy as np
    from dynode.soen.utils.weights_utils import save_weights_to_npy, save_weights_to_npz

    # Create custom weights (shape matches your connection)
    custom_weights = np.random.randn(5, 10).astype(np.float32)  # 5 targets, 10 sources

    # Save as .npy (simplest)
    save_weights_to_npy(custom_weights, "my_weights.npy")

    # Or save as .npz (with metadata)
    save_weights_to_npz(custom_weights, "my_weights.npz", key="weights")

    from dynode.soen import ConnectionConfig, LayerConfig, SimulationConfig, SOENModelCore

    connection = ConnectionConfig(
        from_layer=0, to_layer=1, connection_type="dense", params={"init": "custom", "weights_file": "my_weights.npy"}
    )
    layers_ = [
        LayerConfig(layer_id=0, layer_type="Linear", params={"dim": 10}),
        LayerConfig(layer_id=1, layer_type="SingleDendrite", params={"dim": 5}),
    ]
    np.testing.assert_array_equal(
        SOENModelCore(SimulationConfig(dt=37), layers_, [connection]).connections["J_0_to_1"], custom_weights
    )

    from dynode.soen.nn import Graph, init, layers, structure

    g = Graph(dt=37)
    g.add_layer(0, layers.Linear(dim=10))
    g.add_layer(1, layers.SingleDendrite(dim=5))
    g.connect(0, 1, structure=structure.dense(), init=init.custom_weights("my_weights.npy"))
    np.testing.assert_array_equal(g.connections["J_0_to_1"], custom_weights)

    from dynode.soen.utils.weights_utils import load_weights_from_file, validate_weight_shape

    # Load and validate weights
    weights = load_weights_from_file("my_weights.npy", from_nodes=10, to_nodes=5)

    # Check shape matches your connection before building
    is_valid = validate_weight_shape(weights, from_nodes=10, to_nodes=5)
    assert is_valid
    with pytest.raises(dynode.ShapeError):
        load_weights_from_file("my_weights.npz", from_nodes=5, to_nodes=10)


def test_soen_polarity():
    from dynode.soen.utils.polarity_utils import generate_alternating_polarity, generate_random_polarity, save_polarity

    # Generate custom pattern
    polarity = generate_alternating_polarity(num_neurons=100)
    assert polarity[0] == 1 and polarity[1] == -1 and polarity.sum() == 0

    # Or random with specific ratio
    polarity = generate_random_polarity(num_neurons=100, excitatory_ratio=0.8, seed=42)
    assert (polarity == -1).sum() == 20

    # Save to file
    save_polarity(polarity, "layer0_polarity.npy")

    from dynode.soen.core.configs import ConnectionConfig, LayerConfig, SimulationConfig
    from dynode.soen.core.soen_model_core import SOENModelCore

    for words in ({"polarity_init": "alternating"}, {"polarity_init": {"excitatory_ratio": 0.8, "seed": 42}}):
        # Simple method: Use polarity_init (no file needed!)
        sim = SimulationConfig(dt=37)
        layers = [
            LayerConfig(layer_id=0, layer_type="SingleDendrite", params={"dim": 50, **words}),  # Simple 50:50
            LayerConfig(layer_id=1, layer_type="SingleDendrite", params={"dim": 30}),
        ]
        connections = [
            ConnectionConfig(from_layer=0, to_layer=1, connection_type="dense", params={"init": "normal", "std": 0.1})
        ]

        model = SOENModelCore(sim_config=sim, layers_config=layers, connections_config=connections)
        sign = model.model._core.polarity(0)
        assert (model.connections["J_0_to_1"] * sign >= 0).all() and (sign == -1).sum() in (25, 10)

    layers = [
        LayerConfig(
            layer_id=0, layer_type="SingleDendrite", params={"dim": 100, "polarity_file": "layer0_polarity.npy"}
        ),
        LayerConfig(layer_id=1, layer_type="SingleDendrite", params={"dim": 5}),
    ]
    box = ConnectionConfig(
        from_layer=0,
        to_layer=1,
        connection_type="dense",
        params={"init": "normal", "constraints": {"min": -0.5, "max": 0.5}},
    )
    w = SOENModelCore(SimulationConfig(dt=37), layers, [box]).connections["J_0_to_1"]
    assert (w[:, polarity == 1] >= 0).all() and (w[:, polarity == -1] <= 0).all() and np.abs(w).max() <= 0.5
    with pytest.raises(dynode.SpecError):
        # This will fail:
        SOENModelCore(
            SimulationConfig(dt=37),
            layers,
            [
                ConnectionConfig(
                    from_layer=0,
                    to_layer=1,
                    connection_type="dense",
                    params={"connection_params": {"mode": "WICC"}},  # ERROR! Dynamic weights incompatible
                )
            ],
        )


def test_soen_simple_classifier(capsys):
    from dynode.soen.core import SOENModelCore, SimulationConfig, LayerConfig, ConnectionConfig

    # Network: Input (10) → Hidden (50 dendrites) → Output (5 classes)

    sim_config = SimulationConfig(dt=37, track_power=True)

    layers = [
        LayerConfig(layer_id=0, layer_type="Linear", description="Input features", params={"dim": 10}),
        LayerConfig(
            layer_id=1,
            layer_type="SingleDendrite",
            description="Recurrent SOEN layer",
            params={
                "dim": 50,
                "solver": "FE",
                "source_func_type": "RateArray",
                "bias_current": {"distribution": "uniform", "params": {"min": 1.5, "max": 1.9}},
                "gamma_plus": 0.0003,
                "gamma_minus": 0.001,
                "phi_offset": 0.23,
            },
        ),
        LayerConfig(
            layer_id=2,
            layer_type="DendriteReadout",
            description="Classification logits",
            params={"dim": 5, "source_func_type": "RateArray", "bias_current": 1.7},
        ),
    ]

    connections = [
        ConnectionConfig(from_layer=0, to_layer=1, connection_type="dense"),
        ConnectionConfig(from_layer=1, to_layer=2, connection_type="dense"),
    ]

    model = SOENModelCore(sim_config, layers, connections)
    model.save("classifier.pth")

    print(f"Total parameters: {sum(p.numel() for p in model.parameters()):,}")
    assert "Total parameters: " in capsys.readouterr().out and os.path.getsize("classifier.pth") > 1000
    assert sum(p.numel() for p in model.parameters()) >= 10 * 50 + 50 * 5 + 4 * 50


def test_soen_feedback_loops():
    from dynode.soen.core import ConnectionConfig, LayerConfig, NoiseConfig, SimulationConfig, SOENModelCore

    sim_config = SimulationConfig(
        dt=37,
        network_evaluation_method="stepwise_gauss_seidel",  # Required for feedback
        early_stopping_forward_pass=True,  # Stop at steady state
        steady_window_min=50,
        steady_tol_abs=1e-5,
    )

    layers = [
        LayerConfig(layer_id=0, layer_type="Linear", params={"dim": 10}),
        LayerConfig(
            layer_id=1,
            layer_type="SingleDendrite",
            params={
                "dim": 20,
                "solver": "FE",
                "source_func_type": "RateArray",
                "bias_current": 1.7,
                "gamma_plus": 0.001,
                "gamma_minus": 0.001,
            },
        ),
        LayerConfig(
            layer_id=2,
            layer_type="SingleDendrite",
            params={
                "dim": 15,
                "solver": "FE",
                "source_func_type": "RateArray",
                "bias_current": 1.7,
                "gamma_plus": 0.001,
                "gamma_minus": 0.001,
            },
        ),
    ]

    connections = [
        # Feedforward path
        ConnectionConfig(from_layer=0, to_layer=1, connection_type="dense"),
        ConnectionConfig(from_layer=1, to_layer=2, connection_type="dense"),
        # Feedback connection (requires stepwise solver)
        ConnectionConfig(from_layer=2, to_layer=1, connection_type="sparse", params={"sparsity": 0.3}),
    ]

    model = SOENModelCore(sim_config, layers, connections)
    run = model.model.simulate(np.full((1, 4000, 10), 0.2))
    assert 50 < run.steps < 4000  # it has become steady
    assert 0.1 < (model.connections["J_2_to_1"] != 0).mean() < 0.5


def test_soen_layer_types_and_histories():
    from dynode.soen.core.layer_registry import LAYER_TYPE_MAP

    print(list(LAYER_TYPE_MAP.keys()))
    assert {
        "SingleDendrite",
        "DendriteReadout",
        "Linear",
        "Input",
        "ScalingLayer",
        "NonLinear",
        "RNN",
        "LSTM",
        "GRU",
        "MinGRU",
    } <= set(LAYER_TYPE_MAP)

    from dynode.soen.core import ConnectionConfig, LayerConfig, SimulationConfig, SOENModelCore

    sim_config = SimulationConfig(
        track_phi=True,  # Track inputs to each layer
        track_g=True,  # Track source function values
        track_s=True,  # Track state trajectories
        track_power=True,  # Track power consumption (SingleDendrite only)
    )
    layers = [
        LayerConfig(layer_id=0, layer_type="Linear", params={"dim": 10}),
        LayerConfig(layer_id=1, layer_type="SingleDendrite", params={"dim": 5}),
    ]
    model = SOENModelCore(sim_config, layers, [ConnectionConfig(from_layer=0, to_layer=1, connection_type="dense")])
    for input_seq in (torch.rand(2, 20, 10), np.random.rand(2, 20, 10)):
        # to access the histories that were tracked
        output, histories = model(input_seq)
        phi_hist = model.get_phi_history()  # List of tensors, one per layer
        g_hist = model.get_g_history()  # List of tensors, one per layer
        power_hist = model.get_power_history()  # List of total power tensors, one per layer
        assert phi_hist[0].shape == g_hist[0].shape == power_hist[0].shape == (2, 20, 5)
        assert histories[-1].shape == (2, 21, 5)
