// Datasets in memory: checks that hold for every format, scaling, splits.
#include "dynode/learn/dataset.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <type_traits>

#include "dynode/base/random.h"
#include "dynode/learn/loss.h"
#include "dynode/learn/resample.h"

namespace dynode {
namespace {

void check_labels(const Samples& samples, int64_t classes) {
  for (size_t i = 0; i < samples.classes.size(); ++i) {
    const int64_t label = samples.classes[i];
    if (label == kIgnoredClass || (label >= 0 && label < classes)) continue;
    throw IoError(samples.name,
                  fmt::format("the class of row {} is {}, outside 0 … {}", i / samples.entries, label, classes - 1),
                  "classes are counted from 0; data.num_classes says how many there are");
  }
}

/// Draws `count` of `rows`; what is left stays in `rows`. Both ascend.
std::vector<size_t> draw_rows(std::vector<size_t>& rows, size_t count, Random random) {
  std::vector<size_t>       drawn, left;
  const std::vector<size_t> chosen = random.choose(rows.size(), count);
  for (size_t i = 0, next = 0; i < rows.size(); ++i) {
    const bool take = next < chosen.size() && chosen[next] == i;
    (take ? drawn : left).push_back(rows[i]);
    next += take;
  }
  rows = std::move(left);
  return drawn;
}

size_t share_of(double share, size_t rows) { return size_t(std::llround(share * double(rows))); }

std::vector<size_t> all_rows(size_t count) {
  std::vector<size_t> rows(count);
  for (size_t i = 0; i < count; ++i) rows[i] = i;
  return rows;
}

/// Validation and test, drawn once; training draws its own.
TrainingData task_data(const TrainConfig& config, uint64_t seed) {
  const DataConfig& data       = config.data;
  const auto        validation = size_t(data.val_trials), test = size_t(data.test_trials);
  TrainingData      out;
  out.task       = std::make_shared<const Task>(task_of(data));
  out.train      = all_rows(size_t(data.epoch_trials));
  out.validation = all_rows(validation);
  out.test       = all_rows(test);
  const auto shown = std::max<size_t>(validation, 1);  // one to see what trials look like
  out.all          = Dataset(draw_task_samples(out.task, seed, "validation", 0, shown), data, 0, 1);
  if (test > 0) out.test_file = Dataset(draw_task_samples(out.task, seed, "test", 0, test), data, 0, 1);
  if (out.task->entry().one_answer) out.classes = int64_t(out.task->entry().labels.size());
  return out;
}

}  // namespace

bool is_span(double number) { return std::isfinite(number) && number >= 0; }

std::optional<size_t> row_without_steps(const Samples& samples, Mapping mapping) {
  if (samples.mask.empty() || mapping != Mapping::seq2static) return {};
  for (size_t row = 0; row < samples.rows; ++row) {
    const auto first = samples.mask.begin() + ptrdiff_t(row * samples.steps);
    if (std::find(first, first + ptrdiff_t(samples.steps), 1) == first + ptrdiff_t(samples.steps)) return row;
  }
  return {};
}

Dataset::Dataset(Samples samples, const DataConfig& config, double low, double high) : samples_(std::move(samples)) {
  const bool images = config.format == DataFormat::idx;
  if (config.min_scale || images) {
    const double min = config.min_scale.value_or(0), max = config.max_scale.value_or(1);
    factor_ = high > low ? (max - min) / (high - low) : 0;  // all inputs alike: they become min
    offset_ = min - factor_ * low;
  }
  for (size_t i = 0; i < byte_.size(); ++i) byte_[i] = double(i) * factor_ + offset_;
}

Dataset Dataset::with_steps(size_t steps, Mapping mapping) const {
  Dataset result  = *this;
  result.samples_ = resampled(std::move(result.samples_), steps, mapping);
  return result;
}

Samples joined(Samples a, const Samples& b) {
  if (a.steps != b.steps || a.width != b.width)
    throw ShapeError(b.name + ": x", {-1, int64_t(a.steps), int64_t(a.width)},
                     {int64_t(b.rows), int64_t(b.steps), int64_t(b.width)}, "training data: " + a.name);
  const auto differ = [&](const char* what) {
    throw IoError(b.name, fmt::format("its {} are of another kind than those of {}", what, a.name));
  };
  if (a.x.index() != b.x.index()) differ("inputs");
  if (a.classes.empty() != b.classes.empty() || a.target_width != b.target_width) differ("labels");
  if (a.spans.empty() != b.spans.empty()) differ("timespans");
  if (a.mask.empty() != b.mask.empty()) differ("masks");
  const auto append = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
  std::visit([&](auto& x) { append(x, std::get<std::remove_cvref_t<decltype(x)>>(b.x)); }, a.x);
  append(a.classes, b.classes), append(a.values, b.values), append(a.spans, b.spans), append(a.mask, b.mask);
  a.rows += b.rows;
  return a;
}

int64_t Dataset::class_count() const { return has_classes() ? *std::ranges::max_element(samples_.classes) + 1 : 0; }

template <class R>
void Dataset::fill(std::span<const size_t> rows, R* x, BatchTarget<R>& target, std::vector<R>* spans) const {
  const size_t size = samples_.steps * samples_.width;

  // inputs
  std::visit(
      [&](const auto& stored) {
        using T = typename std::remove_cvref_t<decltype(stored)>::value_type;
        for (size_t i = 0; i < rows.size(); ++i) {
          const T* from = stored.data() + rows[i] * size;
          R*       to   = x + i * size;
          if constexpr (std::is_same_v<T, uint8_t>) {
            for (size_t k = 0; k < size; ++k) to[k] = R(byte_[from[k]]);
          } else {
            for (size_t k = 0; k < size; ++k) to[k] = R(double(from[k]) * factor_ + offset_);
          }
        }
      },
      samples_.x);

  // targets
  target.classes.clear();
  target.values.clear();
  const size_t numbers = samples_.entries * samples_.target_width;
  for (const size_t row : rows) {
    if (has_classes()) {
      const auto from = samples_.classes.begin() + ptrdiff_t(row * samples_.entries);
      target.classes.insert(target.classes.end(), from, from + ptrdiff_t(samples_.entries));
    } else {
      for (size_t k = 0; k < numbers; ++k) target.values.push_back(R(samples_.values[row * numbers + k]));
    }
  }

  // steps: how long they take, whether they count
  const auto steps_of = [&](const auto& all, auto& to) {
    to.clear();
    for (const size_t row : rows) {
      const auto from = all.begin() + ptrdiff_t(row * samples_.steps);
      to.insert(to.end(), from, from + ptrdiff_t(samples_.steps));
    }
  };
  if (has_mask()) steps_of(samples_.mask, target.mask);
  else target.mask.clear();
  if (!spans) return;
  if (has_spans()) steps_of(samples_.spans, *spans);
  else spans->clear();
}

template void Dataset::fill(std::span<const size_t>, float*, BatchTarget<float>&, std::vector<float>*) const;
template void Dataset::fill(std::span<const size_t>, double*, BatchTarget<double>&, std::vector<double>*) const;

TrainingData split_data(const TrainConfig& config, uint64_t seed, Samples all, Samples test) {
  const DataConfig& data = config.data;
  TrainingData      out;

  // classes; of tokens each is a class
  const auto largest = [](const Samples& s) { return s.classes.empty() ? -1 : *std::ranges::max_element(s.classes); };
  if (!all.classes.empty()) {
    const bool next = config.training.foretells_tokens() && config.training.ar->mode == ArMode::next_token;
    out.classes     = data.num_classes ? int64_t(*data.num_classes)
                      : next           ? int64_t(all.width)
                                       : std::max(largest(all), largest(test)) + 1;
    check_labels(all, out.classes);
    check_labels(test, out.classes);
  }

  // the test file must look like the training file
  if (test.rows > 0) {
    if (test.steps != all.steps || test.width != all.width)
      throw ShapeError(test.name + ": x", {-1, int64_t(all.steps), int64_t(all.width)},
                       {int64_t(test.rows), int64_t(test.steps), int64_t(test.width)}, "training data: " + all.name);
    if (test.classes.empty() != all.classes.empty() || test.target_width != all.target_width)
      throw IoError(test.name, "its targets are of another kind than those of the training data",
                    "training data: " + all.name);
    if (test.spans.empty() != all.spans.empty())
      throw IoError(test.name, test.spans.empty() ? "it has no time spans, but the training data have"
                                                  : "it has time spans, but the training data have none",
                    "training data: " + all.name);
  }

  // splits
  out.train = all_rows(all.rows);
  if (all.validation > 0) {
    const auto from = out.train.end() - ptrdiff_t(all.validation);
    out.validation.assign(from, out.train.end());
    out.train.erase(from, out.train.end());
  }
  if (test.rows > 0) out.test = all_rows(test.rows);
  else out.test = draw_rows(out.train, share_of(data.test_split.value_or(0.1), out.train.size()), Random(seed, "data/test"));
  if (all.validation == 0)
    out.validation = draw_rows(out.train, share_of(data.val_split, out.train.size()), Random(seed, "data/validation"));
  if (out.train.empty())
    throw IoError(all.name, fmt::format("none of its {} rows is left for training", all.rows),
                  "lower data.val_split and data.test_split");

  const double low = all.low, high = all.high;
  out.all = Dataset(std::move(all), data, low, high);
  if (test.rows > 0) out.test_file = Dataset(std::move(test), data, low, high);
  return out;
}

Samples resampled(Samples samples, size_t steps, Mapping mapping) {
  if (steps == samples.steps) return samples;
  if (!samples.spans.empty())
    throw SpecError({.path = "data.target_seq_len"}, fmt::format("the steps of {} take times of their own", samples.name),
                    "remove target_seq_len, or timespans from the file");
  std::visit(
      [&](auto& x) {
        using T = typename std::remove_cvref_t<decltype(x)>::value_type;
        if constexpr (std::is_same_v<T, uint8_t>)   // there are numbers between two bytes
          samples.x = resample_time(std::vector<float>(x.begin(), x.end()), samples.rows, samples.steps, samples.width,
                                    steps);
        else
          x = resample_time(x, samples.rows, samples.steps, samples.width, steps);
      },
      samples.x);
  const std::vector<size_t> nearest = nearest_steps(samples.steps, steps);
  const auto                pick    = [&](auto& list) {
    std::remove_cvref_t<decltype(list)> picked;
    for (size_t row = 0; row < samples.rows; ++row)
      for (const size_t step : nearest) picked.push_back(list[row * samples.steps + step]);
    list = std::move(picked);
  };
  if (mapping == Mapping::seq2seq) {
    if (!samples.classes.empty()) pick(samples.classes);
    else samples.values = resample_time(samples.values, samples.rows, samples.steps, samples.target_width, steps);
    samples.entries = steps;
  }
  if (!samples.mask.empty()) pick(samples.mask);
  samples.steps = steps;
  return samples;
}

/// Tokens, and targets that are not in the file.
static void make_targets(const TrainConfig& config, uint64_t seed, Samples& all, Samples& test) {
  const DataConfig&     data     = config.data;
  const TrainingConfig& training = config.training;
  if (data.input_encoding == InputEncoding::one_hot || training.foretells_tokens()) {
    const int64_t vocabulary =
        data.vocab_size ? int64_t(*data.vocab_size) : std::max(largest_token(all), largest_token(test)) + 1;
    all  = encode_tokens(std::move(all), config, vocabulary);
    test = encode_tokens(std::move(test), config, vocabulary);
  }
  if (training.distillation) all = taught_rows(std::move(all), *training.distillation, seed);
  if (training.distillation && training.mapping == Mapping::seq2static && !training.makes_targets()) {
    for (Samples* part : {&all, &test}) {
      if (part->rows > 0 && part->values.empty())
        throw IoError(part->name, "its targets are classes", "a file with what a teacher said has numbers, one list per step");
      if (part->rows > 0) *part = pooled_targets(std::move(*part), config);
    }
  }
  if (!training.makes_targets() || training.foretells_tokens()) return;
  const double low = all.low, high = all.high;   // the test is scaled as the training data are
  if (training.distillation) {
    all  = taught(std::move(all), config, low, high);
    test = taught(std::move(test), config, low, high);
  } else {
    all  = shown_as_targets(std::move(all), data, low, high);
    test = shown_as_targets(std::move(test), data, low, high);
  }
}

/// Training data of one file.
static Samples read_file_samples(const DataConfig& data, const std::string& path, const SampleShape& shape) {
  if (data.format == DataFormat::npz) return read_npz_samples(path, shape);
  if (data.format == DataFormat::csv) return read_csv_samples(path, shape, data);
  return read_hdf5_samples(path, shape, Part::train);
}

TrainingData load_data(const TrainConfig& config, uint64_t seed) {
  const DataConfig& data = config.data;
  if (data.format == DataFormat::task) return task_data(config, seed);
  const std::string path = config.resolve(data.data_path), test_path = config.resolve(data.test_path);
  const Mapping     mapping = config.training.distillation ? Mapping::seq2seq : config.training.mapping;   // a teacher's, not pooled yet
  const SampleShape shape{mapping, !config.training.makes_targets(), data.sequence_length};
  Samples           all, test;
  switch (data.format) {
    case DataFormat::idx:
      all  = read_idx_samples(data, path, Part::train);
      test = read_idx_samples(data, path, Part::test);
      break;
    case DataFormat::npz:
    case DataFormat::csv:
    case DataFormat::hdf5:
      all = read_file_samples(data, path, shape);
      if (!data.val_path.empty()) {
        if (all.validation > 0)
          throw IoError(path, "has validation data of its own", "remove data.val_path, or the group val");
        const Samples held_back = read_file_samples(data, config.resolve(data.val_path), shape);
        all                     = joined(std::move(all), held_back);
        all.validation          = held_back.rows;
      }
      if (!data.test_path.empty()) test = read_file_samples(data, test_path, shape);
      else if (data.format == DataFormat::hdf5) test = read_hdf5_samples(path, shape, Part::test);
      break;
    case DataFormat::synthetic: all = make_synthetic_samples(data, mapping, seed); break;
    case DataFormat::event_mnist:
      all  = read_event_mnist_samples(path, Part::train);
      test = read_event_mnist_samples(path, Part::test);
      break;
    case DataFormat::half_cheetah:
    case DataFormat::walker2d:
      all  = read_rollout_samples(data, path, Part::train);
      test = read_rollout_samples(data, path, Part::test);
      break;
    case DataFormat::atari:
      all  = read_atari_samples(path, Part::train);
      test = read_atari_samples(path, Part::test);
      break;
    case DataFormat::task: break;  // above
  }
  if (data.target_seq_len) {
    all = resampled(std::move(all), size_t(*data.target_seq_len), mapping);
    if (test.rows > 0) test = resampled(std::move(test), size_t(*data.target_seq_len), mapping);
  }
  make_targets(config, seed, all, test);
  return split_data(config, seed, std::move(all), std::move(test));
}

}  // namespace dynode
