// What the kinds of wirings share: facts, generators, the rule of the layers of NCP.
#pragma once
#include "dynode/base/numpy_random.h"
#include "dynode/base/random.h"
#include "dynode/wiring/neural_circuit.h"

namespace dynode {

inline constexpr double kMostSeed32 = 4294967295, kMostSeed = 0x1p53;   // of Mt19937; that a double holds

Fact units_fact();
Fact output_dim_fact();   // without default: all units
Fact seed_fact(const char* name, double value, double most);
Fact seed_compat_fact();

/// `units` and `output_dim`. @throws SpecError  on more outputs than units
WiringSize units_and_outputs(const char* kind, const Arguments& arguments, const At& at);

/// Whether the seed means what it means in ncps. @throws SpecError  on an unknown word
bool seed_as_numpy(const Arguments& arguments, const At& at);

/// Calls draw(inner, sensory) with the generators of both matrices: one of NumPy's, which serves both, or two streams
/// of ours, where the inputs leave the inner synapses alone.
template <class Numpy, class F>
void with_generators(const WiringArgs& args, const char* seed_name, F draw) {
  const auto seed = uint64_t(args.arguments.number(seed_name));
  if (seed_as_numpy(args.arguments, args.at)) {
    Numpy both(seed);
    draw(both, both);
  } else {
    Random inner(seed, "adjacency"), sensory(seed, "sensory_adjacency");
    draw(inner, sensory);
  }
}

/// Two of three synapses excite.
template <class R>
int8_t mostly_exciting(R& random) {
  return random.integer(3) == 0 ? -1 : 1;
}

struct NcpCounts {
  size_t inter, command, motor;
  size_t sensory_fanout, inter_fanout, recurrent_command_synapses, motor_fanin;
};

/// Fills both matrices and the layers by the rule of NCP; fan-outs fit the layers. Reads `seed` and `seed_compat`.
void connect_ncp(const NcpCounts& counts, const WiringArgs& args, Wiring& wiring);

}  // namespace dynode
