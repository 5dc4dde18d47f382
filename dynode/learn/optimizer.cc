// Optimisers. g gradient (with decay where it is coupled), η = lr · lr_scale, k number of the update:
//
//   adam     m ← β₁m + (1−β₁)g    v ← β₂v + (1−β₂)g²    θ ← θ − η/(1−β₁ᵏ) · m / (√v / √(1−β₂ᵏ) + ε)
//   adamw    θ ← (1 − η·decay) θ, then adam with the bare gradient
//   sgd      b ← μb + (1−dampening)g, at first b = g;   θ ← θ − η b        nesterov: θ ← θ − η (g + μb)
//   rmsprop  v ← αv + (1−α)g²     a = √v + ε            centered: mean ← α mean + (1−α)g, a = √(v − mean²) + ε
//            θ ← θ − η g/a        with momentum: b ← μb + g/a, θ ← θ − η b
//   muon     of matrices: optimizer_muon.cc; of others adamw
//   lion     θ ← (1 − η·decay) θ − η sign(β₁m + (1−β₁)g),  m ← β₂m + (1−β₂)g
//
// Sources: Kingma & Ba 2015; Loshchilov & Hutter 2019; Chen et al. 2023 (Lion); conventions of torch.optim.
#include "dynode/learn/optimizer.h"

#include <algorithm>
#include <cmath>

#include "dynode/base/entries.h"

namespace dynode {
namespace {

using Kind = OptimizerKind;

constexpr double kBelowOne = 0.9999999999;   // largest share that a decaying mean may keep

Fact weight_decay(double value) {
  return {.name = "weight_decay", .value = value, .min = 0, .help = "pull of the parameters towards zero"};
}
Fact beta(const char* name, double value, const char* help) {
  return {.name = name, .value = value, .min = 0, .max = kBelowOne, .help = help};
}
Fact betas() {
  return {.name = "betas", .kind = ArgumentKind::numbers, .help = "beta1 and beta2 in one list; they take precedence"};
}
Fact epsilon() { return {.name = "eps", .value = 1e-8, .min = 0, .help = "added to the root of the second moment"}; }
Fact momentum() { return {.name = "momentum", .value = 0, .min = 0, .help = "share of the last update that is kept"}; }
Fact flag(const char* name, const char* help) { return {.name = name, .kind = ArgumentKind::boolean, .help = help}; }

/// One update of the entries of a block. Constants arrive in double and are rounded to R once.
template <class R>
struct Pass {
  R* __restrict       theta;
  const R* __restrict grad;
  size_t              size;

  void adam(R* __restrict m, R* __restrict v, double shrink, double decay, double beta1, double beta2, double rate,
            double root, double eps) {
    const R keep = R(shrink), pull = R(decay), b1 = R(beta1), c1 = R(1 - beta1), b2 = R(beta2), c2 = R(1 - beta2);
    const R eta = R(rate), inverse = R(1 / root), e = R(eps);
    for (size_t i = 0; i < size; ++i) {
      const R start = theta[i] * keep;
      const R g     = grad[i] + pull * start;
      m[i] = b1 * m[i] + c1 * g;
      v[i] = b2 * v[i] + c2 * g * g;
      theta[i] = start - eta * m[i] / (std::sqrt(v[i]) * inverse + e);
    }
  }

  void sgd(R* __restrict b, double decay, double momentum, double fresh, bool nesterov, double rate) {
    const R pull = R(decay), mu = R(momentum), share = R(fresh), ahead = nesterov ? R(momentum) : R(0), eta = R(rate);
    if (!b) {
      for (size_t i = 0; i < size; ++i) theta[i] -= eta * (grad[i] + pull * theta[i]);
      return;
    }
    for (size_t i = 0; i < size; ++i) {
      const R g = grad[i] + pull * theta[i];
      b[i] = mu * b[i] + share * g;
      theta[i] -= eta * (nesterov ? g + ahead * b[i] : b[i]);
    }
  }

  void rmsprop(R* __restrict v, R* __restrict mean, R* __restrict b, double decay, double alpha, double momentum,
               double eps, double rate) {
    const R pull = R(decay), a = R(alpha), c = R(1 - alpha), mu = R(momentum), e = R(eps), eta = R(rate);
    for (size_t i = 0; i < size; ++i) {
      const R g = grad[i] + pull * theta[i];
      v[i] = a * v[i] + c * g * g;
      R variance = v[i];
      if (mean) {
        mean[i]  = a * mean[i] + c * g;
        variance = std::max(variance - mean[i] * mean[i], R(0));   // rounding may leave it below zero
      }
      R update = g / (std::sqrt(variance) + e);
      if (b) update = b[i] = mu * b[i] + update;
      theta[i] -= eta * update;
    }
  }

