// Datasets: sequences with what is asked of them, ready to be cut into minibatches.
//
//   idx    folder with the four files of MNIST: an image is a sequence of rows of pixels, or of pixels
//   npz    x [N, T, D] (or [N, T]: D = 1) with y: whole numbers are classes [N] or [N, T], others are target values
//          [N], [N, K] (one per sequence) or [N, T], [N, T, K] (one per step)
//          timespans [N, T], if there: how long each step takes; mask [N, T], if there: 1 where a step counts, else 0
//   hdf5   the same as npz under the names data and labels (timespans, mask); at the top of the file, or in groups train,
//          val and test, of which val and test may be missing
//   csv    a heading, then one sequence per line: columns x₀ x₁ … step by step, and a label or target columns; time
//          spans and masks in columns of their own, where data.timespan_columns and data.mask_columns say how they are
//          called: with timespan_columns: dt these are dt0, dt1, …, one per step
//
//   event_mnist             the files of idx as streams of events with the time between them
//   half_cheetah, walker2d  folder of trajectories, cut into windows as published; targets are the next observations
//   atari                   folder of games: pictures, targets are what was done on seeing them
//
//   tokens [N, T]           with data.input_encoding: one_hot a 1 among zeros each; training.ar asks for the next one
//
//   task   trials of a task (tasks/task.h), drawn while training by counters: epoch after epoch new ones, whatever the
//          number of threads; validation and test are drawn once
//
// A network runs through all steps; those whose mask is 0 have no part in losses, metrics and pooling, which then looks
// at the steps that count as if they were all.
//
// With target_seq_len sequences of a file are resampled to this many steps (resample.h), targets per step with them.
//
// Inputs keep the type they have in the file (images are bytes) and are scaled while a minibatch is filled.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "dynode/io/npz.h"
#include "dynode/learn/config.h"
#include "dynode/learn/objective.h"
#include "dynode/tasks/task.h"

namespace dynode {

/// What a reader of a format finds in a file. Finite numbers only.
struct Samples {
  std::string                                                                 name;  // of the file, for errors
  size_t                                                                      rows = 0, steps = 0, width = 0;
  std::variant<std::vector<float>, std::vector<double>, std::vector<uint8_t>> x;  // [rows][steps][width]

  size_t               entries = 1;  // targets per row: 1, steps, or tokens
  std::vector<int64_t> classes;      // [rows][entries]; or
  size_t               target_width = 0;
  std::vector<double>  values;  // [rows][entries][target_width]
  std::vector<double>  spans;   // [rows][steps], not negative; empty: every step takes dt
  std::vector<uint8_t> mask;    // [rows][steps], 0 or 1; empty: every step counts

  std::shared_ptr<const Task> task;    // whose trials these are; null: none
  std::vector<int64_t>        labels;  // [rows], of a task: what each trial was

  double low = 0, high = 1;  // what min_scale and max_scale stand for

