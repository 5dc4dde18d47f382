#include "dynode/spiking/attractor_analysis.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <numeric>

namespace dynode::spiking {
namespace {

double mean_of(const std::vector<double>& values) {
  return values.empty() ? 0 : std::accumulate(values.begin(), values.end(), 0.0) / double(values.size());
}

/// Σ (x − mean)².
double scatter_of(const std::vector<double>& values) {
  const double mean = mean_of(values);
  double       sum  = 0;
  for (double x : values) sum += (x - mean) * (x - mean);
  return sum;
}

double rounded(double x) { return std::round(x * 1e4) / 1e4; }

double median_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t n = values.size();
  return n == 0 ? 0 : n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

}  // namespace

AttractorAnalysis::AttractorAnalysis(AttractorRecord record) : record_(std::move(record)) {}

std::array<double, 2> AttractorAnalysis::bounds(const Window& window) const {
  const double end  = record_.total_seconds();
  const auto   time = [&](double t) { return t < 0 ? end + t : t; };
  if (std::abs(window.from.value_or(0)) > end || std::abs(window.to.value_or(end)) > end) return {0, end};
  const double from = time(window.from.value_or(0)), to = time(window.to.value_or(end));
  return {std::min(from, to), std::max(from, to)};
}

std::vector<const Occurrence*> AttractorAnalysis::inside(const Window& window) const {
  // a start on the edge belongs to the window, however its digits were rounded
  const auto [from, to] = bounds(window);
  std::vector<const Occurrence*> some;
  for (const Occurrence& o : record_.occurrences)
    if (const double t = record_.start(o); t >= from - 1e-9 && t <= to + 1e-9) some.push_back(&o);
  return some;
}

std::vector<size_t> AttractorAnalysis::attractors(const Window& window) const {
  std::vector<bool> met(record_.attractors.size());
  for (const Occurrence* o : inside(window)) met[o->attractor] = true;
  std::vector<size_t> list;
  for (size_t k = 0; k < met.size(); ++k)
    if (met[k]) list.push_back(k);
  return list;
}

std::vector<PerAttractor> AttractorAnalysis::per_attractor(const Window& window) const {
  std::map<size_t, std::vector<const Occurrence*>> by;
  for (const Occurrence* o : inside(window)) by[o->attractor].push_back(o);
  std::vector<PerAttractor> rows;
  for (const auto& [attractor, occurrences] : by) {
    std::vector<double> spans;
    for (const Occurrence* o : occurrences) spans.push_back(record_.milliseconds(*o));
    const size_t n = spans.size();
    rows.push_back({attractor, n, record_.attractors[attractor].size(),
                    std::accumulate(spans.begin(), spans.end(), 0.0), mean_of(spans),
                    n > 1 ? std::sqrt(scatter_of(spans) / double(n - 1)) : 0, record_.start(*occurrences.front()),
                    record_.end(*occurrences.back())});
  }
  return rows;
}

std::vector<OccurrenceRow> AttractorAnalysis::occurrence_table() const {
  std::vector<OccurrenceRow> rows;
  std::vector<size_t>        seen(record_.attractors.size());
  const auto&                all = record_.occurrences;
  for (size_t k = 0; k < all.size(); ++k) {
    const Occurrence& o = all[k];
    OccurrenceRow     row{o.attractor,
                      o.recording,
                      ++seen[o.attractor],
                      record_.start(o),
                      record_.end(o),
                      record_.milliseconds(o),
                      {},
                      {},
                      record_.attractors[o.attractor].size()};
    if (k > 0) row.previous = all[k - 1].attractor;
    if (k + 1 < all.size()) row.next = all[k + 1].attractor;
    rows.push_back(row);
  }
  return rows;
}

std::vector<double> AttractorAnalysis::probabilities(const Window& window) const {
  const auto [from, to] = bounds(window);
  std::vector<double> shares;
  for (const PerAttractor& row : per_attractor(window)) shares.push_back(row.total_duration / 1e3 / (to - from));
  return shares;
}

double AttractorAnalysis::marginal_probability(const Clusters& clusters, const Window& window) const {
  const auto list = attractors(window);
  const auto p    = probabilities(window);
  double     sum  = 0;
  for (size_t k = 0; k < list.size(); ++k)
    if (const Clusters& all = record_.attractors[list[k]]; std::all_of(
            clusters.begin(), clusters.end(), [&](int c) { return std::binary_search(all.begin(), all.end(), c); }))
      sum += p[k];
  return sum;
}

AttractorAnalysis::LifeSpan AttractorAnalysis::life_span(const Window& window, bool median) const {
  std::map<size_t, std::vector<double>> spans;
  for (const Occurrence* o : inside(window)) spans[o->attractor].push_back(record_.milliseconds(*o));
  LifeSpan life;
  for (const auto& [attractor, each] : spans) {
    life.mean.push_back(rounded(median ? median_of(each) : mean_of(each)));
    life.deviation.push_back(rounded(std::sqrt(scatter_of(each) / double(each.size()))));
  }
  return life;
}

Transitions AttractorAnalysis::transitions(const Window& window) const {
  Transitions         t{attractors(window), {}};
  const auto          some = inside(window);
  const size_t        n    = t.attractors.size();
  std::vector<size_t> place(record_.attractors.size());
  for (size_t k = 0; k < n; ++k) place[t.attractors[k]] = k;
  std::vector<double> visits(n);
  t.matrix.assign(n * n, 0);
  for (size_t k = 0; k < some.size(); ++k) {
    const size_t from = place[some[k]->attractor];
    visits[from] += 1;
    if (k + 1 < some.size() && some[k + 1]->recording == some[k]->recording)
      t.matrix[from * n + place[some[k + 1]->attractor]] += 1;
  }
  for (size_t i = 0; i < n * n; ++i) t.matrix[i] /= visits[i / n];
  return t;
}

Transitions AttractorAnalysis::aligned(const Transitions& t, const std::vector<size_t>& attractors) const {
  Transitions other{attractors, std::vector<double>(attractors.size() * attractors.size())};
  const auto  at = [&](size_t k) {
    return size_t(std::find(t.attractors.begin(), t.attractors.end(), attractors[k]) - t.attractors.begin());
  };
  const size_t n = attractors.size(), m = t.attractors.size();
  for (size_t i = 0; i < n; ++i)
    for (size_t j = 0; j < n; ++j)
      if (const size_t a = at(i), b = at(j); a < m && b < m) other.matrix[i * n + j] = t.matrix[a * m + b];
  return other;
}

Transitions AttractorAnalysis::lexicographic(const Transitions& t) const {
  std::vector<size_t> order = t.attractors;
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return record_.attractors[a] < record_.attractors[b]; });
  return aligned(t, order);
}

