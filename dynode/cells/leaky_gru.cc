// Gated unit whose gates are numbers of the unit:  r = σ(b_r)   z = σ(b_z)   n = tanh(x + b + r (w + d h))
//   h′ = (1 − z) n + z h        x = W_in input, w = W_hn h, d = 1 where the diagonal of W_hn is kept at one
// adjoint, λ = ∂L/∂h′:  n̄ = (1 − z) (1 − n²) λ = x̄ = b̄   w̄ = r n̄   h̄ = z λ + d w̄
//                       b̄_r = r (1 − r) (w + d h) n̄   b̄_z = z (1 − z) (h − n) λ
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/cells/leaky_gru.cc"
#include <hwy/foreach_target.h>
#include "dynode/cells/pointwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

struct LeakyGru {
  template <class V> struct State  { V h; };
  template <class V> struct Ports  { V n_x, n_h; };
  template <class V> struct Params { V decay_bias, candidate_bias, reset_bias, diagonal; };

  template <class V, class F>
  static HWY_INLINE State<V> step(const State<V>& s, const Ports<V>& in, const Params<V>& p, const V&, const F&) {
    const V w = fma(p.diagonal, s.h, in.n_h), n = tanh(in.n_x + p.candidate_bias + sigmoid(p.reset_bias) * w);
    return {n + sigmoid(p.decay_bias) * (s.h - n)};
  }

  template <class V, class F>
  static HWY_INLINE void pull(const Values<LeakyGru, V>& v, const F&, const State<V>& lambda, Bars<LeakyGru, V>& bars) {
    const V r = sigmoid(v.p.reset_bias), z = sigmoid(v.p.decay_bias), w = fma(v.p.diagonal, v.s.h, v.in.n_h);
    const V n     = tanh(v.in.n_x + v.p.candidate_bias + r * w);
    const V n_bar = (one<V>() - z) * (one<V>() - n * n) * lambda.h;
    bars.in.n_x = n_bar;
    bars.in.n_h = r * n_bar;
    bars.s.h    = z * lambda.h + v.p.diagonal * bars.in.n_h;
    bars.p.candidate_bias += n_bar;
    bars.p.reset_bias     += r * (one<V>() - r) * w * n_bar;
    bars.p.decay_bias     += z * (one<V>() - z) * (v.s.h - n) * lambda.h;
  }
};

CellKernels LeakyGruKernels() { return pointwise_kernels<LeakyGru>(); }

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <algorithm>
#include <cmath>
#include <limits>

namespace dynode {
HWY_EXPORT(LeakyGruKernels);

namespace {

/// The bias whose gate keeps exp(−dt/τ) of the state in a step. Gates closer than 1e-6 to shut or open count as that
/// far; NaN for times that are not positive.
double decay_bias_of(double tau, double dt) {
  if (!(tau > 0)) return std::numeric_limits<double>::quiet_NaN();
  const double kept = std::clamp(std::exp(-dt / tau), 1e-6, 1 - 1e-6);
  return std::log(kept / (1 - kept));
}

}  // namespace

CellEntry leaky_gru() {
  return {.name = "LeakyGRU",
          .summary = "gated unit that forgets at a rate of its own",
          .params = {{.name = "decay_bias",
                      .help = "bias of the gate that keeps the state",
                      .alternative = {.name = "tau_init",
                                      .value = 20,
                                      .unit = "unit of dt",
                                      .to_parameter = decay_bias_of,
                                      .spacing = "tau_spacing",
                                      .floor = "tau_eps",
                                      .floor_value = 1e-3},
                      .learn_word = "train_alpha"},
                     {.name = "candidate_bias", .value = 0.0, .help = "bias of the new value"},
                     {.name = "reset_bias", .value = 10.0, .help = "bias of the gate on recurrence", .learn = false}},
          .constants = {{.name = "diagonal",
                         .from = ConstantFacts::From::kept_diagonal,
                         .help = "weight of a unit's own state in its new value"}},
          .states = {{.name = "h"}},
          .ports = {"n_x", "n_h"},
          .core = {{"weight_ih", nullptr, false, {"", "", "n_x"}, "xavier_uniform"},
                   {"weight_hh", nullptr, true, {"", "", "n_h"}, "orthogonal", "candidate_diag"}},
          .kernels = [](int) { return HWY_DYNAMIC_DISPATCH(LeakyGruKernels)(); }};
}
}  // namespace dynode
#endif
