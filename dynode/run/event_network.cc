#include "dynode/run/event_network.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <hwy/cache_control.h>
#include <mutex>
#include <thread>

#include "dynode/base/error.h"
#include "dynode/base/float_mode.h"
#include "dynode/kernels/draw.h"
#include "dynode/plan/spiking.h"
#include "dynode/run/forward.h"
#include "dynode/run/synapse_lists.h"

namespace dynode {
namespace {

/// Units that go through drives, step and search together: what they need besides their states stays in L1.
constexpr size_t kBlock = 256;

/// A network is shared among threads from this size on; below, waiting for each other costs more than it gains.
constexpr size_t kSharedUnits    = 20'000;
constexpr double kSharedSynapses = 4e6;

/// Threads that meet after every phase of a step.
class Meeting {
 public:
  explicit Meeting(size_t count) : count_(count) {}
  void wait() {
    if (count_ == 1) return;
    const size_t round = round_.load(std::memory_order_relaxed);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == count_) {
      arrived_.store(0, std::memory_order_relaxed);
      round_.store(round + 1, std::memory_order_release);
      return;
    }
    for (int spins = 0; round_.load(std::memory_order_acquire) == round; ++spins)
      if (spins < 4000) hwy::Pause();
      else std::this_thread::yield();
  }

 private:
  const size_t        count_;
  std::atomic<size_t> arrived_{0}, round_{0};
};

/// Beta(10, 10): the 10th of 19 uniform numbers.
double beta_of(PhiloxKey key, uint32_t row, uint32_t unit) {
  double x[19];
  for (uint32_t i = 0; i < 19; ++i) x[i] = (double(philox({i, row, unit, 0}, key)[0]) + 0.5) * 0x1p-32;
  std::nth_element(x, x + 9, x + 19);
  return x[9];
}

}  // namespace

template <class R>
struct EventNetwork<R>::Impl {
  const Plan&        plan;
  const SpikingPlan& spiking;
  const Prepared<R>& prepared;
  Threads&           threads;
  DrawKernels<R>     draw = draw_kernels<R>();
  size_t             parts;                                       // shares of the units, per layer
  std::vector<std::vector<UnitRange>> ranges;                     // per layer and part
  std::vector<std::vector<RangeSynapses<R>>> synapses;            // per connection and part
  std::vector<size_t> depth;                                      // per layer: steps for which it is known who fired
  std::vector<std::vector<uint8_t>> alike;                        // per layer and block: whether its units share all parameters
  struct Port {
    bool      changes = false;                                    // from step to step
    Buffer<R> base;                                               // [units padded] what is there in every step; size 0: nothing
  };
  std::vector<std::vector<Port>> ports;                           // per layer
  /// Neighbouring units of one distribution.
  struct Stretch {
    uint32_t   first, end;
    CountTable table;
    R          weight;
    double     mean = 0, spread = 0;
  };
  struct Source {                                                 // a drive, as it is drawn
    std::vector<std::vector<Stretch>> parts;                      // per part in time
    PhiloxKey key;
  };

  Impl(const Plan& p, const Prepared<R>& n, Threads& t) : plan(p), spiking(*p.spiking), prepared(n), threads(t) {
    size_t units = 0, largest = 0;
    double expected = 0;
    for (const LayerPlan& l : plan.layers) units += l.units, largest = std::max(largest, l.units);
    for (const ConnectionPlan& c : plan.connections) expected += c.synapses ? c.synapses->expected() : double(c.transposed->column.size());
    parts = units >= kSharedUnits || expected >= kSharedSynapses ? size_t(threads.size()) : 1;
    parts = std::max(parts, (largest + 65535) / 65536);
    for (const LayerPlan& l : plan.layers) {
      // whole blocks each
      const size_t blocks_all = (l.units + kBlock - 1) / kBlock;
      std::vector<UnitRange> own;
      for (size_t part = 0; part < parts; ++part) {
        const size_t first = std::min(l.units, blocks_all * part / parts * kBlock), end = std::min(l.units, blocks_all * (part + 1) / parts * kBlock);
        own.push_back({uint32_t(first), uint32_t(end - first)});
      }
      ranges.push_back(std::move(own));
      depth.push_back(1);
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
      std::vector<Buffer<R>> state;          // of every state [units]; of the output nothing
      std::vector<uint32_t>  fired;          // [depth][units], those of a part from its first unit on
      std::vector<uint32_t>  count;          // [depth][parts]
      std::vector<Buffer<R>> z;              // per drive: quenched numbers of the units
    };
    std::vector<Layer> layers;
    size_t             first_step = 0;       // steps before this run
    uint64_t           pass = 0;
    uint32_t           row = 0;              // of the whole batch
    std::vector<Source> sources;             // per drive
    std::atomic<bool>  bad{false}, stopped{false};
    std::mutex         mutex;
    struct { int layer = 0; size_t step = 0, unit = 0; double value = 0; } fault;
  };

