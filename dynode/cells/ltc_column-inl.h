// Liquid time-constant neuron:  C v̇ = g (v_leak − v) + Σᵢ Rᵢ (eᵢ − v) + I − S v      Rᵢ = wᵢ s(σᵢ (vᵢ − µᵢ))
// I = Σ S e and S = Σ S of the inputs arrive at the ports. One step of length dt is K sub-steps of h = dt/K. With
//   A = g v_leak + I + Σ R e    B = g + S + Σ R + ε       all of the sub-step's first v
//   fused   v′ = v + h r    r = E (A − B v)   E = 1/(C + h B)     the v of its own synapses implicit; any h is stable
//   others  Runge-Kutta on r = (A − B x)/C, ε left out
// adjoint of a fused sub-step, λ = ∂L/∂v′:
//   Ā = h E λ   B̄ = −v′ Ā   C̄ = −h r E λ   h̄ = C E r λ   v̄ = C E λ + synapses
//   ḡ = v_leak Ā + B̄   v̄_leak = g Ā   Ī = Ā   S̄ = B̄
//   of synapse i → j: liquid_synapses-inl.h, with Āⱼ and B̄ⱼ
// observed, at the v a step begins with:  τ = C/(g + S + Σ R), the time constant of a neuron at its inputs
// Source: Hasani et al. 2021, Liquid time-constant networks; τ: Lechner et al. 2020.
//
// Neurons depend on each other, so the unit of work is a column: all neurons of one or two vectors of rows, or of one row.
// The tape holds E and r (Runge-Kutta: B/C and r) of every evaluation; v is found again from v′.
#if defined(DYNODE_CELLS_LTC_COLUMN_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DYNODE_CELLS_LTC_COLUMN_INL_H_
#undef DYNODE_CELLS_LTC_COLUMN_INL_H_
#else
#define DYNODE_CELLS_LTC_COLUMN_INL_H_
#endif

#include <algorithm>
#include "dynode/cells/liquid_synapses-inl.h"

#ifndef DYNODE_CELLS_LTC_COLUMN_ONCE_
#define DYNODE_CELLS_LTC_COLUMN_ONCE_
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

  static TapeShape of(const double* settings, bool turned) {
    const size_t stages = kMethods[size_t(settings[solver])].stages;
    return {size_t(settings[unfolds]) * stages, size_t(2 + (stages > 1 ? 3 : 0) + (turned ? 6 : 0))};
  }
  size_t slabs() const { return 2 * evaluations + scratch; }
};

/// Rows that are advanced one by one, those of small circuits; from more on a vector of rows costs less.
inline constexpr size_t kFewRows = 2;

}  // namespace ltc
}  // namespace dynode
#endif

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

/// How the numbers of a column lie: [units][NV vectors of rows], or the [units] of a single row.
template <class R, int NV>
struct InTiles {
  using V = Lane<R>;
  static constexpr int    vectors = NV;   // at a time
  static constexpr size_t units = 1, bar_width = V::width;

  static size_t size(const Slab& slab) { return slab.units * NV * V::width; }

  static HWY_INLINE V    param(const R* values, size_t unit) { return V(values[unit]); }
  static HWY_INLINE void open(const Synapses<R>& c, const R* x, R* num, R* den) { open_lanes<NV>(c, x, num, den); }
  static HWY_INLINE void pull(const Synapses<R>& c, const R* x, const R* num_bar, const R* den_bar, R* x_bar,
                              const SynapseBars<R>& bars) {
    pull_lanes<NV>(c, x, num_bar, den_bar, x_bar, bars);
  }
};
template <class R>
struct InRow {
  using V = Lane<R>;
  static constexpr int    vectors = 1;
  static constexpr size_t units = V::width, bar_width = 1;

  static size_t size(const Slab& slab) { return slab.stride; }

  static HWY_INLINE V    param(const R* values, size_t unit) { return V::load(values + unit); }
  static HWY_INLINE void open(const Synapses<R>& c, const R* x, R* num, R* den) { open_row(c, x, num, den); }
  static HWY_INLINE void pull(const Synapses<R>& c, const R* x, const R* num_bar, const R* den_bar, R* x_bar,
                              const SynapseBars<R>& bars) {
    pull_row(c, x, num_bar, den_bar, x_bar, bars);
  }
};

/// All neurons of some rows.
template <class R, class Place>
struct Column {
  using V = Lane<R>;
  static constexpr int NV = Place::vectors;

  const StepArgs<R>& a;           // of which parameters and settings are read
  Synapses<R>        synapses;
  const ltc::Method& method;
  const size_t       size, unfolds;
  const bool         fused;
  R* const           tape;        // [evaluation] of E or B/C, and r; then scratch
  R* const           scratch;
  V                  h[NV];       // of each lane

