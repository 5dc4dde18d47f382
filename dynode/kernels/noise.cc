#include "dynode/kernels/noise.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/kernels/noise.cc"
#include <hwy/foreach_target.h>
#include <cstring>
#include "dynode/kernels/philox-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

/// Lanes are rows: four units at a time.
template <class R, class Make>
void fill_tile(const Slab& slab, const NoisePlace& at, Make make, R* to) {
  const PhiloxRounds rounds(at.key);
  for (size_t unit = 0; unit < slab.units; unit += 4)
    for (size_t lane = 0; lane < slab.stride; lane += Lane<R>::width) {
      Lane<R> number[4];
      noise_of_rows(make, rounds, at.step, uint32_t(at.first_row + lane), uint32_t(unit / 4), at.draw, number);
      for (size_t i = 0; i < 4 && unit + i < slab.units; ++i) number[i].store(to + (unit + i) * slab.stride + lane);
    }
}

/// Lanes are groups of four units: four vectors of units at a time.
template <class R, class Make>
void fill_rows(const Slab& slab, const NoisePlace& at, Make make, R* to) {
  using V = Lane<R>;
  constexpr size_t block = 4 * V::width;
  const PhiloxRounds rounds(at.key);
  for (size_t row = 0; row < slab.rows; ++row, to += slab.stride) {
    for (size_t unit = 0; unit < slab.units; unit += block) {
      V number[4];
      noise_of_groups(make, rounds, at.step, uint32_t(at.first_row + row), uint32_t(unit / 4), at.draw, number);
      alignas(64) R numbers[block];
      const bool whole = unit + block <= slab.stride;
      hn::StoreInterleaved4(number[0].raw, number[1].raw, number[2].raw, number[3].raw, typename V::Tag(),
                            whole ? to + unit : numbers);
      if (!whole) std::memcpy(to + unit, numbers, (slab.stride - unit) * sizeof(R));
    }
    std::memset(to + slab.units, 0, (slab.stride - slab.units) * sizeof(R));
  }
}

template <class R, class Make>
void fill(const Slab& slab, const NoisePlace& at, R* to) {
  if (slab.layout == Layout::tiles) fill_tile(slab, at, Make(), to);
  else                              fill_rows(slab, at, Make(), to);
}

/// What becomes of a number x under a normal number n.
template <class V> struct Added {
  V deviation, mean;
  HWY_INLINE V operator()(const V& x, const V& n) const { return fma(deviation, n, x + mean); }
};
template <class V> struct Scaled {
  V deviation;
  HWY_INLINE V operator()(const V& x, const V& n) const { return x * fma(deviation, n, one<V>()); }
};

/// `rule(unit)` makes the change of one unit in tiles, of a vector of units from there on in rows.
template <class R, class Rule>
HWY_INLINE void change_tile(const Slab& slab, const NoisePlace& at, const Rule& rule, const R* from, R* to) {
  using V = Lane<R>;
  const PhiloxRounds rounds(at.key);
  for (size_t unit = 0; unit < slab.units; unit += 4)
    for (size_t lane = 0; lane < slab.stride; lane += V::width) {
      V number[4];
      noise_of_rows(MakeNormal(), rounds, at.step, uint32_t(at.first_row + lane), uint32_t(unit / 4), at.draw, number);
      for (size_t i = 0; i < 4 && unit + i < slab.units; ++i) {
        const size_t place = (unit + i) * slab.stride + lane;
        rule(unit + i)(V::load(from + place), number[i]).store(to + place);
      }
    }
}
template <class R, class Rule>
HWY_INLINE void change_rows(const Slab& slab, const NoisePlace& at, const Rule& rule, const R* from, R* to) {
  using V = Lane<R>;
  constexpr size_t block = 4 * V::width;
  const PhiloxRounds rounds(at.key);
  for (size_t row = 0; row < slab.rows; ++row, from += slab.stride, to += slab.stride)
    for (size_t unit = 0; unit < slab.units; unit += block) {
      V number[4];
      noise_of_groups(MakeNormal(), rounds, at.step, uint32_t(at.first_row + row), uint32_t(unit / 4), at.draw, number);
      alignas(64) R numbers[block];
      hn::StoreInterleaved4(number[0].raw, number[1].raw, number[2].raw, number[3].raw, typename V::Tag(), numbers);
      for (size_t i = 0; i < block && unit + i < slab.stride; i += V::width)
        rule(unit + i)(V::load(from + unit + i), V::load(numbers + i)).store(to + unit + i);
    }
}

template <class R>
void add(const Slab& slab, const NoisePlace& at, const R* deviation, const R* mean, const R* from, R* to) {
  using V = Lane<R>;
  if (slab.layout == Layout::tiles)
    change_tile<R>(slab, at, [&](size_t u) HWY_ATTR { return Added<V>{V(deviation[u]), V(mean ? mean[u] : R(0))}; }, from, to);
  else
    change_rows<R>(slab, at, [&](size_t u) HWY_ATTR {
      return Added<V>{V::load(deviation + u), mean ? V::load(mean + u) : zero<V>()};
    }, from, to);
}
template <class R>
void scale(const Slab& slab, const NoisePlace& at, const R* deviation, const R* from, R* to) {
  using V = Lane<R>;
  if (slab.layout == Layout::tiles)
    change_tile<R>(slab, at, [&](size_t u) HWY_ATTR { return Scaled<V>{V(deviation[u])}; }, from, to);
  else
    change_rows<R>(slab, at, [&](size_t u) HWY_ATTR { return Scaled<V>{V::load(deviation + u)}; }, from, to);
}

template <class R>
NoiseKernels<R> kernels() { return {fill<R, MakeUniform>, fill<R, MakeNormal>, add<R>, scale<R>}; }
NoiseKernels<float>  FloatNoise() { return kernels<float>(); }
NoiseKernels<double> DoubleNoise() { return kernels<double>(); }

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "dynode/kernels/isa.h"

namespace dynode {
HWY_EXPORT(FloatNoise);
HWY_EXPORT(DoubleNoise);

template <>
NoiseKernels<float> noise_kernels() {
  apply_isa_override();
  return HWY_DYNAMIC_DISPATCH(FloatNoise)();
}
template <>
NoiseKernels<double> noise_kernels() {
  apply_isa_override();
  return HWY_DYNAMIC_DISPATCH(DoubleNoise)();
}
}  // namespace dynode
#endif
