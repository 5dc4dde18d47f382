// Metrics: exact numbers on a handful of answers, and sums that do not care how data were cut.
#include "dynode/learn/metrics.h"

#include <cmath>
#include <gtest/gtest.h>

namespace dynode {
namespace {

using Values  = std::vector<double>;
using Classes = std::vector<int64_t>;

// answers 2, 0, 1, 1 (of three classes)
const Values  kLogits = {0, 1, 3, 5, 4, 0, 1, 2, 0, -1, 0, -2};
const Classes kAsked  = {2, 1, 1, 0};

double metric(const char* name, const Values& output, const Classes& classes, size_t units) {
  Metric m(name);
  m.add(MetricBatch<double>{classes.size(), 1, units, output.data(), classes.data(), nullptr});
  return m.value();
}

double metric(const char* name, const Values& output, const Values& values, size_t units) {
  Metric m(name);
  m.add(MetricBatch<double>{values.size() / units, 1, units, output.data(), nullptr, values.data()});
  return m.value();
}

TEST(Metrics, AccuracyCountsRightAnswers) {
  EXPECT_EQ(metric("accuracy", kLogits, kAsked, 3), 0.5);
  EXPECT_EQ(metric("top_1", kLogits, kAsked, 3), 0.5);
  EXPECT_EQ(metric("top_2", kLogits, kAsked, 3), 1);
  EXPECT_EQ(metric("top_2", {1, 2, 3}, Classes{0}, 3), 0);
  EXPECT_EQ(metric("top_5", {1, 2, 3}, Classes{0}, 3), 1);
}

TEST(Metrics, TargetsThatDoNotCountAreLeftOutOrWrong) {
  const Classes asked = {2, -100, 7, 0};
  EXPECT_EQ(metric("accuracy", kLogits, asked, 3), 0.5);
  EXPECT_EQ(metric("autoregressive_accuracy", kLogits, asked, 3), 0.25);
  EXPECT_TRUE(std::isnan(metric("accuracy", {0, 0, 0}, Classes{-100}, 3)));
}

TEST(Metrics, TheFirstOfEqualOutputsIsTheAnswerAndNotANumberIsNone) {
  EXPECT_EQ(metric("accuracy", {1, 1}, Classes{0}, 2), 1);
  EXPECT_EQ(metric("accuracy", {1, 1}, Classes{1}, 2), 0);
  EXPECT_EQ(metric("accuracy", {NAN, 1}, Classes{0}, 2), 0);
  EXPECT_EQ(metric("accuracy", {NAN, 1}, Classes{1}, 2), 0);
  const Values nan = {0, NAN, 9};
  EXPECT_EQ(predicted_class(nan.data(), 3), 1u);
}

TEST(Metrics, PrecisionRecallAndF1LookAtClassOne) {
  // asked 1 1 1 0 0, answered 1 0 0 1 0: one of two answers right, one of three found
  const Values  output = {0, 1, 1, 0, 1, 0, 0, 1, 1, 0};
  const Classes asked  = {1, 1, 1, 0, 0};
  EXPECT_NEAR(metric("precision", output, asked, 2), 0.5, 1e-8);
  EXPECT_NEAR(metric("recall", output, asked, 2), 1.0 / 3, 1e-8);
  EXPECT_NEAR(metric("f1", output, asked, 2), 0.4, 2e-8);
  EXPECT_EQ(metric("precision", {1, 0}, Classes{0}, 2), 0);
  for (const char* name : {"precision", "recall", "f1"}) EXPECT_TRUE(std::isnan(Metric(name).value()));
}

TEST(Metrics, PerplexityOfEqualOutputsIsTheirNumber) {
  EXPECT_NEAR(metric("perplexity", {2, 2, 2, 2}, Classes{3}, 4), 4, 1e-14);
  EXPECT_NEAR(metric("bits_per_character", {2, 2, 2, 2}, Classes{3}, 4), 2, 1e-15);
}

TEST(Metrics, ErrorsOfValues) {
  const Values output = {1, 2, 3, 5}, values = {1, 0, 3, 4};
  EXPECT_EQ(metric("mse", output, values, 1), 1.25);
  EXPECT_EQ(metric("mae", output, values, 1), 0.75);
  EXPECT_EQ(metric("r2", output, values, 1), 0.5);            // 5 of a spread of 10
  EXPECT_EQ(metric("r2", output, values, 2), 1 - 5 / 10.0);   // unit 0: 1, 3; unit 1: 0, 4
  EXPECT_EQ(metric("r2", values, values, 1), 1);
  EXPECT_EQ(metric("r2", {1, 2}, Values{3, 3}, 1), 0);
  EXPECT_EQ(metric("r2", {3, 3}, Values{3, 3}, 1), 1);
}

TEST(Metrics, DoNotCareHowDataWereCut) {
  const std::vector<float> logits(kLogits.begin(), kLogits.end());
  const std::vector<float> values = {1, 0, 2, 4, 4, 1, 1, 1, 0, 0, 0, 0};
  for (const MetricEntry& entry : metrics()) {
    if (entry.of_task) continue;   // needs trials
    const char* name = entry.name == std::string("top_k") ? "top_2" : entry.name;
    Metric whole(name), first(name), second(name);
    whole.add(MetricBatch<float>{4, 1, 3, logits.data(), kAsked.data(), values.data()});
    first.add(MetricBatch<float>{1, 1, 3, logits.data(), kAsked.data(), values.data()});
    second.add(MetricBatch<float>{2, 1, 3, logits.data() + 3, kAsked.data() + 1, values.data() + 3});
    second.add(MetricBatch<float>{1, 1, 3, logits.data() + 9, kAsked.data() + 3, values.data() + 9});
    EXPECT_TRUE(std::isnan(Metric(name).value())) << name;
    first.merge(second);
    EXPECT_DOUBLE_EQ(first.value(), whole.value()) << name;
  }
}

TEST(Metrics, ConfusionCountsAskedByAnswered) {
  Classes counts(9);
  add_confusion(MetricBatch<double>{4, 1, 3, kLogits.data(), kAsked.data(), nullptr}, counts);
  EXPECT_EQ(counts, (Classes{0, 1, 0, 1, 1, 0, 0, 0, 1}));
}

TEST(Metrics, UnknownNamesAreErrors) {
  for (const char* name : {"acuracy", "top_", "top_0", "top_x", "top_k", "top_99999999999"})
    EXPECT_THROW(Metric{name}, SpecError) << name;
  EXPECT_EQ(Metric("top_12").name(), "top_12");
}

}  // namespace
}  // namespace dynode
