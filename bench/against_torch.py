#!/usr/bin/env python3
"""Question: how much faster is a training step than a torch program of the same mathematics, on one thread?

Each line runs both programs in turn and prints the median ratio of several pairs. The torch programs are written for
speed: input products for all steps at once and unbound, addmm in the loop, one grid_sample per step for the rate table.
DYNODE_BENCH_CLOCK=cpu: processor time for both, for machines that others use too. Names as arguments choose lines.
"""
import os
import statistics
import subprocess
import sys
import time

import torch
import torch.nn.functional as F

torch.set_num_threads(1)
T = 200
bench = os.environ.get("DYNODE_BENCH_DIR", "build/release/bench")


def dynode(program, *arguments, column):
    out = subprocess.run([os.path.join(bench, program), *map(str, arguments)], capture_output=True, text=True, check=True)
    return float(out.stdout.splitlines()[-1].split()[column]) / 1e3


now = time.process_time if os.environ.get("DYNODE_BENCH_CLOCK") == "cpu" else time.perf_counter


def fastest(step, budget=1.0):
    step()
    best, spent = 1e9, 0.0
    while spent < budget:
        start = now()
        step()
        seconds = now() - start
        best, spent = min(best, seconds), spent + seconds
    return best


def rate_network(n, b):
    w = torch.nn.Parameter(torch.randn(n, n) / n**0.5)
    w_in, bias = torch.nn.Parameter(torch.randn(n, 2)), torch.nn.Parameter(torch.zeros(n))
    alpha, w_out = torch.nn.Parameter(torch.full((n,), 0.2)), torch.nn.Parameter(torch.randn(2, n) / 10)
    x, y = torch.randn(b, T, 2), torch.randn(b, T, 2)
    optimizer = torch.optim.Adam([w, w_in, bias, alpha, w_out], lr=1e-5)

    def step():
        optimizer.zero_grad()
        u, wt = (x @ w_in.T + bias).unbind(1), w.T
        v = torch.zeros(b, n)
        r, rates = torch.tanh(v), []
        for t in range(T):
            v = v + alpha * (torch.addmm(u[t], r, wt) - v)
            r = torch.tanh(v)
            rates.append(r)
        (((torch.stack(rates, 1) @ w_out.T) - y) ** 2).mean().backward()
        optimizer.step()

    return step


def ctrnn(h, b, steps):
    """nn4n's CTRNN, forward and backward; alpha multiplies the weights, not the states."""
    alpha = 0.2
    w, w_in, w_out = (torch.nn.Parameter(torch.randn(*shape) / shape[1] ** 0.5) for shape in ((h, h), (h, 3), (2, h)))
    b_in, b_hid, b_out = (torch.nn.Parameter(torch.zeros(n)) for n in (h, h, 2))
    parameters, x, y = (w, w_in, w_out, b_in, b_hid, b_out), torch.randn(b, steps, 3), torch.randn(b, steps, 2)

    def step():
        for p in parameters:
            p.grad = None
        u, wt = (alpha * F.linear(x, w_in, b_in + b_hid)).unbind(1), alpha * w.T
        v = torch.zeros(b, h)
        r, rates = torch.tanh(v), []
        for t in range(steps):
            v = torch.add(torch.addmm(u[t], r, wt), v, alpha=1 - alpha)
            r = torch.tanh(v)
            rates.append(r)
        ((F.linear(torch.stack(rates, 1), w_out, b_out) - y) ** 2).mean().backward()

    return step


def dale(n, b):
    """spikeRNN: rectified weights with signs of their sources, learnt time constants, noise; forward and backward."""
    w = torch.nn.Parameter((torch.rand(n, n) < 0.2) * torch.randn(n, n).abs() * 1.5 / (0.2 * n) ** 0.5)
    sign, w_in = torch.where(torch.rand(n) < 0.2, -1.0, 1.0), torch.randn(n, 1)
    w_out, b_out = torch.nn.Parameter(torch.randn(1, n) / 100), torch.nn.Parameter(torch.zeros(1))
    taus = torch.nn.Parameter(torch.randn(n))
    x, y = torch.zeros(b, T, 1), torch.zeros(b, T, 1)
    x[:, 50:75], y[:, 75:] = 1, 1

    def step():
        for p in (w, w_out, b_out, taus):
            p.grad = None
        a = 1 / (torch.sigmoid(taus) * 16 + 4)
        wt, keep = (a * (torch.relu(w) * sign).T), 1 - a           # a multiplies weights and inputs, not the sums
        u = (x @ w_in.T * a + torch.randn(b, T, n) / 10).unbind(1)
        v = torch.randn(b, n) / 100
        r, rates = torch.sigmoid(v), []
        for t in range(T):
            v = torch.addcmul(torch.addmm(u[t], r, wt), keep, v)
            r = torch.sigmoid(v)
            rates.append(r)
        o = torch.stack(rates, 1) @ w_out.T + b_out
        ((o - y) ** 2).sum((1, 2)).sqrt().mean().backward()

    return step


