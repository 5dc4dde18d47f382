"""The examples of the documents people come with: their code, with another import line."""
import os

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import dynode


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


# ── ncps: Quickstart ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_ncps_quickstart():
    from dynode.torch import CfC

    # a fully connected CfC network
    rnn = CfC(input_size=20, units=50)

    from dynode.torch import CfC
    from dynode.ncps.wirings import AutoNCP

    wiring = AutoNCP(28, 4)  # 28 neurons, 4 outputs
    input_size = 20
    rnn = CfC(input_size, wiring)
    assert rnn(torch.randn(2, 3, 20))[0].shape == (2, 3, 4)

    # Create a fully connected CfC network
    rnn = CfC(input_size=20, units=50)
    x = torch.randn(2, 3, 20)  # (batch, time, features)
    h0 = torch.zeros(2, 50)  # (batch, units)
    output, hn = rnn(x, h0)
    assert output.shape == (2, 3, 50) and hn.shape == (2, 50)

    # the same on arrays
    from dynode.ncps import CfC as OnArrays

    output, hn = OnArrays(20, AutoNCP(28, 4))(x.numpy(), np.zeros((2, 28)))
    assert output.shape == (2, 3, 4) and hn.shape == (2, 28)


def test_ncps_ltc_with_a_wiring():
    from dynode.torch import LTC
    from dynode.ncps.wirings import AutoNCP

    wiring = AutoNCP(28, 4)  # 28 neurons, 4 outputs
    model = torch.nn.Sequential(LTC(2, wiring, return_sequences=True))
    output, state = model(torch.randn(3, 8, 2))
    assert output.shape == (3, 8, 4) and state.shape == (3, 28)


def test_a_network_builds_its_wiring():
    from dynode import ncps
    from dynode.ncps.wirings import AutoNCP
    from dynode.torch import LTC

    for kind in (LTC, ncps.LTC, ncps.CfC):
        wiring = AutoNCP(20, 4)
        net = kind(6, wiring)
        assert (net.synapse_count, net.sensory_synapse_count) == (48, 30) and wiring.input_dim == 6
        assert "<svg" in wiring.draw_graph()
        with pytest.raises(dynode.SpecError, match="built for 6 inputs, not 3"):
            kind(3, wiring)
    net = ncps.LTC(3, 5)   # all to all
    assert (net.synapse_count, net.sensory_synapse_count) == (25, 15)
    np.testing.assert_array_equal(net.wiring.adjacency_matrix, net.get("layer1/erev"))


def test_missing_inputs_keep_their_last_value():
    from dynode.ncps import CfC, fill_forward, last_present

    rng = np.random.default_rng(1)
    x, mask = rng.normal(size=(4, 7, 3)), rng.random((4, 7, 3)) < 0.4
    mask[2], spans = False, rng.random((4, 7)) + 0.1
    filled = fill_forward(np.where(mask, x, np.nan), mask, spans)
    plain = fill_forward(x, mask)
    value, since, out = np.zeros((4, 3)), np.zeros((4, 3)), np.zeros((4, 5))
    y = CfC(9, 5)(filled, None, spans)[0]
    for t in range(7):
        m = mask[:, t]
        value = m * x[:, t] + (1 - m) * value
        since = (spans[:, t, None] + since) * (1 - m)
        np.testing.assert_allclose(filled[:, t], np.concatenate([value, since, m], 1), rtol=1e-15)
        np.testing.assert_array_equal(plain[:, t], np.concatenate([value, m], 1))
        k = m.any(1)[:, None]
        out = k * y[:, t] + (1 - k) * out
    np.testing.assert_array_equal(last_present(y, mask), out)
    with pytest.raises(dynode.ShapeError, match="mask: expected"):
        fill_forward(x, mask[:, 0])
    with pytest.raises(dynode.ShapeError, match="timespans: expected"):
        fill_forward(x, mask, spans.T)


def test_ncps_troubleshooting():
    from dynode.ncps.wirings import AutoNCP
    from dynode.torch import CfC, CfCCell, LTCCell

    sparsity_mask = np.ones((70, 50))
    with pytest.raises(ValueError, match="If sparsity of a CfC cell is set, then no backbone is allowed"):
        CfCCell(input_size=20, hidden_size=50, sparsity_mask=sparsity_mask)
    rnn = CfCCell(input_size=20, hidden_size=50, sparsity_mask=sparsity_mask, backbone_units=0)
    assert rnn(torch.randn(2, 20), torch.zeros(2, 50))[0].shape == (2, 50)

    with pytest.raises(dynode.SpecError, match="in_features: the wiring was not built"):
        LTCCell(AutoNCP(16, 4))
    rnn, x = CfC(20, 50, mixed_memory=True), torch.randn(2, 3, 20)
    h0 = torch.zeros(2, 50)
    with pytest.raises(RuntimeError, match=r"requires a tuple \(h0, c0\) to be passed as state"):
        rnn(x, h0)
    c0 = torch.zeros(2, 50)
    output, hn = rnn(x, (h0, c0))
    assert output.shape == (2, 3, 50) and len(hn) == 2


