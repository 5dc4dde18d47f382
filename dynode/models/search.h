// Search: many runs of a training file with other words each, to find those that learn best.
//
//   training file + space {place: range or list} ──sampler──▶ words of a trial ──train──▶ best value of a metric, validation
//
//   random   every value equally likely, with `log` its logarithm       grid   every combination, the last place fastest
//   tpe      the first ones evenly; then the best of some candidates, drawn near good trials (the best √n / 2 of n) and
//            judged by how much denser good ones lie there than the others, each place by itself
//   pruner   ends a trial whose best value so far is worse than the median of the finished ones after as many epochs
//
//   <folder>/trials.jsonl      a line per trial: {trial, state, score, epochs: [...], values: {place: value}}
//   <folder>/trial_001/ …      a run directory each       search.html   a page with pictures
//
// Each trial is a function of the seed and the trials before it, so a search that was interrupted ends with the same lines.
// Source: Bergstra et al. 2011, Algorithms for hyper-parameter optimization.
#pragma once
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "dynode/base/random.h"
#include "dynode/learn/trainer.h"
#include "dynode/models/report.h"
#include "dynode/spec/fields.h"

namespace dynode {

enum class Sampler { tpe, random, grid };
template <>
struct EnumNames<Sampler> {
  static constexpr std::array names{std::pair{Sampler::tpe, "tpe"}, std::pair{Sampler::random, "random"},
                                    std::pair{Sampler::grid, "grid"}};
};

/// Ends trials that do worse than the median.
struct MedianPruner {
  bool active        = true;
  int  warmup_epochs = 1, min_trials = 5;

  static constexpr auto fields = field_list(
      field("active", &MedianPruner::active, "false: every trial goes to its end"),
      field("warmup_epochs", &MedianPruner::warmup_epochs, "epochs that every trial has", at_least(1)),
      field("min_trials", &MedianPruner::min_trials, "finished trials before the first one is ended", at_least(1)));
};

struct SearchConfig {
  std::string                 name = "search";
  std::string                 train;
  Value                       space, words = Value::map();
  Sampler                     sampler = Sampler::tpe;
  std::optional<int>          trials;
  std::string                 metric = "loss";
  std::optional<MedianPruner> pruner;
  int                         warmup = 10, candidates = 24, points = 5;
  uint64_t                    seed = 1;
  std::string                 file;   // paths are relative to it; "": to where we are

  static constexpr auto fields = field_list(
      field("name", &SearchConfig::name, "name of the search and its folder"),
      field("train", &SearchConfig::train, "training file (.yaml)", required),
      field("space", &SearchConfig::space,
            "places in it and what they may hold: training.optimizer.lr: {low: 1e-4, high: 0.1, log: true}, "
            "model.architecture.layers.1.params.dim: {low: 8, high: 128, integer: true}, or a list of values",
            required),
      field("words", &SearchConfig::words, "places and values for every trial: {training.max_epochs: 5}"),
      field("sampler", &SearchConfig::sampler, "tpe: near good trials; random: evenly; grid: all combinations"),
      field("trials", &SearchConfig::trials, "how many in all; missing: 30, of a grid every combination", at_least(1)),
      field("metric", &SearchConfig::metric, "of the validation: loss, or a metric such as accuracy"),
      field("pruner", &SearchConfig::pruner, "ends trials that do worse than the median; {}: as usual"),
      field("warmup", &SearchConfig::warmup, "tpe: trials drawn evenly at first", at_least(2)),
      field("candidates", &SearchConfig::candidates, "tpe: from which each later trial is chosen", at_least(1)),
      field("points", &SearchConfig::points, "grid: values of a range, its ends included", at_least(2)),
      field("seed", &SearchConfig::seed, "of all draws"));
};

enum class TrialState { done, pruned, failed };
template <>
struct EnumNames<TrialState> {
  static constexpr std::array names{std::pair{TrialState::done, "done"}, std::pair{TrialState::pruned, "pruned"},
                                    std::pair{TrialState::failed, "failed"}};
};

struct SearchTrial {
  int                 trial = 0;   // from 1
  TrialState          state = TrialState::done;
  double              score = std::numeric_limits<double>::quiet_NaN();   // the best of its epochs
  std::vector<double> epochs;
  Value               values;   // place → value

  static constexpr auto fields = field_list(
      field("trial", &SearchTrial::trial, "its number"), field("state", &SearchTrial::state, "how it ended"),
      field("score", &SearchTrial::score, "best value of the metric"), field("epochs", &SearchTrial::epochs, "its value after each epoch"),
      field("values", &SearchTrial::values, "what it was tried with"));
};

/// What a place may hold.
class SearchPlace {
 public:
  /// @throws SpecError  if it is neither a range nor a list of values
  SearchPlace(std::string name, const Value& space);

  const std::string& name() const { return name_; }
  bool               is_range() const { return choices_.empty(); }
  bool               is_log() const { return log_; }
  const std::vector<Value>& choices() const { return choices_; }

  Value draw(Random& random) const;
  /// Near one of these, or anywhere.
  Value near(const std::vector<Value>& good, Random& random) const;
  /// How densely these lie around a value.
  double             density(const Value& value, const std::vector<Value>& trials) const;
  std::vector<Value> grid(int points) const;

 private:
  Value  at(double share) const;
  double share_of(const Value& value) const;
  Value  picked(size_t choice) const { return choices_[choice]; }

  std::string        name_;
  bool               log_ = false, whole_ = false;
  double             low_ = 0, high_ = 1, first_ = 0, last_ = 1;   // of the numbers; of what shares measure
  std::vector<Value> choices_;
};

/// @throws SpecError  with the place
SearchConfig             read_search_config(const Value& value);
std::vector<SearchPlace> search_places(const SearchConfig& config);
/// How many trials there are in all. @throws SpecError  if a grid is too large
size_t search_trials(const SearchConfig& config, const std::vector<SearchPlace>& places);

/// Values for the trial after these. @param larger  scores are better
Value next_trial(const SearchConfig& config, const std::vector<SearchPlace>& places, const std::vector<SearchTrial>& trials,
                 bool larger);
/// Whether a trial with these values so far is to end.
bool is_pruned(const MedianPruner& pruner, const std::vector<double>& epochs, const std::vector<SearchTrial>& trials, bool larger);
/// Position of the best trial that went to its end; nothing if none did.
std::optional<size_t> best_trial(const std::vector<SearchTrial>& trials, bool larger);

struct SearchResult {
  std::string              folder, metric;
  bool                     larger = false, percent = false;   // better; a share
  std::vector<SearchTrial> trials;
  size_t                   before = 0;        // of them were there already
  bool                     stopped = false;   // by options.stop; the same call goes on
  double                   seconds = 0;
};

/// Trains until there are enough trials; goes on where trials.jsonl ends.
/// @throws IoError, SpecError, ShapeError  as train; a network that diverges is a failed trial
SearchResult run_search(const SearchConfig& config, const std::string& folder, const TrainOptions& options = {});

/// Scores in the order of the trials, and against the values of every place.
Report search_report(const SearchConfig& config, const SearchResult& result);

}  // namespace dynode
