// NumPy's generators, bit by bit: what a seed gave there, it gives here. For everything else there is base/random.h.
//
//   Mt19937   numpy.random.RandomState(seed)     choice, permutation, randint
//   Pcg64     numpy.random.default_rng(seed)     choice, integers
//
// Sources: Matsumoto & Nishimura 1998, Mersenne twister; O'Neill 2014, PCG; Lemire 2019, Fast random integer
// generation in an interval; Floyd's sampling, Bentley & Floyd 1987.
#pragma once
#include <cstddef>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

namespace dynode {

class Mt19937 {
 public:
  explicit Mt19937(uint32_t seed) : engine_(seed) {}

  uint32_t bits() { return uint32_t(engine_()); }

  /// 0 … n − 1, each equally likely; 0 < n ≤ 2³². A draw of one is free.
  uint64_t integer(uint64_t n);

  /// Every order equally likely.
  template <class T>
  void shuffle(std::vector<T>& items) {
    for (size_t left = items.size(); left > 1; --left) {
      const size_t pick = integer(left);
      std::swap(items[left - 1], items[pick]);
    }
  }

  /// `k` different numbers of 0 … n − 1 in the order drawn; k ≤ n.
  std::vector<size_t> choose(size_t n, size_t k);

 private:
  std::mt19937 engine_;   // the standard fixes its numbers
};

class Pcg64 {
 public:
  explicit Pcg64(uint64_t seed);

  uint64_t bits();
  uint32_t half();                 // the low half of bits(), at the next call the high half

  /// 0 … n − 1, each equally likely; 0 < n ≤ 2³². A draw of one is free.
  uint64_t integer(uint64_t n);

  /// `k` different numbers of 0 … n − 1 in the order drawn; k ≤ n.
  std::vector<size_t> choose(size_t n, size_t k);

 private:
  __extension__ using Wide = unsigned __int128;
  void step();

  Wide     state_ = 0, increment_ = 0;
  uint32_t kept_  = 0;             // the high half, while has_kept_
  bool     has_kept_ = false;
};

}  // namespace dynode
