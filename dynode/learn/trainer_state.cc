#include "dynode/learn/trainer_state.h"

#include <algorithm>
#include <fmt/format.h>

#include "dynode/io/model_file.h"
#include "dynode/spec/json.h"

namespace dynode {

ScheduleState TrainingState::schedule() const {
  return {.lr       = schedule_lr,
          .best     = schedule_best,
          .good     = schedule_good,
          .bad      = schedule_bad,
          .cooldown = schedule_cooldown};
}

void TrainingState::set_schedule(const ScheduleState& s) {
  schedule_lr = s.lr, schedule_best = s.best;
  schedule_good = s.good, schedule_bad = s.bad, schedule_cooldown = s.cooldown;
}

template <class R>
std::string checkpoint_bytes(const Plan& plan, std::span<const R> theta, Optimizer<R>& optimizer,
                             const TrainConfig& config, const TrainingState& state, const Spec* spec) {
  TensorFile file = model_tensors<R>(plan, theta);
  if (spec) file.metadata["dynode.model"] = to_json(write_spec(*spec), false);
  for (const OptimizerSlot<R>& slot : optimizer.slots()) {
    for (const Block& b : plan.parameters.blocks()) {
      const auto part = slot.values.subspan(b.offset, b.size());
      file.tensors.emplace_back(
          fmt::format("opt/{}/{}", slot.name, b.stored_name()),
          make_tensor({b.shape.begin(), b.shape.end()}, std::vector<R>(part.begin(), part.end())));
    }
  }
  Value train = Value::map();
  train.set("config", write_train_config(config)).set("state", write(state));
  file.metadata["dynode.train"] = to_json(train);
  return safetensors_bytes(file);
}

TrainingState checkpoint_state(const TensorFile& file, const std::string& path) {
  const auto found = file.metadata.find("dynode.train");
  if (found == file.metadata.end())
    throw IoError(path, "is a model, but no checkpoint of a training run", "start from it with model.base_model_path");
  return read<TrainingState>(parse_json(found->second, path + " (dynode.train)").at("state"));
}

template <class R>
void restore_optimizer(const Plan& plan, const TensorFile& file, const std::string& path, Optimizer<R>& optimizer) {
  for (const OptimizerSlot<R>& slot : optimizer.slots()) {
    for (const Block& b : plan.parameters.blocks()) {
      const std::string name   = fmt::format("opt/{}/{}", slot.name, b.stored_name());
      const Tensor*     tensor = file.find(name);
      if (!tensor) throw IoError(path, fmt::format("has no '{}'", name), "it was written with another optimizer: start from its numbers alone, with model.base_model_path");
      const std::vector<int64_t> shape(b.shape.begin(), b.shape.end());
      if (tensor->shape != shape) throw ShapeError(path + ": " + name, shape, tensor->shape);
      const Array array = tensor->as_array(name);
      const auto  put   = [&](const auto& values) {
        std::ranges::copy(values, slot.values.begin() + ptrdiff_t(b.offset));
      };
      if constexpr (sizeof(R) == 4) put(array.as_float());
      else put(array.as_double());
    }
  }
}

template std::string checkpoint_bytes(const Plan&, std::span<const float>, Optimizer<float>&, const TrainConfig&,
                                      const TrainingState&, const Spec*);
template std::string checkpoint_bytes(const Plan&, std::span<const double>, Optimizer<double>&, const TrainConfig&,
                                      const TrainingState&, const Spec*);
template void        restore_optimizer(const Plan&, const TensorFile&, const std::string&, Optimizer<float>&);
template void        restore_optimizer(const Plan&, const TensorFile&, const std::string&, Optimizer<double>&);

}  // namespace dynode
