// Layers in a row, and learning from arrays.
#include <cmath>
#include <gtest/gtest.h>

#include "dynode/base/failure_test.h"
#include "dynode/models/graph.h"
#include "dynode/io/io_test.h"
#include "dynode/models/ncp.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

using Shape = std::vector<int64_t>;

Array wave(Shape shape, double step = 0.37) {
  std::vector<double> values(size_t(element_count(shape)));
  for (size_t i = 0; i < values.size(); ++i) values[i] = std::sin(1 + step * double(i));
  return {std::move(shape), values};
}
const SequentialOptions kDouble{.model = {.precision = Precision::float64, .seed = 5}};

// ---- uses of the quickstart -----------------------------------------------------------------------------

TEST(Sequential, InputAndAnLtcWithAWiring) {
  Sequential net({layers::Input(2), ncp::ltc_layer(ncp::AutoNCP(28, 4))});
  EXPECT_EQ(net.predict(wave({3, 5, 2})).shape, (Shape{3, 5, 4}));
}

TEST(Sequential, DenseLayersGiveProbabilitiesPerStep) {
  Sequential  net({layers::Input(20), layers::Dense(50, "relu"), layers::Dense(10, "softmax")}, kDouble);
  const Array y = net.predict(wave({2, 7, 20}));
  ASSERT_EQ(y.shape, (Shape{2, 7, 10}));
  const std::vector<double> p = y.as_double();
  for (size_t i = 0; i < p.size(); i += 10) {
    double sum = 0;
    for (size_t u = 0; u < 10; ++u) sum += p[i + u];
    EXPECT_NEAR(sum, 1, 1e-12);
  }
  EXPECT_EQ(net.model().plan().parameters.learnable_size(), size_t(20 * 50 + 50 + 50 * 10 + 10));
}

// ---- layers ---------------------------------------------------------------------------------------------

TEST(Sequential, ADenseLayerIsAFunctionOfWeightedSums) {
  Sequential                net({layers::Input(2), layers::Dense(1, "softplus")}, kDouble);
  const std::vector<double> w = net.model().parameter("J_0_to_1").as_double();
  net.model().set_parameter("b_0_to_1", Array{{1}, std::vector<double>{0.3}});
  const double y = net.predict(Array{{1, 1, 2}, std::vector<double>{0.5, -2}}).as_double()[0];
  EXPECT_NEAR(y, std::log1p(std::exp(0.5 * w[0] - 2 * w[1] + 0.3)), 1e-14);
  EXPECT_EQ(Sequential({layers::Input(3), layers::Dense(4, "tanh", false)}).model().plan().parameters.learnable_size(),
            12u);
}

TEST(Sequential, RecurrentLayersHaveTheirOwnInputWeights) {
  // as many parameters as torch has
  const auto count = [](Layer layer) {
    return Sequential({layers::Input(20), std::move(layer)}).model().plan().parameters.learnable_size();
  };
  EXPECT_EQ(count(layers::weighing(layers::LSTM(50))), 14400u);
  EXPECT_EQ(count(layers::weighing(layers::GRU(50))), 10800u);
  EXPECT_EQ(count(layers::SimpleRNN(50)), 3600u);

  // one unit by hand: h' = tanh(w x + u h + b + c)
  Sequential rnn({layers::Input(2), layers::SimpleRNN(1)}, kDouble);
  const auto p = [&](const char* name) { return rnn.model().parameter(std::string("layer1/") + name).as_double(); };
  const auto w = p("weight_ih_l0"), u = p("weight_hh_l0"), b = p("bias_ih_l0"), c = p("bias_hh_l0");
  ASSERT_EQ(w.size(), 2u);
  const auto   y = rnn.predict(Array{{1, 2, 2}, std::vector<double>{0.5, -1, 0.25, 2}}).as_double();
  const double h = std::tanh(0.5 * w[0] - w[1] + b[0] + c[0]);
  EXPECT_NEAR(y[0], h, 1e-14);
  EXPECT_NEAR(y[1], std::tanh(0.25 * w[0] + 2 * w[1] + u[0] * h + b[0] + c[0]), 1e-14);
}

TEST(Sequential, GradientsOfAMixedRowAreDerivatives) {
  Sequential  net({layers::Input(3), layers::weighing(layers::LSTM(4)), layers::Dropout(0.4), layers::Function("mish"),
                   layers::LayerNorm(), layers::weighing(layers::GRU(2)), ncp::cfc_layer(ncp::AutoNCP(8, 2)),
                   layers::Dense(2, "selu")},
                  kDouble);
  Model&      m                    = net.model();
  const Array x                    = wave({2, 4, 3});
  const std::vector<LossTerm> loss = {{.target = wave({2, 4, 2}, 0.2)}};
  const GradientRequest       same{.noise = {.training = true, .pass = 1}};
  const Gradient              g = m.gradient(x, loss, same);
  for (const std::string& name : m.parameter_names()) {
    const Block& b  = m.plan().parameters[m.plan().parameters.find(name)];
    const size_t at = b.size() / 2;
    if (!b.learnable || (!b.mask.empty() && !b.mask[at])) continue;
    const Array now   = m.parameter(name);
    const auto  moved = [&](double by) {
      std::vector<double> values = now.as_double();
      values[at] += by;
      m.set_parameter(name, Array{now.shape, values});
      return m.gradient(x, loss, same).loss;
    };
    const double slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
    m.set_parameter(name, now);
    EXPECT_NEAR(g.at(name).as_double()[at], slope, 1e-8 * (1 + std::abs(slope))) << name;
  }
}

