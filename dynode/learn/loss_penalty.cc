// Penalties on the size of outputs.
//
//   get_off_the_ground_loss   |v| ≤ θ:  ℓ = a − (a − b) |v| / θ, from a at 0 to b at θ        else 0
//   exp_high_state_penalty    ℓ = exp(k · max(0, |v| − θ)) − 1
#include "dynode/learn/loss_terms.h"

namespace dynode {
namespace {

template <class R>
double get_off_the_ground(const Arguments& arguments, const LossCall<R>& call) {
  const double theta = arguments.number("threshold");
  const double b     = arguments.number("min_penalty_offset");
  const double rise  = (arguments.number("max_penalty_offset") - b) / theta;
  return sum_entries(call, arguments.number("factor"), [=](double v, double) {
    const double below = theta - std::abs(v);
    return below < 0 ? EntryLoss{0, 0} : EntryLoss{b + rise * below, -rise * sign_of(v)};
  });
}

template <class R>
double exp_high_state(const Arguments& arguments, const LossCall<R>& call) {
  const double theta = arguments.number("threshold");
  const double k     = arguments.number("scale");
  return sum_entries(call, arguments.number("factor"), [=](double v, double) {
    const double over = std::abs(v) - theta;
    return over <= 0 ? EntryLoss{0, 0} : EntryLoss{std::expm1(k * over), k * std::exp(k * over) * sign_of(v)};
  });
}

void check_ground(const Arguments& arguments, size_t, size_t, const At& at) {
  if (!(arguments.number("threshold") > 0))
    throw SpecError(at, "threshold of get_off_the_ground_loss must be larger than 0");
}

constexpr Fact kFactor{.name = "factor", .value = 1, .help = "factor on the mean"};
constexpr Fact kStates{.name = "layer_ids",
                       .kind = ArgumentKind::numbers,
                       .help = "layers whose states of every step are looked at, side by side; missing: the outputs, "
                               "pooled"};

}  // namespace

LossEntry get_off_the_ground_loss() {
  return {.name    = "get_off_the_ground_loss",
          .summary = "penalty for outputs that stay near zero",
          .facts   = {{.name = "threshold", .value = 0.01, .min = 0, .help = "size from which on nothing is lost"},
                      {.name = "min_penalty_offset", .value = 0.5, .help = "loss at the threshold"},
                      {.name = "max_penalty_offset", .value = 10, .help = "loss at zero"},
                      kStates,
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
                      kStates,
                      kFactor},
          .count   = count_entries,
          .value_and_adjoint_float  = exp_high_state<float>,
          .value_and_adjoint_double = exp_high_state<double>};
}

}  // namespace dynode