double AttractorAnalysis::sequence_probability(const std::vector<size_t>& list) const {
  if (list.size() < 2) throw SpecError({.path = "attractors"}, "a sequence needs two or more");
  const Transitions t = aligned(transitions(), list);
  double            p = 1;
  for (size_t k = 0; k + 1 < list.size(); ++k) p *= t.matrix[k * list.size() + k + 1];
  return p;
}

std::vector<TransitionEvent> AttractorAnalysis::transition_events() const {
  std::vector<TransitionEvent>                events;
  std::map<std::pair<size_t, size_t>, size_t> pairs;
  std::vector<size_t>                         seen;
  std::map<std::array<size_t, 3>, size_t>     classes;
  const auto&                                 all = record_.occurrences;
  for (size_t k = 0; k + 1 < all.size(); ++k) {
    const Occurrence &a = all[k], &b = all[k + 1];
    if (a.recording != b.recording) continue;
    const Clusters &first = record_.attractors[a.attractor], &second = record_.attractors[b.attractor];
    TransitionEvent e{.a                         = a.attractor,
                      .b                         = b.attractor,
                      .time                      = record_.start(b),
                      .overlap                   = {},
                      .symmetry_class            = {},
                      .transition                = 0,
                      .occurrence                = 0,
                      .symmetry_class_occurrence = 0};
    std::set_intersection(first.begin(), first.end(), second.begin(), second.end(), std::back_inserter(e.overlap));
    e.symmetry_class = {first.size(), second.size(), e.overlap.size()};
    e.transition     = pairs.emplace(std::pair{e.a, e.b}, pairs.size()).first->second;
    seen.resize(pairs.size());
    e.occurrence                = ++seen[e.transition];
    e.symmetry_class_occurrence = ++classes[e.symmetry_class];
    events.push_back(std::move(e));
  }
  return events;
}

