#include "dynode/run/steady.h"

#include <algorithm>
#include <string>

namespace dynode {
namespace {

/// max |b − a| and max |b| of `size` numbers. What is not a number does not count.
template <class R>
void widen(const R* a, const R* b, size_t size, R& change, R& output) {
  constexpr size_t lanes = 16;
  R changes[lanes] = {}, outputs[lanes] = {};
  size_t n = 0;
  const auto take = [&](size_t j, size_t i) {
    const R d = b[i] > a[i] ? b[i] - a[i] : a[i] - b[i], m = b[i] < R(0) ? -b[i] : b[i];
    changes[j] = d > changes[j] ? d : changes[j];
    outputs[j] = m > outputs[j] ? m : outputs[j];
  };
  for (; n + lanes <= size; n += lanes)
    for (size_t j = 0; j < lanes; ++j) take(j, n + j);
  for (; n < size; ++n) take(0, n);
  for (size_t j = 0; j < lanes; ++j) change = std::max(change, changes[j]), output = std::max(output, outputs[j]);
}

}  // namespace

bool SteadyDetector::is_steady(const StepChange& step) {
  calm_ = step.change <= rule_.tolerance ? calm_ + 1 : 0;
  if (rule_.window > 0) last_[steps_ % rule_.window] = step;
  ++steps_;
  if (steps_ < rule_.min_steps) return false;
  if (rule_.window == 0 || steps_ < rule_.window) return calm_ >= rule_.patience;
  StepChange all;
  for (const StepChange& s : last_) all = {std::max(all.change, s.change), std::max(all.output, s.output)};
  return all.change <= rule_.absolute + rule_.relative * std::max(1e-12, all.output);
}

template <class R>
void note_changes(const Plan& plan, const Workspace<R>& w, size_t steps, StepChange* changes) {
  for (size_t i = 0; i < w.layers.size(); ++i) {
    const LayerPlan& p = plan.layers[i];
    if (p.name != std::to_string(p.layer_id)) continue;   // a part of a layer, or inside a connection
    const LayerSpace<R>& l      = w.layers[i];
    const R*             output = l.state[size_t(p.cell->output)].data();
    for (size_t k = 0; k < steps; ++k) {
      const R *before = output + k * l.size, *after = before + l.size;
      R        change = 0, largest = 0;
      if (l.slab.layout == Layout::tiles) {   // no padding
        widen(before, after, l.slab.units * l.slab.stride, change, largest);
      } else {
        for (size_t row = 0; row < l.slab.rows; ++row)
          widen(before + row * l.slab.stride, after + row * l.slab.stride, l.slab.units, change, largest);
      }
      changes[k] = {std::max(changes[k].change, double(change)), std::max(changes[k].output, double(largest))};
    }
  }
}

template <class R>
void keep(const Workspace<R>& w, size_t slab, TileState<R>& state) {
  state.states.clear();
  state.firing.clear();
  for (const LayerSpace<R>& l : w.layers) {
    for (const auto& s : l.state) state.states.insert(state.states.end(), s.data() + slab * l.size, s.data() + (slab + 1) * l.size);
    state.firing.push_back(l.firing);
  }
}

template <class R>
void bring_back(Workspace<R>& w, const TileState<R>& state) {
  const R* from = state.states.data();
  for (size_t i = 0; i < w.layers.size(); ++i) {
    LayerSpace<R>& l = w.layers[i];
    for (auto& s : l.state) std::copy_n(from, l.size, s.data()), from += l.size;
    l.firing = state.firing[i];
  }
}

#define DYNODE_INSTANCES(R)                                                                       \
  template void note_changes<R>(const Plan&, const Workspace<R>&, size_t, StepChange*);           \
  template void keep<R>(const Workspace<R>&, size_t, TileState<R>&);                              \
  template void bring_back<R>(Workspace<R>&, const TileState<R>&);
DYNODE_INSTANCES(float)
DYNODE_INSTANCES(double)
#undef DYNODE_INSTANCES

}  // namespace dynode