  size_t validation = 0;  // so many rows, the last ones, are for validation; 0: rows are drawn for it
};

/// What is asked of the arrays of a file.
struct SampleShape {
  Mapping            mapping;
  bool               has_targets = true;   // false: y is not looked at
  std::optional<int> shown       = {};     // x [N, D] are single vectors, each shown for so many steps
};

// one file per format
enum class Part { train, test };
/// @throws IoError, ShapeError  as load_image_set; @throws SpecError on settings that do not fit the format
Samples read_idx_samples(const DataConfig& config, const std::string& folder, Part part);
/// @throws IoError, ShapeError  as load_image_set
Samples read_event_mnist_samples(const std::string& folder, Part part);
/// Training data with those for validation, or the test. @throws IoError, ShapeError  naming the file
Samples read_rollout_samples(const DataConfig& config, const std::string& folder, Part part);
/// Training data, or the test. @throws IoError, ShapeError  naming the file
Samples read_atari_samples(const std::string& folder, Part part);
/// @throws IoError  naming file and array, ShapeError
Samples read_npz_samples(const std::string& path, const SampleShape& shape);
/// Arrays x, y, timespans and mask as a file of format npz has them. @throws IoError, ShapeError
Samples samples_of(const Npz& file, const SampleShape& shape);
/// Training data with those for validation, or the test; of a file without groups the test is empty.
/// @throws IoError  naming file and array, ShapeError
Samples read_hdf5_samples(const std::string& path, const SampleShape& shape, Part part);
/// Trials of a task. @param part, batch  other trials for other numbers
Samples draw_task_samples(std::shared_ptr<const Task> task, uint64_t seed, std::string_view part, uint64_t batch,
                          size_t rows, Threads* threads = nullptr);
/// Of the config, what says which column is what. @throws IoError  naming file, line and column
Samples read_csv_samples(const std::string& path, const SampleShape& shape, const DataConfig& columns);
/// The rows of two parts. @throws ShapeError, IoError  if they are of different kinds
Samples joined(Samples a, const Samples& b);

// data that are made up
/// Settings of format: synthetic.
const std::vector<Fact>& synthetic_facts();
/// @throws SpecError  on a task that is none
void    check_synthetic(const DataConfig& config, const At& at = {});
Samples make_synthetic_samples(const DataConfig& config, Mapping mapping, uint64_t seed);

// targets that are made
/// The largest token of sequences of tokens. @throws IoError  naming what is none
int64_t largest_token(const Samples& samples);
/// Tokens as ones among zeros, shown and asked for as training.ar says. @throws IoError, ShapeError
Samples encode_tokens(Samples samples, const TrainConfig& config, int64_t vocabulary);
/// Inputs, scaled, that are their own targets.
Samples shown_as_targets(Samples samples, const DataConfig& config, double low, double high);
/// The share of sequences that is taught, drawn by seed.
Samples taught_rows(Samples samples, const DistillationConfig& config, uint64_t seed);
/// Target values of every step become one per sequence, as model.time_pooling says. @throws IoError
Samples pooled_targets(Samples samples, const TrainConfig& config);
/// Targets are the outputs of the teacher, pooled with mapping seq2static. @throws IoError, SpecError
Samples taught(Samples samples, const TrainConfig& config, double low, double high);

// what the readers check alike
/// Whether this can be how long a step takes.
bool is_span(double number);
/// A sequence whose only target nothing answers: none of its steps counts.
std::optional<size_t> row_without_steps(const Samples& samples, Mapping mapping);
inline constexpr char kSpansHint[] = "a step takes a finite time that is not negative";
inline constexpr char kMaskHint[]  = "1 where a step counts, 0 where it does not";
inline constexpr char kRowHint[]   = "a sequence with one target needs a step that counts; remove the row, or mark one";

class Dataset {
 public:
  Dataset() = default;
  /// @param low, high  what becomes min_scale and max_scale: those of the training data, also for a test set
  Dataset(Samples samples, const DataConfig& config, double low, double high);

  size_t rows() const { return samples_.rows; }
  size_t steps() const { return samples_.steps; }
  size_t width() const { return samples_.width; }
  bool   has_classes() const { return !samples_.classes.empty(); }
  /// One more than the largest class.
  int64_t class_count() const;
  /// Targets per row: 1, steps, or tokens.
  size_t entries() const { return samples_.entries; }
  /// Numbers per target; 0 with classes.
  size_t             target_width() const { return samples_.target_width; }
  const std::string& name() const { return samples_.name; }
  int64_t label(size_t row, size_t entry = 0) const { return samples_.classes[row * samples_.entries + entry]; }

  /// Whose trials these are; null: none.
  const Task* task() const { return samples_.task.get(); }
  /// What a trial was.
  int64_t trial_label(size_t row) const { return samples_.labels[row]; }

  bool               has_spans() const { return !samples_.spans.empty(); }
  bool               has_mask() const { return !samples_.mask.empty(); }
  /// The same sequences resampled to so many steps, scaled alike.
  Dataset with_steps(size_t steps, Mapping mapping) const;
  /// Whether the network's outputs at this step count.
  bool counts(size_t row, size_t step) const { return !has_mask() || samples_.mask[row * samples_.steps + step] != 0; }

  /// A minibatch.
  /// @param rows   positions in the dataset, in any order
  /// @param x      [rows][steps][width], written
  /// @param spans  [rows][steps], written; empty where there are none; null: not asked for
  template <class R>
  void fill(std::span<const size_t> rows, R* x, BatchTarget<R>& target, std::vector<R>* spans = nullptr) const;

 private:
  Samples                 samples_;
  double                  factor_ = 1, offset_ = 0;  // x · factor + offset
  std::array<double, 256> byte_ = {};                // the same for bytes
};

/// Everything a training run reads.
struct TrainingData {
  Dataset             all, test_file;  // test_file is empty where the test rows are in `all`
  std::vector<size_t> train, validation, test;
  int64_t             classes = 0;  // 0: targets are values
  std::shared_ptr<const Task> task;  // if given, `train` counts the trials of an epoch, which are not in `all`

  const Dataset& test_set() const { return test_file.rows() > 0 ? test_file : all; }
};

/// The same sequences with another number of steps. @throws SpecError  if steps take times of their own
Samples resampled(Samples samples, size_t steps, Mapping mapping);

/// Reads the files and splits them: test, then validation rows are drawn by seed, without order or overlap.
/// @param resolve  paths of the config → paths to open
/// @throws IoError, ShapeError, SpecError
TrainingData load_data(const TrainConfig& config, uint64_t seed);

/// Splits what was read already. @throws SpecError  if a part would be empty
TrainingData split_data(const TrainConfig& config, uint64_t seed, Samples all, Samples test);

}  // namespace dynode
