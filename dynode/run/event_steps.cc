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
    const R* base    = all[k].base.size() ? all[k].base.data() + (all[k].one ? 0 : first) : scratch.none.data();
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
    size_t at_time = 0;
    while (at_time + 1 < d.parts.size() && d.parts[at_time + 1].first <= step) ++at_time;
    const Source&                source = r.sources[n];
    const typename Source::Part& part   = source.parts[at_time];
    if (part.by_bytes) {
      draw.words(source.key, uint32_t(step), r.row, uint32_t(first / 16), 0, (units + 3) / 4, scratch.words.data());
      const auto* bytes = reinterpret_cast<const uint8_t*>(scratch.words.data());
      uint32_t    given = 0;  // groups of words that open units have had
      for (const Stretch& x : part.stretches) {
        const size_t from = std::max<size_t>(first, x.first), end = std::min<size_t>(first + units, x.end);
        if (from >= end || x.weight == 0) continue;
        const size_t open = draw.add_byte_counts(x.bytes, bytes + (from - first), end - from, x.weight,
                                                 to + (from - first), scratch.open.data());
        if (open == 0) continue;
        draw.words(source.key, uint32_t(step), r.row, uint32_t(first / 4) + given, 1, open, scratch.rest.data());
        given += uint32_t(open + 3) / 4;
        for (size_t k = 0; k < open; ++k) {
          const size_t   u    = from - first + scratch.open[k];
          const uint32_t word = uint32_t(bytes[u]) << 24 | scratch.rest[k] >> 8;
          to[u] += x.weight * R(x.bytes.count(x.table, word));
        }
      }
      continue;
    }
    draw.words(source.key, uint32_t(step), r.row, uint32_t(first / 4), 0, units, scratch.words.data());
    for (const Stretch& x : part.stretches) {
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
    const LayerPlan& p       = plan.layers[i];
    const UnitRange  range   = ranges[i][part];
    auto&            l       = r.layers[i];
    const auto&      all     = prepared.layer(int(i)).param_pointers;
    const auto&      kernels = p.kernels.template of<R>();
    const size_t     slot    = step % depth[i];
    uint32_t* const  fired   = l.fired.data() + slot * p.units + range.first;
    size_t           count   = 0;
    while (scratch.drive.size() < p.cell->ports.size()) scratch.drive.emplace_back(kBlock);
    scratch.params.resize(all.size()), scratch.state.resize(l.state.size()), scratch.next.resize(l.state.size());
    scratch.ports.resize(p.cell->ports.size());
    if (const R dt = prepared.layer(int(i)).dt; scratch.dt[0] != dt)
      std::fill(scratch.dt.begin(), scratch.dt.end(), dt);
    scratch.drives.resize(p.cell->ports.size());
    // forth and back, step by step: the states that were touched last are still near
    const auto& own   = runs[i][part];
    size_t      drawn = SIZE_MAX;  // block whose drives are at hand
    const auto  who   = [&](const Run& run) { return fired + (run.first - range.first); };
    scratch.counts.resize(own.size());
    const bool   quiet = kernels.fire && std::all_of(ports[i].begin() + 1, ports[i].end(), [](const Port& port) {
                         return !port.changes && port.base.size() == 0;
                       });
    const size_t width = prepared.dense().width;
    StepArgs<R>  args{{},
                     scratch.dt.data(),
                     nullptr,
                     {p.settings.data(), nullptr},
                     scratch.params.data(),
                     scratch.state.data(),
                     scratch.drives.data(),
                     scratch.next.data(),
                     nullptr};
    for (size_t n = 0; n < own.size(); ++n) {
      const size_t at    = step % 2 ? own.size() - 1 - n : n;
      const Run&   run   = own[at];
      const size_t first = run.first, units = run.units, block = first / kBlock * kBlock;
      if (block != drawn)
        add_drives(r, scratch, int(i), block, std::min<size_t>(kBlock, range.first + range.units - block), step);
      drawn = block;
      for (size_t k = 0; k < scratch.ports.size(); ++k)
        scratch.drives[k] = k > 0 && quiet && run.alike ? nullptr : scratch.ports[k] + (first - block);
      for (size_t k = 0; k < all.size(); ++k) scratch.params[k] = all[k] + first;
      for (size_t s = 0; s < l.state.size(); ++s)
        scratch.state[s] = scratch.next[s] = int(s) == p.cell->output ? scratch.s.data() : l.state[s].data() + first;
      const size_t padded = (units + width - 1) / width * width;
      args.slab.layout    = run.alike ? Layout::tiles : Layout::rows;
      args.slab.units     = run.alike ? 1 : units;
      args.slab.rows      = !run.alike ? 1 : kernels.fire ? units : padded;
      args.slab.stride    = padded;
      if (kernels.fire) {
        scratch.counts[at] = kernels.fire(args, uint32_t(first), who(run));
        continue;
      }
      kernels.step(args);
      scratch.counts[at] =
          prepared.events().find({Layout::rows, units, 1, padded}, 0, scratch.s.data(), scratch.fired.data());
      for (size_t k = 0; k < scratch.counts[at]; ++k)
        who(run)[k] = uint32_t(first + scratch.fired[k]) | (scratch.s[scratch.fired[k]] == R(1) ? 0 : kNotANumber);
    }
    for (size_t at = 0; at < own.size(); ++at)
      for (size_t k = 0; k < scratch.counts[at]; ++k) {
        const uint32_t unit = who(own[at])[k] & ~kNotANumber;
        const bool     bad  = who(own[at])[k] != unit;
        fired[count++]      = unit;
        if (!bad) continue;
        const std::lock_guard lock(r.mutex);
        if (!r.bad || unit < r.fault.unit) r.fault = {p.layer_id, step, unit, NAN};
        r.bad  = true;
        r.last = std::min(r.last.load(), step);
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
    if (s.lists.packed) deliver_windows(r, scratch, c, part, step, step);
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
  arrive(r, part, step);
}

/// What the ends of steps `from` … bring of the windows of delays that are due at the end of `step`: it is added ahead.
template <class R>
void EventNetwork<R>::Impl::deliver_windows(Row& r, Scratch& scratch, size_t connection, size_t part, size_t step,
                                            size_t from) const {
  const ConnectionPlan&   k     = plan.connections[connection];
  const RangeSynapses<R>& s     = synapses[connection][part];
  const auto&             who   = r.layers[size_t(k.from)];
  const size_t            units = plan.layers[size_t(k.from)].units, d = depth[size_t(k.from)];
  const size_t            slot_size = slot_of(size_t(k.to));
  const uint32_t          keys = s.lists.keys, skipped = uint32_t(from - step);
  auto&                   windows = scratch.windows;
  windows.clear();
  // where lists begin is far away, too, so it is fetched before it is read
  for (const bool fetch : {true, false})
    for (uint32_t first = (keys - 1) / kWindow * kWindow, end = keys; skipped < kWindow;
         end = first, first -= kWindow) {
      const size_t delay = size_t(s.shortest) + first;
      if (step + 1 >= delay && first + skipped < end && step + 1 - delay + d > from) {
        const size_t slot       = (step + 1 - delay) % d;
        size_t       population = 0;
        for (size_t q = 0; q < parts; ++q) {
          const uint32_t* fired = who.fired.data() + slot * units + ranges[size_t(k.from)][q].first;
          for (uint32_t n = 0; n < who.count[slot * parts + q]; ++n) {
            const uint32_t* begin = s.lists.begin.data() + size_t(fired[n]) * keys + first;
            if (fetch) {
              hwy::Prefetch(begin);
              continue;
            }
            while (fired[n] >= s.sources[population + 1]) ++population;
            if (begin[skipped] == begin[end - first]) continue;
            const int state = s.of(population, int(delay)).front().state;
            windows.push_back({begin, end - first, ahead_of(r, size_t(k.to), state, part)});
          }
        }
      }
      if (first == 0) break;
    }

  // chunks are fetched some lines ahead of where they are added, evenly: memory answers late, and few questions at a time
  constexpr size_t kLine  = 64 / sizeof(R);
  constexpr size_t kAhead = 24;
  const R* const   weight = s.lists.weight.data();
  size_t           window = 0;
  const R *        next = nullptr, *end = nullptr;
  const auto       fetch = [&] {
    if (next >= end) {
      if (window == windows.size()) return;
      const auto& w = windows[window++];
      next          = weight + w.begin[skipped] / kLine * kLine;
      end           = weight + w.begin[w.lists];
    }
    hwy::Prefetch(next);
    next += kLine;
  };
  for (size_t n = 0; n < kAhead; ++n) fetch();
  for (const auto& w : windows) {
    // which list a chunk is of is found without a branch
    uint32_t ends[kWindow];
    R*       slots[kWindow];
    for (uint32_t j = 0; j < kWindow; ++j) {
      ends[j]  = w.begin[std::min(j + 1, w.lists)];
      slots[j] = w.to + (step + j) % kWindow * slot_size;
    }
    if (w.begin[skipped] % kLine != 0) fetch();  // a line is asked for per line that is read
    for (uint32_t at = w.begin[skipped]; at < ends[kWindow - 1]; at += kChunk) {
      if (at % kLine == 0) fetch();
      uint32_t j = 0;
      for (uint32_t i = 0; i + 1 < kWindow; ++i) j += at >= ends[i];
      R* const       slot = slots[j];
      const R* const x    = weight + at;
#pragma GCC unroll 8
      for (uint32_t i = 0; i < kChunk; ++i) {
        uint16_t target;
        std::memcpy(&target, x + i, 2);
        slot[target] += x[i];
      }
    }
  }
}

/// Moves what was added ahead for the end of this step to the states of a part.
template <class R>
void EventNetwork<R>::Impl::arrive(Row& r, size_t part, size_t step) const {
  for (size_t i = 0; i < r.layers.size(); ++i)
    for (size_t s = 0; s < r.layers[i].ahead.size(); ++s) {
      if (r.layers[i].ahead[s].size() == 0) continue;
      R* const     slot  = ahead_of(r, i, int(s), part) + step % kWindow * slot_of(i);
      R* const     state = r.layers[i].state[s].data();
      const size_t end   = ranges[i][part].first + ranges[i][part].units;
      for (size_t first = ranges[i][part].first, n; first < end; first += n) {
        R* const from = slot + first % 65536;  // blocks do not cross it
        R* const to   = state + first;
        n             = std::min(kBlock - first % kBlock, end - first);
        for (size_t u = 0; u < n; ++u) to[u] += from[u], from[u] = 0;
      }
    }
}

/// Entry `entry` of recorded states; of the output, who fired in the step before.
template <class R>
void EventNetwork<R>::Impl::record(const Row& r, size_t row, size_t steps, size_t entry,
                                   std::span<const Record<R>> records) const {
  for (const Record<R>& x : records) {
    if (x.what != Record<R>::What::state || (x.last_only && entry < steps) || entry % x.every != 0) continue;
    const LayerPlan& p     = plan.layers[size_t(x.layer)];
    const auto&      l     = r.layers[size_t(x.layer)];
    const size_t     units = x.count ? x.count : p.units;
    R* const         to = x.to + (x.last_only ? row : row * (steps / x.every + 1) + entry / x.every) * units;
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
  template void EventNetwork<R>::Impl::deliver_windows(Row&, Scratch&, size_t, size_t, size_t, size_t) const;        \
  template void EventNetwork<R>::Impl::record(const Row&, size_t, size_t, size_t, std::span<const Record<R>>) const; \
  template void EventNetwork<R>::Impl::record_spikes(const Row&, size_t, size_t, std::span<const Record<R>>,         \
                                                     std::vector<std::vector<Spike>>&) const;                        \
  template void EventNetwork<R>::Impl::keep(const Row&, size_t, size_t, EventState<R>&) const;
DYNODE_INSTANCES(float)
DYNODE_INSTANCES(double)
#undef DYNODE_INSTANCES

}  // namespace dynode
