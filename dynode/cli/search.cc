// dynode search: trains with many different words, and shows which are good.
#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <memory>

#include "dynode/base/display.h"
#include "dynode/cli/options.h"
#include "dynode/cli/training.h"
#include "dynode/cli/verb.h"
#include "dynode/io/file.h"
#include "dynode/models/search.h"
#include "dynode/spec/json.h"
#include "dynode/spec/spec.h"

namespace dynode::cli {
namespace {

namespace fs = std::filesystem;

constexpr size_t kShownTrials = 10;

struct SearchSettings {
  std::string              config, output;
  std::vector<std::string> set;
  int                      threads = 0;
  bool                     keys    = false;
};

void print_search_keys() {
  for (const auto& [block, rows] : {std::pair("Keys of a search", describe<SearchConfig>()), std::pair("pruner:", describe<MedianPruner>())}) {
    DisplayTable table({{"key"}, {"type"}, {"default"}, {"meaning"}});
    for (const FieldRow& row : rows) table.add({row.name, row.type, row.default_text, row.help});
    fmt::print("{}\n\n{}\n", block, table.text());
  }
}

/// The last word of a place, unless another place ends alike.
std::string short_name(const std::string& place, const Value::Entries& all) {
  const std::string last = place.substr(place.rfind('.') + 1);
  const auto        ends = [&](const Value::Entry& e) { return e.key == last || e.key.ends_with("." + last); };
  return std::ranges::count_if(all, ends) > 1 ? place : last;
}

std::string trial_score(const SearchResult& result, const SearchTrial& trial) {
  if (trial.state == TrialState::failed) return "–";
  return result.percent ? fmt::format("{:.1f} %", 100 * trial.score) : fmt::format("{:.5g}", trial.score);
}

/// The best trials, those that ended early behind those that did not.
void print_trials(const SearchConfig& config, const SearchResult& result) {
  std::vector<DisplayTable::Column> columns = {{"trial", true}, {result.metric, true}, {"epochs", true}};
  for (const Value::Entry& e : config.space.entries()) columns.push_back({short_name(e.key, config.space.entries()), true});
  columns.push_back({""});
  std::vector<SearchTrial> ranked = result.trials;
  std::ranges::stable_sort(ranked, [&](const SearchTrial& a, const SearchTrial& b) {
    return a.state != b.state ? a.state < b.state : result.larger ? a.score > b.score : a.score < b.score;
  });
  DisplayTable table(columns);
  for (size_t i = 0; i < std::min(kShownTrials, ranked.size()); ++i) {
    const SearchTrial&       t     = ranked[i];
    std::vector<std::string> cells = {std::to_string(t.trial), trial_score(result, t), std::to_string(t.epochs.size())};
    for (const Value::Entry& e : config.space.entries()) {
      const Value& v = t.values.at(e.key);
      cells.push_back(v.is_number() ? fmt::format("{:.4g}", v.number()) : v.is_text() ? v.text() : to_json(v));
    }
    cells.push_back(t.state == TrialState::pruned ? "ended early" : t.state == TrialState::failed ? "diverged" : "");
    table.add(cells);
  }
  fmt::print("\n{}\n", table.text());
}

void run_search_verb(const SearchSettings& s) {
  Value value = load_value(s.config);
  for (const std::string& assignment : s.set) set_value(value, assignment);
  const SearchConfig config = read_search_config(value);
  const fs::path     folder = s.output.empty() ? fs::path("runs") / config.name : fs::path(s.output);
  SearchResult       result;
  with_training_options(s.threads, [&](const TrainOptions& options) { result = run_search(config, folder.string(), options); });
  if (result.stopped)
    throw Failure(fmt::format("stopped after {} trials\n  the same command goes on with the next one", result.trials.size()));

  print_trials(config, result);
  const auto best = best_trial(result.trials, result.larger);
  if (best)
    fmt::print("best: trial {}, validation {} {}\nits run: {}\n", result.trials[*best].trial, result.metric,
               trial_score(result, result.trials[*best]), (folder / fmt::format("trial_{:03}", result.trials[*best].trial)).string());
  if (result.before > 0) fmt::print("{} trials were there already\n", result.before);
  const std::string page = (folder / "search.html").string();
  try {
    write_file(page, render_report(search_report(config, result)));
  } catch (const IoError& error) { throw Failure(error.what()); }
  fmt::print("report: {}\n", page);
}

}  // namespace

Verb search_verb(Command& tool) {
  const auto s    = std::make_shared<SearchSettings>();
  Command    verb = tool.add_subcommand("search", "train with many different words; shows which are good");
  verb.add_option("config", s->config, "search (.yaml): a training file, and what its words may be").type_name("CONFIG");
  verb.add_option("--output", s->output, "folder of the trials and search.html; without it runs/<name>").type_name("FOLDER");
  add_set(verb, s->set, "trials=60");
  add_threads(verb, s->threads);
  verb.add_flag("--keys", s->keys, "list the keys a search may have, with defaults");
  verb.footer("dynode search search.yaml\ndynode search search.yaml --set trials=60       # goes on where it ended");
  return {verb, [s] {
            if (s->keys) print_search_keys();
            if (s->keys && s->config.empty()) return;
            if (s->config.empty())
              throw SpecError({}, "CONFIG is missing", "dynode search --keys lists what a search may say");
            run_search_verb(*s);
          }};
}

}  // namespace dynode::cli