# ── nn4n: Parameters ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_nn4n_parameters_and_methods():
    from dynode.ctrnn import CTRNN

    plain = CTRNN()  # dims [1, 100, 1]
    assert plain(np.zeros((1, 4, 1)))[1].shape == (1, 4, 100)
    rng = np.random.default_rng(0)
    ei = np.ones((20, 20))
    ei[16:] = -1  # (pre, post)
    net = CTRNN(
        dims=[3, 20, 2],
        activation="retanh",
        biases=["zero", "normal", None],
        weights=["normal", "uniform", rng.normal(size=(2, 20))],
        tau=100,
        dt=10,
        preact_noise=0.1,
        postact_noise=0.1,
        init_state="learn",
        sparsity_masks=[None, (rng.uniform(size=(20, 20)) < 0.5).astype(float), None],
        ei_masks=[None, ei, None],
        plasticity_masks=[None, np.ones((20, 20)), None],
        synapse_growth_masks=None,
        self_connections=False,
        seed=4,
    )
    assert (
        (np.diag(net.weight("hidden")) == 0).all()
        and (net.weight("hidden")[:, 16:] <= 0).all()
        and (net.weight("hidden")[:, :16] >= 0).all()
    )
    x = rng.normal(size=(2, 9, 3))
    noisy = net(x)[0], net(x)[0]
    assert not np.array_equal(*noisy)  # training mode
    net.eval()
    y, rates = net.forward(x)
    np.testing.assert_array_equal(net(x)[0], y)
    net.save("net.dynode")
    again = CTRNN.load("net.dynode").eval()
    np.testing.assert_array_equal(again(x)[0], y)
    assert "hidden" in net.print_layers()
    net.plot_layers("weights.svg")
    assert "<svg" in open("weights.svg").read()
    result = net.fit(x, np.zeros((2, 9, 2)), epochs=2, val_split=0.5)
    assert result.epochs == 2 and (np.diag(net.weight("hidden")) == 0).all()


def test_nn4n_dynamics_are_those_of_the_document():
    from dynode.ctrnn import CTRNN

    net = CTRNN(dims=[2, 6, 1], activation="tanh", biases="normal", dtype="float64").eval()
    u = np.random.default_rng(1).normal(size=(1, 7, 2))
    w_in, w, w_out = (net.weight(k) for k in ("input", "hidden", "readout"))
    b, v, gamma = net.bias("input") + net.bias("hidden"), np.zeros(6), 10 / 100
    y, rates = net(u)
    for t in range(7):
        v = (1 - gamma) * v + gamma * (w @ np.tanh(v) + w_in @ u[0, t] + b)
        np.testing.assert_allclose(rates[0, t], np.tanh(v), rtol=1e-10, atol=1e-13)
        np.testing.assert_allclose(y[0, t], w_out @ np.tanh(v) + net.bias("readout"), rtol=1e-10, atol=1e-13)


# ── spikeRNN: Rate RNN Model ──────────────────────────────────────────────────────────────────────────────────────────


def test_spikernn_model_and_functions():
    from dynode.rate import FR_RNN_dale, eval_rnn, loss_op, tasks

    rng = np.random.default_rng(0)
    w_in, w_out = rng.normal(size=(60, 1)), rng.normal(size=(1, 60)) / 100
    net = FR_RNN_dale(60, 0.2, 0.2, w_in, 2, "gaus", 1.5, True, w_out, device=None, seed=1)
    inh, exc, NI, NE, som_inh = net.assign_exc_inh()
    assert NI + NE == 60 and (inh != exc).all() and len(som_inh) == 2
    w, mask, som_mask = net.initialize_W()
    assert (
        (w >= 0).all()
        and mask.shape == som_mask.shape == (60, 60)
        and set(np.diag(mask)) == {-1, 1}
        and (som_mask == 0).any()
    )

    settings = {"T": 200, "stim_on": 50, "stim_dur": 25, "DeltaT": 1}
    u, z, label = tasks.GoNogoTask(settings).simulate_trial()
    training_params = {"activation": "sigmoid", "loss_fn": "L2"}
    stim, x, r, o, w, w_in_, mask, som_mask, w_out_, b_out, taus_gaus = net.forward(
        torch.tensor(u, dtype=torch.float32), [4, 20], training_params, settings
    )
    assert len(x) == len(r) == 200 and len(o) == 199 and r[0].shape == (60,) and taus_gaus.shape == (60,)
    loss = loss_op(o, z, training_params)
    loss.backward()
    assert float(loss) > 0 and w.grad is not None and taus_gaus.grad is not None
    o, r, x = eval_rnn(net, settings, u, None)
    assert isinstance(o[0], float) and loss_op(o, z, {"loss_fn": "l1"}) == pytest.approx(
        np.abs(np.array(o) - z).sum(), rel=1e-5
    )

    before = net.w.copy()
    lesion = net.lesion_w(0.5)
    assert ((net.w != before).sum() / (before > 0).sum()) == pytest.approx(0.5, abs=0.02)
    net.restore(lesion)
    np.testing.assert_array_equal(net.w, before)
    net.lesion_w_by_type(0.2, lesion_scale=0.5)
    os.mkdir("models")
    net.save("models/net.mat")
    other = FR_RNN_dale(60, 0.2, 0.2, w_in, 2, "gaus", 1.5, True, w_out).load_net("models")
    np.testing.assert_allclose(np.maximum(other.w, 0), np.maximum(net.w, 0))


