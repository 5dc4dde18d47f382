// Real values out of stored ones, weights as they act, and the way back for gradients.
#include "dynode/params/transform.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "dynode/base/error.h"
#include "dynode/params/parameters.h"

namespace dynode {
namespace {

using Kind = Transform::Kind;

/// "not finite", "not positive", "not within 4 … 20".
std::string complaint(const Transform& t, double real) {
  if (!std::isfinite(real)) return "not finite";
  return t.kind == Kind::sigmoid ? fmt::format("not between {} and {}", t.low, t.high) : "not positive";
}

bool has_range(const Transform& t, double real) {
  if (!std::isfinite(real)) return false;
  return t.kind == Kind::identity || (t.kind == Kind::sigmoid ? real > t.low && real < t.high : real > 0);
}

void check_size(const Block& block, size_t size) {
  if (size != block.size()) throw ShapeError(block.name, {block.shape.begin(), block.shape.end()}, {int64_t(size)});
}

}  // namespace

double real_value(const Transform& transform, double stored) {
  switch (transform.kind) {
    case Kind::identity: break;
    case Kind::exponential: return std::exp(stored);
    case Kind::sigmoid: return transform.low + (transform.high - transform.low) / (1 + std::exp(-stored));
    case Kind::softplus: return std::max(stored, 0.0) + std::log1p(std::exp(-std::abs(stored)));
  }
  return stored;
}

double stored_value(const Transform& transform, double real) {
  switch (transform.kind) {
    case Kind::identity: break;
    case Kind::exponential: return std::log(real);
    case Kind::sigmoid: return std::log((real - transform.low) / (transform.high - real));
    case Kind::softplus: return real + std::log(-std::expm1(-real));
  }
  return real;
}

double transform_slope(const Transform& transform, double real) {
  switch (transform.kind) {
    case Kind::identity: break;
    case Kind::exponential: return real;
    case Kind::sigmoid: return (real - transform.low) * (transform.high - real) / (transform.high - transform.low);
    case Kind::softplus: return -std::expm1(-real);
  }
  return 1;
}

template <class R>
void to_real(const Block& block, const R* theta, std::span<R> real) {
  expects(real.size() == block.size(), "a block's real values have the block's length");
  for (size_t i = 0; i < real.size(); ++i) real[i] = R(real_value(block.transform, theta[block.offset + i]));
}

template <class R>
void set_real(const Block& block, std::span<const double> real, R* theta) {
  check_size(block, real.size());
  for (size_t i = 0; i < real.size(); ++i) {
    if (!has_range(block.transform, real[i]))
      throw SpecError({}, fmt::format("{}: value {} at position {} is {}", block.name, real[i], i,
                                      complaint(block.transform, real[i])));
    theta[block.offset + i] = R(stored_value(block.transform, real[i]));
  }
}

template <class R>
void set_stored(const Block& block, std::span<const double> stored, R* theta) {
  check_size(block, stored.size());
  for (size_t i = 0; i < stored.size(); ++i) {
    if (!std::isfinite(R(stored[i])))
      throw SpecError({},
                      fmt::format("{}: value {} at position {} is not finite", block.stored_name(), R(stored[i]), i));
    theta[block.offset + i] = R(stored[i]);
  }
}

template <class R>
void to_effective(const ParameterMap& map, R* theta) {
  for (const Block& b : map.blocks()) {
    if (!b.rectified) continue;
    R* w = theta + b.offset;
    for (size_t i = 0; i < b.sign.size(); ++i)
      if (b.sign[i]) w[i] = w[i] <= 0 ? R(0) : w[i] * R(b.sign[i]);  // NaN stays NaN
  }
}

template <class R>
void to_stored_gradient(const ParameterMap& map, const R* theta, R* gradient) {
  for (const Block& b : map.blocks()) {
    const R* x = theta + b.offset;
    R*       g = gradient + b.offset;
    if (b.transform != Transform::identity)
      for (size_t i = 0; i < b.size(); ++i)
        if (b.mask.empty() || b.mask[i]) g[i] *= R(transform_slope(b.transform, real_value(b.transform, x[i])));
    if (b.rectified)
      for (size_t i = 0; i < b.sign.size(); ++i)
        if (b.sign[i]) g[i] = x[i] <= 0 ? R(0) : g[i] * R(b.sign[i]);
    const uint8_t* mask = b.mask.data();
    for (size_t i = 0, n = b.mask.size(); i < n; ++i) g[i] = mask[i] ? g[i] : R(0);   // without branches
    if (b.growth.present >= 0)
      for (size_t i = 0; i < b.size(); ++i)
        if (theta[map[b.growth.present].offset + i] == 0) g[i] = R(0);
  }
}

#define DYNODE_INSTANCES(R)                                               \
  template void to_real<R>(const Block&, const R*, std::span<R>);         \
  template void set_real<R>(const Block&, std::span<const double>, R*);   \
  template void set_stored<R>(const Block&, std::span<const double>, R*); \
  template void to_effective<R>(const ParameterMap&, R*);                 \
  template void to_stored_gradient<R>(const ParameterMap&, const R*, R*);
DYNODE_INSTANCES(float)
DYNODE_INSTANCES(double)
#undef DYNODE_INSTANCES

}  // namespace dynode
