// What a network of spikes holds: shares of units and their synapses; per row states, who fired lately and the drives.
#pragma once
#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>
#include <vector>

#include "dynode/kernels/draw.h"
#include "dynode/plan/spiking.h"
#include "dynode/run/event_network.h"
#include "dynode/run/synapse_lists.h"

namespace dynode {

/// Units that go through drives, step and search together: what they need besides their states stays in L1.
inline constexpr size_t kBlock = 256;

/// A network is shared among threads from this size on; below, waiting for each other costs more than it gains.
inline constexpr size_t kSharedUnits    = 20'000;
inline constexpr double kSharedSynapses = 4e6;

template <class R>
struct EventNetwork<R>::Impl {
  const Plan&                                plan;
  const SpikingPlan&                         spiking;
  const Prepared<R>&                         prepared;
  Threads&                                   threads;
  DrawKernels<R>                             draw = draw_kernels<R>();
  size_t                                     parts;     // shares of the units, per layer
  std::vector<std::vector<UnitRange>>        ranges;    // per layer and part
  std::vector<std::vector<RangeSynapses<R>>> synapses;  // per connection and part
  std::vector<size_t>                        depth;     // per layer: steps for which it is known who fired
  std::vector<std::vector<uint8_t>>          alike;     // per layer and block: whether its units share all parameters
  struct Port {
    bool      changes = false;  // from step to step
    Buffer<R> base;             // [units padded] what is there in every step; size 0: nothing
  };
  std::vector<std::vector<Port>> ports;  // per layer
  /// Neighbouring units of one distribution.
  struct Stretch {
    uint32_t   first, end;
    CountTable table;
    R          weight;
    double     mean = 0, spread = 0;
  };
  struct Source {                             // a drive, as it is drawn
    std::vector<std::vector<Stretch>> parts;  // per part in time
    PhiloxKey                         key;
  };

  Impl(const Plan& p, const Prepared<R>& n, Threads& t) : plan(p), spiking(*p.spiking), prepared(n), threads(t) {
    size_t units = 0, largest = 0;
    double expected = 0;
    for (const LayerPlan& l : plan.layers) units += l.units, largest = std::max(largest, l.units);
    for (const ConnectionPlan& c : plan.connections)
      expected += c.synapses ? c.synapses->expected() : double(c.transposed->column.size());
    parts = units >= kSharedUnits || expected >= kSharedSynapses ? size_t(threads.size()) : 1;
    parts = std::max(parts, (largest + 65535) / 65536);
    for (const LayerPlan& l : plan.layers) {
      // whole blocks each
      const size_t           blocks_all = (l.units + kBlock - 1) / kBlock;
      std::vector<UnitRange> own;
      for (size_t part = 0; part < parts; ++part) {
        const size_t first = std::min(l.units, blocks_all * part / parts * kBlock),
                     end   = std::min(l.units, blocks_all * (part + 1) / parts * kBlock);
        own.push_back({uint32_t(first), uint32_t(end - first)});
      }
      ranges.push_back(std::move(own));
      depth.push_back(2);  // a thread may be a step ahead
    }
    for (const ConnectionPlan& c : plan.connections) {
      depth[size_t(c.from)] = std::max(depth[size_t(c.from)], size_t(c.delay) + 1);
      synapses.emplace_back(parts);
    }
    build([](const ConnectionPlan&) { return true; });
    find_alike();
    find_ports();
  }

  /// Lists of the connections that are `wanted`, on all threads.
  template <class Wanted>
  void build(const Wanted& wanted) {
    std::vector<std::pair<size_t, size_t>> tasks;
    for (size_t c = 0; c < plan.connections.size(); ++c)
      for (size_t part = 0; part < parts && wanted(plan.connections[c]); ++part) tasks.emplace_back(c, part);
    threads.run(tasks.size(), [&](size_t n, size_t) {
      const auto [c, part]    = tasks[n];
      const ConnectionPlan& k = plan.connections[c];
      const UnitRange       r = ranges[size_t(k.to)][part];
      synapses[c][part]       = k.synapses ? draw_synapses(plan, prepared, k, r) : copy_synapses(plan, prepared, k, r);
    });
  }

