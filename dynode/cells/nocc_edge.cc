// Edge of a NOCC connection: two SQUIDs of opposite flux, per edge; the target's current m comes back one step late.
//   s₁′ = s₁ + h/β (g₁ − α s₁) − (β_o/β) Δm        s₂′ likewise with g₂        Δm = m − (m of the step before)
//   g₁′ = g(x + w, |i_b − s₁′|)   g₂′ = g(x − w, |s₂′ − i_b|)   d = g₁′ − g₂′        |u| = √(u² + 0.01)
// The states first take what the last step made (g₁, g₂, Δm), then the SQUIDs answer; so no sum over the edges of a
// target is needed within the step. nocc_sum.cc is the target's half.
// adjoint, G₁ = λ_g₁ + λ_d, G₂ = λ_g₂ − λ_d, S₁ = λ_s₁ − G₁ g_i u₁/|u₁|, S₂ = λ_s₂ + G₂ g_i u₂/|u₂|, u₁ = i_b − s₁′,
//   u₂ = s₂′ − i_b:  x̄ = G₁ g_φ + G₂ g_φ   w̄ = G₁ g_φ − G₂ g_φ   ḡₖ = h/β Sₖ   s̄ₖ = (1 − hα/β) Sₖ   Δm̄ = −β_o/β (S₁ + S₂)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/cells/nocc_edge.cc"
#include <hwy/foreach_target.h>
#include "dynode/cells/pointwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

struct NoccEdge {
  template <class V> struct State  { V d, g1, g2, s1, s2, m; };
  template <class V> struct Ports  { V x, m; };
  template <class V> struct Params { V w, bias_current, alpha, beta, beta_out; };

  template <class V> static HWY_INLINE V soft_abs(const V& u) { return sqrt(u * u + constant<V>(0.01)); }

  template <class V, class G>
  static HWY_INLINE State<V> step(const State<V>& s, const Ports<V>& in, const Params<V>& p, const V& h, const G& g) {
    const V inverse = constant<V>(1) / p.beta, rate = h * inverse, back = p.beta_out * inverse * (in.m - s.m);
    const V s1 = s.s1 + rate * (s.g1 - p.alpha * s.s1) - back;
    const V s2 = s.s2 + rate * (s.g2 - p.alpha * s.s2) - back;
    const V g1 = g(in.x + p.w, soft_abs(p.bias_current - s1));
    const V g2 = g(in.x - p.w, soft_abs(s2 - p.bias_current));
    return {g1 - g2, g1, g2, s1, s2, in.m};
  }

  template <class V, class G>
  static HWY_INLINE void pull(const Values<NoccEdge, V>& v, const G& g, const State<V>& lambda, Bars<NoccEdge, V>& bars) {
    const V u1 = v.p.bias_current - v.next.s1, u2 = v.next.s2 - v.p.bias_current, i1 = soft_abs(u1), i2 = soft_abs(u2);
    const auto a = g.with_slope(v.in.x + v.p.w, i1), b = g.with_slope(v.in.x - v.p.w, i2);
    const V big1 = lambda.g1 + lambda.d, big2 = lambda.g2 - lambda.d;
    const V flux1 = big1 * a.dphi, flux2 = big2 * b.dphi, current1 = big1 * a.di * (u1 / i1), current2 = big2 * b.di * (u2 / i2);
    const V sum1 = lambda.s1 - current1, sum2 = lambda.s2 + current2;
    const V inverse = one<V>() / v.p.beta, rate = v.dt * inverse, keep = one<V>() - rate * v.p.alpha;
    const V moved = v.in.m - v.s.m, both = sum1 + sum2, back = v.p.beta_out * inverse * both;
    const V driven = (v.s.g1 - v.p.alpha * v.s.s1) * sum1 + (v.s.g2 - v.p.alpha * v.s.s2) * sum2;
    bars.s  = {constant<V>(0), rate * sum1, rate * sum2, keep * sum1, keep * sum2, back};
    bars.in = {flux1 + flux2, lambda.m - back};
    bars.p.w            += flux1 - flux2;
    bars.p.bias_current += current1 - current2;
    bars.p.alpha        -= rate * (v.s.s1 * sum1 + v.s.s2 * sum2);
    bars.p.beta         += inverse * (moved * back - rate * driven);
    bars.p.beta_out     -= inverse * moved * both;
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
                     {.name = "g1"}, {.name = "g2"}, {.name = "s1"}, {.name = "s2"}, {.name = "m"}},
          .ports = {"x", "m"},
          .source = "RateArray",
          .dt = 37,
          .scales_with_dt = true,
          .internal = true,
          .kernels = [](int source) { return HWY_DYNAMIC_DISPATCH(NoccEdgeKernels)(source); }};
}
}  // namespace dynode
#endif
