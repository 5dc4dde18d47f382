// What tests of losses share: a loss on a batch, its value and adjoint.
#pragma once
#include <cmath>
#include <gtest/gtest.h>
#include <vector>

#include "dynode/base/arguments_test.h"
#include "dynode/learn/loss.h"

namespace dynode::loss_test {

using Given   = std::initializer_list<std::pair<const char*, Arguments::Value>>;
using Values  = std::vector<double>;
using Classes = std::vector<int64_t>;

/// A batch and what is asked of it; either classes or values are used.
struct Batch {
  size_t               rows, steps, units;
  Values               output;
  Classes              classes = {};
  Values               values  = {};
  std::vector<uint8_t> mask    = {};
};

struct Result {
  double value;
  Values adjoint;
};

/// Weights of a layer to itself, for losses that look at them; and room for their slopes.
struct Recurrent {
  Values W, W_bar;
  template <class R>
  explicit Recurrent(LossCall<R>& call) : W(call.units * call.units), W_bar(W.size()) {
    for (size_t i = 0; i < W.size(); ++i) W[i] = std::sin(2.3 * double(i) + 1);
    call.recurrent = W.data(), call.recurrent_bar = W_bar.data();
  }
};

inline Result evaluate(const LossEntry& loss, const Arguments& arguments, const Batch& batch, double weight = 1) {
  check_loss(loss, arguments, batch.steps, batch.units);
  Result result{0, Values(batch.output.size())};
  const int64_t* classes = batch.classes.empty() ? nullptr : batch.classes.data();
  LossCall<double> call;
  call.rows = batch.rows, call.steps = batch.steps, call.units = batch.units;
  Recurrent recurrent(call);
  call.output     = batch.output.data();
  call.classes    = classes;
  call.values     = batch.values.empty() ? nullptr : batch.values.data();
  call.mask       = batch.mask.empty() ? nullptr : batch.mask.data();
  call.normaliser = loss_count(loss, arguments, batch.rows, batch.steps, batch.units, classes, call.mask);
  call.weight     = weight;
  call.output_bar = result.adjoint.data();
  result.value    = value_and_adjoint(loss, arguments, call);
  return result;
}

inline Result evaluate(const char* name, const Batch& batch, Given given = {}, double weight = 1) {
  const LossEntry& loss = find_loss(name);
  return evaluate(loss, arguments_of(loss.facts, given), batch, weight);
}

inline void expect_near(const Values& got, const Values& expected, double tolerance = 1e-14) {
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], tolerance) << i;
}

}  // namespace dynode::loss_test
