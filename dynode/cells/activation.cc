// Activation:  s[t+1] = f(x)         a layer without memory; f is a setting
// adjoint: x̄ = f′(x) λ
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/cells/activation.cc"
#include <hwy/foreach_target.h>
#include <cmath>
#include "dynode/cells/pointwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

/// 1.7159 tanh(0.666 x)
template <class R>
struct LecunTanh : FluxOnly<LecunTanh<R>> {
  HWY_INLINE explicit LecunTanh(const void*) {}
  template <class V> HWY_INLINE V value(const V& x) const { return constant<V>(1.7159) * tanh(constant<V>(0.666) * x); }
  template <class V> HWY_INLINE V slope(const V&, const V& y) const {
    return constant<V>(0.666 * 1.7159) - constant<V>(0.666 / 1.7159) * y * y;
  }
};

/// x σ(x)
template <class R>
struct Silu : FluxOnly<Silu<R>> {
  HWY_INLINE explicit Silu(const void*) {}
  template <class V> HWY_INLINE V value(const V& x) const { return x * sigmoid(x); }
  template <class V> HWY_INLINE V slope(const V& x, const V& y) const {
    const V g = sigmoid(x);
    return fma(y, one<V>() - g, g);
  }
};

/// x Φ(x), Φ the normal distribution
template <class R>
struct Gelu : FluxOnly<Gelu<R>> {
  HWY_INLINE explicit Gelu(const void*) {}
  template <class V> HWY_INLINE V value(const V& x) const { return x * normal_distribution(x); }
  template <class V> HWY_INLINE V slope(const V& x, const V&) const {
    const V density = constant<V>(0.39894228040143267794) * exp(constant<V>(-0.5) * x * x);
    return fma(x, density, normal_distribution(x));
  }

 private:
  /// ½ erfc(−x/√2), lane by lane.
  template <class V> static HWY_INLINE V normal_distribution(const V& x) {
    HWY_ALIGN typename V::Real lanes[V::width];
    x.store(lanes);
    for (auto& l : lanes) l = typename V::Real(0.5 * std::erfc(-0.70710678118654752440 * double(l)));
    return V::load(lanes);
  }
};

/// x, or a share of it below 0
template <class R>
struct LeakyRelu : FluxOnly<LeakyRelu<R>> {
  HWY_INLINE explicit LeakyRelu(const void*) {}
  template <class V> HWY_INLINE V value(const V& x) const { return max(x, constant<V>(0.2) * x); }
  template <class V> HWY_INLINE V slope(const V& x, const V&) const {
    return where_less(constant<V>(0), x, one<V>(), constant<V>(0.2));
  }
};

/// slope · x + offset between low and high
template <class R, class Line>
struct Clipped : FluxOnly<Clipped<R, Line>> {
  HWY_INLINE explicit Clipped(const void*) {}
  template <class V> HWY_INLINE V value(const V& x) const {
    const V line = fma(constant<V>(Line::slope), x, constant<V>(Line::offset));
    return clamp(line, constant<V>(Line::low), constant<V>(Line::high));
  }
  template <class V> HWY_INLINE V slope(const V&, const V& y) const {
    const V inside = where_less(constant<V>(Line::low), y, constant<V>(Line::slope), constant<V>(0));
    return where_less(y, constant<V>(Line::high), inside, constant<V>(0));
  }
};
struct Relu6Line { static constexpr double slope = 1, offset = 0, low = 0, high = 6; };
struct HardSigmoidLine { static constexpr double slope = 1.0 / 6, offset = 0.5, low = 0, high = 1; };
struct HardTanhLine { static constexpr double slope = 1, offset = 0, low = -1, high = 1; };
template <class R> using Relu6 = Clipped<R, Relu6Line>;
template <class R> using HardSigmoid = Clipped<R, HardSigmoidLine>;
template <class R> using HardTanh = Clipped<R, HardTanhLine>;

/// x clip(x/6 + ½, 0, 1)
template <class R>
struct HardSilu : FluxOnly<HardSilu<R>> {
  HWY_INLINE explicit HardSilu(const void*) {}
  template <class V> HWY_INLINE V value(const V& x) const { return x * HardSigmoid<R>(nullptr).value(x); }
  template <class V> HWY_INLINE V slope(const V& x, const V&) const {
    const HardSigmoid<R> gate(nullptr);
    const V              g = gate.value(x);
    return fma(x, gate.slope(x, g), g);
  }
};

