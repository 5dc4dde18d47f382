"""Question: how does dynode compare with Brian 2 (C++ standalone mode) on the standard spiking networks?

    python3 bench/against_brian.py [path of dynode's bench/spiking_benchmarks] [cuba] [coba] [clustered]

The same networks as examples/spiking: same sizes, parameters, steps and model time, one thread, synapses drawn before the
clock starts, nothing recorded. Prints seconds per second of model time (RTF) of both, the fastest of five runs, and the ratio.
Needs Debian's python3-brian; what is missing is said and left out. The ratio is between simulations alone: Brian's time is
that of its run loop, without code generation and compilation.
"""
import os
import shutil
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import brian2 as b2
    from brian2 import Hz, ms, mV, second
except ImportError as error:
    sys.exit(f"left out: {error} (apt install python3-brian)")

root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
arguments = [a for a in sys.argv[1:] if os.sep not in a]
programs = [a for a in sys.argv[1:] if os.sep in a] or [os.path.join(root, "build/release/bench/spiking_benchmarks")]


def cuba():
    b2.defaultclock.dt = 0.1 * ms
    group = b2.NeuronGroup(4000, """dv/dt = (ge + gi - (v + 49*mV)) / (20*ms) : volt (unless refractory)
                                    dge/dt = -ge / (5*ms) : volt
                                    dgi/dt = -gi / (10*ms) : volt""",
                           threshold="v > -50*mV", reset="v = -60*mV", refractory=5 * ms, method="exact")
    group.v = "-60*mV + rand() * 10*mV"
    excite = b2.Synapses(group[:3200], group, on_pre="ge += 1.62*mV")
    inhibit = b2.Synapses(group[3200:], group, on_pre="gi -= 9*mV")
    excite.connect(p=0.02), inhibit.connect(p=0.02)
    return [group, excite, inhibit], 2 * second


def coba():
    b2.defaultclock.dt = 0.1 * ms
    group = b2.NeuronGroup(4000, """dv/dt = (ge * (0*mV - v) + gi * (-80*mV - v) - (v + 60*mV)) / (20*ms) : volt (unless refractory)
                                    dge/dt = -ge / (5*ms) : 1
                                    dgi/dt = -gi / (10*ms) : 1""",
                           threshold="v > -50*mV", reset="v = -60*mV", refractory=5 * ms, method="exponential_euler")
    group.v = "-60*mV + (randn() * 5 - 5) * mV"
    group.ge, group.gi = "randn() * 1.5 + 4", "randn() * 12 + 20"
    excite = b2.Synapses(group[:3200], group, on_pre="ge += 0.6")
    inhibit = b2.Synapses(group[3200:], group, on_pre="gi += 6.7")
    excite.connect(p=0.02), inhibit.connect(p=0.02)
    return [group, excite, inhibit], 2 * second


def clustered():
    # the matrices of examples/spiking/clustered.yaml, arousal as its mean; Poisson input is one number per unit and step
    b2.defaultclock.dt = 0.5 * ms
    n, ne, k, background = 2000, 1600, 18, (160, 40)
    level, L, x0, kk, M = 0.3, 0.75, 0.2, 1.25, 13.125
    c = -np.log2(1 + ((1 - x0) / x0) ** (1 / kk))
    f = 1 / (1 + (level ** c - 1) ** kk)
    baseline = np.array([0.63 * (1 - L * f), 0.63, -1.9, -3.8]) / np.sqrt(n)
    raised, probability = np.array([16.85, 5.45, 6.25, 5.0]), [0.2, 0.5, 0.5, 0.5]
    sizes = [(ne - background[0]) // k] * k + [background[0]] + [(n - ne - background[1]) // k] * k + [background[1]]
    begin = np.concatenate([[0], np.cumsum(sizes)])
    share = [sizes[0] / ne, sizes[k + 1] / (n - ne)]
    rng = np.random.default_rng(1)
    pre, post, weight = [], [], []
    for q in range(2 * k + 2):
        for p in range(2 * k + 2):
            a, b = int(q > k), int(p > k)
            here, there, kind = p % (k + 1), q % (k + 1), 2 * a + b
            total, product = share[a] + share[b], share[a] * share[b]
            depressed = (total - product * (k + raised[kind])) / (total - product * (k + 1))
            factor = depressed if here != there else 1 if here == k else raised[kind]
            count = int(probability[kind] * sizes[q] + 1e-9)
            for target in range(begin[p], begin[p + 1]):
                sources = rng.choice(sizes[q], count, replace=False) + begin[q]
                sources = sources[sources != target]
                pre.append(sources), post.append(np.full(len(sources), target)), weight.append(np.full(len(sources), baseline[kind] * factor))
    group = b2.NeuronGroup(n, """dv/dt = -v / (20*ms) + x : 1 (unless refractory)
                                 dx/dt = -x / (5*ms) : Hz
                                 theta : 1""",
                           threshold="v >= theta", reset="v = 0", refractory=5 * ms, method="exact")
    group.theta = np.where(np.arange(n) < ne, 1.5, 0.75)
    synapses = b2.Synapses(group, group, "w : Hz", on_pre="x += w")
    synapses.connect(i=np.concatenate(pre), j=np.concatenate(post))
    synapses.w = np.concatenate(weight) / 0.005 * Hz
    drive = b2.PoissonInput(group, "x", N=320, rate=(7 + M * f / 2) * Hz, weight=2.3 / np.sqrt(n) / 0.005 * Hz)
    return [group, synapses, drive], 5 * second


def brian(make):
    folder = tempfile.mkdtemp()
    try:
        b2.set_device("cpp_standalone", directory=folder, build_on_run=False)
        b2.device.reinit()
        b2.device.activate(directory=folder, build_on_run=False)
        b2.prefs.codegen.cpp.extra_compile_args_gcc = ["-O3", "-march=native", "-ffast-math", "-std=c++11"]
        parts, duration = make()
        spikes = b2.SpikeMonitor(parts[0], record=False)
        net = b2.Network(parts + [spikes])
        net.run(duration)
        b2.device.build(directory=folder, compile=True, run=False)
        times = []
        for _ in range(5):
            b2.device.run(folder, with_output=False, run_args=[])
            times.append(b2.device._last_run_time / float(duration))
        return min(times), spikes.num_spikes / len(parts[0]) / float(duration)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def ours(name):
    text = subprocess.run([programs[0], "1", name], capture_output=True, text=True, check=True).stdout
    row = [line.split() for line in text.splitlines() if line.startswith(name)][0]
    return float(row[5]), float(row[3])


if not os.path.exists(programs[0]):
    sys.exit(f"left out: {programs[0]} is not there (make bench)")
print(f"{'':12}{'dynode RTF':>12}{'Hz':>8}{'Brian RTF':>12}{'Hz':>8}{'ratio':>8}")
for make in (clustered, cuba, coba):
    if arguments and make.__name__ not in arguments:
        continue
    own, theirs = ours(make.__name__), brian(make)
    print(f"{make.__name__:12}{own[0]:12.4f}{own[1]:8.1f}{theirs[0]:12.4f}{theirs[1]:8.1f}{theirs[0] / own[0]:8.1f}", flush=True)
