// Lane<T>: one hardware vector of T that reads like a number.
//
// Formulas are templates over their number type. With Lane<float> they are the kernel, with Lane<double> the precise
// mode, with Dual<Lane, K> (dual-inl.h) their own derivative. The operations below are all they need; whatever a
// formula uses must exist for both. Comparisons are choices: where_less(a, b, yes, no) is "a < b ? yes : no".
#if defined(DYNODE_KERNELS_LANE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DYNODE_KERNELS_LANE_INL_H_
#undef DYNODE_KERNELS_LANE_INL_H_
#else
#define DYNODE_KERNELS_LANE_INL_H_
#endif

#include <cstddef>
#include <cstdint>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class T>
struct Lane {
  using Real = T;
  using Tag  = hn::ScalableTag<T>;
  using Raw  = hn::Vec<Tag>;
  static constexpr size_t width = hn::MaxLanes(Tag());

  Raw raw;

  Lane() = default;                       // trivial: structs of lanes compile for every instruction set
  HWY_INLINE Lane(Raw r) : raw(r) {}
  HWY_INLINE explicit Lane(T x) : raw(hn::Set(Tag(), x)) {}

  static HWY_INLINE Lane load(const T* p) { return hn::Load(Tag(), p); }    // p aligned to a vector
  static HWY_INLINE Lane loadu(const T* p) { return hn::LoadU(Tag(), p); }
  HWY_INLINE void store(T* p) const { hn::Store(raw, Tag(), p); }
  HWY_INLINE void storeu(T* p) const { hn::StoreU(raw, Tag(), p); }
  HWY_INLINE T    first() const { return hn::GetLane(raw); }

  friend HWY_INLINE Lane operator+(Lane a, Lane b) { return hn::Add(a.raw, b.raw); }
  friend HWY_INLINE Lane operator-(Lane a, Lane b) { return hn::Sub(a.raw, b.raw); }
  friend HWY_INLINE Lane operator*(Lane a, Lane b) { return hn::Mul(a.raw, b.raw); }
  friend HWY_INLINE Lane operator/(Lane a, Lane b) { return hn::Div(a.raw, b.raw); }
  friend HWY_INLINE Lane operator-(Lane a) { return hn::Neg(a.raw); }
  HWY_INLINE Lane& operator+=(Lane b) { return *this = *this + b; }
  HWY_INLINE Lane& operator-=(Lane b) { return *this = *this - b; }
  HWY_INLINE Lane& operator*=(Lane b) { return *this = *this * b; }
  HWY_INLINE Lane& operator/=(Lane b) { return *this = *this / b; }

  /// a·b + c, rounded once where the processor can (HWY_SCALAR rounds twice).
  friend HWY_INLINE Lane fma(Lane a, Lane b, Lane c) { return hn::MulAdd(a.raw, b.raw, c.raw); }
  friend HWY_INLINE Lane sqrt(Lane a) { return hn::Sqrt(a.raw); }
  friend HWY_INLINE Lane abs(Lane a) { return hn::Abs(a.raw); }
  friend HWY_INLINE Lane floor(Lane a) { return hn::Floor(a.raw); }
  friend HWY_INLINE Lane round(Lane a) { return hn::Round(a.raw); }         // ties to even
  /// The size of a with the sign of s.
  friend HWY_INLINE Lane copysign(Lane a, Lane s) { return hn::CopySign(a.raw, s.raw); }

  friend HWY_INLINE Lane where_less(Lane a, Lane b, Lane yes, Lane no) {
    return hn::IfThenElse(hn::Lt(a.raw, b.raw), yes.raw, no.raw);
  }
  friend HWY_INLINE Lane where_equal(Lane a, Lane b, Lane yes, Lane no) {
    return hn::IfThenElse(hn::Eq(a.raw, b.raw), yes.raw, no.raw);
  }
  friend HWY_INLINE Lane where_nan(Lane a, Lane yes, Lane no) {
    return hn::IfThenElse(hn::IsNaN(a.raw), yes.raw, no.raw);
  }
  /// One where a is NaN, else zero.
  friend HWY_INLINE Lane is_nan(Lane a) { return where_nan(a, Lane(T(1)), Lane(T(0))); }
  friend HWY_INLINE bool any_nan(Lane a) { return !hn::AllFalse(Tag(), hn::IsNaN(a.raw)); }

