#include "dynode/wiring/neural_circuit.h"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>

#include "dynode/wiring/circuit_rules.h"
#include "dynode/wiring/support.h"

namespace dynode {
namespace {

size_t count(const std::vector<int8_t>& matrix) {
  return matrix.size() - size_t(std::count(matrix.begin(), matrix.end(), 0));
}

void check_below(const char* name, int64_t id, size_t bound, const char* what) {
  if (id < 0 || size_t(id) >= bound)
    throw SpecError({}, fmt::format("{} is {}, but there are {} {}", name, id, bound, what),
                    bound ? fmt::format("they are numbered 0 to {}", bound - 1) : "the wiring was made without them");
}

void check_polarity(int polarity) {
  if (polarity != 1 && polarity != -1)
    throw SpecError({}, fmt::format("polarity is {}, but must be -1 or 1", polarity), "1 excites, -1 inhibits");
}

}  // namespace

size_t Wiring::synapses() const { return count(adjacency); }

size_t Wiring::sensory_synapses() const { return count(sensory); }

void Wiring::add_synapse(int64_t source, int64_t target, int polarity) {
  check_below("source", source, units, "units");
  check_below("target", target, units, "units");
  check_polarity(polarity);
  adjacency[size_t(source) * units + size_t(target)] = int8_t(polarity);
}

void Wiring::add_sensory_synapse(int64_t input, int64_t target, int polarity) {
  check_below("input", input, inputs, "inputs");
  check_below("target", target, units, "units");
  check_polarity(polarity);
  sensory[size_t(input) * units + size_t(target)] = int8_t(polarity);
}

WiringSize wiring_size(const WiringEntry& kind, const Arguments& arguments, const At& at) {
  return kind.size(arguments, at);
}

Wiring make_wiring(const WiringEntry& kind, const WiringArgs& args) {
  const WiringSize size = wiring_size(kind, args.arguments, args.at);
  constexpr double kMost = 1e8;
  if (double(std::max(size.units, args.inputs)) * double(size.units) > kMost)
    throw SpecError(args.at, fmt::format("{} units and {} inputs are too many for a wiring", size.units, args.inputs),
                    "units × units and inputs × units may be at most 1e8");

  Wiring wiring{.units     = size.units,
                .inputs    = args.inputs,
                .outputs   = size.outputs,
                .adjacency = std::vector<int8_t>(size.units * size.units),
                .sensory   = std::vector<int8_t>(args.inputs * size.units),
                .layers    = {std::vector<uint32_t>(size.units)}};
  std::iota(wiring.layers[0].begin(), wiring.layers[0].end(), 0u);
  kind.connect(args, wiring);
  return wiring;
}

Fact units_fact() {
  return {.name = "units", .kind = ArgumentKind::integer, .min = 1, .help = "neurons", .required = true};
}

Fact output_dim_fact() {
  return {.name  = "output_dim",
          .kind  = ArgumentKind::integer,
          .value = kNoDefault,
          .min   = 1,
          .help  = "motor neurons: the first units; without it all units"};
}

Fact seed_fact(const char* name, double value, double most) {
  return {.name  = name,
          .kind  = ArgumentKind::integer,
          .value = value,
          .min   = 0,
          .max   = most,
          .help  = "of the random numbers that make the circuit"};
}

Fact seed_compat_fact() {
  return {.name = "seed_compat",
          .kind = ArgumentKind::text,
          .help = "numpy: the circuit that ncps makes of this seed; none: dynode's own numbers, where the number of "
                  "inputs leaves the synapses between neurons alone",
          .text = "numpy"};
}

WiringSize units_and_outputs(const char* kind, const Arguments& arguments, const At& at) {
  const auto   units   = size_t(arguments.number("units"));
  const auto   given   = given_number(arguments, "output_dim");
  const size_t outputs = given ? size_t(*given) : units;
  if (outputs > units)
    throw SpecError(at, fmt::format("output_dim of {} is {}, but it has only {} units", kind, outputs, units));
  return {units, outputs};
}

bool seed_as_numpy(const Arguments& arguments, const At& at) {
  const std::string& compat = arguments.text("seed_compat");
  if (compat != "numpy" && compat != "none")
    throw SpecError(at, fmt::format("seed_compat '{}' is unknown", compat),
                    did_you_mean(compat, {"numpy", "none"}, "there is"));
  return compat == "numpy";
}

}  // namespace dynode
