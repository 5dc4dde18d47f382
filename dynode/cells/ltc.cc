// Liquid time-constant neuron:  C v̇ = g (v_leak − v) + Σᵢ Rᵢ (eᵢ − v) + I − S v      Rᵢ = wᵢ s(σᵢ (vᵢ − µᵢ))
// I = Σ S e and S = Σ S of the inputs arrive at the ports. One step of length dt is K sub-steps of h = dt/K. With
//   A = g v_leak + I + Σ R e    B = g + S + Σ R + ε       all of the sub-step's first v
//   fused   v′ = v + h r    r = E (A − B v)   E = 1/(C + h B)     the v of its own synapses implicit; any h is stable
//   others  Runge-Kutta on r = (A − B x)/C, ε left out
// adjoint of a fused sub-step, λ = ∂L/∂v′:
//   Ā = h E λ   B̄ = −v′ Ā   C̄ = −h r E λ   h̄ = C E r λ   v̄ = C E λ + synapses
//   ḡ = v_leak Ā + B̄   v̄_leak = g Ā   Ī = Ā   S̄ = B̄
//   of synapse i → j, with s its opening and t = s (1 − s) (e Āⱼ + B̄ⱼ):
//   w̄ = s (e Āⱼ + B̄ⱼ)   ē = w s Āⱼ   σ̄ = w (vᵢ − µ) t   µ̄ = −w σ t   v̄ᵢ += w σ t
// observed, at the v a step begins with:  τ = C/(g + S + Σ R), the time constant of a neuron at its inputs
// Source: Hasani et al. 2021, Liquid time-constant networks; τ: Lechner et al. 2020.
//
// Neurons depend on each other, so the unit of work is a column: all neurons of one or two vectors of rows.
// The tape holds E and r (Runge-Kutta: B/C and r) of every evaluation; v is found again from v′, the sigmoids are
// computed again, which is cheaper than to keep them.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/cells/ltc.cc"
#include <hwy/foreach_target.h>
#include <algorithm>
#include "dynode/cells/cell.h"
#include "dynode/kernels/logistic-inl.h"

#ifndef DYNODE_CELLS_LTC_CC_ONCE_
#define DYNODE_CELLS_LTC_CC_ONCE_
namespace dynode {
namespace ltc {

enum Param { gleak, vleak, cm, w, sigma, mu, erev };
enum Setting { unfolds, epsilon, solver, offset };

/// An explicit Runge-Kutta method whose stages x = v + a h r read the rate r of the stage before only.
struct Method {
  size_t stages;
  double a[5], b[4];   // a[stages] is 0: nothing reads the last rate but the sum
};
inline constexpr Method kMethods[] = {
    {1, {0, 0}, {1}},                                          // fused; its two numbers are not used
    {1, {0, 0}, {1}},                                          // euler
    {2, {0, 1, 0}, {0.5, 0.5}},                                // heun
    {4, {0, 0.5, 0.5, 1, 0}, {1 / 6., 1 / 3., 1 / 3., 1 / 6.}}};

/// What the tape of a column holds, in slabs of its neurons.
struct TapeShape {
  size_t evaluations, scratch;

  static TapeShape of(const double* settings, bool rows) {
    const size_t stages = kMethods[size_t(settings[solver])].stages;
    return {size_t(settings[unfolds]) * stages, size_t(1 + (stages > 1 ? 3 : 0) + (rows ? 6 : 0))};
  }
  size_t slabs() const { return 2 * evaluations + scratch; }
};

}  // namespace ltc
}  // namespace dynode
#endif

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

/// Synapses whose constants are folded at a time, in front of their use.
inline constexpr size_t kFold = 64;

/// Cell and synapses of one layer.
template <class R>
struct Circuit {
  size_t          units, synapses;
  const uint32_t *begin, *column;
  const R* const* params;
  const double*   settings;

  explicit Circuit(const StepArgs<R>& a)
      : units(a.slab.units), synapses(a.settings.synapses->begin[units]), begin(a.settings.synapses->begin),
        column(a.settings.synapses->column), params(a.params), settings(a.settings.numbers) {}
};

/// Folded constants of a run of synapses.
template <class R>
struct Fold {
  using V = Lane<R>;
  alignas(64) R slope[kFold], shift[kFold], strength[kFold];   // of the logistic function; w · factor

