// Drivers for pointwise cells: a cell writes formulas over a number type, this file walks the slab.
//
// A cell has State<V>, Ports<V>, Params<V> (plain structs of V) and
//   step(s, in, p, dt, f) → State            the equation; f is the source function
//   pull(values, f, lambda, bars)            its adjoint by hand (optional; else derived from `step` with duals)
//   start(s, p, f) → State                   completes an initial state (optional)
//   observe(s, in, p, f) → struct of V       what can be recorded of a step (optional); or observe(s, in, p, dt, f)
//   lookups, constants                       how often step, and pull in the same order, call f; how many of the last
//                                            parameters `pull` gives no gradient of (both optional, see below)
// Vectors of a slab that share their parameters form the inner loop, so parameters stay in registers:
//   tiles   outer = unit,            parameters are one number for all lanes    inner = vectors of batch lanes
//   rows    outer = vector of units, parameters are a vector                    inner = rows
#if defined(DYNODE_CELLS_POINTWISE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DYNODE_CELLS_POINTWISE_INL_H_
#undef DYNODE_CELLS_POINTWISE_INL_H_
#else
#define DYNODE_CELLS_POINTWISE_INL_H_
#endif

#include "dynode/cells/cell.h"
#include "dynode/sources/catalogue-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

// ---- structs of numbers, seen as arrays -----------------------------------------------------------------

template <class V, class S> HWY_INLINE V& item(S& s, int i) { return reinterpret_cast<V*>(&s)[i]; }
template <class V, class S> constexpr int count_of() { return int(sizeof(S) / sizeof(V)); }

template <class S, class V, class P>
HWY_INLINE S load_all(P pointers, size_t at) {
  S s;
  for (int i = 0; i < count_of<V, S>(); ++i) item<V>(s, i) = V::load(pointers[i] + at);
  return s;
}
template <class V, class S, class P>
HWY_INLINE void store_all(S& s, P pointers, size_t at) {
  for (int i = 0; i < count_of<V, S>(); ++i) item<V>(s, i).store(pointers[i] + at);
}

/// Pointers to the components of S, for inlined loops to keep in registers: stores of vectors might be aimed at arrays
/// of pointers, for all a compiler knows.
template <class S, class V, class P>
struct Pointers {
  static constexpr int count = count_of<V, S>();
  P of[count > 0 ? count : 1];

  HWY_INLINE explicit Pointers(const P* pointers) {
    for (int i = 0; i < count; ++i) of[i] = pointers[i];
  }
  HWY_INLINE S load(size_t at) const { return load_all<S, V>(of, at); }
  HWY_INLINE void store(S& s, size_t at) const { store_all<V>(s, of, at); }
};

/// Parameters of outer position n: one number in tiles, a vector in rows.
template <Layout layout, class S, class V, class P>
HWY_INLINE S load_params(P pointers, size_t n) {
  S s;
  for (int i = 0; i < count_of<V, S>(); ++i)
    item<V>(s, i) = layout == Layout::tiles ? V(pointers[i][n]) : V::load(pointers[i] + n * V::width);
  return s;
}

/// Time of inner position m: of each lane in tiles, of the row in rows.
template <Layout layout, class V, class R>
HWY_INLINE V load_dt(const R* dt, size_t m) {
  return layout == Layout::tiles ? V::load(dt + m * V::width) : V(dt[m]);
}

// ---- one cell at one vector -----------------------------------------------------------------------------

/// What a step saw, and what it made.
template <class Cell, class V>
struct Values {
  typename Cell::template State<V>  s;
  typename Cell::template Ports<V>  in;
  typename Cell::template Params<V> p;
  V dt;
  typename Cell::template State<V>  next;
};

/// The adjoints a pull gives: of state and ports it writes, of parameters and dt it adds to.
template <class Cell, class V>
struct Bars {
  typename Cell::template State<V>  s;
  typename Cell::template Ports<V>  in;
  typename Cell::template Params<V> p;
  V dt;
};

/// What the drivers do at one vector; `derived` uses duals even if `pull` exists.
template <class Cell, class Source, class R, bool derived = false>
struct Formula {
  using V      = Lane<R>;
  using State  = typename Cell::template State<V>;
  using Ports  = typename Cell::template Ports<V>;
  using Params = typename Cell::template Params<V>;
  static constexpr int states = count_of<V, State>(), ports = count_of<V, Ports>(), params = count_of<V, Params>();
  /// Parameters that have a gradient: a pull by hand may say that the last ones are constants.
  static constexpr int learnt = [] {
    if constexpr (requires { Cell::constants; }) return params - Cell::constants;
    else return params;
  }();
  static constexpr bool handwritten = !derived && requires(Values<Cell, V> v, Source f, State l, Bars<Cell, V> b) {
    Cell::pull(v, f, l, b);
  };
  /// Lookups per vector that are done in blocks.
  static constexpr int  lookups  = [] {
    if constexpr (requires { Cell::lookups; }) return handwritten && Source::uses_table ? Cell::lookups : 0;
    else return 0;
  }();
  static constexpr bool starts   = requires(State s, Params p, Source f) { Cell::start(s, p, f); };
  static constexpr bool observes_time = requires(State s, Ports in, Params p, V dt, Source f) {
    Cell::observe(s, in, p, dt, f);
  };
  static constexpr bool observes =
      observes_time || requires(State s, Ports in, Params p, Source f) { Cell::observe(s, in, p, f); };

