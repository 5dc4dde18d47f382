#include "dynode/learn/config_words.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>

#include "dynode/base/text.h"
#include "dynode/spec/fields.h"

namespace dynode {
namespace {

// ── keys of other trainers ──────────────────────────────────────────────────────────────────────────────────────────

/// A key that means nothing here, or nothing yet.
struct ForeignKey {
  const char*        section;       // "" at the top
  const char*        key;           // a last * stands for anything
  const char*        way_out;       // null: any value is left out with a warning
  std::vector<Value> neutral = {};  // values that ask for nothing
};

const std::vector<ForeignKey>& foreign_keys() {
  static const std::vector<ForeignKey> keys = {
      {"", "profiler", "measure with the programs of bench/"},
      {"", "cloud", "run `dynode train` on the machine itself"},

      {"training", "accelerator", nullptr},
      {"training", "devices", nullptr},
      {"training", "num_workers", nullptr},
      {"training", "precision", "give model.dtype: float32 or float64", {"32-true", "32", 32}},
      {"training", "deterministic", "runs are always deterministic: deterministic: true", {true}},
      {"training", "save_soen_core_in_checkpoint", nullptr},

      {"data", "cache_data", nullptr},
      {"data", "one_hot_dtype", nullptr},

      {"model", "backend", nullptr},

      {"logging", "log_level", nullptr},
      {"logging", "console_level", nullptr},
      {"logging", "log_batch_metrics", nullptr},
      {"logging", "log_gradients", "metrics.jsonl has the norm of the gradient", {false}},
      {"logging", "track_layer_params", "the report has histograms of all parameters", {false}},
      {"logging", "track_connections", "the report has histograms of all weights", {false}},
      {"logging", "state_trajectories", "evaluation.npz has the states of some test samples"},
      {"logging", "gradient_stats", "metrics.jsonl has the norm of the gradient"},
      {"logging", "mlflow_*", "metrics.jsonl can be sent there after the run", {false}},
      {"logging", "s3*", "copy the run directory after the run", {false}},
      {"logging", "upload*", "copy the run directory after the run", {false}},

      {"callbacks", "metrics", "metrics are listed in logging.metrics, but for quantized_accuracy"},
  };
  return keys;
}

bool key_matches(std::string_view pattern, std::string_view key) {
  if (pattern.ends_with('*')) return key.starts_with(pattern.substr(0, pattern.size() - 1));
  return key == pattern;
}

/// Nothing, an empty list, or a block that is switched off.
bool asks_for_nothing(const Value& value, const std::vector<Value>& neutral) {
  if (value.is_null() || (value.is_list() && value.empty())) return true;
  if (value.is_mapping()) {
    for (const char* key : {"active", "enabled"})
      if (const Value* flag = value.find(key); flag && flag->is_boolean()) return !flag->boolean();
    return value.empty();
  }
  return std::ranges::find(neutral, value) != neutral.end();
}

// ── other ways to write the same ────────────────────────────────────────────────────────────────────────────────────

/// A name alone stands for {name: …}.
void spell_out_name(Value* value) {
  if (value && value->is_text()) value->replace(Value::map({{"name", value->text()}}));
}

struct Warmup {
  double                epochs = 0;
  std::optional<double> start_lr;
  bool                  enabled = true;