  /// Memory of one thread.
  struct Scratch {
    std::vector<Buffer<R>> drive;            // per port, a block
    Buffer<R>              s{kBlock}, none{kBlock}, dt{kBlock};
    std::vector<uint32_t>  fired = std::vector<uint32_t>(kBlock), words = std::vector<uint32_t>(kBlock + 64);
    struct Item { uint32_t begin, end; R* to; const SynapseLists<R>* lists; R weight; };
    std::vector<Item>      items;
    std::vector<const R*>  params, state;
    std::vector<R*>        next, ports;      // of the block at hand
  };

  void begin(Row& r, const RunInput<R>& input, size_t row) const;
  void advance(Row& r, Scratch& scratch, size_t part, size_t step) const;
  void deliver(Row& r, Scratch& scratch, size_t part, size_t step) const;
  void add_drives(Row& r, Scratch& scratch, int layer, size_t first, size_t units, size_t step) const;
  void record(const Row& r, size_t row, size_t steps, size_t entry, std::span<const Record<R>> records) const;
  void record_spikes(const Row& r, size_t row, size_t step, std::span<const Record<R>> records, std::vector<std::vector<Spike>>& spikes) const;
  void keep(const Row& r, size_t row, size_t steps, EventState<R>& end) const;
};

template <class R>
void EventNetwork<R>::Impl::begin(Row& r, const RunInput<R>& input, size_t row) const {
  r.row = uint32_t(input.noise.first_row + row);
  r.pass = input.from ? input.from->pass : input.noise.pass;
  r.first_step = input.from ? input.from->step : 0;
  r.layers.resize(plan.layers.size());
  for (size_t i = 0; i < plan.layers.size(); ++i) {
    const LayerPlan& p = plan.layers[i];
    auto&            l = r.layers[i];
    for (size_t s = 0; s < p.cell->states.size(); ++s) l.state.emplace_back(int(s) == p.cell->output ? 0 : (p.units + kBlock - 1) / kBlock * kBlock);
    l.fired.resize(depth[i] * p.units);
    l.count.assign(depth[i] * parts, 0);
    if (p.start_block >= 0) {
      const Block& b = plan.parameters[p.start_block];
      for (size_t u = 0; u < p.units; ++u) l.state[size_t(p.start_state)][u] = R(plan.theta[b.offset + u]);
    }
  }
  for (const DrawnStart& start : spiking.starts) {
    const auto& begins = spiking.populations[size_t(start.layer)];
    R*          to     = r.layers[size_t(start.layer)].state[size_t(start.state)].data();
    const size_t n     = plan.layers[size_t(start.layer)].units;
    Buffer<R>    z((n + 15) / 16 * 16);
    prepared.noise().normal({Layout::rows, n, 1, z.size()}, {noise_key(plan.seed, start.site, r.pass), 0, r.row, 0}, z.data());
    for (size_t k = 0; k + 1 < begins.size(); ++k)
      for (size_t u = begins[k]; u < begins[k + 1]; ++u) to[u] = R(start.mean[k]) + R(start.deviation[k]) * z[u];
  }
  for (const auto& given : input.initial) {
    const size_t n = plan.layers[size_t(given.layer)].units;
    auto&        s = r.layers[size_t(given.layer)].state[size_t(given.state)];
    if (s.size()) std::copy_n(given.values + (given.per_row ? row * n : 0), n, s.data());
  }
  if (input.from) {
    for (size_t i = 0; i < r.layers.size(); ++i) {
      const size_t n = plan.layers[i].units;
      for (size_t s = 0; s < r.layers[i].state.size(); ++s)
        if (r.layers[i].state[s].size()) std::copy_n(input.from->states[i][s].data() + row * n, n, r.layers[i].state[s].data());
      for (const Spike& spike : input.from->recent[i]) {
        if (spike.row != row || spike.step + depth[i] <= r.first_step) continue;
        size_t part = 0;
        while (spike.unit >= ranges[i][part].first + ranges[i][part].units) ++part;
        const size_t slot = spike.step % depth[i];
        r.layers[i].fired[slot * n + ranges[i][part].first + r.layers[i].count[slot * parts + part]++] = spike.unit;
      }
    }
  }
  for (const Drive& d : spiking.drives) {
    Source      s{{}, noise_key(plan.seed, d.site, r.pass)};
    const auto& begins = spiking.populations[size_t(d.layer)];
    for (size_t n = 0; n < std::max<size_t>(1, d.parts.size()); ++n) {
      std::vector<Stretch> stretches;
      for (size_t k = 0; k < d.weight.size(); ++k) {
        const double mean = d.parts.empty() ? 0 : d.parts[n].mean[k], spread = d.spread.empty() ? 0 : d.spread[k];
        const R      w    = R(d.weight[k]);
        Stretch*     last = stretches.empty() ? nullptr : &stretches.back();
        if (last && last->mean == mean && last->spread == spread && last->weight == w) {
          last->end = begins[k + 1];
          continue;
        }
        stretches.push_back({begins[k], begins[k + 1], {}, w, mean, spread});
        if (d.kind == Drive::Kind::poisson && !(d.quenched && spread != 0)) stretches.back().table = poisson_table(mean, spread);
      }
      s.parts.push_back(std::move(stretches));
    }
    auto& l = r.layers[size_t(d.layer)];
    l.z.emplace_back(0);
    if (d.kind == Drive::Kind::poisson && d.quenched && !d.spread.empty()) {
      const size_t n = plan.layers[size_t(d.layer)].units;
      l.z.back() = Buffer<R>(n);
      for (size_t u = 0; u < n; ++u) l.z.back()[u] = R(beta_of(noise_key(plan.seed, d.site + 1, r.pass), r.row, uint32_t(u)));
    }
    r.sources.push_back(std::move(s));
  }
}

