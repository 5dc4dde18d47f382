// dynode reproduce: published tables at sizes that take seconds.
#include "tests/cli_test.h"

#include "dynode/base/display.h"
#include "dynode/models/reproduce.h"
#include "dynode/spec/json.h"

namespace dynode {
namespace {

TEST_F(Cli, ReproduceListsItsTables) {
  const std::string all = good("reproduce").out;
  for (const PublishedTable& table : published_tables()) {
    EXPECT_SAYS(all, std::string(table.name) + ": " + table.summary);
    for (const PublishedModel& model : table.models) {
      EXPECT_SAYS(all, model.name);
      EXPECT_LE(model.published.size(), table.columns.size());
    }
  }
  std::istringstream lines(all);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(display_width(line), kDisplayWidth) << line;
}

TEST_F(Cli, ReproduceTrainsOnceAndWritesTheTable) {
  const std::string line = "reproduce sine --models cfc_32,ltc_8 --seeds 2 --epochs 1 --output out --threads 1";
  const Outcome     first = good(line);
  EXPECT_SAYS(first.out, "1 of 4  cfc_32 seed 1: ");
  EXPECT_SAYS(first.out, "CfC of 32 units");
  EXPECT_SAYS(first.out, "1 epochs (published: 4)");
  const Value json = parse_json(read_file(path("out/reproduce.json")));
  EXPECT_EQ(json.at("runs").list().size(), 4u);
  ASSERT_EQ(json.at("rows").list().size(), 2u);
  double mean = 0;
  for (const Value& run : json.at("runs").list())
    if (run.at("model").text() == "cfc_32") mean += run.at("score").number() / 2;
  for (const Value& row : json.at("rows").list()) {
    if (row.at("model").text() != "cfc_32") continue;
    EXPECT_DOUBLE_EQ(row.at("mean").number(), mean);
    EXPECT_DOUBLE_EQ(row.at("published_mean").number(), 3.9e-7);
    EXPECT_GT(row.at("std").number(), 0);
  }
  EXPECT_SAYS(read_file(path("out/table.md")), "| CfC of 32 units, one linear output | loss | 2 |");
  EXPECT_SAYS(read_file(path("out/table.html")), "<td>CfC of 32 units, one linear output</td>");

  // what is done is kept; one run that is taken away is made again, with the same score
  fs::remove_all(path("out/loss/cfc_32/seed_2"));
  const Outcome again = good(line);
  size_t kept = 0;
  for (size_t at = 0; (at = again.out.find("done before", at)) != std::string::npos; ++at) ++kept;
  EXPECT_EQ(kept, 3u);
  const Value json_again = parse_json(read_file(path("out/reproduce.json")));
  EXPECT_EQ(json_again.at("rows"), json.at("rows"));

  const Outcome other = run("reproduce sine --models cfc_32 --seeds 1 --epochs 2 --output out");
  EXPECT_EQ(other.code, 2);
  EXPECT_SAYS(other.err, "this run had other settings");
}

TEST_F(Cli, ReproduceReadsBitStreamsOfBothEncodings) {
  const Outcome o = good("reproduce xor --models cf_s,lstm --seeds 1 --epochs 1 --samples 300 --output out");
  for (const char* row : {"cf_s dense seed 1: ", "cf_s event seed 1: ", "lstm event seed 1: "}) EXPECT_SAYS(o.out, row);
  EXPECT_SAYS(read_file(path("out/table.md")), "the first 300 training samples");
  // the published sets: 10,000 streams for the test, whose mean length is known
  const Npz test = load_npz(path("out/data/event_test.npz"));
  EXPECT_EQ(test.at("x").shape, (std::vector<int64_t>{10'000, 32, 1}));
  int64_t events = 0, odd = 0;
  for (int64_t m : test.at("mask").as_integers("mask")) events += m;
  for (int64_t y : test.at("y").as_integers("y")) odd += y;
  EXPECT_NEAR(double(events) / 1e4, 9.31, 0.005);
  EXPECT_EQ(odd, 5089);
  EXPECT_EQ(load_npz(path("out/data/dense_train_300_with_time.npz")).at("x").shape, (std::vector<int64_t>{300, 32, 2}));
}

TEST_F(Cli, ReproduceCutsTrajectories) {
  fs::create_directory(path("traces"));
  for (int k = 0; k < 25; ++k) {
    std::vector<float> values;
    for (int t = 0; t < 60; ++t)
      for (int i = 0; i < 17; ++i) values.push_back(0.1f * float((k + t * i) % 11));
    write_npy("traces/trace_" + std::to_string(100 + k) + ".npy", {{60, 17}, values});
  }
  const Outcome o = good("reproduce half_cheetah --data traces --models ct_rnn,gru --seeds 1 --epochs 1 --output out");
  EXPECT_SAYS(o.out, "1 of 2  ct_rnn seed 1: ");
  EXPECT_SAYS(read_file(path("out/table.md")), "| CT-RNN | test | 1 |");
  EXPECT_SAYS(run("reproduce half_cheetah --data . --seeds 1").err, "it holds 2 trajectories (.npy), and 25 are needed");
}

TEST_F(Cli, ReproduceExplainsMistakes) {
  const auto refused = [&](const std::string& line, const std::string& message) {
    const Outcome outcome = run("reproduce " + line);
    EXPECT_EQ(outcome.code, 2) << line;
    EXPECT_SAYS(outcome.err, message);
    EXPECT_FALSE(has("runs"));
  };
  refused("sin", "there is no table 'sin'\n  did you mean 'sine'?");
  refused("sine --models cfc", "--models: there is no model 'cfc' in this table\n");
  refused("xor --columns events", "--columns: there is no column 'events' in this table\n  did you mean 'event'?");
  refused("mnist", "--data: the table mnist needs its data\n");
  refused("sine --data .", "--data: the table sine makes its data itself\n");
  refused("sine --samples 20", "--samples: the table sine uses all its data\n");
  refused("sine --seeds 0", "--seeds: 0 is below 1\n");
}

}  // namespace
}  // namespace dynode
