// Liquid time-constant neurons (ltc_column-inl.h) on slabs of either layout.
//
// Neurons depend on each other, so the unit of work is a column. A tile is one; of a slab with units side by side it is a
// vector of rows turned round, or, where rows are few, a single one as it is.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/cells/ltc.cc"
#include <hwy/foreach_target.h>
#include "dynode/cells/ltc_column-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

/// Rows are turned into a column, a vector of them at a time; its other lanes repeat the first row.
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

/// The time of a row, in all lanes.
template <class R>
struct RowTime {
  alignas(64) R lanes[Lane<R>::width];
  HWY_INLINE explicit RowTime(R dt) { Lane<R>(dt).store(lanes); }
};

template <int NV, class R>
HWY_INLINE void step_tile(const StepArgs<R>& a) {
  std::copy_n(a.state[0], a.slab.size(), a.next[0]);
  Column<R, InTiles<R, NV>>(a, a.dt, a.tape).step(a.next[0], a.drive[0], a.drive[1]);
}

template <class R>
HWY_INLINE void step_single(const StepArgs<R>& a) {
  const size_t size = a.slab.stride, tape = ltc::TapeShape::of(a.settings.numbers, false).slabs() * size;
  std::copy_n(a.state[0], a.slab.size(), a.next[0]);
  const SynapseEnds<R> ends(a.slab.units, *a.settings.synapses);
  for (size_t row = 0, at = 0; row < a.slab.rows; ++row, at += size) {
    Column<R, InRow<R>> column(a, RowTime<R>(a.dt[row]).lanes, a.tape + row * tape);
    if (ends.known) column.synapses.ends = &ends;
    column.step(a.next[0] + at, a.drive[0] + at, a.drive[1] + at);
  }
}

template <class R>
HWY_INLINE void step_turned(const StepArgs<R>& a) {
  using V = Lane<R>;
  const size_t size = a.slab.units * V::width, group = ltc::TapeShape::of(a.settings.numbers, true).slabs() * size;
  alignas(64) R dt[V::width];
  R* tape = a.tape;
  for (size_t row = 0; row < a.slab.rows; row += V::width, tape += group) {
    const Turned<R> turned(a.slab, row);
    turned.times(a.dt, dt);
    R *v = tape + group - 6 * size, *current = v + size, *conductance = current + size;
    turned.in(a.state[0], v), turned.in(a.drive[0], current), turned.in(a.drive[1], conductance);
    Column<R, InTiles<R, 1>>(a, dt, tape).step(v, current, conductance);
    turned.out(v, a.next[0]);
  }
}

/// Whether rows are advanced one by one.
template <class R>
HWY_INLINE bool one_by_one(const StepArgs<R>& a) {
  const size_t synapses = a.settings.synapses->begin[a.slab.units];
  return a.slab.rows == 1 || (a.slab.rows <= ltc::kFewRows && synapses <= SynapseEnds<R>::most);
}

template <class R>
void ltc_step(const StepArgs<R>& a) {
  if (a.slab.layout == Layout::rows) one_by_one(a) ? step_single(a) : step_turned(a);
  else if (a.slab.stride == Lane<R>::width) step_tile<1>(a);
  else step_tile<2>(a);
}

template <int NV, class R>
HWY_INLINE void observe_tile(const StepArgs<R>& a, R* tau) {
  Column<R, InTiles<R, NV>>(a, a.dt, a.tape).time_constants(a.state[0], a.drive[1], tau);
}

template <class R>
HWY_INLINE void observe_rows(const StepArgs<R>& a, R* tau) {
  for (size_t row = 0, at = 0; row < a.slab.rows; ++row, at += a.slab.stride)
    Column<R, InRow<R>>(a, RowTime<R>(a.dt[row]).lanes, a.tape).time_constants(a.state[0] + at, a.drive[1] + at, tau + at);
}

template <class R>
void ltc_observe(const StepArgs<R>& a, R* const* out) {
  if (a.slab.layout == Layout::rows) observe_rows(a, out[0]);
  else if (a.slab.stride == Lane<R>::width) observe_tile<1>(a, out[0]);
  else observe_tile<2>(a, out[0]);
}

/// Of vectors NV apart.
template <int NV, class R>
HWY_INLINE Lane<R> sum_of_units(const R* x, size_t units) {
  Lane<R> sum = zero<Lane<R>>();
  for (size_t u = 0; u < units; ++u) sum += Lane<R>::load(x + u * NV * Lane<R>::width);
  return sum;
}

