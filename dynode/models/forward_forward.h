// Forward-forward: layers learn one by one to be active for inputs with their right label, and quiet for wrong ones. No
// slope passes from one layer to those before it; where layers feed back, it goes around the loop with the activity.
//
//   input | label (one-hot, scaled), held for `steps` steps ─▶ goodness G of a layer = mean over its units of s[T]²
//   ℓ = softplus(θ − G⁺) + softplus(G⁻ − θ) + softplus(margin − (G⁺ − G⁻))     G⁺: right label, G⁻: a wrong one
//   what leads into a layer learns from the ℓ of this layer;  answer: the label whose G, summed over layers, is largest
//
//   ForwardForwardTrainer trainer(model, 10);          // the first layer takes features, then 10 labels
//   for (…) trainer.step(x, labels);
//   trainer.predict(x)
//
// Source: Hinton 2022, "The forward-forward algorithm".
#pragma once
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "dynode/models/model.h"

namespace dynode {

struct ForwardForward {
  size_t                steps       = 50;    // of vectors that are held
  double                label_scale = 0.25;
  double                threshold   = 0.1;   // θ
  double                margin      = 0.05;
  double                rate        = 0.01;  // of Adam
  std::optional<double> decay       = {};    // ℓ at every step, step t weighed with decay^(t + 1 − T) and together by T:
                                             // 1 − dt γ⁻ makes up for slopes that fade; missing: at the last step alone
  std::vector<int>      layers      = {};    // layer_ids that learn; empty: all with a memory and weights that learn
  uint64_t              seed        = 1;     // of wrong labels
};

class ForwardForwardTrainer {
 public:
  struct Step {
    double                                          loss;       // of all layers together
    std::vector<std::pair<int, double>>             right, wrong;   // mean goodness by layer_id
  };

  /// @throws SpecError  if a layer cannot learn this way, or nothing would
  ForwardForwardTrainer(Model& model, size_t classes, ForwardForward how = {});
  ~ForwardForwardTrainer();

  /// One update. @param x  [rows][features], held, or [rows][steps][features]   @param labels  [rows], whole numbers
  /// @throws ShapeError, NumericsError
  Step step(const Array& x, const Array& labels);
  /// Summed goodness of every label, [rows][classes].
  Array goodness(const Array& x);
  /// The label of the largest. [rows]
  std::vector<int64_t> predict(const Array& x);

 private:
  struct Adam;
  Array labelled(const Array& x, const std::vector<int64_t>& labels) const;

  Model*                            model_;
  size_t                            classes_;
  ForwardForward                    how_;
  std::vector<int>                  layers_;    // layer_ids
  std::vector<std::vector<uint8_t>> learns_;    // per layer, of each entry of θ
  std::unique_ptr<Adam>             adam_;
  int64_t                           updates_ = 0;
};

}  // namespace dynode
