#include "dynode/params/quantisation.h"

#include <cmath>
#include <gtest/gtest.h>

#include "dynode/base/failure_test.h"

namespace dynode {
namespace {

using Levels = std::vector<double>;

void expect_near(const Levels& got, const Levels& wanted) {
  ASSERT_EQ(got.size(), wanted.size());
  for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], wanted[i], 1e-15) << i;
}

TEST(Codebook, HasOneZeroAndTheOddLevelAboveIt) {
  expect_near(uniform_codebook(5, -0.2, 0.4), {-0.2, -0.1, 0, 0.2, 0.4});
  expect_near(uniform_codebook(4, -1, 1), {-1, 0, 0.5, 1});
  expect_near(uniform_codebook(1, -1, 1), {0});
  expect_near(codebook_of_bits(2, -0.24, 0.24), {-0.24, -0.12, 0, 0.12, 0.24});
}

TEST(Codebook, WithAnEndAtZeroIsOneSided) {
  expect_near(uniform_codebook(3, 0, 1), {0, 0.5, 1});
  expect_near(uniform_codebook(4, -3, 0), {-3, -2, -1, 0});
  expect_near(uniform_codebook(4, 0.5, 1.5), {0, 0.5, 1, 1.5});
}

TEST(Codebook, ThatCannotBeIsRefused) {
  EXPECT_THROW(uniform_codebook(0, -1, 1), SpecError);
  EXPECT_THROW(uniform_codebook(3, 1, -1), SpecError);
  EXPECT_THROW(uniform_codebook(3, 0, 0), SpecError);
  EXPECT_THROW(uniform_codebook(5, 0, 5e-324), SpecError);
  EXPECT_THROW(uniform_codebook(3, 0, HUGE_VAL), SpecError);
  EXPECT_THROW(codebook_of_bits(-1, -1, 1), SpecError);
  EXPECT_THROW(codebook_of_bits(17, -1, 1), SpecError);
  EXPECT_THROW(codebook_of({}, {}, -1, 1), SpecError);
  EXPECT_THROW(codebook_of(2, 5, -1, 1), SpecError);
}

TEST(Rounding, GoesToTheNearestLevelAndOfTwoToTheLower) {
  const Levels book = {-1, 0, 2};
  EXPECT_EQ(nearest_level(book, -9), -1);
  EXPECT_EQ(nearest_level(book, -0.5), -1);
  EXPECT_EQ(nearest_level(book, 1), 0);
  EXPECT_EQ(nearest_level(book, 1.001), 2);
  EXPECT_EQ(nearest_level(book, 2), 2);
  EXPECT_EQ(nearest_level(book, 7), 2);
}

TEST(Rounding, ByChanceGoesUpAsOftenAsTheWeightIsFar) {
  const Levels book = {-1, 0, 2};
  EXPECT_EQ(stochastic_level(book, 0.5, 0.2499), 2);
  EXPECT_EQ(stochastic_level(book, 0.5, 0.25), 0);
  EXPECT_EQ(stochastic_level(book, 0, 0), 0) << "a level stays what it is";
  EXPECT_EQ(stochastic_level(book, -3, 0.9), -1);
  EXPECT_EQ(stochastic_level(book, 2, 0), 2);
}

/// weights with a hole and a box, frozen ones, and what is no weight of a connection
ParameterMap some_map() {
  ParameterMap map;
  map.add({.name = "J_0_to_1", .shape = {2, 2}, .max = 1, .mask = {1, 0, 1, 1}});
  map.add({.name = "J_1_to_1", .shape = {1, 2}, .learnable = false});
  map.add({.name = "layer2/weight_hh", .shape = {1, 2}});
  map.add({.name = "layer1/bias", .shape = {2}});
  return map;
}

TEST(Quantisation, ReplacesTheWeightsOfConnections) {
  const ParameterMap        map = some_map();
  const std::vector<double> theta = {0.3, 0, 9, -9, 0.6, -0.6, 0.3, 0.3, 0.3, 0.3};
  std::vector<double>       w = theta;
  quantise(map, {.codebook = {-2, -0.5, 0, 0.5, 2}}, {}, w.data());
  EXPECT_EQ(w, (std::vector<double>{0.5, 0, 0.5, -2, 0.5, -0.5, 0.3, 0.3, 0.3, 0.3})) << "levels above the box are not used";
  w = theta;
  quantise(map, {.codebook = {-2, 0, 2}, .connections = {"J_1_to_1"}}, {}, w.data());
  EXPECT_EQ(w, (std::vector<double>{0.3, 0, 9, -9, 0, 0, 0.3, 0.3, 0.3, 0.3}));
  w = theta;
  quantise(map, {.codebook = {-2, 0, 2}, .fixed_too = false}, {}, w.data());
  EXPECT_EQ(w[4], 0.6) << "not learnable";
  const auto says = [&](const Quantisation& q) { return failure([&] { quantise(map, q, {}, w.data()); }); };
  EXPECT_NE(says({.codebook = {0}, .connections = {"J_1_to_2"}}).find("there is no connection 'J_1_to_2'"), std::string::npos);
  EXPECT_NE(says({.codebook = {2, 3}}).find("no level of the codebook lies within the constraints"), std::string::npos);
}

TEST(Quantisation, OfRectifiedWeightsMakesLevelsOfThoseThatAct) {
  ParameterMap map;
  map.add({.name = "J_0_to_1", .shape = {2, 2}, .sign = {1, -1, -1, 0}, .rectified = true});
  const Quantisation  q{.codebook = {-1, 0, 2}};
  std::vector<double> theta = {1.6, 0.9, -5, -3}, acting = theta;
  quantise_stored(map, q, {}, theta.data());
  EXPECT_EQ(theta, (std::vector<double>{2, 1, 0, -1}));
  to_effective(map, acting.data());
  quantise(map, q, {}, acting.data());
  to_effective(map, theta.data());
  EXPECT_EQ(theta, acting);
}

TEST(Quantisation, ByChanceIsAFunctionOfSeedAndPassAndRightInTheMean) {
  ParameterMap map;
  map.add({.name = "J_0_to_1", .shape = {100, 100}});
  const Quantisation q{.codebook = {0, 1}};
  const auto round = [&](uint64_t seed, uint64_t pass) {
    std::vector<float> w(10000, 0.25f);
    quantise(map, q, RoundingDraw{seed, pass}, w.data());
    return w;
  };
  const auto once = round(1, 5);
  EXPECT_EQ(once, round(1, 5));
  EXPECT_NE(once, round(1, 6));
  EXPECT_NE(once, round(2, 5));
  double sum = 0;
  for (float x : once) sum += x;
  EXPECT_NEAR(sum / 10000, 0.25, 4 * std::sqrt(0.25 * 0.75 / 10000));
}

}  // namespace
}  // namespace dynode
