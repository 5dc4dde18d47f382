// AutoNCP: an NCP of given size; layers and fan-outs follow from the sparsity.
//
//   rest = units − outputs       command = ⌊0.4 rest⌋                        inter = rest − command
//   sensory_fanout = ⌊inter d⌋   inter_fanout = motor_fanin = ⌊command d⌋    recurrent = ⌊2 command d⌋
//
// d = 1 − sparsity; everything is at least 1.
#include <algorithm>
#include <fmt/format.h>

#include "dynode/wiring/circuit_rules.h"

namespace dynode {
namespace {

/// Rounded as ncps does it: ⌊10 (1 − 0.8)⌋ is 1, because 1 − 0.8 < 0.2.
size_t at_least_one(double x) { return std::max<size_t>(size_t(x), 1); }

NcpCounts counts_of(const Arguments& arguments) {
  const double density = 1.0 - arguments.number("sparsity_level");
  const auto   outputs = size_t(arguments.number("output_size"));
  const size_t rest    = size_t(arguments.number("units")) - outputs;
  const size_t command = at_least_one(0.4 * double(rest)), inter = rest - command;
  return {.inter                      = inter,
          .command                    = command,
          .motor                      = outputs,
          .sensory_fanout             = at_least_one(double(inter) * density),
          .inter_fanout               = at_least_one(double(command) * density),
          .recurrent_command_synapses = at_least_one(double(command) * density * 2),
          .motor_fanin                = at_least_one(double(command) * density)};
}

WiringSize auto_ncp_size(const Arguments& arguments, const At& at) {
  seed_as_numpy(arguments, at);
  const auto units = size_t(arguments.number("units")), outputs = size_t(arguments.number("output_size"));
  if (outputs + 3 > units)
    throw SpecError(at, fmt::format("output_size of AutoNCP is {}, but must be less than units - 2 = {}", outputs,
                                    int64_t(units) - 2),
                    fmt::format("two inter neurons and a command neuron need {} units", outputs + 3));
  return {units, outputs};
}

void connect_auto_ncp(const WiringArgs& args, Wiring& wiring) {
  connect_ncp(counts_of(args.arguments), args, wiring);
  if (const double sparsity = args.arguments.number("sparsity_level"); sparsity > 0.9)
    wiring.warning = fmt::format("sparsity_level {} of AutoNCP is above 0.9: fan-outs cannot be less than 1, so the "
                                 "circuit is denser than that", sparsity);
}

}  // namespace

WiringEntry auto_ncp_wiring() {
  return {.name    = "AutoNCP",
          .summary = "an NCP whose layers and fan-outs follow from its size and sparsity",
          .facts   = {units_fact(),
                      {.name     = "output_size",
                       .kind     = ArgumentKind::integer,
                       .min      = 1,
                       .help     = "motor neurons, less than units - 2",
                       .required = true},
                      {.name  = "sparsity_level",
                       .value = 0.5,
                       .min   = 0.1,
                       .max   = 1,
                       .help  = "about the share of synapses that are missing; above 0.9 with a warning"},
                      seed_fact("seed", 22222, kMostSeed32), seed_compat_fact()},
          .size    = auto_ncp_size,
          .connect = connect_auto_ncp};
}

}  // namespace dynode
