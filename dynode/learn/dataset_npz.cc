// Sequences of an npz file:  x [N, T, D] or [N, T]   y: whole numbers are classes, others are values.
// If there: timespans [N, T], numbers that are not negative; mask [N, T], 0 or 1 (or false and true).
#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "dynode/io/npz.h"
#include "dynode/learn/dataset.h"

namespace dynode {
namespace {

/// Names the first number that is not finite. @param steps, width  to say where it is; [N][steps][width]
template <class T>
void check_finite(const std::string& path, const char* array, const std::vector<T>& values, size_t steps,
                  size_t width) {
  const auto bad = std::ranges::find_if(values, [](T v) { return !std::isfinite(v); });
  if (bad == values.end()) return;
  const auto at = size_t(bad - values.begin());
  throw IoError(path,
                fmt::format("{} has {} in row {}, step {}, number {}", array, double(*bad), at / (steps * width),
                            at / width % steps, at % width),
                "remove such rows, or replace their numbers");
}

void take_inputs(const std::string& path, Array x, const std::optional<int>& shown, Samples& samples) {
  if (shown) {   // [N, D] → [N, shown, D]
    if (x.shape.size() != 2) throw ShapeError(path + ": x", {-1, -1}, x.shape, "single vectors, as data.sequence_length says");
    const auto N = size_t(x.shape[0]), D = size_t(x.shape[1]);
    std::visit(
        [&](auto& values) {
          std::remove_cvref_t<decltype(values)> all;
          for (size_t row = 0; row < N; ++row)
            for (int t = 0; t < *shown; ++t) all.insert(all.end(), values.begin() + ptrdiff_t(row * D), values.begin() + ptrdiff_t((row + 1) * D));
          values = std::move(all);
        },
        x.data);
    x.shape = {x.shape[0], *shown, x.shape[1]};
  }
  if (x.shape.size() != 2 && x.shape.size() != 3)
    throw ShapeError(path + ": x", {-1, -1, -1}, x.shape, "x is [sequences, steps, numbers per step]");
  if (x.size() == 0) throw IoError(path, "x is empty", "it is [sequences, steps, numbers per step]");
  samples.rows  = size_t(x.shape[0]);
  samples.steps = size_t(x.shape[1]);
  samples.width = x.shape.size() == 3 ? size_t(x.shape[2]) : 1;
  if (const auto* bytes = std::get_if<std::vector<uint8_t>>(&x.data)) {
    samples.x = *bytes;
  } else if (const auto* floats = std::get_if<std::vector<float>>(&x.data)) {
    check_finite(path, "x", *floats, samples.steps, samples.width);
    samples.x = *floats;
  } else {
    std::vector<double> values = x.as_double();
    check_finite(path, "x", values, samples.steps, samples.width);
    samples.x = std::move(values);
  }
}

void take_targets(const std::string& path, Array y, Mapping mapping, Samples& samples) {
  if (mapping == Mapping::seq2seq && y.shape.size() == 3 && y.shape[1] == int64_t(samples.steps) + 1) {   // a history: without its start
    const size_t units = size_t(y.shape[2]), size = (samples.steps + 1) * units;
    std::visit(
        [&](auto& values) {
          std::remove_cvref_t<decltype(values)> rest;
          for (size_t at = 0; at < values.size(); at += size)
            rest.insert(rest.end(), values.begin() + ptrdiff_t(at + units), values.begin() + ptrdiff_t(at + size));
          values = std::move(rest);
        },
        y.data);
    --y.shape[1];
  }
  const auto rows = int64_t(samples.rows), steps = int64_t(samples.steps);
  const bool per_step = mapping == Mapping::seq2seq;
  const bool whole =
      std::holds_alternative<std::vector<int64_t>>(y.data) || std::holds_alternative<std::vector<uint8_t>>(y.data);
  samples.entries = per_step ? samples.steps : 1;

  // classes: one number per target
  if (whole) {
    const std::vector<int64_t> expected = per_step ? std::vector{rows, steps} : std::vector{rows};
    if (y.shape != expected)
      throw ShapeError(path + ": y", expected, y.shape,
                       "whole numbers are classes, one per target; save values as floats");
    samples.classes = y.as_integers(path + ": y");
    return;
  }

  // values: one or more numbers per target
  std::vector<int64_t> expected = per_step ? std::vector{rows, steps} : std::vector{rows};
  const size_t         axes     = expected.size();
  const bool           fits     = (y.shape.size() == axes || y.shape.size() == axes + 1) &&
                    std::equal(expected.begin(), expected.end(), y.shape.begin());
  if (!fits || y.size() == 0) {
    expected.push_back(-1);
    throw ShapeError(
        path + ": y", expected, y.shape,
        per_step ? "mapping seq2seq has one target per step" : "mapping seq2static has one target per sequence");
  }
  samples.target_width = y.shape.size() > axes ? size_t(y.shape.back()) : 1;
  samples.values       = y.as_double();
  check_finite(path, "y", samples.values, samples.entries, samples.target_width);
}

/// The numbers of timespans or mask, if the file has them.
std::vector<double> numbers_per_step(const std::string& path, const Npz& file, const char* name,
                                     const Samples& samples) {
  const Array* array = file.find(name);
  if (!array) return {};
  const std::vector<int64_t> expected = {int64_t(samples.rows), int64_t(samples.steps)};
  if (array->shape != expected)
    throw ShapeError(fmt::format("{}: {}", path, name), expected, array->shape, "one number per sequence and step");
  return array->as_double();
}

void take_steps(const std::string& path, const Npz& file, Mapping mapping, Samples& samples) {
  const auto place = [&](size_t at) { return fmt::format("row {}, step {}", at / samples.steps, at % samples.steps); };
  samples.spans    = numbers_per_step(path, file, "timespans", samples);
  for (size_t i = 0; i < samples.spans.size(); ++i)
    if (!is_span(samples.spans[i]))
      throw IoError(path, fmt::format("timespans has {} in {}", samples.spans[i], place(i)), kSpansHint);
  const std::vector<double> mask = numbers_per_step(path, file, "mask", samples);
  for (size_t i = 0; i < mask.size(); ++i) {
    if (mask[i] != 0 && mask[i] != 1)
      throw IoError(path, fmt::format("mask has {} in {}", mask[i], place(i)), kMaskHint);
    samples.mask.push_back(uint8_t(mask[i]));
  }
  if (const auto row = row_without_steps(samples, mapping))
    throw IoError(path, fmt::format("mask leaves no step of row {}", *row), kRowHint);
}

}  // namespace

Samples samples_of(const Npz& file, const SampleShape& shape) {
  const std::string& path = file.file();
  Samples            samples;
  samples.name = path;
  take_inputs(path, file.at("x"), shape.shown, samples);
  if (shape.has_targets) take_targets(path, file.at("y"), shape.mapping, samples);
  take_steps(path, file, shape.mapping, samples);
  const auto range = [&](const auto& values) {
    const auto [low, high] = std::ranges::minmax_element(values);
    samples.low = double(*low), samples.high = double(*high);
  };
  std::visit(range, samples.x);
  return samples;
}

Samples read_npz_samples(const std::string& path, const SampleShape& shape) {
  return samples_of(load_npz(path), shape);
}

}  // namespace dynode