  /// @param dt  of each lane
  HWY_INLINE Column(const StepArgs<R>& args, const R* dt, R* tape_)
      : a(args), synapses(args, ltc::w), method(ltc::kMethods[size_t(setting(ltc::solver))]),
        size(Place::size(a.slab)), unfolds(size_t(setting(ltc::unfolds))), fused(setting(ltc::solver) == 0), tape(tape_),
        scratch(tape_ + 2 * unfolds * method.stages * size) {
    for (int j = 0; j < NV; ++j) h[j] = (V::load(dt + j * V::width) + V(R(setting(ltc::offset)))) / V(R(unfolds));
  }

  HWY_INLINE R* time_bar() const { return scratch + (method.stages > 1 ? 4 : 1) * size; }
  HWY_INLINE R* den_of(size_t unfold, size_t stage) const { return tape + 2 * (unfold * method.stages + stage) * size; }
  HWY_INLINE R* num_of(size_t unfold, size_t stage) const { return den_of(unfold, stage) + size; }
  HWY_INLINE double setting(ltc::Setting s) const { return a.settings.numbers[s]; }
  HWY_INLINE V  param(ltc::Param p, size_t unit) const { return Place::param(a.params[p], unit); }

  /// Calls visit(unit, j, offset) for all vectors; the unit is the first of those in a vector.
  template <class Visit>
  HWY_INLINE void each(const Visit& visit) const {
    for (size_t at = 0, u = 0; at < size; u += Place::units)
      for (int j = 0; j < NV; ++j, at += V::width) visit(u, j, at);
  }

  /// A and B at potentials x.
  HWY_INLINE void evaluate(const R* x, const R* current, const R* conductance, R* num, R* den) const {
    const V epsilon(fused ? R(setting(ltc::epsilon)) : R(0));
    each([&](size_t u, int, size_t at) HWY_ATTR {
      const V g = param(ltc::gleak, u);
      fma(g, param(ltc::vleak, u), V::load(current + at)).store(num + at);
      (g + epsilon + V::load(conductance + at)).store(den + at);
    });
    Place::open(synapses, x, num, den);
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
    Place::open(synapses, v, num, tau);
    each([&](size_t u, int, size_t at) HWY_ATTR { (param(ltc::cm, u) / V::load(tau + at)).store(tau + at); });
  }

  /// Adjoints a pull gives: of currents and conductances it writes, of the rest it adds to.
  struct Bars {
    R *lambda, *current, *conductance, *h;   // that of h neuron by neuron
    R* const* params;      // [units][width], of a single row [units]; [synapses][width]
  };

  /// `scratch` begins with the potentials after the step, and ends with room for bars.h.
  HWY_INLINE void pull(const Bars& bars) const {
    std::fill_n(bars.current, size, R(0));
    std::fill_n(bars.conductance, size, R(0));
    std::fill_n(bars.h, size, R(0));
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
    (V::load(bar + unit * Place::bar_width) + x).store(bar + unit * Place::bar_width);
  }

  HWY_INLINE void pull_fused(size_t n, R* v, const Bars& bars) const {
    R *num = num_of(n, 0), *den = den_of(n, 0);
    each([&](size_t u, int j, size_t at) HWY_ATTR {
      const V e = V::load(den + at), rate = V::load(num + at), now = V::load(v + at);
      const V scaled = e * V::load(bars.lambda + at), moved = h[j] * scaled, kept = param(ltc::cm, u) * scaled;
      fma(kept, rate, V::load(bars.h + at)).store(bars.h + at);
      add(bars.params[ltc::cm], u, -(moved * rate));
      fma(-h[j], rate, now).store(v + at);
      kept.store(bars.lambda + at);
      pull_sums(u, at, moved, -(now * moved), num, den, bars);
    });
    Place::pull(synapses, v, num, den, bars.lambda, {bars.params, ltc::w});
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
        fma(rate, rate_bar, V::load(bars.h + at)).store(bars.h + at);
        rate_bar *= h[j];
        const V num_bar = rate_bar / param(ltc::cm, u);
        add(bars.params[ltc::cm], u, -(num_bar * rate));
        const V through = -(leak * rate_bar);
        (several ? through : lambda + through).store(to + at);
        pull_sums(u, at, num_bar, -(V::load(at_stage + at) * num_bar), num, den, bars);
      });
      Place::pull(synapses, at_stage, num, den, to, {bars.params, ltc::w});
      if (several)
        each([&](size_t, int, size_t at) HWY_ATTR { (V::load(v_bar + at) + V::load(x_bar + at)).store(v_bar + at); });
    }
    if (several)
      each([&](size_t, int, size_t at) HWY_ATTR {
        (V::load(bars.lambda + at) + V::load(v_bar + at)).store(bars.lambda + at);
      });
  }
};

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
