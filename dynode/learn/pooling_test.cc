// Pooling over time: small exact numbers, and adjoints against central differences.
#include "dynode/learn/pooling.h"

#include <cmath>
#include <gtest/gtest.h>

#include "dynode/base/arguments_test.h"

namespace dynode {
namespace {

using Given  = std::initializer_list<std::pair<const char*, Arguments::Value>>;
using Values = std::vector<double>;

Pooling pooling_of(const char* name, Given given = {}) {
  const PoolingEntry& entry = find_pooling(name);
  return make_pooling(entry, arguments_of(entry.facts, given));
}

template <class R = double>
std::vector<R> pooled(const Pooling& pooling, const std::vector<R>& x, size_t steps) {
  const size_t   units = x.size() / steps;
  std::vector<R> y(pooled_size(pooling, steps, units));
  pool(pooling, x.data(), steps, units, y.data());
  return y;
}

const Values kX = {1, -4, 3, 2, 2, 0};   // [3 steps][2 units]: unit 0 is 1, 3, 2 and unit 1 is −4, 2, 0

TEST(Pooling, EveryWayIsExact) {
  EXPECT_EQ(pooled(pooling_of("final"), kX, 3), (Values{2, 0}));
  EXPECT_EQ(pooled(pooling_of("max"), kX, 3), (Values{3, 2}));
  EXPECT_EQ(pooled(pooling_of("mean_last_n", {{"n", 2.0}}), kX, 3), (Values{2.5, 1}));
  EXPECT_EQ(pooled(pooling_of("none"), kX, 3), kX);
  EXPECT_EQ(pooled(pooling_of("final", {{"scale", 10.0}}), kX, 3), (Values{20, 0}));

  const Values mean = pooled(pooling_of("mean"), kX, 3), rms = pooled(pooling_of("rms"), kX, 3);
  EXPECT_NEAR(mean[0], 2, 1e-15);
  EXPECT_NEAR(mean[1], -2.0 / 3, 1e-15);
  EXPECT_NEAR(rms[0], std::sqrt(14.0 / 3 + 1e-8), 1e-15);
  EXPECT_NEAR(rms[1], std::sqrt(20.0 / 3 + 1e-8), 1e-15);

  // weights 0.25, 0.5, 1, divided by 1.75
  const Values ewa = pooled(pooling_of("ewa", {{"min_weight", 0.25}}), kX, 3);
  EXPECT_NEAR(ewa[0], (0.25 + 1.5 + 2) / 1.75, 1e-15);
  EXPECT_NEAR(ewa[1], 0, 1e-15);
}

TEST(Pooling, RangesAreCutToTheRun) {
  const auto range = [](double start, double end) {
    return pooled(pooling_of("mean_range", {{"range_start", start}, {"range_end", end}}), kX, 3)[0];
  };
  EXPECT_EQ(range(0, 2), 2);
  EXPECT_EQ(range(-4, 900), 2);
  EXPECT_EQ(range(1, 0), 3);      // one step remains
  EXPECT_EQ(range(90, 91), 2);    // the last one
  EXPECT_EQ(pooled(pooling_of("mean_range"), kX, 3)[0], 2);
  EXPECT_EQ(pooled(pooling_of("mean_last_n", {{"n", 500.0}}), kX, 3)[0], 2);

  Values long_run(60, 0.0);   // without a range: the last 50 steps
  long_run[9] = 50, long_run[10] = 100;
  EXPECT_DOUBLE_EQ(pooled(pooling_of("mean_range"), long_run, 60)[0], 2);
}

TEST(Pooling, OneStepIsEnough) {
  for (const PoolingEntry& entry : poolings()) {
    const Values y = pooled(pooling_of(entry.name), Values{0.5, 2}, 1);
    EXPECT_NEAR(y[0], 0.5, 1.1e-8) << entry.name;   // the floor of rms
    EXPECT_NEAR(y[1], 2, 1.1e-8) << entry.name;
  }
}

TEST(Pooling, SaysFromWhichStepOnItReads) {
  EXPECT_EQ(reads_from_step(pooling_of("final"), 9), 8u);
  EXPECT_EQ(reads_from_step(pooling_of("mean_last_n", {{"n", 4.0}}), 9), 5u);
  EXPECT_EQ(reads_from_step(pooling_of("mean_range", {{"range_start", 3.0}}), 9), 3u);
  for (const char* name : {"mean", "max", "rms", "ewa", "none"}) EXPECT_EQ(reads_from_step(pooling_of(name), 9), 0u);
}

TEST(Pooling, AdjointsAreDerivatives) {
  constexpr size_t steps = 7, units = 35;   // more units than are summed at a time
  Values x(steps * units);
  for (size_t i = 0; i < x.size(); ++i) x[i] = std::sin(1.7 * double(i) + 0.3);

  for (const PoolingEntry& entry : poolings()) {
    Pooling pooling = pooling_of(entry.name, {{"scale", 1.5}});
    if (pooling.kind == Pooling::Kind::mean_last_n) pooling.n = 3;
    if (pooling.kind == Pooling::Kind::mean_range) pooling.range_start = 2, pooling.range_end = 5;

    // L = Σ c · pooled with some c; x_bar starts at 1 and is added to
    const size_t size = pooled_size(pooling, steps, units);
    Values c(size), x_bar(x.size(), 1.0);
    for (size_t i = 0; i < size; ++i) c[i] = std::cos(0.9 * double(i));
    pool_adjoint(pooling, x.data(), steps, units, c.data(), x_bar.data());
    const auto loss = [&](const Values& at) {
      const Values y = pooled(pooling, at, steps);
      double sum = 0;
      for (size_t i = 0; i < size; ++i) sum += c[i] * y[i];
      return sum;
    };
    for (size_t i = 0; i < x.size(); i += 3) {
      Values above = x, below = x;
      above[i] += 1e-5, below[i] -= 1e-5;
      EXPECT_NEAR(x_bar[i] - 1, (loss(above) - loss(below)) / 2e-5, 1e-7) << entry.name << " " << i;
      const bool unread = i / units < reads_from_step(pooling, steps);
      EXPECT_TRUE(!unread || x_bar[i] == 1) << entry.name << " " << i;
    }
  }
}

TEST(Pooling, TheFirstOfEqualMaximaGetsTheAdjoint) {
  const Values x = {1, 3, 3}, y_bar = {2};
  Values x_bar(3);
  pool_adjoint(pooling_of("max"), x.data(), 3, 1, y_bar.data(), x_bar.data());
  EXPECT_EQ(x_bar, (Values{0, 2, 0}));
}

TEST(Pooling, NotANumberIsNotHidden) {
  EXPECT_TRUE(std::isnan(pooled(pooling_of("max"), Values{1, NAN, 3}, 3)[0]));
}

TEST(Pooling, FloatSumsInDouble) {
  std::vector<float> x(100000, 0.1f);
  EXPECT_EQ(pooled<float>(pooling_of("mean"), x, x.size())[0], 0.1f);
}

TEST(Pooling, AnUnknownNameIsAnError) { EXPECT_THROW(find_pooling("median"), SpecError); }

}  // namespace
}  // namespace dynode
