// Learning from arrays: fit, evaluate and predict for programs that have their data in memory.
//
//   History h = fit(model, x, y, {.epochs = 50, .learning_rate = 1e-2, .validation_split = 0.1});
//   h.epochs.back().validation                          loss and metrics of each epoch
//
// It is the trainer behind `dynode train`, with a training file made of these options: same minibatches, same bits.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "dynode/learn/evaluation.h"
#include "dynode/learn/progress.h"
#include "dynode/models/model.h"

namespace dynode {

/// How a network learns from arrays. x [rows][steps][units]; y: classes [rows] or [rows][steps] (whole numbers), or
/// values [rows][units] or [rows][steps][units].
struct FitOptions {
  int                      epochs = 10, batch_size = 32;
  double                   learning_rate    = 1e-3;
  std::string              optimizer        = "adam";   // adamw, sgd, rmsprop, lion, muon
  std::optional<double>    gradient_clip    = {};       // largest norm
  std::string              loss             = {};       // missing: cross_entropy with classes, mse with values
  std::string              pooling          = "final";  // one answer per sequence: from outputs of all steps to one
  std::optional<bool>      per_step         = {};       // whether y has an answer per step; missing: as its shape says
  std::vector<std::string> metrics          = {};       // missing: accuracy with classes, mse with values
  double                   validation_split = 0;        // share of the rows that is held back
  std::optional<int>       early_stopping_patience = {};  // epochs without a smaller validation loss
  std::optional<Array>     timespans = {}, mask = {};     // [rows][steps]; steps whose mask is 0 do not count
  uint64_t                 seed          = 42;            // of the order of rows, and of the split
  int                      threads       = 1;
  std::string              run_directory = {};       // kept, with report and checkpoints; missing: nothing is kept
  Progress*                progress      = nullptr;  // shown what happens, if given
};

/// What each epoch ended with.
struct History {
  std::vector<EpochSummary> epochs;
  int64_t                   best_epoch = 0;  // from 1; whose parameters the model has, if there is a validation split
  double                    seconds    = 0;

  /// Values of one number over the epochs. @param name  loss, accuracy, …; val_loss, … of the validation
  /// @throws SpecError  naming what there is
  std::vector<double> of(const std::string& name) const;
};

/// Trains the model; afterwards it has the parameters of the best epoch if there is a validation split, else of the last.
/// @throws SpecError, ShapeError, DivergenceError
History fit(Model& model, const Array& x, const Array& y, const FitOptions& options = {});

/// Loss and metrics of all rows. Of the options loss, pooling, metrics and the like count.
ModelScores evaluate(const Model& model, const Array& x, const Array& y, const FitOptions& options = {});

/// Outputs after each step, [rows][steps][units].
Array predict(Model& model, const Array& x, const SimulateOptions& options = {});

}  // namespace dynode
