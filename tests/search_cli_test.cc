// dynode search, as a user drives it.
#include "tests/cli_test.h"

#include "dynode/spec/json.h"

namespace dynode {
namespace {

constexpr const char* kSearch = R"(name: small_search
train: train.yaml
trials: 4
warmup: 2
metric: accuracy
pruner: {}
words: {training.max_epochs: 1}
space:
  training.optimizer.lr: {low: 1.0e-4, high: 0.1, log: true}
  training.optimizer.name: [adam, muon]
)";

TEST_F(Cli, SearchTrainsAndRanks) {
  write_data(60);
  write("search.yaml", kSearch);
  const std::string out = good("search search.yaml --threads 1").out;
  EXPECT_SAYS(out, "trial  accuracy  epochs");
  EXPECT_SAYS(out, "best: trial ");
  EXPECT_SAYS(out, "report: runs/small_search/search.html\n");
  EXPECT_SAYS(read_file(path("runs/small_search/search.html")), "training.optimizer.lr");
  const std::string lines = read_file(path("runs/small_search/trials.jsonl"));
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 4);
  const Value first = parse_json(lines.substr(0, lines.find('\n')));
  EXPECT_EQ(first.at("state"), Value("done"));
  EXPECT_TRUE(first.at("values").at("training.optimizer.lr").is_number());
  good("evaluate runs/small_search/trial_001");

  // it goes on; threads leave no trace
  EXPECT_SAYS(good("search search.yaml --set trials=5").out, "4 trials were there already\n");
  good("search search.yaml --set trials=5 --threads 3 --output again");
  EXPECT_EQ(read_file(path("again/trials.jsonl")), read_file(path("runs/small_search/trials.jsonl")));
}

TEST_F(Cli, SearchSaysWhatIsWrong) {
  write("search.yaml", kSearch);
  const Outcome missing = run("search search.yaml --set train=none.yaml");
  EXPECT_EQ(missing.code, 2);
  EXPECT_SAYS(missing.err, "none.yaml");
  const Outcome typed = run("search search.yaml --set sampler=tpee");
  EXPECT_EQ(typed.code, 2);
  EXPECT_SAYS(typed.err, "tpe");
  EXPECT_SAYS(good("search --keys").out, "\npruner:\n");
  EXPECT_EQ(run("search").code, 2);
}

}  // namespace
}  // namespace dynode
