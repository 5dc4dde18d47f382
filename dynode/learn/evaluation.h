// Evaluation of a model file: what `dynode evaluate` says about a network that has learnt.
//
//   model file + training file (data, pooling, losses, metrics) ──▶ loss, metrics, confusion
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dynode/io/safetensors.h"
#include "dynode/learn/config.h"
#include "dynode/learn/dataset.h"
#include "dynode/plan/plan.h"
#include "dynode/learn/progress.h"
#include "dynode/spec/fields.h"

namespace dynode {

/// Which rows of the data.
enum class Split { test, validation, train, all };
template <>
struct EnumNames<Split> {
  static constexpr std::array names{std::pair{Split::test, "test"}, std::pair{Split::validation, "validation"},
                                    std::pair{Split::train, "train"}, std::pair{Split::all, "all"}};
};

struct ModelScores {
  std::string              data;  // the file
  int64_t                  rows = 0, steps = 0;
  double                   loss = 0;  // of all terms, of all rows as one batch
  std::vector<NamedNumber> metrics;
  int64_t                  classes = 0;      // 0: no confusion matrix
  std::vector<int64_t>     confusion;        // [asked][answered]
  double                   seconds = 0;      // of running the network
  std::vector<std::string> warnings;
};

/// The training file a checkpoint was made with; nothing for other model files. @throws SpecError  if it is damaged
std::optional<TrainConfig> trained_with(const TensorFile& model, const std::string& path);

/// A training file that may lack its network, and its loss: then the one its targets ask for, cross_entropy or mse.
/// @throws as read_train_config and load_data
TrainConfig plain_config(Value file);

/// The model file of `path`: the file itself, or of a run the best network, or the last if none was best yet.
/// @throws IoError  if it is neither, or the run has no checkpoint
std::string model_path(const std::string& path);

/// A training file with the network of a model file in place of its own; its data stay where they are.
TrainConfig config_for_model(TrainConfig config, const std::string& model);

/// Rows of a part, in their order. @param at  of what says which part
/// @throws SpecError  if trials of that part are not kept   @throws IoError  if there are none
std::vector<size_t> rows_of(const TrainingData& data, Split split, const At& at);

/// Whether a model file has parameters in double precision.
bool in_double(const Plan& plan, const TensorFile& model);

/// Runs the model over a part of the data. Of the training file, data, pooling, losses and metrics count.
/// @param metrics  what is measured; empty: logging.metrics, then what is usual for the targets: accuracy and top_k, or
///                 mse, mae and r2
/// @throws IoError, SpecError, ShapeError, NumericsError
ModelScores evaluate_model(const std::string& model, TrainConfig config, Split split,
                          const std::vector<std::string>& metrics, int threads);

}  // namespace dynode
