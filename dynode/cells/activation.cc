// Activation:  s[t+1] = f(x)         a layer of a backbone; f is a setting
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
using Activations = SourceList<LecunTanh, TanhSource, ReluSource, Silu, Gelu>;

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
          .summary = "function of what it receives, in a backbone",
          .states = {{.name = "s", .memoryless = true}},
          .ports = {"x"},
          .internal = true,
          .static_map = true,
          .settings = {{.name = "activation", .words = {"lecun_tanh", "tanh", "relu", "silu", "gelu"}, .help = "f"}},
          .kernels = [](int) { return HWY_DYNAMIC_DISPATCH(ActivationKernels)(); }};
}
}  // namespace dynode
#endif
