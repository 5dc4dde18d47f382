// What is special to closed-form cells and the layers of their backbone: settings that kernels read.
#include <gtest/gtest.h>

#include "dynode/cells/slab_test.h"

namespace dynode {
namespace {

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

template <class R>
SlabRun<R> made(const char* cell, std::initializer_list<std::pair<const char*, double>> settings, SlabShape shape) {
  SlabRun<R> run(*find_cell(cell), 0, shape);
  for (const auto& [name, value] : settings) run.set(name, value);
  return run;
}

template <class R>
SlabRun<R> made(const char* cell, std::initializer_list<std::pair<const char*, double>> settings, Layout layout) {
  return made<R>(cell, settings, SlabShape{layout, layout == Layout::tiles ? dense_kernels<R>().width : 3});
}

template <class R, class Visit>
void each_number(const SlabRun<R>& run, const Visit& visit) {
  for (size_t row = 0; row < run.slab.rows; ++row)
    for (size_t unit = 0; unit < kUnits; ++unit) visit(row, run.at(row, unit));
}

TEST(Cfc, HeadsAreMixedAsModeActivationAndSignSay) {
  for (double mode : {0, 2})
    for (double activation : {0, 1, 2})
      for (double sign : {0, 1}) {
        auto run =
            made<double>("CfC", {{"mode", mode}, {"head_activation", activation}, {"time_sign", sign}}, Layout::rows);
        run.step();
        const auto phi = [&](double x) {
          return activation == 0 ? std::tanh(x) : activation == 1 ? 1.7159 * std::tanh(0.666 * x) : x;
        };
        each_number(run, [&](size_t row, size_t at) {
          const double t = run.dt + double(row) / 64, a = phi(run.drive[0][at]), b = phi(run.drive[1][at]);
          const double g = sigmoid((sign ? -t : t) * run.drive[2][at] + run.drive[3][at]);
          EXPECT_NEAR(run.next[0][at], (mode ? a : a * (1 - g)) + g * b, 1e-14);
        });
      }
}

TEST(Cfc, ThePureFormIsTheClosedOne) {
  auto run = made<double>("CfCPure", {}, Layout::rows);
  run.step();
  each_number(run, [&](size_t row, size_t at) {
    const size_t unit = at - row * run.slab.stride;
    const double t = run.dt + double(row) / 64, f = run.drive[0][at], w = run.params[0][unit], A = run.params[1][unit];
    EXPECT_NEAR(run.next[0][at], A - A * std::exp(-t * (std::abs(w) + std::abs(f))) * f, 1e-14);
  });
}

TEST(Cfc, ThePureFormHasNoSlopeWhereItHasAKink) {
  auto run = made<double>("CfCPure", {}, Layout::rows);
  for (size_t unit = 0; unit < kUnits; ++unit) run.params[0][unit] = 0;
  run.step(), run.pull();
  for (size_t unit = 0; unit < kUnits; ++unit) EXPECT_EQ(run.param_bar(0, unit), 0);
}

using Function                        = double (*)(double);
const std::vector<Function> functions = {
    [](double x) { return 1.7159 * std::tanh(0.666 * x); }, [](double x) { return std::tanh(x); },
    [](double x) { return std::max(x, 0.0); }, [](double x) { return x * sigmoid(x); },
    [](double x) { return x / 2 * (1 + std::erf(x / std::sqrt(2.0))); },
    [](double x) { return x; },
    sigmoid,
    [](double x) { return x > 0 ? x : 0.2 * x; },
    [](double x) { return std::clamp(x, 0.0, 6.0); },
    [](double x) { return x > 0 ? x : std::expm1(x); },
    [](double x) { return 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * std::expm1(x)); },
    [](double x) { return std::log1p(std::exp(x)); },
    [](double x) { return x / (1 + std::abs(x)); },
    [](double x) { return std::exp(x); },
    [](double x) { return std::clamp(x / 6 + 0.5, 0.0, 1.0); },
    [](double x) { return std::clamp(x, -1.0, 1.0); },
    [](double x) { return x * std::clamp(x / 6 + 0.5, 0.0, 1.0); },
    [](double x) { return x * std::tanh(std::log1p(std::exp(x))); }};

TEST(Activation, FunctionsAreWhatTheirNamesSay) {
  for (size_t f = 0; f < functions.size(); ++f) {
    auto precise = made<double>("Activation", {{"activation", double(f)}}, Layout::tiles);
    auto single  = made<float>("Activation", {{"activation", double(f)}}, Layout::tiles);
    precise.step(), single.step();
    each_number(precise, [&](size_t, size_t at) {
      EXPECT_NEAR(precise.next[0][at], functions[f](precise.drive[0][at]), 1e-15);
    });
    each_number(single,
                [&](size_t, size_t at) { EXPECT_NEAR(single.next[0][at], functions[f](single.drive[0][at]), 3e-7); });
  }
}

TEST(Activation, SlopesAreThoseOfTheFunctions) {
  const double h = 1e-5;
  for (size_t f = 0; f < functions.size(); ++f) {
    auto       run    = made<double>("Activation", {{"activation", double(f)}}, Layout::tiles);
    const auto lambda = made<double>("Activation", {}, Layout::tiles);  // as it is before `pull` writes over it
    run.step(), run.pull();
    each_number(run, [&](size_t, size_t at) {
      const double x = run.drive[0][at], slope = (functions[f](x + h) - functions[f](x - h)) / (2 * h);
      EXPECT_NEAR(run.drive_bar[0][at], slope * lambda.lambda[0][at], 1e-9) << f << " at " << x;
    });
  }
}

/// By hand against duals, for settings other than the default, which every kind has its test for.
template <class R>
void expect_derived(const char* cell, std::initializer_list<std::pair<const char*, double>> settings) {
  for (Layout layout : {Layout::tiles, Layout::rows}) {
    auto written = made<R>(cell, settings, layout);
    const Plainest judge;
    auto derived = made<R>(cell, settings, SlabShape{Layout::rows, written.slab.rows});
    written.step(), written.pull();
    derived.step(), derived.pull_derived();
    const auto a = written.results(), b = derived.results(), c = written.sums(), d = derived.sums();
    for (size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], 1e-12) << cell << ", number " << i;
    for (size_t i = 0; i < c.size(); ++i) ASSERT_NEAR(c[i], d[i], 1e-11) << cell << ", sum " << i;
  }
}

TEST(Cfc, AdjointsAreDerivativesWhateverIsSet) {
  for (double mode : {0, 2})
    for (double activation : {0, 1, 2})
      for (double sign : {0, 1})
        expect_derived<double>("CfC", {{"mode", mode}, {"head_activation", activation}, {"time_sign", sign}});
}

}  // namespace
}  // namespace dynode