/// What reaches units first … first + units − 1 of a layer from outside in this step.
template <class R>
void EventNetwork<R>::Impl::add_drives(Row& r, Scratch& scratch, int layer, size_t first, size_t units, size_t step) const {
  const auto& all = ports[size_t(layer)];
  for (size_t k = 0; k < all.size(); ++k) {
    const R* base    = all[k].base.size() ? all[k].base.data() + first : scratch.none.data();
    scratch.ports[k] = all[k].changes ? scratch.drive[k].data() : const_cast<R*>(base);   // cells only read
    if (all[k].changes) std::memcpy(scratch.ports[k], base, units * sizeof(R));
  }
  size_t own = 0;   // drives of this layer so far
  for (size_t n = 0; n < spiking.drives.size(); ++n) {
    const Drive& d = spiking.drives[n];
    if (d.layer != layer) continue;
    const size_t at = own++;
    if (d.kind == Drive::Kind::constant) continue;
    R* const     to = scratch.drive[size_t(d.port)].data();
    if (d.kind == Drive::Kind::file) {
      if (step * d.columns >= d.values.size()) continue;
      const float* x = d.values.data() + step * d.columns;
      if (!d.units.empty()) {
        for (auto u = std::lower_bound(d.units.begin(), d.units.end(), uint32_t(first)); u != d.units.end() && *u < first + units; ++u)
          to[*u - first] += R(x[d.columns == 1 ? 0 : *u]);
      } else {
        for (size_t u = 0; u < units; ++u) to[u] += R(x[d.columns == 1 ? 0 : first + u]);
      }
      continue;
    }
    size_t part = 0;
    while (part + 1 < d.parts.size() && d.parts[part + 1].first <= step) ++part;
    draw.words(r.sources[n].key, uint32_t(step), r.row, uint32_t(first / 4), 0, units, scratch.words.data());
    for (const Stretch& x : r.sources[n].parts[part]) {
      size_t       u   = std::max<size_t>(first, x.first);
      const size_t end = std::min<size_t>(first + units, x.end);
      if (u >= end || x.weight == 0) continue;
      if (!d.quenched || x.spread == 0) {
        if (x.table.lowest || !x.table.at.empty())
          draw.add_counts(x.table, scratch.words.data() + (u - first), end - u, x.weight, to + (u - first));
      } else {
        // every unit has a mean of its own: inversion, count by count
        for (; u < end; ++u) {
          const double mean = std::max(0.0, x.mean + x.spread * double(r.layers[size_t(layer)].z[at][u]));
          const double word = (double(scratch.words[u - first]) + 0.5) * 0x1p-32;
          double       p = std::exp(-mean), sum = p, count = 0;
          while (word > sum && count < mean + 60 * (1 + std::sqrt(mean))) ++count, p *= mean / count, sum += p;
          to[u - first] += x.weight * R(count);
        }
      }
    }
  }
}

