#include "dynode/base/failure_test.h"
#include "dynode/params/parameters.h"

#include <cmath>
#include <gtest/gtest.h>

#include "dynode/base/error.h"

namespace dynode {
namespace {

const double kInfinity = HUGE_VAL;

/// weights [2, 3] with a hole, a log parameter, a boxed one, one number
ParameterMap some_map() {
  ParameterMap map;
  map.add({.name = "J_0_to_1", .shape = {2, 3}, .mask = {1, 0, 1, 1, 1, 0}});
  map.add({.name = "layer1/gamma", .shape = {2}, .transform = Transform::exponential, .min = 1e-10});
  map.add({.name = "layer1/offset", .shape = {2}, .learnable = false, .min = -1, .max = 0.5});
  map.add({.name = "dt"});
  return map;
}

TEST(Parameters, LieOneBehindTheOther) {
  const ParameterMap map = some_map();
  EXPECT_EQ(map.size(), 11u);
  EXPECT_EQ(map[0].offset, 0u);
  EXPECT_EQ(map[1].offset, 6u);
  EXPECT_EQ(map[2].offset, 8u);
  EXPECT_EQ(map[3].offset, 10u);
  EXPECT_EQ(map[3].size(), 1u);
  EXPECT_EQ(map.learnable_size(), 4u + 2u + 1u) << "absent entries and fixed blocks do not count";
  EXPECT_EQ(map.names(), (std::vector<std::string>{"J_0_to_1", "layer1/gamma", "layer1/offset", "dt"}));
}

TEST(Parameters, AreFoundByRealAndByStoredName) {
  const ParameterMap map = some_map();
  EXPECT_EQ(map.find("layer1/gamma"), 1);
  EXPECT_EQ(map.find("layer1/log_gamma"), 1);
  EXPECT_EQ(map[1].stored_name(), "layer1/log_gamma");
  EXPECT_EQ(map[0].stored_name(), "J_0_to_1");
  EXPECT_EQ(map.find("layer1/log_offset"), -1);
  EXPECT_EQ(map.find("gamma"), -1);
  EXPECT_EQ((Block{.name = "tau", .transform = Transform::exponential}).stored_name(), "log_tau");
  EXPECT_EQ((Block{.name = "layer1/taus", .transform = Transform::sigmoid(4, 20)}).stored_name(), "layer1/taus_gaus");
  EXPECT_EQ((Block{.name = "layer1/w", .transform = Transform::softplus}).stored_name(), "layer1/raw_w");
}

TEST(Parameters, TwoBlocksOfOneNameAreOurMistake) {
  ParameterMap map = some_map();
  EXPECT_THROW(map.add({.name = "dt"}), std::logic_error);
}

TEST(Transforms, AreInverseAndTheirSlopeIsTheDerivative) {
  for (Transform t : {Transform::identity, Transform::exponential, Transform::softplus})
    for (double real : {1e-9, 0.3, 1.0, 250.0}) {
      const double stored = stored_value(t, real), h = 1e-6;
      EXPECT_NEAR(real_value(t, stored), real, 1e-14 * real);
      EXPECT_NEAR(transform_slope(t, real), (real_value(t, stored + h) - real_value(t, stored - h)) / (2 * h),
                  1e-9 * real + 1e-9);
    }
  EXPECT_EQ(stored_value(Transform::exponential, 1.0), 0.0);
  EXPECT_EQ(real_value(Transform::identity, -3.0), -3.0);
}

TEST(Transforms, ASigmoidStaysWithinItsRangeWhateverIsStored) {
  const Transform t = Transform::sigmoid(4, 20);
  EXPECT_EQ(real_value(t, 0), 12.0);
  EXPECT_EQ(transform_slope(t, 12), 4.0) << "(20 − 4) / 4";
  EXPECT_EQ(stored_value(t, 12), 0.0);
  EXPECT_EQ(real_value(t, -1e4), 4.0);
  EXPECT_EQ(real_value(t, 1e4), 20.0);
  for (double stored : {-3.0, -0.2, 1.7}) {
    const double real = real_value(t, stored), h = 1e-6;
    EXPECT_NEAR(stored_value(t, real), stored, 1e-13);
    EXPECT_NEAR(transform_slope(t, real), (real_value(t, stored + h) - real_value(t, stored - h)) / (2 * h), 1e-8);
  }
  EXPECT_NE(t, Transform::sigmoid(4, 21));
}

TEST(Transforms, SoftplusIsPositiveWhateverIsStored) {
  const Transform t = Transform::softplus;
  EXPECT_EQ(real_value(t, 0), std::log(2.0));
  EXPECT_EQ(real_value(t, 1000), 1000.0);
  EXPECT_EQ(real_value(t, -1000), 0.0) << "smaller than any number";
  EXPECT_NEAR(real_value(t, -30), std::exp(-30.0), 1e-26);
  EXPECT_NEAR(stored_value(t, std::exp(-30.0)), -30, 1e-13);
  EXPECT_EQ(stored_value(t, 1000), 1000.0);
  EXPECT_EQ(transform_slope(t, std::log(2.0)), 0.5);
  EXPECT_EQ(stored_value(t, 0), -kInfinity);

  ParameterMap map;
  map.add({.name = "w", .shape = {2}, .transform = t});
  std::vector<double> theta(2);
  EXPECT_EQ(failure([&] { set_real<double>(map[0], std::vector{1.0, 0.0}, theta.data()); }),
            "w: value 0 at position 1 is not positive");
}

TEST(SetReal, StoresWhatToRealGivesBack) {
  const ParameterMap map = some_map();
  std::vector<float> theta(map.size());
  set_real<float>(map[1], std::vector<double>{0.001, 2.0}, theta.data());
  EXPECT_EQ(theta[6], float(std::log(0.001)));
  EXPECT_EQ(theta[7], float(std::log(2.0)));
  std::vector<float> real(2);
  to_real<float>(map[1], theta.data(), real);
  EXPECT_NEAR(real[0], 0.001f, 1e-9f);
  EXPECT_NEAR(real[1], 2.0f, 1e-6f);
  std::vector<float> short_one(1);
  EXPECT_THROW(to_real<float>(map[1], theta.data(), std::span<float>(short_one)), std::logic_error);
}

TEST(SetReal, RefusesWhatCannotBeStored) {
  const ParameterMap  map = some_map();
  std::vector<double> theta(map.size(), 0.5);
  const auto          set = [&](int block, std::vector<double> values) {
    return failure([&] { set_real<double>(map[block], values, theta.data()); });
  };
  EXPECT_EQ(set(0, {1, 2}), "J_0_to_1: expected [2, 3], got [2]");
  EXPECT_EQ(set(1, {1, 0}), "layer1/gamma: value 0 at position 1 is not positive");
  EXPECT_EQ(set(1, {-2, 1}), "layer1/gamma: value -2 at position 0 is not positive");
  EXPECT_EQ(set(1, {NAN, 1}), "layer1/gamma: value nan at position 0 is not finite");
  EXPECT_EQ(set(2, {1, kInfinity}), "layer1/offset: value inf at position 1 is not finite");
  EXPECT_EQ(set(3, {-4}), "no error") << "ranges are the projection's business";
}

TEST(SetReal, RefusesTheEndsOfASigmoid) {
  ParameterMap map;
  map.add({.name = "taus", .shape = {2}, .transform = Transform::sigmoid(4, 20)});
  std::vector<double> theta(2);
  const auto          set = [&](double x) {
    return failure([&] { set_real<double>(map[0], std::vector{12, x}, theta.data()); });
  };
  EXPECT_EQ(set(5), "no error");
  EXPECT_EQ(set(4), "taus: value 4 at position 1 is not between 4 and 20");
  EXPECT_EQ(set(25), "taus: value 25 at position 1 is not between 4 and 20");
}

TEST(SetStored, TakesTheNumbersAsTheyAre) {
  const ParameterMap  map = some_map();
  std::vector<double> theta(map.size());
  set_stored<double>(map[1], std::vector<double>{-6.907755278982137, 3}, theta.data());
  EXPECT_EQ(theta[6], -6.907755278982137);
  EXPECT_EQ(theta[7], 3.0);
  EXPECT_EQ(failure([&] {
              set_stored<double>(map[1], std::vector<double>{1, NAN}, theta.data());
            }),
            "layer1/log_gamma: value nan at position 1 is not finite");
  EXPECT_EQ(failure([&] { set_stored<double>(map[1], std::vector<double>{1}, theta.data()); }),
            "layer1/gamma: expected [2], got [1]");
}

/// [to 2, from 3]: the first source excites, the second inhibits, the third is free
ParameterMap rectified_map() {
  ParameterMap map;
  map.add({.name = "J_1_to_1", .shape = {2, 3}, .sign = {1, -1, 0, 1, -1, 0}, .rectified = true});
  return map;
}

TEST(Rectified, WeightsActWithTheSignOfTheirSourceOrNotAtAll) {
  std::vector<float> theta = {2, 3, -4, -0.5f, -1, 0};
  to_effective(rectified_map(), theta.data());
  EXPECT_EQ(theta, (std::vector<float>{2, -3, -4, 0, 0, 0}));
  std::vector<float> hurt = {NAN, 1, 1, 1, NAN, 1};
  to_effective(rectified_map(), hurt.data());
  EXPECT_TRUE(std::isnan(hurt[0]) && std::isnan(hurt[4])) << "NaN is handed on, so that it is noticed";
}

TEST(Rectified, GradientsPassWhereTheWeightIsPositive) {
  const std::vector<double> theta    = {2, 3, -4, -0.5, 0, 0};
  std::vector<double>       gradient = {5, 5, 5, 5, 5, 5};
  to_stored_gradient(rectified_map(), theta.data(), gradient.data());
  EXPECT_EQ(gradient, (std::vector<double>{5, -5, 5, 0, 0, 5}));
}

TEST(Rectified, RawWeightsAreNotProjected) {
  const std::vector<double> before = {-2, 3, -4, 0.5, -1, 7};
  std::vector<double>       theta  = before;
  project(rectified_map(), theta.data());
  EXPECT_EQ(theta, before);
}

TEST(Rectified, AWeightWithoutASignIsOurMistake) {
  ParameterMap map;
  EXPECT_THROW(map.add({.name = "w", .shape = {2}, .sign = {1}, .rectified = true}), std::logic_error);
}

TEST(Plasticity, ScalesGradientsAndFreezesExactly) {
  ParameterMap map;
  map.add({.name = "b", .shape = {2}});
  map.add({.name = "w", .shape = {2, 2}, .plasticity = {1, 0.25, 0, 0}});
  map.add({.name = "still", .shape = {1}, .learnable = false, .plasticity = {0}});
  std::vector<double> gradient = {3, 3, 3, 3, -3, kInfinity, 3};
  apply_plasticity(map, gradient.data());
  EXPECT_EQ(gradient, (std::vector<double>{3, 3, 3, 0.75, 0, 0, 0}));
  std::vector<size_t> held;
  for (const HeldEntry& entry : held_entries(map)) held.push_back(entry.position);
  EXPECT_EQ(held, (std::vector<size_t>{4, 5}));
  EXPECT_EQ(map.learnable_size(), 4u);
}

TEST(StoredGradient, OfALogarithmIsTheRealOneTimesTheValue) {
  const ParameterMap  map = some_map();
  std::vector<double> theta(map.size(), 0.0);
  set_real<double>(map[1], std::vector<double>{0.001, 2.0}, theta.data());
  std::vector<double> gradient(map.size(), 3.0);
  to_stored_gradient(map, theta.data(), gradient.data());
  EXPECT_EQ((std::vector<double>(gradient.begin(), gradient.begin() + 6)), (std::vector<double>{3, 0, 3, 3, 3, 0}));
  EXPECT_NEAR(gradient[6], 0.003, 1e-17);
  EXPECT_NEAR(gradient[7], 6.0, 1e-14);
  EXPECT_EQ(gradient[8], 3.0);
  EXPECT_EQ(gradient[10], 3.0);
}

template <class R>
class Projection : public ::testing::Test {};
using Precisions = ::testing::Types<float, double>;
TYPED_TEST_SUITE(Projection, Precisions);

TYPED_TEST(Projection, KeepsBoxesMasksAndSigns) {
  using R = TypeParam;
  ParameterMap map;
  map.add(
      {.name = "w", .shape = {2, 3}, .min = -1, .max = 2, .mask = {1, 1, 0, 1, 1, 1}, .sign = {1, -1, 0, 1, -1, 0}});
  map.add({.name = "gamma", .shape = {3}, .transform = Transform::exponential, .min = 0.5, .max = 4});
  map.add({.name = "free", .shape = {2}});
  std::vector<R> theta = {R(-0.5), R(0.5), R(0.7), R(3), R(-3), R(-3), R(-20), R(0), R(20), R(-1e30), R(1e30)};
  project(map, theta.data());
  EXPECT_EQ(theta, (std::vector<R>{R(0), R(0), R(0), R(2), R(-1), R(-1), R(std::log(0.5)), R(0), R(std::log(4.0)),
                                   R(-1e30), R(1e30)}));
}

TYPED_TEST(Projection, IsIdempotent) {
  using R          = TypeParam;
  ParameterMap map = some_map();
  map.add({.name = "signed", .shape = {4}, .min = -0.3, .max = 0.1, .sign = {1, -1, 0, 1}});
  std::vector<R> theta(map.size());
  for (size_t i = 0; i < theta.size(); ++i) theta[i] = R(std::sin(7.3 * double(i)) * (i % 3 ? 1 : 40));
  project(map, theta.data());
  const std::vector<R> once = theta;
  project(map, theta.data());
  EXPECT_EQ(theta, once);
}

TYPED_TEST(Projection, LeavesWhatSatisfiesTheConstraintsUntouched) {
  using R                = TypeParam;
  const ParameterMap map = some_map();
  std::vector<R>     theta(map.size(), R(0));
  set_real<R>(map[0], std::vector<double>{1e6, 0, -1e6, 1, 2, 0}, theta.data());
  set_real<R>(map[1], std::vector<double>{1e-10, 1e30}, theta.data());
  set_real<R>(map[2], std::vector<double>{-1, 0.5}, theta.data());
  const std::vector<R> before = theta;
  project(map, theta.data());
  EXPECT_EQ(theta, before);
}

}  // namespace
}  // namespace dynode
