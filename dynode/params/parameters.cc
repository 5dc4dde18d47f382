#include "dynode/params/parameters.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <fmt/format.h>

#include "dynode/base/error.h"

namespace dynode {

double real_value(Transform transform, double stored) {
  return transform == Transform::exponential ? std::exp(stored) : stored;
}
double stored_value(Transform transform, double real) {
  return transform == Transform::exponential ? std::log(real) : real;
}
double transform_slope(Transform transform, double real) { return transform == Transform::exponential ? real : 1.0; }

size_t Block::size() const {
  size_t n = 1;
  for (size_t d : shape) n *= d;
  return n;
}

std::string Block::stored_name() const {
  if (transform == Transform::identity) return name;
  const size_t slash = name.rfind('/') + 1;   // npos + 1 = 0: a name without a layer
  return name.substr(0, slash) + "log_" + name.substr(slash);
}

int ParameterMap::add(Block block) {
  expects(find(block.name) < 0, "parameter blocks have different names");
  block.offset = size_;
  size_ += block.size();
  blocks_.push_back(std::move(block));
  return int(blocks_.size()) - 1;
}

size_t ParameterMap::learnable_size() const {
  size_t n = 0;
  for (const Block& b : blocks_)
    if (b.learnable) n += b.mask.empty() ? b.size() : size_t(std::count(b.mask.begin(), b.mask.end(), 1));
  return n;
}

int ParameterMap::find(const std::string& name) const {
  for (size_t i = 0; i < blocks_.size(); ++i)
    if (blocks_[i].name == name || blocks_[i].stored_name() == name) return int(i);
  return -1;
}

std::vector<std::string> ParameterMap::names() const {
  std::vector<std::string> names;
  for (const Block& b : blocks_) names.push_back(b.name);
  return names;
}

template <class R>
void to_real(const Block& block, const R* theta, std::span<R> real) {
  expects(real.size() == block.size(), "a block's real values have the block's length");
  for (size_t i = 0; i < real.size(); ++i) real[i] = R(real_value(block.transform, theta[block.offset + i]));
}

template <class R>
void set_real(const Block& block, std::span<const double> real, R* theta) {
  if (real.size() != block.size())
    throw ShapeError(block.name, {block.shape.begin(), block.shape.end()}, {int64_t(real.size())});
  for (size_t i = 0; i < real.size(); ++i) {
    const bool positive = block.transform == Transform::exponential;
    if (!std::isfinite(real[i]) || (positive && real[i] <= 0))
      throw SpecError({}, fmt::format("{}: value {} at position {} is {}", block.name, real[i], i,
                                      std::isfinite(real[i]) ? "not positive" : "not finite"));
    theta[block.offset + i] = R(stored_value(block.transform, real[i]));
  }
}

template <class R>
void to_stored_gradient(const ParameterMap& map, const R* theta, R* gradient) {
  for (const Block& b : map.blocks()) {
    R* g = gradient + b.offset;
    if (b.transform != Transform::identity)
      for (size_t i = 0; i < b.size(); ++i)
        g[i] *= R(transform_slope(b.transform, real_value(b.transform, theta[b.offset + i])));
    for (size_t i = 0; i < b.mask.size(); ++i)
      if (!b.mask[i]) g[i] = R(0);
  }
}

template <class R>
void project(const ParameterMap& map, R* theta) {
  for (const Block& b : map.blocks()) {
    R* x = theta + b.offset;
    const R low  = b.min <= -1e300 ? -std::numeric_limits<R>::infinity() : R(stored_value(b.transform, b.min));
    const R high = b.max >= 1e300 ? std::numeric_limits<R>::infinity() : R(stored_value(b.transform, b.max));
    if (low > -std::numeric_limits<R>::infinity() || high < std::numeric_limits<R>::infinity())
      for (size_t i = 0; i < b.size(); ++i) x[i] = std::clamp(x[i], low, high);
    for (size_t i = 0; i < b.sign.size(); ++i)
      if (b.sign[i]) x[i] = b.sign[i] > 0 ? std::max(x[i], R(0)) : std::min(x[i], R(0));
    for (size_t i = 0; i < b.mask.size(); ++i)
      if (!b.mask[i]) x[i] = R(0);
  }
}

#define DYNODE_INSTANCES(R)                                               \
  template void to_real<R>(const Block&, const R*, std::span<R>);         \
  template void set_real<R>(const Block&, std::span<const double>, R*);   \
  template void to_stored_gradient<R>(const ParameterMap&, const R*, R*); \
  template void project<R>(const ParameterMap&, R*);
DYNODE_INSTANCES(float)
DYNODE_INSTANCES(double)
#undef DYNODE_INSTANCES

}  // namespace dynode
