"""Writes the cortical microcircuit of Potjans and Diesmann (Cereb. Cortex 24:785, 2014) as a network of dynode.

    python3 examples/microcircuit/microcircuit.py > examples/microcircuit/net.yaml          # 77,169 units, 3e8 synapses
    python3 examples/microcircuit/microcircuit.py 0.05 > examples/microcircuit/small.yaml   # units and indegrees by 0.05
    python3 examples/microcircuit/microcircuit.py --drive dc > examples/microcircuit/dc.yaml    # a constant drive instead

Times are in ms, voltages in mV from rest (-65 mV). A smaller network has weights by 1/sqrt(scale), which keeps the
variance of what a unit hears; the mean that is lost comes as a constant current.

    python3 examples/microcircuit/microcircuit.py --compare pd14/dataframes/populations.csv     # with published rates
"""
import argparse
import csv
import math

parser = argparse.ArgumentParser(description="The cortical microcircuit of Potjans and Diesmann as a network of dynode.")
parser.add_argument("scale", nargs="?", type=float, default=1.0, help="of the numbers of units and synapses of a unit")
parser.add_argument("--drive", choices=["poisson", "dc"], default="poisson", help="from outside: trains of spikes, or their mean")
parser.add_argument("--compare", metavar="FILE", help="print rates of `dynode spiking repeat` beside the published ones")
options = parser.parse_args()
scale = options.scale
names = ["L2/3E", "L2/3I", "L4E", "L4I", "L5E", "L5I", "L6E", "L6I"]
units = [20683, 5834, 21915, 5479, 4850, 1065, 14395, 2948]
external = [1600, 1500, 2100, 1900, 2000, 1900, 2900, 2100]
rates = [0.903, 2.965, 4.414, 5.876, 7.569, 8.633, 1.105, 7.829]          # Hz, of the full network
if options.compare:
    print("population   published    dynode     sd   difference   CV of intervals   correlation")
    for found, rate in zip(csv.DictReader(open(options.compare)), rates):
        here, deviation, cv, correlation = (float(found[k] or "nan") for k in ("rate_hz", "rate_sd_hz", "cv_isi", "correlation"))
        print(f"{found['population']:10}   {rate:9.3f} {here:9.3f} {deviation:6.3f}   {100 * (here / rate - 1):+9.1f} %"
              f"   {cv:15.2f}   {correlation:11.4f}")
    raise SystemExit
start = [-68.28, -63.16, -63.33, -63.45, -63.11, -61.66, -66.72, -61.43]  # mV
start_deviation = [5.36, 4.57, 4.74, 4.94, 4.94, 4.55, 5.46, 4.48]
probability = [
    [0.1009, 0.1689, 0.0437, 0.0818, 0.0323, 0.0, 0.0076, 0.0],
    [0.1346, 0.1371, 0.0316, 0.0515, 0.0755, 0.0, 0.0042, 0.0],
    [0.0077, 0.0059, 0.0497, 0.1350, 0.0067, 0.0003, 0.0453, 0.0],
    [0.0691, 0.0029, 0.0794, 0.1597, 0.0033, 0.0, 0.1057, 0.0],
    [0.1004, 0.0622, 0.0505, 0.0057, 0.0831, 0.3726, 0.0204, 0.0],
    [0.0548, 0.0269, 0.0257, 0.0022, 0.0600, 0.3158, 0.0086, 0.0],
    [0.0156, 0.0066, 0.0211, 0.0166, 0.0572, 0.0197, 0.0396, 0.2252],
    [0.0364, 0.0010, 0.0034, 0.0005, 0.0277, 0.0080, 0.0658, 0.1443]]

# a postsynaptic potential of 0.15 mV, as the charge over the capacity that our weights are
tau_m, tau_s, psp, external_rate = 10.0, 0.5, 0.15, 0.008
peak = tau_s / (tau_s - tau_m) * ((tau_m / tau_s) ** (-tau_m / (tau_m - tau_s)) - (tau_m / tau_s) ** (-tau_s / (tau_m - tau_s)))
weight = psp / peak * tau_s / tau_m
weights = [[weight * (1 if pre % 2 == 0 else -4) * (2 if (post, pre) == (0, 2) else 1) for pre in range(8)] for post in range(8)]

