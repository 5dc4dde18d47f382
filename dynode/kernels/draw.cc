#include "dynode/kernels/draw.h"

#include "dynode/kernels/isa.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/kernels/draw.cc"
#include <hwy/foreach_target.h>
#include "dynode/kernels/philox-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

/// Lanes are groups of four units. Words have the width of float, whatever counts become.
void words(PhiloxKey key, uint32_t step, uint32_t row, uint32_t group, uint32_t draw, size_t count, uint32_t* to) {
  const WordTag<float> d;
  constexpr size_t     width = Lane<float>::width;
  const PhiloxRounds   rounds(key);
  for (size_t unit = 0; unit < count; unit += 4 * width, group += uint32_t(width)) {
    const Words<float> w =
        philox<float>({{hn::Set(d, step), hn::Set(d, row), count_from<float>(group), hn::Set(d, draw)}}, rounds);
    hn::StoreInterleaved4(w.of[0], w.of[1], w.of[2], w.of[3], d, to + unit);
  }
}

/// Comparisons are signed, so both sides are moved down by 2³¹.
template <class R>
void add_counts(const CountTable& table, const uint32_t* words, size_t count, R weight, R* to) {
  using V = Lane<R>;
  const hn::Rebind<int32_t, typename V::Tag> d;
  const WordTag<R>                           plain;
  constexpr uint32_t                         low    = 0x80000000u;
  const uint32_t*                            at     = table.at.data();
  const size_t                               size   = table.at.size();
  const auto                                 shift  = hn::Set(plain, low);
  constexpr size_t                           block  = 4 * V::width;
  const auto                                 number = [&](auto n) HWY_ATTR {
    if constexpr (sizeof(R) == 4) return V(hn::ConvertTo(typename V::Tag(), n));
    else return V(hn::PromoteTo(typename V::Tag(), n));
  };
  size_t i = 0;
  for (; i + block <= count; i += block) {
    const auto load = [&](size_t k) HWY_ATTR {
      return hn::BitCast(d, hn::Xor(hn::LoadU(plain, words + i + k * V::width), shift));
    };
    const auto w0 = load(0), w1 = load(1), w2 = load(2), w3 = load(3);
    auto       n0 = hn::Set(d, int32_t(table.lowest)), n1 = n0, n2 = n0, n3 = n0;
    for (size_t k = 0; k < size; ++k) {
      const auto bound = hn::Set(d, int32_t((at[k] - 1) ^ low));  // at least = above the one before
      const auto m0 = hn::VecFromMask(d, hn::Gt(w0, bound)), m1 = hn::VecFromMask(d, hn::Gt(w1, bound));
      const auto m2 = hn::VecFromMask(d, hn::Gt(w2, bound)), m3 = hn::VecFromMask(d, hn::Gt(w3, bound));
      n0 = hn::Sub(n0, m0), n1 = hn::Sub(n1, m1), n2 = hn::Sub(n2, m2), n3 = hn::Sub(n3, m3);
      if ((k & 1) && hn::AllTrue(d, hn::Eq(hn::Or(hn::Or(m0, m1), hn::Or(m2, m3)), hn::Zero(d)))) break;
    }
    const V    w(weight);
    const auto store = [&](size_t k, auto n) HWY_ATTR {
      R* const place = to + i + k * V::width;
      fma(w, number(n), V::loadu(place)).storeu(place);
    };
    store(0, n0), store(1, n1), store(2, n2), store(3, n3);
  }
  for (; i + V::width <= count; i += V::width) {
    const auto w = hn::BitCast(d, hn::Xor(hn::LoadU(plain, words + i), shift));
    auto       n = hn::Set(d, int32_t(table.lowest));
    for (size_t k = 0; k < size; ++k) {
      const auto m = hn::Gt(w, hn::Set(d, int32_t((at[k] - 1) ^ low)));
      if (hn::AllFalse(d, m)) break;
      n = hn::Sub(n, hn::VecFromMask(d, m));
    }
    fma(V(weight), number(n), V::loadu(to + i)).storeu(to + i);
  }
  for (; i < count; ++i) {
    uint32_t n = table.lowest;
    for (size_t k = 0; k < size && words[i] >= at[k]; ++k) ++n;
    to[i] = fma(Lane<R>(weight), Lane<R>(R(n)), Lane<R>(to[i])).first();
  }
}

