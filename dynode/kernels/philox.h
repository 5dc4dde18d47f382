// Noise as a function: which random words belong to (seed, site, pass) and (step, row, unit).
//
//   key      seed, site (a place in the plan that wants noise), pass (one forward call; in training the update)
//   counter  step, row of the whole batch, unit / 4, draw (several numbers of one site and unit)
//
// One call gives four words, those of units 4g … 4g + 3. So noise does not depend on tiles, layouts, chunks, threads,
// ranks or recomputation. The words are the same on every machine, the numbers made of them equal to rounding.
#pragma once
#include "dynode/base/random.h"

namespace dynode {

/// The key under which a site draws in one pass.
constexpr PhiloxKey noise_key(uint64_t seed, uint64_t site, uint64_t pass) {
  constexpr uint64_t step = 0x9E3779B97F4A7C15;       // keeps zeros from staying zeros
  const uint64_t key = mix_bits(mix_bits(mix_bits(seed + step) + site + step) + pass + step);
  return {uint32_t(key), uint32_t(key >> 32)};
}

/// The random word of one unit of one row at one step.
constexpr uint32_t noise_word(PhiloxKey key, uint32_t step, uint32_t row, uint32_t unit, uint32_t draw = 0) {
  return philox({step, row, unit / 4, draw}, key)[unit % 4];
}

}  // namespace dynode
