// dynode robustness, as a user drives it.
#include "tests/cli_test.h"

#include "dynode/spec/json.h"

namespace dynode {
namespace {

constexpr const char* kStudy = R"(name: small_study
model: runs/small
repeats: 2
experiments:
  - {name: weights apart, type: parameter, target: J_*, change: relative, levels: [0, 0.5]}
  - {type: noise, target: layer1, quantity: phi, levels: [0.1]}
  - {type: weight_quantization, quantity: bits, min: -1, max: 1, levels: [2, 8]}
)";

TEST_F(Cli, RobustnessDisturbsATrainedNetwork) {
  write_data(60);
  good("train train.yaml --threads 1");
  write("study.yaml", kStudy);
  const std::string out = good("robustness study.yaml --threads 1").out;
  EXPECT_SAYS(out, "  accuracy    ");
  EXPECT_SAYS(out, "\nweights apart\n");
  EXPECT_SAYS(out, "\nnoise on phi of layer1\n");
  EXPECT_SAYS(out, "report: runs/small_study/robustness.html\n");
  EXPECT_SAYS(read_file(path("runs/small_study/robustness.html")), "robustness report");

  const Value results = parse_json(read_file(path("runs/small_study/robustness.json")));
  EXPECT_EQ(results.at("metric"), Value("accuracy"));
  const Value& curve = results.at("experiments").list()[0];
  EXPECT_EQ(curve.at("mean").list()[0], results.at("baseline"));  // level 0
  EXPECT_EQ(curve.at("values").list()[1].size(), 2u);

  // the number of threads leaves no trace; words can be set
  good("robustness study.yaml --threads 3 --output again");
  EXPECT_EQ(read_file(path("again/robustness.json")), read_file(path("runs/small_study/robustness.json")));
  good("robustness study.yaml --set repeats=5 --output more");
  EXPECT_EQ(
      parse_json(read_file(path("more/robustness.json"))).at("experiments").list()[0].at("values").list()[1].size(),
      5u);
}

TEST_F(Cli, RobustnessSaysWhatIsWrong) {
  write("study.yaml", kStudy);
  const Outcome untrained = run("robustness study.yaml");
  EXPECT_EQ(untrained.code, 2);
  EXPECT_SAYS(untrained.err, "runs/small");
  const Outcome typed = run("robustness study.yaml --set experiments.0.levles=[1]");
  EXPECT_EQ(typed.code, 2);
  EXPECT_SAYS(typed.err, "did you mean 'levels'");
  EXPECT_SAYS(good("robustness --keys").out, "\nexperiments:\n");
  EXPECT_EQ(run("robustness").code, 2);
}

}  // namespace
}  // namespace dynode
