#include "dynode/run/synapse_lists.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <fmt/format.h>

#include "dynode/base/error.h"
#include "dynode/kernels/draw.h"

namespace dynode {
namespace {

enum Purpose : uint64_t { kPartners, kTargets, kWeights, kDelays };

PhiloxKey key_of(uint64_t seed, uint64_t site, Purpose purpose) { return noise_key(seed, site, purpose); }

/// Numbers of one target and one source population, drawn when they are asked for.
class Row {
 public:
  Row(const SynapseRule& rule, uint64_t seed)
      : rule_(rule),
        partners_(key_of(seed, rule.site, kPartners)),
        weights_(key_of(seed, rule.site, kWeights)),
        delays_(key_of(seed, rule.site, kDelays)),
        draw_(draw_kernels<float>()),
        noise_(noise_kernels<float>()) {}

  std::vector<uint32_t> sources;  // of the last `draw`, units of the source layer

  /// Draws the partners of `target` in population `pre`. @param count  of fixed_total_number
  void draw(uint32_t target, size_t post, size_t pre, uint32_t count) {
    using Kind = SynapseRule::Kind;
    target_ = target, pre_ = uint32_t(pre), used_ = have_ = 0;
    sources.clear();
    const uint32_t first = rule_.from[pre], size = rule_.from[pre + 1] - first;
    const double   c = rule_.count[post * rule_.pres() + pre];
    if (c == 0 || size == 0) return;
    const bool     own   = !rule_.self && target >= first && target - first < size;  // is to be left out
    const uint32_t range = size - own, self = target - first;
    if (rule_.kind == Kind::bernoulli) bernoulli(c, range);
    else if (rule_.kind == Kind::fixed_total_number || rule_.with_replacement)
      with_replacement(rule_.kind == Kind::fixed_indegree ? uint32_t(c) : count, range);
    else without_replacement(uint32_t(c), range);
    for (uint32_t& s : sources) s = first + s + (own && s >= self);
    if (rule_.drop_self) std::erase(sources, target);
  }

  /// Normal numbers for the synapses of the last `draw`.
  const float* weights() { return normals(weights_, weight_normals_); }
  const float* delays() { return normals(delays_, delay_normals_); }

 private:
  uint32_t word() {
    if (used_ == have_) {
      const uint32_t chunk = have_ == 0 ? 256 : 1024;
      words_.resize(have_ + chunk + 64);
      draw_.words(partners_, target_, pre_, have_ / 4, 0, chunk, words_.data() + have_);
      have_ += chunk;
    }
    return words_[used_++];
  }
  uint32_t below(uint32_t n) { return uint32_t(uint64_t(word()) * n >> 32); }

  void with_replacement(uint32_t count, uint32_t size) {
    sources.resize(count);
    for (uint32_t& s : sources) s = below(size);
  }

  /// Repeated ones are drawn again; of more than half, those that are not there are drawn.
  void without_replacement(uint32_t count, uint32_t size) {
    const bool     rest = count > size / 2;
    const uint32_t some = rest ? size - count : count;
    taken_.assign(size, 0);
    for (uint32_t n = 0; n < some;) {
      const uint32_t s = below(size);
      if (taken_[s]) continue;
      taken_[s] = 1, ++n;
      if (!rest) sources.push_back(s);
    }
    for (uint32_t s = 0; s < size && rest; ++s)
      if (!taken_[s]) sources.push_back(s);
  }

  /// From one partner to the next: gaps are geometric.
  void bernoulli(double p, uint32_t size) {
    if (p >= 1) {
      for (uint32_t s = 0; s < size; ++s) sources.push_back(s);
      return;
    }
    const double per_log = 1 / std::log1p(-p);
    for (double s = -1;;) {
      const double u = (double(word()) + 0.5) * 0x1p-32;
      s += 1 + std::floor(std::log(u) * per_log);
      if (s >= size) return;
      sources.push_back(uint32_t(s));
    }
  }

  const float* normals(PhiloxKey key, Buffer<float>& to) {
    const size_t count = sources.size(), stride = (count + 15) / 16 * 16;
    if (to.size() < stride) to = Buffer<float>(2 * stride);
    noise_.normal({Layout::rows, count, 1, stride}, {key, target_, pre_, 0}, to.data());
    return to.data();
  }

