#include "dynode/base/random.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <unordered_set>

#include "dynode/base/error.h"

// normal() is the same on machines with and without fused multiply-add
#if defined(__clang__)
#pragma clang fp contract(off)
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

namespace dynode {
namespace {

/// Natural logarithm of a normal number in (0, 1), within 2 ulp, by plain arithmetic: libm differs between machines.
double portable_log(double x) {
  // x = 2ᵏ m, m in [√½, √2);  log m = 2 atanh s, s = (m − 1)/(m + 1)
  constexpr double series[] = {0.666666666666673463, 0.399999999994128109, 0.285714287428862357, 0.2222219851395901,
                               0.181835678022116663, 0.153139518896654343, 0.147970302063747259};
  constexpr uint64_t sqrt_half = 0x3FE6A09E667F3BCD, one = 0x3FF0000000000000, mantissa = 0x000FFFFFFFFFFFFF;
  const uint64_t shifted = std::bit_cast<uint64_t>(x) + (one - sqrt_half);
  const double   k = double(int(shifted >> 52) - 1023);
  const double   f = std::bit_cast<double>((shifted & mantissa) + sqrt_half) - 1;
  const double   s = f / (f + 2), z = s * s;
  double r = series[6];
  for (int i = 5; i >= 0; --i) r = r * z + series[i];
  return k * 0x1.62e42feep-1 + (f - (s * (f - z * r) - k * 0x1.a39ef35793c76p-33));
}

}  // namespace

uint64_t Random::bits() {
  if (used_ == 4) {
    words_ = philox({uint32_t(block_), uint32_t(block_ >> 32), uint32_t(stream_), uint32_t(stream_ >> 32)},
                    {uint32_t(seed_), uint32_t(seed_ >> 32)});
    ++block_;
    used_ = 0;
  }
  used_ += 2;
  return words_[used_ - 2] | uint64_t{words_[used_ - 1]} << 32;
}

double Random::uniform() { return double(bits() >> 11) * 0x1p-53; }

double Random::normal() {
  if (has_spare_) {
    has_spare_ = false;
    return spare_;
  }
  // polar form of Box and Muller: a point in the unit disc, no sine needed
  double x, y, square;
  do {
    x = 2 * uniform() - 1;
    y = 2 * uniform() - 1;
    square = x * x + y * y;
  } while (square >= 1 || square == 0);
  const double stretch = std::sqrt(-2 * portable_log(square) / square);
  spare_     = y * stretch;
  has_spare_ = true;
  return x * stretch;
}

uint64_t Random::integer(uint64_t n) {
  expects(n > 0, "a random integer below 0 does not exist");
  // the 2⁶⁴ mod n smallest numbers are drawn again, so that every remainder is equally frequent
  const uint64_t excess = (0 - n) % n;
  uint64_t draw = bits();
  while (draw < excess) draw = bits();
  return draw % n;
}

std::vector<size_t> Random::choose(size_t n, size_t k) {
  expects(k <= n, "cannot choose more items than there are");
  // Floyd: the j-th draw is below its limit, and takes the limit itself if it was drawn before
  std::unordered_set<size_t> taken;
  std::vector<size_t> chosen;
  taken.reserve(k);
  chosen.reserve(k);
  for (size_t limit = n - k; limit < n; ++limit) {
    const size_t draw = integer(limit + 1);
    chosen.push_back(taken.insert(draw).second ? draw : *taken.insert(limit).first);
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

}  // namespace dynode