TimeEvolution AttractorAnalysis::time_evolution(std::optional<double> asked) const {
  const double end = record_.total_seconds(), dt = asked.value_or(std::max(1e-3, end / 100));
  if (!(dt > 0) || end / dt > 1e7)
    throw SpecError({.path = "dt"}, fmt::format("must be > 0 and not too short, got {}", dt));
  const size_t         points = size_t(std::floor(end / dt + 1e-9)), n = record_.attractors.size();
  const auto&          all = record_.occurrences;
  std::vector<double>  counts(n * n), visits(n), before(n * n);  // T of the point before
  std::vector<uint8_t> changed(n);
  std::vector<bool>    met(n);
  TimeEvolution        e;
  size_t               unique = 0, next = 0;
  double               norm_before = 0, square = 0, square_change;  // square = ‖T‖²
  for (size_t i = 1; i <= points; ++i) {
    const double t = dt * double(i);
    std::fill(changed.begin(), changed.end(), 0);
    for (; next < all.size() && record_.start(all[next]) <= t + 1e-9; ++next) {
      const size_t here = all[next].attractor;
      if (!met[here]) met[here] = true, ++unique;
      visits[here] += 1, changed[here] = 1;
      if (next > 0 && all[next - 1].recording == all[next].recording) {
        counts[all[next - 1].attractor * n + here] += 1;
        changed[all[next - 1].attractor] = 1;
      }
    }
    // rows that nothing happened to are as they were
    square_change = 0;
    for (size_t a = 0; a < n; ++a) {
      if (!changed[a]) continue;
      for (size_t b = 0; b < n; ++b) {
        const double now = counts[a * n + b] / visits[a], was = before[a * n + b];
        square += now * now - was * was, square_change += (now - was) * (now - was), before[a * n + b] = now;
      }
    }
    const double norm = std::sqrt(std::max(square, 0.0));
    e.time_ms.push_back(1e3 * t);
    e.transition_l2_norm.push_back(2 * std::sqrt(square_change) / (norm + norm_before + 1e-12));
    e.discovery_rate_per_s.push_back(
        e.unique_attractors_count.empty() ? 0 : double(unique - e.unique_attractors_count.back()) / dt);
    e.unique_attractors_count.push_back(unique);
    norm_before = norm;
  }
  return e;
}

Summary AttractorAnalysis::summary() const {
  return {.num_states        = record_.attractors.size(),
          .total_occurrences = record_.occurrences.size(),
          .total_duration_s  = record_.total_seconds(),
          .mean_lifespan_ms  = mean_of(life_span().mean),
          .mean_probability  = mean_of(probabilities())};
}

std::vector<SizeRow> AttractorAnalysis::by_size(size_t n_clusters) const {
  std::vector<SizeRow> rows;
  for (size_t size = 0; size <= n_clusters; ++size) {
    SizeRow row{size, 0, 0, 0, 0};
    for (const PerAttractor& a : per_attractor())
      if (a.num_clusters == size)
        row.states += 1, row.occurrences += a.occurrences, row.mean_lifespan += a.total_duration;
    if (row.states == 0) continue;
    row.mean_lifespan /= double(row.occurrences);
    row.discovered =
        double(row.states) * std::exp(std::lgamma(double(size) + 1) + std::lgamma(double(n_clusters - size) + 1) -
                                      std::lgamma(double(n_clusters) + 1));
    rows.push_back(row);
  }
  return rows;
}

}  // namespace dynode::spiking
