// Liquid networks as a user drives them: info --draw, dropout and time constants, the sine of the tutorial.
#include <cmath>

#include "dynode/io/file.h"
#include "dynode/io/npz.h"
#include "tests/cli_test.h"

namespace dynode {
namespace {

const std::string kExamples = std::string(DYNODE_SOURCE_DIR) + "/examples/";

TEST_F(Cli, InfoDrawsWirings) {
  EXPECT_SAYS(good("info " + kExamples + "sine/net.yaml --draw wiring.svg").out, "\nwiring of layer 1 in wiring.svg\n");
  const std::string svg = read_file(path("wiring.svg"));
  for (const char* words : {"2 sensory", "9 inter", "6 command", "1 motor", "Wiring of layer 1"})
    EXPECT_SAYS(svg, words);

  const Outcome none = run("info net.yaml --draw wiring.svg");
  EXPECT_EQ(none.code, 2);
  EXPECT_SAYS(none.err, "no layer of this network has a wiring");
  const Outcome png = run("info " + kExamples + "sine/net.yaml --draw wiring.png");
  EXPECT_EQ(png.code, 2);
  EXPECT_SAYS(png.err, "wirings are drawn as .svg");
}

TEST_F(Cli, SimulateRecordsTimeConstants) {
  save_npy(path("x.npy"), Array{{2, 5, 2}, std::vector<double>(20, 0.5)});
  good("simulate " + kExamples + "sine/net.yaml --input x.npy --record tau --output out.npz");
  const Array tau = load_npz(path("out.npz")).at("tau/1");
  EXPECT_EQ(tau.shape, (std::vector<int64_t>{2, 5, 16}));
  for (const double t : tau.as_double()) EXPECT_TRUE(t > 0 && std::isfinite(t));
}

TEST_F(Cli, TheSineOfTheTutorialIsLearnt) {
  const std::string out = good("train " + kExamples + "sine/train.yaml").out;
  const size_t      at  = out.find("test mse ");
  ASSERT_NE(at, std::string::npos) << out;
  EXPECT_LT(std::stod(out.substr(at + 9)), 4e-4);
  const size_t report = out.find("report: ");
  EXPECT_SAYS(read_file(path(out.substr(report + 8, out.find('\n', report) - report - 8))),
              "<figure class=\"wiring\"><svg");
}

}  // namespace
}  // namespace dynode
