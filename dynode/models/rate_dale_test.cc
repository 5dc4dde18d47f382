// Rate networks with Dale's law: time constants within a range, SOM units, source functions of their family.
#include <cmath>
#include <gtest/gtest.h>

#include "dynode/base/failure_test.h"
#include "dynode/models/model.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

using Numbers = std::vector<double>;

/// One input, rate units with these parameters, connected to themselves; one number out.
Model model_of(const std::string& params, uint64_t seed = 1) {
  return Model::from_spec(read_spec(parse_yaml(R"(
layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 1}}
  - {layer_id: 1, layer_type: RateDale, params: {)" +
                                                   params + R"(}}
  - {layer_id: 2, layer_type: Linear, params: {dim: 1}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense, learnable: false, params: {init: {name: constant, params: {value: 1}}}}
  - {from_layer: 1, to_layer: 1, connection_type: dense, params: {init: {name: gaus, params: {gain: 1.5}}}}
  - {from_layer: 1, to_layer: 2, connection_type: dense, params: {init: {name: normal, params: {std: 0.5}}, bias: zero, polarity: false}}
)",
                                               "net.yaml")),
                          {.precision = Precision::float64, .seed = seed});
}

const Block& block(const Model& m, const std::string& name) {
  return m.plan().parameters[m.plan().parameters.find(name)];
}

TEST(RateDale, RelaxesToItsDriveWithItsTimeConstant) {
  Model m = model_of("dim: 2, source_func: clipped_relu, taus: [4, 20], noise_when: off");
  m.set_parameter("J_1_to_1", Array{{2, 2}, Numbers(4, 0.0)});
  m.set_parameter("layer1/taus_gaus", Array{{2}, Numbers{0, std::log(3.0)}});
  EXPECT_EQ(m.parameter("layer1/taus").as_double()[0], 12.0);
  EXPECT_NEAR(m.parameter("layer1/taus").as_double()[1], 16.0, 1e-14) << "three quarters of the range";

  const Numbers x =
      m.simulate(Array{{1, 30, 1}, Numbers(30, 2.0)}, {.record = {"state/1/x"}}).at("state/1/x").as_double();
  for (size_t t = 0; t <= 30; ++t) {
    EXPECT_NEAR(x[2 * t], 2 - 2 * std::pow(11.0 / 12, double(t)), 1e-14) << t;
    EXPECT_NEAR(x[2 * t + 1], 2 - 2 * std::pow(15.0 / 16, double(t)), 1e-14) << t;
  }
}

TEST(RateDale, OneTimeConstantIsFixedAndARangeIsLearnt) {
  for (const char* one : {"taus: 8", "taus: [8]"}) {
    const Model m = model_of(std::string("dim: 3, noise_when: off, ") + one);
    EXPECT_EQ(m.parameter("layer1/taus").as_double(), Numbers(3, 8.0));
    EXPECT_FALSE(block(m, "layer1/taus").learnable);
    EXPECT_EQ(block(m, "layer1/taus").stored_name(), "layer1/taus");
  }
  const Model m = model_of("dim: 200, noise_when: off, taus: [4, 20]");
  EXPECT_TRUE(block(m, "layer1/taus").learnable);
  double sum = 0, squares = 0;
  for (double z : m.parameter("layer1/taus_gaus").as_double()) sum += z, squares += z * z;
  EXPECT_NEAR(sum / 200, 0, 0.3) << "stored values are drawn from a standard normal distribution";
  EXPECT_NEAR(squares / 200, 1, 0.4);
  for (double tau : m.parameter("layer1/taus").as_double()) EXPECT_TRUE(tau > 4 && tau < 20) << tau;
  EXPECT_FALSE(block(model_of("dim: 3, noise_when: off, taus: [4, 20], learn_taus: false"), "layer1/taus").learnable);
  EXPECT_TRUE(block(model_of("dim: 3, noise_when: off, taus: 9, learn_taus: true"), "layer1/taus").learnable);
  EXPECT_EQ(model_of("dim: 3, noise_when: off, taus: [5, 6, 7]").parameter("layer1/taus").as_double(), (Numbers{5, 6, 7}));
}

