"""torch: gradients, state dicts, moving, training, threads."""
import copy
import gc
import pickle
import resource
import threading

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import dynode
from dynode.torch import CTRNN, LTC, CfC, CfCCell, LTCCell, Network, wirings
from conftest import dendrites


def flat(*parts):
    return torch.cat([p.reshape(-1) for part in parts for p in (part if isinstance(part, tuple) else (part,))])


LIQUID = {
    "CfC": lambda: CfC(3, 4, backbone_units=6, dtype="float64"),
    "CfC, two layers, pure": lambda: CfC(3, 4, backbone_units=5, backbone_layers=2, mode="pure", dtype="float64"),
    "CfC, projected": lambda: CfC(3, 4, proj_size=2, backbone_units=5, dtype="float64"),
    "CfC, wired": lambda: CfC(3, wirings.AutoNCP(10, 2), dtype="float64"),
    "CfC, mixed memory": lambda: CfC(3, wirings.AutoNCP(10, 2), mixed_memory=True, dtype="float64"),
    "LTC": lambda: LTC(3, 4, dtype="float64"),
    "LTC, wired": lambda: LTC(3, wirings.AutoNCP(10, 2), dtype="float64"),
}


@pytest.mark.parametrize("name", LIQUID)
def test_liquid_gradients_are_exact(name):
    net = LIQUID[name]()
    double = dict(dtype=torch.float64)
    x = torch.randn(2, 4, 3, **double, requires_grad=True)
    spans = (torch.rand(2, 4, **double) + 0.5).requires_grad_()
    states = [torch.randn(2, net.state_size, **double).mul(0.3).requires_grad_() for _ in range(1 + net.use_mixed)]
    params = [p for p in net.parameters() if p.requires_grad]

    def run(x, spans, *others):
        return flat(*net(x, tuple(others[: len(states)]) if net.use_mixed else others[0], spans))

    assert torch.autograd.gradcheck(run, (x, spans, *states, *params))


def test_gradients_of_whole_specs_and_ctrnn_are_exact():
    x = torch.randn(2, 5, 10, dtype=torch.float64, requires_grad=True)
    net = Network(dendrites(), dtype="float64")
    assert torch.autograd.gradcheck(lambda x, *p: net(x), (x, *net.parameters()))
    both = lambda x, *p: flat(*(lambda o, h: (o, h["s/1"]))(*net(x, record=("s/1",))))
    assert torch.autograd.gradcheck(both, (x, *net.parameters()))
    rnn = CTRNN(dims=[10, 4, 2], activation="tanh", biases="normal", learn_alpha=True, dtype="float64")
    state = torch.randn(2, 4, dtype=torch.float64, requires_grad=True)
    params = [p for p in rnn.parameters() if p.requires_grad]
    assert torch.autograd.gradcheck(lambda x, s, *p: flat(*rnn(x, s)), (x, state, *params))


def test_a_batch_of_many_tiles_has_the_gradient_of_the_engine():
    net = Network(dendrites(), dtype="float64", threads=2)
    x, target = torch.randn(77, 12, 10, dtype=torch.float64), torch.randn(77, 12, 5, dtype=torch.float64)
    torch.nn.functional.mse_loss(net(x), target).backward()
    wanted = net.model.gradient(x.numpy(), target.numpy(), "mse")
    for name in wanted:
        np.testing.assert_allclose(net.named(name).grad.numpy(), wanted[name], rtol=1e-9, atol=1e-14)


def test_two_runs_may_be_open_and_backward_may_come_twice():
    net = LTC(3, 4)
    x = torch.randn(2, 5, 3)
    a, b = net(x)[0].sum(), net(2 * x)[0].sum()
    (a + b).backward(retain_graph=True)
    first = [p.grad.clone() for p in net.parameters() if p.grad is not None]
    net.zero_grad()
    (a + b).backward()
    for p, q in zip(first, (p.grad for p in net.parameters() if p.grad is not None)):
        torch.testing.assert_close(p, q)


def test_changing_parameters_in_between_is_an_error():
    net = CfC(3, 4)
    loss = net(torch.randn(1, 2, 3))[0].sum()
    with torch.no_grad():
        next(net.parameters()).mul_(2)
    with pytest.raises(dynode.SpecError, match="changed between a run and its gradient"):
        loss.backward()


def test_parameters_are_the_memory_of_the_network():
    net = CfC(3, 4)
    assert all(
        p.data_ptr() == net.model.parameters[b["stored_name"]].ctypes.data
        for p, b in zip(net._params, net.model.blocks)
    )


def test_names_are_those_of_ncps_and_nn4n():
    dense = {"rnn_cell.backbone.0.weight", "rnn_cell.backbone.0.bias"} | {
        f"rnn_cell.{m}.{k}" for m in ("ff1", "ff2", "time_a", "time_b") for k in ("weight", "bias")
    }
    assert set(CfC(3, 4).state_dict()) == dense
    wired = CfC(3, wirings.AutoNCP(10, 2)).state_dict()
    assert "rnn_cell.layer_0.ff1.weight" in wired and all(k.startswith("rnn_cell.layer_") for k in wired)
    assert {
        "rnn_cell.gleak",
        "rnn_cell.vleak",
        "rnn_cell.cm",
        "rnn_cell.sigma",
        "rnn_cell.sensory_mu",
        "rnn_cell.input_w",
        "rnn_cell.output_b",
    } <= set(LTC(3, 4).state_dict())
    assert {"recurrent_layer.input_layer.weight", "recurrent_layer.hidden_layer.weight", "readout_layer.weight"} <= set(
        CTRNN(dims=[3, 4, 2]).state_dict()
    )


