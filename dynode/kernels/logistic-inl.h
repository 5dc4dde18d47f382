// Logistic functions where there are many: synapses whose parameters are folded once and used for many steps.
//
//   1 / (1 + e^(−σ (x − µ)))  =  Logistic(a x + b)        a = σ · unit, b = −a µ
//
// In float the fold carries the factor to base 2, so an evaluation is one power of two, one addition and one division.
#if defined(DYNODE_KERNELS_LOGISTIC_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DYNODE_KERNELS_LOGISTIC_INL_H_
#undef DYNODE_KERNELS_LOGISTIC_INL_H_
#else
#define DYNODE_KERNELS_LOGISTIC_INL_H_
#endif

#include "dynode/kernels/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

template <class T>
struct Logistic;

/// As exact as sigmoid.
template <>
struct Logistic<double> {
  static constexpr double unit = 1;
  static HWY_INLINE Lane<double> at(Lane<double> y) { return sigmoid(y); }
};

/// Within 1e-7 of the exact value for the y it is given; NaN stays NaN.
template <>
struct Logistic<float> {
  using V                     = Lane<float>;
  static constexpr float unit = -Constants<float>::log2e;

  static HWY_INLINE V at(V y) { return one<V>() / (one<V>() + power(y)); }

 private:
#if HWY_ARCH_X86 && (HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL)
  /// 2^y: the processor takes y apart and scales by the floor itself; f in [0, 1).
  static HWY_INLINE V power(V y) {
    constexpr int   floor_part = 0x09;
    const V         f          = V::Raw{_mm512_reduce_ps(y.raw.raw, floor_part)};
    constexpr float c[]        = {1.0f,          0.693151312f,   0.24016445f,
                                  0.0557999132f, 0.00901703022f, 0.00186713011f};  // 2ᶠ within 9e-8
    return V::Raw{_mm512_scalef_ps(polynomial(f, c).raw.raw, y.raw.raw)};
  }
#else
  /// 2^y, held where 1 + 2^y still is a number; f in [−½, ½].
  static HWY_INLINE V power(V y) {
    y                   = clamp(y, V(-126.0f), V(126.0f));
    const V         z   = y + V(kRounder<float> + 127.0f);  // its low bits are the exponent
    const V         f   = y - (z - V(kRounder<float> + 127.0f));
    constexpr double l = 0.6931471805599453, l2 = l * l, l4 = l2 * l2;
    constexpr float  e[5] = {Constants<float>::exp[0], Constants<float>::exp[1], Constants<float>::exp[2],
                             Constants<float>::exp[3], Constants<float>::exp[4]};
    constexpr float  c[]  = {1.0f,             float(l),             float(e[0] * l2),     float(e[1] * l2 * l),
                             float(e[2] * l4), float(e[3] * l4 * l), float(e[4] * l4 * l2)};  // exp(f ln 2)
    return polynomial(f, c) * low_bits_up<32 - Constants<float>::mantissa>(z);
  }
#endif
};

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
