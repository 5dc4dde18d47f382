// The trials of a search: each is a training run in a folder of its own.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>

#include "dynode/base/text.h"
#include "dynode/io/file.h"
#include "dynode/learn/metrics.h"
#include "dynode/learn/trainer_recipe.h"
#include "dynode/models/search.h"
#include "dynode/spec/json.h"
#include "dynode/spec/spec.h"

namespace dynode {
namespace fs = std::filesystem;
namespace {

/// Puts a value at a place like model.architecture.layers.1.params.dim; items of lists are counted from 0.
void put_at(Value& root, const std::string& place, const Value& value) {
  Value*      here = &root;
  const auto  fail = [&](const std::string& what) {
    throw SpecError({.path = "space"}, fmt::format("{}: {}", place, what), "places are written like training.optimizer.lr");
  };
  for (size_t begin = 0; begin <= place.size();) {
    const size_t      end  = std::min(place.find('.', begin), place.size());
    const std::string step = place.substr(begin, end - begin);
    if (step.empty()) fail("a part of it is empty");
    if (here->is_list()) {
      const bool number = std::ranges::all_of(step, [](char c) { return c >= '0' && c <= '9'; }) && step.size() < 9;
      if (!number || std::stoul(step) >= here->size()) fail(fmt::format("the list there has no item '{}'", step));
      here = &here->items()[std::stoul(step)];
    } else {
      if (!here->is_mapping() && !here->is_null()) fail(fmt::format("{} has no '{}'", here->described(), step));
      if (here->is_null()) here->replace(Value::map());
      if (!here->has(step)) here->set(step, Value());
      here = here->find(step);
    }
    begin = end + 1;
  }
  here->replace(value);
}

/// The training file with the words of all trials.
Value words_of(const SearchConfig& config) {
  TrainConfig near;
  near.file        = config.file;
  const auto path  = near.resolve(config.train);
  Value      words = load_value(path);
  if (!words.is_mapping() || !words.has("training")) throw SpecError({.file = path}, "is no training file", "give train: train.yaml");
  // a network in a file of its own becomes part of it, so that places can lead into it
  Value*     model  = words.find("model");
  const bool inside = std::ranges::any_of(config.space.entries(), [](const Value::Entry& e) { return e.key.starts_with("model.architecture."); }) ||
                      std::ranges::any_of(config.words.entries(), [](const Value::Entry& e) { return e.key.starts_with("model.architecture."); });
  if (inside && model && model->is_mapping() && model->has("architecture_yaml")) {
    TrainConfig file;
    file.file         = path;
    const Value given = load_value(file.resolve(model->at("architecture_yaml").text()));
    model->erase("architecture_yaml");
    model->set("architecture", given);
  }
  for (const Value::Entry& e : config.words.entries()) put_at(words, e.key, e.value);
  return words;
}

TrainConfig trial_config(Value words, const Value& values, const SearchConfig& config) {
  for (const Value::Entry& e : values.entries()) put_at(words, e.key, e.value);
  TrainConfig train = read_train_config(words);
  if (train.training.num_repeats > 1)
    throw SpecError({.path = "training.num_repeats"}, "a trial is one run", "give words: {training.num_repeats: 1}");
  train.yardsticks.clear();   // they would be the same in every trial
  if (config.metric == "loss") return train;
  std::vector<std::string> metrics = train.logging.metrics.value_or(std::vector<std::string>{});
  if (std::ranges::find(metrics, config.metric) == metrics.end()) metrics.push_back(config.metric);
  train.logging.metrics = metrics;
  return train;
}

/// Hears what the validation says, and ends what is no good.
class TrialWatch final : public Progress {
 public:
  TrialWatch(const SearchConfig& config, const std::vector<SearchTrial>& trials, bool larger, const TrainOptions& options)
      : config_(config), trials_(trials), larger_(larger), shown_(options.progress), asked_(options.stop) {}

