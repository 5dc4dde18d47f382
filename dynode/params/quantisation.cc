#include "dynode/params/quantisation.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "dynode/base/error.h"
#include "dynode/base/text.h"
#include "dynode/kernels/philox.h"

namespace dynode {
namespace {

constexpr int64_t kMostBits = 16;

bool is_weights(const Block& b) { return b.name.starts_with("J_") && b.shape.size() == 2; }

/// `count` numbers from first to last, both included.
void spread(double first, double last, int64_t count, std::vector<double>& to) {
  for (int64_t i = 0; i < count; ++i)
    to.push_back(count == 1 ? first : first + (last - first) * double(i) / double(count - 1));
}

/// Levels that satisfy the constraints of a block.
std::vector<double> levels_within(const Block& b, const std::vector<double>& codebook) {
  if (b.rectified) return codebook;   // its box is on the raw values
  std::vector<double> levels;
  for (double x : codebook)
    if (x >= b.min && x <= b.max) levels.push_back(x);
  if (levels.empty())
    throw SpecError(
        {}, fmt::format("no level of the codebook lies within the constraints [{}, {}] of {}", b.min, b.max, b.name),
        "choose a codebook that reaches there, or other constraints");
  return levels;
}

}  // namespace

std::vector<double> uniform_codebook(int64_t levels, double low, double high, const At& at) {
  if (levels < 1 || levels > (int64_t(1) << kMostBits) + 1)
    throw SpecError(at, fmt::format("a codebook cannot have {} levels", levels),
                    fmt::format("give at least 1, at most 2^{} + 1", kMostBits));
  if (!std::isfinite(low) || !std::isfinite(high) || low > high)
    throw SpecError(at, fmt::format("a codebook cannot reach from {} to {}", low, high),
                    "give finite numbers, the lower one first");
  const int64_t others = levels - 1;
  if (others > 0 && low == 0 && high == 0)
    throw SpecError(at, "a codebook from 0 to 0 has one level", "give levels: 1, or ends that are apart");

  // the zero takes no place of the others
  const bool    below = low < 0, above = high > 0, around = low <= 0 && high >= 0;
  const int64_t lower = !around ? 0 : !below ? 0 : !above ? others : others / 2;
  std::vector<double> book;
  if (around) {
    for (int64_t i = 0; i < lower; ++i) book.push_back(low * double(lower - i) / double(lower));
    book.push_back(0);
    for (int64_t i = 1; i <= others - lower; ++i) book.push_back(high * double(i) / double(others - lower));
  } else {
    spread(low, high, others, book);
    book.push_back(0);
    std::ranges::sort(book);
  }
  if (std::ranges::adjacent_find(book) != book.end())
    throw SpecError(at, fmt::format("{} levels do not fit between {} and {}", levels, low, high), "give fewer levels");
  return book;
}

std::vector<double> codebook_of_bits(int64_t bits, double low, double high, const At& at) {
  if (bits < 0 || bits > kMostBits)
    throw SpecError(at, fmt::format("bits is {}, but must be within [0, {}]", bits, kMostBits));
  return uniform_codebook((int64_t(1) << bits) + 1, low, high, at);
}

std::vector<double> codebook_of(std::optional<int64_t> bits, std::optional<int64_t> levels, double low, double high,
                                const At& at) {
  if (bits && levels) throw SpecError(at, "bits and levels say the same thing", "give one of them");
  if (!bits && !levels) throw SpecError(at, "how many levels?", "give bits (2^bits + 1 levels), or levels");
  return bits ? codebook_of_bits(*bits, low, high, at) : uniform_codebook(*levels, low, high, at);
}

double nearest_level(std::span<const double> codebook, double x) {
  const auto upper = std::ranges::lower_bound(codebook, x);
  if (upper == codebook.begin()) return codebook.front();
  if (upper == codebook.end()) return codebook.back();
  const double lower = *(upper - 1);
  return x - lower <= *upper - x ? lower : *upper;
}

double stochastic_level(std::span<const double> codebook, double x, double u) {
  const auto upper = std::ranges::upper_bound(codebook, x);
  if (upper == codebook.begin()) return codebook.front();
  if (upper == codebook.end()) return codebook.back();
  const double lower = *(upper - 1);
  return u < (x - lower) / (*upper - lower) ? *upper : lower;
}

std::vector<int> quantised_blocks(const ParameterMap& map, const Quantisation& quantisation) {
  std::vector<int>         blocks;
  std::vector<std::string> names;
  for (size_t i = 0; i < map.blocks().size(); ++i) {
    const Block& b = map[int(i)];
    if (!is_weights(b)) continue;
    names.push_back(b.name);
    const auto& wanted = quantisation.connections;
    if (!wanted.empty() && std::ranges::find(wanted, b.name) == wanted.end()) continue;
    if (quantisation.fixed_too || b.learnable) blocks.push_back(int(i));
  }
  for (const std::string& name : quantisation.connections)
    if (std::ranges::find(names, name) == names.end())
      throw SpecError({}, fmt::format("there is no connection '{}' to quantise", name),
                      did_you_mean(name, names, "there are"));
  return blocks;
}

template <class R>
void quantise(const ParameterMap& map, const Quantisation& quantisation, const std::optional<RoundingDraw>& draw,
              R* weights) {
  for (const int i : quantised_blocks(map, quantisation)) {
    const Block&              b      = map[i];
    const std::vector<double> levels = levels_within(b, quantisation.codebook);
    const PhiloxKey key = draw ? noise_key(draw->seed, hash_text(b.name + "/rounding"), draw->pass) : PhiloxKey{};
    R*                        w      = weights + b.offset;
    for (size_t k = 0; k < b.size(); ++k) {
      if (!b.mask.empty() && !b.mask[k]) continue;
      w[k] = R(draw ? stochastic_level(levels, double(w[k]), noise_word(key, 0, 0, uint32_t(k)) * 0x1p-32)
                    : nearest_level(levels, double(w[k])));
    }
  }
}

template <class R>
void quantise_stored(const ParameterMap& map, const Quantisation& quantisation, const std::optional<RoundingDraw>& draw,
                     R* theta) {
  to_effective(map, theta);
  quantise(map, quantisation, draw, theta);
  for (const Block& b : map.blocks())
    for (size_t i = 0; b.rectified && i < b.size(); ++i)
      if (b.sign[i]) theta[b.offset + i] *= R(b.sign[i]);
}

#define DYNODE_INSTANCES(R)                                                                                          \
  template void quantise<R>(const ParameterMap&, const Quantisation&, const std::optional<RoundingDraw>&, R*);        \
  template void quantise_stored<R>(const ParameterMap&, const Quantisation&, const std::optional<RoundingDraw>&, R*);
DYNODE_INSTANCES(float)
DYNODE_INSTANCES(double)
#undef DYNODE_INSTANCES

}  // namespace dynode
