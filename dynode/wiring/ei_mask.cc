// Signs of weights entry by entry, and their balance.
#include "dynode/wiring/ei_mask.h"

#include <cmath>
#include <fmt/format.h>

namespace dynode {

std::vector<int8_t> ei_mask_signs(size_t to, size_t from, std::span<const double> values, bool allow_mixed,
                                  const At& at) {
  const bool per_source = values.size() == from && to != 1;
  if (!per_source && values.size() != to * from)
    throw ShapeError("ei_mask", {int64_t(to), int64_t(from)}, {int64_t(values.size())},
                     fmt::format("[{}] for all targets alike is fine, too", from));
  std::vector<int8_t> sign(to * from);
  for (size_t i = 0; i < sign.size(); ++i) {
    const double value = values[per_source ? i % from : i];
    if (std::isnan(value))
      throw SpecError(at, fmt::format("ei_mask[{}, {}] is nan", i / from, i % from), "it must be a sign: -1, 0 or 1");
    sign[i] = int8_t((value > 0) - (value < 0));
  }
  if (allow_mixed) return sign;

  for (size_t j = 0; j < from; ++j) {
    bool excites = false, inhibits = false;
    for (size_t i = 0; i < to; ++i) excites |= sign[i * from + j] > 0, inhibits |= sign[i * from + j] < 0;
    if (excites && inhibits)
      throw SpecError(at, fmt::format("ei_mask: unit {} of the source has weights of both signs", j),
                      "by Dale's law it has one; give allow_mixed_signs: true if both are meant");
  }
  return sign;
}

void balance_signs(std::span<const int8_t> sign, std::span<double> weights) {
  expects(sign.size() == weights.size(), "one sign per weight");
  double excitation = 0, inhibition = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    if (sign[i] > 0) excitation += std::abs(weights[i]);
    if (sign[i] < 0) inhibition += std::abs(weights[i]);
  }
  if (excitation == 0 || inhibition == 0) {
    for (double& w : weights) w /= 10;
    return;
  }
  const bool   too_excited = excitation > inhibition;
  const double factor      = too_excited ? inhibition / excitation : excitation / inhibition;
  for (size_t i = 0; i < weights.size(); ++i)
    if (too_excited ? sign[i] > 0 : sign[i] < 0) weights[i] *= factor;
}

}  // namespace dynode
