// Initialisers that do not look at fan-in: normal, uniform, linear, constant, zero.
#include <algorithm>
#include <fmt/format.h>

#include "dynode/base/random.h"
#include "dynode/wiring/initialisers.h"
#include "dynode/wiring/support.h"

namespace dynode {
namespace {

std::vector<double> normal(const InitialiserArgs& args) {
  const double mean = args.arguments.number("mean"), std = args.arguments.number("std");
  std::vector<double> weights(args.mask.on.size());
  for (double& weight : weights) weight = mean + std * args.random.normal();
  return weights;
}

std::vector<double> uniform(const InitialiserArgs& args) {
  const double min = args.arguments.number("min"), max = args.arguments.number("max");
  if (min > max)
    throw SpecError(args.at, fmt::format("min {} is larger than max {}", min, max), "weights are drawn from min to max");
  std::vector<double> weights(args.mask.on.size());
  for (double& weight : weights) weight = min + (max - min) * args.random.uniform();
  return weights;
}

std::vector<double> linear(const InitialiserArgs& args) {
  return evenly_spaced(args.arguments.number("min"), args.arguments.number("max"), args.mask.on.size());
}

std::vector<double> constant(const InitialiserArgs& args) {
  return std::vector<double>(args.mask.on.size(), args.arguments.number("value"));
}

std::vector<double> zero(const InitialiserArgs& args) { return std::vector<double>(args.mask.on.size()); }

}  // namespace

InitialiserEntry normal_initialiser() {
  return {.name    = "normal",
          .summary = "Gaussian",
          .facts   = {{.name = "mean", .value = 0, .help = "mean"},
                      {.name = "std", .value = 0.1, .min = 0, .help = "standard deviation"}},
          .make    = normal};
}

InitialiserEntry uniform_initialiser() {
  return {.name    = "uniform",
          .summary = "evenly distributed",
          .facts   = {{.name = "min", .value = -0.24, .help = "smallest weight"},
                      {.name = "max", .value = 0.24, .help = "largest weight"}},
          .make    = uniform};
}

InitialiserEntry linear_initialiser() {
  return {.name    = "linear",
          .summary = "evenly spaced over all entries, row by row",
          .facts   = {{.name = "min", .value = 0, .help = "first weight"},
                      {.name = "max", .value = 1, .help = "last weight"}},
          .make    = linear};
}

InitialiserEntry constant_initialiser() {
  return {.name    = "constant",
          .summary = "one value",
          .facts   = {{.name = "value", .value = 1, .help = "weight"}},
          .make    = constant};
}

InitialiserEntry zero_initialiser() { return {.name = "zero", .summary = "zero", .facts = {}, .make = zero}; }

}  // namespace dynode
