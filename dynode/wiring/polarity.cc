// Polarity of units and weights that obey it.
#include "dynode/wiring/polarity.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "dynode/base/random.h"
#include "dynode/base/text.h"
#include "dynode/wiring/areas.h"
#include "dynode/wiring/support.h"

namespace dynode {

std::vector<int8_t> polarity_pattern(std::string_view name, size_t units, const At& at) {
  std::vector<int8_t> sign(units, 1);
  if (name == "excitatory") return sign;
  if (name == "inhibitory") {
    std::fill(sign.begin(), sign.end(), int8_t(-1));
  } else if (name == "alternating" || name == "50_50") {
    for (size_t i = 1; i < units; i += 2) sign[i] = -1;
  } else {
    throw SpecError(at, "there is no polarity '" + std::string(name) + "'",
                    did_you_mean(name, {"alternating", "50_50", "excitatory", "inhibitory"}, "there is"));
  }
  return sign;
}

const std::vector<Fact>& polarity_facts() {
  static const std::vector<Fact> facts = {
      {.name = "excitatory_ratio", .value = 0.8, .min = 0, .max = 1, .help = "share of excitatory units"},
      {.name  = "seed",
       .kind  = ArgumentKind::integer,
       .value = kNoDefault,
       .min   = 0,
       .help  = "seed of this draw; the seed of the run when missing"},
      {.name = "draw",
       .kind = ArgumentKind::text,
       .help = "count: exactly this share; independent: each unit by its own coin; areas: the first units of each area",
       .text = "count"},
      {.name = "areas",
       .kind = ArgumentKind::numbers,
       .help = "for draw areas: [n] areas of equal size, or their sizes"}};
  return facts;
}

std::vector<int8_t> draw_polarity(size_t units, const Arguments& arguments, Random& random, const At& at) {
  const double        inhibitory = 1 - arguments.number("excitatory_ratio");
  const std::string&  draw       = arguments.text("draw");
  std::vector<int8_t> sign(units, 1);
  if (draw == "areas") {
    const std::vector<double> areas = arguments.has("areas") ? arguments.numbers("areas") : std::vector<double>{1};
    return area_signs(area_sizes(units, areas, at), arguments.number("excitatory_ratio"));
  }
  if (arguments.has("areas")) throw SpecError(at, "areas belongs to draw: areas", "give draw: areas, or leave it out");
  if (draw == "independent") {
    for (int8_t& one : sign)
      if (random.uniform() < inhibitory) one = -1;
  } else if (draw == "count") {
    // 100 · (1 − 0.8) is a little below 20 in binary numbers and still means 20
    const auto count = std::min(units, size_t(std::floor(double(units) * inhibitory + 1e-9)));
    for (const size_t unit : random.choose(units, count)) sign[unit] = -1;
  } else {
    throw SpecError(at, "draw '" + draw + "' is unknown", "there is: count, independent, areas");
  }
  return sign;
}

std::vector<int8_t> check_polarity(size_t units, const std::vector<double>& values, const At& at) {
  if (values.size() != units)
    throw SpecError(at, fmt::format("polarity has {} entries for {} units", values.size(), units),
                    "give one sign per unit");
  std::vector<int8_t> sign(units);
  for (size_t i = 0; i < units; ++i) {
    if (values[i] != -1 && values[i] != 0 && values[i] != 1)
      throw SpecError(at, fmt::format("polarity of unit {} is {}", i, values[i]), "it must be -1, 0 or 1");
    sign[i] = int8_t(values[i]);
  }
  return sign;
}

PolarityEnforcement polarity_enforcement(std::string_view name, const At& at) {
  if (name == "sign_flip") return PolarityEnforcement::sign_flip;
  if (name == "clip_to_zero") return PolarityEnforcement::clip_to_zero;
  if (name == "relu") return PolarityEnforcement::relu;
  throw SpecError(at, "there is no polarity_enforcement_method '" + std::string(name) + "'",
                  did_you_mean(name, {"sign_flip", "clip_to_zero", "relu"}, "there is"));
}

void enforce_polarity(std::span<const int8_t> sign, PolarityEnforcement method, std::span<double> weights) {
  expects(sign.empty() ? weights.empty() : weights.size() % sign.size() == 0, "one sign per column of the weights");
  for (size_t i = 0; i < weights.size(); ++i) {
    const int8_t s = sign[i % sign.size()];
    double&      w = weights[i];
    if (s == 0) continue;
    switch (method) {
      case PolarityEnforcement::sign_flip: w = std::abs(w) * s; break;
      case PolarityEnforcement::clip_to_zero: w = w * s >= 0 ? w : 0; break;
      case PolarityEnforcement::relu: w = std::abs(w); break;
    }
  }
}

}  // namespace dynode
