// Coupled oscillators: positions y and velocities z, which a network of both and of the input drives
//   CoRNNVelocity   z′ = z + t (tanh(x) − γ y − ε z)        x gathers V u + b, W y and W_z z, of the step before
//   CoRNN           y′ = y + t z′                           t: the time of the step
// adjoint of the velocity, a = tanh(x), ζ = t λ:  z̄ = λ − ε ζ   x̄ = (1 − a²) ζ   ȳ = −γ ζ   γ̄ = −y ζ   ε̄ = −z ζ
//                                                 t̄ = (a − γ y − ε z) λ
// plan/compile_equations.cc puts them together.
// Source: Rusch & Mishra 2021, Coupled oscillatory recurrent neural network.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/cells/co_rnn.cc"
#include <hwy/foreach_target.h>
#include "dynode/cells/pointwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

struct CoRnnVelocity {
  template <class V> struct State  { V z; };
  template <class V> struct Ports  { V x, y; };
  template <class V> struct Params { V gamma, epsilon; };

  template <class V, class F>
  static HWY_INLINE State<V> step(const State<V>& s, const Ports<V>& in, const Params<V>& p, const V& t, const F&) {
    return {fma(t, tanh(in.x) - p.gamma * in.y - p.epsilon * s.z, s.z)};
  }

  template <class V, class F>
  static HWY_INLINE void pull(const Values<CoRnnVelocity, V>& v, const F&, const State<V>& lambda,
                              Bars<CoRnnVelocity, V>& bars) {
    const V a = tanh(v.in.x), moved = v.dt * lambda.z;
    bars.s.z  = lambda.z - v.p.epsilon * moved;
    bars.in.x = (one<V>() - a * a) * moved;
    bars.in.y = -v.p.gamma * moved;
    bars.p.gamma -= v.in.y * moved;
    bars.p.epsilon -= v.s.z * moved;
    bars.dt += (a - v.p.gamma * v.in.y - v.p.epsilon * v.s.z) * lambda.z;
  }
};

struct CoRnn {
  template <class V> struct State  { V y; };
  template <class V> struct Ports  { V z; };
  template <class V> struct Params {};

  template <class V, class F>
  static HWY_INLINE State<V> step(const State<V>& s, const Ports<V>& in, const Params<V>&, const V& t, const F&) {
    return {fma(t, in.z, s.y)};
  }
};

CellKernels CoRnnVelocityKernels() { return pointwise_kernels<CoRnnVelocity>(); }
CellKernels CoRnnKernels() { return pointwise_kernels<CoRnn>(); }

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dynode {
HWY_EXPORT(CoRnnVelocityKernels);
HWY_EXPORT(CoRnnKernels);

CellEntry co_rnn() {
  return {.name = "coRNN",
          .summary = "coupled oscillators",
          .states = {{.name = "y"}},
          .ports = {"z"},
          .dt = 1,
          .scales_with_dt = true,
          .takes_sources = true,
          .kernels = [](int) { return HWY_DYNAMIC_DISPATCH(CoRnnKernels)(); }};
}

CellEntry co_rnn_velocity() {
  return {.name = "coRNNVelocity",
          .summary = "velocity of coupled oscillators",
          .params = {{.name = "gamma", .value = 1, .min = 0, .unit = "1/unit of dt²", .help = "pulls back to 0", .learn = false},
                     {.name = "epsilon", .value = 1, .min = 0, .unit = "1/unit of dt", .help = "damping", .learn = false}},
          .states = {{.name = "z"}},
          .ports = {"x", "y"},
          .dt = 1,
          .scales_with_dt = true,
          .internal = true,
          .kernels = [](int) { return HWY_DYNAMIC_DISPATCH(CoRnnVelocityKernels)(); }};
}
}  // namespace dynode
#endif