  HWY_INLINE void set(const Circuit<R>& c, const R* factor, size_t first, size_t end) {
    const R *w = c.params[ltc::w], *sigma = c.params[ltc::sigma], *mu = c.params[ltc::mu];
    for (size_t k = first; k < end; k += V::width) {
      const V a = V::load(sigma + k) * V(R(Logistic<R>::unit));
      a.store(slope + (k - first));
      (-a * V::load(mu + k)).store(shift + (k - first));
      (V::load(w + k) * V::load(factor + k)).store(strength + (k - first));
    }
  }
};

/// Calls visit(source, first synapse, end, fold, place of the first in it) for all runs of synapses with one source;
/// the fold's strength is w · factor.
template <class R, class Visit>
HWY_INLINE void each_run(const Circuit<R>& c, const R* factor, const Visit& visit) {
  Fold<R> fold;
  size_t  source = 0;
  for (size_t first = 0; first < c.synapses; first += kFold) {
    const size_t end = first + kFold < c.synapses ? first + kFold : c.synapses;
    fold.set(c, factor, first, end);
    for (size_t k = first; k < end;) {
      while (c.begin[source + 1] <= k) ++source;
      const size_t stop = end < c.begin[source + 1] ? end : c.begin[source + 1];
      visit(source, k, stop, fold, k - first);
      k = stop;
    }
  }
}

/// num += Σ R e, den += Σ R over the synapses of a column [units][NV vectors] at potentials x, source by source.
template <int NV, class R>
HWY_INLINE void open_synapses(const Circuit<R>& c, const R* HWY_RESTRICT x, R* HWY_RESTRICT num, R* HWY_RESTRICT den) {
  using V = Lane<R>;
  constexpr size_t stride = NV * V::width;
  const R* w = c.params[ltc::w];
  each_run(c, c.params[ltc::erev], [&](size_t source, size_t k, size_t stop, const Fold<R>& fold, size_t f) HWY_ATTR {
    V v[NV];
    for (int j = 0; j < NV; ++j) v[j] = V::load(x + source * stride + j * V::width);
    for (; k < stop; ++k, ++f) {
      const V slope(fold.slope[f]), shift(fold.shift[f]), current(fold.strength[f]), conductance(w[k]);
      R *n = num + c.column[k] * stride, *d = den + c.column[k] * stride;
      for (int j = 0; j < NV; ++j) {
        const V s = Logistic<R>::at(fma(slope, v[j], shift));
        fma(current, s, V::load(n + j * V::width)).store(n + j * V::width);
        fma(conductance, s, V::load(d + j * V::width)).store(d + j * V::width);
      }
    }
  });
}

/// Its adjoint: adds to x_bar and to the gradients of the synapses [synapses][width].
template <int NV, class R>
HWY_INLINE void pull_synapses(const Circuit<R>& c, const R* HWY_RESTRICT x, const R* HWY_RESTRICT num_bar,
                              const R* HWY_RESTRICT den_bar, R* HWY_RESTRICT x_bar, R* const* params_bar) {
  using V = Lane<R>;
  constexpr size_t stride = NV * V::width;
  const R *w = c.params[ltc::w], *mu = c.params[ltc::mu], *erev = c.params[ltc::erev];
  R *w_bar = params_bar[ltc::w], *sigma_bar = params_bar[ltc::sigma], *mu_bar = params_bar[ltc::mu],
    *erev_bar = params_bar[ltc::erev];
  each_run(c, c.params[ltc::sigma], [&](size_t source, size_t k, size_t stop, const Fold<R>& fold, size_t f) HWY_ATTR {
    V v[NV], v_bar[NV];
    for (int j = 0; j < NV; ++j) {
      v[j]     = V::load(x + source * stride + j * V::width);
      v_bar[j] = V::load(x_bar + source * stride + j * V::width);
    }
    for (; k < stop; ++k, ++f) {
      const V slope(fold.slope[f]), shift(fold.shift[f]), steep(fold.strength[f]), e(erev[k]);
      const size_t target = c.column[k] * stride, at = k * V::width;
      V open = zero<V>(), driven = zero<V>(), slant = zero<V>(), moment = zero<V>();
      for (int j = 0; j < NV; ++j) {
        const V s = Logistic<R>::at(fma(slope, v[j], shift));
        const V a = V::load(num_bar + target + j * V::width), h = fma(e, a, V::load(den_bar + target + j * V::width));
        const V t = fma(-s, s, s) * h;
        open     = fma(s, h, open);
        driven   = fma(s, a, driven);
        slant    = slant + t;
        moment   = fma(v[j], t, moment);
        v_bar[j] = fma(steep, t, v_bar[j]);
      }
      const V conductance(w[k]);
      (V::load(w_bar + at) + open).store(w_bar + at);
      fma(conductance, driven, V::load(erev_bar + at)).store(erev_bar + at);
      fma(conductance, fma(-V(mu[k]), slant, moment), V::load(sigma_bar + at)).store(sigma_bar + at);
      fma(-steep, slant, V::load(mu_bar + at)).store(mu_bar + at);
    }
    for (int j = 0; j < NV; ++j) v_bar[j].store(x_bar + source * stride + j * V::width);
  });
}

