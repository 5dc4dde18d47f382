// Fixed points, principal components and Lyapunov exponents, where they are known.
#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <numbers>

#include "dynode/analysis/fixed_points.h"
#include "dynode/analysis/lyapunov.h"
#include "dynode/analysis/principal_components.h"
#include "dynode/base/failure_test.h"
#include "dynode/base/random.h"
#include "dynode/run/random_spec_test.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

using Numbers = std::vector<double>;

/// A recurrent layer behind one input, with these weights in a block.
StateMap network(const std::string& layer, const std::string& block = "", const Numbers& weights = {},
                 const std::string& simulation = "dt: 1") {
  const std::string text = "simulation: {" + simulation + R"(}
layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 1}}
  - {layer_id: 1, )" + layer + R"(}
  - {layer_id: 2, layer_type: Linear, params: {dim: 1}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense, params: {init: {name: constant, params: {value: 1}}}}
  - {from_layer: 1, to_layer: 2, connection_type: dense}
)";
  const std::string itself = "  - {from_layer: 1, to_layer: 1, connection_type: dense}\n";
  const bool        add    = layer.find("CTRNN") != layer.npos;
  const auto        plan   = compile(read_spec(parse_yaml(add ? text + itself : text, "net.yaml")));
  Numbers           theta  = plan->theta;
  if (!block.empty()) {
    const Block& b = plan->parameters[plan->parameters.find(block)];
    EXPECT_EQ(b.size(), weights.size());
    std::ranges::copy(weights, theta.begin() + ptrdiff_t(b.offset));
  }
  return StateMap(plan, theta);
}
StateMap ctrnn(const std::string& source, size_t n, const Numbers& weights, double tau = 10) {
  return network("layer_type: CTRNN, params: {dim: " + std::to_string(n) + ", source_func: " + source +
                     ", tau: " + std::to_string(tau) + "}",
                 "J_1_to_1", weights);
}

Numbers random_weights(size_t n, double gain, uint64_t seed) {
  Random  random(seed, "weights");
  Numbers w(n * n);
  for (double& x : w) x = gain / std::sqrt(double(n)) * random.normal();
  return w;
}

// ---- the map --------------------------------------------------------------------------------------------

TEST(StateMap, CarriesWhatLaterStepsRead) {
  const auto names = [](const std::string& layer, const std::string& simulation = "dt: 1") {
    StateMap                 map = network(layer, "", {}, simulation);
    std::vector<std::string> list;
    for (const CarriedState& p : map.parts()) list.push_back(p.name);
    return list;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(names("layer_type: CTRNN, params: {dim: 2}"), (Names{"1/v"}));  // the rate follows
  EXPECT_EQ(names("layer_type: GRU, params: {dim: 2}"), (Names{"1/h"}));
  EXPECT_EQ(names("layer_type: RNN, params: {dim: 2}"), (Names{"1/h"}));  // its connection remembers
  EXPECT_EQ(names("layer_type: LSTM, params: {dim: 2}"), (Names{"1/h", "1/c"}));
  EXPECT_EQ(names("layer_type: CTRNN, params: {dim: 2}", "dt: 1, network_evaluation_method: stepwise_jacobi"),
            (Names{"0/s", "1/v"}));  // the input is read one step late
}

/// s′ and its differences in every kind of network.
TEST(StateMap, JacobianIsTheSlopeOfTheStepInRandomNetworks) {
  size_t compared = 0;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    const auto plan = compile(random_spec(seed, {.noise = false}));
    if (carried_states(*plan).empty()) continue;
    StateMap map(plan, plan->theta);
    Random   random(seed, "state");
    Numbers  s(map.size()), x(map.input_width());
    for (double& v : s) v = 0.3 * random.normal();
    for (double& v : x) v = 0.3 * random.normal();
    const StateMap::Linear l = map.linearise(s, x);
    EXPECT_EQ(l.next, map.step(s, x));
    constexpr double h = 1e-4;
    for (size_t j = 0; j < map.size(); ++j) {
      const auto moved = [&](double by) {
        Numbers other = s;
        other[j] += by;
        return map.step(other, x);
      };
      const Numbers up = moved(h), down = moved(-h), up2 = moved(2 * h), down2 = moved(-2 * h);
      for (size_t i = 0; i < map.size(); ++i, ++compared) {
        const double slope = (8 * (up[i] - down[i]) - (up2[i] - down2[i])) / (12 * h);
        ASSERT_NEAR(l.jacobian[i * map.size() + j], slope, 1e-7 * (1 + std::abs(slope))) << "seed " << seed;
      }
    }
  }
  EXPECT_GT(compared, 3000u);
}

