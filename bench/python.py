"""What does Python cost? A call of a network that does nothing, `import dynode`, a torch layer beside the engine
itself.

    PYTHONPATH=build/python/python python3 bench/python.py

The engine is asked for the same gradient (batch 32, float32) through dynode.Model.gradient; the layer runs forward and
backward under torch's autograd. Medians of interleaved repetitions, one thread each, in processor time: what other
programs
take of the machine does not count."""
import statistics
import subprocess
import sys
import time

import numpy as np

import dynode


def median_ms(run, repeats):
    times = []
    for _ in range(repeats):
        start = time.process_time()
        run()
        times.append((time.process_time() - start) * 1e3)
    return statistics.median(times)


def import_ms(what):
    code = f"import time; t = time.process_time(); import {what}; print((time.process_time() - t) * 1e3)"
    return min(
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
        for _ in range(7)
    )


def main():
    net = dynode.Model.from_spec(
        {
            "simulation": {"dt": 1},
            "layers": [
                {"layer_id": 0, "layer_type": "Linear", "params": {"dim": 1}},
                {"layer_id": 1, "layer_type": "Linear", "params": {"dim": 1}},
            ],
            "connections": [{"from_layer": 0, "to_layer": 1, "connection_type": "dense"}],
        }
    )
    x = np.zeros((1, 1, 1), np.float32)
    for _ in range(1000):
        net.simulate(x)
    print(
        f"call of a network of one number   {1e3 * min(median_ms(lambda: [net.simulate(x) for _ in range(100)], 20) / 100 for _ in range(5)):7.1f} µs"
    )
    print(f"import numpy                      {import_ms('numpy'):7.0f} ms")
    print(f"import dynode                     {import_ms('dynode'):7.0f} ms")
    try:
        import torch
    except ImportError:
        print("torch is not installed: its layers are left out")
        return
    from dynode.torch import CTRNN, LTC, CfC, Network, wirings

    torch.set_num_threads(1)
    dendrites = {
        "simulation": {"dt": 37, "network_evaluation_method": "stepwise_gauss_seidel"},
        "layers": [
            {"layer_id": 0, "layer_type": "Linear", "params": {"dim": 28}},
            {"layer_id": 1, "layer_type": "SingleDendrite", "params": {"dim": 128}},
            {"layer_id": 2, "layer_type": "Linear", "params": {"dim": 10}},
        ],
        "connections": [
            {"from_layer": a, "to_layer": b, "connection_type": "dense"} for a, b in ((0, 1), (1, 1), (1, 2))
        ],
    }
    nets = {
        "CfC 28 → 64": CfC(28, 64),
        "CfC, AutoNCP(64, 8)": CfC(28, wirings.AutoNCP(64, 8)),
        "LTC 28 → 32": LTC(28, 32),
        "CTRNN 28 → 128 → 10": CTRNN(dims=[28, 128, 10]),
        "128 dendrites": Network(dendrites),
    }
    print(f"\n{'batch 32, 50 steps':24} {'engine':>10} {'torch':>10} {'share':>8}")
    for name, net in nets.items():
        x = torch.randn(32, 50, 28)
        first = lambda out: out[0] if isinstance(out, tuple) else out
        target = torch.zeros_like(first(net(x)).detach())
        arrays, goal = x.numpy(), target.numpy()

        def layer():
            for p in net._params:
                p.grad = None
            torch.nn.functional.mse_loss(first(net(x)), target).backward()

        def engine():
            net.model.gradient(arrays, goal, "mse")

        engine(), layer(), engine(), layer()
        pairs = [(median_ms(engine, 1), median_ms(layer, 1)) for _ in range(41)]
        a, b = (statistics.median(p[i] for p in pairs) for i in (0, 1))
        print(f"{name:24} {a:7.2f} ms {b:7.2f} ms {100 * statistics.median(p[0] / p[1] for p in pairs):6.0f} %")


main()
