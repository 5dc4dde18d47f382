// Units that integrate and fire: what all kinds share, for the general engine and for networks of events.
//
// A kind has states s (1 where it fired), v and c (steps left to rest) among others, the parameters threshold,
// reset_voltage and clamped (steps of rest), and
//   flow(s, in, p, driven) → V   moves its currents by a step and gives the voltage that follows if the unit does not
//                                rest; nothing is in its ports but the first one where it is not driven
#if defined(DYNODE_CELLS_FIRING_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DYNODE_CELLS_FIRING_INL_H_
#undef DYNODE_CELLS_FIRING_INL_H_
#else
#define DYNODE_CELLS_FIRING_INL_H_
#endif

#include "dynode/cells/pointwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

/// A unit whose currents have moved rests, or has the voltage `free`.
template <class V, class State, class Params>
HWY_INLINE void rest(State& s, const V& free, const Params& p) {
  const V none = constant<V>(0);
  s.v          = where_less(none, s.c, p.reset_voltage, free);
  s.c          = where_less(none, s.c, s.c - one<V>(), s.c);
}

/// Threshold and reset of a unit that has rested or not. What is not a number stays visible, resting or not.
template <class V, class State, class Params>
HWY_INLINE void fire_where_due(State& s, const V& free, const Params& p) {
  const V    none  = constant<V>(0), v = s.v;
  const auto fired = [&](const V& yes, const V& no) HWY_ATTR { return where_less(v, p.threshold, no, yes); };
  s.s = where_nan(free, free, fired(one<V>(), none));
  s.c = fired(p.clamped, s.c);
  s.v = where_nan(free, free, fired(p.reset_voltage, v));
}

/// Both. @return the voltage before the reset
template <class V, class State, class Params>
HWY_INLINE V rest_or_fire(State& s, const V& free, const Params& p) {
  rest(s, free, p);
  const V v = s.v;
  fire_where_due(s, free, p);
  return v;
}

/// StepKernels::fire: who fires is rare, so a vector in which nobody does is all that has to be fast.
template <Layout layout, bool driven, class Cell, class R>
HWY_INLINE size_t fire_slab(const StepArgs<R>& a, uint32_t first, uint32_t* fired) {
  using V      = Lane<R>;
  using State  = typename Cell::template State<V>;
  using Ports  = typename Cell::template Ports<V>;
  using Params = typename Cell::template Params<V>;
  const typename V::Tag d;
  static_assert(count_of<V, Ports>() > 1);
  constexpr int states = count_of<V, State>(), ports = count_of<V, Ports>();
  const size_t  units = layout == Layout::tiles ? a.slab.rows : a.slab.units;
  R*            state[states];
  const R*      drive[ports];
  for (int i = 1; i < states; ++i) state[i] = const_cast<R*>(a.state[i]);
  for (int i = 0; i < ports; ++i) drive[i] = a.drive[driven ? i : 0];
  Params  p     = load_params<layout, Params, V>(a.params, 0);
  const V none  = zero<V>();
  size_t  count = 0;
  for (size_t at = 0; at < units; at += V::width) {
    if (layout == Layout::rows) p = load_params<layout, Params, V>(a.params, at / V::width);
    State s;
    Ports in;
    s.s = none;
    for (int i = 1; i < states; ++i) item<V>(s, i) = V::load(state[i] + at);
    for (int i = 0; i < ports; ++i) item<V>(in, i) = V::load(drive[i] + at);
    const V free = Cell::flow(s, in, p, driven);
    rest(s, free, p);
    if (HWY_UNLIKELY(!hn::AllTrue(d, hn::Lt(free.raw, p.threshold.raw)))) {  // also where something is not a number
      fire_where_due(s, free, p);
      HWY_ALIGN R spikes[V::width];
      s.s.store(spikes);
      for (size_t k = 0; k < HWY_MIN(V::width, units - at); ++k)
        if (spikes[k] != R(0)) fired[count++] = (first + uint32_t(at + k)) | (spikes[k] == R(1) ? 0 : kNotANumber);
    }
    for (int i = 1; i < states; ++i) item<V>(s, i).store(state[i] + at);
  }
  return count;
}

/// In tiles, ports but the first one may be null, all of them: nothing drives them.
template <class Cell, class R>
size_t fire(const StepArgs<R>& a, uint32_t first, uint32_t* fired) {
  const bool driven = a.drive[1] != nullptr;
  if (a.slab.layout == Layout::rows) return fire_slab<Layout::rows, true, Cell>(a, first, fired);
  return driven ? fire_slab<Layout::tiles, true, Cell>(a, first, fired)
                : fire_slab<Layout::tiles, false, Cell>(a, first, fired);
}

/// The kernels of a cell that fires.
template <class Cell>
CellKernels firing_kernels() {
  CellKernels k  = pointwise_kernels<Cell>();
  k.single.fire  = fire<Cell, float>;
  k.precise.fire = fire<Cell, double>;
  return k;
}

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