template <class R>
void EventNetwork<R>::Impl::advance(Row& r, Scratch& scratch, size_t part, size_t step) const {
  for (size_t i = 0; i < plan.layers.size(); ++i) {
    const LayerPlan& p     = plan.layers[i];
    const UnitRange  range = ranges[i][part];
    auto&            l     = r.layers[i];
    const auto&      all   = prepared.layer(int(i)).param_pointers;
    const size_t     slot  = step % depth[i];
    uint32_t* const  fired = l.fired.data() + slot * p.units + range.first;
    size_t           count = 0;
    while (scratch.drive.size() < p.cell->ports.size()) scratch.drive.emplace_back(kBlock);
    scratch.params.resize(all.size()), scratch.state.resize(l.state.size()), scratch.next.resize(l.state.size());
    scratch.ports.resize(p.cell->ports.size());
    std::fill(scratch.dt.begin(), scratch.dt.end(), prepared.layer(int(i)).dt);
    for (size_t first = range.first; first < range.first + range.units; first += kBlock) {
      const size_t units = std::min<size_t>(kBlock, range.first + range.units - first);
      add_drives(r, scratch, int(i), first, units, step);
      for (size_t k = 0; k < all.size(); ++k) scratch.params[k] = all[k] + first;
      for (size_t s = 0; s < l.state.size(); ++s)
        scratch.state[s] = scratch.next[s] = int(s) == p.cell->output ? scratch.s.data() : l.state[s].data() + first;
      const size_t width = prepared.dense().width, padded = (units + width - 1) / width * width;
      const Slab   slab{Layout::rows, units, 1, padded}, lanes{Layout::tiles, 1, padded, padded};
      StepArgs<R>  args{alike[i][first / kBlock] ? lanes : slab, scratch.dt.data(), nullptr, {p.settings.data(), nullptr}, scratch.params.data(), scratch.state.data(), scratch.ports.data(), scratch.next.data(), nullptr};
      p.kernels.template of<R>().step(args);
      const size_t here = prepared.events().find(slab, 0, scratch.s.data(), scratch.fired.data());
      for (size_t k = 0; k < here; ++k) {
        const uint32_t u = scratch.fired[k];
        fired[count++]   = uint32_t(first) + u;
        if (scratch.s[u] == R(1)) continue;
        const std::lock_guard lock(r.mutex);
        if (!r.bad || first + u < r.fault.unit) r.fault = {p.layer_id, step, first + u, double(scratch.s[u])};
        r.bad = true;
      }
    }
    l.count[slot * parts + part] = uint32_t(count);
  }
}

