// dynode init, prune and convert --programmable, as a user drives them.
#include "tests/cli_test.h"

#include "dynode/models/model.h"

namespace dynode {
namespace {

constexpr const char* kNetwork = R"(seed: 3
simulation: {dt: 20}
layers:
  - {layer_id: 0, layer_type: Linear, params: {dim: 2}}
  - {layer_id: 1, layer_type: SingleDendrite, params: {dim: 5, source_func: Tanh, phi_offset: 0.1, gamma_plus: 0.01, gamma_minus: 0.01}}
  - {layer_id: 2, layer_type: Linear, params: {dim: 1}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense, params: {init: {name: uniform, params: {min: -0.1, max: 0.1}}}}
  - {from_layer: 1, to_layer: 2, connection_type: dense, params: {init: {name: uniform, params: {min: -0.1, max: 0.1}}}}
)";

std::string refusal(const Outcome& outcome) {
  EXPECT_EQ(outcome.code, 2) << outcome.out << outcome.err;
  return outcome.err;
}

TEST_F(Cli, InitFindsWeightsByRunning) {
  write("n.yaml", kNetwork);
  save_npy(path("x.npy"), Array{{2, 50, 2}, std::vector<double>(200, 0.4)});
  const std::string text = good("init n.yaml --input x.npy --flux-matching --flux 0.4 --connection J_0_to_1 --output m.dynode").out;
  EXPECT_SAYS(text, "layer  mean flux before  after  target  units out of reach");
  EXPECT_SAYS(text, "0.4     0.4                   0");
  for (const double w : Model::load(path("m.dynode")).parameter("J_0_to_1").as_double()) EXPECT_NEAR(w, 0.3 / 2 / 0.4, 1e-6);
  EXPECT_SAYS(good("init n.yaml --input x.npy --criticality --iterations 3 --output c.dynode").out, "of 3 iterations");

  EXPECT_SAYS(refusal(run("init n.yaml --input x.npy --output m.dynode")), "which weights?");
  EXPECT_SAYS(refusal(run("init n.yaml --input x.npy --criticality --flux 1 --output m.dynode")), "means nothing to dynode init --criticality");
  EXPECT_SAYS(refusal(run("init n.yaml --input x.npy --flux-matching --range 1 --output m.dynode")), "a range has two ends");
}

TEST_F(Cli, PruneLeavesOutWeights) {
  write("n.yaml", kNetwork);
  const std::string text = good("prune n.yaml --share 0.5 --connection J_0_to_1 --output p.dynode").out;
  EXPECT_SAYS(text, "J_0_to_1      10      5  50.0 %");
  int left = 0;
  for (const double w : Model::load(path("p.dynode")).parameter("J_0_to_1").as_double()) left += w != 0;
  EXPECT_EQ(left, 5);
  save_npy(path("x.npy"), Array{{4, 10, 2}, std::vector<double>(80, 0.4)});
  save_npy(path("y.npy"), Array{{4, 1}, std::vector<double>(4, 0.4)});
  good("prune n.yaml --share 0.5 --saliency hessian --input x.npy --target y.npy --pooling final --output p.dynode");
  EXPECT_SAYS(refusal(run("prune n.yaml --share 0.5 --saliency fisher --output p.dynode")), "looks at slopes of a loss");
  EXPECT_SAYS(refusal(run("prune n.yaml --share 0.5 --unit rows --output p.dynode")), "did you mean 'row'?");
}

TEST_F(Cli, ConvertMakesWeightsProgrammable) {
  write("n.yaml", kNetwork);
  const std::string text = good("convert n.yaml p.dynode --programmable NOCC:J_1_to_2").out;
  EXPECT_SAYS(text, "programmable");
  EXPECT_SAYS(good("info p.dynode").out, "NOCC");
  EXPECT_SAYS(refusal(run("convert n.yaml p.dynode --programmable XOCC")), "XOCC");
  EXPECT_SAYS(refusal(run("convert n.yaml p.dynode --programmable NOCC:J_1_to_3")), "there is no fixed connection 'J_1_to_3'");
}

}  // namespace
}  // namespace dynode