  /// Units that share their parameters are as one unit in many lanes: parameters stay in registers.
  void find_alike() {
    alike.assign(plan.layers.size(), {});
    for (size_t l = 0; l < plan.layers.size(); ++l)
      for (size_t first = 0; first < plan.layers[l].units; first += kBlock) {
        const size_t end = std::min(first + kBlock, plan.layers[l].units);
        bool         one = true;
        for (const R* p : prepared.layer(int(l)).param_pointers)
          one = one && std::all_of(p + first, p + end, [&](R x) { return x == p[first]; });
        alike[l].push_back(one);
      }
  }

  void find_ports() {
    for (const LayerPlan& l : plan.layers) ports.emplace_back(l.cell->ports.size());
    for (const Drive& d : spiking.drives) {
      Port& port = ports[size_t(d.layer)][size_t(d.port)];
      if (d.kind != Drive::Kind::constant) port.changes = true;
      if (d.kind != Drive::Kind::constant) continue;
      const auto& begins = spiking.populations[size_t(d.layer)];
      if (port.base.size() == 0) port.base = Buffer<R>((begins.back() + kBlock - 1) / kBlock * kBlock);
      for (size_t k = 0; k + 1 < begins.size(); ++k)
        for (size_t u = begins[k]; u < begins[k + 1]; ++u) port.base[u] += R(d.weight[k]);
    }
  }

  // ---- one row ---------------------------------------------------------------------------------------------

  /// Everything of one row of the batch.
  struct Row {
    struct Layer {
      std::vector<Buffer<R>> state;  // of every state [units]; of the output nothing
      std::vector<uint32_t>  fired;  // [depth][units], those of a part from its first unit on
      std::vector<uint32_t>  count;  // [depth][parts]
      std::vector<Buffer<R>> z;      // per drive: quenched numbers of the units
    };
    std::vector<Layer>  layers;
    size_t              first_step = 0;  // steps before this run
    uint64_t            pass       = 0;
    uint32_t            row        = 0;  // of the whole batch
    std::vector<Source> sources;         // per drive
    std::atomic<bool>   bad{false}, stopped{false};
    std::atomic<size_t> last{SIZE_MAX};  // step that all threads end with, where something is wrong
    std::mutex          mutex;
    struct {
      int    layer = 0;
      size_t step = 0, unit = 0;
      double value = 0;
    } fault;
  };

  /// Memory of one thread.
  struct Scratch {
    std::vector<Buffer<R>> drive;  // per port, a block
    Buffer<R>              s{kBlock}, none{kBlock}, dt{kBlock};
    std::vector<uint32_t>  fired = std::vector<uint32_t>(kBlock), words = std::vector<uint32_t>(kBlock + 64);
    struct Item {
      uint32_t               begin, end;
      R*                     to;
      const SynapseLists<R>* lists;
      R                      weight;
    };
    std::vector<Item>     items;
    std::vector<const R*> params, state;
    std::vector<R*>       next, ports;  // of the block at hand
  };

  void begin(Row& r, const RunInput<R>& input, size_t row) const;
  void advance(Row& r, Scratch& scratch, size_t part, size_t step) const;
  void deliver(Row& r, Scratch& scratch, size_t part, size_t step) const;
  void add_drives(Row& r, Scratch& scratch, int layer, size_t first, size_t units, size_t step) const;
  void record(const Row& r, size_t row, size_t steps, size_t entry, std::span<const Record<R>> records) const;
  void record_spikes(const Row& r, size_t row, size_t step, std::span<const Record<R>> records,
                     std::vector<std::vector<Spike>>& spikes) const;
  void keep(const Row& r, size_t row, size_t steps, EventState<R>& end) const;
};

}  // namespace dynode
