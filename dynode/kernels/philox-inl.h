// Philox4x32-10 in lanes, and the uniform and normal numbers made of its words (see philox.h for keys and counters).
#if defined(DYNODE_KERNELS_PHILOX_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DYNODE_KERNELS_PHILOX_INL_H_
#undef DYNODE_KERNELS_PHILOX_INL_H_
#else
#define DYNODE_KERNELS_PHILOX_INL_H_
#endif

#include "dynode/kernels/math-inl.h"
#include "dynode/kernels/philox.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

/// As many 32-bit words as Lane<T> has lanes.
template <class T> using WordTag = hn::Rebind<uint32_t, typename Lane<T>::Tag>;
template <class T> using Word    = hn::Vec<WordTag<T>>;

/// The keys of the ten rounds, laid out once per slab: read as they are, they cost the rounds no instruction.
struct PhiloxRounds {
  uint32_t key[10][2];

  HWY_INLINE explicit PhiloxRounds(PhiloxKey first) {
    for (uint32_t round = 0; round < 10; ++round) {
      key[round][0] = first[0] + round * 0x9E3779B9;
      key[round][1] = first[1] + round * 0xBB67AE85;
    }
  }
};

/// Four words per lane.
template <class T> struct Words { Word<T> of[4]; };

#if HWY_TARGET == HWY_SCALAR

/// Random words for the counters c.
template <class T>
HWY_INLINE Words<T> philox(Words<T> c, const PhiloxRounds& rounds) {
  const WordTag<T> d;
  const PhiloxCounter words = dynode::philox({c.of[0].raw, c.of[1].raw, c.of[2].raw, c.of[3].raw},
                                             {rounds.key[0][0], rounds.key[0][1]});
  return {{hn::Set(d, words[0]), hn::Set(d, words[1]), hn::Set(d, words[2]), hn::Set(d, words[3])}};
}

#else

/// Random words for the counters c. Even and odd lanes go through the rounds apart, each word in the lower half of 64
/// bits: the multiplication reads nothing else, so what gathers in the upper half needs no clearing.
template <class T>
HWY_INLINE Words<T> philox(Words<T> c, const PhiloxRounds& rounds) {
  const WordTag<T> d;
  const hn::Repartition<uint64_t, WordTag<T>> wide;
  const auto by0 = hn::Set(d, uint32_t{0xD2511F53}), by2 = hn::Set(d, uint32_t{0xCD9E8D57});

  hn::Vec<decltype(wide)> half[2][4];
  for (int i = 0; i < 4; ++i) {
    half[0][i] = hn::BitCast(wide, c.of[i]);
    half[1][i] = hn::ShiftRight<32>(half[0][i]);
  }
#pragma GCC unroll 10
  for (int round = 0; round < 10; ++round) {
    const auto key0 = hn::BitCast(wide, hn::Set(d, rounds.key[round][0]));
    const auto key1 = hn::BitCast(wide, hn::Set(d, rounds.key[round][1]));
#pragma GCC unroll 2
    for (auto& x : half) {
      const auto a = hn::MulEven(hn::BitCast(d, x[0]), by0), b = hn::MulEven(hn::BitCast(d, x[2]), by2);
      x[0] = hn::Xor(hn::Xor(hn::ShiftRight<32>(b), x[1]), key0);
      x[2] = hn::Xor(hn::Xor(hn::ShiftRight<32>(a), x[3]), key1);
      x[1] = b;
      x[3] = a;
    }
  }
  for (int i = 0; i < 4; ++i)
    c.of[i] = hn::OddEven(hn::BitCast(d, hn::ShiftLeft<32>(half[1][i])), hn::BitCast(d, half[0][i]));
  return c;
}

#endif

/// The number of a word below 2³¹.
template <class T>
HWY_INLINE Lane<T> number_of(Word<T> word) {
  const auto whole = hn::BitCast(hn::RebindToSigned<WordTag<T>>(), word);
  if constexpr (sizeof(T) == 4) return hn::ConvertTo(typename Lane<T>::Tag(), whole);
  else                          return hn::PromoteTo(typename Lane<T>::Tag(), whole);
}

