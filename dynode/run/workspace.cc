#include "dynode/run/workspace.h"

#include <algorithm>

namespace dynode {
namespace {

/// Products come first in a sum, then lists that are products in one of the layouts, then those that never are.
int rank_of(const ConnectionPlan& k) { return !k.sparse ? 0 : k.weights >= 0 ? 1 : 2; }

/// The connection that joins number c, or null.
template <class R>
const ConnectionPlan* joining(const Plan& plan, int c, bool spans) {
  for (const auto& port : plan.layers[size_t(plan.connections[size_t(c)].to)].incoming)
    for (int other : port)
      if (const ConnectionPlan& k = plan.connections[size_t(other)]; k.joins == c && is_joined<R>(plan, k, spans))
        return &k;
  return nullptr;
}

/// Adjoints of all ports and turned sources of one chunk should share the second-level cache with the weights.
constexpr size_t kChunkBytes = size_t{192} << 10;

}  // namespace

template <class R>
Workspace<R>::Workspace(const Plan& plan, Prepared<R>& prepared, const WorkspaceShape& s, Purpose purpose)
    : shape(s), purpose_(purpose) {
  const size_t     width  = prepared.dense().width;
  const Panels<R>* panels = purpose == Purpose::run ? &prepared.panels(s.tile, s.adjoint, s.spans) : nullptr;
  const size_t     steps  = s.window;

  size_t largest = 1;
  for (const LayerPlan& l : plan.layers)
    largest = std::max(largest, (l.incoming.size() + 1) * s.tile.slab(l.units, width).size() * sizeof(R));
  chunk = std::min(steps, std::max<size_t>(2, kChunkBytes / largest));

  // slabs of every layer; transposition reads up to a vector of units past the end
  layers.resize(plan.layers.size());
  for (size_t i = 0; i < layers.size(); ++i) {
    const LayerPlan& l = plan.layers[i];
    LayerSpace<R>&   w = layers[i];
    w.slab = s.tile.slab(l.units, width);
    w.size = w.slab.size();
    const size_t spare = std::max(2 * width, kRowGroup) * w.slab.stride;
    const bool   drives = s.keep_drives || (s.adjoint && l.cell->pull_reads_drive);
    const bool   is_wired = dynode::is_wired(plan, int(i), s);
    if (is_wired) {
      const auto& e = wired.emplace_back(wire<R>(plan, int(i), Buffer<R>(0)));
      w.wired       = int(wired.size()) - 1;
      layers[size_t(e.sums)].takes_wires = true;
    }
    w.keeps_drives = drives;
    w.runs_ahead   = runs_ahead(s.tile, l);
    w.drive_step   = !is_wired && (drives || w.runs_ahead) ? w.size : 0;
    for (size_t n = 0; n < l.cell->states.size(); ++n) w.state.push_back(take((steps + 1) * w.size + spare));
    for (size_t p = 0; p < l.incoming.size(); ++p) {
      PortSpace<R> port;
      port.joined = std::any_of(l.incoming[p].begin(), l.incoming[p].end(), [&](int c) {
        return is_joined<R>(plan, plan.connections[size_t(c)], s.spans);
      });
      if (!is_wired && !port.joined)
        port.drive = take((drives ? steps : w.runs_ahead ? kForwardChunk : 1) * w.size + kRowGroup * w.slab.stride);
      if (s.adjoint && !port.joined && !(is_wired && p > 0)) port.drive_bar = take((chunk + 1) * w.size);
      w.ports.push_back(std::move(port));
    }
    w.dt            = take(s.tile.rows);
    w.follows_spans = s.spans && l.cell->scales_with_dt && !l.own_dt;
    if (l.cell->tape_size) {
      w.tape_size = padded(l.cell->tape_size(w.slab, width, l.settings.data()), width);
      w.tape_step = s.adjoint ? w.tape_size : 0;
      w.tape      = take(w.tape_size * (s.adjoint ? steps : 1));
    }
    if (l.takes_flux) w.flux = take(steps * w.size);
    if (s.adjoint) {
      for (size_t n = 0; n < l.cell->states.size(); ++n) w.lambda.push_back(take(w.size));
      const bool tiles = s.tile.layout == Layout::tiles;
      for (size_t p = 0; p < l.params.size() + l.constants.size(); ++p) {
        const bool lanes = tiles || (p < l.params.size() && l.cell->params[p].per_synapse);
        w.params_bar.push_back(take(padded(count_of(l, p), width) * (lanes ? width : 1)));
      }
      w.dt_bar  = take(s.tile.rows * (tiles ? 1 : width));
      w.scratch = take(w.size);
    }
    w.state_now.resize(l.cell->states.size());
    w.next_now.resize(l.cell->states.size());
    w.drive_now.resize(l.incoming.size());
    w.drive_bar_now.resize(l.incoming.size());
    for (auto& b : w.lambda) w.lambda_now.push_back(b.data());
    for (auto& b : w.params_bar) w.params_bar_now.push_back(b.data());
  }

  mark_carriers(plan);
  for (WiredEdges<R>& e : wired) e.scratch = take(layers[size_t(e.from)].size);
  plan_noise(plan, prepared);

  // who reads whom; rank by rank, so that sums have one order whatever the layout
  for (size_t i = 0; i < layers.size(); ++i)
    for (size_t p = 0; p < layers[i].ports.size(); ++p) {
      const auto&            arriving = plan.layers[i].incoming[p];
      const LayerNumbers<R>& n        = prepared.layer(int(i));
      const bool joins =
          std::any_of(arriving.begin(), arriving.end(), [&](int c) { return joining<R>(plan, c, s.spans); });
      const auto& bias = joins ? n.joined_bias[p] : n.bias[p];
      if (bias.size() && !layers[i].ports[p].joined) layers[i].ports[p].bias = bias.data();
    }
  for (int rank : {0, 1, 2})
    for (size_t c = 0; c < plan.connections.size(); ++c) {
      const ConnectionPlan& k = plan.connections[c];
      if (k.delay || rank_of(k) != rank) continue;
      const bool     list = skips_absent(s.tile, k);
      LayerSpace<R> &from = layers[size_t(k.from)], &to = layers[size_t(k.to)];
      PortSpace<R>&  port = to.ports[size_t(k.port)];
      if (port.joined) continue;
      const R*       source = from.state[size_t(plan.layers[size_t(k.from)].cell->output)].data();
      const NoisyWeights<R>* noisy = noise.find(c);
      const R* packed = noisy ? noisy->forward.data() : panels ? panels->forward[c].data() : nullptr;
      const R* turned = noisy ? noisy->transposed.data() : panels ? panels->transposed[c].data() : nullptr;
      port.incoming.push_back({list ? k.sparse.get() : nullptr, packed, source, from.size,
                               from.slab.units, from.slab.stride, k.lag});
      if (!s.adjoint || (to.wired >= 0 && k.port > 0)) continue;   // edges hand their sums what they send back
      port.late |= k.lag > 0;
      from.outgoing.push_back({list ? k.transposed.get() : nullptr, turned, port.drive_bar.data(),
                               to.size, to.slab.units, to.slab.stride, k.lag});
    }

  // who hears of whose spikes; a source may be ahead by a chunk
  for (size_t c = 0; c < plan.connections.size(); ++c) {
    const ConnectionPlan& k = plan.connections[c];
    if (k.delay == 0) continue;
    layers[size_t(k.to)].arrivals.push_back(
        {k.transposed.get(), prepared.spike_values(int(c)).data(), k.from, size_t(k.delay)});
    FiringLog& log = layers[size_t(k.from)].firing;
    log.depth      = std::max(log.depth, size_t(k.delay) + kForwardChunk);
  }
  for (LayerSpace<R>& l : layers) {
    l.firing.fired.resize(l.firing.depth * s.tile.rows * l.slab.units);
    l.firing.count.resize(l.firing.depth * s.tile.rows);
  }

  size_t most = chunk;
  for (size_t i = 0; i < layers.size(); ++i) {
    if (s.adjoint) plan_gradients(plan, int(i), width);
    most = std::max(most, layers[i].outgoing.size());
    for (auto& port : layers[i].ports) most = std::max(most, port.incoming.size());
  }
  terms.resize(most);
  if (s.spans) spans = take(steps * s.tile.rows);
  ones = take(width);
  if (purpose == Purpose::run) ones[0] = R(1);
}

/// Finds the layers that only carry the input array on: nothing in front of them learns, and no initial state, which
/// connections with a lag read, passes through them.
template <class R>
void Workspace<R>::mark_carriers(const Plan& plan) {
  const auto carries = [&](size_t i) {
    const LayerPlan& l = plan.layers[i];
    if (l.is_input) return true;
    if (!l.cell->static_map || !l.params.empty() || l.start_block >= 0 || l.outgoing.empty()) return false;
    size_t count = 0;
    for (const auto& port : l.incoming)
      for (int c : port) {
        const ConnectionPlan& k = plan.connections[size_t(c)];
        if (k.weights >= 0 || k.bias >= 0 || k.lag > 0 || !layers[size_t(k.from)].for_input) return false;
        ++count;
      }
    return count > 0;
  };
  for (bool found = true; found;) {
    found = false;
    for (size_t i = 0; i < layers.size(); ++i)
      if (!layers[i].for_input && carries(i)) layers[i].for_input = found = true;
  }
}

/// Which sources the weight gradients of a layer need, and which of their columns one product can form.
template <class R>
void Workspace<R>::plan_gradients(const Plan& plan, int layer, size_t width) {
  LayerSpace<R>& w = layers[size_t(layer)];
  const bool tiles = shape.tile.layout == Layout::tiles;
  const auto& parameters = plan.parameters;

  // weights that are lists have their gradient entry by entry
  const auto own_gradient = [&](const ConnectionPlan& k) {
    const NoisyWeights<R>* n = noise.find(size_t(&k - plan.connections.data()));
    return n && n->own_gradient;
  };
  const auto learns = [&](const ConnectionPlan& k) {
    return k.weights >= 0 && parameters[k.weights].learnable && !own_gradient(k);
  };
  const auto forms_dense = [&](const ConnectionPlan& k) { return learns(k) && !skips_absent(shape.tile, k); };
  for (size_t p = 0; p < w.ports.size(); ++p)
    for (int c : plan.layers[size_t(layer)].incoming[p]) {
      const ConnectionPlan& k = plan.connections[size_t(c)];
      if (!learns(k) || forms_dense(k)) continue;
      const LayerSpace<R>& f = layers[size_t(k.from)];
      w.ports[p].sparse_gradients.push_back(
          {k.sparse.get(), k.weights, f.state[size_t(plan.layers[size_t(k.from)].cell->output)].data(), f.size, k.lag,
           take(k.sparse->column.size() * width)});
    }

  // distinct sources of learnable connections, the constant of biases last
  const auto add_source = [&](int from, int lag) {
    for (size_t i = 0; i < w.gradient_sources.size(); ++i)
      if (w.gradient_sources[i].layer == from && w.gradient_sources[i].lag == lag) return i;
    if (from < 0) {
      w.gradient_sources.push_back({-1, 0, nullptr, 0, 1, 0, 0});
    } else {
      const LayerSpace<R>& f = layers[size_t(from)];
      const R* history = f.state[size_t(plan.layers[size_t(from)].cell->output)].data();
      w.gradient_sources.push_back({from, lag, history, f.size, f.slab.units, f.slab.stride, 0});
    }
    return w.gradient_sources.size() - 1;
  };
  bool biased = false;
  for (size_t p = 0; p < w.ports.size(); ++p)
    for (int c : plan.layers[size_t(layer)].incoming[p]) {
      const ConnectionPlan& k = plan.connections[size_t(c)];
      if (w.ports[p].joined) continue;
      if (forms_dense(k)) add_source(k.from, k.lag);
      biased |= k.bias >= 0 && parameters[k.bias].learnable;
    }
  if (biased) add_source(-1, 0);
  size_t columns = 0;
  for (auto& source : w.gradient_sources) source.column = columns, columns += source.units;
  w.turned_ld = padded(columns, width) + width;
  if (tiles && columns) w.turned = take(chunk * shape.tile.rows * w.turned_ld + width);

  // per port: which sources it has, joined where they stand side by side in `turned`
  for (size_t p = 0; p < w.ports.size(); ++p) {
    PortSpace<R>& port = w.ports[p];
    if (port.joined) continue;
    std::vector<size_t> at(w.gradient_sources.size(), size_t(-1));   // column of each source in w_bar
    std::vector<bool>   used(w.gradient_sources.size());
    const auto& incoming = plan.layers[size_t(layer)].incoming[p];
    for (int c : incoming) {
      const ConnectionPlan& k = plan.connections[size_t(c)];
      if (forms_dense(k)) used[add_source(k.from, k.lag)] = true;
      if (k.bias >= 0 && parameters[k.bias].learnable) used[add_source(-1, 0)] = true;
    }
    for (size_t i = 0; i < used.size(); ++i) {
      if (!used[i]) continue;
      const size_t units = w.gradient_sources[i].units;
      if (tiles && i > 0 && used[i - 1]) {
        port.runs.back().columns += units;
      } else {
        const size_t to = port.runs.empty() ? 0 : port.runs.back().to + padded(port.runs.back().columns, width);
        port.runs.push_back({i, units, to});
      }
      at[i] = port.runs.back().to + port.runs.back().columns - units;
    }
    if (port.runs.empty()) continue;
    port.ld    = port.runs.back().to + padded(port.runs.back().columns, width);
    port.w_bar = take(w.slab.units * port.ld);
    for (int c : incoming) {
      const ConnectionPlan& k = plan.connections[size_t(c)];
      const auto add_pieces = [&](const ConnectionPlan& of, double timed) {
        if (forms_dense(k))
          port.pieces.push_back({plan.first_weight(of), plan.row_length(of), layers[size_t(k.from)].slab.units,
                                 at[add_source(k.from, k.lag)], timed});
        if (k.bias >= 0 && parameters[k.bias].learnable)
          port.pieces.push_back({parameters[of.bias].offset + of.first_row, 1, 1, at[add_source(-1, 0)], timed});
      };
      add_pieces(k, 0);
      if (const ConnectionPlan* more = joining<R>(plan, c, shape.spans)) add_pieces(*more, more->joins_sign);
    }
  }
}

template <class R>
size_t Workspace<R>::state_bytes() const {
  size_t size = 0;
  for (const auto& l : layers) size += l.state.size() * l.size;
  return size * sizeof(R);
}

template class Workspace<float>;
template class Workspace<double>;

}  // namespace dynode