def test_spikernn_learns_go_nogo_in_torch():
    from dynode.rate import FR_RNN_dale, loss_op, tasks

    net = FR_RNN_dale(60, 0.2, 0.2, seed=2)
    task = tasks.GoNogoTask({"T": 100, "stim_on": 25, "stim_dur": 15}, seed=3)
    optimizer, losses = torch.optim.Adam(net.parameters(), lr=0.01), []
    for _ in range(80):
        u, z, label = task.simulate_trial()
        stim, x, r, o, *_ = net.forward(torch.tensor(u, dtype=torch.float32), [4, 20], {"activation": "sigmoid"}, {})
        loss = loss_op(o, z, {"loss_fn": "l2"})
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss))
    assert np.mean(losses[-20:]) < 0.8 * np.mean(losses[:20])


# ── VectorialNeuroModulators: README ──────────────────────────────────────────────────────────────────────────────────


def test_mean_field_readme(capsys):
    import numpy as np
    from dynode.mean_field import LIFMeanField

    n_clusters = 2
    C = np.ones((n_clusters, n_clusters), dtype=int)
    J = 0.1 * np.ones((n_clusters, n_clusters))
    j_ext = np.array([2.3, 2.3])
    c_ext = np.array([320, 320])
    nu_ext = np.array([7.0, 7.0])

    lif_mf = LIFMeanField(
        n_clusters=n_clusters,
        c_matrix=C,
        j_matrix=J,
        j_ext=j_ext,
        c_ext=c_ext,
        nu_ext=nu_ext,
        tau_membrane=[0.02, 0.02],
        tau_synaptic=[0.005, 0.005],
        threshold=[1.5, 0.75],
        reset_voltage=0.0,
        tau_refractory=0.005,
    )

    sol = lif_mf.solve_rates()
    nu_star = sol.x
    fp_type, eigvals = lif_mf.determine_stability(nu_star)
    print("Fixed point:", nu_star)
    print("Type:", fp_type)
    assert sol.success and fp_type == "stable node" and np.abs(sol.fun).max() < 1e-6
    np.testing.assert_allclose(lif_mf.response_function(nu_star), nu_star, rtol=1e-9)
    slope, eps = lif_mf.jacobian(nu_star), 1e-4
    up = lif_mf.response_function(nu_star + [eps, 0]) - lif_mf.response_function(nu_star - [eps, 0])
    np.testing.assert_allclose(slope[:, 0], up / (2 * eps), rtol=1e-4)
    assert len(lif_mf.fixed_points(random_starts=5)) == 1
    with pytest.raises(dynode.ShapeError, match=r"c_matrix: expected \[2, 2\]"):
        LIFMeanField(n_clusters, np.ones(3), J, j_ext, c_ext, nu_ext)


def test_wirings():
    from dynode.ncps import wirings

    wiring = wirings.AutoNCP(28, 4)
    assert wiring.sensory_adjacency_matrix is None
    wiring.build(20)
    assert wiring.adjacency_matrix.shape == (28, 28) and wiring.sensory_adjacency_matrix.shape == (20, 28)
    assert wiring.synapse_count == np.abs(wiring.adjacency_matrix).sum() and wiring.get_type_of_neuron(0) == "motor"
    assert wiring.num_layers == 3 and len(wiring.get_neurons_of_layer(2)) == 4
    nodes, edges = wiring.get_graph()
    assert len(nodes) == 48 and len(edges) == wiring.synapse_count + wiring.sensory_synapse_count
    same = wirings.Wiring.from_config(wiring.get_config())
    np.testing.assert_array_equal(same.adjacency_matrix, wiring.adjacency_matrix)
    assert "<svg" in wiring.draw_graph("wiring.svg") and os.path.exists("wiring.svg")
    one = wiring.draw_graph(synapse_colors="#123456")   # of both kinds
    assert "#123456" in one and "#2ca02c" not in one and "#d62728" not in one
    own = wirings.Wiring(3, 1)
    own.build(1)
    own.add_sensory_synapse(0, 2, 1)
    own.add_synapse(2, 0, -1)
    assert own.adjacency_matrix[2, 0] == -1
    for kind in (wirings.FullyConnected(5), wirings.Random(6, sparsity_level=0.5), wirings.NCP(10, 8, 4, 4, 6, 4, 6)):
        kind.build(3)
        assert kind.synapse_count > 0
