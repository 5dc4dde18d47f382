#include "dynode/run/adjoint.h"

#include <algorithm>
#include <cstring>

namespace dynode {
namespace {

/// Where a step stands: slab k of the window, in the chunk [begin, end). It goes by reference, since a copy of what was
/// just written waits for all that kernels have stored before.
struct Position {
  size_t k, begin, end;
};

/// Whether the adjoint is truncated in front of the step that reads this entry. Clears λ then.
template <class R>
bool cut_off(LayerSpace<R>& l, const TileGradient<R>& wanted, size_t entry) {
  const bool cut = wanted.truncate_every && entry % wanted.truncate_every == 0 && entry < wanted.total_steps;
  if (cut)
    for (auto& b : l.lambda) b.clear();
  return cut;
}

/// λ of the layer's output at k+1: what the loss says plus what its readers send back. Where the adjoint is truncated,
/// the later step had that state as a given number.
template <class R>
void gather(const Plan& plan, const Prepared<R>& prepared, Workspace<R>& w, const TileGradient<R>& wanted, int layer,
            const Position& at, size_t entry) {
  const LayerPlan& p = plan.layers[size_t(layer)];
  LayerSpace<R>&   l = w.layers[size_t(layer)];
  const auto&      dense = prepared.dense();
  R*         lambda     = l.lambda[size_t(p.cell->output)].data();
  const bool cut        = cut_off(l, wanted, entry);
  bool       empty      = p.cell->states[size_t(p.cell->output)].memoryless;   // nothing in λ yet worth keeping

  // the loss
  for (const OutputBar<R>& o : wanted.outputs) {
    if (o.layer != layer || entry < o.first_entry) continue;
    const size_t row_stride = (wanted.total_steps + 1) * l.slab.units;
    const bool   other = o.state >= 0 && o.state != p.cell->output;   // not the output: λ is what is left of the step after
    R* to = empty && !other ? lambda : l.scratch.data();
    dense.from_rows(w.shape.tile.rows, l.slab.units, o.bar + entry * l.slab.units, row_stride, l.slab, to);
    if (other || !empty) dense.axpy(l.size, R(1), to, other ? l.lambda[size_t(o.state)].data() : lambda);
    empty &= other;
  }

  pack_leaving(plan, prepared, w, layer, entry);

  // the readers; a drive after the chunk waits in the last slot
  const auto bar = [&](const Outgoing<R>& c) {
    const size_t slot = c.lag == 0 ? at.k - at.begin : at.k + 1 == at.end ? w.chunk : at.k + 1 - at.begin;
    return c.drive_bar + slot * c.target_size;
  };
  const auto passes = [&](const Outgoing<R>& c) { return !cut || c.lag == 0; };
  size_t count = 0;
  for (const Outgoing<R>& c : l.outgoing)
    if (!c.sparse && passes(c)) w.terms[count++] = {c.packed, bar(c), c.depth, c.stride};
  if (empty)
    dense.apply(l.slab, w.terms.data(), count, nullptr, lambda);
  else if (count)
    dense.add(l.slab, w.terms.data(), count, lambda);
  for (const Outgoing<R>& c : l.outgoing)
    if (c.sparse && passes(c)) prepared.sparse().add(l.slab, rows_of(*c.sparse), c.packed, bar(c), c.stride, lambda);
}

template <class R>
void pull(const Plan& plan, const Prepared<R>& prepared, Workspace<R>& w, int layer, const Position& at, size_t step) {
  LayerSpace<R>& l = w.layers[size_t(layer)];
  for (size_t p = 0; p < l.ports.size(); ++p)
    l.drive_bar_now[p] = l.ports[p].joined ? nullptr : l.ports[p].drive_bar.data() + (at.k - at.begin) * l.size;
  PullArgs<R> args{step_args(prepared, w, layer, at.k), l.lambda_now.data(), l.drive_bar_now.data(), nullptr,
                   l.dt_bar.data()};
  args.step.params = noisy_params(plan, prepared, w, layer, step);
  choose_next(w, layer, at.k);
  scale_lambda(plan, prepared, w, layer, step);
  args.params_bar = noisy_params_bar(w, layer);
  plan.layers[size_t(layer)].kernels.of<R>().pull(args);
  take_params_bar(w, layer);
  scale_drive_bars(plan, prepared, w, layer, step);
}

/// The gradient by the time of step k, row by row, is taken out of the layer's sum over all steps.
template <class R>
void take_span_gradient(const Prepared<R>& prepared, Workspace<R>& w, const TileGradient<R>& wanted, int layer, size_t step) {
  LayerSpace<R>& l = w.layers[size_t(layer)];
  if (!l.follows_spans) return;
  const size_t per_row = l.slab.layout == Layout::tiles ? 1 : prepared.dense().width;
  for (size_t row = 0; row < w.shape.tile.rows && wanted.spans_bar; ++row)
    for (size_t lane = 0; lane < per_row; ++lane)
      wanted.spans_bar[row * wanted.total_steps + step] += l.dt_bar[row * per_row + lane];
  l.dt_bar.clear();
}

/// Weight gradients of one layer over the chunk, steps descending.
template <class R>
void form_gradient(const Prepared<R>& prepared, Workspace<R>& w, LayerSpace<R>& l, size_t begin, size_t end) {
  const auto&  dense = prepared.dense();
  const size_t n = end - begin, lanes = w.shape.tile.rows;
  const bool   tiles = w.shape.tile.layout == Layout::tiles;

  // lists entry by entry, straight from the histories
  for (PortSpace<R>& port : l.ports)
    for (auto& g : port.sparse_gradients) {
      for (size_t i = 0; i < n; ++i) {
        const size_t k = n - 1 - i;
        w.terms[i] = {port.drive_bar.data() + k * l.size, g.history + (begin + k + 1 - size_t(g.lag)) * g.size, lanes, lanes};
      }
      prepared.sparse().gradient(l.slab, rows_of(*g.pattern), w.terms.data(), n, g.sums.data());
    }
  if (l.gradient_sources.empty()) return;

  // turn the histories into [step][lane][source … source, 1]
  if (tiles)
    for (size_t k = 0; k < n; ++k) {
      R* to = l.turned.data() + k * lanes * l.turned_ld;
      for (const auto& s : l.gradient_sources) {
        if (s.layer < 0)
          for (size_t lane = 0; lane < lanes; ++lane) to[lane * l.turned_ld + s.column] = R(1);
        else
          dense.transpose(s.units, lanes, s.history + (begin + k + 1 - size_t(s.lag)) * s.size, l.turned_ld, to + s.column);
      }
    }

  for (PortSpace<R>& port : l.ports)
    for (const GradientRun& run : port.runs) {
      const auto& s = l.gradient_sources[run.first_source];
      for (size_t i = 0; i < n; ++i) {
        const size_t k = n - 1 - i;
        const R*     left = port.drive_bar.data() + k * l.size;
        if (tiles)
          w.terms[i] = {left, l.turned.data() + k * lanes * l.turned_ld + s.column, lanes, l.turned_ld};
        else if (s.layer < 0)
          w.terms[i] = {left, w.ones.data(), lanes, 0};
        else
          w.terms[i] = {left, s.history + (begin + k + 1 - size_t(s.lag)) * s.size, lanes, s.stride};
      }
      dense.gradient(l.slab, w.terms.data(), n, run.columns, port.ld, port.w_bar.data() + run.to);
    }
}

}  // namespace

template <class R>
void start_backward(Workspace<R>& w) {
  for (LayerSpace<R>& l : w.layers) {
    for (auto* group : {&l.lambda, &l.params_bar})
      for (auto& b : *group) b.clear();
    l.dt_bar.clear();
    for (PortSpace<R>& port : l.ports) {
      port.w_bar.clear();
      for (auto& g : port.sparse_gradients) g.sums.clear();
      if (port.late) std::fill_n(port.drive_bar.data() + w.chunk * l.size, l.size, R(0));   // nothing happens after the run
    }
  }
}

template <class R>
void backward(const Plan& plan, const Prepared<R>& prepared, Workspace<R>& w, const TileGradient<R>& wanted,
              size_t first_step, size_t steps) {
  for (size_t end = steps; end > 0;) {
    check_stop(wanted.stop);
    const size_t begin = end > w.chunk ? end - w.chunk : 0;
    for (auto stage = plan.stages.rbegin(); stage != plan.stages.rend(); ++stage)
      for (size_t k = end; k-- > begin;)
        for (auto layer = stage->layers.rbegin(); layer != stage->layers.rend(); ++layer) {
          if (LayerSpace<R>& l = w.layers[size_t(*layer)]; l.wired >= 0) {
            WiredEdges<R>& e = w.wired[size_t(l.wired)];
            cut_off(l, wanted, first_step + k + 1);
            pull_wired(prepared, w, e, k, k - begin, e.from != plan.input || e.lag > 0 || wanted.x_bar != nullptr);
            take_span_gradient(prepared, w, wanted, *layer, first_step + k);
            continue;
          }
          if (w.layers[size_t(*layer)].for_input && !wanted.x_bar) continue;
          const Position at{k, begin, end};
          gather(plan, prepared, w, wanted, *layer, at, first_step + k + 1);
          pull(plan, prepared, w, *layer, at, first_step + k);
          take_span_gradient(prepared, w, wanted, *layer, first_step + k);
        }
    for (LayerSpace<R>& l : w.layers) form_gradient(prepared, w, l, begin, end);
    form_noisy_gradients(plan, prepared, w, begin, end, first_step);

    // the input's adjoint
    if (wanted.x_bar && plan.input >= 0) {
      LayerSpace<R>& l = w.layers[size_t(plan.input)];
      const bool     flux = plan.layers[size_t(plan.input)].takes_flux;
      for (size_t k = end; k-- > begin;) {
        if (!flux) {
          gather(plan, prepared, w, wanted, plan.input, {k, begin, end}, first_step + k + 1);
          scale_lambda(plan, prepared, w, plan.input, first_step + k);
        }
        const R* bar = flux ? l.ports[0].drive_bar.data() + (k - begin) * l.size : l.lambda[0].data();
        prepared.dense().to_rows(l.slab, bar, w.shape.tile.rows, l.slab.units,
                                 wanted.x_bar + (first_step + k) * l.slab.units, wanted.total_steps * l.slab.units);
      }
    }
    for (LayerSpace<R>& l : w.layers)
      for (PortSpace<R>& port : l.ports)
        if (port.late) std::memcpy(port.drive_bar.data() + w.chunk * l.size, port.drive_bar.data(), l.size * sizeof(R));
    end = begin;
  }
}

template <class R>
void finish_backward(const Plan& plan, const Prepared<R>& prepared, Workspace<R>& w, const TileGradient<R>& wanted) {
  for (size_t i = 0; i < plan.layers.size(); ++i) {
    const LayerPlan& p = plan.layers[i];
    LayerSpace<R>&   l = w.layers[i];
    const int        output = p.cell->output;
    R*               lambda = l.lambda[size_t(output)].data();
    if (p.is_input) std::fill_n(lambda, l.size, R(0));   // the input has no state of its own: only entry 0 counts

    // s[0] is read by connections of lag 1 and by the loss
    for (const OutputBar<R>& o : wanted.outputs) {
      if (o.layer != int(i) || o.first_entry > 0) continue;
      prepared.dense().from_rows(w.shape.tile.rows, l.slab.units, o.bar, (wanted.total_steps + 1) * l.slab.units, l.slab,
                                 l.scratch.data());
      prepared.dense().axpy(l.size, R(1), l.scratch.data(), o.state < 0 ? lambda : l.lambda[size_t(o.state)].data());
    }
    size_t count = 0;
    pack_leaving(plan, prepared, w, int(i), 0);
    for (const Outgoing<R>& c : l.outgoing)
      if (c.lag == 1 && !c.sparse) w.terms[count++] = {c.packed, c.drive_bar + w.chunk * c.target_size, c.depth, c.stride};
    if (count) prepared.dense().add(l.slab, w.terms.data(), count, lambda);
    for (const Outgoing<R>& c : l.outgoing)
      if (c.lag == 1 && c.sparse)
        prepared.sparse().add(l.slab, rows_of(*c.sparse), c.packed, c.drive_bar + w.chunk * c.target_size, c.stride, lambda);

    const auto& kernels = p.kernels.of<R>();
    if (kernels.start_pull && !p.is_input)
      kernels.start_pull({step_args(prepared, w, int(i), 0), l.lambda_now.data(), nullptr, nullptr, nullptr});
  }
}

template <class R>
void collect_gradient(const Plan& plan, const Prepared<R>& prepared, const Workspace<R>& w, R* gradient) {
  const bool   tiles = w.shape.tile.layout == Layout::tiles;
  const size_t width = prepared.dense().width;
  for (size_t i = 0; i < plan.layers.size(); ++i) {
    const LayerPlan&     p = plan.layers[i];
    const LayerSpace<R>& l = w.layers[i];

    // the sum over the lanes of one vector, in their order
    const auto folded = [&](const R* sums) {
      R sum = 0;
      for (size_t lane = 0; lane < width; ++lane) sum += sums[lane];
      return sum;
    };
    for (const PortSpace<R>& port : l.ports) {
      for (const SparseGradient<R>& g : port.sparse_gradients)
        for (size_t n = 0; n < g.pattern->entry.size(); ++n)
          gradient[plan.parameters[g.block].offset + g.pattern->entry[n]] += folded(g.sums.data() + n * width);
      for (const GradientPiece& piece : port.pieces) {
        R*      to    = gradient + piece.first;
        const R scale = piece.timed ? R(piece.timed) * prepared.layer(int(i)).dt : R(1);
        for (size_t u = 0; u < l.slab.units; ++u)
          for (size_t j = 0; j < piece.columns; ++j)
            to[u * piece.row_length + j] += scale * port.w_bar[u * port.ld + piece.from + j];
      }
    }
    for (int i : l.noise.weights_in) {
      const NoisyWeights<R>& n = w.noise.weights[size_t(i)];
      const ConnectionPlan&  k = plan.connections[size_t(n.connection)];
      R* to = gradient + plan.first_weight(k);
      for (size_t u = 0; u < n.matrix_slab.rows && n.gradient.size(); ++u)
        for (size_t j = 0; j < n.matrix_slab.units; ++j) to[u * n.matrix_slab.units + j] += n.gradient[u * n.matrix_slab.stride + j];
    }
    for (size_t n = 0; n < p.params.size(); ++n) {
      R* to = gradient + plan.parameters[p.params[n]].offset;
      const std::vector<uint32_t>* entry = n < p.param_entries.size() ? &p.param_entries[n].entry : nullptr;
      const bool lanes = tiles || p.cell->params[n].per_synapse;
      for (size_t u = 0; u < count_of(p, n); ++u)
        to[entry && !entry->empty() ? (*entry)[u] : u] += lanes ? folded(l.params_bar[n].data() + u * width) : l.params_bar[n][u];
    }
    if (plan.dt_block >= 0 && !p.own_dt) {
      R& to = gradient[plan.parameters[plan.dt_block].offset];
      for (size_t n = 0; n < l.dt_bar.size(); n += width) to += folded(l.dt_bar.data() + n);
    }
    if (p.start_block >= 0) {
      R*       to     = gradient + plan.parameters[p.start_block].offset;
      const R* lambda = l.lambda[size_t(p.start_state)].data();
      for (size_t u = 0; u < l.slab.units; ++u)
        for (size_t row = 0; row < w.shape.tile.rows; ++row)
          to[u] += lambda[tiles ? u * l.slab.stride + row : row * l.slab.stride + u];
    }
  }
}

#define DYNODE_INSTANCES(R)                                                                                            \
  template void start_backward<R>(Workspace<R>&);                                                                      \
  template void backward<R>(const Plan&, const Prepared<R>&, Workspace<R>&, const TileGradient<R>&, size_t, size_t);   \
  template void finish_backward<R>(const Plan&, const Prepared<R>&, Workspace<R>&, const TileGradient<R>&);            \
  template void collect_gradient<R>(const Plan&, const Prepared<R>&, const Workspace<R>&, R*);
DYNODE_INSTANCES(float)
DYNODE_INSTANCES(double)
#undef DYNODE_INSTANCES

}  // namespace dynode