TEST(Sequential, DropoutBelongsToTraining) {
  Sequential  net({layers::Input(3), layers::Dropout(0.5), layers::Dense(2)}, kDouble);
  Sequential  without({layers::Input(3), layers::Dense(2)}, kDouble);
  const Array x   = wave({2, 4, 3});
  const auto  run = [&](bool training) {
    return net.model().simulate(x, {.noise = {.training = training}}).at("output");
  };
  EXPECT_EQ(run(false), net.model().simulate(x).at("output"));
  EXPECT_NE(run(true), run(false));
  EXPECT_EQ(net.model().plan().parameters.learnable_size(), without.model().plan().parameters.learnable_size());
}

TEST(Sequential, MistakesAreExplained) {
  const auto says = [](const auto& make, const char* words) {
    const std::string what = failure(make);
    EXPECT_NE(what.find(words), std::string::npos) << what;
  };
  says([] { Sequential({layers::Dropout(0.1)}); }, "begin with layers::Input");
  says([] { Sequential({layers::Input(2), layers::Dense(3, "rellu")}).model(); }, "did you mean 'relu'");
  says([] { Sequential({layers::Input(2), layers::Dropout(1)}).model(); }, "at least 0 and below 1");
  says(
      [] {
        Graph()
            .add_layer(0, layers::Input(2))
            .add_layer(1, layers::LSTM(3))
            .add_layer(2, layers::Linear(2))
            .connect(0, 1, {.structure = structure::direct()})
            .connect(1, 1)
            .model();
      },
      "direct sources and others");
}

TEST(Sequential, ATableShowsWhereParametersAre) {
  Sequential        net({layers::Input(20), layers::Dense(50, "relu"), layers::Dropout(0.1), layers::Dense(10)});
  const std::string table = net.table();
  EXPECT_NE(table.find("1050"), std::string::npos) << table;
  EXPECT_NE(table.find("510"), std::string::npos) << table;
  EXPECT_NE(table.find("1560"), std::string::npos) << table;
}

TEST(Sequential, AFileKeepsTheRow) {
  const TemporaryFolder dir;
  Sequential            net({layers::Input(3), layers::Dense(4, "mish"), layers::LayerNorm(), layers::Dropout(0.2),
                             layers::weighing(layers::LSTM(3)), ncp::ltc_layer(ncp::Units(4)), layers::Function("softmax")});
  const Array           x = wave({2, 4, 3});
  net.save(dir / "net.dynode");
  EXPECT_EQ(Graph::load(dir / "net.dynode")(x), net(x));
  EXPECT_EQ(Graph::from_spec(read_spec(parse_yaml(net.yaml())), {.seed = 4})(x),
            Graph::from_spec(net.spec(), {.seed = 4})(x));
}

// ---- learning -------------------------------------------------------------------------------------------

TEST(Fit, LearnsValuesOfEachStep) {
  Sequential    net({layers::Input(1), layers::weighing(layers::GRU(8)), layers::Dense(1)});
  const Array   x = wave({8, 12, 1}), y = wave({8, 12, 1}, 0.37);
  const double  before = net.evaluate(x, y).loss;
  const History h      = net.fit(x, y, {.epochs = 40, .batch_size = 4, .learning_rate = 2e-2});
  ASSERT_EQ(h.epochs.size(), 40u);
  EXPECT_EQ(h.of("loss").size(), 40u);
  const ModelScores after = net.evaluate(x, y);
  EXPECT_LT(after.loss, before / 10);
  EXPECT_LT(after.loss, 2 * h.of("loss").back());
  EXPECT_EQ(net.predict(x).shape, (Shape{8, 12, 1}));
  EXPECT_NE(failure([&] { h.of("los"); }).find("did you mean 'loss'"), std::string::npos);
}

TEST(Fit, LearnsClassesAndStopsEarly) {
  // the sign of the mean of a sequence; every ninth label is wrong, so that learning on ends in learning by heart
  std::vector<double>  x;
  std::vector<int64_t> y;
  for (int row = 0; row < 64; ++row) {
    const double level = row % 2 ? 1.2 : -1.2;
    for (int t = 0; t < 6; ++t) x.push_back(level + std::sin(0.9 * row + t));
    y.push_back((row % 2) ^ (row % 9 == 0));
  }
  Sequential    net({layers::Input(1), ncp::cfc_layer(ncp::Units(8)), layers::Dense(2)});
  const History h =
      net.fit({{64, 6, 1}, x}, {{64}, y},
              {.epochs = 200, .learning_rate = 3e-2, .validation_split = 0.25, .early_stopping_patience = 8});
  EXPECT_LT(h.epochs.size(), 200u);
  EXPECT_EQ(int64_t(h.epochs.size()), h.best_epoch + 8);
  EXPECT_EQ(h.of("val_accuracy").size(), h.epochs.size());
  EXPECT_GT(net.evaluate({{64, 6, 1}, x}, {{64}, y}).metrics[0].value, 0.75);
  Sequential wrong({layers::Input(1), layers::Dense(2, "softmax")});
  EXPECT_NE(failure([&] {
              wrong.fit({{64, 6, 1}, x}, {{64}, y});
            }).find("Dense layer without activation"),
            std::string::npos);
}

}  // namespace
}  // namespace dynode
