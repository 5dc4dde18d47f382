// Penalties on the size of outputs.
//
//   get_off_the_ground_loss   |v| ≤ θ:  ℓ = a − (a − b) |v| / θ, from a at 0 to b at θ        else 0
//   exp_high_state_penalty    ℓ = exp(k · max(0, |v| − θ)) − 1
//   average_state_magnitude_loss   (mean |v| − target)², or |mean |v| − target|: couples all rows
#include "dynode/learn/loss_terms.h"

namespace dynode {
namespace {

template <class R>
double get_off_the_ground(const Arguments& arguments, const LossCall<R>& call) {
  const double theta = arguments.number("threshold");
  const double b     = arguments.number("min_penalty_offset");
  const double rise  = (arguments.number("max_penalty_offset") - b) / theta;
  return sum_entries(call, 0, arguments.number("factor"), [=](double v, double) {
    const double below = theta - std::abs(v);
    return below < 0 ? EntryLoss{0, 0} : EntryLoss{b + rise * below, -rise * sign_of(v)};
  });
}

template <class R>
double exp_high_state(const Arguments& arguments, const LossCall<R>& call) {
  const double theta = arguments.number("threshold");
  const double k     = arguments.number("scale");
  return sum_entries(call, 0, arguments.number("factor"), [=](double v, double) {
    const double over = std::abs(v) - theta;
    return over <= 0 ? EntryLoss{0, 0} : EntryLoss{std::expm1(k * over), k * std::exp(k * over) * sign_of(v)};
  });
}

template <class R>
double average_state_magnitude(const Arguments& arguments, const LossCall<R>& call) {
  const size_t size = call.rows * call.steps * call.units;
  double       sum  = 0;
  for (size_t i = 0; i < size; ++i) sum += std::abs(double(call.output[i]));

  const double error  = sum / call.normaliser - arguments.number("target_magnitude");
  const double factor = call.weight * arguments.number("factor");
  const bool   square = arguments.text("loss_type") == "mse";
  const double slope  = factor * (square ? 2 * error : sign_of(error)) / call.normaliser;
  if (call.output_bar)
    for (size_t i = 0; i < size; ++i) call.output_bar[i] += R(slope * sign_of(call.output[i]));
  return factor * (square ? error * error : std::abs(error));
}

void check_ground(const Arguments& arguments, size_t, size_t, const At& at) {
  if (!(arguments.number("threshold") > 0))
    throw SpecError(at, "threshold of get_off_the_ground_loss must be larger than 0");
}

void check_magnitude(const Arguments& arguments, size_t, size_t, const At& at) {
  const std::string& type = arguments.text("loss_type");
  if (type != "mse" && type != "mae") throw SpecError(at, "loss_type '" + type + "' is unknown", "there is: mse, mae");
}

constexpr Fact kFactor{.name = "factor", .value = 1, .help = "factor on the mean"};

}  // namespace

LossEntry get_off_the_ground_loss() {
  return {.name    = "get_off_the_ground_loss",
          .summary = "penalty for outputs that stay near zero",
          .facts   = {{.name = "threshold", .value = 0.01, .min = 0, .help = "size from which on nothing is lost"},
                      {.name = "min_penalty_offset", .value = 0.5, .help = "loss at the threshold"},
                      {.name = "max_penalty_offset", .value = 10, .help = "loss at zero"},
                      kFactor},
          .count   = count_entries,
          .value_and_adjoint_float  = get_off_the_ground<float>,
          .value_and_adjoint_double = get_off_the_ground<double>,
          .check   = check_ground};
}

LossEntry exp_high_state_penalty() {
  return {.name    = "exp_high_state_penalty",
          .summary = "penalty for large outputs that grows exponentially",
          .facts   = {{.name = "threshold", .value = 1, .min = 0, .help = "size up to which nothing is lost"},
                      {.name = "scale", .value = 1, .help = "steepness of the exponential"},
                      kFactor},
          .count   = count_entries,
          .value_and_adjoint_float  = exp_high_state<float>,
          .value_and_adjoint_double = exp_high_state<double>};
}

LossEntry average_state_magnitude_loss() {
  return {.name    = "average_state_magnitude_loss",
          .summary = "holds the mean size of states at a target; several layers side by side count as one",
          .facts   = {{.name = "target_magnitude", .value = 0.5, .min = 0, .help = "mean size to hold"},
                      {.name = "loss_type", .kind = ArgumentKind::text, .help = "mse or mae", .text = "mse"},
                      {.name = "layer_ids",
                       .kind = ArgumentKind::numbers,
                       .help = "layers whose states are looked at; the last one when missing"},
                      kFactor},
          .row_additive = false,
          .count        = count_entries,
          .value_and_adjoint_float  = average_state_magnitude<float>,
          .value_and_adjoint_double = average_state_magnitude<double>,
          .check = check_magnitude};
}

}  // namespace dynode
