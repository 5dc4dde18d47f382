// dynode spiking, as a user drives it.
#include "tests/cli_test.h"

namespace dynode {
namespace {

const char* const kRates = R"(layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 1}}
  - {layer_id: 1, layer_type: RateDale, params: {dim: 12, taus: [4, 20], polarity_init: {excitatory_ratio: 0.5}, polarity_enforcement_method: relu}}
  - {layer_id: 2, layer_type: Linear, params: {dim: 1}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense, learnable: false}
  - {from_layer: 1, to_layer: 1, connection_type: dense, params: {init: gaus}}
  - {from_layer: 1, to_layer: 2, connection_type: dense, params: {bias: zero, polarity: false}}
)";

class Spiking : public Cli {
 protected:
  Spiking() { write("rates.yaml", kRates); }
  const std::string task = " --task go_nogo --set T=40 --set stim_on=5 --set stim_dur=5 --trials 6";
};

TEST_F(Spiking, ConvertsANetworkAndShowsHowItDoes) {
  const std::string out = good("spiking convert rates.yaml" + task + " --evaluate 4 --factors 20:30:5 --output s.dynode --report s.html").out;
  EXPECT_SAYS(out, "6 trials of go_nogo with each scaling factor");
  for (const char* factor : {"\n      20 ", "\n      25 ", "\n      30 "}) EXPECT_SAYS(out, factor);
  EXPECT_SAYS(out, "4 other trials");
  EXPECT_SAYS(good("info s.dynode").out, "DoubleExponentialLIF");
  const std::string page = read_file(path("s.html"));
  EXPECT_SAYS(page, "conversion report");
  EXPECT_SAYS(page, "\"rasters\":[{");
}

TEST_F(Spiking, WithoutOtherTrialsThoseOfTheSearchCount) {
  good("spiking convert rates.yaml" + task + " --factors 20 --evaluate 0 --report s.html");
  const std::string page = read_file(path("s.html"));
  EXPECT_SAYS(page, "of 6 trials with the scaling factor 20, chosen by these trials");
  EXPECT_EQ(page.find("nan"), page.npos);
}

TEST_F(Spiking, ThreadsDoNotChangeAWord) {
  const std::string line = "spiking convert rates.yaml" + task + " --evaluate 4 --factors 20,40 --threads ";
  EXPECT_EQ(good(line + "1").out, good(line + "2").out);
}

TEST_F(Spiking, ExplainsMistakes) {
  EXPECT_SAYS(run("spiking revert rates.yaml" + task).err, "dynode spiking cannot 'revert'");
  EXPECT_SAYS(run("spiking convert net.yaml" + task).err, "RateDale");
  EXPECT_SAYS(run("spiking convert rates.yaml --task go_no").err, "go_nogo");
  for (const char* factors : {"0", "20:10:1", "20:30", "a", "1,,2", "-3", "nan", "20:30:0.0001"}) {
    const Outcome outcome = run("spiking convert rates.yaml" + task + " --evaluate 4 --factors " + factors);
    EXPECT_EQ(outcome.code, 2) << factors;
    EXPECT_SAYS(outcome.err, "--factors");
  }
  EXPECT_SAYS(run("spiking convert rates.yaml" + task + " --report nowhere/s.html").err, "nowhere");
}

}  // namespace
}  // namespace dynode
