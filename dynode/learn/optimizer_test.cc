// Optimisers: exact first steps, a plain transcription of the published rules as judge, blocks and clipping.
#include "dynode/learn/optimizer.h"

#include <cmath>
#include <gtest/gtest.h>

#include "dynode/base/arguments_test.h"

namespace dynode {
namespace {

using Given  = std::initializer_list<std::pair<const char*, Arguments::Value>>;
using Values = std::vector<double>;

OptimizerSettings settings_of(const char* name, Given given = {}) {
  const OptimizerEntry& entry = find_optimizer(name);
  return optimizer_settings(entry, arguments_of(entry.facts, given));
}

/// θ after each gradient of a list, one parameter.
Values path(const OptimizerSettings& settings, double theta, const Values& grads, double lr) {
  Optimizer<double> optimizer(settings, 1);
  Values            thetas;
  for (size_t k = 0; k < grads.size(); ++k) {
    optimizer.step({&theta, 1}, {&grads[k], 1}, lr, int64_t(k) + 1);
    thetas.push_back(theta);
  }
  return thetas;
}

void expect_near(const Values& got, const Values& expected, double tolerance = 1e-15) {
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], tolerance) << i;
}

TEST(Optimizer, SgdByHand) {
  expect_near(path(settings_of("sgd"), 1, {2, 2}, 0.1), {0.8, 0.6});
  expect_near(path(settings_of("sgd", {{"weight_decay", 0.5}}), 1, {2}, 0.1), {0.75});
  // b = 2, 3, 3.5
  expect_near(path(settings_of("sgd", {{"momentum", 0.5}}), 1, {2, 2, 2}, 0.1), {0.8, 0.5, 0.15});
  // the first b is the whole gradient: 2, then 1 + 0.25·2
  expect_near(path(settings_of("sgd", {{"momentum", 0.5}, {"dampening", 0.75}}), 1, {2, 2}, 0.1), {0.8, 0.65});
  // g + μb: 2 + 1, 2 + 1.5
  expect_near(path(settings_of("sgd", {{"momentum", 0.5}, {"nesterov", 1.0}}), 1, {2, 2}, 0.1), {0.7, 0.35});
}

TEST(Optimizer, AdamStartsWithStepsOfTheLearningRate) {
  // bias correction makes m/√v = ±1 at first, and with equal gradients for ever
  expect_near(path(settings_of("adam"), 1, {1e3, 1e3, 1e3}, 0.1), {0.9, 0.8, 0.7}, 1e-11);
  expect_near(path(settings_of("adam", {{"eps", 1.0}}), 1, {1}, 0.1), {0.95}, 1e-14);
  // decoupled decay shrinks θ first; coupled decay only turns the gradient
  expect_near(path(settings_of("adamw", {{"weight_decay", 0.5}}), 1, {1e3}, 0.1), {0.95 - 0.1}, 1e-11);
  expect_near(path(settings_of("adam", {{"weight_decay", 0.5}}), 1, {1e3}, 0.1), {0.9}, 1e-11);
  expect_near(path(settings_of("adamw", {{"weight_decay", 0.5}}), 1, {0}, 0.1), {0.95});
}

TEST(Optimizer, RmspropByHand) {
  // v = 0.25·4 = 1, then 0.75 + 0.25·4 = 1.75
  const Given quarter = {{"alpha", 0.75}, {"eps", 0.0}};
  expect_near(path(settings_of("rmsprop", quarter), 1, {2, 2}, 0.1), {0.8, 0.8 - 0.2 / std::sqrt(1.75)});
  // centered: mean 0.5, variance 1 − 0.25
  expect_near(path(settings_of("rmsprop", {{"alpha", 0.75}, {"eps", 0.0}, {"centered", 1.0}}), 1, {2}, 0.1),
              {1 - 0.2 / std::sqrt(0.75)});
  // momentum: b = 2, then 1 + 2/√1.75
  expect_near(path(settings_of("rmsprop", {{"alpha", 0.75}, {"eps", 0.0}, {"momentum", 0.5}}), 1, {2, 2}, 0.1),
              {0.8, 0.8 - 0.1 * (1 + 2 / std::sqrt(1.75))});
}

TEST(Optimizer, LionStepsByTheSign) {
  // m = 0.01·2; then 0.9·0.02 − 0.1·0.1 > 0 goes on, and 0.9·0.0188 − 0.1 < 0 turns
  expect_near(path(settings_of("lion"), 1, {2, -0.1, -1}, 0.1), {0.9, 0.8, 0.9}, 1e-14);
  expect_near(path(settings_of("lion", {{"weight_decay", 1.0}}), 1, {2}, 0.1), {0.8});
  expect_near(path(settings_of("lion"), 1, {0}, 0.1), {1});
}

