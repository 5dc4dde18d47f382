#include <algorithm>
#include <gtest/gtest.h>
#include <sstream>

#include "dynode/base/display.h"
#include "dynode/plan/plan.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

std::shared_ptr<const Plan> plan_of(const char* yaml) { return compile(read_spec(parse_yaml(yaml, "net.yaml"))); }

const char* const kDendrites = R"(
simulation: {dt: 37, network_evaluation_method: stepwise_gauss_seidel}
seed: 7
layers:
  - {layer_id: 0, layer_type: Linear, params: {dim: 28}}
  - {layer_id: 1, layer_type: SingleDendrite, params: {dim: 64, source_func: Tanh, bias_current: 1.7, phi_offset: 0.23}}
  - {layer_id: 2, layer_type: Linear, params: {dim: 10}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense, params: {init: {name: uniform, params: {min: -0.2, max: 0.2}}}}
  - {from_layer: 1, to_layer: 1, connection_type: one_to_one, params: {constraints: {min: -1, max: 1}}}
  - {from_layer: 1, to_layer: 2, connection_type: dense, learnable: false, params: {bias: zero}}
)";

TEST(Describe, DrawsTheWholePictureOfASmallNetwork) {
  EXPECT_EQ(describe(*plan_of(kDendrites)), R"(net.yaml

  input       28 channels, the state of layer 0
  output      10 units of layer 2
  time        dt 37, stepwise_gauss_seidel
  seed        7

Layers
  id  type            units  source  dt  stage  parameters
  ──  ──────────────  ─────  ──────  ──  ─────  ──────────────────────────────────────────────
  0   Linear             28              input  holds the input
  1   SingleDendrite     64  Tanh    37      1  phi_offset 0.23 Phi_0 · bias_current 1.7 I_c ·
                                                gamma_plus 0.001 · gamma_minus 0.001
  2   Linear             10          37      2

Connections
  weights   from → to  reads          structure   count  density  notes
  ────────  ─────────  ─────────────  ──────────  ─────  ───────  ──────────────────
  J_0_to_1  0 → 1      fresh          dense       1,792    100 %
  J_1_to_1  1 → 1      one step late  one_to_one     64   1.56 %  within -1 … 1
  J_1_to_2  1 → 2      fresh          dense         640    100 %  bias fixed · fixed

Order of a step
  input 0 ──▶ 1 ⟲ ──▶ 2

  stage  layers  runs
  ─────  ──────  ───────────────────────────────────────────
      1  1       step by step, because it reads its own past
      2  2       through many steps at once

Size
  parameters  2,762, of which 2,112 learnable; 27.2 kB as float32
  work        4.99 kFLOP per step and row, in products with weights
  memory      664 B per step and row as float32, when all is kept for the gradient
)");
}

TEST(Describe, StaysWithinTheWidthOfATerminal) {
  for (const char* extra : {"", "  - {from_layer: 2, to_layer: 1, connection_type: dense}\n"}) {
    std::istringstream lines(describe(*plan_of((std::string(kDendrites) + extra).c_str())));
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(display_width(line), kDisplayWidth) << line;
      EXPECT_EQ(line, line.substr(0, line.find_last_not_of(' ') + 1)) << "spaces at the end";
    }
  }
}

bool says(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

TEST(Describe, ShowsLoopsWarningsAndValuesThatDiffer) {
  const std::string text = describe(*plan_of(R"(
simulation: {input_type: flux}
layers:
  - {layer_id: 1, layer_type: CTRNN, params: {dim: 10, tau: 50, polarity_init: {excitatory_ratio: 0.8}}}
  - {layer_id: 2, layer_type: CTRNN, params: {dim: 2, alpha: [0.1, 0.3], init_state: learn}}
connections:
  - {from_layer: 1, to_layer: 2, connection_type: dense}
  - {from_layer: 2, to_layer: 1, connection_type: dense}
)"));
  EXPECT_PRED2(says, text, "10 channels, added to the drive of layer 1");
  EXPECT_PRED2(says, text, "alpha 0.2 (tau 50) fixed");
  EXPECT_PRED2(says, text, "8 excitatory, 2 inhibitory");
  EXPECT_PRED2(says, text, "alpha 0.1 … 0.3 fixed · initial state is learnt");
  EXPECT_PRED2(says, text, "input ──▶ [1 ⇄ 2]\n");
  EXPECT_PRED2(says, text, "step by step together, because they read each other");
  EXPECT_PRED2(says, text, "  ! connection 2 to 1 feeds back");
}

TEST(Describe, GathersThePortsOfACoreInOneLine) {
  const std::string text = describe(*plan_of(R"(
layers:
  - {layer_id: 0, layer_type: Linear, params: {dim: 3}}
  - {layer_id: 1, layer_type: GRU, params: {dim: 5}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense}
)"));
  EXPECT_PRED2(says, text, "0 → 1.input  fresh          dense         15    100 %\n");
  EXPECT_PRED2(says, text, "1.input → 1  fresh          dense         75    100 %  into r, z, n_x · bias");
  EXPECT_PRED2(says, text, "1 → 1        one step late  dense         75    100 %  into r, z, n_h · bias");
}

TEST(Describe, CountsTwoOperationsPerWeightOfEveryProduct) {
  EXPECT_EQ(flops_per_step(*plan_of(kDendrites)), 2.0 * (28 * 64 + 64 + 64 * 10)) << "absent weights of lists do not count";
}

}  // namespace
}  // namespace dynode