/// All neurons of NV vectors of rows; slabs are [units][NV vectors].
template <int NV, class R>
struct Column {
  using V = Lane<R>;
  static constexpr size_t stride = NV * V::width;

  const Circuit<R>&  c;
  const ltc::Method& method;
  const size_t       size, unfolds;
  const bool         fused;
  R* const           tape;        // [evaluation] of E or B/C, and r; then scratch
  R* const           scratch;
  V                  h[NV];       // of each lane

  HWY_INLINE Column(const Circuit<R>& circuit, const R* dt, R* tape_)
      : c(circuit), method(ltc::kMethods[size_t(c.settings[ltc::solver])]), size(c.units * stride),
        unfolds(size_t(c.settings[ltc::unfolds])), fused(c.settings[ltc::solver] == 0), tape(tape_),
        scratch(tape_ + 2 * unfolds * method.stages * size) {
    for (int j = 0; j < NV; ++j)
      h[j] = (V::load(dt + j * V::width) + V(R(c.settings[ltc::offset]))) / V(R(unfolds));
  }

  HWY_INLINE R* den_of(size_t unfold, size_t stage) const { return tape + 2 * (unfold * method.stages + stage) * size; }
  HWY_INLINE R* num_of(size_t unfold, size_t stage) const { return den_of(unfold, stage) + size; }
  HWY_INLINE V  param(ltc::Param p, size_t unit) const { return V(c.params[p][unit]); }

  /// Calls visit(unit, j, offset) for all vectors.
  template <class Visit>
  HWY_INLINE void each(const Visit& visit) const {
    for (size_t u = 0; u < c.units; ++u)
      for (int j = 0; j < NV; ++j) visit(u, j, u * stride + j * V::width);
  }

  /// A and B at potentials x.
  HWY_INLINE void evaluate(const R* x, const R* current, const R* conductance, R* num, R* den) const {
    const V epsilon(fused ? R(c.settings[ltc::epsilon]) : R(0));
    each([&](size_t u, int, size_t at) HWY_ATTR {
      const V g = param(ltc::gleak, u);
      fma(g, param(ltc::vleak, u), V::load(current + at)).store(num + at);
      (g + epsilon + V::load(conductance + at)).store(den + at);
    });
    open_synapses<NV>(c, x, num, den);
  }

  /// x = v + a h r
  HWY_INLINE void stage_point(const R* v, double a, const R* rate, R* x) const {
    each([&](size_t, int j, size_t at) HWY_ATTR {
      fma(V(R(a)) * h[j], V::load(rate + at), V::load(v + at)).store(x + at);
    });
  }

  /// v becomes what it is a step later.
  HWY_INLINE void step(R* v, const R* current, const R* conductance) const {
    for (size_t n = 0; n < unfolds; ++n) {
      if (fused) {
        R *num = num_of(n, 0), *den = den_of(n, 0);
        evaluate(v, current, conductance, num, den);
        each([&](size_t u, int j, size_t at) HWY_ATTR {
          const V b = V::load(den + at), e = one<V>() / fma(h[j], b, param(ltc::cm, u)), now = V::load(v + at);
          const V rate = e * fma(-b, now, V::load(num + at));
          e.store(den + at), rate.store(num + at);
          fma(h[j], rate, now).store(v + at);
        });
        continue;
      }
      for (size_t s = 0; s < method.stages; ++s) {
        R *num = num_of(n, s), *den = den_of(n, s), *x = s ? scratch + size : v;
        if (s) stage_point(v, method.a[s], num_of(n, s - 1), x);
        evaluate(x, current, conductance, num, den);
        each([&](size_t u, int, size_t at) HWY_ATTR {
          const V leak = V::load(den + at) / param(ltc::cm, u);
          fma(-leak, V::load(x + at), V::load(num + at) / param(ltc::cm, u)).store(num + at);
          leak.store(den + at);
        });
      }
      for (size_t s = 0; s < method.stages; ++s) stage_point(v, method.b[s], num_of(n, s), v);
    }
  }

