// dynode signal, as a user drives it.
#include "tests/cli_test.h"

#include <algorithm>

#include "dynode/analysis/signals.h"

namespace dynode {
namespace {

TEST_F(Cli, SignalsAreListed) {
  const std::string text = good("signal").out;
  for (const SignalEntry& entry : signals()) EXPECT_SAYS(text, std::string("\n  ") + entry.name + ": " + entry.summary + "\n");
}

TEST_F(Cli, SignalsDriveNetworks) {
  good("signal coloured --set beta=1.5 --rows 2 --steps 40 --channels 3 --seed 7 --min -0.1 --max 0.3 --output s.npy");
  const Array x = load_npy(path("s.npy"));
  EXPECT_EQ(x.shape, (std::vector<int64_t>{2, 40, 3}));
  const std::vector<double> values = x.as_double();
  EXPECT_NEAR(*std::ranges::min_element(values), -0.1, 1e-7);
  EXPECT_NEAR(*std::ranges::max_element(values), 0.3, 1e-7);
  good("simulate net.yaml --input s.npy --output out.npz");

  // 1 / (4 · 37 τ_0) = 2502.9 MHz: four steps a period
  good("signal sine --set frequency=2502.923386 --steps 5 --output s.npy");
  const std::vector<double> sine = load_npy(path("s.npy")).as_double();
  for (size_t t = 0; t < 5; ++t) EXPECT_NEAR(sine[t], (std::vector<double>{0, 1, 0, -1, 0})[t], 1e-5);
}

TEST_F(Cli, SignalSaysWhatItDoesNotUnderstand) {
  const auto refusal = [&](const std::string& words) {
    const Outcome outcome = run("signal " + words);
    EXPECT_EQ(outcome.code, 2) << words;
    return outcome.err;
  };
  EXPECT_SAYS(refusal("sinus --output x.npy"), "there is no signal 'sinus'\n  did you mean 'sine'?");
  EXPECT_SAYS(refusal("sine"), "--output: is missing");
  EXPECT_SAYS(refusal("sine --set freq=2 --output x.npy"), "frequency");
  EXPECT_SAYS(refusal("sine --min 1 --output x.npy"), "one of them is missing");
  EXPECT_SAYS(refusal("gp --steps 5000 --output x.npy"), "too long");
}

}  // namespace
}  // namespace dynode
