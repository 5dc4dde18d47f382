// Question: how long does a second of the standard spiking networks take, and how many synaptic events per second is that?
//
// The networks of examples/spiking and, with `microcircuit` among the arguments, examples/microcircuit/net.yaml; float, one
// row, spikes are not recorded. Synapses are drawn before the clock starts, and a warm-up is not counted. Median of runs.
// Compare with bench/against_brian.py, which runs the same networks through Brian 2's C++ standalone mode.
//
//   bench_spiking_benchmarks [threads …, default 1 2] [names of networks, default all but the microcircuit]
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "calibrate.h"
#include "dynode/plan/spiking.h"
#include "dynode/run/event_network.h"

using namespace dynode;

namespace {

struct Network {
  const char* name;
  const char* file;
  double      milliseconds;  // per unit of dt
  double      warm_up, run;  // seconds of model time
  int         repeats = 5;
};

const Network kNetworks[] = {
    {"clustered", "examples/spiking/clustered.yaml", 1000, 0.5, 5},
    {"cuba", "examples/spiking/cuba.yaml", 1, 0.5, 2},
    {"coba", "examples/spiking/coba.yaml", 1, 0.5, 2},
    {"brunel", "examples/spiking/brunel.yaml", 1, 0.2, 1},
    {"alpha", "examples/spiking/alpha.yaml", 1, 0.1, 0.3},
    {"microcircuit", "examples/microcircuit/net.yaml", 1, 0.5, 2, 1},
};

double seconds_of(const auto& work) {
  const double start = bench::now();
  work();
  return bench::now() - start;
}

void measure(const Network& n, int threads) {
  const auto        plan = compile(load_spec(std::string(DYNODE_SOURCE_DIR "/") + n.file));
  Engine<float>     engine(plan, std::make_shared<Threads>(threads));
  const double      step = plan->layers[0].dt * n.milliseconds / 1000;  // s
  EventState<float> warm, end;
  RunInput<float>   input;
  input.steps = std::max<size_t>(1, size_t(n.warm_up / step)), input.end = &warm;
  const double built = seconds_of([&] { engine.simulate(input, {}); });
  input.steps = size_t(n.run / step), input.from = &warm, input.end = &end;
  const double        length = double(input.steps) * step;
  std::vector<double> times;
  for (int i = 0; i < n.repeats; ++i) times.push_back(seconds_of([&] { engine.simulate(input, {}); }));
  std::sort(times.begin(), times.end());
  const double time = times[times.size() / 2];

  // the same once more, for the spikes
  std::vector<Spike>  spikes;
  const Record<float> record[] = {{Record<float>::What::spikes, 0, 0, nullptr, false, &spikes}};
  engine.simulate(input, record);
  const double        units  = double(plan->layers[0].units);
  const SynapseRule&  rule   = *plan->connections[0].synapses;
  double              events = 0;
  std::vector<double> spikes_of(rule.pres());
  for (const Spike& s : spikes)
    ++spikes_of[size_t(std::upper_bound(rule.from.begin(), rule.from.end(), s.unit) - rule.from.begin()) - 1];
  for (size_t i = 0; i < rule.posts(); ++i)
    for (size_t j = 0; j < rule.pres(); ++j) {
      const double targets = rule.to[i + 1] - rule.to[i], sources = rule.from[j + 1] - rule.from[j],
                   c = rule.count[i * rule.pres() + j];
      events += spikes_of[j] * (rule.kind == SynapseRule::Kind::fixed_indegree ? c * targets / sources
                                : rule.kind == SynapseRule::Kind::bernoulli    ? c * targets
                                                                               : c / sources);
    }
  std::printf("%-14s %8d %10.3g %8.2f %8.4f %8.4f %12.0f %10.1f\n", n.name, threads, rule.expected(),
              double(spikes.size()) / units / length, time / length, times.front() / length, events / time / 1e6,
              built);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<int>         threads;
  std::vector<std::string> names;
  for (int i = 1; i < argc; ++i)
    if (std::atoi(argv[i]) > 0) threads.push_back(std::atoi(argv[i]));
    else names.push_back(argv[i]);
  if (threads.empty()) threads = {1, 2};
  std::printf("%-14s %8s %10s %8s %8s %8s %12s %10s\n", "", "threads", "synapses", "Hz", "RTF", "best", "M events/s",
              "built, s");
  for (const Network& n : kNetworks)
    for (int t : threads)
      if (names.empty() ? std::string(n.name) != "microcircuit"
                        : std::find(names.begin(), names.end(), n.name) != names.end())
        measure(n, t);
}
