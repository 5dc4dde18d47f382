#include "dynode/base/numpy_random.h"

#include <algorithm>
#include <array>
#include <bit>
#include <numeric>
#include <unordered_set>

#include "dynode/base/error.h"

namespace dynode {
namespace {

constexpr uint64_t kMostChoices = uint64_t{1} << 32;

/// NumPy's SeedSequence: spreads a seed over eight words.
std::array<uint32_t, 8> spread_seed(uint64_t seed) {
  uint32_t   constant = 0x43b0d7e5;
  const auto hash     = [&constant](uint32_t v) {
    v ^= constant;
    constant *= 0x931e8875;
    v *= constant;
    return v ^ (v >> 16);
  };
  std::array<uint32_t, 4> pool{};
  const uint32_t          words[4] = {uint32_t(seed), uint32_t(seed >> 32), 0, 0};
  for (size_t i = 0; i < 4; ++i) pool[i] = hash(words[i]);
  for (size_t i = 0; i < 4; ++i)
    for (size_t j = 0; j < 4; ++j) {
      if (i == j) continue;
      const uint32_t mixed = 0xca01f9dd * pool[j] - 0x4973f715 * hash(pool[i]);
      pool[j]              = mixed ^ (mixed >> 16);
    }

  std::array<uint32_t, 8> out{};
  constant = 0x8b51f9dd;
  for (size_t i = 0; i < 8; ++i) {
    uint32_t d = pool[i % 4] ^ constant;
    constant *= 0x58f38ded;
    d *= constant;
    out[i] = d ^ (d >> 16);
  }
  return out;
}

}  // namespace

uint64_t Mt19937::integer(uint64_t n) {
  expects(n > 0 && n <= kMostChoices, "between one and 2^32 choices");
  if (n == 1) return 0;
  // the fewest bits that can hold n − 1; what lies above it is drawn again
  const auto mask = uint32_t(std::bit_ceil(n) - 1);
  uint32_t   draw = bits() & mask;
  while (draw >= n) draw = bits() & mask;
  return draw;
}

std::vector<size_t> Mt19937::choose(size_t n, size_t k) {
  expects(k <= n, "cannot choose more items than there are");
  std::vector<size_t> all(n);
  std::iota(all.begin(), all.end(), size_t{0});
  shuffle(all);
  all.resize(k);
  return all;
}

Pcg64::Pcg64(uint64_t seed) {
  const std::array<uint32_t, 8> w    = spread_seed(seed);
  const auto                    wide = [&w](size_t i) {   // of two 64-bit numbers, high one first; words low one first
    const uint64_t high = w[i] | uint64_t{w[i + 1]} << 32, low = w[i + 2] | uint64_t{w[i + 3]} << 32;
    return Wide{high} << 64 | low;
  };
  increment_ = wide(4) << 1 | 1;
  step();
  state_ += wide(0);
  step();
}

void Pcg64::step() {
  constexpr Wide multiplier = Wide{2549297995355413924} << 64 | 4865540595714422341;
  state_                    = state_ * multiplier + increment_;
}

uint64_t Pcg64::bits() {
  step();
  return std::rotr(uint64_t(state_ >> 64) ^ uint64_t(state_), int(state_ >> 122));
}

uint32_t Pcg64::half() {
  if (std::exchange(has_kept_, !has_kept_)) return kept_;
  const uint64_t both = bits();
  kept_               = uint32_t(both >> 32);
  return uint32_t(both);
}

uint64_t Pcg64::integer(uint64_t n) {
  expects(n > 0 && n <= kMostChoices, "between one and 2^32 choices");
  if (n == 1) return 0;
  if (n == kMostChoices) return half();
  // the product's high half is the number; the 2³² mod n smallest low halves are drawn again
  const auto excess  = uint32_t(kMostChoices % n);
  uint64_t   product = half() * n;
  while (uint32_t(product) < excess) product = half() * n;
  return product >> 32;
}

std::vector<size_t> Pcg64::choose(size_t n, size_t k) {
  expects(k <= n, "cannot choose more items than there are");
  std::vector<size_t> chosen;
  if (n > 10000 && k > n / 50) {
    // the end of a shuffled row
    chosen.resize(n);
    std::iota(chosen.begin(), chosen.end(), size_t{0});
    for (size_t i = n - 1; i >= std::max<size_t>(n - k, 1); --i) std::swap(chosen[i], chosen[integer(i + 1)]);
    chosen.erase(chosen.begin(), chosen.end() - ptrdiff_t(k));
    return chosen;
  }
  // Floyd: the j-th draw is below its limit, and takes the limit itself if it was drawn before; then shuffled
  std::unordered_set<size_t> taken;
  for (size_t limit = n - k; limit < n; ++limit) {
    const size_t draw = integer(limit + 1);
    chosen.push_back(taken.insert(draw).second ? draw : *taken.insert(limit).first);
  }
  for (size_t i = chosen.size(); i > 1; --i) std::swap(chosen[i - 1], chosen[integer(i)]);
  return chosen;
}

}  // namespace dynode
