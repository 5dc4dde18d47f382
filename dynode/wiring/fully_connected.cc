// FullyConnected: every neuron reaches every neuron, every input too; only the signs are random.
#include "dynode/wiring/circuit_rules.h"

namespace dynode {
namespace {

WiringSize fully_connected_size(const Arguments& arguments, const At& at) {
  seed_as_numpy(arguments, at);
  return units_and_outputs("FullyConnected", arguments, at);
}

void connect_all(const WiringArgs& args, Wiring& wiring) {
  const bool self = args.arguments.flag("self_connections");
  with_generators<Pcg64>(args, "erev_init_seed", [&](auto& inner, auto& sensory) {
    for (size_t i = 0; i < wiring.adjacency.size(); ++i)
      if (self || i / wiring.units != i % wiring.units) wiring.adjacency[i] = mostly_exciting(inner);
    for (int8_t& sign : wiring.sensory) sign = mostly_exciting(sensory);
  });
}

}  // namespace

WiringEntry fully_connected_wiring() {
  return {.name    = "FullyConnected",
          .summary = "every neuron and every input reach every neuron; two of three synapses excite",
          .facts   = {units_fact(), output_dim_fact(), seed_fact("erev_init_seed", 1111, kMostSeed),
                      {.name  = "self_connections",
                       .kind  = ArgumentKind::boolean,
                       .value = 1,
                       .help  = "whether neurons reach themselves"},
                      seed_compat_fact()},
          .size    = fully_connected_size,
          .connect = connect_all};
}

}  // namespace dynode