TEST(RateDale, RangesThatAreNoneAreRefused) {
  for (const char* pair : {"[20, 4]", "[4, 4]", "[0, 4]", "[4, .inf]"})
    EXPECT_NE(
        failure([&] { model_of(std::string("dim: 3, taus: ") + pair); }).find("give [lowest, highest], or one number"),
        std::string::npos)
        << pair;
}

TEST(RateDale, GradientsOfTimeConstantsAreTheSlopeOfTheLoss) {
  Model m = model_of(
      "dim: 5, source_func: softplus, taus: [4, 20], noise_when: off, polarity: [1, 1, -1, 1, -1], "
      "polarity_enforcement_method: relu");
  const Array x{{2, 12, 1}, [] {
                  Numbers u(24);
                  for (size_t i = 0; i < u.size(); ++i) u[i] = std::sin(0.8 * double(i));
                  return u;
                }()};
  for (const char* name : {"l1", "l2", "mse"}) {
    const std::vector<LossTerm> loss     = {{.loss = name, .target = Array{{2, 12, 1}, Numbers(24, 3.0)}}};
    const Numbers               gradient = m.gradient(x, loss).at("layer1/taus_gaus").as_double();
    const Numbers               stored   = m.parameter("layer1/taus_gaus").as_double();
    for (size_t i = 0; i < 5; ++i) {
      const auto at = [&](double shift) {
        Numbers moved = stored;
        moved[i] += shift;
        m.set_parameter("layer1/taus_gaus", Array{{5}, moved});
        return m.gradient(x, loss).loss;
      };
      const double h = 1e-3;
      EXPECT_NEAR(gradient[i], (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h), 1e-10) << name << " " << i;
    }
    m.set_parameter("layer1/taus_gaus", Array{{5}, stored});
  }
}

TEST(RateDale, SomUnitsTakeNoInhibition) {
  const Model m =
      model_of("dim: 4, noise_when: off, polarity: [1, -1, 1, -1], polarity_enforcement_method: relu, som_N: 1");
  EXPECT_EQ(block(m, "J_1_to_1").mask, (std::vector<uint8_t>{1, 1, 1, 1, 1, 0, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1}));
  EXPECT_NE(failure([] {
              model_of("dim: 4, noise_when: off, polarity: [1, -1, 1, -1], som_N: 3");
            }).find("som_N is 3, but layer 1 has 2 inhibitory units"),
            std::string::npos);
  EXPECT_NE(failure([] { model_of("dim: 4, noise_when: off, som_N: 1"); }).find("has 0 inhibitory units"),
            std::string::npos);
}

TEST(RateDale, SoftplusIsTheClippedOneOfItsFamily) {
  const auto source = [](const std::string& word) {
    return model_of("dim: 2, noise_when: off, source_func: " + word).plan().layers[1].source;
  };
  EXPECT_EQ(source("softplus"), source("clipped_softplus"));
  EXPECT_EQ(source("sigmoid"), model_of("dim: 2, noise_when: off").plan().layers[1].source);
}

TEST(RateDale, HasTheNoiseOfItsFamily) {
  const Model m = model_of("dim: 2");
  EXPECT_TRUE(m.plan().warnings.empty());
  ASSERT_EQ(m.plan().noise.size(), 2u);
  EXPECT_EQ(m.plan().noise[0].name, "layer1/noise_std");
  EXPECT_EQ(m.plan().noise[0].deviation, Numbers(2, 0.1));
  EXPECT_EQ(m.plan().noise[1].name, "layer1/x0_std");
  EXPECT_EQ(m.plan().noise[1].deviation, Numbers(2, 0.01));
}

}  // namespace
}  // namespace dynode