/// scale · (x above 0, alpha (exp(x) − 1) below)
template <class R, class Shape>
struct Exponentials : FluxOnly<Exponentials<R, Shape>> {
  HWY_INLINE explicit Exponentials(const void*) {}
  template <class V> HWY_INLINE V value(const V& x) const {
    const V below = constant<V>(Shape::scale * Shape::alpha) * (exp(min(x, constant<V>(0))) - one<V>());
    return where_less(constant<V>(0), x, constant<V>(Shape::scale) * x, below);
  }
  template <class V> HWY_INLINE V slope(const V& x, const V& y) const {
    return where_less(constant<V>(0), x, constant<V>(Shape::scale), y + constant<V>(Shape::scale * Shape::alpha));
  }
};
struct EluShape { static constexpr double scale = 1, alpha = 1; };
struct SeluShape { static constexpr double scale = 1.0507009873554805, alpha = 1.6732632423543772; };
template <class R> using Elu = Exponentials<R, EluShape>;
template <class R> using Selu = Exponentials<R, SeluShape>;

/// log(1 + exp(x))
template <class R>
struct Softplus : FluxOnly<Softplus<R>> {
  HWY_INLINE explicit Softplus(const void*) {}
  template <class V> HWY_INLINE V value(const V& x) const { return softplus(x); }
  template <class V> HWY_INLINE V slope(const V& x, const V&) const { return sigmoid(x); }
};

/// x / (1 + |x|)
template <class R>
struct Softsign : FluxOnly<Softsign<R>> {
  HWY_INLINE explicit Softsign(const void*) {}
  template <class V> HWY_INLINE V value(const V& x) const { return x / (one<V>() + abs(x)); }
  template <class V> HWY_INLINE V slope(const V& x, const V&) const {
    const V share = one<V>() / (one<V>() + abs(x));
    return share * share;
  }
};

template <class R>
struct Exponential : FluxOnly<Exponential<R>> {
  HWY_INLINE explicit Exponential(const void*) {}
  template <class V> HWY_INLINE V value(const V& x) const { return exp(x); }
  template <class V> HWY_INLINE V slope(const V&, const V& y) const { return y; }
};

/// x tanh(log(1 + exp(x)))
template <class R>
struct Mish : FluxOnly<Mish<R>> {
  HWY_INLINE explicit Mish(const void*) {}
  template <class V> HWY_INLINE V value(const V& x) const { return x * tanh(softplus(x)); }
  template <class V> HWY_INLINE V slope(const V& x, const V&) const {
    const V t = tanh(softplus(x));
    return fma(x * sigmoid(x), one<V>() - t * t, t);
  }
};

struct Activation {
  template <class V> struct State  { V s; };
  template <class V> struct Ports  { V x; };
  template <class V> struct Params {};

  template <class V, class F>
  static HWY_INLINE State<V> step(const State<V>&, const Ports<V>& in, const Params<V>&, const V&, const F& f) {
    return {f(in.x)};
  }

  template <class V, class F>
  static HWY_INLINE void pull(const Values<Activation, V>& v, const F& f, const State<V>& lambda,
                              Bars<Activation, V>& bars) {
    bars.s.s  = constant<V>(0);
    bars.in.x = f.slope(v.in.x, v.next.s) * lambda.s;
  }
};

/// In the order of the setting's words.
using Activations = SourceList<LecunTanh, TanhSource, ReluSource, Silu, Gelu, IdentitySource, SigmoidSource, LeakyRelu,
                               Relu6, Elu, Selu, Softplus, Softsign, Exponential, HardSigmoid, HardTanh, HardSilu, Mish>;

template <class R>
StepKernels<R> kernels_of(const StepArgs<R>& a) {
  return Activations::with(int(a.settings.numbers[0]), []<template <class> class Source>() {
    return step_kernels<Activation, Source<R>, R>();
  });
}
template <class R> void step_as_told(const StepArgs<R>& a) { kernels_of(a).step(a); }
template <class R> void pull_as_told(const PullArgs<R>& b) { kernels_of(b.step).pull(b); }
template <class R> void pull_derived_as_told(const PullArgs<R>& b) { kernels_of(b.step).pull_derived(b); }

CellKernels ActivationKernels() {
  return {{step_as_told<float>, pull_as_told<float>, nullptr, nullptr, nullptr, nullptr},
          {step_as_told<double>, pull_as_told<double>, pull_derived_as_told<double>, nullptr, nullptr, nullptr}};
}

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dynode {
HWY_EXPORT(ActivationKernels);

CellEntry activation() {
  return {.name = "Activation",
          .summary = "function of what it receives",
          .states = {{.name = "s", .memoryless = true}},
          .ports = {"x"},
          .static_map = true,
          .settings = {{.name  = "activation",
                        .words = {"lecun_tanh", "tanh", "relu", "silu", "gelu", "linear", "sigmoid", "leaky_relu", "relu6",
                                  "elu", "selu", "softplus", "softsign", "exponential", "hard_sigmoid", "hard_tanh",
                                  "hard_silu", "mish"},
                        .help  = "the function"}},
          .kernels = [](int) { return HWY_DYNAMIC_DISPATCH(ActivationKernels)(); }};
}
}  // namespace dynode
#endif
