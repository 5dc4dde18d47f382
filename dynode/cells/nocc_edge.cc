// Edge of a NOCC connection: two SQUIDs of opposite flux, per edge; the target's current m comes back one step late.
//   β ṡ₁ = g₁ − α s₁ − β_o ṁ   g₁ = g(x + w, |i_b − s₁|)        β ṡ₂ = g₂ − α s₂ − β_o ṁ   g₂ = g(x − w, |s₂ − i_b|)
//   |u| = √(u² + 0.01)
// The states are those without the shared inductance, r = s + κ m with κ = β_o/β: they do not wait for ṁ, the sum over the
// edges of a target (nocc_sum.cc), and Euler's steps are the same:
//   s = r − κ m    r₁′ = r₁ + h/β (g₁ − α s₁)    r₂′ likewise    d = g₁ − g₂
// adjoint, ρ = h/β, Gₖ = ρ λₖ ± λ_d, c₁ = G₁ g_i u₁/|u₁|, c₂ likewise, u₁ = i_b − s₁, u₂ = s₂ − i_b:
//   S₁ = −ρ α λ₁ − c₁   S₂ = −ρ α λ₂ + c₂   r̄ₖ = λₖ + Sₖ   m̄ = −κ (S₁ + S₂)   x̄ = G₁ g_φ + G₂ g_φ   w̄ = G₁ g_φ − G₂ g_φ
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/cells/nocc_edge.cc"
#include <hwy/foreach_target.h>
#include "dynode/cells/pointwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

struct NoccEdge {
  template <class V> struct State  { V d, r1, r2; };
  template <class V> struct Ports  { V x, m; };
  template <class V> struct Params { V w, bias_current, alpha, beta, beta_out; };

  template <class V> static HWY_INLINE V soft_abs(const V& u) { return sqrt(fma(u, u, constant<V>(0.01))); }

  template <class V, class G>
  static HWY_INLINE State<V> step(const State<V>& s, const Ports<V>& in, const Params<V>& p, const V& h, const G& g) {
    const V inverse = constant<V>(1) / p.beta, rate = h * inverse, shared = p.beta_out * inverse * in.m;
    const V s1 = s.r1 - shared, s2 = s.r2 - shared;
    const V g1 = g(in.x + p.w, soft_abs(p.bias_current - s1));
    const V g2 = g(in.x - p.w, soft_abs(s2 - p.bias_current));
    return {g1 - g2, s.r1 + rate * (g1 - p.alpha * s1), s.r2 + rate * (g2 - p.alpha * s2)};
  }

  template <class V, class G>
  static HWY_INLINE void pull(const Values<NoccEdge, V>& v, const G& g, const State<V>& lambda, Bars<NoccEdge, V>& bars) {
    const V inverse = one<V>() / v.p.beta, rate = v.dt * inverse, back = v.p.beta_out * inverse;
    const V s1 = v.s.r1 - back * v.in.m, s2 = v.s.r2 - back * v.in.m;
    const V u1 = v.p.bias_current - s1, u2 = s2 - v.p.bias_current, i1 = soft_abs(u1), i2 = soft_abs(u2);
    const auto a = g.with_slope(v.in.x + v.p.w, i1), b = g.with_slope(v.in.x - v.p.w, i2);
    const V big1 = fma(rate, lambda.r1, lambda.d), big2 = rate * lambda.r2 - lambda.d;
    const V flux1 = big1 * a.dphi, flux2 = big2 * b.dphi, current1 = big1 * a.di * (u1 / i1), current2 = big2 * b.di * (u2 / i2);
    const V leak = rate * v.p.alpha, sum1 = -(leak * lambda.r1) - current1, sum2 = current2 - leak * lambda.r2;
    const V driven = (a.y - v.p.alpha * s1) * lambda.r1 + (b.y - v.p.alpha * s2) * lambda.r2, fed = inverse * v.in.m * (sum1 + sum2);
    bars.s  = {constant<V>(0), lambda.r1 + sum1, lambda.r2 + sum2};
    bars.in = {flux1 + flux2, -(back * (sum1 + sum2))};
    bars.p.w            += flux1 - flux2;
    bars.p.bias_current += current1 - current2;
    bars.p.alpha        -= rate * (s1 * lambda.r1 + s2 * lambda.r2);
    bars.p.beta         += back * fed - inverse * rate * driven;
    bars.p.beta_out     -= fed;
    bars.dt             += inverse * driven;
  }
};

CellKernels NoccEdgeKernels(int source) { return pointwise_kernels<NoccEdge>(source); }

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dynode {
HWY_EXPORT(NoccEdgeKernels);

CellEntry nocc_edge() {
  return {.name = "NOCCEdge",
          .summary = "edge of a NOCC connection",
          .params = {{.name = "w", .help = "weight, flux"},
                     {.name = "bias_current", .value = 2.1, .min = 0, .unit = "I_c", .help = "bias of both SQUIDs", .learn = false},
                     {.name = "alpha", .value = 1.64053, .min = 0, .help = "resistance of the loops", .learn = false},
                     {.name = "beta", .value = 303.85, .min = 1e-9, .help = "inductance of an arm", .learn = false},
                     {.name = "beta_out", .value = 91.156, .min = 0, .help = "shared inductance", .learn = false}},
          .states = {{.name = "d", .help = "difference of the SQUIDs' rates", .memoryless = true},
                     {.name = "r1", .help = "current of the first loop, without the shared inductance"},
                     {.name = "r2", .help = "current of the second loop, likewise"}},
          .ports = {"x", "m"},
          .source = "RateArray",
          .dt = 37,
          .scales_with_dt = true,
          .internal = true,
          .kernels = [](int source) { return HWY_DYNAMIC_DISPATCH(NoccEdgeKernels)(source); }};
}
}  // namespace dynode
#endif
