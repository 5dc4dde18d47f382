// NCP: four layers, inputs → inter → command → motor, with recurrence among the command neurons.
//
// Between two layers every neuron of one side draws a given number of partners on the other; who was drawn by nobody
// then draws about as many partners as the others have. Signs are even.
#include <algorithm>
#include <fmt/format.h>
#include <numeric>

#include "dynode/wiring/circuit_rules.h"

namespace dynode {
namespace {

template <class R>
int8_t sign(R& random) {
  return random.integer(2) == 0 ? -1 : 1;
}

/// Each of `left` draws `each` of `right`; then those of `right` whom nobody drew draw at most `most` of `left`.
/// set(left, right, sign) makes the synapse, whichever way it goes.
template <class R, class F>
void link(R& random, size_t left, size_t right, size_t each, size_t most, F set) {
  std::vector<bool> drawn(right);
  for (size_t a = 0; a < left; ++a)
    for (const size_t b : random.choose(right, each)) set(a, b, sign(random)), drawn[b] = true;

  const size_t average = std::min(std::max<size_t>(left * each / right, 1), most);
  for (size_t b = 0; b < right; ++b)
    if (!drawn[b])
      for (const size_t a : random.choose(left, average)) set(a, b, sign(random));
}

/// Ids first … first + count − 1.
std::vector<uint32_t> ids(size_t first, size_t count) {
  std::vector<uint32_t> all(count);
  std::iota(all.begin(), all.end(), uint32_t(first));
  return all;
}

NcpCounts counts_of(const Arguments& arguments) {
  const auto get = [&](const char* name) { return size_t(arguments.number(name)); };
  return {.inter                      = get("inter_neurons"),
          .command                    = get("command_neurons"),
          .motor                      = get("motor_neurons"),
          .sensory_fanout             = get("sensory_fanout"),
          .inter_fanout               = get("inter_fanout"),
          .recurrent_command_synapses = get("recurrent_command_synapses"),
          .motor_fanin                = get("motor_fanin")};
}

WiringSize ncp_size(const Arguments& arguments, const At& at) {
  seed_as_numpy(arguments, at);
  const NcpCounts n       = counts_of(arguments);
  const auto      at_most = [&](const char* name, size_t value, const char* layer, size_t bound) {
    if (value > bound)
      throw SpecError(at, fmt::format("{} of NCP is {}, but there are only {} {} neurons", name, value, bound, layer),
                           fmt::format("give {} of at most {}, or more {}_neurons", name, bound, layer));
  };
  at_most("sensory_fanout", n.sensory_fanout, "inter", n.inter);
  at_most("inter_fanout", n.inter_fanout, "command", n.command);
  at_most("motor_fanin", n.motor_fanin, "command", n.command);
  return {n.inter + n.command + n.motor, n.motor};
}

}  // namespace

void connect_ncp(const NcpCounts& n, const WiringArgs& args, Wiring& wiring) {
  const size_t command = n.motor, inter = n.motor + n.command;   // first ids
  const auto   synapse = [&](size_t source, size_t target, int8_t s) {
    wiring.adjacency[source * wiring.units + target] = s;
  };
  with_generators<Mt19937>(args, "seed", [&](auto& inner, auto& sensory) {
    link(sensory, wiring.inputs, n.inter, n.sensory_fanout, wiring.inputs,
         [&](size_t i, size_t k, int8_t s) { wiring.sensory[i * wiring.units + inter + k] = s; });

    // at most as many as there are command neurons, as in ncps
    link(inner, n.inter, n.command, n.inter_fanout, n.command,
         [&](size_t i, size_t c, int8_t s) { synapse(inter + i, command + c, s); });

    // pairs may repeat, the last one counts
    for (size_t k = 0; k < n.recurrent_command_synapses; ++k) {
      const size_t source = command + inner.integer(n.command), target = command + inner.integer(n.command);
      synapse(source, target, sign(inner));
    }
    link(inner, n.motor, n.command, n.motor_fanin, n.motor,
         [&](size_t m, size_t c, int8_t s) { synapse(command + c, m, s); });
  });
  wiring.layers = {ids(inter, n.inter), ids(command, n.command), ids(0, n.motor)};
}

WiringEntry ncp_wiring() {
  const auto count = [](const char* name, double min, const char* help) {
    return Fact{.name     = name,
                .kind     = ArgumentKind::integer,
                .min      = min,
                .max      = 1e8,
                .help     = help,
                .required = true};
  };
  return {.name    = "NCP",
          .summary = "inputs to inter to command to motor neurons, sparse, with recurrence among command neurons",
          .facts   = {count("inter_neurons", 1, "neurons the inputs reach"),
                      count("command_neurons", 1, "neurons that decide, the only recurrent ones"),
                      count("motor_neurons", 1, "neurons whose states are the output"),
                      count("sensory_fanout", 1, "inter neurons each input reaches"),
                      count("inter_fanout", 1, "command neurons each inter neuron reaches"),
                      count("recurrent_command_synapses", 0, "pairs of command neurons drawn; some may be the same"),
                      count("motor_fanin", 1, "command neurons that reach each motor neuron"),
                      seed_fact("seed", 22222, kMostSeed32), seed_compat_fact()},
          .size    = ncp_size,
          .connect = [](const WiringArgs& args, Wiring& wiring) {
            connect_ncp(counts_of(args.arguments), args, wiring);
          }};
}

}  // namespace dynode
