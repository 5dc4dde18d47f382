#include "dynode/run/forward.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "dynode/base/error.h"

namespace dynode {
namespace {

/// Drives of `count` steps from slab k on, the first of which is `step` of the run; more than one where the slabs are
/// one tall slab.
template <class R>
void make_drives(const Plan& plan, const Prepared<R>& prepared, Workspace<R>& w, int layer, size_t k, size_t step, size_t count) {
  if (count > 1 && weights_change(plan, w, layer)) {
    for (size_t i = 0; i < count; ++i) make_drives(plan, prepared, w, layer, k + i, step + i, 1);
    return;
  }
  LayerSpace<R>& l = w.layers[size_t(layer)];
  const auto&    dense = prepared.dense();
  pack_arriving(plan, prepared, w, layer, step);
  Slab slab = l.slab;
  if (l.runs_ahead) slab.rows = (slab.rows * count + kRowGroup - 1) / kRowGroup * kRowGroup;

  // dense connections of a port meet in one product, lists follow
  for (size_t p = 0; p < l.ports.size(); ++p) {
    PortSpace<R>& port  = l.ports[p];
    size_t        terms = 0;
    const auto    source = [&](const Incoming<R>& c) { return c.source + (k + 1 - size_t(c.lag)) * c.source_size; };
    for (const Incoming<R>& c : port.incoming)
      if (!c.sparse) w.terms[terms++] = {c.packed, source(c), c.depth, c.stride};
    const bool filled = !port.incoming.empty() || port.bias || (p == 0 && l.flux.size());
    if (!filled && l.noise.drives.empty()) continue;   // it stays zero
    R* drive = l.drive_of(p, k);
    dense.apply(slab, w.terms.data(), terms, port.bias, drive);
    for (const Incoming<R>& c : port.incoming)
      if (c.sparse) prepared.sparse().add(slab, rows_of(*c.sparse), c.packed, source(c), c.stride, drive);
    if (p == 0 && l.flux.size()) dense.axpy(l.size * count, R(1), l.flux.data() + k * l.size, drive);
  }
  disturb_drives(plan, prepared, w, layer, k, step, count);
}

/// One step of a layer whose drives are there.
template <class R>
void advance(const Plan& plan, const Prepared<R>& prepared, Workspace<R>& w, int layer, size_t k, size_t step) {
  StepArgs<R> args = step_args(prepared, w, layer, k);
  args.params = noisy_params(plan, prepared, w, layer, step);
  choose_next(w, layer, k);
  plan.layers[size_t(layer)].kernels.of<R>().step(args);
  disturb_states(plan, prepared, w, layer, k, step);
}

template <class R>
void take_input(const Plan& plan, const Prepared<R>& prepared, Workspace<R>& w, const TileInput<R>& input, size_t begin,
                size_t end) {
  for (size_t k = begin; k < end && input.spans; ++k)
    for (size_t row = 0; row < w.shape.tile.rows; ++row)
      w.spans[k * w.shape.tile.rows + row] = input.spans[row * input.total_steps + input.first_step + k];
  if (plan.input < 0) return;
  LayerSpace<R>& l = w.layers[size_t(plan.input)];
  const size_t   units = l.slab.units;
  for (size_t k = begin; k < end; ++k) {
    R* to = l.flux.size() ? l.flux.data() + k * l.size : l.state[0].data() + (k + 1) * l.size;
    prepared.dense().from_rows(w.shape.tile.rows, units, input.x + (input.first_step + k) * units, input.row_stride,
                               l.slab, to);
    for (int site : l.noise.states)
      if (!l.flux.size()) disturb(plan, prepared, w, site, l.slab, input.first_step + k, to, to);
  }
}

/// Notes who fired in `step`, the one that made slab k + 1.
template <class R>
void note_spikes(const Plan& plan, const Prepared<R>& prepared, Workspace<R>& w, int layer, size_t k, size_t step) {
  LayerSpace<R>& l = w.layers[size_t(layer)];
  if (l.firing.depth == 0) return;
  const R* s = l.state[size_t(plan.layers[size_t(layer)].cell->output)].data() + (k + 1) * l.size;
  for (size_t row = 0; row < w.shape.tile.rows; ++row) {
    const size_t at      = step % l.firing.depth * w.shape.tile.rows + row;
    l.firing.count[at] = prepared.events().find(l.slab, row, s, l.firing.fired.data() + at * l.slab.units);
  }
}

/// Adds the spikes that arrive at the end of `step` to slab k + 1.
template <class R>
void take_spikes(const Plan& plan, const Prepared<R>& prepared, Workspace<R>& w, int layer, size_t k, size_t step) {
  LayerSpace<R>& l = w.layers[size_t(layer)];
  for (const Arrivals<R>& a : l.arrivals) {
    if (step + 1 < a.delay) continue;   // sent before the run
    const LayerSpace<R>& from = w.layers[size_t(a.from)];
    R* to = l.state[size_t(plan.layers[size_t(layer)].cell->arrivals.state)].data() + (k + 1) * l.size;
    for (size_t row = 0; row < w.shape.tile.rows; ++row) {
      const size_t at = (step + 1 - a.delay) % from.firing.depth * w.shape.tile.rows + row;
      prepared.events().add(l.slab, row, rows_of(*a.lists), a.values, from.firing.fired.data() + at * from.slab.units,
                            from.firing.count[at], to);
    }
  }
}

/// False if a number is not finite (or, rarely, if all are and their sum is not): a sum never recovers.
template <class R>
bool finite_sum(const R* x, size_t size) {
  R sums[16] = {};
  size_t n = 0;
  for (; n + 16 <= size; n += 16)
    for (size_t j = 0; j < 16; ++j) sums[j] += x[n + j];
  for (; n < size; ++n) sums[0] += x[n];
  R sum = 0;
  for (R s : sums) sum += s;
  return std::isfinite(sum);
}

}  // namespace

template <class R>
StepArgs<R> step_args(const Prepared<R>& prepared, Workspace<R>& w, int layer, size_t k) {
  LayerSpace<R>&         l = w.layers[size_t(layer)];
  const LayerNumbers<R>& n = prepared.layer(layer);
  for (size_t i = 0; i < l.state.size(); ++i) {
    R* s = l.state[i].data() + k * l.size;
    l.state_now[i] = s, l.next_now[i] = s + l.size;
  }
  for (size_t p = 0; p < l.ports.size(); ++p) l.drive_now[p] = l.ports[p].joined ? nullptr : l.drive_of(p, k);
  const R* dt = l.follows_spans ? w.spans.data() + k * w.shape.tile.rows : l.dt.data();
  return {l.slab, dt, n.table, n.settings, n.param_pointers.data(), l.state_now.data(), l.drive_now.data(),
          l.next_now.data(), l.tape.data() + k * l.tape_step};
}

template <class R>
void start(const Plan& plan, const Prepared<R>& prepared, Workspace<R>& w) {
  for (size_t i = 0; i < plan.layers.size(); ++i) {
    std::fill(w.layers[i].dt.begin(), w.layers[i].dt.end(), prepared.layer(int(i)).dt);
    const auto& kernels = plan.layers[i].kernels.of<R>();
    if (plan.layers[i].is_input || !kernels.start) continue;
    StepArgs<R> args = step_args(prepared, w, int(i), 0);
    std::vector<R*> in_place;
    for (auto& s : w.layers[i].state) in_place.push_back(s.data());
    args.next = in_place.data();
    kernels.start(args);
  }
}

template <class R>
void forward(const Plan& plan, const Prepared<R>& prepared, Workspace<R>& w, const TileInput<R>& input, size_t steps) {
  for (size_t begin = 0; begin < steps; begin += kForwardChunk) {
    check_stop(input.stop);
    const size_t end = std::min(steps, begin + kForwardChunk);
    take_input(plan, prepared, w, input, begin, end);
    for (const Stage& stage : plan.stages) {
      const int first = stage.layers[0];
      if (w.layers[size_t(first)].runs_ahead)
        make_drives(plan, prepared, w, first, begin, input.first_step + begin, end - begin);
      for (size_t k = begin; k < end; ++k) {
        for (int layer : stage.layers) {
          const size_t   step = input.first_step + k;
          LayerSpace<R>& l    = w.layers[size_t(layer)];
          if (l.wired >= 0) {
            step_wired(prepared, w, w.wired[size_t(l.wired)], k);
            continue;
          }
          if (!l.runs_ahead && !l.takes_wires) make_drives(plan, prepared, w, layer, k, step, 1);
          advance(plan, prepared, w, layer, k, step);
          note_spikes(plan, prepared, w, layer, k, input.first_step + k);
        }
        for (int layer : stage.layers) take_spikes(plan, prepared, w, layer, k, input.first_step + k);
      }
    }
  }
}

template <class R>
void move_window(Workspace<R>& w, size_t steps) {
  for (LayerSpace<R>& l : w.layers)
    for (auto& s : l.state) std::memcpy(s.data(), s.data() + steps * l.size, l.size * sizeof(R));
}

template <class R>
void check_finite(const Plan& plan, const Workspace<R>& w, size_t first_row, size_t first_step, size_t steps) {
  const auto output = [&](size_t layer) {
    return w.layers[layer].state[size_t(plan.layers[layer].cell->output)].data();
  };
  // what a layer with memory has lost it never finds again, so its last slab tells; others forget
  bool suspicious = false;
  for (size_t i = 0; i < w.layers.size() && !suspicious; ++i) {
    const size_t size  = w.layers[i].size;
    const size_t begin = plan.layers[i].cell->static_map ? 1 : steps;
    suspicious         = !finite_sum(output(i) + begin * size, (steps + 1 - begin) * size);
  }
  if (!suspicious) return;

  // the first step, and within it the order in which layers are advanced; padding does not count
  std::vector<int> order;
  if (plan.input >= 0 && plan.layers[size_t(plan.input)].is_input) order.push_back(plan.input);
  for (const Stage& stage : plan.stages) order.insert(order.end(), stage.layers.begin(), stage.layers.end());
  for (size_t k = 0; k <= steps; ++k)
    for (int i : order) {
      const LayerSpace<R>& l = w.layers[size_t(i)];
      for (size_t row = 0; row < w.shape.tile.rows; ++row)
        for (size_t unit = 0; unit < l.slab.units; ++unit) {
          const bool tiles = l.slab.layout == Layout::tiles;
          const R x = output(size_t(i))[k * l.size + (tiles ? unit * l.slab.stride + row : row * l.slab.stride + unit)];
          if (!std::isfinite(x))
            throw NumericsError(plan.layers[size_t(i)].layer_id, "the output", int64_t(first_row + row),
                                int64_t(first_step + k), int64_t(unit), double(x));
        }
    }
}

#define DYNODE_INSTANCES(R)                                                                                       \
  template StepArgs<R> step_args<R>(const Prepared<R>&, Workspace<R>&, int, size_t);                              \
  template void start<R>(const Plan&, const Prepared<R>&, Workspace<R>&);                                         \
  template void forward<R>(const Plan&, const Prepared<R>&, Workspace<R>&, const TileInput<R>&, size_t);          \
  template void move_window<R>(Workspace<R>&, size_t);                                                            \
  template void check_finite<R>(const Plan&, const Workspace<R>&, size_t, size_t, size_t);
DYNODE_INSTANCES(float)
DYNODE_INSTANCES(double)
#undef DYNODE_INSTANCES

}  // namespace dynode
