// What changes while a network learns: lengths of sequences, noise, weights of losses, scales; and checkpoints of it.
#include <algorithm>
#include <fmt/format.h>

#include "dynode/io/model_file.h"
#include "dynode/learn/trainer_network.h"

namespace dynode {

template <class R>
void NetworkTrainer<R>::set_length(int64_t epoch) {
  const auto& s = config_.callbacks.seq_len_scheduler;
  if (!s || !s->active) return;
  const int     length  = scheduled_length(*s, epoch, config_.training.max_epochs);
  const Mapping mapping = config_.training.mapping;
  if (all().steps() != size_t(length)) {
    resampled_ = data_->all.with_steps(size_t(length), mapping);
    if (data_->test_file.rows() > 0) resampled_test_ = data_->test_file.with_steps(size_t(length), mapping);
  }
  if (s->scale_dt) set_dt(own_dt_ * s->end_len / length);
}

/// The same network and numbers with another step.
template <class R>
void NetworkTrainer<R>::set_dt(double dt) {
  if (plan_->spec.simulation.dt == dt) return;
  Spec spec         = plan_->spec;
  spec.simulation.dt = dt;
  const std::string name    = "the network with another dt";
  const TensorFile  file    = parse_safetensors(checkpoint_bytes<R>(*plan_, theta_, optimizer_, config_, state_, &spec), name);
  CompileOptions    options = model_options(file);
  options.seed              = config_.seed;
  batch_.reset();
  plan_ = compile_annealed(model_spec(file, name), options, config_.callbacks.noise_annealers);
  settle_in();
  use(theta_);
}

template <class R>
void NetworkTrainer<R>::set_callbacks(int64_t update, int64_t epoch, bool in_turn) {
  const CallbacksConfig& callbacks = config_.callbacks;
  const TrainingConfig&  training  = config_.training;
  batch_->noise.shares = noise_shares(callbacks.noise_annealers, recipe_.annealed, plan_->noise.size(), progress(update));
  const size_t turn = size_t(update / training.batches_per_loss) % recipe_.listed.size();
  for (size_t i = 0; i < recipe_.listed.size(); ++i) {
    const bool waits = in_turn && training.alternate_losses && i != turn;
    batch_->set_weight(size_t(recipe_.listed[i]), waits ? 0 : weight_of(i, update));
  }
  const auto& scale = callbacks.time_pooling_scale_scheduler;
  if (!scale || !scale->active) return;
  for (size_t i = 0; i < recipe_.terms.size(); ++i) {
    const LossEntry* loss = recipe_.terms[i].loss;
    if (!loss || loss->target != LossTarget::nothing) batch_->set_scale(i, scheduled_scale(*scale, epoch, training.max_epochs));
  }
}

template <class R>
double NetworkTrainer<R>::weight_of(size_t i, int64_t update) const {
  const CallbacksConfig& callbacks = config_.callbacks;
  const LossConfig&      loss      = config_.training.loss.losses[i];
  const LossEntry&       entry     = find_loss(loss.name);
  double                 weight    = loss.weight;
  for (const LossWeightSchedulerConfig& s : callbacks.loss_weight_schedulers)
    if (&find_loss(s.loss_name) == &entry) weight = scheduled_weight(s, progress(update));
  const auto& dynamic = callbacks.dynamic_loss_weight;
  const auto  named   = [&](const std::string& name) { return &find_loss(name) == &entry; };
  if (dynamic && dynamic->active && std::ranges::any_of(dynamic->loss_names, named))
    weight = dynamic_weight(*dynamic, state_.dynamic(), weight);
  return weight;
}

/// Weights of auxiliary losses hear how the epoch went.
template <class R>
void NetworkTrainer<R>::listen(double loss, const std::vector<Metric>& metrics) {
  const auto& dynamic = config_.callbacks.dynamic_loss_weight;
  if (!dynamic || !dynamic->active) return;
  const auto    found = std::ranges::find(metrics, dynamic->monitor, &Metric::name);
  const Metric* heard = found != metrics.end() ? &*found : dynamic->monitor.empty() ? &metrics.front() : nullptr;
  DynamicWeight state = state_.dynamic();
  observe(*dynamic, heard ? heard->value() : loss, heard && heard->entry().larger_is_better, state);
  state_.set_dynamic(state);
}

/// Metrics of validation rows with weights of few levels, as a line of metrics.jsonl.
template <class R>
void NetworkTrainer<R>::measure_quantised(bool epoch_over) {
  if (!recipe_.measured) return;
  const QuantizedAccuracyConfig& asked = *config_.callbacks.quantized_accuracy;
  const auto                     every = asked.eval_every_n_steps;
  if (every ? epoch_over || state_.step % *every != 0 : !epoch_over) return;
  const size_t most = asked.max_eval_batches ? size_t(*asked.max_eval_batches) * size_t(config_.training.batch_size) : SIZE_MAX;
  const auto   rows = std::span(data_->validation).first(std::min(most, data_->validation.size()));
  set_callbacks(state_.step, state_.epoch);
  engine_->set_quantisation(recipe_.measured);
  auto states = batch_->take_states();
  try {
    const Scores scores = evaluate<R>(*engine_, *batch_, all(), rows, recipe_.fresh_metrics());
    log_scores("quantized", scores.loss, scores.metrics, state_.epoch + 1);
  } catch (const NumericsError& cause) { say(fmt::format("quantized_accuracy: {}", cause.what())); }
  batch_->put_states(std::move(states));
  engine_->set_quantisation(recipe_.quantisation);
}

/// Noise and weights of losses are written as they are now, so that the file gives what its validation gave.
template <class R>
std::string NetworkTrainer<R>::checkpoint() const {
  const CallbacksConfig& callbacks = config_.callbacks;
  const auto& scale = callbacks.time_pooling_scale_scheduler;
  if (callbacks.noise_annealers.empty() && callbacks.loss_weight_schedulers.empty() && !callbacks.dynamic_loss_weight && !scale)
    return checkpoint_bytes<R>(*plan_, theta_, optimizer_, config_, state_);
  const Spec  spec   = with_annealed_noise(*plan_, callbacks.noise_annealers, progress(state_.step));
  TrainConfig config = config_;
  for (size_t i = 0; i < recipe_.listed.size(); ++i) config.training.loss.losses[i].weight = weight_of(i, state_.step);
  if (scale && scale->active) {
    const double now = scheduled_scale(*scale, std::max<int64_t>(state_.epoch - 1, 0), config_.training.max_epochs);
    config.model.time_pooling.params.set("scale", now);
    if (config.training.ar) config.training.ar->token_pooling.params.set("scale", now);
  }
  return checkpoint_bytes<R>(*plan_, theta_, optimizer_, config, state_, &spec);
}

#define DYNODE_INSTANTIATE(R)                                                   \
  template void        NetworkTrainer<R>::set_length(int64_t);                  \
  template void        NetworkTrainer<R>::set_dt(double);                       \
  template void        NetworkTrainer<R>::set_callbacks(int64_t, int64_t, bool); \
  template double      NetworkTrainer<R>::weight_of(size_t, int64_t) const;     \
  template void        NetworkTrainer<R>::measure_quantised(bool);              \
  template void        NetworkTrainer<R>::listen(double, const std::vector<Metric>&); \
  template std::string NetworkTrainer<R>::checkpoint() const
DYNODE_INSTANTIATE(float);
DYNODE_INSTANTIATE(double);
#undef DYNODE_INSTANTIATE

}  // namespace dynode