def rate(table, phi, current):
    """g(phi, i) of any shape, one grid_sample (index_select of corner records takes as long or longer)."""
    turn = phi - phi.floor()
    grid = torch.stack((4 * torch.minimum(turn, 1 - turn) - 1, (current - 0.95) / 0.775 - 1), -1)
    return F.grid_sample(table, grid.view(1, 1, -1, 2), align_corners=True).view(phi.shape)


def dendrites(sizes, steps, b, recurrent):
    """Layers of dendrites one after the other, all steps of a layer at a time; the first one may be recurrent."""
    table, dt = torch.rand(1, 1, 201, 201), 37.0
    layers = [
        {
            "w": torch.nn.Parameter(torch.randn(n, m) / m),
            "offset": torch.nn.Parameter(torch.full((n,), 0.23)),
            "bias": torch.nn.Parameter(torch.full((n,), 1.7)),
            "log_plus": torch.nn.Parameter(torch.full((n,), -6.9)),
            "log_minus": torch.nn.Parameter(torch.full((n,), -6.9)),
        }
        for m, n in zip(sizes, sizes[1:])
    ]
    if recurrent:
        layers[0]["own"] = torch.nn.Parameter(torch.randn(sizes[1], sizes[1]) / sizes[1])
    x = torch.rand(b, steps, sizes[0]) / 2

    def step():
        h = x
        for layer in layers:
            for p in layer.values():
                p.grad = None
            plus, minus = dt * layer["log_plus"].exp(), dt * layer["log_minus"].exp()
            own, bias = layer["own"].T if "own" in layer else None, layer["bias"]
            s, states = torch.zeros(b, len(bias)), []
            for u in (h @ layer["w"].T + layer["offset"]).unbind(1):
                phi = u if own is None else torch.addmm(u, s, own)
                s = s + plus * rate(table, phi, bias - s) - minus * s
                states.append(s)
            h = torch.stack(states, 1)
        ((s - 0.1) ** 2).mean().backward()

    return step


def programmable(b):
    """NOCC 16-64-10: two SQUIDs per weight, one current per target."""
    steps, dt, alpha, beta, beta_out, ib, j = 100, 37.0, 1.64053, 303.85, 91.156, 2.1, 0.38
    table = torch.rand(1, 1, 201, 201)
    sizes = ((16, 64), (64, 10))
    weights = [torch.nn.Parameter(torch.rand(n, m) * 0.4 - 0.2) for m, n in sizes]
    x = torch.rand(b, steps, 16) / 2

    def soft_abs(u):
        return torch.sqrt(u * u + 0.01)

    def step():
        for w in weights:
            w.grad = None
        s = [torch.zeros(b, n) for _, n in sizes]
        s1 = [torch.zeros(b, n, m) for m, n in sizes]
        s2 = [torch.zeros(b, n, m) for m, n in sizes]
        current = [torch.zeros(b, n) for _, n in sizes]
        for u in x.unbind(1):
            for k, (m, _) in enumerate(sizes):
                flux = j * u.unsqueeze(1)
                both = rate(table, torch.stack((flux + weights[k], flux - weights[k])),
                            torch.stack((soft_abs(ib - s1[k]), soft_abs(s2[k] - ib))))
                g1, g2 = both[0], both[1]
                dm = ((g1 - g2).sum(-1) - alpha * current[k]) / (beta + 2 * m * beta_out)
                pull = (beta_out * dm).unsqueeze(-1)
                s1[k] = s1[k] + dt / beta * (g1 - pull - alpha * s1[k])
                s2[k] = s2[k] + dt / beta * (g2 - pull - alpha * s2[k])
                current[k] = current[k] + dt * dm
                g = rate(table, j * current[k] + 0.23, 1.7 - s[k])
                s[k] = s[k] + dt * 0.001 * (g - s[k])
                u = s[k]
        ((s[1] - 0.1) ** 2).mean().backward()

    return step


def gated(kind, n, b):
    net, readout = getattr(torch.nn, kind)(n, n, batch_first=True), torch.nn.Linear(n, 2)
    parameters = [*net.parameters(), *readout.parameters()]
    x, y = torch.randn(b, T, n), torch.randn(b, T, 2)

    def step():
        for p in parameters:
            p.grad = None
        ((readout(net(x)[0]) - y) ** 2).mean().backward()

    return step


