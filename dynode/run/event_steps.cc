// A step of a network of spikes: drives, cells, who fired, what arrives; and what is recorded of it.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <hwy/cache_control.h>
#include <mutex>

#include "dynode/run/event_network-internal.h"

namespace dynode {

/// What reaches units first … first + units − 1 of a layer from outside in this step.
template <class R>
void EventNetwork<R>::Impl::add_drives(Row& r, Scratch& scratch, int layer, size_t first, size_t units,
                                       size_t step) const {
  const auto& all = ports[size_t(layer)];
  for (size_t k = 0; k < all.size(); ++k) {
    const R* base    = all[k].base.size() ? all[k].base.data() + first : scratch.none.data();
    scratch.ports[k] = all[k].changes ? scratch.drive[k].data() : const_cast<R*>(base);  // cells only read
    if (all[k].changes) std::memcpy(scratch.ports[k], base, units * sizeof(R));
  }
  size_t own = 0;  // drives of this layer so far
  for (size_t n = 0; n < spiking.drives.size(); ++n) {
    const Drive& d = spiking.drives[n];
    if (d.layer != layer) continue;
    const size_t at = own++;
    if (d.kind == Drive::Kind::constant) continue;
    R* const to = scratch.drive[size_t(d.port)].data();
    if (d.kind == Drive::Kind::file) {
      if (step * d.columns >= d.values.size()) continue;
      const float* x = d.values.data() + step * d.columns;
      if (!d.units.empty()) {
        for (auto u = std::lower_bound(d.units.begin(), d.units.end(), uint32_t(first));
             u != d.units.end() && *u < first + units; ++u)
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
      StepArgs<R>  args{alike[i][first / kBlock] ? lanes : slab,
                       scratch.dt.data(),
                       nullptr,
                       {p.settings.data(), nullptr},
                       scratch.params.data(),
                       scratch.state.data(),
                       scratch.ports.data(),
                       scratch.next.data(),
                       nullptr};
      p.kernels.template of<R>().step(args);
      const size_t here = prepared.events().find(slab, 0, scratch.s.data(), scratch.fired.data());
      for (size_t k = 0; k < here; ++k) {
        const uint32_t u = scratch.fired[k];
        fired[count++]   = uint32_t(first) + u;
        if (scratch.s[u] == R(1)) continue;
        const std::lock_guard lock(r.mutex);
        if (!r.bad || first + u < r.fault.unit) r.fault = {p.layer_id, step, first + u, double(scratch.s[u])};
        r.bad  = true;
        r.last = std::min(r.last.load(), step);
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
    const auto&    from  = r.layers[size_t(k.from)];
    const size_t   units = plan.layers[size_t(k.from)].units, d = depth[size_t(k.from)];
    auto&          to    = r.layers[size_t(k.to)];
    const size_t   first = ranges[size_t(k.to)][part].first;
    const uint32_t keys  = s.lists.keys;
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
      if (step + 1 < size_t(delay)) continue;  // before the first run
      const size_t slot       = (step + 1 - size_t(delay)) % d;
      size_t       population = 0;
      for (size_t q = 0; q < parts; ++q) {
        const uint32_t* fired = from.fired.data() + slot * units + ranges[size_t(k.from)][q].first;
        for (uint32_t n = 0; n < from.count[slot * parts + q]; ++n) {
          while (fired[n] >= s.sources[population + 1]) ++population;
          const uint32_t* begin = s.lists.begin.data() + size_t(fired[n]) * keys;
          for (const Delivery<R>& due : s.of(population, delay))
            if (begin[due.first] < begin[due.end])
              items.push_back(
                  {begin[due.first], begin[due.end], to.state[size_t(due.state)].data() + first, &s.lists, due.weight});
        }
      }
    }
  }
  // lists are far away and follow no order: while one is added, the beginnings of some to come are fetched, and the rest
  // of the next one line by line
  constexpr size_t   kAhead = 6;
  constexpr uint32_t kLine  = 32;  // targets of a cache line
  constexpr uint32_t kStart = 96;  // targets that are fetched far ahead
  const auto         line   = [](const typename Scratch::Item& item, uint32_t k) {
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
void EventNetwork<R>::Impl::record(const Row& r, size_t row, size_t steps, size_t entry,
                                   std::span<const Record<R>> records) const {
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
    const size_t units = plan.layers[size_t(records[i].layer)].units,
                 slot  = (r.first_step + step) % depth[size_t(records[i].layer)];
    for (size_t q = 0; q < parts; ++q)
      for (uint32_t n = 0; n < l.count[slot * parts + q]; ++n)
        spikes[i].push_back(
            {uint32_t(step), uint32_t(row), l.fired[slot * units + ranges[size_t(records[i].layer)][q].first + n]});
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
          end.recent[i].push_back(
              {uint32_t(step), uint32_t(row), r.layers[i].fired[step % depth[i] * n + ranges[i][q].first + k]});
  }
}

#define DYNODE_INSTANCES(R)                                                                                          \
  template void EventNetwork<R>::Impl::advance(Row&, Scratch&, size_t, size_t) const;                                \
  template void EventNetwork<R>::Impl::deliver(Row&, Scratch&, size_t, size_t) const;                                \
  template void EventNetwork<R>::Impl::record(const Row&, size_t, size_t, size_t, std::span<const Record<R>>) const; \
  template void EventNetwork<R>::Impl::record_spikes(const Row&, size_t, size_t, std::span<const Record<R>>,         \
                                                     std::vector<std::vector<Spike>>&) const;                        \
  template void EventNetwork<R>::Impl::keep(const Row&, size_t, size_t, EventState<R>&) const;
DYNODE_INSTANCES(float)
DYNODE_INSTANCES(double)
#undef DYNODE_INSTANCES

}  // namespace dynode
