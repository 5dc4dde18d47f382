// Distributions of parameters.
#include "dynode/wiring/distributions.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <numbers>

#include "dynode/base/random.h"
#include "dynode/wiring/support.h"

namespace dynode {
namespace {

constexpr double kFloor           = 1e-10;                     // smallest bound of the logarithmic distributions
constexpr double kFluxQuantum     = 2.0678338484619295e-15;    // Φ₀ = h / 2e, Wb
constexpr double kCriticalCurrent = 1e-4;                      // I_c, A

using Args   = DistributionArgs;
using Values = std::vector<double>;

struct Range { double min, max; };

Range range_of(const Args& args) {
  const Range range{args.arguments.number("min"), args.arguments.number("max")};
  if (range.min > range.max)
    throw SpecError(args.at, fmt::format("min {} is larger than max {}", range.min, range.max),
                    "numbers are drawn from min to max");
  return range;
}

/// The bounds' logarithms.
Range log_range_of(const Args& args) {
  const Range range = range_of(args);
  return {std::log(std::max(range.min, kFloor)), std::log(std::max(range.max, kFloor))};
}

Values constant(const Args& args, size_t count) { return Values(count, args.arguments.number("value")); }

Values normal(const Args& args, size_t count) {
  Values values(count);
  for (double& x : values) x = args.arguments.number("mean") + args.arguments.number("std") * args.random.normal();
  return values;
}

Values uniform(const Args& args, size_t count) {
  const auto [min, max] = range_of(args);
  Values values(count);
  for (double& x : values) x = min + (max - min) * args.random.uniform();
  return values;
}

Values lognormal(const Args& args, size_t count) {
  Values values = normal(args, count);
  for (double& x : values) x = std::exp(x);
  return values;
}

Values loguniform(const Args& args, size_t count) {
  const auto [min, max] = log_range_of(args);
  Values values(count);
  for (double& x : values) x = std::exp(min + (max - min) * args.random.uniform());
  return values;
}

Values linear(const Args& args, size_t count) {
  return evenly_spaced(args.arguments.number("min"), args.arguments.number("max"), count);
}

Values loglinear(const Args& args, size_t count) {
  const auto ends   = [&](const char* name) { return std::log(std::max(args.arguments.number(name), kFloor)); };
  Values     values = evenly_spaced(ends("min"), ends("max"), count);
  for (double& x : values) x = std::exp(x);
  return values;
}

/// 1 / (β_L · fan-out), β_L = 2π I_c L / Φ₀: one inductance per outgoing connection.
Values fan_out(const Args& args, size_t count) {
  const double  inductance = args.arguments.number("inductance_per_fan");
  const double  beta_L     = 2 * std::numbers::pi * kCriticalCurrent * inductance / kFluxQuantum;
  const bool    listed     = args.arguments.has("node_fan_outs");
  const Values& fans       = listed ? args.arguments.numbers("node_fan_outs") : args.fan_out;
  if (!(beta_L > 0)) throw SpecError(args.at, "inductance_per_fan must be larger than 0", "5e-10 when missing");
  if (count != args.width)
    throw SpecError(args.at, "fan_out gives every unit a value of its own", "leave block_size out");
  if ((listed || !fans.empty()) && fans.size() != count)
    throw SpecError(args.at, fmt::format("node_fan_outs has {} entries for {} units", fans.size(), count),
                    "leave it out to have them counted");
  Values values(count, 1 / beta_L);
  for (size_t i = 0; i < fans.size(); ++i) values[i] = 1 / (beta_L * std::max(1.0, fans[i]));
  return values;
}

DistributionEntry with_blocks(DistributionEntry entry) {
  entry.facts.push_back({.name  = "block_size",
                         .kind  = ArgumentKind::integer,
                         .value = 1,
                         .min   = 1,
                         .unit  = "units",
                         .help  = "units of a block; divides the width of the layer"});
  entry.facts.push_back({.name = "block_mode",
                         .kind = ArgumentKind::text,
                         .help = "shared: one value per block; tiled: every block has the same values",
                         .text = "shared"});
  return entry;
}

Fact number(const char* name, double value, const char* help) { return {.name = name, .value = value, .help = help}; }
Fact width_fact(double value) { return {.name = "std", .value = value, .min = 0, .help = "standard deviation"}; }
Fact bound(const char* name, double value, const char* help) {
  return {.name = name, .value = value, .help = help, .required = std::isnan(value)};
}

}  // namespace

const std::vector<DistributionEntry>& distributions() {
  static const std::vector<DistributionEntry> entries = {
      with_blocks({"constant", "one value", {number("value", 0, "value")}, constant}),
      with_blocks({"normal", "Gaussian", {number("mean", 0, "mean"), width_fact(0.01)}, normal}),
      with_blocks({"uniform", "evenly distributed",
                   {bound("min", 0, "smallest value"), bound("max", 1, "largest value")}, uniform}),
      with_blocks({"lognormal", "exp of a Gaussian",
                   {number("mean", 0, "mean of the logarithm"), width_fact(1)}, lognormal}),
      with_blocks({"loguniform", "evenly distributed in the logarithm",
                   {bound("min", kNoDefault, "smallest value, not its logarithm; at least 1e-10"),
                    bound("max", kNoDefault, "largest value, not its logarithm")}, loguniform}),
      with_blocks({"linear", "evenly spaced over the units",
                   {bound("min", 0, "first value"), bound("max", 1, "last value")}, linear}),
      with_blocks({"loglinear", "evenly spaced in the logarithm",
                   {bound("min", kNoDefault, "first value, not its logarithm; at least 1e-10"),
                    bound("max", kNoDefault, "last value, not its logarithm")}, loglinear}),
      with_blocks({"fan_out", "1 / (β_L · outgoing connections)",
                   {{.name = "inductance_per_fan", .value = 5e-10, .min = 0, .unit = "H", .help = "per connection"},
                    {.name = "node_fan_outs",
                     .kind = ArgumentKind::numbers,
                     .help = "outgoing connections of each unit; counted when missing"}}, fan_out}),
  };
  return entries;
}

const DistributionEntry& find_distribution(std::string_view name, const At& at) {
  return find_entry(distributions(), "distribution", name, at);
}

std::vector<double> draw_parameter(const DistributionEntry& distribution, const DistributionArgs& args) {
  const auto         block = size_t(args.arguments.number("block_size"));
  const std::string& mode  = args.arguments.text("block_mode");
  if (mode != "shared" && mode != "tiled")
    throw SpecError(args.at, "block_mode '" + mode + "' is unknown", "there is: shared, tiled");
  if (block == 0 || args.width % block != 0)
    throw SpecError(args.at, fmt::format("block_size {} does not divide the {} units of the layer", block, args.width),
                    "every block has as many units");

  const bool   shared = mode == "shared";
  const Values drawn  = distribution.make(args, block == 1 ? args.width : shared ? args.width / block : block);
  if (block == 1) return drawn;
  Values values(args.width);
  for (size_t i = 0; i < args.width; ++i) values[i] = drawn[shared ? i / block : i % block];
  return values;
}

}  // namespace dynode