  void lion(R* __restrict m, double shrink, double beta1, double beta2, double rate) {
    const R keep = R(shrink), b1 = R(beta1), c1 = R(1 - beta1), b2 = R(beta2), c2 = R(1 - beta2), eta = R(rate);
    for (size_t i = 0; i < size; ++i) {
      const R g    = grad[i];
      const R side = b1 * m[i] + c1 * g;
      theta[i] = theta[i] * keep - eta * (R(side > 0) - R(side < 0));
      m[i] = b2 * m[i] + c2 * g;
    }
  }
};

}  // namespace

const std::vector<OptimizerEntry>& optimizers() {
  static const std::vector<OptimizerEntry> entries = {
      {"adamw",
       "Adam with decoupled weight decay",
       {weight_decay(1e-2), beta("beta1", 0.9, "memory of the mean gradient"),
        beta("beta2", 0.999, "memory of the mean squared gradient"), betas(), epsilon()},
       Kind::adamw},
      {"adam",
       "adaptive moments; weight decay is part of the gradient",
       {weight_decay(0), beta("beta1", 0.9, "memory of the mean gradient"),
        beta("beta2", 0.999, "memory of the mean squared gradient"), betas(), epsilon()},
       Kind::adam},
      {"sgd",
       "gradient descent, with or without momentum",
       {weight_decay(0), momentum(),
        {.name = "dampening", .value = 0, .min = 0, .max = 1, .help = "share of the gradient kept from the momentum"},
        flag("nesterov", "look ahead along the momentum")},
       Kind::sgd},
      {"rmsprop",
       "gradient divided by its running root mean square",
       {weight_decay(0), beta("alpha", 0.99, "memory of the mean squared gradient"), momentum(), epsilon(),
        flag("centered", "divide by the standard deviation instead")},
       Kind::rmsprop},
      {"lion",
       "sign of a mean gradient; decoupled weight decay",
       {weight_decay(0), beta("beta1", 0.9, "memory of the gradient in the update"),
        beta("beta2", 0.99, "memory of the gradient that is kept"), betas()},
       Kind::lion},
      {"muon",
       "momentum of matrices made orthogonal; AdamW for what is no matrix",
       {weight_decay(0), {.name = "momentum", .value = 0.95, .min = 0, .max = kBelowOne, .help = "memory of the gradient of matrices"},
        {.name = "nesterov", .kind = ArgumentKind::boolean, .value = 1, .help = "look ahead along the momentum"},
        {.name = "ns_steps", .kind = ArgumentKind::integer, .value = 5, .min = 1, .max = 100, .help = "steps towards orthogonal"},
        flag("match_adam", "steps as long as Adam's, so its rates fit; false: as published, for about 0.02"),
        beta("beta1", 0.9, "memory of the mean gradient of others"),
        beta("beta2", 0.999, "memory of their mean squared gradient"), betas(), epsilon()},
       Kind::muon},
  };
  return entries;
}

const OptimizerEntry& find_optimizer(std::string_view name, const At& at) {
  return find_entry(optimizers(), "optimizer", name, at);
}

OptimizerSettings optimizer_settings(const OptimizerEntry& entry, const Arguments& arguments, const At& at) {
  OptimizerSettings settings;
  settings.kind = entry.kind;
  const auto read = [&](const char* name, double& value) {
    if (arguments.has(name)) value = arguments.number(name);
  };
  const auto read_flag = [&](const char* name, bool& value) {
    if (arguments.has(name)) value = arguments.flag(name);
  };
  if (entry.kind == Kind::lion) settings.beta2 = 0.99;
  read("weight_decay", settings.weight_decay);
  read("beta1", settings.beta1);
  read("beta2", settings.beta2);
  if (arguments.has("betas")) {
    const std::vector<double>& betas = arguments.numbers("betas");
    const auto in_range = [](double beta) { return beta >= 0 && beta <= kBelowOne; };
    if (betas.size() != 2 || !in_range(betas[0]) || !in_range(betas[1]))
      throw SpecError(at, "betas must be two numbers from 0 to below 1", "the usual ones are [0.9, 0.999]");
    settings.beta1 = betas[0], settings.beta2 = betas[1];
  }
  read("eps", settings.eps);
  read("momentum", settings.momentum);
  read("dampening", settings.dampening);
  read("alpha", settings.alpha);
  read_flag("nesterov", settings.nesterov);
  read_flag("centered", settings.centered);
  if (arguments.has("ns_steps")) settings.ns_steps = int(arguments.number("ns_steps"));
  read_flag("match_adam", settings.match_adam);
  if (settings.nesterov && (settings.momentum == 0 || settings.dampening != 0))
    throw SpecError(at, "nesterov needs a momentum larger than 0 and no dampening", "give momentum: 0.9, for example");
  return settings;
}

template <class R>
Optimizer<R>::Optimizer(const OptimizerSettings& settings, size_t size, std::vector<ParameterBlock> blocks)
    : settings_(settings), size_(size), blocks_(std::move(blocks)) {
  if (blocks_.empty()) blocks_.push_back({.begin = 0, .end = size});
  size_t end = 0;
  for (const ParameterBlock& block : blocks_) {
    expects(block.begin >= end && block.begin <= block.end && block.end <= size, "parameter blocks ascend, disjoint");
    expects(block.rows == 0 || block.rows * block.columns == block.end - block.begin, "a matrix fills its block");
    end = block.end;
  }
  const Kind kind    = settings.kind;
  const bool moments = kind == Kind::adamw || kind == Kind::adam || kind == Kind::muon;
  if (moments || kind == Kind::lion || settings.momentum != 0) m_.assign(size, R(0));
  if (moments || kind == Kind::rmsprop) v_.assign(size, R(0));
  if (kind == Kind::rmsprop && settings.centered) mean_.assign(size, R(0));
}

template <class R>
void Optimizer<R>::step(std::span<R> theta, std::span<const R> grad, double lr, int64_t update_count) {
  expects(theta.size() == size_ && grad.size() == size_, "θ and its gradient have the size of the optimiser");
  expects(update_count >= 1, "updates are counted from 1");
  const OptimizerSettings& s = settings_;

  for (const ParameterBlock& block : blocks_) {
    if (block.frozen) continue;
    Pass<R>      pass{theta.data() + block.begin, grad.data() + block.begin, block.end - block.begin};
    const auto   slot  = [&](std::vector<R>& values) { return values.empty() ? nullptr : values.data() + block.begin; };
    const double rate  = lr * block.lr_scale;
    const double decay = block.decay ? s.weight_decay : 0;
    switch (s.kind) {
      case Kind::muon:
        if (block.rows > 0) {
          muon_step<R>(block, s, lr, theta.data() + block.begin, grad.data() + block.begin, slot(m_));
          break;
        }
        [[fallthrough]];
      case Kind::adamw:
      case Kind::adam: {
        const bool   decoupled = s.kind != Kind::adam;
        const double bias1 = 1 - std::pow(s.beta1, double(update_count));
        const double bias2 = 1 - std::pow(s.beta2, double(update_count));
        pass.adam(slot(m_), slot(v_), decoupled ? 1 - rate * decay : 1, decoupled ? 0 : decay, s.beta1, s.beta2,
                  rate / bias1, std::sqrt(bias2), s.eps);
        break;
      }
      case Kind::sgd:
        pass.sgd(slot(m_), decay, s.momentum, update_count == 1 ? 1 : 1 - s.dampening, s.nesterov, rate);
        break;
      case Kind::rmsprop:
        pass.rmsprop(slot(v_), slot(mean_), slot(m_), decay, s.alpha, s.momentum, s.eps, rate);
        break;
      case Kind::lion: pass.lion(slot(m_), 1 - rate * decay, s.beta1, s.beta2, rate); break;
    }
  }
}

template <class R>
std::vector<OptimizerSlot<R>> Optimizer<R>::slots() {
  std::vector<OptimizerSlot<R>> slots;
  if (!m_.empty()) slots.push_back({"m", m_});
  if (!v_.empty()) slots.push_back({"v", v_});
  if (!mean_.empty()) slots.push_back({"mean", mean_});
  return slots;
}

template class Optimizer<float>;
template class Optimizer<double>;

template <class R>
double gradient_norm(std::span<const ParameterBlock> blocks, std::span<const R> grad) {
  double sums[8] = {};   // eight chains that do not wait for each other
  for (const ParameterBlock& block : blocks) {
    if (block.frozen) continue;
    size_t i = block.begin;
    for (; i + 8 <= block.end; i += 8)
      for (size_t k = 0; k < 8; ++k) sums[k] += double(grad[i + k]) * double(grad[i + k]);
    for (; i < block.end; ++i) sums[0] += double(grad[i]) * double(grad[i]);
  }
  const double left = (sums[0] + sums[1]) + (sums[2] + sums[3]), right = (sums[4] + sums[5]) + (sums[6] + sums[7]);
  return std::sqrt(left + right);
}

template <class R>
double clip_by_norm(std::span<const ParameterBlock> blocks, std::span<R> grad, double max_norm) {
  const double norm   = gradient_norm<R>(blocks, grad);
  const double factor = max_norm / (norm + 1e-6);
  if (!std::isfinite(norm) || factor >= 1) return norm;
  for (const ParameterBlock& block : blocks)
    for (size_t i = block.begin; i < block.end; ++i) grad[i] *= R(factor);
  return norm;
}

template <class R>
void clip_by_value(std::span<const ParameterBlock> blocks, std::span<R> grad, double limit) {
  const R low = R(-limit), high = R(limit);
  for (const ParameterBlock& block : blocks)
    for (size_t i = block.begin; i < block.end; ++i) {
      if (grad[i] < low) grad[i] = low;
      if (grad[i] > high) grad[i] = high;
    }
}

template double gradient_norm(std::span<const ParameterBlock>, std::span<const float>);
template double gradient_norm(std::span<const ParameterBlock>, std::span<const double>);
template double clip_by_norm(std::span<const ParameterBlock>, std::span<float>, double);
template double clip_by_norm(std::span<const ParameterBlock>, std::span<double>, double);
template void clip_by_value(std::span<const ParameterBlock>, std::span<float>, double);
template void clip_by_value(std::span<const ParameterBlock>, std::span<double>, double);

}  // namespace dynode
