// Autoregressive loss: the first step of every token foretells the next token, and each place in the sequence has the
// same say. With n steps per token, the first of them at step `start`:
//
//   ℓ = mean over k of (mean over rows of CE(z[start + k n], y[start + (k + 1) n]))
//
// Classes that do not count, steps whose mask is 0 and places without any that counts are left out. Source: SOEN toolkit.
#include <algorithm>

#include "dynode/learn/loss_terms.h"

namespace dynode {
namespace {

template <class R>
double autoregressive(const Arguments& arguments, const LossCall<R>& call) {
  const size_t start = size_t(arguments.number("start_timestep")), n = size_t(arguments.number("time_steps_per_token"));
  struct Place {
    size_t step;
    double rows;
  };
  std::vector<Place> places;
  const auto asked = [&](size_t row, size_t step) {
    const size_t p = row * call.steps + step;
    return counts(call.mask, p) ? call.classes[p + n] : kIgnoredClass;
  };
  for (size_t step = start; step + n < call.steps; step += n) {
    double rows = 0;
    for (size_t row = 0; row < call.rows; ++row) rows += asked(row, step) != kIgnoredClass;
    if (rows > 0) places.push_back({step, rows});
  }
  std::vector<double> p(call.units);
  double              total = 0;
  for (const Place& place : places) {
    const double scale = call.weight / (double(places.size()) * place.rows);
    for (size_t row = 0; row < call.rows; ++row) {
      const int64_t y = asked(row, place.step);
      if (y == kIgnoredClass) continue;
      const size_t at  = (row * call.steps + place.step) * call.units;
      const R*     z   = call.output + at;
      const double top = *std::max_element(z, z + call.units);
      double       sum = 0;
      for (size_t k = 0; k < call.units; ++k) sum += p[k] = std::exp(double(z[k]) - top);
      total += scale * (top + std::log(sum) - double(z[y]));
      for (size_t k = 0; k < call.units && call.output_bar; ++k)
        call.output_bar[at + k] += R(scale * (p[k] / sum - double(k == size_t(y))));
    }
  }
  return total;
}

void check(const Arguments& arguments, size_t steps, size_t, const At& at) {
  const double first = arguments.number("start_timestep") + arguments.number("time_steps_per_token");
  if (first >= double(steps))
    throw SpecError(at, "autoregressive_loss needs two tokens, but there are only " + std::to_string(steps) + " steps",
                    "give time_pooling: none and mapping: seq2seq, or fewer time_steps_per_token");
}

}  // namespace

LossEntry autoregressive_loss() {
  return {.name    = "autoregressive_loss",
          .summary = "softmax cross-entropy with the next token, every place in the sequence alike",
          .facts   = {{.name = "time_steps_per_token", .kind = ArgumentKind::integer, .value = 1, .min = 1, .unit = "steps",
                       .help = "how long each token is shown"},
                      {.name = "start_timestep", .kind = ArgumentKind::integer, .value = 0, .min = 0, .unit = "steps",
                       .help = "where the first token begins"}},
          .target   = LossTarget::classes,
          .of_batch = true,
          .count    = count_classes,
          .value_and_adjoint_float  = autoregressive<float>,
          .value_and_adjoint_double = autoregressive<double>,
          .check    = check};
}

}  // namespace dynode