  const SynapseRule&    rule_;
  PhiloxKey             partners_, weights_, delays_;
  DrawKernels<float>    draw_;
  NoiseKernels<float>   noise_;
  uint32_t              target_ = 0, pre_ = 0, used_ = 0, have_ = 0;
  std::vector<uint32_t> words_;
  std::vector<uint8_t>  taken_;
  Buffer<float>         weight_normals_, delay_normals_;
};

/// Where a weight arrives, and as what.
struct Arrival {
  int    state;
  double sign;
};
Arrival arrival_of(const CellEntry& cell, double weight) {
  if (cell.inhibitory.state >= 0 && weight < 0) return {cell.inhibitory.state, -1};
  return {cell.arrivals.state, 1};
}

/// What the weights onto a unit are divided by.
template <class R>
const R* divisor(const Prepared<R>& prepared, int layer, const CellEntry& cell, int state) {
  const int per =
      cell.inhibitory.state >= 0 && state == cell.inhibitory.state ? cell.inhibitory.per : cell.arrivals.per;
  return per < 0 ? nullptr : prepared.layer(layer).params[size_t(per)].data();
}

/// A float near `weight` whose lower half is `target`.
float pack(float weight, uint16_t target) {
  static_assert(std::endian::native == std::endian::little);
  const auto bits = std::bit_cast<uint32_t>(weight);
  uint32_t   near = (bits & 0xFFFF0000u) | target;
  if (near > bits + 0x8000u && (near & 0x7FFF0000u) != 0) near -= 0x10000u;
  else if (near + 0x8000u < bits) near += 0x10000u;
  return std::bit_cast<float>(near);
}

void check_count(double count, const std::string& name) {
  if (count > 4e9)
    throw SpecError({}, fmt::format("{}: {:.3g} synapses onto one share of units are too many", name, count),
                    "use more threads");
}

/// Turns counts into beginnings.
void begin_lists(LargeArray<uint32_t>& begin) {
  uint32_t sum = 0;
  for (uint32_t& b : begin) {
    const uint32_t n = b;
    b                = sum, sum += n;
  }
}
/// After writing, where each list began is where the one before it ended.
void rewind_lists(LargeArray<uint32_t>& begin) {
  for (size_t k = begin.size() - 1; k > 0; --k) begin[k] = begin[k - 1];
  begin[0] = 0;
}

}  // namespace

std::vector<uint32_t> targets_of_total(const SynapseRule& rule, uint64_t seed, size_t post, size_t pre) {
  const uint32_t        units = rule.to[post + 1] - rule.to[post];
  std::vector<uint32_t> counts(units), words(4096 + 64);
  const auto            kernels = draw_kernels<float>();
  const PhiloxKey       key     = key_of(seed, rule.site, kTargets);
  const auto            all     = uint64_t(rule.count[post * rule.pres() + pre]);
  for (uint64_t done = 0; done < all; done += 4096) {
    const size_t n = std::min<uint64_t>(4096, all - done);
    kernels.words(key, uint32_t(done / 4096), uint32_t(post * rule.pres() + pre), 0, 0, n, words.data());
    for (size_t i = 0; i < n; ++i) ++counts[uint64_t(words[i]) * units >> 32];
  }
  return counts;
}

template <class R>
RangeSynapses<R> draw_synapses(const Plan& plan, const Prepared<R>& prepared, const ConnectionPlan& connection,
                               UnitRange range) {
  const SynapseRule& rule = *connection.synapses;
  const CellEntry&   cell = *plan.layers[size_t(connection.to)].cell;
  const size_t       P = rule.posts(), Q = rule.pres(), sources = rule.from.back();
  RangeSynapses<R>   out;
  out.sources = rule.from;

  // one weight per pair of populations, where neither weights nor delays nor divisors differ within it, in any range
  bool       alike   = true;
  const auto uniform = [&](size_t post, const R* x) {
    for (uint32_t u = rule.to[post]; x && u + 1 < rule.to[post + 1]; ++u)
      if (x[u] != x[u + 1]) return false;
    return true;
  };
  for (size_t i = 0; i < P; ++i)
    for (size_t j = 0; j < Q; ++j) {
      const size_t n = i * Q + j;
      if (rule.count[n] == 0) continue;
      alike &= rule.weight_deviation[n] == 0 && rule.delay_deviation[n] == 0;
      alike = alike && uniform(i, divisor(prepared, connection.to, cell, arrival_of(cell, rule.weight[n]).state));
    }
  out.longest = rule.longest_delay(), out.shortest = out.longest;
  for (size_t n = 0; n < P * Q; ++n)
    if (rule.count[n] > 0)
      out.shortest =
          std::min(out.shortest, std::max(1, int(std::floor(rule.delay[n] - 6 * rule.delay_deviation[n] + 1e-9))));
  const auto       delays = uint32_t(out.longest - out.shortest + 1);
  SynapseLists<R>& lists  = out.lists;
  lists.keys              = alike ? uint32_t(P) : delays;
  lists.packed            = !alike && sizeof(R) == 4;
  lists.first             = uint16_t(range.first);

  // who is drawn how often by targets of fixed_total_number
  std::vector<std::vector<uint32_t>> totals;
  if (rule.kind == SynapseRule::Kind::fixed_total_number)
    for (size_t i = 0; i < P; ++i)
      for (size_t j = 0; j < Q; ++j) {
        const bool here = rule.to[i + 1] > range.first && rule.to[i] < range.first + range.units;
        totals.push_back(here ? targets_of_total(rule, plan.seed, i, j) : std::vector<uint32_t>());
      }

  Row                   row(rule, plan.seed);
  std::vector<uint32_t> keys;
  const auto            each_row = [&](auto&& visit) {
    for (size_t i = 0; i < P; ++i)
      for (uint32_t t = std::max(range.first, rule.to[i]); t < std::min(range.first + range.units, rule.to[i + 1]); ++t)
        for (size_t j = 0; j < Q; ++j) {
          const size_t n = i * Q + j;
          if (rule.count[n] == 0) continue;
          row.draw(t, i, j, totals.empty() ? 0 : totals[n][t - rule.to[i]]);
          const size_t count = row.sources.size();
          keys.resize(count);
          if (alike) std::fill(keys.begin(), keys.end(), uint32_t(i));
          else if (rule.delay_deviation[n] == 0)
            std::fill(keys.begin(), keys.end(), uint32_t(std::lround(rule.delay[n])) - uint32_t(out.shortest));
          else {
            const float *z = row.delays(), mean = float(rule.delay[n]), deviation = float(rule.delay_deviation[n]);
            for (size_t k = 0; k < count; ++k) {
              const int d = int(std::lrint(mean + deviation * z[k]));
              keys[k]     = uint32_t(std::clamp(d, out.shortest, out.longest) - out.shortest);
            }
          }
          visit(t, n);
        }
  };

  // how long the lists are, then the lists
  lists.begin = LargeArray<uint32_t>(sources * lists.keys + 1);
  std::ranges::fill(lists.begin, 0u);
  double all = 0;
  each_row([&](uint32_t, size_t) {
    for (size_t k = 0; k < keys.size(); ++k) ++lists.begin[size_t(row.sources[k]) * lists.keys + keys[k]];
    all += double(keys.size());
    check_count(all, connection.name);
  });
  lists.synapses = size_t(all);
  if (lists.packed) {
    all = 0;
    for (uint32_t& n : lists.begin) n = (n + kChunk - 1) / kChunk * kChunk, all += n;
    check_count(all, connection.name);
  }
  begin_lists(lists.begin);
  const size_t room = *(lists.begin.end() - 1);
  if (!lists.packed) lists.target = LargeArray<uint16_t>(room);
  if (!alike) lists.weight = LargeArray<R>(room);
  each_row([&](uint32_t t, size_t n) {
    const Arrival a    = arrival_of(cell, rule.weight[n]);
    const R*      over = divisor(prepared, connection.to, cell, a.state);
    const double  mean = rule.weight[n] * a.sign, by = over ? double(over[t]) : 1;
    const float*  z = !alike && rule.weight_deviation[n] > 0 ? row.weights() : nullptr;
    for (size_t k = 0; k < keys.size(); ++k) {
      const uint32_t at = lists.begin[size_t(row.sources[k]) * lists.keys + keys[k]]++;
      if (!lists.packed) lists.target[at] = uint16_t(t - range.first);
      if (alike) continue;
      const double share  = z ? std::max(0.0, 1 + rule.weight_deviation[n] * double(z[k])) : 1;
      const R      weight = over ? R(mean * share) / R(by) : R(mean * share);
      lists.weight[at]    = lists.packed ? R(pack(float(weight), uint16_t(t))) : weight;
    }
  });
  if (lists.packed)
    for (uint32_t& end : lists.begin)
      for (; end % kChunk != 0; ++end) lists.weight[end] = R(pack(0, uint16_t(lists.target_of(end - 1) + lists.first)));
  rewind_lists(lists.begin);

  // what is delivered when
  out.deliveries.resize(Q * delays);
  for (size_t j = 0; j < Q; ++j) {
    if (!alike) {
      // all weights of a source have one sign, or arrive at the same place
      int state = cell.arrivals.state;
      for (size_t i = 0; i < P; ++i)
        if (rule.count[i * Q + j] > 0) state = arrival_of(cell, rule.weight[i * Q + j]).state;
      for (size_t i = 0; i < P; ++i)
        if (rule.count[i * Q + j] > 0 && arrival_of(cell, rule.weight[i * Q + j]).state != state)
          throw SpecError(
              {}, fmt::format("{}: a source population excites some targets and inhibits others", connection.name),
              fmt::format("spikes arrive at {} by their sign", cell.name));
      for (uint32_t d = 0; d < delays; ++d) out.deliveries[j * delays + d].push_back({d, d + 1, state, R(0)});
      continue;
    }
    for (size_t i = 0; i < P; ++i) {
      const size_t n = i * Q + j;
      if (rule.count[n] == 0 || rule.weight[n] == 0) continue;
      const uint32_t t = std::max(range.first, rule.to[i]);
      if (t >= std::min(range.first + range.units, rule.to[i + 1])) continue;
      const Arrival a    = arrival_of(cell, rule.weight[n]);
      const R*      over = divisor(prepared, connection.to, cell, a.state);
      const R       w    = over ? R(rule.weight[n] * a.sign) / over[t] : R(rule.weight[n] * a.sign);
      auto&         due  = out.deliveries[j * delays + uint32_t(std::lround(rule.delay[n]) - out.shortest)];
      // neighbours with one weight are one list
      if (!due.empty() && due.back().end == i && due.back().weight == w && due.back().state == a.state)
        due.back().end = uint32_t(i + 1);
      else due.push_back({uint32_t(i), uint32_t(i + 1), a.state, w});
    }
  }
  return out;
}

template <class R>
RangeSynapses<R> copy_synapses(const Plan& plan, const Prepared<R>& prepared, const ConnectionPlan& connection,
                               UnitRange range) {
  const CellEntry&     cell    = *plan.layers[size_t(connection.to)].cell;
  const SparsePattern& pattern = *connection.transposed;
  const auto           sources = uint32_t(pattern.begin.size() - 1);
  const bool           split   = cell.inhibitory.state >= 0;
  const R*             w       = prepared.weights(connection);
  RangeSynapses<R>     out;
  out.sources  = {0, sources};
  out.shortest = out.longest = connection.delay;
  out.lists.keys             = split ? 2 : 1;
  out.lists.begin            = LargeArray<uint32_t>(size_t(sources) * out.lists.keys + 1);
  std::ranges::fill(out.lists.begin, 0u);
  const auto each = [&](auto&& visit) {
    for (uint32_t s = 0; s < sources; ++s)
      for (uint32_t k = pattern.begin[s]; k < pattern.begin[s + 1]; ++k) {
        const uint32_t t = pattern.column[k];
        if (t < range.first || t - range.first >= range.units) continue;
        const R x = w[pattern.entry[k]];
        visit(size_t(s) * out.lists.keys + (split && x < 0), t, x);
      }
  };
  each([&](size_t list, uint32_t, R) { ++out.lists.begin[list]; });
  begin_lists(out.lists.begin);
  const size_t synapses = *(out.lists.begin.end() - 1);
  out.lists.target = LargeArray<uint16_t>(synapses), out.lists.weight = LargeArray<R>(synapses);
  out.lists.synapses = synapses;
  each([&](size_t list, uint32_t t, R x) {
    const uint32_t at    = out.lists.begin[list]++;
    const Arrival  a     = arrival_of(cell, double(x));
    const R*       over  = divisor(prepared, connection.to, cell, a.state);
    out.lists.target[at] = uint16_t(t - range.first);
    out.lists.weight[at] = over ? R(a.sign) * x / over[t] : R(a.sign) * x;
  });
  rewind_lists(out.lists.begin);
  out.deliveries.resize(1);
  out.deliveries[0].push_back({0, 1, cell.arrivals.state, R(0)});
  if (split) out.deliveries[0].push_back({1, 2, cell.inhibitory.state, R(0)});
  return out;
}

template RangeSynapses<float>  draw_synapses(const Plan&, const Prepared<float>&, const ConnectionPlan&, UnitRange);
template RangeSynapses<double> draw_synapses(const Plan&, const Prepared<double>&, const ConnectionPlan&, UnitRange);
template RangeSynapses<float>  copy_synapses(const Plan&, const Prepared<float>&, const ConnectionPlan&, UnitRange);
template RangeSynapses<double> copy_synapses(const Plan&, const Prepared<double>&, const ConnectionPlan&, UnitRange);

}  // namespace dynode
