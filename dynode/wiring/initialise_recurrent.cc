// Initialisers of sparse recurrent rate networks: gaus, gamma.
//
//   gaus    N(0, 1) · gain / √(N · density), N source units: spectral radius near gain
//   gamma   Gamma(shape, scale), positive
//
// With `density` given, every entry is zero with probability 1 − density, and that density sets the scale; otherwise
// the density of the mask does. Source: spikeRNN (Kim, Li & Sejnowski 2019), initial recurrent weights.
#include <cmath>

#include "dynode/base/random.h"
#include "dynode/wiring/initialisers.h"
#include "dynode/wiring/support.h"

namespace dynode {
namespace {

/// Draws every entry; with a density of its own some are zero. One number decides, so entries do not shift.
template <class F>
std::vector<double> draw_sparse(const InitialiserArgs& args, std::optional<double> density, F draw) {
  if (density && !(*density > 0)) throw SpecError(args.at, "density must be larger than 0", "init: zero gives zeros");
  std::vector<double> weights(args.mask.on.size());
  for (double& weight : weights) {
    const bool exists = !density || args.random.uniform() < *density;
    weight = draw();
    if (!exists) weight = 0;
  }
  return weights;
}

std::vector<double> gaus(const InitialiserArgs& args) {
  const auto   own     = given_number(args.arguments, "density");
  const double entries = std::max(double(args.mask.on.size()), 1.0);
  const double density = own.value_or(std::max(double(args.mask.count()), 1.0) / entries);
  const double scale   = args.arguments.number("gain") / std::sqrt(double(args.mask.from) * density);
  return draw_sparse(args, own, [&] { return scale * args.random.normal(); });
}

/// Gamma(shape, 1). Source: Marsaglia & Tsang 2000; below shape 1 one more uniform number brings it down.
double draw_gamma(Random& random, double shape) {
  if (shape < 1) return draw_gamma(random, shape + 1) * std::pow(1 - random.uniform(), 1 / shape);
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double x = random.normal(), t = 1 + c * x, v = t * t * t;
    if (t <= 0) continue;
    if (std::log(1 - random.uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v;
  }
}

std::vector<double> gamma(const InitialiserArgs& args) {
  const double shape = args.arguments.number("shape"), scale = args.arguments.number("scale");
  if (!(shape > 0)) throw SpecError(args.at, "shape of a gamma distribution must be larger than 0", "2 when missing");
  const auto draw = [&] { return scale * draw_gamma(args.random, shape); };
  return draw_sparse(args, given_number(args.arguments, "density"), draw);
}

Fact density_fact() {
  return {.name = "density", .value = kNoDefault, .min = 0, .max = 1, .help = "share of weights that are not zero"};
}

}  // namespace

InitialiserEntry gaus_initialiser() {
  return {.name    = "gaus",
          .summary = "Gaussian with deviation gain / √(n · density)",
          .facts   = {{.name = "gain", .value = 1.5, .help = "spectral radius of a large random network"},
                      density_fact()},
          .make    = gaus};
}

InitialiserEntry gamma_initialiser() {
  return {.name    = "gamma",
          .summary = "gamma distribution, positive weights",
          .facts   = {{.name = "shape", .value = 2, .min = 0, .help = "shape"},
                      {.name = "scale", .value = 0.003, .min = 0, .help = "scale"},
                      density_fact()},
          .make    = gamma};
}

}  // namespace dynode
