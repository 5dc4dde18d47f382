// Random numbers that are functions of a seed: the same on every machine, compiler and thread count.
//
//   Random random(seed, "J_0_to_1");      a stream of its own per purpose, so adding one draw moves no other
//   double x = random.normal();
//
// The generator is Philox4x32-10, a keyed function from a counter to four random words: any number of a stream can be
// had without the ones before it. kernels/philox.h uses the same function for noise inside runs.
// Source: Salmon, Moraes, Dror, Shaw 2011, Parallel random numbers: as easy as 1, 2, 3.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace dynode {

using PhiloxCounter = std::array<uint32_t, 4>;
using PhiloxKey     = std::array<uint32_t, 2>;

/// Four random words for this counter under this key.
constexpr PhiloxCounter philox(PhiloxCounter c, PhiloxKey k) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t a = uint64_t{0xD2511F53} * c[0], b = uint64_t{0xCD9E8D57} * c[2];
    c = {uint32_t(b >> 32) ^ c[1] ^ k[0], uint32_t(b), uint32_t(a >> 32) ^ c[3] ^ k[1], uint32_t(a)};
    k = {k[0] + 0x9E3779B9, k[1] + 0xBB67AE85};
  }
  return c;
}

/// Spreads a number over all 64 bits, one to one (the finaliser of SplitMix64).
constexpr uint64_t mix_bits(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

/// A number for a text (FNV-1a, 64 bits).
constexpr uint64_t hash_text(std::string_view text) {
  uint64_t hash = 0xCBF29CE484222325;
  for (const char c : text) hash = (hash ^ uint8_t(c)) * 0x100000001B3;
  return hash;
}

/// A sequence of random numbers: key = seed, counter = (place in the sequence, stream).
class Random {
 public:
  explicit Random(uint64_t seed, uint64_t stream = 0) : seed_(seed), stream_(stream) {}
  Random(uint64_t seed, std::string_view stream) : Random(seed, hash_text(stream)) {}

  uint64_t bits();                    // 64 random bits
  double   uniform();                 // [0, 1), a multiple of 2⁻⁵³
  double   normal();                  // mean 0, deviation 1
  uint64_t integer(uint64_t n);       // 0 … n − 1, each equally likely; n > 0

  /// `k` different numbers of 0 … n − 1 in ascending order, every choice equally likely; k ≤ n.
  std::vector<size_t> choose(size_t n, size_t k);

  /// Every order equally likely.
  template <class T>
  void shuffle(std::vector<T>& items) {
    for (size_t left = items.size(); left > 1; --left) {
      using std::swap;
      const size_t pick = integer(left);
      if (pick != left - 1) swap(items[pick], items[left - 1]);
    }
  }
  void shuffle(std::vector<bool>& items) {
    for (size_t left = items.size(); left > 1; --left) items.swap(items[integer(left)], items[left - 1]);
  }

 private:
  uint64_t      seed_, stream_, block_ = 0;
  PhiloxCounter words_{};
  int           used_ = 4;            // words of this block already given out
  double        spare_ = 0;           // the second normal number of a pair
  bool          has_spare_ = false;
};

}  // namespace dynode
