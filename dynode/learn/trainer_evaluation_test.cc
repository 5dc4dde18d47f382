// The loss of a set is that of all its rows at once, whatever the batches.
#include <cmath>
#include <gtest/gtest.h>
#include <numeric>

#include "dynode/base/random.h"
#include "dynode/base/threads.h"
#include "dynode/learn/trainer_evaluation.h"
#include "dynode/plan/arguments.h"
#include "dynode/plan/plan.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

constexpr size_t kRows = 600, kSteps = 3;   // more than two batches

struct SetOfRows : testing::Test {
  std::shared_ptr<const Plan> plan = compile(read_spec(parse_yaml(R"(
seed: 5
layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 1}}
  - {layer_id: 1, layer_type: CTRNN, params: {dim: 2, source_func: tanh, alpha: 0.5}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense}
)")));
  Engine<double>      engine{plan, std::make_shared<Threads>(1)};
  Dataset             data;
  std::vector<size_t> rows = std::vector<size_t>(kRows);

  SetOfRows() {
    Random  random(3);
    Samples samples;
    samples.name = "rows", samples.rows = kRows, samples.steps = kSteps, samples.width = 1;
    samples.x = std::vector<double>(kRows * kSteps);
    for (double& x : std::get<std::vector<double>>(samples.x)) x = random.normal();
    samples.entries = kSteps, samples.target_width = 2;
    for (size_t i = 0; i < kRows * kSteps * 2; ++i) samples.values.push_back(random.normal() + double(i) / kRows);
    for (size_t i = 0; i < kRows * kSteps; ++i) samples.mask.push_back(i < kRows || i % 5 == 0);   // few count in later rows
    data = Dataset(std::move(samples), DataConfig{}, 0, 1);
    std::iota(rows.begin(), rows.end(), size_t{0});
    engine.set_parameters(plan->theta);
  }

  Minibatch<double> batch(const std::vector<std::string>& losses) const {
    std::vector<ObjectiveTerm> terms;
    for (const std::string& written : losses) {
      const Value      asked = parse_yaml(written);
      const LossEntry& loss  = find_loss(asked.at("name").text());
      const Value*     params = asked.find("params");
      terms.push_back({plan->output, {.kind = Pooling::Kind::none}, &loss,
                       check_arguments(loss.name, loss.facts, params ? *params : Value::map()), 0.5});
    }
    Minibatch<double> result(*plan, terms, {});
    result.set_parameters(plan->theta);
    return result;
  }
  double whole(Minibatch<double> batch) {
    batch.load(data, rows);
    return batch.loss(engine);
  }
  /// Each batch of 256 counts as much as it has rows.
  double by_rows(Minibatch<double> batch) {
    double sum = 0;
    for (size_t at = 0; at < kRows; at += 256) {
      batch.load(data, std::span<const size_t>(rows).subspan(at, std::min<size_t>(256, kRows - at)));
      sum += batch.loss(engine) * double(batch.rows());
    }
    return sum / kRows;
  }
  double evaluated(Minibatch<double> batch) { return evaluate(engine, batch, data, rows, {}).loss; }
};

TEST_F(SetOfRows, StepsThatCountCountAlike) {
  const auto mse = batch({"{name: mse}"});
  EXPECT_NEAR(evaluated(mse), whole(mse), 1e-12);
  EXPECT_GT(std::abs(by_rows(mse) - whole(mse)), 0.1);
}

TEST_F(SetOfRows, LossesThatCoupleRowsSeeAllOfThem) {
  const auto coupled = batch({"{name: mse}",
                              "{name: fr, params: {layer_ids: [1]}}",
                              "{name: average_state_magnitude_loss, params: {layer_ids: [1]}}"});
  EXPECT_NEAR(evaluated(coupled), whole(coupled), 1e-12);
  EXPECT_GT(std::abs(by_rows(coupled) - whole(coupled)), 0.1);
}

TEST_F(SetOfRows, LossesOnWeightsCountOnce) {
  const auto weights = batch({"{name: mse}", "{name: rnn_conn, params: {layer: all}}"});
  EXPECT_NEAR(evaluated(weights), whole(weights), 1e-12);
  EXPECT_GT(whole(weights), whole(batch({"{name: mse}"})));
}

}  // namespace
}  // namespace dynode