/// [0, 1): the upper 24 bits of the word for float, 31 for double, so the float is the double rounded down.
template <class T>
HWY_INLINE Lane<T> uniform_of(Word<T> word) {
  constexpr int kept = sizeof(T) == 4 ? 24 : 31;
  return number_of<T>(hn::ShiftRight<32 - kept>(word)) * Lane<T>(T(1) / T(uint32_t{1} << kept));
}

/// sin πy for |y| ≤ ½.
template <class T>
HWY_INLINE Lane<T> sin_half_turns(Lane<T> y) {
  const Lane<T> r = y * Lane<T>(T(3.14159265358979324)), u = r * r;
  return r * fma(u, polynomial(u, Constants<T>::sin), one<Lane<T>>());
}

/// Two independent normal numbers from two words (Box and Muller), |x| ≤ 6.7.
template <class V> struct NormalPair { V first, second; };

template <class T>
HWY_INLINE NormalPair<Lane<T>> normals_of(Word<T> radius_word, Word<T> angle_word) {
  using V = Lane<T>;
  using C = Constants<T>;

  // √(−2 log u), u in (0, 1] from 31 bits
  const V u = fma(number_of<T>(hn::ShiftRight<1>(radius_word)), V(T(0x1p-31)), V(T(0x1p-32)));
  const auto [k, f, curve] = log_parts(u);
  const V log_u  = fma(k, V(C::ln2_hi), f - fma(k, V(-C::ln2_lo), curve));
  const V radius = sqrt(max(V(T(-2)) * log_u, zero<V>()));

  // the angle in half turns, [−1, 1]
  const V x = number_of<T>(angle_word) * V(T(0x1p-31)), a = abs(x);
  const V cosine = sin_half_turns(V(T(0.5)) - a), sine = copysign(sin_half_turns(min(a, one<V>() - a)), x);
  return {radius * cosine, radius * sine};
}

/// What to make of the four words of a counter.
struct MakeUniform {
  template <class T>
  HWY_INLINE void operator()(const Words<T>& words, Lane<T> (&number)[4]) const {
    for (int i = 0; i < 4; ++i) number[i] = uniform_of<T>(words.of[i]);
  }
};
struct MakeNormal {
  template <class T>
  HWY_INLINE void operator()(const Words<T>& words, Lane<T> (&number)[4]) const {
    for (int i = 0; i < 4; i += 2) {
      const auto pair = normals_of<T>(words.of[i], words.of[i + 1]);
      number[i]     = pair.first;
      number[i + 1] = pair.second;
    }
  }
};

/// first, first + 1, … lane by lane.
template <class T>
HWY_INLINE Word<T> count_from(uint32_t first) {
  const WordTag<T> d;
  return hn::Add(hn::Iota(d, 0), hn::Set(d, first));
}

/// Numbers of units 4g … 4g + 3 for a vector of rows from `row` on.
template <class T, class Make>
HWY_INLINE void noise_of_rows(Make make, const PhiloxRounds& rounds, uint32_t step, uint32_t row, uint32_t group,
                              uint32_t draw, Lane<T> (&number)[4]) {
  const WordTag<T> d;
  make(philox<T>({{hn::Set(d, step), count_from<T>(row), hn::Set(d, group), hn::Set(d, draw)}}, rounds), number);
}

/// Numbers of one row for a vector of groups from `group` on; number[i] lane n is that of unit 4 (group + n) + i.
template <class T, class Make>
HWY_INLINE void noise_of_groups(Make make, const PhiloxRounds& rounds, uint32_t step, uint32_t row, uint32_t group,
                                uint32_t draw, Lane<T> (&number)[4]) {
  const WordTag<T> d;
  make(philox<T>({{hn::Set(d, step), hn::Set(d, row), count_from<T>(group), hn::Set(d, draw)}}, rounds), number);
}

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