  /// Effective time constants at potentials v; `tau` is none of the arrays that are read.
  HWY_INLINE void time_constants(const R* v, const R* conductance, R* tau) const {
    R* const num = num_of(0, 0);   // nobody wants the currents
    each([&](size_t u, int, size_t at) HWY_ATTR {
      (param(ltc::gleak, u) + V::load(conductance + at)).store(tau + at);
      zero<V>().store(num + at);
    });
    open_synapses<NV>(c, v, num, tau);
    each([&](size_t u, int, size_t at) HWY_ATTR { (param(ltc::cm, u) / V::load(tau + at)).store(tau + at); });
  }

  /// Adjoints a pull gives: of currents and conductances it writes, of the rest it adds to.
  struct Bars {
    R *lambda, *current, *conductance;
    R* const* params;      // [units][width], [synapses][width]
    V*        h;
  };

  /// `scratch` begins with the potentials after the step, [units][NV vectors].
  HWY_INLINE void pull(const Bars& bars) const {
    std::fill_n(bars.current, size, R(0));
    std::fill_n(bars.conductance, size, R(0));
    for (size_t n = unfolds; n-- > 0;) fused ? pull_fused(n, scratch, bars) : pull_stages(n, scratch, bars);
  }

 private:
  /// What A and B are made of besides synapses; leaves Ā and B̄ in the tape for those.
  HWY_INLINE void pull_sums(size_t u, size_t at, V num_bar, V den_bar, R* num, R* den, const Bars& bars) const {
    num_bar.store(num + at), den_bar.store(den + at);
    (V::load(bars.current + at) + num_bar).store(bars.current + at);
    (V::load(bars.conductance + at) + den_bar).store(bars.conductance + at);
    add(bars.params[ltc::gleak], u, fma(param(ltc::vleak, u), num_bar, den_bar));
    add(bars.params[ltc::vleak], u, param(ltc::gleak, u) * num_bar);
  }
  static HWY_INLINE void add(R* bar, size_t unit, V x) {
    (V::load(bar + unit * V::width) + x).store(bar + unit * V::width);
  }

  HWY_INLINE void pull_fused(size_t n, R* v, const Bars& bars) const {
    R *num = num_of(n, 0), *den = den_of(n, 0);
    each([&](size_t u, int j, size_t at) HWY_ATTR {
      const V e = V::load(den + at), rate = V::load(num + at), now = V::load(v + at);
      const V scaled = e * V::load(bars.lambda + at), moved = h[j] * scaled, kept = param(ltc::cm, u) * scaled;
      bars.h[j] = fma(kept, rate, bars.h[j]);
      add(bars.params[ltc::cm], u, -(moved * rate));
      fma(-h[j], rate, now).store(v + at);
      kept.store(bars.lambda + at);
      pull_sums(u, at, moved, -(now * moved), num, den, bars);
    });
    pull_synapses<NV>(c, v, num, den, bars.lambda, bars.params);
  }