def auto_ncp(inputs, units, outputs):
    """Masks [source, target] of a circuit as dense as AutoNCP(units, outputs), with its sizes."""
    rest = units - outputs
    command = int(0.4 * rest)
    inter = rest - command
    sensory, inner = torch.zeros(inputs, units), torch.zeros(units, units)
    for i in range(inputs):
        sensory[i, outputs + command + torch.randperm(inter)[:inter // 2]] = 1
    for i in range(outputs + command, units):
        inner[i, outputs + torch.randperm(command)[:command // 2]] = 1
    for _ in range(command):
        inner[outputs + torch.randint(command, ()), outputs + torch.randint(command, ())] = 1
    for m in range(outputs):
        inner[outputs + torch.randperm(command)[:command // 2], m] = 1
    return sensory, inner, (inter, command, outputs)


def liquid(inputs, units, outputs, b, steps):
    """LTC of ncps: all pairs of neurons, masked, six fused sub-steps; synapses of inputs for all steps at once."""
    sensory, inner, _ = auto_ncp(inputs, units, outputs) if outputs else (torch.ones(inputs, units), torch.ones(units, units), 0)
    out = outputs or units
    draw = lambda low, high, *shape: torch.nn.Parameter(low + (high - low) * torch.rand(*shape))
    w, sigma, mu = draw(0.001, 1, units, units), draw(3, 8, units, units), draw(0.3, 0.8, units, units)
    sw, ssigma, smu = draw(0.001, 1, inputs, units), draw(3, 8, inputs, units), draw(0.3, 0.8, inputs, units)
    erev = torch.nn.Parameter(inner * (2 * torch.randint(2, inner.shape) - 1))
    serev = torch.nn.Parameter(sensory * (2 * torch.randint(2, sensory.shape) - 1))
    gleak, vleak, cm = draw(0.001, 1, units), draw(-0.2, 0.2, units), draw(0.4, 0.6, units)
    iw, ib, ow, ob = draw(1, 1, inputs), draw(0, 0, inputs), draw(1, 1, out), draw(0, 0, out)
    parameters = (w, sigma, mu, sw, ssigma, smu, erev, serev, gleak, vleak, cm, iw, ib, ow, ob)
    x, y = 2 * torch.rand(b, steps, inputs) - 1, torch.full((b, steps, out), 0.1)

    def step():
        for p in parameters:
            p.grad = None
        opened = F.softplus(sw) * sensory * torch.sigmoid(ssigma * ((x * iw + ib).unsqueeze(-1) - smu))
        currents, conductances = (opened * serev).sum(2).unbind(1), opened.sum(2).unbind(1)
        wp, g, c = F.softplus(w) * inner, F.softplus(gleak), 6 * F.softplus(cm)
        we, gv, cg, shift = wp * erev, g * vleak, c + g + 1e-8, -sigma * mu
        v, states = torch.zeros(b, units), []
        for t in range(steps):
            num, den = gv + currents[t], cg + conductances[t]
            for _ in range(6):
                s = torch.sigmoid(torch.addcmul(shift, v.unsqueeze(-1), sigma))
                v = (c * v + num + (s * we).sum(1)) / (den + (s * wp).sum(1))
            states.append(v[:, :out])
        ((torch.stack(states, 1) * ow + ob - y) ** 2).mean().backward()

    return step


def closed_form(inputs, units, outputs, b, steps):
    """CfC of ncps, its heads in one product; input products for all steps at once. With a wiring a cell per layer."""
    cells, masks = [], []
    if outputs:
        sensory, inner, sizes = auto_ncp(inputs, units, outputs)
        command, first = sizes[1], outputs + sizes[1]
        rows = (slice(first, units), slice(outputs, first), slice(0, outputs))
        before = (sensory[:, rows[0]], inner[rows[0], rows[1]], inner[rows[1], rows[2]])
        for n, m in zip(sizes, before):
            mask = torch.cat((m, torch.ones(n, n))).T
            masks.append(torch.cat((mask, mask, torch.ones_like(mask), torch.ones_like(mask))))
            cells.append((torch.nn.Linear(m.shape[0] + n, 4 * n), n, m.shape[0]))
    else:
        backbone, head = torch.nn.Linear(inputs + units, 128), torch.nn.Linear(128, 4 * units)
    parameters = [p for cell in cells for p in cell[0].parameters()] or [*backbone.parameters(), *head.parameters()]
    x, y = 2 * torch.rand(b, steps, inputs) - 1, torch.full((b, steps, outputs or units), 0.1)

    def mix(z):
        f1, f2, ta, tb = z.chunk(4, 1)
        f1, f2 = torch.tanh(f1), torch.tanh(f2)
        return torch.lerp(f1, f2, torch.sigmoid(ta + tb))

    def step():
        for p in parameters:
            p.grad = None
        states = []
        if outputs:
            weights = [c[0].weight * m for c, m in zip(cells, masks)]
            first = F.linear(x, weights[0][:, :inputs], cells[0][0].bias).unbind(1)
            own = [w[:, c[2]:].T for w, c in zip(weights, cells)]
            below = [w[:, :c[2]].T for w, c in zip(weights, cells)]
            h = [torch.zeros(b, c[1]) for c in cells]
            for t in range(steps):
                h[0] = mix(torch.addmm(first[t], h[0], own[0]))
                for k in (1, 2):
                    h[k] = mix(torch.addmm(torch.addmm(cells[k][0].bias, h[k - 1], below[k]), h[k], own[k]))
                states.append(h[2])
        else:
            u, wt = F.linear(x, backbone.weight[:, :inputs], backbone.bias).unbind(1), backbone.weight[:, inputs:].T
            h = torch.zeros(b, units)
            for t in range(steps):
                h = mix(head(1.7159 * torch.tanh(0.666 * torch.addmm(u[t], h, wt))))
                states.append(h)
        ((torch.stack(states, 1) - y) ** 2).mean().backward()

    return step


def compare(name, torch_step, program, arguments, column, pairs=5):
    if len(sys.argv) > 1 and not any(word in name for word in sys.argv[1:]):
        return
    torch_times, our_times = [], []
    for _ in range(pairs):
        our_times.append(dynode(program, *arguments, column=column))
        torch_times.append(fastest(torch_step))
    ratio = statistics.median(a / b for a, b in zip(torch_times, our_times))
    print(f"{name:44s} {statistics.median(torch_times)*1e3:10.2f} {statistics.median(our_times)*1e3:10.4f} {ratio:8.1f}", flush=True)


def main():
    blas = os.path.realpath("/usr/lib/x86_64-linux-gnu/libblas.so.3") if os.path.exists("/usr/lib/x86_64-linux-gnu/libblas.so.3") else "?"
    print(f"torch {torch.__version__}, BLAS {blas}, one thread; a reference BLAS makes torch several times slower than OpenBLAS")
    print(f"{'training step, T = 200 unless said':44s} {'torch ms':>10s} {'dynode ms':>10s} {'ratio':>8s}")
    for n, b in ((100, 1), (20, 32), (50, 32), (100, 32)):
        compare(f"rate network N={n} B={b}", rate_network(n, b), "rate_network", (n, b), 4)
    for h, b, steps in ((50, 16, 100), (100, 32, 200), (512, 64, 200)):
        compare(f"CTRNN H={h} B={b} T={steps}, no update", ctrnn(h, b, steps), "ctrnn_network", (h, b, steps), 4)
    for n, b in ((200, 1), (200, 32)):
        compare(f"Dale N={n} B={b}, no update", dale(n, b), "dale_network", (n, b, T), 3)
    for kind in ("GRU", "LSTM"):
        compare(f"{kind} N=100 B=32, no update", gated(kind, 100, 32), "gated_network", (kind, 100, 32), 4)
    for kind, program, inputs, units, outputs, b, steps in (
            ("LTC", liquid, 20, 50, 0, 32, 100), ("LTC", liquid, 16, 64, 8, 32, 100), ("LTC", liquid, 32, 19, 1, 1, 100),
            ("CfC", closed_form, 20, 50, 0, 32, 100), ("CfC", closed_form, 64, 256, 0, 64, 200),
            ("CfC", closed_form, 20, 28, 4, 32, 100)):
        size = f"AutoNCP({units},{outputs})" if outputs else f"{inputs}→{units}"
        compare(f"{kind} {size} B={b} T={steps}, no update", program(inputs, units, outputs, b, steps), "liquid_network",
                (kind, inputs, units, outputs, b, steps), 7, pairs=3 if units < 256 else 2)
    for n, b in ((50, 1), (50, 32)):
        compare(f"recurrent dendrites N={n} B={b}, no update", dendrites((8, n), T, b, True), "dendrite_network", (n, b), 4)
    compare("dendrites 64-256-10, T = 500, B=64, no update", dendrites((64, 256, 10), 500, 64, False),
            "dendrite_network", ("64-256-10", 500, 64), 4, pairs=3)
    compare("recurrent dendrites 16-128-10, T = 500, B=32", dendrites((16, 128, 10), 500, 32, True),
            "dendrite_network", ("16-128-10", 500, 32, "recurrent"), 4, pairs=3)
    compare("NOCC 16-64-10, T = 100, B=16, no update", programmable(16), "programmable_network", (16,), 3, pairs=3)


if __name__ == "__main__":
    sys.exit(main())