  /// a < b ? a : b and b < a ? a : b, also for NaN: if either is NaN the result is b. So min(bound, x) keeps the NaN of
  /// x, min(x, bound) drops it. This is what the x86 instructions do; others need the comparison.
#if HWY_ARCH_X86 && HWY_TARGET != HWY_SCALAR
  friend HWY_INLINE Lane min(Lane a, Lane b) { return hn::Min(a.raw, b.raw); }
  friend HWY_INLINE Lane max(Lane a, Lane b) { return hn::Max(a.raw, b.raw); }
#else
  friend HWY_INLINE Lane min(Lane a, Lane b) { return where_less(a, b, a, b); }
  friend HWY_INLINE Lane max(Lane a, Lane b) { return where_less(b, a, a, b); }
#endif
};

template <class V> HWY_INLINE V zero() { return V(typename V::Real(0)); }
template <class V> HWY_INLINE V one() { return V(typename V::Real(1)); }

/// x held in [low, high]; NaN stays NaN.
template <class V> HWY_INLINE V clamp(const V& x, const V& low, const V& high) { return min(high, max(low, x)); }

#if HWY_TARGET == HWY_SCALAR

template <class T, class At>
HWY_INLINE void load4(At at, Lane<T> (&out)[4]) {
  for (size_t j = 0; j < 4; ++j) out[j] = Lane<T>(at(0)[j]);
}

#else

/// A vector whose 128-bit pieces come from different places: lanes [first, first + 16 bytes) from at(first).
template <class Tag, class At>
HWY_INLINE hn::Vec<Tag> assemble(Tag d, At at, size_t first) {
  if constexpr (sizeof(hn::TFromD<Tag>) * hn::MaxLanes(d) <= 16) {
    return hn::LoadU(d, at(first));
  } else {
    const hn::Half<Tag> half;
    return hn::Combine(d, assemble(half, at, first + hn::MaxLanes(half)), assemble(half, at, first));
  }
}

/// Reads four consecutive numbers at `width` places and turns them round: out[j] lane i = at(i)[j].
/// Serves table cells and transposition; much cheaper than gathers on the processors we know.
template <class T, class At>
HWY_INLINE void load4(At at, Lane<T> (&out)[4]) {
  const typename Lane<T>::Tag d;
  if constexpr (sizeof(T) == 4) {
    // the usual 4×4 transposition, once in every 128-bit block
    struct Row { At at; size_t k; HWY_INLINE const T* operator()(size_t i) const { return at(i + k); } };
    const hn::Repartition<double, typename Lane<T>::Tag> pair;
    const auto r0 = assemble(d, Row{at, 0}, 0), r1 = assemble(d, Row{at, 1}, 0);
    const auto r2 = assemble(d, Row{at, 2}, 0), r3 = assemble(d, Row{at, 3}, 0);
    const auto t0 = hn::BitCast(pair, hn::InterleaveLower(d, r0, r1));
    const auto t1 = hn::BitCast(pair, hn::InterleaveUpper(d, r0, r1));
    const auto t2 = hn::BitCast(pair, hn::InterleaveLower(d, r2, r3));
    const auto t3 = hn::BitCast(pair, hn::InterleaveUpper(d, r2, r3));
    out[0] = hn::BitCast(d, hn::InterleaveLower(pair, t0, t2));
    out[1] = hn::BitCast(d, hn::InterleaveUpper(pair, t0, t2));
    out[2] = hn::BitCast(d, hn::InterleaveLower(pair, t1, t3));
    out[3] = hn::BitCast(d, hn::InterleaveUpper(pair, t1, t3));
  } else {
    // a block holds two doubles, so four numbers are two 2×2 transpositions
    struct Row { At at; size_t k, j; HWY_INLINE const T* operator()(size_t i) const { return at(i + k) + j; } };
    for (size_t j = 0; j < 4; j += 2) {
      const auto even = assemble(d, Row{at, 0, j}, 0), odd = assemble(d, Row{at, 1, j}, 0);
      out[j]     = hn::InterleaveLower(d, even, odd);
      out[j + 1] = hn::InterleaveUpper(d, even, odd);
    }
  }
}

#endif

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
