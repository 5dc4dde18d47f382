// The gradient of an update: of its batches, one after the other, and of stretches; weights may be noisy meanwhile.
#include <algorithm>
#include <fmt/format.h>

#include "dynode/base/random.h"
#include "dynode/learn/trainer_network.h"

namespace dynode {
namespace {

/// The stretches of a sequence that an update learns from: all of it, or those of use_tbptt.
std::vector<Stretch> stretches_of(const TrainingConfig& training, size_t steps) {
  if (!training.use_tbptt) return {{}};
  const size_t         length = size_t(*training.tbptt_steps), stride = size_t(training.tbptt_stride.value_or(*training.tbptt_steps));
  std::vector<Stretch> stretches;
  for (size_t begin = 0; begin < steps && (stretches.empty() || stretches.back().end < steps); begin += stride)
    stretches.push_back({begin, std::min(begin + length, steps)});
  return stretches;
}

/// Batches of an update.
std::vector<std::span<const size_t>> batches_of(std::span<const size_t> rows, size_t size) {
  std::vector<std::span<const size_t>> batches;
  for (size_t at = 0; at < rows.size(); at += size) batches.push_back(rows.subspan(at, std::min(size, rows.size() - at)));
  return batches;
}

/// What of the mean over all batches each brings, loss by loss: its share of what is counted.
template <class R>
std::vector<std::vector<double>> shares_of(Minibatch<R>& batch, const Dataset& data,
                                           const std::vector<std::span<const size_t>>& batches, Stretch stretch) {
  std::vector<std::vector<double>> shares;
  if (batches.size() < 2) return shares;
  for (const auto& rows : batches) shares.push_back(batch.counts(data, rows, stretch));
  for (size_t term = 0; term < shares[0].size(); ++term) {
    double all = 0;
    for (const auto& share : shares) all += share[term];
    for (auto& share : shares) share[term] = all > 0 ? share[term] / all : 0;
  }
  return shares;
}

}  // namespace

/// θ with the noise of connection_noise on weights that are there.
template <class R>
std::vector<R> NetworkTrainer<R>::noisy_theta() const {
  const ConnectionNoiseConfig& noise = *config_.callbacks.connection_noise;
  const int64_t                draw  = noise.per_step ? state_.step : state_.epoch;
  std::vector<R>               theta = theta_;
  for (const int i : recipe_.noisy) {
    const Block& b = plan_->parameters[i];
    Random       random(noise.seed.value_or(config_.seed), fmt::format("connection_noise/{}/{}", b.name, draw));
    for (size_t k = 0; k < b.size(); ++k) {
      const double deviation = random.normal() * noise.std;
      if (!b.mask.empty() && !b.mask[k]) continue;
      R& w = theta[b.offset + k];
      w += R(noise.relative ? deviation * double(w) : deviation);
    }
  }
  return theta;
}

template <class R>
double NetworkTrainer<R>::gradient(const Dataset& data, std::span<const size_t> rows, Window& window) {
  const auto                 batches   = batches_of(rows, size_t(config_.training.batch_size));
  const std::vector<Stretch> stretches = stretches_of(config_.training, data.steps());
  const double               mean      = 1 / double(stretches.size());
  const auto&                stateful  = config_.callbacks.stateful_training;
  const bool                 carries   = stateful && stateful->active && stateful->enable_for_training;
  const bool                 alone     = batches.size() * stretches.size() == 1;
  double                     loss      = 0;
  bool                       first     = true;
  if (!recipe_.noisy.empty()) use(noisy_theta());
  for (size_t k = 0; k < stretches.size(); ++k) {
    const auto shares = shares_of(*batch_, data, batches, stretches[k]);
    for (size_t n = 0; n < batches.size(); ++n) {
      batch_->load(data, batches[n], stretches[k]);
      batch_->noise = {.training  = true,
                       .pass      = uint64_t(state_.step) * stretches.size() + k,
                       .first_row = size_t(batches[n].data() - rows.data())};
      set_callbacks(state_.step, state_.epoch, true);
      if (!shares.empty()) batch_->share(shares[n]);
      part_bar_.resize(first ? 0 : theta_bar_.size());
      std::vector<R>& bar = first ? theta_bar_ : part_bar_;
      loss += mean * batch_->gradient(*engine_, bar.data());
      for (size_t i = 0; i < theta_bar_.size() && !alone; ++i)
        theta_bar_[i] = first ? R(mean) * bar[i] : theta_bar_[i] + R(mean) * bar[i];
      first = false;
      batch_->add_to(window.metrics);
      if (carries)
        batch_->carry_states(stateful->sample_selection,
                             Random(config_.seed, n == 0 ? fmt::format("stateful/{}", state_.step)
                                                         : fmt::format("stateful/{}/{}", state_.step, n)));
    }
  }
  return loss;
}

#define DYNODE_INSTANTIATE(R)                                           \
  template std::vector<R> NetworkTrainer<R>::noisy_theta() const;       \
  template double NetworkTrainer<R>::gradient(const Dataset&, std::span<const size_t>, Window&)
DYNODE_INSTANTIATE(float);
DYNODE_INSTANTIATE(double);
#undef DYNODE_INSTANTIATE

}  // namespace dynode
