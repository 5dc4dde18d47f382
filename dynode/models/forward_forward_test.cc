// Layers that learn one by one.
#include "dynode/models/forward_forward.h"

#include <cmath>
#include <gtest/gtest.h>

#include "dynode/base/random.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

Model network() {
  return Model::from_spec(read_spec(parse_yaml(R"(
seed: 2
simulation: {dt: 20}
layers:
  - {layer_id: 0, layer_type: Linear, params: {dim: 4}}
  - {layer_id: 1, layer_type: SingleDendrite, params: {dim: 12, source_func: Tanh, phi_offset: 0.0, gamma_plus: 0.02, gamma_minus: 0.01}}
  - {layer_id: 2, layer_type: SingleDendrite, params: {dim: 8, source_func: Tanh, phi_offset: 0.0, gamma_plus: 0.02, gamma_minus: 0.01}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense, params: {init: {name: normal, params: {std: 0.5}}}}
  - {from_layer: 1, to_layer: 2, connection_type: dense, params: {init: {name: normal, params: {std: 0.3}}}}
)")), {.precision = Precision::float64});
}

/// Points left and right of a line.
std::pair<Array, Array> points(size_t rows, uint64_t seed) {
  Random               random(seed);
  std::vector<double>  x;
  std::vector<int64_t> y;
  for (size_t i = 0; i < rows; ++i) {
    const int64_t label = int64_t(i % 2);
    x.push_back((label ? 0.6 : -0.6) + 0.2 * random.normal()), x.push_back(0.5 * random.normal());
    y.push_back(label);
  }
  return {Array{{int64_t(rows), 2}, x}, Array{{int64_t(rows)}, y}};
}

double accuracy(ForwardForwardTrainer& trainer, const std::pair<Array, Array>& data) {
  const std::vector<int64_t> answers = trainer.predict(data.first), labels = data.second.as_integers("y");
  double                     hits = 0;
  for (size_t i = 0; i < answers.size(); ++i) hits += answers[i] == labels[i];
  return hits / double(answers.size());
}

TEST(ForwardForward, LearnsToTellLabelsApart) {
  Model                 model = network();
  ForwardForwardTrainer trainer(model, 2, {.steps = 20, .label_scale = 0.5, .rate = 0.02});
  const auto            data = points(32, 1), fresh = points(100, 2);
  double                first = 0, last = 0;
  for (int i = 0; i < 60; ++i) {
    const auto step = trainer.step(data.first, data.second);
    if (i == 0) first = step.loss;
    last = step.loss;
    if (i == 59) EXPECT_GT(step.right[0].second, step.wrong[0].second);
  }
  EXPECT_LT(last, first);
  EXPECT_GT(accuracy(trainer, fresh), 0.9);
}

TEST(ForwardForward, ALayerLearnsFromItsOwnGoodnessAlone) {
  // the first update of Adam moves by the sign of the slope: weights into layer 1 do so alike with and without layer 2
  Model                 both = network(), one = network();
  ForwardForwardTrainer a(both, 2, {.steps = 10}), b(one, 2, {.steps = 10, .layers = {1}});
  const auto            data = points(8, 3);
  a.step(data.first, data.second), b.step(data.first, data.second);
  EXPECT_EQ(both.parameter("J_0_to_1"), one.parameter("J_0_to_1"));
  EXPECT_NE(both.parameter("J_1_to_2"), one.parameter("J_1_to_2"));
  EXPECT_EQ(one.parameter("J_1_to_2"), network().parameter("J_1_to_2"));
  EXPECT_EQ(both.parameter("layer1/gamma_plus"), network().parameter("layer1/gamma_plus"));
}

TEST(ForwardForward, TheStepGoesDownhill) {
  for (const std::optional<double> decay : {std::optional<double>(), std::optional<double>(0.8)}) {
    Model                 model = network();
    ForwardForwardTrainer trainer(model, 2, {.steps = 10, .rate = 1e-4, .decay = decay, .layers = {1}});
    const auto            data = points(16, 3);
    // two labels: the wrong one is the other, so the loss has no chance in it
    const double before = trainer.step(data.first, data.second).loss, after = trainer.step(data.first, data.second).loss;
    EXPECT_LT(after, before);
  }
}

TEST(ForwardForward, BadInputIsExplained) {
  Model model = network();
  EXPECT_THROW(ForwardForwardTrainer(model, 1), SpecError);
  EXPECT_THROW(ForwardForwardTrainer(model, 4), SpecError);
  EXPECT_THROW(ForwardForwardTrainer(model, 2, {.layers = {0}}), SpecError);
  ForwardForwardTrainer trainer(model, 2);
  const auto            data = points(4, 1);
  EXPECT_THROW(trainer.step(data.first, Array{{3}, std::vector<int64_t>{0, 1, 0}}), ShapeError);
  EXPECT_THROW(trainer.step(data.first, Array{{4}, std::vector<int64_t>{0, 1, 0, 2}}), ShapeError);
  EXPECT_THROW(trainer.predict(Array{{2, 3}, std::vector<double>(6)}), ShapeError);
}

}  // namespace
}  // namespace dynode
