// LocalTrainer: a network learns by local rules, batch by batch, from what the two ends of each connection do. No
// gradient runs through time or layers.
//
//   LocalTrainer trainer(model, {.rule = "oja", .update = {.rate = 0.01}});
//   for (const Array& x : batches) trainer.step(x);
//
// Step: run the network, take the last states of both ends (all states, the start included, for rules on
// trajectories), change every chosen weight by the rule, project onto the constraints.
#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dynode/learn/local_rule.h"
#include "dynode/learn/schedule.h"
#include "dynode/models/model.h"
#include "dynode/spec/value.h"

namespace dynode {

/// What a rule with a modulator is told about each row.
enum class LocalModulator {
  none,
  mse,             // −scale · mean square error of the last output
  cross_entropy,   // −scale · cross-entropy of the last output
  accuracy         // +scale where the largest output is the class, else −scale
};

struct LocalLearning {
  std::string    rule   = "hebbian";
  Value          params = Value::map();        // of the rule
  LocalUpdate    update = {};
  Value          schedule = {};                // rate over time: {type: exponential, …}, as callbacks.lr_scheduler;
                                               // null: update.rate
  TrainingProgress length = {};                // of the schedule: updates_total and updates_per_epoch
  LocalModulator modulator = LocalModulator::none;
  double         modulator_scale = 1;
  bool           modulator_centred = false;    // its mean over the batch is taken off
  bool           modulator_of_batch = false;   // every row gets the mean over the batch
  std::vector<std::string> connections = {};   // J_0_to_1, …; empty: all learnable ones
  bool           preserve_sign = false;        // weights stop at 0 where they would change their first sign
  std::optional<std::pair<double, double>> weight_range = {};
  double         max_row_norm = 0;             // longest row of W, what arrives at one unit; 0: any
  std::string    loss = {};                    // measured at the last output: mse, mae, cross_entropy, …; "": none
};

struct LocalStep {
  Array                                       output;   // [rows][units], the last one
  std::optional<double>                       loss;
  std::vector<double>                         modulator;   // [rows]; empty: none
  std::vector<std::pair<std::string, double>> norms;    // of the updates as they acted, by connection
};

class LocalTrainer {
 public:
  /// @throws SpecError  naming rule, parameter or connection that does not exist or cannot learn this way
  LocalTrainer(Model& model, LocalLearning how);

  /// One batch. @param x  [rows][steps][units]   @param target  classes [rows] or values [rows][units]; of the
  /// modulator and the loss. @throws ShapeError, SpecError, Error as local_update
  LocalStep step(const Array& x, const std::optional<Array>& target = {});

 private:
  struct Connection {
    std::string         name;
    int                 from, to;     // layer_ids
    std::vector<double> first_sign;   // of weights, when training began
    std::vector<double> memory;       // of the rule
  };

  Model*                  model_;
  LocalLearning           how_;
  const LocalRuleEntry*   rule_;
  Arguments               arguments_;
  const ScheduleEntry*    schedule_ = nullptr;
  Arguments               schedule_arguments_;
  TrainingProgress        progress_;
  std::vector<Connection> connections_;
};

}  // namespace dynode