/// Adds what arrives at the end of this step to the units of a part.
template <class R>
void EventNetwork<R>::Impl::deliver(Row& r, Scratch& scratch, size_t part, size_t step) const {
  auto& items = scratch.items;
  items.clear();
  for (size_t c = 0; c < plan.connections.size(); ++c) {
    const ConnectionPlan&   k = plan.connections[c];
    const RangeSynapses<R>& s = synapses[c][part];
    if (s.lists.target.empty()) continue;
    const auto&  from  = r.layers[size_t(k.from)];
    const size_t units = plan.layers[size_t(k.from)].units, d = depth[size_t(k.from)];
    auto&        to    = r.layers[size_t(k.to)];
    const size_t first = ranges[size_t(k.to)][part].first;
    const uint32_t keys = s.lists.keys;
    // with many delays, where lists begin is far away, too
    for (int delay = s.longest; delay >= s.shortest && s.longest - s.shortest > 3; --delay) {
      if (step + 1 < size_t(delay)) continue;
      const size_t slot = (step + 1 - size_t(delay)) % d;
      for (size_t q = 0; q < parts; ++q) {
        const uint32_t* fired = from.fired.data() + slot * units + ranges[size_t(k.from)][q].first;
        for (uint32_t n = 0; n < from.count[slot * parts + q]; ++n)
          hwy::Prefetch(s.lists.begin.data() + size_t(fired[n]) * keys + uint32_t(delay - s.shortest));
      }
    }
    for (int delay = s.longest; delay >= s.shortest; --delay) {
      if (step + 1 < size_t(delay)) continue;   // before the first run
      const size_t slot = (step + 1 - size_t(delay)) % d;
      size_t       population = 0;
      for (size_t q = 0; q < parts; ++q) {
        const uint32_t* fired = from.fired.data() + slot * units + ranges[size_t(k.from)][q].first;
        for (uint32_t n = 0; n < from.count[slot * parts + q]; ++n) {
          while (fired[n] >= s.sources[population + 1]) ++population;
          const uint32_t* begin = s.lists.begin.data() + size_t(fired[n]) * keys;
          for (const Delivery<R>& due : s.of(population, delay))
            if (begin[due.first] < begin[due.end])
              items.push_back({begin[due.first], begin[due.end], to.state[size_t(due.state)].data() + first, &s.lists, due.weight});
        }
      }
    }
  }
  // lists are far away and follow no order: while one is added, the beginnings of some to come are fetched, and the rest
  // of the next one line by line
  constexpr size_t   kAhead = 6;
  constexpr uint32_t kLine  = 32;   // targets of a cache line
  constexpr uint32_t kStart = 96;   // targets that are fetched far ahead
  const auto line = [](const typename Scratch::Item& item, uint32_t k) {
    hwy::Prefetch(item.lists->target.data() + k);
    if (item.lists->weight.empty()) return;
    for (uint32_t i = 0; i < kLine; i += 64 / sizeof(R)) hwy::Prefetch(item.lists->weight.data() + k + i);
  };
  const auto start = [&](const typename Scratch::Item& item) {
    for (uint32_t k = item.begin; k < std::min(item.end, item.begin + kStart); k += kLine) line(item, k);
  };
  for (size_t n = 0; n < std::min(kAhead, items.size()); ++n) start(items[n]);
  for (size_t n = 0; n < items.size(); ++n) {
    if (n + kAhead < items.size()) start(items[n + kAhead]);
    const auto&     item   = items[n];
    const auto&     next   = items[std::min(n + 1, items.size() - 1)];
    R* const        to     = item.to;
    const uint16_t* target = item.lists->target.data();
    const R*        weight = item.lists->weight.empty() ? nullptr : item.lists->weight.data();
    for (uint32_t k = item.begin; k < item.end; k += kLine) {
      const uint32_t end = std::min(k + kLine, item.end), then = next.begin + (k - item.begin) + kStart;
      if (then < next.end) line(next, then);
      if (weight) {
#pragma GCC unroll 8
        for (uint32_t i = k; i < end; ++i) to[target[i]] += weight[i];
      } else {
        const R w = item.weight;
#pragma GCC unroll 8
        for (uint32_t i = k; i < end; ++i) to[target[i]] += w;
      }
    }
  }
}

