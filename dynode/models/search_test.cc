// Search: samplers against what they promise, the pruner by hand, and searches over training files that go on and end alike.
#include "dynode/models/search.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <gtest/gtest.h>
#include <unistd.h>

#include "dynode/io/file.h"
#include "dynode/io/npz.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {
namespace fs = std::filesystem;

SearchConfig config_of(const std::string& more) {
  return read_search_config(parse_yaml(
      "train: train.yaml\nspace: {a: {low: -2, high: 2}, b: {low: 1e-4, high: 1, log: true}, n: {low: 1, high: 9, integer: true}, "
      "c: [x, y, z]}\n" + more));
}

/// A bowl: best at a = 0.5, b = 0.01, n = 7, c = y.
double bowl(const Value& v) {
  return std::pow(v.at("a").number() - 0.5, 2) + std::pow(std::log10(v.at("b").number()) + 2, 2) +
         0.1 * std::pow(v.at("n").number() - 7, 2) + (v.at("c").text() == "y" ? 0 : 1);
}

std::vector<SearchTrial> tried(const SearchConfig& config, size_t count, double sign = 1) {
  std::vector<SearchTrial> trials;
  const auto               places = search_places(config);
  while (trials.size() < count) {
    SearchTrial t;
    t.trial  = int(trials.size()) + 1;
    t.values = next_trial(config, places, trials, sign < 0);
    t.score  = sign * bowl(t.values);
    t.epochs = {t.score};
    trials.push_back(std::move(t));
  }
  return trials;
}

TEST(Search, TpeFindsWhatChanceDoesNot) {
  std::vector<double> found, chance;
  for (int seed = 1; seed <= 11; ++seed) {
    const auto best = [&](const std::string& more, double sign) {
      const auto trials = tried(config_of(more + "seed: " + std::to_string(seed)), 80, sign);
      return trials[*best_trial(trials, sign < 0)].score;
    };
    found.push_back(best("", 1)), chance.push_back(best("sampler: random\n", 1));
    EXPECT_TRUE(seed > 1 || best("", -1) == -found[0]);   // larger may be better
  }
  std::ranges::sort(found), std::ranges::sort(chance);
  EXPECT_LT(found[5], 0.15);
  EXPECT_LT(found[5], 0.5 * chance[5]);
}

TEST(Search, ValuesLieWhereTheyMay) {
  int    ends = 0, small = 0;
  for (const SearchTrial& t : tried(config_of("sampler: random"), 400)) {
    const double a = t.values.at("a").number(), b = t.values.at("b").number();
    EXPECT_TRUE(a >= -2 && a <= 2 && b >= 1e-4 && b <= 1);
    EXPECT_TRUE(t.values.at("n").is_integer());
    const int64_t n = t.values.at("n").integer();
    EXPECT_TRUE(n >= 1 && n <= 9);
    ends += n == 1 || n == 9, small += b < 0.01;
  }
  EXPECT_NEAR(ends, 400 * 2 / 9.0, 30);   // ends are as likely as others
  EXPECT_NEAR(small, 200, 40);            // half of the logarithms
  for (const SearchTrial& t : tried(config_of(""), 60)) EXPECT_TRUE(t.values.at("b").number() >= 1e-4 && t.values.at("b").number() <= 1);
}

TEST(Search, AGridHasEveryCombinationOnce) {
  const SearchConfig grid   = config_of("sampler: grid\npoints: 3");
  const auto         places = search_places(grid);
  ASSERT_EQ(search_trials(grid, places), 3u * 3 * 3 * 3);
  const auto trials = tried(grid, 81);
  for (size_t i = 0; i < 81; ++i)
    for (size_t j = 0; j < i; ++j) EXPECT_FALSE(trials[i].values == trials[j].values) << i << " " << j;
  EXPECT_EQ(trials[0].values.at("c").text(), "x");
  EXPECT_EQ(trials[1].values.at("c").text(), "y");   // the last place fastest
  EXPECT_EQ(trials[3].values.at("n").integer(), 5);
  EXPECT_NEAR(trials[9].values.at("b").number(), 0.01, 1e-15);
  EXPECT_EQ(trials[80].values.at("a").number(), 2);
  EXPECT_EQ(search_trials(config_of("sampler: grid\ntrials: 7"), places), 7u);
  EXPECT_EQ(search_trials(config_of(""), places), 30u);
}