  Source source;

  HWY_INLINE explicit Formula(const StepArgs<R>& a) : source(a.source) {}

  // f: the source, or what stands in for it
  template <class F>
  HWY_INLINE State step(const State& s, const Ports& in, const Params& p, const V& dt, const F& f) const {
    return Cell::step(s, in, p, dt, f);
  }
  template <class F>
  HWY_INLINE void pull(const Values<Cell, V>& v, const State& lambda, Bars<Cell, V>& bars, const F& f) const {
    if constexpr (handwritten) {
      Cell::pull(v, f, lambda, bars);
    } else {
      // seed every argument, run the formula, contract with λ
      using D = Dual<V, states + ports + params + 1>;
      typename Cell::template State<D>  s;
      typename Cell::template Ports<D>  in;
      typename Cell::template Params<D> p;
      for (int i = 0; i < states; ++i) item<D>(s, i) = D(item<const V>(v.s, i), i);
      for (int i = 0; i < ports; ++i) item<D>(in, i) = D(item<const V>(v.in, i), states + i);
      for (int i = 0; i < params; ++i) item<D>(p, i) = D(item<const V>(v.p, i), states + ports + i);
      const auto next = Cell::step(s, in, p, D(v.dt, states + ports + params), source);
      for (int i = 0; i < states; ++i) item<V>(bars.s, i) = contract<D>(lambda, next, i);
      for (int i = 0; i < ports; ++i) item<V>(bars.in, i) = contract<D>(lambda, next, states + i);
      for (int i = 0; i < params; ++i) item<V>(bars.p, i) += contract<D>(lambda, next, states + ports + i);
      bars.dt += contract<D>(lambda, next, states + ports + params);
    }
  }

  /// Adjoint of `start`: λ of the completed state becomes λ of the given one.
  HWY_INLINE void start_pull(const State& given, const Params& params_now, State& lambda) const {
    using D = Dual<V, states>;
    typename Cell::template State<D>  s;
    typename Cell::template Params<D> p;
    for (int i = 0; i < states; ++i) item<D>(s, i) = D(item<const V>(given, i), i);
    for (int i = 0; i < params; ++i) item<D>(p, i) = D(item<const V>(params_now, i), -1);
    const auto completed = Cell::start(s, p, source);
    State bar;
    for (int i = 0; i < states; ++i) item<V>(bar, i) = contract<D>(lambda, completed, i);
    lambda = bar;
  }

 private:
  /// Σ over states of λ · ∂(state)/∂(k-th variable)
  template <class D, class S>
  static HWY_INLINE V contract(const State& lambda, const S& next, int k) {
    V sum = item<const V>(lambda, 0) * item<const D>(next, 0).d[k];
    for (int i = 1; i < states; ++i) sum = fma(item<const V>(lambda, i), item<const D>(next, i).d[k], sum);
    return sum;
  }
};

// ---- over a slab ----------------------------------------------------------------------------------------

struct Walk {
  size_t outer, outer_step, inner, inner_step;
  template <class V> static HWY_INLINE Walk over(const Slab& s) {
    return s.layout == Layout::tiles ? Walk{s.units, s.stride, s.stride / V::width, V::width}
                                     : Walk{s.stride / V::width, V::width, s.rows, s.stride};
  }
};

/// Most vectors that share their parameters: two of lanes, or (on the plainest instruction set) a tile as rows.
inline constexpr size_t kMostInner = 32;

// A formula that looks things up in a table runs twice over a block of vectors: first the table notes where its answers
// stand, then it gives them. Instead of a long chain of places, loads and sums a processor has two short ones, of which
// it can have many in hand at a time.

/// Stands in for the table in the first run: its answers mean nothing.
template <class Source>
struct Asking {
  using V = typename Source::V;
  const Source& source;
  typename Source::Spot*& next;