  HWY_INLINE void pull_stages(size_t n, R* v, const Bars& bars) const {
    const bool several = method.stages > 1;
    R *x = scratch + size, *x_bar = scratch + 2 * size, *v_bar = scratch + 3 * size;
    for (size_t s = method.stages; s-- > 0;) stage_point(v, -method.b[s], num_of(n, s), v);
    if (several) std::fill_n(x_bar, size, R(0)), std::fill_n(v_bar, size, R(0));
    for (size_t s = method.stages; s-- > 0;) {
      R *num = num_of(n, s), *den = den_of(n, s), *to = several ? x_bar : bars.lambda;
      const R* at_stage = s ? x : v;
      if (s) stage_point(v, method.a[s], num_of(n, s - 1), x);
      each([&](size_t u, int j, size_t at) HWY_ATTR {
        const V rate = V::load(num + at), leak = V::load(den + at), lambda = V::load(bars.lambda + at);
        V rate_bar = V(R(method.b[s])) * lambda;   // without its factor h
        if (several) rate_bar = fma(V(R(method.a[s + 1])), V::load(x_bar + at), rate_bar);
        bars.h[j] = fma(rate, rate_bar, bars.h[j]);
        rate_bar *= h[j];
        const V num_bar = rate_bar / param(ltc::cm, u);
        add(bars.params[ltc::cm], u, -(num_bar * rate));
        const V through = -(leak * rate_bar);
        (several ? through : lambda + through).store(to + at);
        pull_sums(u, at, num_bar, -(V::load(at_stage + at) * num_bar), num, den, bars);
      });
      pull_synapses<NV>(c, at_stage, num, den, to, bars.params);
      if (several)
        each([&](size_t, int, size_t at) HWY_ATTR { (V::load(v_bar + at) + V::load(x_bar + at)).store(v_bar + at); });
    }
    if (several)
      each([&](size_t, int, size_t at) HWY_ATTR {
        (V::load(bars.lambda + at) + V::load(v_bar + at)).store(bars.lambda + at);
      });
  }
};

/// Few rows: a vector of them at a time is turned into a column, whose other lanes repeat the first row.
template <class R>
struct Turned {
  using V = Lane<R>;
  const Slab& slab;
  size_t      first, rows;

  Turned(const Slab& s, size_t row) : slab(s), first(row), rows(s.rows - row < V::width ? s.rows - row : V::width) {}

  HWY_INLINE void in(const R* x, R* column) const {
    for (size_t u = 0; u < slab.units; ++u) V(x[first * slab.stride + u]).store(column + u * V::width);
    for (size_t r = 1; r < rows; ++r)
      for (size_t u = 0; u < slab.units; ++u) column[u * V::width + r] = x[(first + r) * slab.stride + u];
  }
  /// Lanes without a row are zero.
  HWY_INLINE void in_or_zero(const R* x, R* column) const {
    std::fill_n(column, slab.units * V::width, R(0));
    for (size_t r = 0; r < rows; ++r)
      for (size_t u = 0; u < slab.units; ++u) column[u * V::width + r] = x[(first + r) * slab.stride + u];
  }
  HWY_INLINE void out(const R* column, R* x) const {
    for (size_t r = 0; r < rows; ++r)
      for (size_t u = 0; u < slab.units; ++u) x[(first + r) * slab.stride + u] = column[u * V::width + r];
  }
  HWY_INLINE void times(const R* dt, R* lanes) const {
    for (size_t r = 0; r < V::width; ++r) lanes[r] = dt[first + (r < rows ? r : 0)];
  }
};

template <int NV, class R>
HWY_INLINE void step_tile(const StepArgs<R>& a) {
  const Circuit<R> circuit(a);
  std::copy_n(a.state[0], a.slab.size(), a.next[0]);
  Column<NV, R>(circuit, a.dt, a.tape).step(a.next[0], a.drive[0], a.drive[1]);
}

template <class R>
HWY_INLINE void step_rows(const StepArgs<R>& a) {
  using V = Lane<R>;
  const Circuit<R> circuit(a);
  const size_t     size = a.slab.units * V::width, group = ltc::TapeShape::of(circuit.settings, true).slabs() * size;
  alignas(64) R dt[V::width];
  R* tape = a.tape;
  for (size_t row = 0; row < a.slab.rows; row += V::width, tape += group) {
    const Turned<R> turned(a.slab, row);
    turned.times(a.dt, dt);
    R *v = tape + group - 6 * size, *current = v + size, *conductance = current + size;
    turned.in(a.state[0], v), turned.in(a.drive[0], current), turned.in(a.drive[1], conductance);
    Column<1, R>(circuit, dt, tape).step(v, current, conductance);
    turned.out(v, a.next[0]);
  }
}

template <class R>
void ltc_step(const StepArgs<R>& a) {
  if (a.slab.layout == Layout::rows) step_rows(a);
  else if (a.slab.stride == Lane<R>::width) step_tile<1>(a);
  else step_tile<2>(a);
}

template <int NV, class R>
HWY_INLINE void observe_tile(const StepArgs<R>& a, R* tau) {
  const Circuit<R> circuit(a);
  Column<NV, R>(circuit, a.dt, a.tape).time_constants(a.state[0], a.drive[1], tau);
}

