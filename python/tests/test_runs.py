"""Ctrl-C, threads, memory."""
import os
import resource
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import dynode
from conftest import dendrites


def interrupt_after(seconds):
    timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    return timer


def long_run():
    net = dynode.Model.from_spec(dendrites(units=200))
    return net, np.random.rand(64, 20000, 10).astype(np.float32)


@pytest.mark.parametrize("what", ["simulate", "gradient"])
def test_ctrl_c_ends_a_run_and_leaves_the_model_as_it_was(what):
    net, x = long_run()
    theta, short = net.theta.copy(), net(x[:2, :5])
    run = {
        "simulate": lambda: net.simulate(x),
        "gradient": lambda: net.gradient(
            x[:, :5000], np.zeros(64, dtype=int), {"loss": "cross_entropy", "pooling": "final"}
        ),
    }[what]
    timer = interrupt_after(0.3)
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run()
        run()
        run()
    assert time.monotonic() - start < 10
    timer.join()
    np.testing.assert_array_equal(net.theta, theta)
    np.testing.assert_array_equal(net(x[:2, :5]), short)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_ends_training_and_what_was_learnt_stays():
    net = dynode.Model.from_spec(dendrites(units=50))
    before = net.theta.copy()
    x, y = np.random.rand(256, 50, 10).astype(np.float32), np.random.randint(0, 3, 256)
    interrupt_after(1.0)
    with pytest.raises(KeyboardInterrupt):
        net.train(x, y, epochs=100000)
    assert np.abs(net.theta - before).max() > 0


def test_other_handlers_of_python_are_heard():
    heard = []
    old = signal.signal(signal.SIGINT, lambda *_: heard.append(1))
    try:
        net, x = long_run()
        interrupt_after(0.3)
        with pytest.raises(KeyboardInterrupt):
            for _ in range(3):
                net.simulate(x)
    finally:
        signal.signal(signal.SIGINT, old)
    assert heard == [1]


def test_threads_may_share_a_model(model, x):
    wanted, results = model(x), []
    workers = [threading.Thread(target=lambda: results.extend(model(x) for _ in range(50))) for _ in range(4)]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    assert len(results) == 200 and all(np.array_equal(r, wanted) for r in results)


def test_python_runs_on_while_the_engine_works():
    net, x = long_run()
    worker, turns = threading.Thread(target=net.simulate, args=(x[:, :8000],)), 0
    worker.start()
    while worker.is_alive():
        turns += 1
        time.sleep(0.001)
    assert turns > 3  # 1 where the interpreter is held


def test_memory_stays_flat(model, x):
    def rounds(n):
        for _ in range(n):
            model.simulate(x, ["s", "phi"])
            model.gradient(x, np.zeros((3, 20, 5)), input=True)
            model.parameters["J_0_to_1"][0, 0] += 1e-6
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    rounds(200)
    first = rounds(10)
    assert rounds(3000) - first < 3000  # kB


def test_references_are_returned(model, x):
    run = model.simulate(x)
    output = run.output
    base = output.base
    assert sys.getrefcount(base) <= 3
    del run
    assert np.isfinite(output).all()


def test_import_takes_little_time():
    """What dynode adds to numpy; a bench says how much exactly."""
    code = "import numpy, time; t = time.perf_counter(); import dynode; print(time.perf_counter() - t); import sys; print('torch' in sys.modules)"
    seconds, torch = min(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
        for _ in range(3)
    )
    assert torch == "False"