template <class R>
size_t add_byte_counts(const ByteTable& table, const uint8_t* bytes, size_t count, R weight, R* to, uint32_t* open) {
  using V = Lane<R>;
  const hn::ScalableTag<uint8_t>             d;
  const hn::Rebind<uint8_t, typename V::Tag> few;
  const hn::Rebind<int32_t, typename V::Tag> whole;
  constexpr size_t                           width = hn::MaxLanes(d), block = 4 * width;
  const ByteTable::More* const               more  = table.more.data();
  const uint8_t* const                       parted = table.open.data();
  const size_t                               mores = table.more.size(), opens = table.open.size();
  HWY_ALIGN uint8_t                          counts[block];
  size_t                                     left = 0;
  for (size_t first = 0; first < count; first += block) {
    const size_t   here = HWY_MIN(block, count - first);
    const uint8_t* from = bytes + first;
    if (here < block) {
      for (size_t i = 0; i < block; ++i) counts[i] = i < here ? from[i] : 0;
      from = counts;
    }
    const auto b0 = hn::LoadU(d, from), b1 = hn::LoadU(d, from + width);
    const auto b2 = hn::LoadU(d, from + 2 * width), b3 = hn::LoadU(d, from + 3 * width);
    auto       n0 = hn::Set(d, table.lowest), n1 = n0, n2 = n0, n3 = n0;
    for (size_t k = 0; k < mores; ++k) {
      const auto byte = hn::Set(d, more[k].byte), add = hn::Set(d, more[k].counts);
      n0 = hn::IfThenElse(hn::Gt(b0, byte), hn::Add(n0, add), n0);
      n1 = hn::IfThenElse(hn::Gt(b1, byte), hn::Add(n1, add), n1);
      n2 = hn::IfThenElse(hn::Gt(b2, byte), hn::Add(n2, add), n2);
      n3 = hn::IfThenElse(hn::Gt(b3, byte), hn::Add(n3, add), n3);
    }
    auto o0 = hn::Ne(n0, n0), o1 = o0, o2 = o0, o3 = o0;
    for (size_t k = 0; k < opens; ++k) {
      const auto byte = hn::Set(d, parted[k]);
      o0 = hn::Or(o0, hn::Eq(b0, byte)), o1 = hn::Or(o1, hn::Eq(b1, byte));
      o2 = hn::Or(o2, hn::Eq(b2, byte)), o3 = hn::Or(o3, hn::Eq(b3, byte));
    }
    const auto keep = [&](size_t k, auto n, auto o) HWY_ATTR {
      hn::Store(hn::IfThenZeroElse(o, n), d, counts + k * width);
      uint64_t set = 0;
      hn::StoreMaskBits(d, o, reinterpret_cast<uint8_t*>(&set));
      for (; set != 0; set &= set - 1)
        open[left++] = uint32_t(first + k * width + hwy::Num0BitsBelowLS1Bit_Nonzero64(set));
    };
    keep(0, n0, o0), keep(1, n1, o1), keep(2, n2, o2), keep(3, n3, o3);
    R* const place = to + first;
    size_t   i     = 0;
    for (; i + V::width <= here; i += V::width) {
      const auto n = hn::PromoteTo(whole, hn::LoadU(few, counts + i));
      V          x;
      if constexpr (sizeof(R) == 4) x = hn::ConvertTo(typename V::Tag(), n);
      else x = hn::PromoteTo(typename V::Tag(), n);
      fma(V(weight), x, V::loadu(place + i)).storeu(place + i);
    }
    for (; i < here; ++i) place[i] = fma(V(weight), V(R(counts[i])), V(place[i])).first();
  }
  while (left > 0 && open[left - 1] >= count) --left;  // bytes behind the last one
  return left;
}

