// The catalogue of losses and the checks at its door.
#include "dynode/learn/loss.h"

#include "dynode/base/entries.h"

namespace dynode {

LossEntry cross_entropy_loss();
LossEntry autoregressive_cross_entropy_loss();
LossEntry autoregressive_loss();
LossEntry mse_loss();
LossEntry mse_gradient_cutoff_loss();
LossEntry mae_loss();
LossEntry huber_loss();
LossEntry l1_loss();
LossEntry l2_loss();
LossEntry gap_loss();
LossEntry top_gap_loss();
LossEntry rich_margin_loss();
LossEntry get_off_the_ground_loss();
LossEntry exp_high_state_penalty();
LossEntry average_state_magnitude_loss();
LossEntry final_timestep_zero_mse_loss();
LossEntry post_sample_decay_loss();
LossEntry branching_loss();
LossEntry local_expansion_loss();
LossEntry firing_rate_loss();
LossEntry rate_distribution_loss();
LossEntry state_prediction_loss();
LossEntry entropy_loss();
LossEntry hebbian_loss();
LossEntry population_kl_loss();
LossEntry connectivity_loss();
LossEntry large_weights_loss();
LossEntry gravity_quantization_loss();
LossEntry stub_loss();

const std::vector<LossEntry>& losses() {
  static const std::vector<LossEntry> entries = {
      cross_entropy_loss(),
      autoregressive_cross_entropy_loss(),
      autoregressive_loss(),
      mse_loss(),
      mse_gradient_cutoff_loss(),
      mae_loss(),
      huber_loss(),
      l1_loss(),
      l2_loss(),
      gap_loss(),
      top_gap_loss(),
      rich_margin_loss(),
      get_off_the_ground_loss(),
      exp_high_state_penalty(),
      average_state_magnitude_loss(),
      final_timestep_zero_mse_loss(),
      post_sample_decay_loss(),
      branching_loss(),
      local_expansion_loss(),
      firing_rate_loss(),
      rate_distribution_loss(),
      state_prediction_loss(),
      entropy_loss(),
      hebbian_loss(),
      population_kl_loss(),
      connectivity_loss(),
      large_weights_loss(),
      gravity_quantization_loss(),
      stub_loss(),
  };
  return entries;
}

const LossEntry& find_loss(std::string_view name, const At& at) { return find_entry(losses(), "loss", name, at); }

void check_loss(const LossEntry& loss, const Arguments& arguments, size_t steps, size_t units, const At& at) {
  if (steps == 0 || units == 0) throw SpecError(at, std::string(loss.name) + " needs at least one step and one unit");
  if (loss.check) loss.check(arguments, steps, units, at);
}

void check_classes(size_t rows, size_t steps, size_t units, const int64_t* classes) {
  for (size_t p = 0; p < rows * steps; ++p) {
    if (classes[p] == kIgnoredClass || (classes[p] >= 0 && classes[p] < int64_t(units))) continue;
    throw ShapeError("target: class " + std::to_string(classes[p]) + " of row " + std::to_string(p / steps) +
                     ", step " + std::to_string(p % steps) + " is outside 0 to " + std::to_string(int64_t(units) - 1) +
                     "\n  the last layer needs as many units as there are classes; -100 marks targets to leave out");
  }
}

double loss_count(const LossEntry& loss, const Arguments& arguments, size_t rows, size_t steps, size_t units,
                  const int64_t* classes, const uint8_t* mask) {
  return loss.count ? loss.count(arguments, rows, steps, units, classes, mask) : 0;
}

}  // namespace dynode
