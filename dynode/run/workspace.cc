#include "dynode/run/workspace.h"

#include <algorithm>

namespace dynode {
namespace {

size_t padded(size_t n, size_t width) { return (n + width - 1) / width * width; }

/// Products come first in a sum, then lists that are products in one of the layouts, then those that never are.
int rank_of(const ConnectionPlan& k) { return !k.sparse ? 0 : k.weights >= 0 ? 1 : 2; }

/// Adjoints of all ports and turned sources of one chunk should share the second-level cache with the weights.
constexpr size_t kChunkBytes = size_t{192} << 10;

}  // namespace

template <class R>
Workspace<R>::Workspace(const Plan& plan, Prepared<R>& prepared, const WorkspaceShape& s) : shape(s) {
  const size_t     width  = prepared.dense().width;
  const Panels<R>& panels = prepared.panels(s.tile, s.adjoint);
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
    w.keeps_drives = drives;
    w.runs_ahead   = runs_ahead(s.tile, l);
    w.drive_step   = drives || w.runs_ahead ? w.size : 0;
    for (size_t n = 0; n < l.cell->states.size(); ++n) w.state.emplace_back((steps + 1) * w.size + spare);
    for (size_t p = 0; p < l.incoming.size(); ++p) {
      PortSpace<R> port;
      port.drive = Buffer<R>((drives ? steps : w.runs_ahead ? kForwardChunk : 1) * w.size + kRowGroup * w.slab.stride);
      if (s.adjoint) port.drive_bar = Buffer<R>((chunk + 1) * w.size);
      w.ports.push_back(std::move(port));
    }
    if (l.takes_flux) w.flux = Buffer<R>(steps * w.size);
    if (s.adjoint) {
      for (size_t n = 0; n < l.cell->states.size(); ++n) w.lambda.emplace_back(w.size);
      for (size_t p = 0; p < l.params.size() + l.constants.size(); ++p)
        w.params_bar.emplace_back(padded(l.units, width) * (s.tile.layout == Layout::tiles ? width : 1));
      w.dt_bar  = Buffer<R>(width);
      w.scratch = Buffer<R>(w.size);
    }
    w.state_now.resize(l.cell->states.size());
    w.next_now.resize(l.cell->states.size());
    w.drive_now.resize(l.incoming.size());
    w.drive_bar_now.resize(l.incoming.size());
    for (auto& b : w.lambda) w.lambda_now.push_back(b.data());
    for (auto& b : w.params_bar) w.params_bar_now.push_back(b.data());
  }

  // who reads whom; rank by rank, so that sums have one order whatever the layout
  for (size_t i = 0; i < layers.size(); ++i)
    for (size_t p = 0; p < layers[i].ports.size(); ++p) {
      const auto& bias = prepared.layer(int(i)).bias[p];
      layers[i].ports[p].bias = bias.size() ? bias.data() : nullptr;
    }
  for (int rank : {0, 1, 2})
    for (size_t c = 0; c < plan.connections.size(); ++c) {
      const ConnectionPlan& k = plan.connections[c];
      if (rank_of(k) != rank) continue;
      const bool     list = skips_absent(s.tile, k);
      LayerSpace<R> &from = layers[size_t(k.from)], &to = layers[size_t(k.to)];
      PortSpace<R>&  port = to.ports[size_t(k.port)];
      const R*       source = from.state[size_t(plan.layers[size_t(k.from)].cell->output)].data();
      port.incoming.push_back({list ? k.sparse.get() : nullptr, panels.forward[c].data(), source, from.size,
                               from.slab.units, from.slab.stride, k.lag});
      if (s.adjoint)
        from.outgoing.push_back({list ? k.transposed.get() : nullptr, panels.transposed[c].data(), port.drive_bar.data(),
                                 to.size, to.slab.units, to.slab.stride, k.lag});
    }

  size_t most = chunk;
  for (size_t i = 0; i < layers.size(); ++i) {
    if (s.adjoint) plan_gradients(plan, int(i), width);
    most = std::max(most, layers[i].outgoing.size());
    for (auto& port : layers[i].ports) most = std::max(most, port.incoming.size());
  }
  terms.resize(most);
  ones = Buffer<R>(width);
  ones[0] = R(1);
}

/// Which sources the weight gradients of a layer need, and which of their columns one product can form.
template <class R>
void Workspace<R>::plan_gradients(const Plan& plan, int layer, size_t width) {
  LayerSpace<R>& w = layers[size_t(layer)];
  const bool tiles = shape.tile.layout == Layout::tiles;
  const auto& parameters = plan.parameters;

  // weights that are lists have their gradient entry by entry
  const auto learns = [&](const ConnectionPlan& k) { return k.weights >= 0 && parameters[k.weights].learnable; };
  const auto forms_dense = [&](const ConnectionPlan& k) { return learns(k) && !skips_absent(shape.tile, k); };
  for (size_t p = 0; p < w.ports.size(); ++p)
    for (int c : plan.layers[size_t(layer)].incoming[p]) {
      const ConnectionPlan& k = plan.connections[size_t(c)];
      if (!learns(k) || forms_dense(k)) continue;
      const LayerSpace<R>& f = layers[size_t(k.from)];
      w.ports[p].sparse_gradients.push_back(
          {k.sparse.get(), k.weights, f.state[size_t(plan.layers[size_t(k.from)].cell->output)].data(), f.size, k.lag,
           Buffer<R>(k.sparse->column.size() * width)});
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
  for (const auto& port : plan.layers[size_t(layer)].incoming)
    for (int c : port) {
      const ConnectionPlan& k = plan.connections[size_t(c)];
      if (forms_dense(k)) add_source(k.from, k.lag);
      biased |= k.bias >= 0 && parameters[k.bias].learnable;
    }
  if (biased) add_source(-1, 0);
  size_t columns = 0;
  for (auto& source : w.gradient_sources) source.column = columns, columns += source.units;
  w.turned_ld = padded(columns, width) + width;
  if (tiles && columns) w.turned = Buffer<R>(chunk * shape.tile.rows * w.turned_ld + width);

  // per port: which sources it has, joined where they stand side by side in `turned`
  for (size_t p = 0; p < w.ports.size(); ++p) {
    PortSpace<R>& port = w.ports[p];
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
    port.w_bar = Buffer<R>(w.slab.units * port.ld);
    for (int c : incoming) {
      const ConnectionPlan& k = plan.connections[size_t(c)];
      if (forms_dense(k))
        port.pieces.push_back({k.weights, k.first_row, layers[size_t(k.from)].slab.units, at[add_source(k.from, k.lag)]});
      if (k.bias >= 0 && parameters[k.bias].learnable) port.pieces.push_back({k.bias, k.first_row, 1, at[add_source(-1, 0)]});
    }
  }
}

template <class R>
size_t Workspace<R>::bytes() const {
  size_t n = 0;
  const auto count = [&](const Buffer<R>& b) { n += b.size() * sizeof(R); };
  for (const auto& l : layers) {
    for (const auto& b : l.state) count(b);
    for (const auto& b : l.lambda) count(b);
    for (const auto& b : l.params_bar) count(b);
    for (const auto& p : l.ports) {
      count(p.drive), count(p.drive_bar), count(p.w_bar);
      for (const auto& g : p.sparse_gradients) count(g.sums);
    }
    count(l.flux), count(l.turned), count(l.scratch);
  }
  return n;
}

template class Workspace<float>;
template class Workspace<double>;

}  // namespace dynode
