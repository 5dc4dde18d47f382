// dynode units, and what info and simulate say about hardware, as a user drives them.
#include "tests/cli_test.h"

#include <fmt/format.h>
#include <regex>

#include "dynode/analysis/units.h"
#include "dynode/base/display.h"

namespace dynode {
namespace {

TEST_F(Cli, UnitsLists) {
  const std::string text = good("units").out;
  for (const QuantityFacts& q : quantities()) EXPECT_SAYS(text, std::string("\n  ") + q.name + " ");
  EXPECT_SAYS(text, "\n  omega_c   370.433 Grad/s  ");
  EXPECT_SAYS(text, "\n  37 tau_0      99.8832 ps  ");
  EXPECT_SAYS(text, "\n  cooling              300  watts from the mains for each watt of heat at 4 K");
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(display_width(line), kDisplayWidth) << line;
  EXPECT_SAYS(good("units --beta-c 0.3").out, "\n  r_jj         2.56556 Ohm  ");
  EXPECT_SAYS(good("units --omega-c 1e12").out, "\n  tau_0               1 ps  ");
}

TEST_F(Cli, UnitsConverts) {
  EXPECT_EQ(good("units L=300pH").out,
            "  quantity    value      from\n"
            "  ──────────  ─────────  ───────────────────────\n"
            "  L           300 pH\n"
            "  beta_L      91.156     L → beta_L\n"
            "  gamma_plus  0.0109702  L → beta_L → gamma_plus\n");
  const auto value = [&](const std::string& line) {
    const std::string text = good("units " + line).out;
    const size_t      row  = text.find('\n', text.find('\n') + 1) + 1;
    return text.substr(row, text.find('\n', row) - row);
  };
  EXPECT_EQ(value("I=210uA --to i"), "  i         2.1    I → i");
  EXPECT_EQ(value("i=2.1 --to I"), "  I         210 µA  i → I");
  EXPECT_EQ(value("I=210uA,250uA --to i"), "  i         2.1, 2.5  I → i");
  EXPECT_EQ(value("gamma+=0.002 --to L"), "  L         1.64553 nH  gamma_plus → beta_L → L");
  EXPECT_EQ(value("t=10ns --to t'"), "  t_prime   3704.33  t → t_prime");
  EXPECT_EQ(value("t=10ns --to t' --omega-c 1e12rad/s"), "  t_prime   10000  t → t_prime");
  EXPECT_EQ(value("L=1nH r_leak=2Ohm --to tau_physical"),
            "  tau_physical  500 ps  (r_leak → alpha), (L → beta_L → gamma_plus) → gamma_minus → tau →");
}

TEST_F(Cli, UnitsTakesOmegaCFromTheEnvironment) {
  ::setenv("SOEN_OMEGA_C", "1e12", 1);
  EXPECT_SAYS(good("units t=1ns --to t_prime").out, " 1000 ");
  EXPECT_SAYS(good("units t=1ns --to t_prime --omega-c 2e12").out, " 2000 ");
  EXPECT_SAYS(good("info net.yaml").out, "\n  step        37 ps, with omega_c 1e+12 rad/s\n");
  ::setenv("SOEN_OMEGA_C", "quick", 1);
  EXPECT_EQ(run("units").code, 2);
  ::unsetenv("SOEN_OMEGA_C");
}

TEST_F(Cli, UnitsExplainsMistakes) {
  const auto refused = [&](const std::string& line, const std::string& message) {
    const Outcome outcome = run("units " + line);
    EXPECT_EQ(outcome.code, 2) << line;
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(outcome.err.substr(0, message.size() + 7), "error: " + message);
  };
  refused("L", "'L' is no quantity with a value\n  write it like L=300pH");
  refused("beta_M=2", "there is no quantity 'beta_M'\n  did you mean 'beta_L'?");
  refused("L=300pF", "L: '300pF' is not in H\n");
  refused("L=-1pH", "L is -1e-12, which must be above 0");
  refused("L=1nH --to gamma_minus", "gamma_minus does not follow from what is given\n  known are then: L, beta_L, gamma_plus");
  refused("L=1nH beta_L=5", "what is given contradicts itself");
  refused("L=1nH --beta-c 0", "--beta-c: expected a number above 0, got '0'");
  refused("L=1nH --I-c 1mV", "--I-c: '1mV' is not in A");
  refused("L=1nH --beta-c 0.3 --omega-c 1e12", "--omega-c: omega_c follows from beta_c");
  refused("--to L", "--to: from what?");
}

TEST_F(Cli, InfoTellsTheTimeOfAStepOnHardware) {
  EXPECT_SAYS(good("info net.yaml").out,
              "\nHardware\n  step        99.88 ps, with omega_c 3.704e+11 rad/s\n"
              "  units       12.19 nW of power, 32.91 zJ of energy: simulate --record power measures a run\n");
  EXPECT_EQ(good("info product.yaml").out.find("Hardware"), std::string::npos);
}

TEST_F(Cli, SimulateTellsTimeAndEnergyOnHardware) {
  const Outcome run = good("simulate net.yaml --input x.npy --record power,energy/1 --output out.npz");
  EXPECT_SAYS(run.out, "\n  hardware    6 steps of 99.88 ps, 599.3 ps\n");
  EXPECT_TRUE(std::regex_search(run.out, std::regex("\n  energy      per row [0-9.]+ [az]J from the bias sources, [0-9.]+ [az]J "
                                                    "of it become heat, [0-9.]+ [fa]J with cooling \\(× 300\\)\n"))) << run.out;
  EXPECT_SAYS(run.err, "warning: layer 2 (Linear) has no power: that of SingleDendrite is known, others count as 0\n");
  const Npz file = load_npz(path("out.npz"));
  EXPECT_EQ(file.at("power/1").shape, (std::vector<int64_t>{5, 6, 4}));
  EXPECT_EQ(file.at("energy/1").shape, (std::vector<int64_t>{5, 6, 4}));
  EXPECT_EQ(good("simulate product.yaml --input x2.npy").out.find("hardware"), std::string::npos);
}

TEST_F(Cli, SimulateStopsEarlyAndSaysSo) {
  write_npy("zero.npy", {{2, 400, 3}, std::vector<float>(2 * 400 * 3)});
  const Outcome run = good(
      "simulate net.yaml --input zero.npy --set simulation.early_stopping_forward_pass=true "
      "--set layers.1.params.gamma_plus=0.001 --set layers.1.params.gamma_minus=0.001 --output out.npz");
  const Array output = load_npz(path("out.npz")).at("output");
  EXPECT_LT(output.shape[1], 400);
  EXPECT_SAYS(run.out, fmt::format("\n  stopped     after {} of 400 steps: all layers were steady\n", output.shape[1] - 1));
  EXPECT_EQ(good("simulate net.yaml --input x.npy").out.find("stopped"), std::string::npos);
  const Outcome layerwise = this->run("simulate product.yaml --input x2.npy --set simulation.early_stopping_forward_pass=true");
  EXPECT_EQ(layerwise.code, 2);
  EXPECT_SAYS(layerwise.err, "layerwise takes one layer after the other through all steps, and cannot stop early");
}

}  // namespace
}  // namespace dynode
