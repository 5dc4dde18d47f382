#include "dynode/run/wired.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "dynode/run/forward.h"

namespace dynode {
namespace {

/// The sums that a layer of edges drives, or -1 where it is no such layer.
int sums_of(const Plan& plan, int layer) {
  const LayerPlan& edges = plan.layers[size_t(layer)];
  return edges.cell->name == std::string_view("NOCCEdge") ? plan.connections[size_t(edges.outgoing[0])].to : -1;
}

template <class R>
WiredStep<R> wired_step(const Prepared<R>& prepared, Workspace<R>& w, WiredEdges<R>& e, size_t k) {
  LayerSpace<R>& from = w.layers[size_t(e.from)];
  LayerSpace<R>& sums = w.layers[size_t(e.sums)];
  return {.edges    = step_args(prepared, w, e.edges, k),
          .first    = e.sum->begin.data(),
          .source   = e.flux->column.data(),
          .coupling = R(e.flux->constant[0]),
          .sources  = from.slab.units,
          .targets  = sums.slab.units,
          .x        = from.state[size_t(e.output)].data() + (k + 1 - size_t(e.lag)) * from.size,
          .m        = sums.state[0].data() + k * sums.size,
          .sum      = sums.drive_of(0, k),
          .flux     = e.scratch.data(),
          .keeps_output = !w.shape.adjoint};
}

}  // namespace

bool has_parts(const Plan& plan, std::span<const int> layers) {
  return std::any_of(layers.begin(), layers.end(), [&](int layer) {
    return sums_of(plan, layer) >= 0 || plan.layers[size_t(layer)].cell->name == std::string_view("NOCCSum");
  });
}

bool is_wired(const Plan& plan, int layer, const WorkspaceShape& shape) {
  const LayerPlan& edges = plan.layers[size_t(layer)];
  const int        sums  = sums_of(plan, layer);
  if (sums < 0 || edges.table < 0 || shape.tile.layout == Layout::rows || shape.watched_parts) return false;
  return std::none_of(plan.noise.begin(), plan.noise.end(),
                      [&](const NoiseSite& s) { return s.layer == layer || s.layer == sums; });
}

template <class R>
WiredEdges<R> wire(const Plan& plan, int layer, Buffer<R> scratch) {
  const LayerPlan&      edges = plan.layers[size_t(layer)];
  const ConnectionPlan& flux  = plan.connections[size_t(edges.incoming[0][0])];
  const ConnectionPlan& sum   = plan.connections[size_t(edges.outgoing[0])];
  return {layer, flux.from, sum.to, plan.layers[size_t(flux.from)].cell->output, flux.lag, flux.sparse.get(), sum.sparse.get(),
          nocc_wired_kernels<R>(), std::move(scratch)};
}

template <class R>
void step_wired(const Prepared<R>& prepared, Workspace<R>& w, WiredEdges<R>& e, size_t k) {
  e.kernels.step(wired_step(prepared, w, e, k));
}

template <class R>
void pull_wired(const Prepared<R>& prepared, Workspace<R>& w, WiredEdges<R>& e, size_t k, size_t slot, bool flux_bar) {
  LayerSpace<R>& edges = w.layers[size_t(e.edges)];
  LayerSpace<R>& sums  = w.layers[size_t(e.sums)];
  e.kernels.pull({.step    = wired_step(prepared, w, e, k),
                  .lambda  = edges.lambda_now.data(),
                  .sum_bar = sums.ports[0].drive_bar.data() + slot * sums.size,
                  .m_bar   = sums.lambda[0].data(),
                  .x_bar   = flux_bar ? edges.ports[0].drive_bar.data() + slot * edges.size : nullptr,
                  .params_bar = edges.params_bar_now.data(),
                  .dt_bar  = edges.dt_bar.data()});
}

#define DYNODE_INSTANCES(R)                                                                     \
  template WiredEdges<R> wire<R>(const Plan&, int, Buffer<R>);                                  \
  template void step_wired<R>(const Prepared<R>&, Workspace<R>&, WiredEdges<R>&, size_t);       \
  template void pull_wired<R>(const Prepared<R>&, Workspace<R>&, WiredEdges<R>&, size_t, size_t, bool);
DYNODE_INSTANCES(float)
DYNODE_INSTANCES(double)
#undef DYNODE_INSTANCES

}  // namespace dynode