TEST(Search, ThePrunerComparesWithTheMedian) {
  std::vector<SearchTrial> done(3);
  done[0].epochs = {5, 1}, done[1].epochs = {4, 3, 2}, done[2].epochs = {3, 6};
  const MedianPruner pruner{.active = true, .warmup_epochs = 1, .min_trials = 3};
  EXPECT_FALSE(is_pruned(pruner, {4}, done, false));     // medians of the best: 4, then 3
  EXPECT_TRUE(is_pruned(pruner, {4.5}, done, false));
  EXPECT_TRUE(is_pruned(pruner, {4, 3.5}, done, false));
  EXPECT_FALSE(is_pruned(pruner, {3, 9}, done, false));
  EXPECT_TRUE(is_pruned(pruner, {3.9}, done, true));     // larger is better: 4, then 5, 4, 6
  EXPECT_FALSE(is_pruned({.active = true, .warmup_epochs = 2, .min_trials = 3}, {9}, done, false));
  EXPECT_FALSE(is_pruned({.active = true, .warmup_epochs = 1, .min_trials = 4}, {9}, done, false));
  done[1].state = TrialState::pruned;   // only those that went to their end count
  EXPECT_FALSE(is_pruned(pruner, {9}, done, false));
  EXPECT_EQ(best_trial({}, false), std::nullopt);
}

TEST(Search, SaysWhatIsWrong) {
  const auto refused = [](const std::string& space, const std::string& more = "") {
    EXPECT_THROW(read_search_config(parse_yaml("train: t.yaml\nspace: " + space + "\n" + more)), SpecError) << space;
  };
  refused("{}");
  refused("{a: 3}");
  refused("{a: [1]}");
  refused("{a: {low: 1, high: 1}}");
  refused("{a: {low: 0, high: 1, log: true}}");
  refused("{a: {low: 0.5, high: 2, integer: true}}");
  refused("{a: {low: 0, hihg: 1}}");
  refused("{a: [1, 2]}", "sampler: chance");
  refused("{a: {low: 0, high: 1}, b: {low: 0, high: 1}}", "sampler: grid\npoints: 1000");
}

class SearchRuns : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = (fs::temp_directory_path() / ("dynode_search_" + std::to_string(getpid()))).string();
    fs::create_directories(folder_ + "/nets");
    std::vector<double>  x;
    std::vector<int64_t> y;
    for (int i = 0; i < 40 * 6; ++i) x.push_back(std::sin(0.9 * i) + (i / 6 % 2));
    for (int i = 0; i < 40; ++i) y.push_back(i % 2);
    save_npz(file("data.npz"), {{"x", Array{{40, 6, 1}, x}}, {"y", Array{{40}, y}}}, Packing::stored);
    write_file(file("nets/net.yaml"),
               "layers: [{layer_id: 0, layer_type: Linear, params: {dim: 1}}, {layer_id: 1, layer_type: GRU, params: {dim: 3}}, "
               "{layer_id: 2, layer_type: Linear, params: {dim: 2}}]\nconnections: [{from_layer: 0, to_layer: 1, connection_type: dense}, "
               "{from_layer: 1, to_layer: 2, connection_type: dense}]\n");
    write_file(file("train.yaml"),
               "data: {data_path: data.npz}\nmodel: {architecture_yaml: nets/net.yaml, time_pooling: final}\n"
               "training: {batch_size: 8, max_epochs: 4, loss: {losses: [{name: cross_entropy}]}}\n"
               "yardsticks: [{name: other, architecture_yaml: nets/net.yaml}]\n");
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string file(const std::string& name) const { return folder_ + "/" + name; }

  SearchConfig search(const std::string& more) const {
    write_file(file("search.yaml"), "train: train.yaml\nspace:\n  training.optimizer.lr: {low: 1e-4, high: 0.1, log: true}\n"
                                    "  model.architecture.layers.1.params.dim: {low: 2, high: 6, integer: true}\n" + more);
    return read_search_config(load_value(file("search.yaml")));
  }
  std::string folder_;
};