  void begin(const std::string& title) override {
    if (shown_) shown_->begin(title);
  }
  void update(const ProgressState& state) override {
    listen();
    if (shown_) shown_->update(state);
  }
  void epoch(const EpochSummary& summary) override {
    const auto found = std::ranges::find(summary.validation, config_.metric, &NamedNumber::name);
    if (found == summary.validation.end())
      throw SpecError({.path = "data.val_split"}, "a search looks at the validation, but there is none", "give data.val_split: 0.2");
    epochs.push_back(found->value);
    pruned = config_.pruner && is_pruned(*config_.pruner, epochs, trials_, larger_);
    if (pruned) stop = true;
    listen();
    if (shown_) shown_->epoch(summary);
  }
  void say(const std::string& line) override {
    if (shown_) shown_->say(line);
  }

  std::vector<double> epochs;
  std::atomic<bool>   stop   = false;
  bool                pruned = false;

 private:
  void listen() {
    if (asked_ && *asked_) stop = true;
  }
  const SearchConfig&             config_;
  const std::vector<SearchTrial>& trials_;
  bool                            larger_;
  Progress*                       shown_;
  const std::atomic<bool>*        asked_;
};

std::string trial_folder(const std::string& folder, int trial) { return (fs::path(folder) / fmt::format("trial_{:03}", trial)).string(); }

std::vector<SearchTrial> written_trials(const std::string& path, const SearchConfig& config) {
  std::vector<SearchTrial> trials;
  if (!fs::exists(path)) return trials;
  const std::string text = read_file(path);
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    SearchTrial  t   = read<SearchTrial>(parse_json(text.substr(at, end - at), path));
    bool         same = t.values.size() == config.space.size();
    for (const Value::Entry& e : config.space.entries()) same = same && t.values.has(e.key);
    if (!same)
      throw SpecError({.file = path}, fmt::format("trial {} is of a search in another space", t.trial),
                      "give the search another name, or --output another folder");
    trials.push_back(std::move(t));
    at = end + 1;
  }
  return trials;
}

}  // namespace

SearchResult run_search(const SearchConfig& config, const std::string& folder, const TrainOptions& options) {
  const auto                     start  = std::chrono::steady_clock::now();
  const std::vector<SearchPlace> places = search_places(config);
  const std::string              path   = (fs::path(folder) / "trials.jsonl").string();
  const Value                    words  = words_of(config);
  const size_t                   all    = search_trials(config, places);
  SearchResult                   result;
  result.folder = folder, result.metric = config.metric;
  if (config.metric != "loss") {
    const Metric metric(config.metric, {.path = "metric"});
    result.larger = metric.entry().larger_is_better, result.percent = in_percent(metric);
  }
  std::error_code failed;
  if (fs::create_directories(folder, failed); failed) throw IoError(folder, "cannot make the folder: " + failed.message());
  result.trials = written_trials(path, config);
  result.before = result.trials.size();
  while (result.trials.size() < all && !result.stopped) {
    SearchTrial trial;
    trial.trial               = int(result.trials.size()) + 1;
    trial.values              = next_trial(config, places, result.trials, result.larger);
    TrainConfig        train  = trial_config(words, trial.values, config);
    train.name                = fmt::format("trial {}", trial.trial);
    const std::string  own    = trial_folder(folder, trial.trial);
    TrialWatch         watch(config, result.trials, result.larger, options);
    TrainOptions       run = options;
    run.run_directory      = own;
    run.progress           = &watch;
    run.stop               = &watch.stop;
    fs::remove_all(own);   // what an interrupted search left of this trial
    try {
      const TrainResult done = dynode::train(train, run);
      if (done.stopped && !watch.pruned) {
        result.stopped = true;
        break;
      }
      trial.state = done.stopped ? TrialState::pruned : TrialState::done;
    } catch (const NumericsError&) { trial.state = TrialState::failed; }
    trial.epochs = watch.epochs;
    for (const double value : trial.epochs)
      if (std::isnan(trial.score) || (result.larger ? value > trial.score : value < trial.score)) trial.score = value;
    if (!std::isfinite(trial.score)) trial.state = TrialState::failed;
    Value line = write(trial);
    if (trial.state == TrialState::failed) line.erase("score"), trial.score = std::numeric_limits<double>::quiet_NaN();
    append_line(path, to_json(line, false));
    result.trials.push_back(std::move(trial));
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

}  // namespace dynode