  HWY_INLINE V operator()(const V& phi, const V& i) const {
    source.locate(phi, i, *next++);
    return zero<V>();
  }
  HWY_INLINE Slope2<V> with_slope(const V& phi, const V& i) const {
    source.locate(phi, i, *next++);
    return {zero<V>(), zero<V>(), zero<V>()};
  }
};
/// … and in the second, where questions are known.
template <class Source>
struct Answering {
  using V = typename Source::V;
  const Source& source;
  typename Source::Spot*& next;

  HWY_INLINE V operator()(const V&, const V&) const { return source.value(*next++); }
  HWY_INLINE Slope2<V> with_slope(const V&, const V&) const { return source.slopes(*next++); }
};
template <class F>      constexpr bool asks = false;
template <class Source> constexpr bool asks<Asking<Source>> = true;

/// Calls visit(first outer position, end, f) until all are visited, f the source function or what stands in for it.
template <class F, class Visit>
HWY_INLINE void in_blocks(const F& formula, const Walk& walk, const Visit& visit) {
  if constexpr (F::lookups == 0) {
    visit(0, walk.outer, formula.source);
  } else {
    using Source = decltype(formula.source);
    typename Source::Spot spots[kMostInner * F::lookups];
    const size_t block = walk.inner < kMostInner ? kMostInner / walk.inner : 1;
    for (size_t n = 0; n < walk.outer; n += block) {
      const size_t end = walk.outer - n < block ? walk.outer : n + block;
      auto* next = spots;
      visit(n, end, Asking<Source>{formula.source, next});
      next = spots;
      visit(n, end, Answering<Source>{formula.source, next});
    }
  }
}

template <Layout layout, class F, class R>
HWY_INLINE void step_slab(const StepArgs<R>& a) {
  using V = Lane<R>;
  const F    formula(a);
  const Walk walk = Walk::over<V>(a.slab);
  const Pointers<typename F::State, V, const R*> state(a.state);
  const Pointers<typename F::Ports, V, R*>       drive(a.drive);
  const Pointers<typename F::State, V, R*>       next(a.next);
  const R* const dt = a.dt;
  in_blocks(formula, walk, [&](size_t begin, size_t end, const auto& f) HWY_ATTR __attribute__((always_inline)) {
    for (size_t n = begin; n < end; ++n) {
      const auto p = load_params<layout, typename F::Params, V>(a.params, n);
      for (size_t m = 0; m < walk.inner; ++m) {
        const size_t at = n * walk.outer_step + m * walk.inner_step;
        auto made = formula.step(state.load(at), drive.load(at), p, load_dt<layout, V>(dt, m), f);
        if constexpr (!asks<std::decay_t<decltype(f)>>) next.store(made, at);
      }
    }
  });
}

template <Layout layout, class Cell, class F, class R>
HWY_INLINE void pull_slab(const PullArgs<R>& b) {
  using V = Lane<R>;
  const StepArgs<R>& a = b.step;
  const F    formula(a);
  const Walk walk = Walk::over<V>(a.slab);
  V dt_bar[kMostInner];
  for (size_t m = 0; m < walk.inner; ++m) dt_bar[m] = V::load(b.dt_bar + m * V::width);
  const Pointers<typename F::State, V, const R*> state(a.state);
  const Pointers<typename F::Ports, V, R*>       drive(a.drive);
  const Pointers<typename F::State, V, R*>       next(a.next), lambda(b.lambda);
  const Pointers<typename F::Ports, V, R*>       drive_bar(b.drive_bar);
  const R* const dt        = a.dt;
  const size_t   step_size = a.slab.size();
  in_blocks(formula, walk, [&](size_t begin, size_t end, const auto& f) HWY_ATTR __attribute__((always_inline)) {
    Bars<Cell, V> bars;
    for (size_t n = begin; n < end; ++n) {
      Values<Cell, V> v;
      v.p    = load_params<layout, typename F::Params, V>(a.params, n);
      for (int i = 0; i < F::learnt; ++i) item<V>(bars.p, i) = V::load(b.params_bar[i] + n * V::width);
      for (size_t m = 0; m < walk.inner; ++m) {
        const size_t at = n * walk.outer_step + m * walk.inner_step;
        v.s    = state.load(at);
        v.in   = drive.load(at);
        v.next = next.load(at);
        v.dt   = load_dt<layout, V>(dt, m);
        bars.dt = dt_bar[m];
        if constexpr (asks<std::decay_t<decltype(f)>>) {   // the step before is next
          for (int i = 0; i < F::states; ++i) __builtin_prefetch(state.of[i] + at - step_size, 0, 2);
          for (int i = 0; i < F::ports; ++i) __builtin_prefetch(drive.of[i] + at - step_size, 0, 2);
        }
        formula.pull(v, lambda.load(at), bars, f);
        if constexpr (!asks<std::decay_t<decltype(f)>>) {
          dt_bar[m] = bars.dt;
          lambda.store(bars.s, at);
          drive_bar.store(bars.in, at);
        }
      }
      if constexpr (!asks<std::decay_t<decltype(f)>>)
        for (int i = 0; i < F::learnt; ++i) item<V>(bars.p, i).store(b.params_bar[i] + n * V::width);
    }
  });
  for (size_t m = 0; m < walk.inner; ++m) dt_bar[m].store(b.dt_bar + m * V::width);
}