/// Entry `entry` of recorded states; of the output, who fired in the step before.
template <class R>
void EventNetwork<R>::Impl::record(const Row& r, size_t row, size_t steps, size_t entry, std::span<const Record<R>> records) const {
  for (const Record<R>& x : records) {
    if (x.what != Record<R>::What::state || (x.last_only && entry < steps)) continue;
    const LayerPlan& p     = plan.layers[size_t(x.layer)];
    const auto&      l     = r.layers[size_t(x.layer)];
    const size_t     units = x.count ? x.count : p.units;
    R* const         to    = x.to + (x.last_only ? row : row * (steps + 1) + entry) * units;
    if (x.index != p.cell->output) {
      std::copy_n(l.state[size_t(x.index)].data() + x.first, units, to);
      continue;
    }
    std::fill_n(to, units, R(0));
    if (r.first_step + entry == 0) continue;
    const size_t slot = (r.first_step + entry - 1) % depth[size_t(x.layer)];
    for (size_t q = 0; q < parts; ++q)
      for (uint32_t n = 0; n < l.count[slot * parts + q]; ++n) {
        const size_t u = l.fired[slot * p.units + ranges[size_t(x.layer)][q].first + n];
        if (u >= x.first && u < x.first + units) to[u - x.first] = R(1);
      }
  }
}

template <class R>
void EventNetwork<R>::Impl::record_spikes(const Row& r, size_t row, size_t step, std::span<const Record<R>> records,
                                          std::vector<std::vector<Spike>>& spikes) const {
  for (size_t i = 0; i < records.size(); ++i) {
    if (records[i].what != Record<R>::What::spikes) continue;
    const auto&  l     = r.layers[size_t(records[i].layer)];
    const size_t units = plan.layers[size_t(records[i].layer)].units, slot = (r.first_step + step) % depth[size_t(records[i].layer)];
    for (size_t q = 0; q < parts; ++q)
      for (uint32_t n = 0; n < l.count[slot * parts + q]; ++n)
        spikes[i].push_back({uint32_t(step), uint32_t(row), l.fired[slot * units + ranges[size_t(records[i].layer)][q].first + n]});
  }
}

template <class R>
void EventNetwork<R>::Impl::keep(const Row& r, size_t row, size_t steps, EventState<R>& end) const {
  for (size_t i = 0; i < r.layers.size(); ++i) {
    const size_t n = plan.layers[i].units;
    for (size_t s = 0; s < r.layers[i].state.size(); ++s)
      if (r.layers[i].state[s].size()) std::copy_n(r.layers[i].state[s].data(), n, end.states[i][s].data() + row * n);
    const size_t now = r.first_step + steps, back = std::min(now, depth[i]);
    for (size_t step = now - back; step < now; ++step)
      for (size_t q = 0; q < parts; ++q)
        for (uint32_t k = 0; k < r.layers[i].count[step % depth[i] * parts + q]; ++k)
          end.recent[i].push_back({uint32_t(step), uint32_t(row), r.layers[i].fired[step % depth[i] * n + ranges[i][q].first + k]});
  }
}

template <class R>
EventNetwork<R>::EventNetwork(const Plan& plan, const Prepared<R>& prepared, Threads& threads)
    : impl_(std::make_unique<Impl>(plan, prepared, threads)) {}
template <class R>
EventNetwork<R>::~EventNetwork() = default;

template <class R>
void EventNetwork<R>::set_weights() {
  impl_->build([](const ConnectionPlan& c) { return !c.synapses; });
  impl_->find_alike();
}

template <class R>
size_t EventNetwork<R>::synapses() const {
  size_t n = 0;
  for (const auto& c : impl_->synapses)
    for (const auto& part : c) n += part.lists.target.size();
  return n;
}
template <class R>
size_t EventNetwork<R>::bytes() const {
  size_t n = 0;
  for (const auto& c : impl_->synapses)
    for (const auto& part : c) n += part.lists.bytes();
  return n;
}

