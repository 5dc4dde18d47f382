#include "dynode/run/recorder.h"

#include <algorithm>

namespace dynode {

template <class R>
Recorder<R>::Recorder(const Plan& plan, const Prepared<R>& prepared, std::span<const Record<R>> records, size_t steps,
                      size_t tiles)
    : plan_(plan), prepared_(prepared), records_(records), steps_(steps), spikes_(tiles) {
  for (auto& part : spikes_) part.resize(records.size());
}

template <class R>
bool Recorder<R>::observes() const {
  return std::any_of(records_.begin(), records_.end(),
                     [](const Record<R>& r) { return r.what == Record<R>::What::observable; });
}

template <class R>
void Recorder<R>::take_start(const Workspace<R>& w, const Tile& tile) const {
  take_states(w, tile, 0, 0);
}

template <class R>
void Recorder<R>::take(Workspace<R>& w, const Tile& tile, size_t n, size_t first_step, size_t steps,
                       RecorderSpace<R>& space) {
  for (size_t k = 0; k < steps; ++k) {
    take_states(w, tile, first_step + k + 1, k + 1);
    take_observables(w, tile, first_step + k, k, space);
    take_spikes(w, tile, n, first_step + k, k, space);
  }
}

/// Entry `entry` of every recorded state, from slab k.
template <class R>
void Recorder<R>::take_states(const Workspace<R>& w, const Tile& tile, size_t entry, size_t k) const {
  for (const Record<R>& r : records_) {
    if (r.what != Record<R>::What::state || (r.last_only && entry < steps_) || entry % r.every != 0) continue;
    const LayerSpace<R>& l      = w.layers[size_t(r.layer)];
    const size_t         units  = r.count ? r.count : l.slab.units;
    const size_t         stride = r.last_only ? units : (steps_ / r.every + 1) * units;
    const size_t         skip   = r.first * (l.slab.layout == Layout::tiles ? l.slab.stride : 1);
    prepared_.dense().to_rows(l.slab, l.state[size_t(r.index)].data() + k * l.size + skip, tile.rows, units,
                              r.to + tile.first_row * stride + (r.last_only ? 0 : entry / r.every * units), stride);
  }
}

/// Observables of `step`, the one that made slab k + 1.
template <class R>
void Recorder<R>::take_observables(Workspace<R>& w, const Tile& tile, size_t step, size_t k,
                                   RecorderSpace<R>& space) const {
  int   seen = -1;   // layer whose observables are in `out`
  auto& out  = space.out;
  for (const Record<R>& r : records_) {
    if (r.what != Record<R>::What::observable || (step + 1) % r.every != 0) continue;
    LayerSpace<R>& l = w.layers[size_t(r.layer)];
    if (seen != r.layer) {
      const LayerPlan& p = plan_.layers[size_t(r.layer)];
      if (space.observed.size() < p.cell->observables.size()) space.observed.resize(p.cell->observables.size());
      out.clear();
      for (size_t i = 0; i < p.cell->observables.size(); ++i) {
        if (space.observed[i].size() < l.size) space.observed[i] = Buffer<R>(l.size);
        out.push_back(space.observed[i].data());
      }
      StepArgs<R> args = step_args(prepared_, w, r.layer, k);
      args.params      = noisy_params(plan_, prepared_, w, r.layer, step);
      p.kernels.template of<R>().observe(args, out.data());
      seen = r.layer;
    }
    const size_t stride = steps_ / r.every * l.slab.units;
    prepared_.dense().to_rows(l.slab, out[size_t(r.index)], tile.rows, l.slab.units,
                              r.to + tile.first_row * stride + step / r.every * l.slab.units, stride);
  }
}

/// Who fired in `step`, the one that made slab k + 1.
template <class R>
void Recorder<R>::take_spikes(const Workspace<R>& w, const Tile& tile, size_t n, size_t step, size_t k,
                              RecorderSpace<R>& space) {
  for (size_t i = 0; i < records_.size(); ++i) {
    const Record<R>& r = records_[i];
    if (r.what != Record<R>::What::spikes) continue;
    const LayerSpace<R>& l = w.layers[size_t(r.layer)];
    const R*             s = l.state[size_t(plan_.layers[size_t(r.layer)].cell->output)].data() + (k + 1) * l.size;
    space.fired.resize(std::max(space.fired.size(), l.slab.units));
    for (size_t row = 0; row < tile.rows; ++row) {
      const size_t count = prepared_.events().find(l.slab, row, s, space.fired.data());
      for (size_t j = 0; j < count; ++j)
        spikes_[n][i].push_back({uint32_t(step), uint32_t(tile.first_row + row), space.fired[j]});
    }
  }
}

template <class R>
void Recorder<R>::finish(size_t steps) {
  for (size_t i = 0; i < records_.size(); ++i) {
    if (records_[i].what != Record<R>::What::spikes) continue;
    std::vector<Spike>& all   = *records_[i].spikes;
    const auto          first = ptrdiff_t(all.size());
    for (const auto& part : spikes_)
      for (const Spike& s : part[i])
        if (s.step < steps) all.push_back(s);
    // tiles hold their rows step by step
    std::stable_sort(all.begin() + first, all.end(), [](const Spike& a, const Spike& b) { return a.step < b.step; });
  }
}

template class Recorder<float>;
template class Recorder<double>;

}  // namespace dynode
