#!/usr/bin/env python3
"""Question: how much faster is a training step than a torch program of the same mathematics, on one thread?

Each line runs both programs in turn and prints the median ratio of several pairs. The torch programs are written for
speed: input products for all steps at once and unbound, addmm in the loop, one grid_sample per step for the rate table.
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


def fastest(step, budget=1.0):
    step()
    best, spent = 1e9, 0.0
    while spent < budget:
        start = time.perf_counter()
        step()
        seconds = time.perf_counter() - start
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


def dendrites(n, b):
    table = torch.rand(1, 1, 201, 201)
    w, w_in = torch.nn.Parameter(torch.randn(n, n) / n), torch.nn.Parameter(torch.randn(n, 8) / 8)
    offset, bias = torch.nn.Parameter(torch.full((n,), 0.23)), torch.nn.Parameter(torch.full((n,), 1.7))
    log_plus, log_minus = (torch.nn.Parameter(torch.full((n,), -6.9)) for _ in range(2))
    x = torch.rand(b, T, 8) / 2
    dt = 37.0

    def step():
        for p in (w, w_in, offset, bias, log_plus, log_minus):
            p.grad = None
        plus, minus, wt = dt * log_plus.exp(), dt * log_minus.exp(), w.T
        u = (x @ w_in.T + offset).unbind(1)
        s = torch.zeros(b, n)
        for t in range(T):
            phi = torch.addmm(u[t], s, wt)
            turn = phi - phi.floor()
            column = 4 * torch.minimum(turn, 1 - turn) - 1
            row = (bias - s - 0.95) / 0.775 - 1
            grid = torch.stack((column, row), -1).view(1, 1, b * n, 2)
            g = F.grid_sample(table, grid, align_corners=True).view(b, n)
            s = s + plus * g - minus * s
        ((s - 0.1) ** 2).mean().backward()

    return step


def rate(table, phi, current):
    """g(phi, i) of any shape, one grid_sample."""
    turn = phi - phi.floor()
    grid = torch.stack((4 * torch.minimum(turn, 1 - turn) - 1, (current - 0.95) / 0.775 - 1), -1)
    return F.grid_sample(table, grid.view(1, 1, -1, 2), align_corners=True).view(phi.shape)


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


def compare(name, torch_step, program, arguments, column, pairs=5):
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
    for kind in ("GRU", "LSTM"):
        compare(f"{kind} N=100 B=32, no update", gated(kind, 100, 32), "gated_network", (kind, 100, 32), 4)
    for n, b in ((50, 1), (50, 32)):
        compare(f"recurrent dendrites N={n} B={b}, no update", dendrites(n, b), "dendrite_network", (n, b), 4)
    compare("NOCC 16-64-10, T = 100, B=16, no update", programmable(16), "programmable_network", (16,), 3, pairs=3)


if __name__ == "__main__":
    sys.exit(main())