/// Calls visit(at, m, params) at every vector of the slab, m its inner position; for what is not worth a loop of its own.
template <class F, class R, class Visit>
HWY_INLINE void each_vector(const StepArgs<R>& a, const Visit& visit) {
  using V = Lane<R>;
  const Walk walk = Walk::over<V>(a.slab);
  for (size_t n = 0; n < walk.outer; ++n) {
    const auto p = a.slab.layout == Layout::tiles ? load_params<Layout::tiles, typename F::Params, V>(a.params, n)
                                                  : load_params<Layout::rows, typename F::Params, V>(a.params, n);
    for (size_t m = 0; m < walk.inner; ++m) visit(n * walk.outer_step + m * walk.inner_step, m, p);
  }
}

template <class F, class R>
void step(const StepArgs<R>& a) {
  a.slab.layout == Layout::tiles ? step_slab<Layout::tiles, F>(a) : step_slab<Layout::rows, F>(a);
}
template <class Cell, class F, class R>
void pull(const PullArgs<R>& b) {
  b.step.slab.layout == Layout::tiles ? pull_slab<Layout::tiles, Cell, F>(b) : pull_slab<Layout::rows, Cell, F>(b);
}

template <class Cell, class F, class R>
void start(const StepArgs<R>& a) {
  const F formula(a);
  each_vector<F>(a, [&](size_t at, size_t, const typename F::Params& p) HWY_ATTR {
    auto s = Cell::start(load_all<typename F::State, Lane<R>>(a.state, at), p, formula.source);
    store_all<Lane<R>>(s, a.next, at);
  });
}
template <class Cell, class F, class R>
void start_pull(const PullArgs<R>& b) {
  const F formula(b.step);
  each_vector<F>(b.step, [&](size_t at, size_t, const typename F::Params& p) HWY_ATTR {
    auto lambda = load_all<typename F::State, Lane<R>>(b.lambda, at);
    formula.start_pull(load_all<typename F::State, Lane<R>>(b.step.state, at), p, lambda);
    store_all<Lane<R>>(lambda, b.lambda, at);
  });
}
template <class Cell, class F, class R>
void observe(const StepArgs<R>& a, R* const* out) {
  const F formula(a);
  each_vector<F>(a, [&](size_t at, size_t m, const typename F::Params& p) HWY_ATTR {
    using V       = Lane<R>;
    const auto s  = load_all<typename F::State, V>(a.state, at);
    const auto in = load_all<typename F::Ports, V>(a.drive, at);
    if constexpr (F::observes_time) {
      const V dt = a.slab.layout == Layout::tiles ? load_dt<Layout::tiles, V>(a.dt, m) : load_dt<Layout::rows, V>(a.dt, m);
      auto seen  = Cell::observe(s, in, p, dt, formula.source);
      store_all<V>(seen, out, at);
    } else {
      auto seen = Cell::observe(s, in, p, formula.source);
      store_all<V>(seen, out, at);
    }
  });
}

template <class Cell, class Source, class R>
StepKernels<R> step_kernels() {
  using F = Formula<Cell, Source, R>;
  StepKernels<R> k{step<F, R>, pull<Cell, F, R>, nullptr, nullptr, nullptr, nullptr};
  // the judge costs much to compile: one instruction set has it, all others are compared with that one anyway
  if constexpr (sizeof(R) == 8 && (HWY_TARGET == HWY_STATIC_TARGET || !F::handwritten))
    k.pull_derived = pull<Cell, Formula<Cell, Source, R, F::handwritten>, R>;
  if constexpr (F::starts) k.start = start<Cell, F, R>, k.start_pull = start_pull<Cell, F, R>;
  if constexpr (F::observes) k.observe = observe<Cell, F, R>;
  return k;
}

/// The kernels of a cell with the source function at this position of the catalogue.
template <class Cell>
CellKernels pointwise_kernels(int source) {
  return AllSources::with(source, []<template <class> class Source>() {
    return CellKernels{step_kernels<Cell, Source<float>, float>(), step_kernels<Cell, Source<double>, double>()};
  });
}

/// The kernels of a cell without a source function.
template <class Cell>
CellKernels pointwise_kernels() {
  return {step_kernels<Cell, IdentitySource<float>, float>(), step_kernels<Cell, IdentitySource<double>, double>()};
}

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
