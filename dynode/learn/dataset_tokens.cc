// Sequences of tokens: whole numbers become a 1 among zeros, and what follows them their target.
//
//   tokens 3 1 2     time_steps_per_token 2, start_timestep 1:   inputs · 3 3 1 1 2 2     targets 1 2 –, one per token
#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "dynode/learn/dataset.h"
#include "dynode/learn/loss.h"

namespace dynode {
namespace {

/// Token of a row at a step. @throws IoError  if it is none
int64_t token_at(const Samples& samples, size_t position) {
  const double number = std::visit([&](const auto& x) { return double(x[position]); }, samples.x);
  if (!(number >= 0 && number <= 1e6) || number != std::floor(number))
    throw IoError(samples.name,
                  fmt::format("the token of row {}, step {} is {}", position / samples.steps, position % samples.steps, number),
                  "tokens are whole numbers, counted from 0");
  return int64_t(number);
}

}  // namespace

int64_t largest_token(const Samples& samples) {
  int64_t largest = -1;
  for (size_t p = 0; p < samples.rows * samples.steps; ++p) largest = std::max(largest, token_at(samples, p));
  return largest;
}

Samples encode_tokens(Samples samples, const TrainConfig& config, int64_t vocabulary) {
  if (samples.rows == 0) return samples;
  if (samples.width != 1)
    throw ShapeError(samples.name + ": x", {int64_t(samples.rows), int64_t(samples.steps)},
                     {int64_t(samples.rows), int64_t(samples.steps), int64_t(samples.width)}, "a step has one token");
  const bool   foretells = config.training.foretells_tokens();
  const ArConfig ar      = config.training.ar.value_or(ArConfig{});
  const size_t tokens = samples.steps, shown = foretells ? size_t(ar.time_steps_per_token) : 1,
               start = foretells ? size_t(ar.start_timestep) : 0, steps = start + tokens * shown, width = size_t(vocabulary);
  if (foretells && !(samples.mask.empty() && samples.spans.empty()))
    throw IoError(samples.name, fmt::format("tokens have {}", samples.mask.empty() ? "time spans" : "a mask"),
                  "remove it; the class -100 marks tokens that nobody foretells");
  if (foretells && ar.mode == ArMode::next_token && tokens < 2)
    throw IoError(samples.name, "its sequences have one token, and none follows", "give longer ones");

  std::vector<uint8_t> x(samples.rows * steps * width);
  std::vector<int64_t> following;
  for (size_t row = 0; row < samples.rows; ++row)
    for (size_t k = 0; k < tokens; ++k) {
      const int64_t token = token_at(samples, row * tokens + k);
      if (token >= vocabulary)
        throw IoError(samples.name, fmt::format("the token of row {}, step {} is {}, but there are {}", row, k, token, vocabulary),
                      "data.vocab_size says how many tokens there are");
      for (size_t t = 0; t < shown; ++t) x[(row * steps + start + k * shown + t) * width + size_t(token)] = 1;
      if (k > 0) following.push_back(token);
      if (k + 1 == tokens) following.push_back(kIgnoredClass);
    }
  samples.x     = std::move(x);
  samples.steps = steps;
  samples.width = width;
  samples.low = 0, samples.high = 1;
  if (foretells && ar.mode == ArMode::next_token) samples.classes = std::move(following);
  if (foretells) samples.entries = tokens;
  if (foretells && samples.classes.size() != samples.rows * tokens)
    throw IoError(samples.name, "its targets are no tokens", "mode seq2seq takes y [N, T], whole numbers");
  return samples;
}

Samples shown_as_targets(Samples samples, const DataConfig& config, double low, double high) {
  if (samples.rows == 0) return samples;
  const Dataset       inputs(samples, config, low, high);
  std::vector<double> x(samples.rows * samples.steps * samples.width);
  std::vector<size_t> rows(samples.rows);
  for (size_t row = 0; row < rows.size(); ++row) rows[row] = row;
  BatchTarget<double> none;
  inputs.fill<double>(rows, x.data(), none);
  samples.values       = std::move(x);
  samples.target_width = samples.width;
  samples.entries      = samples.steps;
  return samples;
}

}  // namespace dynode
