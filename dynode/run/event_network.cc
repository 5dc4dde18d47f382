#include "dynode/run/event_network.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <fmt/format.h>
#include <hwy/cache_control.h>
#include <mutex>
#include <thread>
#include <tuple>

#include "dynode/base/error.h"
#include "dynode/base/float_mode.h"
#include "dynode/run/event_network-internal.h"
#include "dynode/run/forward.h"

namespace dynode {
namespace {

/// Threads that meet after every phase of a step.
class Meeting {
 public:
  explicit Meeting(size_t count) : count_(count) {}
  /// False: somebody will not come any more.
  bool wait() {
    if (count_ == 1) return true;
    const size_t round = round_.load(std::memory_order_relaxed);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == count_) {
      arrived_.store(0, std::memory_order_relaxed);
      round_.store(round + 1, std::memory_order_release);
      return true;
    }
    for (int spins = 0; round_.load(std::memory_order_acquire) == round; ++spins) {
      if (left_.load(std::memory_order_relaxed)) return false;
      if (spins < 200) hwy::Pause();
      else std::this_thread::yield();
    }
    return true;
  }
  /// Lets the others go, too: their work has no end without this one.
  void leave() { left_.store(true, std::memory_order_relaxed); }

 private:
  const size_t                    count_;
  alignas(64) std::atomic<size_t> arrived_{0};
  alignas(64) std::atomic<size_t> round_{0};  // read by those who wait, while others arrive
  std::atomic<bool>               left_{false};
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
void EventNetwork<R>::Impl::begin(Row& r, const RunInput<R>& input, size_t row) const {
  r.row        = uint32_t(input.noise.first_row + row);
  r.pass       = input.from ? input.from->pass : input.noise.pass;
  r.first_step = input.from ? input.from->step : 0;
  r.layers.resize(plan.layers.size());
  for (size_t i = 0; i < plan.layers.size(); ++i) {
    const LayerPlan& p      = plan.layers[i];
    auto&            l      = r.layers[i];
    const size_t     padded = (p.units + kBlock - 1) / kBlock * kBlock;
    for (size_t s = 0; s < p.cell->states.size(); ++s) {
      l.state.emplace_back(int(s) == p.cell->output ? 0 : padded);
      const bool packed = std::any_of(synapses.begin(), synapses.end(), [&](const auto& shares) {
        const size_t c = size_t(&shares - synapses.data());
        return size_t(plan.connections[c].to) == i && shares[0].lists.packed &&
               (int(s) == p.cell->arrivals.state || int(s) == p.cell->inhibitory.state);
      });
      l.ahead.emplace_back(packed ? slots_of(i) * slot_of(i) : 0);
    }
    l.fired.resize(depth[i] * p.units);
    l.count.assign(depth[i] * parts, 0);
    if (p.start_block >= 0) {
      const Block& b = plan.parameters[p.start_block];
      for (size_t u = 0; u < p.units; ++u) l.state[size_t(p.start_state)][u] = R(plan.theta[b.offset + u]);
    }
  }
  for (const DrawnStart& start : spiking.starts) {
    const auto&  begins = spiking.populations[size_t(start.layer)];
    R*           to     = r.layers[size_t(start.layer)].state[size_t(start.state)].data();
    const size_t n      = plan.layers[size_t(start.layer)].units;
    Buffer<R>    z((n + 15) / 16 * 16);
    prepared.noise().normal({Layout::rows, n, 1, z.size()}, {noise_key(plan.seed, start.site, r.pass), 0, r.row, 0},
                            z.data());
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
        if (r.layers[i].state[s].size())
          std::copy_n(input.from->states[i][s].data() + row * n, n, r.layers[i].state[s].data());
      for (const Spike& spike : input.from->recent[i]) {
        if (spike.row != row || spike.step + depth[i] <= r.first_step) continue;
        size_t part = 0;
        while (spike.unit >= ranges[i][part].first + ranges[i][part].units) ++part;
        const size_t slot = spike.step % depth[i];
        r.layers[i].fired[slot * n + ranges[i][part].first + r.layers[i].count[slot * parts + part]++] = spike.unit;
      }
    }
    // what the steps before had read ahead
    const FlushDenormals flush;
    Scratch              scratch;
    for (size_t step = r.first_step - std::min<size_t>(r.first_step, kWindow - 1); step < r.first_step; ++step)
      for (size_t c = 0; c < synapses.size(); ++c)
        for (size_t part = 0; part < parts; ++part)
          if (synapses[c][part].lists.packed) deliver_windows(r, scratch, c, part, step, r.first_step);
  }
  for (const Drive& d : spiking.drives) {
    Source      s{{}, noise_key(plan.seed, d.site, r.pass)};
    const auto& begins = spiking.populations[size_t(d.layer)];
    for (size_t n = 0; n < std::max<size_t>(1, d.parts.size()); ++n) {
      typename Source::Part part;
      auto&                 stretches = part.stretches;
      part.by_bytes                   = d.kind == Drive::Kind::poisson && !(d.quenched && !d.spread.empty());
      for (size_t k = 0; k < d.weight.size(); ++k) {
        const double mean = d.parts.empty() ? 0 : d.parts[n].mean[k], spread = d.spread.empty() ? 0 : d.spread[k];
        const R      w    = R(d.weight[k]);
        Stretch*     last = stretches.empty() ? nullptr : &stretches.back();
        if (last && last->mean == mean && last->spread == spread && last->weight == w) {
          last->end = begins[k + 1];
          continue;
        }
        stretches.push_back({begins[k], begins[k + 1], {}, w, mean, spread});
        if (d.kind != Drive::Kind::poisson || (d.quenched && spread != 0)) continue;
        stretches.back().table = poisson_table(mean, spread);
        const auto bytes       = by_bytes(stretches.back().table);
        part.by_bytes &= bytes.has_value();
        if (bytes) stretches.back().bytes = *bytes;
      }
      s.parts.push_back(std::move(part));
    }
    auto& l = r.layers[size_t(d.layer)];
    l.z.emplace_back(0);
    if (d.kind == Drive::Kind::poisson && d.quenched && !d.spread.empty()) {
      const size_t n = plan.layers[size_t(d.layer)].units;
      l.z.back()     = Buffer<R>(n);
      for (size_t u = 0; u < n; ++u)
        l.z.back()[u] = R(beta_of(noise_key(plan.seed, d.site + 1, r.pass), r.row, uint32_t(u)));
    }
    r.sources.push_back(std::move(s));
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
  impl_->find_runs();
}

template <class R>
size_t EventNetwork<R>::synapses() const {
  size_t n = 0;
  for (const auto& c : impl_->synapses)
    for (const auto& part : c) n += part.lists.synapses;
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
  // random numbers and spikes are told by steps of 32 bits
  const size_t before = input.from ? input.from->step : 0;
  if (before + input.steps > UINT32_MAX)
    throw SpecError({.path = "steps"},
                    fmt::format("the run would end with step {}, and networks of spikes count up to {}",
                                before + input.steps, UINT32_MAX),
                    before ? "begin without the states of the run before" : "take longer steps, or a shorter run");
  for (const Record<R>& r : records)
    expects(r.what != Record<R>::What::observable, "spiking cells have no observables");
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
  const bool states =
      std::any_of(records.begin(), records.end(), [](const Record<R>& r) { return r.what == Record<R>::What::state; });
  const auto run_row = [&](size_t row, bool shared) {
    typename Impl::Row r;
    net.begin(r, input, row);
    net.record(r, row, input.steps, 0, records);
    const size_t workers = shared ? std::min(net.parts, size_t(net.threads.size())) : 1;
    Meeting      meeting(workers);
    const auto   steps_of = [&](size_t worker) {
      const FlushDenormals   flush;
      typename Impl::Scratch scratch;
      for (size_t t = 0; t < input.steps; ++t) {
        const size_t step = r.first_step + t;
        for (size_t part = worker; part < net.parts; part += workers) net.advance(r, scratch, part, step);
        if (worker == 0 && t % 64 == 0 && input.stop && input.stop->load(std::memory_order_relaxed)) {
          const std::lock_guard lock(r.mutex);
          r.stopped = true;
          r.last    = std::min(r.last.load(), step);
        }
        if (!meeting.wait() || r.last.load() <= step) return;
        for (size_t part = worker; part < net.parts; part += workers) net.deliver(r, scratch, part, step);
        if (worker == 0) net.record_spikes(r, row, t, records, spikes[row]);
        if (!states) continue;  // until it waits again, a thread may be a step ahead: it writes who fires elsewhere
        if (!meeting.wait()) return;
        if (worker == 0) net.record(r, row, input.steps, t + 1, records);
        if (!meeting.wait()) return;
      }
    };
    const auto work = [&](size_t worker, size_t) {
      try {
        steps_of(worker);
      } catch (...) {
        meeting.leave();
        throw;
      }
    };
    if (workers > 1) net.threads.run(workers, work);
    else work(0, 0);
    if (r.stopped) throw Stopped();
    if (r.bad)
      throw NumericsError(r.fault.layer, "the output", int64_t(row), int64_t(r.fault.step), int64_t(r.fault.unit),
                          r.fault.value);
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
    if (input.rows > 1)
      std::stable_sort(all.begin() + first, all.end(), [](const Spike& a, const Spike& b) { return a.step < b.step; });
  }
  if (input.end)
    for (auto& list : input.end->recent)
      std::sort(list.begin(), list.end(), [](const Spike& a, const Spike& b) {
        return std::tie(a.step, a.row, a.unit) < std::tie(b.step, b.row, b.unit);
      });
}

template class EventNetwork<float>;
template class EventNetwork<double>;

}  // namespace dynode