template <class R>
HWY_INLINE void observe_rows(const StepArgs<R>& a, R* tau) {
  using V = Lane<R>;
  const Circuit<R> circuit(a);
  const size_t     size = a.slab.units * V::width, group = ltc::TapeShape::of(circuit.settings, true).slabs() * size;
  alignas(64) R dt[V::width];
  for (size_t row = 0; row < a.slab.rows; row += V::width) {
    const Turned<R> turned(a.slab, row);
    turned.times(a.dt, dt);
    R *v = a.tape + group - 6 * size, *conductance = v + size, *to = conductance + size;
    turned.in(a.state[0], v), turned.in(a.drive[1], conductance);
    Column<1, R>(circuit, dt, a.tape).time_constants(v, conductance, to);
    turned.out(to, tau);
  }
}

template <class R>
void ltc_observe(const StepArgs<R>& a, R* const* out) {
  if (a.slab.layout == Layout::rows) observe_rows(a, out[0]);
  else if (a.slab.stride == Lane<R>::width) observe_tile<1>(a, out[0]);
  else observe_tile<2>(a, out[0]);
}

template <int NV, class R>
HWY_INLINE void pull_tile(const PullArgs<R>& b) {
  using V = Lane<R>;
  const Circuit<R> circuit(b.step);
  const Column<NV, R> column(circuit, b.step.dt, b.step.tape);
  V h[NV];
  for (int j = 0; j < NV; ++j) h[j] = zero<V>();
  std::copy_n(b.step.next[0], column.size, column.scratch);
  column.pull({b.lambda[0], b.drive_bar[0], b.drive_bar[1], b.params_bar, h});
  for (int j = 0; j < NV; ++j) {
    R* to = b.dt_bar + j * V::width;
    (V::load(to) + h[j] / V(R(column.unfolds))).store(to);
  }
}

template <class R>
HWY_INLINE void pull_rows(const PullArgs<R>& b) {
  using V = Lane<R>;
  const StepArgs<R>& a = b.step;
  const Circuit<R> circuit(a);
  const size_t     size = a.slab.units * V::width, group = ltc::TapeShape::of(circuit.settings, true).slabs() * size;
  alignas(64) R dt[V::width];
  R* tape = a.tape;
  for (size_t row = 0; row < a.slab.rows; row += V::width, tape += group) {
    const Turned<R> turned(a.slab, row);
    turned.times(a.dt, dt);
    R *lambda = tape + group - 6 * size, *current = lambda + size, *conductance = current + size;
    R* unit_bars = conductance + size;   // of gleak, vleak, cm
    const Column<1, R> column(circuit, dt, tape);
    turned.in(a.next[0], column.scratch), turned.in_or_zero(b.lambda[0], lambda);
    std::fill_n(unit_bars, 3 * size, R(0));
    R* const params[] = {unit_bars, unit_bars + size, unit_bars + 2 * size, b.params_bar[ltc::w],
                         b.params_bar[ltc::sigma], b.params_bar[ltc::mu], b.params_bar[ltc::erev]};
    V h = zero<V>();
    column.pull({lambda, current, conductance, params, &h});
    turned.out(lambda, b.lambda[0]), turned.out(current, b.drive_bar[0]), turned.out(conductance, b.drive_bar[1]);
    for (int p = 0; p < 3; ++p)
      for (size_t u = 0; u < a.slab.units; ++u)
        for (size_t r = 0; r < turned.rows; ++r) b.params_bar[p][u] += unit_bars[p * size + u * V::width + r];
    (h / V(R(column.unfolds))).store(dt);
    for (size_t r = 0; r < turned.rows; ++r) b.dt_bar[(row + r) * V::width] += dt[r];
  }
}

template <class R>
void ltc_pull(const PullArgs<R>& b) {
  if (b.step.slab.layout == Layout::rows) pull_rows(b);
  else if (b.step.slab.stride == Lane<R>::width) pull_tile<1>(b);
  else pull_tile<2>(b);
}

