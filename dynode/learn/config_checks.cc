#include "dynode/learn/config_checks.h"

#include <algorithm>
#include <fmt/format.h>

#include "dynode/learn/loss.h"

namespace dynode {

At place_of(const Value& root, std::initializer_list<const char*> path) {
  const Value* value = &root;
  for (const char* key : path) {
    const Value* next = value->is_mapping() ? value->find(key) : nullptr;
    if (!next) break;
    value = next;
  }
  return value->at();
}

void settle_stretches(TrainingConfig& training, const Value& root) {
  const At at = place_of(root, {"training", "use_tbptt"});
  if (training.use_tbptt && !training.tbptt_steps)
    throw SpecError(at, "how long is a stretch?", "give tbptt_steps: 100, for example");
  if (!training.use_tbptt && (training.tbptt_steps || training.tbptt_stride))
    throw SpecError(place_of(root, {"training", training.tbptt_steps ? "tbptt_steps" : "tbptt_stride"}),
                    "it belongs to use_tbptt", "give use_tbptt: true, or remove it");
  if (training.use_tbptt && training.foretells_tokens())
    throw SpecError(at, "stretches cut tokens apart", "give adjoint: {truncate_every: steps}");
  if (training.alternate_losses && training.loss.losses.size() < 2)
    throw SpecError(place_of(root, {"training", "alternate_losses"}), "there is only one loss", "remove it, or add a loss");
}

void settle_start(const TrainConfig& config, const Value& root) {
  const auto& lengths = config.callbacks.seq_len_scheduler;
  if (!config.training.train_from_checkpoint.empty() && lengths && lengths->active && lengths->scale_dt)
    throw SpecError(place_of(root, {"training", "train_from_checkpoint"}),
                    "steps of the checkpoint may last longer already (seq_len_scheduler.scale_dt)", "go on with dynode resume");
  const auto& noise = config.callbacks.connection_noise;
  if (noise && noise->active && noise->std == 0)
    throw SpecError(place_of(root, {"callbacks", "connection_noise"}), "how noisy?", "give std: 0.01, for example");
}

void settle_targets(const TrainConfig& config, const Value& root) {
  const DataConfig&     data     = config.data;
  const TrainingConfig& training = config.training;
  const bool            arrays   = data.format == DataFormat::npz || data.format == DataFormat::hdf5;
  const auto            need_arrays = [&](bool asked, std::initializer_list<const char*> path, const char* what) {
    if (asked && !arrays) throw SpecError(place_of(root, path), fmt::format("{} come from npz or hdf5 files", what), "give format: npz");
  };
  const bool one_hot = data.input_encoding == InputEncoding::one_hot, tokens = training.foretells_tokens();
  need_arrays(one_hot, {"data", "input_encoding"}, "tokens");
  need_arrays(tokens, {"training", "ar"}, "tokens");
  need_arrays(data.sequence_length.has_value(), {"data", "sequence_length"}, "single vectors");
  need_arrays(training.makes_targets() && data.format != DataFormat::csv, {"training"}, "inputs whose targets are made");
  if (data.vocab_size && !one_hot && !tokens)
    throw SpecError(place_of(root, {"data", "vocab_size"}), "it belongs to tokens", "give input_encoding: one_hot");
  if ((one_hot || tokens) && data.target_seq_len)
    throw SpecError(place_of(root, {"data", "target_seq_len"}), "there is nothing between two tokens",
                    "remove it; training.ar.time_steps_per_token shows each for longer");
  if ((one_hot || tokens) && data.sequence_length)
    throw SpecError(place_of(root, {"data", "sequence_length"}), "tokens are sequences already", "remove it");
  if (tokens && training.mapping != Mapping::seq2seq)
    throw SpecError(place_of(root, {"training", "mapping"}), "every token has a target", "give mapping: seq2seq");
  const bool teaches = training.distillation.has_value();
  if (teaches && tokens)
    throw SpecError(place_of(root, {"training", "distillation"}), "targets are tokens or a teacher's outputs, not both", "remove one");
  if (teaches != (training.paradigm == Paradigm::distillation))
    throw SpecError(place_of(root, {"training", "paradigm"}),
                    teaches ? "distillation is another paradigm" : "who teaches?",
                    teaches ? "give paradigm: distillation, or leave it out" : "give distillation: {teacher_model_path: teacher.dynode}");
  if (teaches && training.distillation->teacher_model_path.empty() == training.distillation->distillation_data_path.empty())
    throw SpecError(place_of(root, {"training", "distillation"}), "targets come from a teacher, or from a file with what it said",
                    "give teacher_model_path, or distillation_data_path, one of them");
}

void settle_listeners(TrainConfig& config, const Value& root) {
  CallbacksConfig& callbacks = config.callbacks;
  const auto       at        = [&](const char* key) { return place_of(root, {"callbacks", key}); };
  const auto       in_order  = [&](const auto& s, const char* key) {
    if (s && s->end_epoch && *s->end_epoch <= s->start_epoch)
      throw SpecError(at(key), fmt::format("ends in epoch {}, but begins in epoch {}", *s->end_epoch, s->start_epoch),
                      "give an end_epoch above start_epoch");
  };
  in_order(callbacks.seq_len_scheduler, "seq_len_scheduler");
  in_order(callbacks.time_pooling_scale_scheduler, "time_pooling_scale_scheduler");
  const auto on = [](const auto& s) { return s && s->active; };
  if (on(callbacks.seq_len_scheduler) &&
      (config.data.format == DataFormat::task || config.training.foretells_tokens() || config.data.input_encoding != InputEncoding::raw))
    throw SpecError(at("seq_len_scheduler"), "tokens and trials of tasks are not resampled", "remove it");
  if (config.training.use_tbptt && config.data.format == DataFormat::task)
    throw SpecError(place_of(root, {"training", "use_tbptt"}), "trials of a task are whole", "give adjoint: {truncate_every: steps}");
  if (config.training.use_tbptt && on(callbacks.stateful_training))
    throw SpecError(at("stateful_training"), "stretches of use_tbptt each begin in the initial state", "keep one of them");
  if (on(callbacks.stateful_training) && config.data.format == DataFormat::task)
    throw SpecError(at("stateful_training"), "trials of a task do not follow one another", "remove it");

  const Schedule                 schedule = schedule_of(config);
  const std::vector<std::string> named    = config.logging.metrics.value_or(std::vector<std::string>{});
  if (schedule.arguments.has("monitor_metric")) {
    const std::string& monitor = schedule.arguments.text("monitor_metric");
    if (monitor != "val_loss" && std::ranges::find(named, monitor) == named.end())
      throw SpecError(at("lr_scheduler"), fmt::format("'{}' is not measured", monitor),
                      "give monitor_metric: val_loss, or a metric of logging.metrics");
  }

  auto& weight = callbacks.dynamic_loss_weight;
  if (!on(weight)) return;
  const std::vector<LossConfig>& losses = config.training.loss.losses;
  if (weight->loss_names.empty())
    for (size_t i = 1; i < losses.size(); ++i) weight->loss_names.push_back(losses[i].name);
  if (weight->loss_names.empty())
    throw SpecError(at("dynamic_loss_weight"), "there is no auxiliary loss", "add one to training.loss.losses");
  for (const std::string& name : weight->loss_names) {
    const LossEntry& asked = find_loss(name, at("dynamic_loss_weight"));
    if (std::ranges::none_of(losses, [&](const LossConfig& l) { return &find_loss(l.name) == &asked; }))
      throw SpecError(at("dynamic_loss_weight"), fmt::format("training has no loss '{}'", name), "add it to training.loss.losses");
  }
  const std::vector<std::string> measured = config.logging.metrics.value_or(std::vector<std::string>{});
  if (!weight->monitor.empty() && weight->monitor != "val_loss" && std::ranges::find(measured, weight->monitor) == measured.end())
    throw SpecError(at("dynamic_loss_weight"), fmt::format("'{}' is not measured", weight->monitor),
                    "give monitor: val_loss, or a metric of logging.metrics");
}

}  // namespace dynode