template <class R>
void EventNetwork<R>::simulate(const RunInput<R>& input, std::span<const Record<R>> records) {
  Impl& net = *impl_;
  for (const Record<R>& r : records) expects(r.what != Record<R>::What::observable, "spiking cells have no observables");
  std::vector<std::vector<std::vector<Spike>>> spikes(input.rows, std::vector<std::vector<Spike>>(records.size()));
  std::vector<std::vector<std::vector<Spike>>> recent(input.rows);
  if (input.end) {
    EventState<R>& end = *input.end;
    end = {(input.from ? input.from->step : 0) + input.steps, input.from ? input.from->pass : input.noise.pass, {}, {}};
    for (const LayerPlan& l : net.plan.layers) {
      end.states.emplace_back();
      for (size_t s = 0; s < l.cell->states.size(); ++s)
        end.states.back().emplace_back(int(s) == l.cell->output ? 0 : input.rows * l.units);
      end.recent.emplace_back();
    }
  }

  std::mutex keeping;
  const bool states = std::any_of(records.begin(), records.end(), [](const Record<R>& r) { return r.what == Record<R>::What::state; });
  const auto run_row = [&](size_t row, bool shared) {
    typename Impl::Row r;
    net.begin(r, input, row);
    net.record(r, row, input.steps, 0, records);
    const size_t workers = shared ? std::min(net.parts, size_t(net.threads.size())) : 1;
    Meeting      meeting(workers);
    const auto   work = [&](size_t worker, size_t) {
      const FlushDenormals flush;
      typename Impl::Scratch scratch;
      for (size_t t = 0; t < input.steps; ++t) {
        const size_t step = r.first_step + t;
        for (size_t part = worker; part < net.parts; part += workers) net.advance(r, scratch, part, step);
        if (worker == 0 && t % 64 == 0 && input.stop && input.stop->load(std::memory_order_relaxed)) r.stopped = true;
        meeting.wait();
        if (r.bad || r.stopped) return;
        for (size_t part = worker; part < net.parts; part += workers) net.deliver(r, scratch, part, step);
        if (worker == 0) net.record_spikes(r, row, t, records, spikes[row]);
        meeting.wait();
        if (!states) continue;
        if (worker == 0) net.record(r, row, input.steps, t + 1, records);
        meeting.wait();
      }
    };
    if (workers > 1) net.threads.run(workers, work);
    else work(0, 0);
    if (r.stopped) throw Stopped();
    if (r.bad)
      throw NumericsError(r.fault.layer, "the output", int64_t(row), int64_t(r.fault.step), int64_t(r.fault.unit), r.fault.value);
    if (input.end) {
      const std::lock_guard lock(keeping);
      net.keep(r, row, input.steps, *input.end);
    }
  };
  const bool shared = net.parts > 1 && net.threads.size() > 1 && input.rows < 2 * size_t(net.threads.size());
  if (shared || net.threads.size() == 1)
    for (size_t row = 0; row < input.rows; ++row) run_row(row, shared);
  else net.threads.run(input.rows, [&](size_t row, size_t) { run_row(row, false); });

  // by step, row, unit
  for (size_t i = 0; i < records.size(); ++i) {
    if (records[i].what != Record<R>::What::spikes) continue;
    std::vector<Spike>& all   = *records[i].spikes;
    const auto          first = ptrdiff_t(all.size());
    for (const auto& row : spikes) all.insert(all.end(), row[i].begin(), row[i].end());
    if (input.rows > 1) std::stable_sort(all.begin() + first, all.end(), [](const Spike& a, const Spike& b) { return a.step < b.step; });
  }
  if (input.end)
    for (auto& list : input.end->recent)
      std::sort(list.begin(), list.end(), [](const Spike& a, const Spike& b) { return std::tie(a.step, a.row, a.unit) < std::tie(b.step, b.row, b.unit); });
}

template class EventNetwork<float>;
template class EventNetwork<double>;

}  // namespace dynode