DrawKernels<float>  DrawFloat() { return {words, add_counts<float>, add_byte_counts<float>}; }
DrawKernels<double> DrawDouble() { return {words, add_counts<double>, add_byte_counts<double>}; }

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <algorithm>
#include <cmath>

namespace dynode {
namespace {

/// Adds share · Poisson(n; mean) to p[n − first].
void add_poisson(double mean, double share, size_t first, std::vector<double>& p) {
  const double log_mean = std::log(std::max(mean, 1e-300));
  int          sign;   // of Γ: std::lgamma leaves it in a variable that all threads share
  for (size_t k = 0; k < p.size(); ++k) {
    const double n = double(first + k);
    p[k] += share * (mean <= 0 ? double(n == 0) : std::exp(n * log_mean - mean - ::lgamma_r(n + 1, &sign)));
  }
}

}  // namespace

CountTable poisson_table(double mean, double spread) {
  const double least        = std::max(0.0, std::min(mean, mean + spread)),
               most         = std::max(0.0, std::max(mean, mean + spread));
  const auto          first = size_t(std::max(0.0, std::floor(least - 9 * std::sqrt(least) - 9)));
  const auto          last  = size_t(std::ceil(most + 9 * std::sqrt(most) + 20));
  std::vector<double> p(last - first + 1);
  if (spread == 0) {
    add_poisson(mean, 1, first, p);
  } else {
    // the density vanishes at both ends with nine derivatives, so equal steps are exact to rounding where nothing bends
    const int           steps = least == 0 ? 20'000 : 400;
    std::vector<double> density;
    double              sum = 0;
    for (int i = 1; i < steps; ++i) {
      const double z = double(i) / steps;
      density.push_back(std::pow(z * (1 - z), 9));
      sum += density.back();
    }
    for (int i = 1; i < steps; ++i) add_poisson(mean + spread * i / steps, density[size_t(i - 1)] / sum, first, p);
  }
  CountTable table{uint32_t(first), {}};
  double     below = 0;
  for (size_t k = 0; k < p.size(); ++k) {
    below += p[k];
    const double at = std::round(below * 0x1p32);
    if (at >= 0x1p32) break;
    if (at == 0) table.lowest = uint32_t(first + k + 1);
    else table.at.push_back(uint32_t(at));
  }
  return table;
}

std::optional<ByteTable> by_bytes(const CountTable& table) {
  if (table.lowest + table.at.size() > 255) return std::nullopt;
  ByteTable out{uint8_t(table.lowest), {}, {}, {}};
  uint8_t   passed = 0;
  for (uint32_t byte = 0; byte < 256; ++byte) {
    const auto count = [&](uint32_t word) {
      return uint8_t(std::upper_bound(table.at.begin(), table.at.end(), word) - table.at.begin());
    };
    const uint8_t least = count(byte << 24), most = count(byte << 24 | 0xFFFFFF);
    if (byte > 0 && least > passed) out.more.push_back({uint8_t(byte - 1), uint8_t(least - passed)}), passed = least;
    if (byte == 0) passed = least;
    if (least != most) out.open.push_back(uint8_t(byte));
    out.within[byte] = {least, most};
  }
  if (out.open.size() > 16) return std::nullopt;
  return out;
}

HWY_EXPORT(DrawFloat);
HWY_EXPORT(DrawDouble);

template <>
DrawKernels<float> draw_kernels() {
  apply_isa_override();
  return HWY_DYNAMIC_DISPATCH(DrawFloat)();
}
template <>
DrawKernels<double> draw_kernels() {
  apply_isa_override();
  return HWY_DYNAMIC_DISPATCH(DrawDouble)();
}

}  // namespace dynode
#endif
