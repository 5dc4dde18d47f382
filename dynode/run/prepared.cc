#include "dynode/run/prepared.h"

#include <algorithm>
#include <cmath>

#include "dynode/run/workspace.h"

namespace dynode {

template <class R>
Prepared<R>::Prepared(const Plan& plan) : plan_(plan), dense_(dense_kernels<R>()), sparse_(sparse_kernels<R>()),
      events_(event_kernels<R>()), noise_(noise_kernels<R>()), theta_(plan.parameters.size()) {
  joining_.assign(plan.connections.size(), -1);
  for (size_t c = 0; c < plan.connections.size(); ++c)
    if (plan.connections[c].joins >= 0) joining_[size_t(plan.connections[c].joins)] = int(c);
  for (const RateGrid& t : plan.tables)
    tables_.emplace_back(GridAxis{t.flux_first, t.flux_step, t.flux_count},
                         GridAxis{t.current_first, t.current_step, t.current_count}, t.g.data());
  for (const LayerPlan& l : plan.layers) {
    LayerNumbers<R> n;
    if (l.table >= 0) n.table = &tables_[size_t(l.table)];
    for (size_t i = 0; i < l.params.size(); ++i) n.params.emplace_back(padded(count_of(l, i), dense_.width));
    for (const auto& constant : l.constants) {
      Buffer<R> b(padded(l.units, dense_.width));
      for (size_t u = 0; u < b.size(); ++u) b[u] = R(constant[std::min(u, l.units - 1)]);
      n.params.push_back(std::move(b));
    }
    for (const auto& port : l.incoming) {
      bool biased = false;
      for (int c : port) biased |= plan.connections[size_t(c)].bias >= 0;
      n.bias.emplace_back(biased ? padded(l.units, dense_.width) : 0);
      const bool joined = std::any_of(port.begin(), port.end(), [&](int c) { return joining_[size_t(c)] >= 0; });
      n.joined_bias.emplace_back(joined ? padded(l.units, dense_.width) : 0);
    }
    for (const auto& p : n.params) n.param_pointers.push_back(p.data());
    if (l.synapses) n.synapses = rows_of(*l.synapses);
    layers_.push_back(std::move(n));
  }
  for (const NoiseSite& s : plan.noise) {
    const bool   weights = s.what == NoiseSite::What::weights;
    const size_t units   = plan.layers[size_t(weights ? plan.connections[size_t(s.connection)].from : s.layer)].units;
    const auto   padding = [&](const std::vector<double>& values) {
      Buffer<R> b(values.empty() ? 0 : padded(units, dense_.width));
      for (size_t u = 0; u < units && !values.empty(); ++u) b[u] = R(values[weights ? 0 : u]);
      return b;
    };
    deviations_.push_back(padding(s.deviation)), means_.push_back(padding(s.mean));
  }
  for (const ConnectionPlan& c : plan.connections) spike_values_.emplace_back(c.transposed && c.delay ? c.transposed->column.size() : 0);
  for (size_t i = 0; i < layers_.size(); ++i)
    layers_[i].settings = {plan.layers[i].settings.data(), plan.layers[i].synapses ? &layers_[i].synapses : nullptr};
}

template <class R>
void Prepared<R>::set(const R* stored, const Quantisation* quantisation, const std::optional<RoundingDraw>& draw) {
  std::copy(stored, stored + theta_.size(), theta_.begin());
  to_effective(plan_.parameters, theta_.data());
  if (quantisation) quantise(plan_.parameters, *quantisation, draw, theta_.data());
  const R* theta = theta_.data();   // parameters of cells may be entries of weights
  for (size_t i = 0; i < layers_.size(); ++i) {
    const LayerPlan& l = plan_.layers[i];
    LayerNumbers<R>& n = layers_[i];
    n.dt = R(plan_.dt_block >= 0 && !l.own_dt ? double(theta[plan_.parameters[plan_.dt_block].offset]) : l.dt);

    // parameters in real space
    for (size_t p = 0; p < l.params.size(); ++p) {
      const Block& block = plan_.parameters[l.params[p]];
      const size_t count = count_of(l, p);
      if (p < l.param_entries.size() && !l.param_entries[p].entry.empty()) {
        const ParamEntries& entries = l.param_entries[p];
        for (size_t u = 0; u < count; ++u)
          n.params[p][u] = R(real_value(block.transform, theta[block.offset + entries.entry[u]]) + entries.shift);
      } else {
        to_real(block, theta, std::span(n.params[p].data(), count));
      }
      if (count) std::fill(n.params[p].begin() + count, n.params[p].end(), n.params[p][count - 1]);
    }
    derive_constants(i);
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
    join_biases(i);
  }
  for (size_t c = 0; c < spike_values_.size(); ++c) weigh_spikes(c);
  scale_noise();
  for (auto& p : panels_) p->fresh = p->fresh_transposed = false;
}

template <class R>
void Prepared<R>::derive_constants(size_t layer) {
  const LayerPlan& l = plan_.layers[layer];
  LayerNumbers<R>& n = layers_[layer];
  if (!l.cell->derive || l.params.empty()) return;
  const double        dt = plan_.dt_block >= 0 && !l.own_dt ? double(n.dt) : l.dt;   // the plan's has all its digits
  std::vector<double> params(l.params.size()), constants(l.constants.size());
  for (size_t u = 0; u < n.params[0].size(); ++u) {   // padding repeats the last unit
    for (size_t p = 0; p < params.size(); ++p) params[p] = double(n.params[p][u]);
    for (size_t c = 0; c < constants.size(); ++c) constants[c] = double(n.params[params.size() + c][u]);
    l.cell->derive(params.data(), dt, l.settings.data(), constants.data());
    for (size_t c = 0; c < constants.size(); ++c) n.params[params.size() + c][u] = R(constants[c]);
  }
}

template <class R>
void Prepared<R>::join_biases(size_t layer) {
  const LayerPlan& l = plan_.layers[layer];
  LayerNumbers<R>& n = layers_[layer];
  for (size_t p = 0; p < l.incoming.size(); ++p) {
    if (n.joined_bias[p].size() == 0) continue;
    std::copy(n.bias[p].begin(), n.bias[p].end(), n.joined_bias[p].begin());
    for (int c : l.incoming[p]) {
      if (joining_[size_t(c)] < 0) continue;
      const ConnectionPlan& k = plan_.connections[size_t(joining_[size_t(c)])];
      if (k.bias < 0) continue;
      const R* b = block(k.bias) + k.first_row;
      for (size_t u = 0; u < l.units; ++u) n.joined_bias[p][u] += R(k.joins_sign) * n.dt * b[u];
    }
  }
}

template <class R>
void Prepared<R>::scale_noise() {
  for (size_t i = 0; i < plan_.noise.size(); ++i) {
    const NoiseSite& s = plan_.noise[i];
    const double     share = shares_.empty() ? 1 : shares_[i];
    const bool       alike = s.what == NoiseSite::What::weights;
    const R* const   p = s.scale == NoiseSite::Scale::one ? nullptr : layers_[size_t(s.layer)].params[size_t(s.parameter)].data();
    const auto       factor = [&](size_t u) {
      return !p ? share : share * (s.scale == NoiseSite::Scale::per_root ? std::sqrt(2 / double(p[u])) : 1 / double(p[u]));
    };
    const size_t units = plan_.layers[size_t(alike ? plan_.connections[size_t(s.connection)].from : s.layer)].units;
    for (size_t u = 0; u < units && !s.deviation.empty(); ++u)
      deviations_[i][u] = R(s.deviation[alike ? 0 : u] * factor(u));
  }
}

template <class R>
void Prepared<R>::set_noise_shares(const std::vector<double>& shares) {
  if (shares == shares_) return;
  shares_ = shares;
  scale_noise();
}

template <class R>
void Prepared<R>::weigh_spikes(size_t connection) {
  const ConnectionPlan& k = plan_.connections[connection];
  if (k.delay == 0 || k.synapses) return;
  const SparsePattern& lists = *k.transposed;
  const int            per   = plan_.layers[size_t(k.to)].cell->arrivals.per;
  const R*             w     = theta_.data() + plan_.parameters[k.weights].offset;
  const R*             over  = per < 0 ? nullptr : layers_[size_t(k.to)].params[size_t(per)].data();
  Buffer<R>&           to    = spike_values_[connection];
  for (size_t i = 0; i < to.size(); ++i) to[i] = over ? w[lists.entry[i]] / over[lists.column[i]] : w[lists.entry[i]];
}

template <class R>
const Panels<R>& Prepared<R>::panels(const Tile& shape, bool transposed, bool spans) {
  Panels<R>* panels = nullptr;
  for (auto& p : panels_)
    if (p->shape.same_shape(shape) && p->spans == spans) panels = p.get();
  if (!panels) {
    panels = panels_.emplace_back(std::make_unique<Panels<R>>()).get();
    panels->shape = shape, panels->spans = spans;
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
  std::vector<R> sum;   // of weights that joined
  const bool forward_now = !panels->fresh, transposed_now = transposed && !panels->fresh_transposed;
  for (size_t c = 0; c < plan_.connections.size(); ++c) {
    const ConnectionPlan& k = plan_.connections[c];
    if (k.delay || is_joined<R>(plan_, k, spans)) continue;
    if (skips_absent(shape, k)) {
      if (forward_now) list(panels->forward[c], k, *k.sparse);
      if (transposed_now) list(panels->transposed[c], k, *k.transposed);
      continue;
    }
    const size_t to = plan_.layers[size_t(k.to)].units, from = plan_.layers[size_t(k.from)].units;
    const R* w      = weights(k);
    size_t   length = plan_.row_length(k);
    if (joining_[c] >= 0 && is_joined<R>(plan_, plan_.connections[size_t(joining_[c])], spans)) {
      const ConnectionPlan& more  = plan_.connections[size_t(joining_[c])];
      const R*              v     = weights(more);
      const R               times = R(more.joins_sign) * layers_[size_t(k.to)].dt;
      const size_t          step  = plan_.row_length(more);
      sum.resize(to * from);
      for (size_t i = 0; i < to; ++i)
        for (size_t j = 0; j < from; ++j) sum[i * from + j] = w[i * length + j] + times * v[i * step + j];
      w = sum.data(), length = from;
    }
    if (forward_now)
      pack(panels->forward[c], packing_slab(shape, plan_.layers[size_t(k.to)], dense_.width), from, w, length, 1);
    if (transposed_now) pack(panels->transposed[c], shape.slab(from, dense_.width), to, w, 1, length);
  }
  panels->fresh = true;
  panels->fresh_transposed |= transposed;
  return *panels;
}

template class Prepared<float>;
template class Prepared<double>;

}  // namespace dynode