# Delays: normal, 1.5 ± 0.75 ms and 0.75 ± 0.375 ms, drawn again below one step. There a delay ends when the current jumps;
# here with the step in which the voltage answers, one step later.
step = 0.1


def delay(mean, deviation):
    """Moments of what is left above half a step, plus a step."""
    a = (step / 2 - mean) / deviation
    ratio = math.exp(-a * a / 2) / math.sqrt(2 * math.pi) / (0.5 * math.erfc(a / math.sqrt(2)))
    mean, deviation = mean + deviation * ratio, deviation * math.sqrt(1 + a * ratio - ratio * ratio)
    return mean + step, deviation / (mean + step)


delays = [delay(1.5, 0.75), delay(0.75, 0.375)] * 4
total = [[0 if c == 0 else math.log1p(-c) / math.log1p(-1 / (n * m)) for c, m in zip(row, units)] for row, n in zip(probability, units)]
lost = [(1 - math.sqrt(scale)) * (sum(total[i][j] / units[i] * weights[i][j] * rates[j] / 1000 for j in range(8)) + external[i] * weight * external_rate)
        for i in range(8)]
small = [round(n * scale) for n in units]
by = 1 / math.sqrt(scale)


def row(numbers, digits=6):
    return "[" + ", ".join(f"{x:.{digits}g}" for x in numbers) + "]"


def matrix(rows, digits=6, indent=10):
    return ("\n" + " " * indent).join(("[" if i == 0 else " ") + row(r, digits) + ("]" if i == 7 else ",") for i, r in enumerate(rows))


if scale == 1:
    print("""# The full-density cortical microcircuit of Potjans and Diesmann (Cereb. Cortex 24:785, 2014): 77,169 units in four layers of
# excitatory and inhibitory cells, 3e8 synapses with drawn weights and delays, written by microcircuit.py. Needs 2 GB.
#
#   dynode spiking run examples/microcircuit/net.yaml --warm-up 0.5 --output spikes.npz --report spikes.html""".replace(
        "net.yaml", "net.yaml" if options.drive == "poisson" else "dc.yaml"))
else:
    print(f"""# The microcircuit in net.yaml at {scale:g} of its size, written by `microcircuit.py {scale:g}`: for a quick look.
#
#   dynode spiking run examples/microcircuit/small.yaml --warm-up 0.5 --output spikes.npz --report spikes.html""")
synapses = (f"probability: {matrix(probability, 4, 23)}" if scale == 1 else
            f"total: {matrix([[round(q * scale * scale) for q in r] for r in total], 9, 17)}")
print(f"""# Times in ms, voltages in mV from rest.
seed: 55
simulation: {{dt: 0.1, time_unit: ms, duration: 1000, input_type: none}}
layers:
  - layer_id: 0
    layer_type: LIF
    params:
      dim: {sum(small)}
      populations: {{{", ".join(f"{name}: {n}" for name, n in zip(names, small))}}}
      tau_membrane: 10
      tau_synaptic: 0.5
      tau_refractory: 2
      threshold: 15
      reset_voltage: 0
      initial: {{V: {{mean: {row([v + 65 for v in start], 4)}, std: {row(start_deviation, 4)}}}}}
connections:
  - from_layer: 0
    to_layer: 0
    connection_type: fixed_total_number
    mode: spike
    params:
      structure:
        type: fixed_total_number
        params:
          {synapses}
          weight: {matrix([[w * by for w in r] for r in weights], 6, 18)}
          weight_deviation: 0.1
          delay: {row([mean for mean, _ in delays], 4)}
          delay_deviation: {row([deviation for _, deviation in delays], 4)}
drives:""")
if options.drive == "dc":
    print(f"  - {{to_layer: 0, type: constant, value: {row([k * external_rate * weight * math.sqrt(scale) for k in external])}}}")
else:
    print(f"  - {{to_layer: 0, type: poisson, rate: 0.008, connections: {row([k * scale for k in external])}, weight: {weight * by:.6g}}}")
if scale != 1:
    print(f"  - {{to_layer: 0, type: constant, value: {row(lost)}}}")