/// Adam as its paper and torch write it, one number at a time.
struct PlainAdam {
  double m = 0, v = 0;
  double step(double theta, double g, double lr, const OptimizerSettings& s, int64_t k) {
    if (s.kind == OptimizerKind::adamw) theta -= lr * s.weight_decay * theta;
    else g += s.weight_decay * theta;
    m = s.beta1 * m + (1 - s.beta1) * g;
    v = s.beta2 * v + (1 - s.beta2) * g * g;
    const double m_hat = m / (1 - std::pow(s.beta1, double(k))), v_hat = v / (1 - std::pow(s.beta2, double(k)));
    return theta - lr * m_hat / (std::sqrt(v_hat) + s.eps);
  }
};

TEST(Optimizer, AdamFollowsItsPaperForManySteps) {
  for (const char* name : {"adam", "adamw"}) {
    const OptimizerSettings settings = settings_of(name, {{"weight_decay", 0.1}, {"betas", Values{0.8, 0.95}}});
    Optimizer<double>       optimizer(settings, 3);
    Optimizer<float>        in_float(settings, 3);
    std::vector<PlainAdam>  judge(3);
    Values                  theta = {1, -2, 0.5}, expected = theta;
    std::vector<float>      theta_float(theta.begin(), theta.end());
    for (int64_t k = 1; k <= 50; ++k) {
      Values grad(3);
      for (size_t i = 0; i < 3; ++i) grad[i] = std::sin(double(k) + 2.0 * double(i));
      const std::vector<float> grad_float(grad.begin(), grad.end());
      optimizer.step(theta, grad, 0.01, k);
      in_float.step(theta_float, grad_float, 0.01, k);
      for (size_t i = 0; i < 3; ++i) expected[i] = judge[i].step(expected[i], grad[i], 0.01, settings, k);
    }
    expect_near(theta, expected, 1e-14);
    for (size_t i = 0; i < 3; ++i) EXPECT_NEAR(theta_float[i], expected[i], 5e-6) << name;
  }
}

TEST(Optimizer, EveryKindFindsTheMinimumOfABowl) {
  for (const OptimizerEntry& entry : optimizers()) {
    const OptimizerSettings settings = optimizer_settings(entry, arguments_of(entry.facts, {{"weight_decay", 0.0}}));
    Optimizer<double>       optimizer(settings, 2);
    Values                  theta = {1, -1};
    for (int64_t k = 1; k <= 3000; ++k) {
      const Values grad = {theta[0], 4 * theta[1]};
      optimizer.step(theta, grad, 0.03 / (1 + 0.01 * double(k)), k);
    }
    EXPECT_LT(std::hypot(theta[0], theta[1]), 2e-2) << entry.name;
  }
}

TEST(Optimizer, BlocksScaleDecayAndFreeze) {
  const std::vector<ParameterBlock> blocks = {{.begin = 0, .end = 1},
                                              {.begin = 1, .end = 2, .lr_scale = 0.5},
                                              {.begin = 2, .end = 3, .decay = false},
                                              {.begin = 3, .end = 4, .frozen = true}};   // entry 4 is in no block
  Optimizer<double> optimizer(settings_of("sgd", {{"weight_decay", 0.5}}), 5, blocks);
  Values            theta(5, 1.0);
  const Values      grad(5, 2.0);
  optimizer.step(theta, grad, 0.1, 1);
  expect_near(theta, {0.75, 0.875, 0.8, 1, 1});
}

TEST(Optimizer, ResultsDoNotDependOnBlocks) {
  constexpr size_t size = 37;
  for (const OptimizerEntry& entry : optimizers()) {
    const OptimizerSettings settings = optimizer_settings(entry, arguments_of(entry.facts));
    Optimizer<float> whole(settings, size), parts(settings, size, {{.begin = 0, .end = 5}, {.begin = 5, .end = size}});
    std::vector<float> a(size), grad(size);
    for (size_t i = 0; i < size; ++i) a[i] = std::sin(float(i));
    std::vector<float> b = a;
    for (int64_t k = 1; k <= 5; ++k) {
      for (size_t i = 0; i < size; ++i) grad[i] = std::cos(float(i) + float(k));
      whole.step(a, grad, 0.01, k);
      parts.step(b, grad, 0.01, k);
    }
    EXPECT_EQ(a, b) << entry.name;   // same bits
  }
}