// with an LSTM in front the step starts from what arrives at a third port
template <class R>
void ltc_led_step(const StepArgs<R>& a) {
  const R* const start[] = {a.drive[2]};
  StepArgs<R>    led     = a;
  led.state              = start;
  ltc_step(led);
}
template <class R>
void ltc_led_observe(const StepArgs<R>& a, R* const* out) {
  const R* const start[] = {a.drive[2]};
  StepArgs<R>    led     = a;
  led.state              = start;
  ltc_observe(led, out);
}
template <class R>
void ltc_led_pull(const PullArgs<R>& b) {
  ltc_pull(b);
  std::copy_n(b.lambda[0], b.step.slab.size(), b.drive_bar[2]);
  std::fill_n(b.lambda[0], b.step.slab.size(), R(0));
}

/// Duals follow one unit at a time, so there is no second adjoint: differences of the step judge the only one.
template <class R>
StepKernels<R> ltc_kernels(bool led) {
  const auto pull = led ? ltc_led_pull<R> : ltc_pull<R>;
  return {led ? ltc_led_step<R> : ltc_step<R>, pull, pull, nullptr, nullptr, led ? ltc_led_observe<R> : ltc_observe<R>};
}

CellKernels LtcKernels(bool led) { return {ltc_kernels<float>(led), ltc_kernels<double>(led)}; }

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dynode {
HWY_EXPORT(LtcKernels);

CellEntry ltc_neuron() {
  const auto synapse = [](const char* name, double value, const char* help) {
    return ParamFacts{.name = name, .value = value, .help = help, .per_synapse = true};
  };
  const auto map = [](const char* name, const char* help) {
    return SettingFacts{.name = name, .words = {"affine", "linear", "none"}, .help = help};
  };
  return {.name = "LTC",
          .summary = "liquid time-constant neurons: conductance synapses, integrated in sub-steps",
          .params = {{.name = "gleak", .value = 0.5, .help = "leak conductance"},
                     {.name = "vleak", .help = "resting potential"},
                     {.name = "cm", .value = 0.5, .help = "capacitance of the membrane"},
                     synapse("w", 0.5, "conductance of an open synapse"),
                     synapse("sigma", 5.5, "steepness of its opening"),
                     synapse("mu", 0.55, "potential of the source at which it is half open"),
                     synapse("erev", 1, "reversal potential")},
          .states = {{.name = "v", .help = "membrane potential"}},
          .ports = {"current", "conductance"},
          .dt = 1,
          .scales_with_dt = true,
          .pull_reads_drive = false,
          .couples_units = true,
          .observables = {"tau"},
          // the first four are read by the kernel, the others say how the layer is put together
          .settings = {{.name = "ode_unfolds", .value = 6, .min = 1, .max = 10000, .whole = true,
                        .help = "sub-steps of a step"},
                       {.name = "epsilon", .value = 1e-8, .min = 0, .help = "added to the sum of conductances (fused)"},
                       {.name = "solver", .words = {"fused", "euler", "heun", "rk4"}, .help = "method of a sub-step"},
                       {.name = "elapsed_offset", .help = "added to the time of every step"},
                       {.name = "positivity", .words = {"softplus", "clamp", "none"},
                        .help = "how conductances and capacitances stay positive: they are softplus of what is "
                                "learnt, or are raised to 0 after every update, or not at all"},
                       map("input_mapping", "factor and offset per input, factor only, or neither"),
                       map("output_mapping", "the same of the outputs"),
                       {.name = "mixed_memory", .words = {"false", "state", "true"},
                        .help = "an LSTM in front gives every step the state it starts from (true means the same)"},
                       {.name = "forget_bias", .value = 1, .help = "added to the forget gate of that LSTM"}},
          .takes_sources = true,
          .tape_size = [](const Slab& slab, size_t width, const double* settings) {
            const bool   rows   = slab.layout == Layout::rows;
            const size_t groups = rows ? (slab.rows + width - 1) / width : 1;
            return groups * ltc::TapeShape::of(settings, rows).slabs() * slab.units * (rows ? width : slab.stride);
          },
          .kernels = [](int) { return HWY_DYNAMIC_DISPATCH(LtcKernels)(false); }};
}

CellEntry ltc_led_neuron() {
  CellEntry cell         = ltc_neuron();
  cell.name              = "LTCLed";
  cell.summary           = "liquid time-constant neurons whose steps start from what arrives";
  cell.states[0].memoryless = true;
  cell.ports.push_back("start");
  cell.internal      = true;
  cell.takes_sources = false;
  cell.kernels       = [](int) { return HWY_DYNAMIC_DISPATCH(LtcKernels)(true); };
  return cell;
}
}  // namespace dynode
#endif