/// Stops after so many epochs.
class Impatient final : public Progress {
 public:
  explicit Impatient(int epochs) : left_(epochs) {}
  void begin(const std::string&) override {}
  void update(const ProgressState&) override {}
  void epoch(const EpochSummary&) override {
    if (--left_ == 0) stop = true;
  }
  void say(const std::string&) override {}
  std::atomic<bool> stop = false;

 private:
  int left_;
};

TEST_F(SearchRuns, GoesOnAsIfItHadNeverStopped) {
  const SearchConfig c     = search("trials: 6\nwarmup: 3\nwords: {training.max_epochs: 3}\nmetric: accuracy\n");
  const SearchResult whole = run_search(c, file("whole"));
  ASSERT_EQ(whole.trials.size(), 6u);
  EXPECT_TRUE(whole.larger);
  EXPECT_EQ(whole.trials[0].epochs.size(), 3u);
  EXPECT_EQ(whole.trials[5].score, *std::ranges::max_element(whole.trials[5].epochs));
  const TrainConfig second = load_train_config(file("whole/trial_002/config.yaml"));
  EXPECT_EQ(second.training.optimizer.lr, whole.trials[1].values.at("training.optimizer.lr").number());
  EXPECT_NE(read_file(file("whole/trial_002/spec.yaml")).find(
                "dim: " + std::to_string(whole.trials[1].values.at("model.architecture.layers.1.params.dim").integer())), std::string::npos);

  Impatient    person(7);   // leaves in the third trial
  TrainOptions options;
  options.progress = &person, options.stop = &person.stop;
  const SearchResult half = run_search(c, file("half"), options);
  EXPECT_TRUE(half.stopped);
  EXPECT_EQ(half.trials.size(), 2u);
  const SearchResult rest = run_search(c, file("half"));
  EXPECT_EQ(rest.before, 2u);
  EXPECT_EQ(read_file(file("half/trials.jsonl")), read_file(file("whole/trials.jsonl")));
  EXPECT_EQ(run_search(c, file("half")).trials.size(), 6u);   // there is nothing left to do

  // the page, and searches that are something else
  const Report page = search_report(c, whole);
  EXPECT_EQ(page.figures.size(), 3u);
  EXPECT_NE(render_report(page).find("<title>trial 6:"), std::string::npos);
  SearchConfig other = c;
  other.space        = parse_yaml("{training.optimizer.lr: {low: 1e-4, high: 0.1}}");
  EXPECT_THROW(run_search(other, file("half")), SpecError);
}

TEST_F(SearchRuns, EndsAndFailsTrialsOfItsOwn) {
  const SearchConfig c = search("trials: 12\nsampler: random\npruner: {warmup_epochs: 1, min_trials: 3}\n");
  const SearchResult r = run_search(c, file("pruned"));
  size_t             ended = 0;
  for (const SearchTrial& t : r.trials) {
    EXPECT_EQ(t.epochs.size() < 4, t.state == TrialState::pruned) << t.trial;
    ended += t.state == TrialState::pruned;
    EXPECT_TRUE(t.trial > 3 || t.state == TrialState::done);
  }
  EXPECT_GT(ended, 0u);
  EXPECT_FALSE(r.larger);
  EXPECT_EQ(r.trials[*best_trial(r.trials, false)].state, TrialState::done);

  // a network that diverges is a failed trial
  const SearchResult wild = run_search(search("trials: 2\nwords: {training.loss.losses.0.weight: 1.0e+307}\n"), file("wild"));
  EXPECT_EQ(wild.trials[0].state, TrialState::failed);
  EXPECT_EQ(best_trial(wild.trials, false), std::nullopt);
  EXPECT_NO_THROW(render_report(search_report(c, wild)));
  EXPECT_THROW(run_search(search("words: {data.val_split: 0}\n"), file("blind")), SpecError);
  EXPECT_THROW(run_search(search("metric: acuracy\n"), file("typo")), SpecError);
  EXPECT_THROW(run_search(search("words: {model.architecture.layers.7.params.dim: 3}\n"), file("nowhere")), SpecError);
}

}  // namespace
}  // namespace dynode