TEST(StateMap, RunsFromTheStartItIsGiven) {
  StateMap      map = ctrnn("tanh", 2, {0, 1, -1, 0});
  const Numbers x = {0.5, 0.1, 0, 0.5, 0.1, 0}, start = {0.3, -0.2, 1, 2};
  const Numbers all = map.run(x, 2, 3, start);
  Numbers       s   = start;
  for (size_t t = 0; t < 3; ++t) s = map.step(s, Numbers{x[t], x[3 + t]});
  EXPECT_EQ((Numbers{all[6], all[7], all[14], all[15]}), s);
  EXPECT_EQ((Numbers{all[0], all[1], all[8], all[9]}), start);
}

TEST(StateMap, RefusesNetworksWithoutDynamics) {
  EXPECT_EQ(failure([] { network("layer_type: Linear, params: {dim: 2}"); }),
            "no layer of this network carries a state from step to step\n  there are no dynamics to analyse");
  EXPECT_EQ(failure([] { network("layer_type: LIF, params: {dim: 2}"); }),
            "layer 1 (LIF) fires, and spikes have no derivative\n  this analysis is for networks of rates");
}

TEST(StateMap, KnowsHowLongAStepIs) {
  const std::string dendrites = "layer_type: SingleDendrite, params: {dim: 2}";
  EXPECT_EQ(network(dendrites, "", {}, "dt: 2").dt(), 2);
  EXPECT_EQ(network(dendrites, "dt", {5}, "dt: 2, dt_learnable: true").dt(), 5);  // as learnt
  EXPECT_EQ(network("layer_type: SingleDendrite, params: {dim: 2, dt: 3}", "", {}, "dt: 2").dt(), 3);
}

// ---- fixed points ---------------------------------------------------------------------------------------

TEST(NetworkFixedPoints, OfALinearNetworkAreSolvedAndHaveItsEigenvalues) {
  // τ v̇ = −v + W v + x: v* = (1 − W)⁻¹ x, eigenvalues (−1 + eig W)/τ, eig W = 0.5 ± 0.8 i
  StateMap          map    = ctrnn("identity", 2, {0.5, -0.8, 0.8, 0.5});
  const FixedPoints result = find_fixed_points(map, Numbers{3, 4, -1, 0}, Numbers{1});
  ASSERT_EQ(result.points.size(), 1u);
  const FixedPoint& p = result.points[0];
  EXPECT_NEAR(p.state[0], (0.5 - 0.8) / 0.89, 1e-12);
  EXPECT_NEAR(p.state[1], (0.5 + 0.8) / 0.89, 1e-12);
  EXPECT_EQ(p.kind, PointKind::stable_focus);
  EXPECT_EQ(p.starts, 2);
  EXPECT_NEAR(rate_of(p.multipliers[0], map.dt()).real(), -0.05, 1e-13);
  EXPECT_NEAR(std::abs(rate_of(p.multipliers[0], map.dt()).imag()), 0.08, 1e-13);
  EXPECT_NEAR(time_constant(p.multipliers[0], map.dt()), -1 / std::log(std::hypot(0.95, 0.08)), 1e-9);
  EXPECT_LT(p.q(), 1e-24);
}

TEST(NetworkFixedPoints, OfTwoUnitsThatExciteEachOtherAreTwoMemoriesAndASaddle) {
  // v = 2 tanh v has the roots 0 and ±1.91500805…; along (1, 1) the slope is −1 + 2 (1 − tanh² v), along (1, −1) −1 − …
  StateMap          map = ctrnn("tanh", 2, {0, 2, 2, 0});
  const FixedPoints result =
      find_fixed_points(map, Numbers{2, 1, -2, -1, 0.1, -0.4, 1.5, 1.4}, Numbers{0}, {.scale = 2});
  ASSERT_EQ(result.points.size(), 3u);
  constexpr double root = 1.9150080481545205;
  ASSERT_NEAR(root, 2 * std::tanh(root), 1e-12);
  for (int k = 0; k < 2; ++k) {
    const FixedPoint& p = result.points[size_t(k)];
    EXPECT_EQ(p.kind, PointKind::stable_node);
    EXPECT_NEAR(std::abs(p.state[0]), root, 1e-9);
    EXPECT_NEAR(p.state[0], p.state[1], 1e-9);
    const double slope = 2 * (1 - std::pow(root / 2, 2));
    EXPECT_NEAR(rate_of(p.multipliers[0], map.dt()).real(), (-1 + slope) / 10, 1e-9);
    EXPECT_NEAR(rate_of(p.multipliers[1], map.dt()).real(), (-1 - slope) / 10, 1e-9);
  }
  EXPECT_EQ(result.points[0].starts, 2);
  EXPECT_EQ(result.points[2].kind, PointKind::saddle);
  EXPECT_EQ(result.points[2].unstable, 1);
  EXPECT_NEAR(result.points[2].state[0], 0, 1e-9);
  EXPECT_NEAR(rate_of(result.points[2].multipliers[0], map.dt()).real(), 0.1, 1e-9);
  EXPECT_NEAR(time_constant(result.points[2].multipliers[0], map.dt()), -1 / std::log(1.1), 1e-9);
}

