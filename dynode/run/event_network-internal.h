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
inline constexpr size_t kBlock = 1024;

/// Units are shared out in half blocks, as whole ones of small networks would be shared unevenly. Where a block is cut, what
/// drives it is drawn on both sides.
inline constexpr size_t kShare = kBlock / 2;

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
  /// Neighbouring units that are stepped together.
  struct Run {
    uint32_t first, units;
    bool     alike;  // they share all parameters
  };
  std::vector<std::vector<std::vector<Run>>> runs;  // per layer and part
  struct Port {
    bool      changes = false;  // from step to step
    bool      one     = false;  // of all units
    Buffer<R> base;             // [units padded; one: kBlock] what is there in every step; size 0: nothing
  };
  std::vector<std::vector<Port>> ports;  // per layer
  /// Neighbouring units of one distribution.
  struct Stretch {
    uint32_t   first, end;
    CountTable table;
    R          weight;
    double     mean = 0, spread = 0;
    ByteTable  bytes = {};
  };
  struct Source {  // a drive, as it is drawn
    struct Part {  // in time
      std::vector<Stretch> stretches;
      bool                 by_bytes = false;
    };
    std::vector<Part> parts;
    PhiloxKey         key;
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
      const size_t           shares = (l.units + kShare - 1) / kShare;
      std::vector<UnitRange> own;
      for (size_t part = 0; part < parts; ++part) {
        const size_t first = std::min(l.units, shares * part / parts * kShare),
                     end   = std::min(l.units, shares * (part + 1) / parts * kShare);
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
    find_runs();
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

  /// Units that share their parameters are as one unit in many lanes: parameters stay in registers. Runs are whole
  /// vectors of either precision and do not cross blocks.
  void find_runs() {
    constexpr size_t kVector = 16;
    runs.assign(plan.layers.size(), std::vector<std::vector<Run>>(parts));
    for (size_t l = 0; l < plan.layers.size(); ++l) {
      const auto& params = prepared.layer(int(l)).param_pointers;
      for (size_t part = 0; part < parts; ++part) {
        const size_t last = ranges[l][part].first + ranges[l][part].units;
        auto&        out  = runs[l][part];
        for (size_t first = ranges[l][part].first; first < last; first += kVector) {
          const size_t end  = std::min(first + kVector, last);
          const auto   same = [&](size_t unit) {
            return std::all_of(params.begin(), params.end(), [&](const R* p) {
              return std::all_of(p + first, p + end, [&](R x) { return x == p[unit]; });
            });
          };
          const bool alike = same(first);
          if (first % kBlock != 0 && !out.empty() && out.back().alike == alike && (!alike || same(out.back().first)))
            out.back().units += uint32_t(end - first);
          else out.push_back({uint32_t(first), uint32_t(end - first), alike});
        }
      }
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
    for (size_t l = 0; l < ports.size(); ++l)
      for (Port& port : ports[l]) {
        const size_t units = plan.layers[l].units;
        if (port.base.size() == 0) continue;
        port.one = std::all_of(port.base.data(), port.base.data() + units, [&](R x) { return x == port.base[0]; });
        if (!port.one) continue;
        const R value = port.base[0];
        port.base     = Buffer<R>(kBlock);
        std::fill(port.base.begin(), port.base.end(), value);
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
      /// Per state: what is known to arrive at the ends of this step and those to come, [step modulo kWindow][lower half
      /// of the unit's number], once, or per part where units are more than halves can name; size 0: no packed lists.
      std::vector<Buffer<R>> ahead;
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
    std::vector<uint32_t>  fired = std::vector<uint32_t>(kBlock), open = std::vector<uint32_t>(kBlock + 256),
                          words = std::vector<uint32_t>(kBlock + 64), rest = std::vector<uint32_t>(kBlock + 64);
    struct Item {
      uint32_t               begin, end;
      R*                     to;
      const SynapseLists<R>* lists;
      R                      weight;
    };
    struct Window {
      const uint32_t* begin;  // of its first list
      uint32_t        lists;
      R*              to;  // slots
    };
    std::vector<Item>     items;
    std::vector<Window>   windows;
    std::vector<size_t>   counts;  // per run
    std::vector<const R*> params, state;
    std::vector<R*>       next, ports, drives;  // of the run at hand; ports of its block
  };

  /// Slots of `ahead` for a layer, how many there are of them, and the first one of a part.
  size_t slot_of(size_t layer) const {
    return std::min<size_t>(65536, (plan.layers[layer].units + kBlock - 1) / kBlock * kBlock);
  }
  size_t slots_of(size_t layer) const { return kWindow * (plan.layers[layer].units > 65536 ? parts : 1); }
  R*     ahead_of(Row& r, size_t layer, int state, size_t part) const {
        const size_t first = plan.layers[layer].units > 65536 ? part * kWindow * slot_of(layer) : 0;
        return r.layers[layer].ahead[size_t(state)].data() + first;
  }

  void begin(Row& r, const RunInput<R>& input, size_t row) const;
  void advance(Row& r, Scratch& scratch, size_t part, size_t step) const;
  void deliver(Row& r, Scratch& scratch, size_t part, size_t step) const;
  void deliver_windows(Row& r, Scratch& scratch, size_t connection, size_t part, size_t step, size_t from) const;
  void arrive(Row& r, size_t part, size_t step) const;
  void add_drives(Row& r, Scratch& scratch, int layer, size_t first, size_t units, size_t step) const;
  void record(const Row& r, size_t row, size_t steps, size_t entry, std::span<const Record<R>> records) const;
  void record_spikes(const Row& r, size_t row, size_t step, std::span<const Record<R>> records,
                     std::vector<std::vector<Spike>>& spikes) const;
  void keep(const Row& r, size_t row, size_t steps, EventState<R>& end) const;
};

}  // namespace dynode