TEST(Optimizer, GoesOnFromItsSlotsAsIfNothingHadHappened) {
  for (const OptimizerEntry& entry : optimizers())
    for (const bool momentum : {false, true}) {
      OptimizerSettings settings = optimizer_settings(entry, arguments_of(entry.facts));
      if (momentum) settings.momentum = 0.9, settings.centered = true;
      Optimizer<double> first(settings, 2), second(settings, 2);
      Values            theta = {1, 2};
      const Values      grad = {0.3, -0.2}, other = {-0.1, 0.4};
      first.step(theta, grad, 0.1, 1);
      Values resumed = theta;
      auto   from = first.slots(), to = second.slots();
      ASSERT_EQ(from.size(), to.size());
      for (size_t i = 0; i < from.size(); ++i) {
        EXPECT_EQ(from[i].name, to[i].name);
        std::copy(from[i].values.begin(), from[i].values.end(), to[i].values.begin());
      }
      first.step(theta, other, 0.1, 2);
      second.step(resumed, other, 0.1, 2);
      EXPECT_EQ(theta, resumed) << entry.name;
    }
}

TEST(Optimizer, SlotsAreOnlyWhatAKindNeeds) {
  const auto names = [](const OptimizerSettings& settings) {
    Optimizer<float> optimizer(settings, 4);
    std::string      list;
    for (const auto& slot : optimizer.slots()) list += slot.name + (slot.values.size() == 4 ? " " : "? ");
    return list;
  };
  EXPECT_EQ(names(settings_of("adamw")), "m v ");
  EXPECT_EQ(names(settings_of("sgd")), "");
  EXPECT_EQ(names(settings_of("sgd", {{"momentum", 0.9}})), "m ");
  EXPECT_EQ(names(settings_of("rmsprop", {{"centered", 1.0}})), "v mean ");
  EXPECT_EQ(names(settings_of("lion")), "m ");
  EXPECT_EQ(names(settings_of("muon")), "m v ");
}

TEST(Optimizer, MuonUpdatesAreNearlyOrthogonal) {
  for (const auto& [rows, columns] : {std::pair<size_t, size_t>{6, 9}, {9, 6}, {5, 5}}) {
    Optimizer<double> optimizer(settings_of("muon"), rows * columns, {{.begin = 0, .end = rows * columns, .rows = rows, .columns = columns}});
    Values theta(rows * columns), grad(rows * columns);
    for (size_t i = 0; i < grad.size(); ++i) grad[i] = std::sin(1.7 * double(i * i)) + 0.3;
    optimizer.step(theta, grad, 0.1, 1);
    // X = −θ/(η s) has XXᵀ, of the smaller side, near the identity
    const double s = 0.1 * std::sqrt(std::max(1.0, double(rows) / double(columns)));
    const bool   wide = rows <= columns;
    const size_t n = std::min(rows, columns), m = std::max(rows, columns);
    const auto   x = [&](size_t i, size_t k) { return -theta[wide ? i * columns + k : k * columns + i] / s; };
    double       along = 0;
    for (size_t i = 0; i < theta.size(); ++i) along -= theta[i] * grad[i];
    EXPECT_GT(along, 0) << "downhill";
    for (size_t i = 0; i < n; ++i)
      for (size_t j = 0; j < n; ++j) {
        double product = 0;
        for (size_t k = 0; k < m; ++k) product += x(i, k) * x(j, k);
        EXPECT_NEAR(product, i == j, 0.45) << rows << "x" << columns << " " << i << "," << j;
      }
  }
  // singular values in [0.68, 1.21] whatever they were: |X|² lies between n 0.68² and n 1.21²
  Values x = {100, 3, -2, 0.5, 7, 0.25};
  orthogonalise(x, 2, 3, 5);
  double squares = 0;
  for (const double v : x) squares += v * v;
  EXPECT_GT(squares, 2 * 0.68 * 0.68);
  EXPECT_LT(squares, 2 * 1.21 * 1.21);
  Values zero(6);
  orthogonalise(zero, 2, 3, 5);
  EXPECT_EQ(zero, Values(6));
}

