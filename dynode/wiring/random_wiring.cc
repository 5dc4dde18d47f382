// Random: a given number of synapses anywhere, self connections included, between inputs and neurons likewise.
#include <cmath>
#include <fmt/format.h>

#include "dynode/wiring/circuit_rules.h"

namespace dynode {
namespace {

WiringSize random_size(const Arguments& arguments, const At& at) {
  seed_as_numpy(arguments, at);
  const double sparsity = arguments.number("sparsity_level");
  if (!(sparsity >= 0 && sparsity < 1))
    throw SpecError(at, fmt::format("sparsity_level of Random is {}, outside its range [0, 1)", sparsity),
                    "it is the share of synapses that are missing");
  return units_and_outputs("Random", arguments, at);
}

/// The places of the synapses of a matrix, in the order drawn.
template <class R>
std::vector<size_t> draw_places(R& random, size_t entries, double sparsity) {
  return random.choose(entries, size_t(std::nearbyint(double(entries) * (1 - sparsity))));   // half to even
}

void connect_random(const WiringArgs& args, Wiring& wiring) {
  const double sparsity = args.arguments.number("sparsity_level");
  with_generators<Pcg64>(args, "random_seed", [&](auto& inner, auto& sensory) {
    for (const size_t i : draw_places(inner, wiring.adjacency.size(), sparsity))
      wiring.adjacency[i] = mostly_exciting(inner);
    for (const size_t i : draw_places(sensory, wiring.sensory.size(), sparsity)) {
      mostly_exciting(sensory);   // ncps draws these signs twice and keeps the second
      wiring.sensory[i] = mostly_exciting(sensory);
    }
  });
}

}  // namespace

WiringEntry random_wiring() {
  return {.name    = "Random",
          .summary = "a given share of synapses anywhere; two of three excite",
          .facts   = {units_fact(), output_dim_fact(),
                      {.name = "sparsity_level",
                       .min  = 0,
                       .max  = 1,
                       .help = "share of synapses that are missing, less than 1"},
                      seed_fact("random_seed", 1111, kMostSeed), seed_compat_fact()},
          .size    = random_size,
          .connect = connect_random};
}

}  // namespace dynode