template <int NV, class R>
HWY_INLINE void pull_tile(const PullArgs<R>& b) {
  using V = Lane<R>;
  const Column<R, InTiles<R, NV>> column(b.step, b.step.dt, b.step.tape);
  std::copy_n(b.step.next[0], column.size, column.scratch);
  column.pull({b.lambda[0], b.drive_bar[0], b.drive_bar[1], column.time_bar(), b.params_bar});
  for (int j = 0; j < NV; ++j) {
    R* to = b.dt_bar + j * V::width;
    (V::load(to) + sum_of_units<NV>(column.time_bar() + j * V::width, b.step.slab.units) / V(R(column.unfolds))).store(to);
  }
}

template <class R>
HWY_INLINE void pull_single(const PullArgs<R>& b) {
  using V = Lane<R>;
  const StepArgs<R>& a    = b.step;
  const size_t       size = a.slab.stride, tape = ltc::TapeShape::of(a.settings.numbers, false).slabs() * size;
  const SynapseEnds<R> ends(a.slab.units, *a.settings.synapses);
  for (size_t row = 0, at = 0; row < a.slab.rows; ++row, at += size) {
    Column<R, InRow<R>> column(a, RowTime<R>(a.dt[row]).lanes, a.tape + row * tape);
    if (ends.known) column.synapses.ends = &ends;
    std::copy_n(a.next[0] + at, size, column.scratch);
    column.pull({b.lambda[0] + at, b.drive_bar[0] + at, b.drive_bar[1] + at, column.time_bar(), b.params_bar});
    R h = 0;
    for (size_t u = 0; u < a.slab.units; ++u) h += column.time_bar()[u];
    b.dt_bar[row * V::width] += h / R(column.unfolds);
  }
}

template <class R>
HWY_INLINE void pull_turned(const PullArgs<R>& b) {
  using V = Lane<R>;
  const StepArgs<R>& a = b.step;
  const size_t size = a.slab.units * V::width, group = ltc::TapeShape::of(a.settings.numbers, true).slabs() * size;
  alignas(64) R dt[V::width];
  R* tape = a.tape;
  for (size_t row = 0; row < a.slab.rows; row += V::width, tape += group) {
    const Turned<R> turned(a.slab, row);
    turned.times(a.dt, dt);
    R *lambda = tape + group - 6 * size, *current = lambda + size, *conductance = current + size;
    R* unit_bars = conductance + size;   // of gleak, vleak, cm
    const Column<R, InTiles<R, 1>> column(a, dt, tape);
    turned.in(a.next[0], column.scratch), turned.in_or_zero(b.lambda[0], lambda);
    std::fill_n(unit_bars, 3 * size, R(0));
    R* const params[] = {unit_bars, unit_bars + size, unit_bars + 2 * size, b.params_bar[ltc::w],
                         b.params_bar[ltc::sigma], b.params_bar[ltc::mu], b.params_bar[ltc::erev]};
    column.pull({lambda, current, conductance, column.time_bar(), params});
    turned.out(lambda, b.lambda[0]), turned.out(current, b.drive_bar[0]), turned.out(conductance, b.drive_bar[1]);
    for (int p = 0; p < 3; ++p)
      for (size_t u = 0; u < a.slab.units; ++u)
        for (size_t r = 0; r < turned.rows; ++r) b.params_bar[p][u] += unit_bars[p * size + u * V::width + r];
    (sum_of_units<1>(column.time_bar(), a.slab.units) / V(R(column.unfolds))).store(dt);
    for (size_t r = 0; r < turned.rows; ++r) b.dt_bar[(row + r) * V::width] += dt[r];
  }
}

template <class R>
void ltc_pull(const PullArgs<R>& b) {
  if (b.step.slab.layout == Layout::rows) one_by_one(b.step) ? pull_single(b) : pull_turned(b);
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
            const size_t groups = (slab.rows + width - 1) / width;
            const size_t turned = ltc::TapeShape::of(settings, true).slabs() * groups * slab.units * width;
            const size_t plain  = ltc::TapeShape::of(settings, false).slabs() * slab.size();
            if (!rows || slab.rows == 1) return plain;
            return slab.rows <= ltc::kFewRows ? std::max(turned, plain) : turned;
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
