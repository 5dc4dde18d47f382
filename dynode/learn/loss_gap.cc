// Gap losses: the output of the right class should lie clearly above the others.
//
//   gap_loss       ℓ = Σ_{c≠y} max(0, z_c − z_y + margin)
//   top_gap_loss   u = z / pool_scale, largest u₁, second u₂:
//                  right:  ℓ = offset · max(0, sep − (u₁ − u₂)) / sep        wrong:  ℓ = offset, without slope
//
// A batch without any right answer gives top_gap_loss no gradient at all; combine it with cross_entropy.
#include <algorithm>

#include "dynode/learn/loss_terms.h"

namespace dynode {
namespace {

template <class R>
double gap(const Arguments& arguments, const LossCall<R>& call) {
  const double margin = arguments.number("margin");
  const double scale  = call.weight / call.normaliser;
  return sum_positions(call, [&](const R* z, size_t y, R* z_bar) {
    double sum = 0;
    for (size_t c = 0; c < call.units; ++c) {
      const double over = double(z[c]) - double(z[y]) + margin;
      if (c == y || over <= 0) continue;
      sum += over;
      if (z_bar) z_bar[c] += R(scale), z_bar[y] -= R(scale);
    }
    return scale * sum;
  });
}

template <class R>
double top_gap(const Arguments& arguments, const LossCall<R>& call) {
  const double separation = arguments.number("separation_threshold");
  const double offset     = arguments.number("max_penalty_offset");
  const double pool_scale = arguments.number("pool_scale");
  const double scale      = call.weight * arguments.number("factor") / call.normaliser;
  return sum_positions(call, [&](const R* z, size_t y, R* z_bar) {
    const size_t first  = size_t(std::max_element(z, z + call.units) - z);
    size_t       second = first == 0 ? 1 : 0;
    for (size_t c = 0; c < call.units; ++c)
      if (c != first && z[c] > z[second]) second = c;
    if (first != y) return scale * offset;

    const double missing = separation - (double(z[first]) - double(z[second])) / pool_scale;
    if (missing <= 0) return 0.0;
    const double slope = scale * offset / separation / pool_scale;
    if (z_bar) z_bar[first] -= R(slope), z_bar[second] += R(slope);
    return scale * offset * missing / separation;
  });
}

void check_top_gap(const Arguments& arguments, size_t, size_t units, const At& at) {
  if (units < 2) throw SpecError(at, "top_gap_loss compares the two largest outputs, but there is only one output");
  for (const char* name : {"separation_threshold", "pool_scale"})
    if (!(arguments.number(name) > 0)) throw SpecError(at, std::string(name) + " must be larger than 0");
}

}  // namespace

LossEntry gap_loss() {
  return {.name    = "gap_loss",
          .summary = "hinge between the right class and every other one",
          .facts   = {{.name = "margin", .value = 1, .help = "distance at which another class stops to matter"}},
          .target  = LossTarget::classes,
          .count   = count_classes,
          .value_and_adjoint_float  = gap<float>,
          .value_and_adjoint_double = gap<double>};
}

LossEntry top_gap_loss() {
  return {.name    = "top_gap_loss",
          .summary = "penalty for right answers that win by too little; constant for wrong ones",
          .facts   = {{.name  = "separation_threshold",
                       .value = 0.1,
                       .min   = 0,
                       .help  = "gap from which on nothing is lost"},
                      {.name = "max_penalty_offset", .value = 1, .help = "loss of a wrong answer"},
                      {.name = "factor", .value = 1, .help = "factor on the mean"},
                      {.name = "pool_scale", .value = 1, .min = 0, .help = "scale of the pooling, divided out"}},
          .target  = LossTarget::classes,
          .count   = count_classes,
          .value_and_adjoint_float  = top_gap<float>,
          .value_and_adjoint_double = top_gap<double>,
          .check   = check_top_gap};
}

}  // namespace dynode