def test_state_dicts_load_and_count_at_once():
    a, b, x = CfC(3, wirings.AutoNCP(10, 2), seed=1), CfC(3, wirings.AutoNCP(10, 2), seed=2), torch.randn(2, 4, 3)
    assert not torch.equal(a(x)[0], b(x)[0])
    state = a.state_dict()
    state["rnn_cell.layer_0.sparsity_mask"] = torch.ones(3, 3)  # ncps keeps its masks among its parameters
    b.load_state_dict(state)
    torch.testing.assert_close(a(x)[0], b(x)[0], rtol=0, atol=0)
    with pytest.raises(RuntimeError, match="Missing key"):
        b.load_state_dict({})


def test_moving_copying_pickling():
    net, x = CfC(3, 4), torch.randn(2, 5, 3)
    y = net(x)[0]
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        torch.testing.assert_close(other(x)[0], y, rtol=0, atol=0)
        with torch.no_grad():
            next(other.parameters()).zero_()
        torch.testing.assert_close(net(x)[0], y, rtol=0, atol=0)
    net.double()
    out = net(x.double())[0]
    assert out.dtype == torch.float64 and next(net.parameters()).dtype == torch.float64
    torch.testing.assert_close(out.float(), y)
    with pytest.raises(TypeError):
        net.half()


def test_layouts():
    net, x = CfC(3, 4), torch.randn(2, 5, 3)
    y, h = net(x)
    assert y.shape == (2, 5, 4) and torch.equal(y[:, -1], h)
    single, hs = net(x[0])
    torch.testing.assert_close(single, y[0])
    assert hs.shape == (4,)
    turned = copy.deepcopy(net)
    turned.batch_first = False
    torch.testing.assert_close(turned(x.transpose(0, 1))[0], y.transpose(0, 1))
    turned.batch_first, turned.return_sequences = True, False
    torch.testing.assert_close(turned(x)[0], y[:, -1])
    parts, state = [], None
    for t in range(5):
        out, state = net(x[:, t : t + 1], state)
        parts.append(out)
    torch.testing.assert_close(torch.cat(parts, 1), y)
    with pytest.raises(dynode.ShapeError, match=r"h0: expected \[2, 4\], got \[3, 4\]"):
        net(x, torch.zeros(3, 4))


def test_cells_take_one_step():
    cell = CfCCell(3, 4, backbone_units=8)
    out, h = cell(torch.randn(2, 3), torch.zeros(2, 4), 0.5)
    assert out.shape == (2, 4) and torch.equal(out, h)
    wiring = wirings.AutoNCP(10, 2)
    wiring.build(3)
    assert LTCCell(wiring)(torch.randn(2, 3), torch.zeros(2, 10))[0].shape == (2, 2)


def test_a_training_script_of_torch_runs():
    torch.manual_seed(0)
    net = torch.nn.Sequential()
    net.rnn, net.head = CfC(2, wirings.AutoNCP(16, 1), seed=3), torch.nn.Linear(1, 1)
    x = torch.stack([torch.sin(torch.linspace(0, 9, 40)), torch.cos(torch.linspace(0, 9, 40))], 1)[None]
    y = torch.sin(torch.linspace(0, 18, 40))[None, :, None]
    optimiser = torch.optim.Adam(net.parameters(), 2e-2)
    losses = []
    for _ in range(60):
        loss = torch.nn.functional.mse_loss(net.head(net.rnn(x)[0]), y)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]


def test_without_gradients_nothing_is_kept_and_numbers_are_the_same():
    net, x = LTC(3, 4), torch.randn(2, 5, 3)
    with torch.no_grad():
        quiet = net(x)[0]
    assert not quiet.requires_grad
    torch.testing.assert_close(quiet, net(x)[0].detach(), rtol=0, atol=0)


def test_memory_stays_flat():
    net, x = CfC(8, 32), torch.randn(32, 20, 8)

    def rounds(n):
        for _ in range(n):
            net(x)[0].sum().backward()
            net.zero_grad(set_to_none=True)
        gc.collect()
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    rounds(50)
    first = rounds(5)
    assert rounds(200) - first < 8000  # kB


def test_threads_of_torch_and_ours_live_together():
    torch.set_num_threads(2)
    net = CfC(8, 32, threads=2)
    x, failed = torch.randn(64, 20, 8), []

    def work():
        try:
            for _ in range(10):
                (net(x)[0] @ torch.randn(32, 64)).sum().backward()
        except Exception as error:  # noqa: BLE001
            failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(60)
    assert not failed and not any(t.is_alive() for t in threads)