TEST(NetworkFixedPoints, FollowTheInput) {
  // a unit v = 2 tanh v + x: past the fold at x = 0.5328 the lower memory is gone, and a slow point is left of it
  StateMap   map  = ctrnn("tanh", 1, {2});
  const auto find = [&](double x) {
    return find_fixed_points(map, Numbers{-1, -0.8, 3}, Numbers{x}, {.slow = 0.5, .scale = 2, .typical_speed = 0.1});
  };
  EXPECT_EQ(find(0.5).points.size(), 3u);
  const FixedPoints past = find(0.6);
  ASSERT_EQ(past.points.size(), 2u);
  EXPECT_EQ(past.points[0].kind, PointKind::stable_node);
  EXPECT_EQ(past.points[1].kind, PointKind::slow);
  // the velocity (−v + 2 tanh v + x)/τ is least where 2 sech² v = 1
  EXPECT_NEAR(past.points[1].state[0], -std::acosh(std::numbers::sqrt2), 1e-5);
  EXPECT_NEAR(past.points[1].speed, (std::acosh(std::numbers::sqrt2) - std::numbers::sqrt2 + 0.6) / 10, 1e-9);
  EXPECT_EQ(find_fixed_points(map, Numbers{-1}, Numbers{0.6}).lost, 1);
}

TEST(NetworkFixedPoints, AreNamedByWhatGrows) {
  const auto kind = [](const Numbers& w) {
    StateMap map = ctrnn("tanh", 2, w);
    return describe_point(map, Numbers{0, 0}, Numbers{0}).kind;
  };
  EXPECT_EQ(kind({0, 0, 0, 0}), PointKind::stable_node);
  EXPECT_EQ(kind({0, 1, -1, 0}), PointKind::stable_focus);
  EXPECT_EQ(kind({1, 0, 0, 0}), PointKind::marginal);
  EXPECT_EQ(kind({2, 0, 0, 0}), PointKind::saddle);
  EXPECT_EQ(kind({2, 1, -1, 2}), PointKind::unstable);
}

TEST(NetworkFixedPoints, AreFoundInEveryKindOfRecurrentLayer) {
  for (const std::string type : {"GRU", "RNN", "LSTM", "MinGRU"}) {
    StateMap          map    = network("layer_type: " + type + ", params: {dim: 3}");
    const Numbers     states = map.run(Numbers(50, 0.5), 1, 50);
    const FixedPoints result = find_fixed_points(map, starts_from(states, map.size(), 4, 0.1, 1), Numbers{0.5});
    ASSERT_FALSE(result.points.empty()) << type;
    EXPECT_LT(result.points[0].speed, 1e-8) << type;
    const Numbers next = map.step(result.points[0].state, Numbers{0.5});
    for (size_t i = 0; i < map.size(); ++i) EXPECT_NEAR(next[i], result.points[0].state[i], 1e-8) << type;
  }
}

TEST(NetworkFixedPoints, StartWhereTrajectoriesPass) {
  const Numbers states = {0, 0, 1, 10, 2, 20, 3, 30};
  EXPECT_EQ(starts_from(states, 2, 2, 0, 1), (Numbers{0, 0, 2, 20}));
  EXPECT_EQ(starts_from(states, 2, 4, 0, 1), states);
  const Numbers many = starts_from(states, 2, 400, 0.5, 1);
  double        sum  = 0;
  for (size_t k = 0; k < 400; ++k) sum += std::pow(many[2 * k + 1] - states[2 * (k / 100) + 1], 2) / 400;
  EXPECT_NEAR(std::sqrt(sum), 0.5 * std::sqrt(125.0), 0.6);  // deviation of 0, 10, 20, 30
  EXPECT_EQ(many, starts_from(states, 2, 400, 0.5, 1));
}

// ---- principal components -------------------------------------------------------------------------------

