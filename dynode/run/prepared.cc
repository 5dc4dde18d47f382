#include "dynode/run/prepared.h"

#include <algorithm>

#include "dynode/run/workspace.h"

namespace dynode {
namespace {

size_t padded(size_t n, size_t width) { return (n + width - 1) / width * width; }

}  // namespace

template <class R>
Prepared<R>::Prepared(const Plan& plan) : plan_(plan), dense_(dense_kernels<R>()), sparse_(sparse_kernels<R>()), theta_(plan.parameters.size()) {
  for (const RateGrid& t : plan.tables)
    tables_.emplace_back(GridAxis{t.flux_first, t.flux_step, t.flux_count},
                         GridAxis{t.current_first, t.current_step, t.current_count}, t.g.data());
  for (const LayerPlan& l : plan.layers) {
    LayerNumbers<R> n;
    if (l.table >= 0) n.table = &tables_[size_t(l.table)];
    for (size_t i = 0; i < l.params.size(); ++i) n.params.emplace_back(padded(l.units, dense_.width));
    for (const auto& constant : l.constants) {
      Buffer<R> b(padded(l.units, dense_.width));
      for (size_t u = 0; u < b.size(); ++u) b[u] = R(constant[std::min(u, l.units - 1)]);
      n.params.push_back(std::move(b));
    }
    for (const auto& port : l.incoming) {
      bool biased = false;
      for (int c : port) biased |= plan.connections[size_t(c)].bias >= 0;
      n.bias.emplace_back(biased ? padded(l.units, dense_.width) : 0);
    }
    for (const auto& p : n.params) n.param_pointers.push_back(p.data());
    layers_.push_back(std::move(n));
  }
}

template <class R>
void Prepared<R>::set(const R* theta) {
  std::copy(theta, theta + theta_.size(), theta_.begin());
  to_effective(plan_.parameters, theta_.data());
  for (size_t i = 0; i < layers_.size(); ++i) {
    const LayerPlan& l = plan_.layers[i];
    LayerNumbers<R>& n = layers_[i];
    n.dt = R(plan_.dt_block >= 0 && !l.own_dt ? double(theta[plan_.parameters[plan_.dt_block].offset]) : l.dt);

    // parameters in real space
    for (size_t p = 0; p < l.params.size(); ++p) {
      const Block& block = plan_.parameters[l.params[p]];
      if (p < l.param_entries.size() && !l.param_entries[p].entry.empty()) {
        const ParamEntries& entries = l.param_entries[p];
        for (size_t u = 0; u < l.units; ++u)
          n.params[p][u] = R(real_value(block.transform, theta[block.offset + entries.entry[u]]) + entries.shift);
      } else {
        to_real(block, theta, std::span(n.params[p].data(), l.units));
      }
      std::fill(n.params[p].begin() + l.units, n.params[p].end(), n.params[p][l.units - 1]);
    }
    // all biases of a port arrive together
    for (size_t p = 0; p < l.incoming.size(); ++p) {
      n.bias[p].clear();
      for (int c : l.incoming[p]) {
        const ConnectionPlan& k = plan_.connections[size_t(c)];
        if (k.bias < 0) continue;
        const R* b = theta + plan_.parameters[k.bias].offset + k.first_row;
        for (size_t u = 0; u < l.units; ++u) n.bias[p][u] += b[u];
      }
    }
  }
  for (auto& p : panels_) p->fresh = p->fresh_transposed = false;
}

template <class R>
const Panels<R>& Prepared<R>::panels(const Tile& shape, bool transposed) {
  Panels<R>* panels = nullptr;
  for (auto& p : panels_)
    if (p->shape.same_shape(shape)) panels = p.get();
  if (!panels) {
    panels = panels_.emplace_back(std::make_unique<Panels<R>>()).get();
    panels->shape = shape;
    panels->forward.resize(plan_.connections.size());
    panels->transposed.resize(plan_.connections.size());
  }
  // nothing is written then: workers that make workspaces of known shapes may all come here
  if (panels->fresh && (panels->fresh_transposed || !transposed)) return *panels;
  const auto pack = [&](Buffer<R>& to, const Slab& slab, size_t depth, const R* w, size_t w_unit, size_t w_source) {
    const size_t size = dense_.packed_size(slab, depth);
    if (to.size() != size) to = Buffer<R>(size);
    dense_.pack(slab, depth, w, w_unit, w_source, to.data());
  };
  const auto list = [&](Buffer<R>& to, const ConnectionPlan& k, const SparsePattern& pattern) {
    const size_t size = pattern.column.size();
    if (to.size() != size) to = Buffer<R>(size);
    const R* w = k.weights < 0 ? nullptr : theta_.data() + plan_.parameters[k.weights].offset;
    for (size_t i = 0; i < size; ++i) to[i] = w ? w[pattern.entry[i]] : R(pattern.constant[i]);
  };
  const bool forward_now = !panels->fresh, transposed_now = transposed && !panels->fresh_transposed;
  for (size_t c = 0; c < plan_.connections.size(); ++c) {
    const ConnectionPlan& k = plan_.connections[c];
    if (skips_absent(shape, k)) {
      if (forward_now) list(panels->forward[c], k, *k.sparse);
      if (transposed_now) list(panels->transposed[c], k, *k.transposed);
      continue;
    }
    const size_t to = plan_.layers[size_t(k.to)].units, from = plan_.layers[size_t(k.from)].units;
    const R* w = theta_.data() + plan_.parameters[k.weights].offset + k.first_row * from;
    if (forward_now) {
      Slab slab = shape.slab(to, dense_.width);
      if (runs_ahead(shape, plan_.layers[size_t(k.to)])) slab.rows = kRowGroup;
      pack(panels->forward[c], slab, from, w, from, 1);
    }
    if (transposed_now) pack(panels->transposed[c], shape.slab(from, dense_.width), to, w, 1, from);
  }
  panels->fresh = true;
  panels->fresh_transposed |= transposed;
  return *panels;
}

template class Prepared<float>;
template class Prepared<double>;

}  // namespace dynode
