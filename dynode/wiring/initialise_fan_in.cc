// Initialisers that scale with the number of connections, so that signals keep their size from layer to layer.
//
//   xavier_normal    σ[i,j] = gain √(2 / (fan_in[i] + fan_out[j]))     xavier_uniform   ±gain √(6 / (…))
//   kaiming_normal   σ[i] = G / √fan_in[i]                             kaiming_uniform  ±G √(3 / fan_in[i])
//   fan_in_normal    σ = 1 / √n, n all source units                    fan_in_uniform   ±1 / √n
//
// Sources: Glorot & Bengio 2010; He et al. 2015.
#include <algorithm>
#include <cmath>

#include "dynode/base/random.h"
#include "dynode/wiring/initialisers.h"

namespace dynode {
namespace {

std::vector<double> at_least_one(const std::vector<size_t>& counts) {
  std::vector<double> fans;
  for (const size_t count : counts) fans.push_back(double(std::max<size_t>(count, 1)));
  return fans;
}

enum class Shape { normal, uniform };

/// Weights [to][from] with deviation (normal) or limit (uniform) scale(i, j).
template <Shape shape, class F>
std::vector<double> draw(const InitialiserArgs& args, F scale) {
  std::vector<double> weights(args.mask.on.size());
  for (size_t i = 0; i < args.mask.to; ++i)
    for (size_t j = 0; j < args.mask.from; ++j) {
      const double x = shape == Shape::normal ? args.random.normal() : 2 * args.random.uniform() - 1;
      weights[i * args.mask.from + j] = scale(i, j) * x;
    }
  return weights;
}

template <Shape shape>
std::vector<double> xavier(const InitialiserArgs& args) {
  const double gain   = args.arguments.number("gain");
  const auto   fan_in = at_least_one(args.mask.fan_in()), fan_out = at_least_one(args.mask.fan_out());
  const double share  = shape == Shape::normal ? 2 : 6;
  return draw<shape>(args, [&](size_t i, size_t j) { return gain * std::sqrt(share / (fan_in[i] + fan_out[j])); });
}

/// Gain of a nonlinearity; names without one of their own count as linear.
double gain_of(const Arguments& arguments) {
  const std::string& name = arguments.text("nonlinearity");
  const double       a    = arguments.number("a");
  if (name == "relu") return std::sqrt(2.0);
  if (name == "leaky_relu") return std::sqrt(2 / (1 + a * a));
  if (name == "tanh") return 5.0 / 3;
  return 1;
}

template <Shape shape>
std::vector<double> kaiming(const InitialiserArgs& args) {
  const double gain   = gain_of(args.arguments);
  const auto   fan_in = at_least_one(args.mask.fan_in());
  const double share  = shape == Shape::normal ? 1 : 3;
  return draw<shape>(args, [&](size_t i, size_t) { return gain * std::sqrt(share / fan_in[i]); });
}

template <Shape shape>
std::vector<double> fan_in(const InitialiserArgs& args) {
  const double scale = args.arguments.number("gain") / std::sqrt(double(args.mask.from));
  return draw<shape>(args, [&](size_t, size_t) { return scale; });
}

std::vector<Fact> xavier_facts() { return {{.name = "gain", .value = 1, .help = "factor on the weights"}}; }

std::vector<Fact> kaiming_facts() {
  return {{.name = "nonlinearity",
           .kind = ArgumentKind::text,
           .help = "relu, leaky_relu, tanh; anything else counts as linear",
           .text = "relu"},
          {.name = "a", .value = 0, .help = "slope of leaky_relu below zero"}};
}

}  // namespace

InitialiserEntry xavier_normal_initialiser() {
  return {"xavier_normal", "Gaussian, scaled by fan-in and fan-out", xavier_facts(), xavier<Shape::normal>};
}
InitialiserEntry xavier_uniform_initialiser() {
  return {"xavier_uniform", "evenly distributed, scaled by fan-in and fan-out", xavier_facts(), xavier<Shape::uniform>};
}
InitialiserEntry kaiming_normal_initialiser() {
  return {"kaiming_normal", "Gaussian, scaled by fan-in and nonlinearity", kaiming_facts(), kaiming<Shape::normal>};
}
InitialiserEntry kaiming_uniform_initialiser() {
  return {"kaiming_uniform", "evenly distributed, scaled by fan-in and nonlinearity", kaiming_facts(),
          kaiming<Shape::uniform>};
}
InitialiserEntry fan_in_normal_initialiser() {
  return {"fan_in_normal", "Gaussian with deviation 1/√n, n source units", xavier_facts(), fan_in<Shape::normal>};
}
InitialiserEntry fan_in_uniform_initialiser() {
  return {"fan_in_uniform", "evenly distributed within ±1/√n, n source units", xavier_facts(), fan_in<Shape::uniform>};
}

std::vector<double> initial_bias(std::string_view rule, size_t to, size_t from, Random& random, const At& at) {
  std::vector<double> bias(to);
  if (rule == "zero") return bias;
  if (rule != "fan_in_uniform" && rule != "fan_in_normal")
    throw SpecError(at, "there is no bias rule '" + std::string(rule) + "'",
                    "there is: zero, fan_in_uniform, fan_in_normal");
  const double scale = 1 / std::sqrt(double(std::max<size_t>(from, 1)));
  for (double& b : bias) b = scale * (rule == "fan_in_normal" ? random.normal() : 2 * random.uniform() - 1);
  return bias;
}

}  // namespace dynode