  static constexpr auto fields =
      field_list(field("epochs", &Warmup::epochs, "straight rise to max_lr", non_negative),
                 field("start_lr", &Warmup::start_lr, "rate at which it starts", non_negative),
                 field("enabled", &Warmup::enabled, "false: none"));
};

void move_into(Value& from, std::string_view key, Value& to) {
  if (Value* value = from.find(key)) {
    Value copy = *value;
    from.erase(key);
    if (!copy.is_null()) to.set(std::string(key), std::move(copy));
  }
}

/// greedy: warmup: {epochs, start_lr, enabled}, and changes within an epoch.
void spell_out_warmup(Value& schedule) {
  const Value* type = schedule.find("type");
  if (!type || !(*type == Value("greedy"))) return;
  if (const Value* inside = schedule.find("intra_epoch"); inside && inside->boolean())
    inside->fail("changes within an epoch are not available yet", "give intra_epoch: false");
  for (const char* key : {"intra_epoch", "adjustment_frequency", "ema_beta"}) schedule.erase(key);
  Value* warmup = schedule.find("warmup");
  if (!warmup) return;
  for (const char* key : {"warmup_epochs", "warmup_start_lr"})
    if (schedule.has(key)) warmup->fail(fmt::format("stands beside {}, which says the same", key), "keep one of them");
  const Warmup given = read<Warmup>(*warmup);
  schedule.erase("warmup");
  schedule.set("warmup_epochs", given.enabled ? given.epochs : 0.0);
  if (given.start_lr) schedule.set("warmup_start_lr", *given.start_lr);
}

/// static2seq: single vectors, each shown for some steps.
void spell_out_mapping(Value& root, Value& training) {
  const Value* mapping = training.find("mapping");
  if (!mapping || !mapping->is_text()) return;
  const std::string word = mapping->text();
  if (word == "static2seq" || word == "static2static") {
    training.set("mapping", word == "static2seq" ? "seq2seq" : "seq2static");
    if (Value* data = root.find("data"); data && data->is_mapping() && !data->has("sequence_length")) data->set("sequence_length", 100);
  }
}

/// Training on tokens and from teachers says itself what is compared.
void spell_out_targets(Value& root, Value& training) {
  const auto asked = [&](const char* block, const char* flag) {
    const Value* found = training.find(block);
    if (!found || !found->is_mapping()) return false;
    const Value* on = flag ? found->find(flag) : nullptr;
    return !on || !on->is_boolean() || on->boolean();
  };
  const bool tokens = asked("ar", "enabled"), taught = asked("distillation", nullptr);
  if (!tokens && !taught) return;
  const Value* model   = root.find("model");
  const Value* pooling = model && model->is_mapping() ? model->find("time_pooling") : nullptr;
  const Value* name    = pooling && pooling->is_mapping() ? pooling->find("name") : nullptr;
  if (taught && name && !(*name == Value("none"))) training.set("mapping", "seq2static");   // both sides are pooled
  if (!training.has("mapping")) training.set("mapping", "seq2seq");
  if (taught && !training.has("paradigm")) training.set("paradigm", "distillation");
  if (Value* data = root.find("data"); taught && data && data->is_mapping())
    if (const Value* path = training.at("distillation").find("distillation_data_path"); path && path->is_text() && !path->text().empty())
      data->set("data_path", *path);
  if (training.has("loss") || training.has("losses")) return;
  Value loss = Value::map({{"name", tokens ? "cross_entropy" : "mse"}});
  if (tokens)
    for (const auto& [from, to] : {std::pair{"loss", "name"}, std::pair{"loss_weight", "weight"}})
      if (const Value* given = training.at("ar").find(from)) loss.set(to, *given);
  training.set("loss", Value::map());
  training.find("loss")->set("losses", Value::list_of({loss}));
}

/// synthetic, csv_data_paths: formats of their own.
void spell_out_sources(Value& data) {
  const auto only = [&](const char* key, const char* format) {
    if (const Value* given = data.find("format"); given && !(*given == Value(format)))
      given->fail(fmt::format("stands beside {}, which is format: {}", key, format), "keep one of them");
    data.set("format", format);
  };
  const Value* made = data.find("synthetic");
  if (made && !made->is_null() && made->boolean()) {
    only("synthetic", "synthetic");
    if (const Value* settings = data.find("synthetic_kwargs"); settings && !settings->is_null()) data.set("settings", *settings);
  }
  data.erase("synthetic"), data.erase("synthetic_kwargs");
  const Value* files = data.find("csv_data_paths");
  if (!files) return;
  const Value paths = *files;
  data.erase("csv_data_paths");
  if (paths.is_null()) return;
  for (const Value::Entry& e : paths.entries()) {
    const std::string key = e.key == "train" ? "data_path" : e.key == "val" || e.key == "test" ? e.key + "_path" : "";
    if (key.empty()) throw SpecError(paths.key_at(e), fmt::format("unknown key '{}'", e.key), "there are: train, val, test");
    if (data.has(key)) e.value.fail(fmt::format("stands beside {}, which says the same", key), "keep one of them");
    data.set(key, e.value);
  }
  only("csv_data_paths", "csv");
}

/// A run that goes on from a checkpoint has its network.
void spell_out_start(Value& root, Value& training) {
  if (const Value* from = training.find("train_from_checkpoint"); from && from->is_null()) training.erase("train_from_checkpoint");
  const Value* from = training.find("train_from_checkpoint");
  if (!from || !from->is_text() || from->text().empty()) return;
  Value& model = *root.find("model");
  if (!model.is_mapping()) return;
  for (const char* key : {"architecture_yaml", "architecture", "base_model_path"})
    if (const Value* given = model.find(key); given && !given->is_null() && !(*given == Value(""))) return;
  model.set("base_model_path", *from).set("load_exact_model_state", true);
}

/// A file says by its ending what it is.
void spell_out_format(Value& data) {
  if (const Value* encoding = data.find("input_encoding"); encoding && *encoding == Value("embedding"))
    encoding->fail("'embedding' is a connection of the network here",
                   "give input_encoding: one_hot; a dense connection from the first layer holds one vector per token");
  const Value* path = data.find("data_path");
  if (data.has("format") || !path || !path->is_text()) return;
  const std::string ending = lower_case(std::filesystem::path(path->text()).extension().string());
  if (ending == ".npz" || ending == ".csv") data.set("format", ending.substr(1));
  else if (ending == ".h5" || ending == ".hdf5") data.set("format", "hdf5");
}

/// Older files have the words of training.ar one level above.
void gather_tokens(Value& training, std::vector<std::string>& warnings) {
  const Value* flag = training.find("autoregressive");
  if (!flag) return;
  const bool on = !flag->is_null() && flag->boolean();
  if (on && training.has("ar")) flag->fail("stands beside ar, which says the same", "keep training.ar");
  if (on) warnings.push_back(fmt::format("{}: its words belong into training.ar: {{…}} now", flag->at().text()));
  Value ar = Value::map();
  for (const auto& [old, now] : {std::pair{"autoregressive_mode", "mode"}, std::pair{"time_steps_per_token", "time_steps_per_token"},
                                 std::pair{"autoregressive_start_timestep", "start_timestep"}, std::pair{"start_timestep", "start_timestep"},
                                 std::pair{"token_pooling", "token_pooling"}})
    if (const Value* given = training.find(old)) {
      ar.set(now, *given);
      training.erase(old);
    }
  training.erase("autoregressive");
  if (on) training.set("ar", std::move(ar));
}

/// noise_annealers: percent_of_param, which is a word for relative.
void drop_percent(Value& callbacks) {
  Value* annealers = callbacks.find("noise_annealers");
  if (!annealers || !annealers->is_list()) return;
  for (Value& a : annealers->items()) {
    const Value* percent = a.is_mapping() ? a.find("percent_of_param") : nullptr;
    if (!percent) continue;
    if (!percent->is_null() && !(*percent == Value(false)))
      percent->fail("'percent_of_param' is not available", "give relative: true; deviations are shares of the value: 0.1 is 10 %");
    a.erase("percent_of_param");
  }
}

/// precision: 64-true, which is model.dtype here.
void spell_out_precision(Value& root, Value& training) {
  const Value* given = training.find("precision");
  if (!given || std::ranges::none_of(std::initializer_list<Value>{"64-true", "64", 64}, [&](const Value& v) { return *given == v; })) return;
  Value* model = root.find("model");
  if (!model || !model->is_mapping()) return;
  if (model->has("dtype")) given->fail("stands beside model.dtype, which says the same", "keep model.dtype");
  model->set("dtype", "float64");
  training.erase("precision");
}

}  // namespace

void sort_out_foreign_words(Value& root, std::vector<std::string>& warnings) {
  // the network may be that of the checkpoint
  if (const Value* training = root.find("training"); training && training->is_mapping() && training->has("train_from_checkpoint"))
    if (!root.has("model")) root.set("model", Value::map());
  if (Value* training = root.find("training"); training && training->is_mapping()) spell_out_precision(root, *training);
  if (Value* training = root.find("training"); training && training->is_mapping()) gather_tokens(*training, warnings);
  if (Value* callbacks = root.find("callbacks"); callbacks && callbacks->is_mapping()) drop_percent(*callbacks);
  if (Value* callbacks = root.find("callbacks"); callbacks && callbacks->is_mapping())
    if (Value* metrics = callbacks->find("metrics"); metrics && metrics->is_mapping()) {
      move_into(*metrics, "quantized_accuracy", *callbacks);
      if (callbacks->find("metrics")->empty()) callbacks->erase("metrics");
    }
  for (const ForeignKey& foreign : foreign_keys()) {
    Value* section = foreign.section[0] ? root.find(foreign.section) : &root;
    if (!section || !section->is_mapping()) continue;
    std::vector<std::string> found;
    for (const Value::Entry& entry : section->entries()) {
      if (!key_matches(foreign.key, entry.key)) continue;
      if (foreign.way_out && !asks_for_nothing(entry.value, foreign.neutral))
        throw SpecError(section->key_at(entry), fmt::format("'{}' is not available yet", entry.key), foreign.way_out);
      found.push_back(entry.key);
      if (!entry.value.is_null())
        warnings.push_back(fmt::format("{}: '{}' has no effect here", section->key_at(entry).text(), entry.key));
    }
    for (const std::string& key : found) section->erase(key);
  }
}

void spell_out_words(Value& root) {
  if (Value* model = root.find("model"); model && model->is_mapping()) {
    spell_out_name(model->find("time_pooling"));
    if (model->has("range_start") || model->has("range_end")) {
      Value*       pooling = model->find("time_pooling");
      const Value* name    = pooling && pooling->is_mapping() ? pooling->find("name") : nullptr;
      if (!name || !(*name == Value("mean_range")))
        (model->has("range_start") ? model->at("range_start") : model->at("range_end"))
            .fail("a range of steps belongs to another time pooling", "give time_pooling: mean_range");
      if (!pooling->has("params")) pooling->set("params", Value::map());
      for (const char* key : {"range_start", "range_end"}) move_into(*model, key, *pooling->find("params"));
    }
  }
  if (Value* training = root.find("training"); training && training->is_mapping()) {
    spell_out_start(root, *training);
    spell_out_mapping(root, *training);
    spell_out_targets(root, *training);
  }
  if (Value* data = root.find("data"); data && data->is_mapping()) {
    spell_out_sources(*data);
    spell_out_format(*data);
  }
  if (Value* training = root.find("training"); training && training->is_mapping() && training->has("losses")) {
    if (training->has("loss"))
      training->at("losses").fail("losses are listed in two places", "keep training.loss.losses");
    Value losses = training->at("losses");
    training->erase("losses");
    training->set("loss", Value::map());
    training->find("loss")->set("losses", std::move(losses));
  }
  if (Value* yardsticks = root.find("yardsticks"); yardsticks && yardsticks->is_list())
    for (Value& yardstick : yardsticks->items())
      if (yardstick.is_mapping()) spell_out_name(yardstick.find("time_pooling"));
  if (Value* callbacks = root.find("callbacks"); callbacks && callbacks->is_mapping())
    if (Value* schedule = callbacks->find("lr_scheduler"); schedule && schedule->is_mapping()) spell_out_warmup(*schedule);
  root.place_children();
}

}  // namespace dynode
