// flux_balanced: sources at their mean state drive every target with the same flux.
//
//   J[i,:] = phi_exc_target / (sources · fan_in[i] · mean_state) + noise_std · N(0, 1)
//
// sources: connections into the target layer, internal and feedback ones included.
#include <algorithm>

#include "dynode/base/random.h"
#include "dynode/wiring/initialisers.h"
#include "dynode/wiring/support.h"

namespace dynode {
namespace {

std::vector<double> flux_balanced(const InitialiserArgs& args) {
  const Arguments& a       = args.arguments;
  const double     sources = given_number(a, "num_input_sources").value_or(double(args.num_input_sources));
  const double     state   = a.number("mean_state"), noise = a.number("noise_std");
  if (state == 0) throw SpecError(args.at, "mean_state must not be 0", "silent sources cannot drive anything");
  if (!(sources > 0)) throw SpecError(args.at, "num_input_sources must be at least 1");

  const std::vector<size_t> fan_in = args.mask.fan_in();
  std::vector<double>       weights(args.mask.on.size());
  for (size_t i = 0; i < args.mask.to; ++i) {
    const double J = a.number("phi_exc_target") / (sources * double(std::max<size_t>(fan_in[i], 1)) * state);
    for (size_t j = 0; j < args.mask.from; ++j)
      weights[i * args.mask.from + j] = J + (noise > 0 ? noise * args.random.normal() : 0);
  }
  return weights;
}

}  // namespace

InitialiserEntry flux_balanced_initialiser() {
  return {.name    = "flux_balanced",
          .summary = "equal mean flux for every target",
          .facts   = {{.name  = "phi_exc_target",
                       .value = 0.27,
                       .unit  = "Φ₀",
                       .help  = "flux from sources at their mean state"},
                      {.name = "mean_state", .value = 1, .help = "mean state of the sources"},
                      {.name = "noise_std", .value = 0, .min = 0, .help = "deviation added to each weight"},
                      {.name  = "num_input_sources",
                       .kind  = ArgumentKind::integer,
                       .value = kNoDefault,
                       .min   = 1,
                       .help  = "connections into the target layer; counted when missing"}},
          .make    = flux_balanced};
}

}  // namespace dynode
