// Cross-entropy: how surprised softmax(output) is by the class.
//
//   classes:   ℓ = w[y] · (log Σ_k exp z_k − z_y)      z̄ = w[y] · (p − e_y)      N = Σ w[y]       p = softmax(z)
//   values q:  ℓ = − Σ_k q_k log max(p_k, 1e-12)       z̄ = p Σ_a q_a − q_a       N = positions    a: p_a ≥ 1e-12
//
// Without apply_softmax the output is p itself, and p̄ = − q / p.
// Source: weighted mean over classes as torch.nn.functional.cross_entropy; floor of the probabilities as nn4n.
#include <algorithm>

#include "dynode/learn/loss_terms.h"

namespace dynode {
namespace {

constexpr double kFloor = 1e-12;

const std::vector<double>* class_weights(const Arguments& arguments) {
  return arguments.has("class_weights") ? &arguments.numbers("class_weights") : nullptr;
}

/// p = softmax(z); returns log Σ exp z.
template <class R>
double softmax(const R* z, size_t units, double* p) {
  const double top = *std::max_element(z, z + units);
  double       sum = 0;
  for (size_t k = 0; k < units; ++k) sum += p[k] = std::exp(double(z[k]) - top);
  for (size_t k = 0; k < units; ++k) p[k] /= sum;
  return top + std::log(sum);
}

template <class R>
double on_classes(const Arguments& arguments, const LossCall<R>& call) {
  const bool   from_logits = arguments.flag("apply_softmax");
  const auto*  weights     = class_weights(arguments);
  const double scale       = call.weight / call.normaliser;
  std::vector<double> p(call.units);

  return sum_positions(call, [&](const R* z, size_t y, R* z_bar) {
    const double w = weights ? scale * (*weights)[y] : scale;
    if (!from_logits) {
      const double p_y = z[y];
      if (z_bar && p_y >= kFloor) z_bar[y] -= R(w / p_y);
      return -w * std::log(std::max(p_y, kFloor));
    }
    const double log_sum = softmax(z, call.units, p.data());
    if (z_bar)
      for (size_t k = 0; k < call.units; ++k) z_bar[k] += R(w * (p[k] - double(k == y)));
    return w * (log_sum - double(z[y]));
  });
}

template <class R>
double on_values(const Arguments& arguments, const LossCall<R>& call) {
  const bool   from_logits = arguments.flag("apply_softmax");
  const double scale       = call.weight / call.normaliser;
  std::vector<double> p(call.units);
  double sum = 0;

  for (size_t position = 0; position < call.rows * call.steps; ++position) {
    if (!counts(call.mask, position)) continue;
    const R* z = call.output + position * call.units;
    const R* q = call.values + position * call.units;
    if (from_logits) softmax(z, call.units, p.data());
    else std::copy(z, z + call.units, p.begin());

    double active = 0;   // Σ of the targets whose probability is above the floor
    for (size_t k = 0; k < call.units; ++k) {
      sum -= double(q[k]) * std::log(std::max(p[k], kFloor));
      if (p[k] >= kFloor) active += q[k];
    }
    if (!call.output_bar) continue;
    R* z_bar = call.output_bar + position * call.units;
    for (size_t k = 0; k < call.units; ++k) {
      const double q_k = p[k] >= kFloor ? double(q[k]) : 0.0;
      z_bar[k] += R(scale * (from_logits ? p[k] * active - q_k : q_k == 0 ? 0 : -q_k / p[k]));
    }
  }
  return scale * sum;
}

template <class R>
double cross_entropy(const Arguments& arguments, const LossCall<R>& call) {
  return call.classes ? on_classes(arguments, call) : on_values(arguments, call);
}

double count(const Arguments& arguments, size_t rows, size_t steps, size_t units, const int64_t* classes,
             const uint8_t* mask) {
  if (!classes) return count_positions(arguments, rows, steps, units, classes, mask);
  const auto* weights = class_weights(arguments);
  if (!weights) return count_classes(arguments, rows, steps, units, classes, mask);
  double sum = 0;
  for (size_t p = 0; p < rows * steps; ++p)
    if (classes[p] != kIgnoredClass && counts(mask, p)) sum += (*weights)[size_t(classes[p])];
  return sum;
}

void check(const Arguments& arguments, size_t, size_t units, const At& at) {
  const auto* weights = class_weights(arguments);
  if (!weights) return;
  if (weights->size() != units)
    throw SpecError(at, "class_weights has " + std::to_string(weights->size()) + " entries for " +
                            std::to_string(units) + " classes", "give one weight per class");
  for (const double w : *weights)
    if (!(w >= 0) || std::isinf(w)) throw SpecError(at, "class_weights must be finite and not negative");
}

std::vector<Fact> facts() {
  return {{.name = "class_weights",
           .kind = ArgumentKind::numbers,
           .help = "weight of each class, or (in a training file) balanced: all have the same say; missing: all 1"},
          {.name  = "apply_softmax",
           .kind  = ArgumentKind::boolean,
           .value = 1,
           .help  = "outputs are logits; false: outputs are probabilities"}};
}

}  // namespace

LossEntry cross_entropy_loss() {
  return {.name    = "cross_entropy",
          .summary = "softmax cross-entropy with classes or with target probabilities",
          .facts   = facts(),
          .target  = LossTarget::classes_or_values,
          .count   = count,
          .value_and_adjoint_float  = cross_entropy<float>,
          .value_and_adjoint_double = cross_entropy<double>,
          .check   = check};
}

LossEntry autoregressive_cross_entropy_loss() {
  return {.name    = "autoregressive_cross_entropy",
          .summary = "softmax cross-entropy at every step, each with a class of its own",
          .facts   = facts(),
          .target  = LossTarget::classes,
          .count   = count,
          .value_and_adjoint_float  = cross_entropy<float>,
          .value_and_adjoint_double = cross_entropy<double>,
          .check   = check};
}

}  // namespace dynode