TEST(Optimizer, MuonOfDiagonalMatricesIsItsPolynomial) {
  // diagonal matrices stay diagonal, each entry goes its own way; momentum 0.5: B = g/2, U = 0.75 g, then B = 0.75 g, U = 0.875 g
  const auto near_one = [](double v) {
    for (int k = 0; k < 5; ++k) v = 3.4445 * v - 4.7750 * std::pow(v, 3) + 2.0315 * std::pow(v, 5);
    return v;
  };
  const double      big = near_one(3 / 5.0), small = near_one(4 / 5.0);   // of a matrix diag(3, 4), |U| = 5
  Optimizer<double> optimizer(settings_of("muon", {{"momentum", 0.5}, {"weight_decay", 0.1}}), 5,
                              {{.begin = 0, .end = 4, .rows = 2, .columns = 2}, {.begin = 4, .end = 5, .decay = false}});
  Values       theta(5, 1.0);
  const Values grad = {3e3, 0, 0, 4e3, 1e3};
  optimizer.step(theta, grad, 0.1, 1);
  expect_near(theta, {0.99 - 0.1 * big, 0.99, 0.99, 0.99 - 0.1 * small, 0.9}, 1e-9);   // the vector goes as Adam does
  optimizer.step(theta, grad, 0.1, 2);
  expect_near(theta, {0.99 * (0.99 - 0.1 * big) - 0.1 * big, 0.9801, 0.9801, 0.99 * (0.99 - 0.1 * small) - 0.1 * small, 0.8}, 1e-9);
  OptimizerSettings settings = settings_of("muon", {{"match_adam", 1.0}});
  Optimizer<double> matched(settings, 4, {{.begin = 0, .end = 4, .rows = 2, .columns = 2}});
  Values            other(4);
  matched.step(other, std::span(grad).first(4), 0.1, 1);
  EXPECT_NEAR(other[0], -0.1 * 0.2 * std::sqrt(2.0) * big, 1e-9);
}

TEST(Optimizer, RefusesSettingsThatDoNotGoTogether) {
  EXPECT_THROW(settings_of("sgd", {{"nesterov", 1.0}}), SpecError);
  EXPECT_THROW(settings_of("sgd", {{"nesterov", 1.0}, {"momentum", 0.9}, {"dampening", 0.1}}), SpecError);
  EXPECT_THROW(settings_of("adam", {{"betas", Values{0.9}}}), SpecError);
  EXPECT_THROW(settings_of("adam", {{"betas", Values{0.9, 1.0}}}), SpecError);
  EXPECT_THROW(find_optimizer("adamx"), SpecError);
  EXPECT_EQ(settings_of("lion").beta2, 0.99);
  EXPECT_EQ(settings_of("adamw").weight_decay, 1e-2);
}

TEST(Clipping, ByNormKeepsTheDirection) {
  const std::vector<ParameterBlock> blocks = {{.begin = 0, .end = 2}, {.begin = 2, .end = 3, .frozen = true}};
  Values grad = {3, 4, 100};
  EXPECT_DOUBLE_EQ(gradient_norm<double>(blocks, grad), 5);   // what is frozen does not count
  EXPECT_DOUBLE_EQ(clip_by_norm<double>(blocks, grad, 10), 5);
  EXPECT_EQ(grad[0], 3);
  EXPECT_DOUBLE_EQ(clip_by_norm<double>(blocks, grad, 1), 5);
  EXPECT_NEAR(grad[0], 0.6, 1e-6);
  EXPECT_NEAR(grad[1] / grad[0], 4.0 / 3, 1e-15);
}

TEST(Clipping, ByNormSumsInDouble) {
  std::vector<float> grad(1 << 20, 1e-3f);
  const std::vector<ParameterBlock> blocks = {{.begin = 0, .end = grad.size()}};
  EXPECT_NEAR(gradient_norm<float>(blocks, grad), 1.024, 1e-7);
}

TEST(Clipping, LeavesAGradientThatIsNotFiniteToTheCaller) {
  const std::vector<ParameterBlock> blocks = {{.begin = 0, .end = 2}};
  Values grad = {INFINITY, 1};
  EXPECT_FALSE(std::isfinite(clip_by_norm<double>(blocks, grad, 1)));
  EXPECT_EQ(grad[1], 1);
}

TEST(Clipping, ByValueLimitsEveryEntry) {
  const std::vector<ParameterBlock> blocks = {{.begin = 0, .end = 4}};
  Values grad = {-3, 0.5, 3, NAN};
  clip_by_value<double>(blocks, grad, 1);
  EXPECT_EQ(grad[0], -1);
  EXPECT_EQ(grad[1], 0.5);
  EXPECT_EQ(grad[2], 1);
  EXPECT_TRUE(std::isnan(grad[3]));
}

}  // namespace
}  // namespace dynode