TEST(PrincipalComponents, OfAnEllipseAreItsAxes) {
  // half-axes 3 and 1, the long one turned by 30°, around (5, −2, 1)
  const double c = std::cos(std::numbers::pi / 6), s = std::sin(std::numbers::pi / 6);
  Numbers      states;
  for (int k = 0; k < 360; ++k) {
    const double a = 3 * std::cos(k * std::numbers::pi / 180), b = std::sin(k * std::numbers::pi / 180);
    states.insert(states.end(), {5 + c * a - s * b, -2 + s * a + c * b, 1});
  }
  const PrincipalComponents pc = principal_components(states, 3);
  EXPECT_NEAR(pc.variance[0], 4.5, 1e-12);
  EXPECT_NEAR(pc.variance[1], 0.5, 1e-12);
  EXPECT_NEAR(pc.variance[2], 0, 1e-12);
  EXPECT_NEAR(pc.explained()[0], 0.9, 1e-12);
  const Numbers mean = {5, -2, 1}, axes = {c, s, 0, -s, c, 0, 0, 0, 1};
  for (size_t i = 0; i < 3; ++i) EXPECT_NEAR(pc.mean[i], mean[i], 1e-12);
  for (size_t i = 0; i < 9; ++i) EXPECT_NEAR(pc.axes[i], axes[i], 1e-12);
  const Numbers places = pc.project(Numbers{5 + c, -2 + s, 7, 5, -2, 1}, 2);
  const Numbers wanted = {1, 0, 0, 0};
  for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(places[i], wanted[i], 1e-12);
}

// ---- Lyapunov exponents ---------------------------------------------------------------------------------

TEST(Lyapunov, ExponentsOfALinearNetworkAreThoseOfItsModes) {
  // modes 1 + (eig W − 1)/10 with eig W = 0.9, 0.2, −0.5; the weights are triangular, not normal
  StateMap      map   = ctrnn("identity", 3, {0.9, 2, -1, 0, 0.2, 1.5, 0, 0, -0.5});
  const size_t  steps = 600;
  const Numbers x(2 * steps, 0.3), states = map.run(x, 2, steps), found = lyapunov_exponents(map, states, x, 2, 3, 300);
  const Numbers wanted = {std::log(0.99), std::log(0.92), std::log(0.85)};
  for (size_t i = 0; i < 6; ++i) EXPECT_NEAR(found[i], wanted[i % 3], 1e-10);
}

TEST(Lyapunov, ExponentsAddUpToTheGrowthOfVolumes) {
  // whatever the trajectory, the sum of all is the mean of ln|det ∂s′/∂s|
  StateMap      map   = ctrnn("tanh", 3, random_weights(3, 3, 5));
  const size_t  steps = 40;
  const Numbers x(steps, 0.2), start = {1, -1, 0.5}, states = map.run(x, 1, steps, start);
  double        volume = 0;
  for (size_t t = 0; t < steps; ++t) {
    const Numbers j = map.linearise(std::span(states).subspan(3 * t, 3), Numbers{0.2}).jacobian;
    volume += std::log(std::abs(j[0] * (j[4] * j[8] - j[5] * j[7]) - j[1] * (j[3] * j[8] - j[5] * j[6]) +
                                j[2] * (j[3] * j[7] - j[4] * j[6])));
  }
  const Numbers found = lyapunov_exponents(map, states, x, 1, 3);
  EXPECT_NEAR(found[0] + found[1] + found[2], volume / double(steps), 1e-12);
}

TEST(Lyapunov, RandomNetworksAreChaoticWhereWeightsAreStrong) {
  // Sompolinsky, Crisanti & Sommers 1988: chaos from g = 1 on, silence below
  const auto largest = [](double gain) {
    constexpr size_t n = 100, steps = 1500, before = 500;
    StateMap         map = ctrnn("tanh", n, random_weights(n, gain, 3));
    Random           random(1, "start");
    Numbers          start(n);
    for (double& s : start) s = random.normal();
    const Numbers first = map.run(Numbers(before), 1, before, start);
    const Numbers x(steps), states = map.run(x, 1, steps, std::span(first).last(n));
    return lyapunov_exponents(map, states, x, 1, 2, 300);
  };
  EXPECT_LT(largest(0.7)[0], -0.01);
  const Numbers chaos = largest(3);
  EXPECT_GT(chaos[0], 0.005);
  EXPECT_LT(chaos[0], 0.1);  // below 1/τ
  EXPECT_GE(chaos[0], chaos[1]);
}

TEST(Lyapunov, RefusesMoreExponentsThanThereAre) {
  StateMap      map = ctrnn("tanh", 2, {0, 0, 0, 0});
  const Numbers x(5), states = map.run(x, 1, 5);
  EXPECT_EQ(failure([&] { lyapunov_exponents(map, states, x, 1, 3); }),
            "there are 2 Lyapunov exponents, not 3\n  ask for 1 to 2");
}

}  // namespace
}  // namespace dynode
