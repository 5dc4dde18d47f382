#include "dynode/spiking/capacity.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <numeric>
#include <set>

namespace dynode::spiking {
namespace {

Clusters common(const Clusters& a, const Clusters& b) {
  Clusters both;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  return both;
}

bool one_swap(const Clusters& a, const Clusters& b) {
  return a.size() == b.size() && common(a, b).size() + 1 == a.size();
}

std::vector<Clusters> ascending(std::vector<Clusters> states) {
  for (Clusters& s : states) std::sort(s.begin(), s.end());
  return states;
}

/// (left, joined) of all swaps of the states, each once, in the order met.
std::vector<std::array<size_t, 2>> swaps_of(const std::vector<Clusters>& states, size_t clusters) {
  std::set<std::array<size_t, 2>>    met;
  std::vector<std::array<size_t, 2>> swaps;
  for (const Clusters& state : states)
    for (int out : state)
      for (size_t in = 0; in < clusters; ++in)
        if (!std::count(state.begin(), state.end(), int(in)))
          if (const std::array swap{size_t(out), in}; met.insert(swap).second) swaps.push_back(swap);
  return swaps;
}

}  // namespace

Table<double> state_vectors(const std::vector<Clusters>& states, size_t clusters) {
  Table<double> x{states.size(), clusters, std::vector<double>(states.size() * clusters)};
  for (size_t s = 0; s < states.size(); ++s)
    for (int c : states[s]) {
      if (c < 0 || size_t(c) >= clusters || x(s, size_t(c)) != 0)
        throw SpecError({.path = fmt::format("vocabulary[{}]", s)},
                        fmt::format("{} is not a set of {} clusters", to_text(states[s]), clusters));
      x(s, size_t(c)) = 1;
    }
  return x;
}

Constraints vocabulary_pairs(const std::vector<Clusters>& vocabulary, size_t clusters) {
  const Table<double>         x      = state_vectors(vocabulary, clusters);
  const std::vector<Clusters> states = ascending(vocabulary);
  Constraints                 found{{}, {0, clusters, {}}};
  for (size_t a = 0; a < states.size(); ++a)
    for (size_t b = 0; b < states.size(); ++b) {
      if (!one_swap(states[a], states[b])) continue;
      found.pairs.push_back({a, b});
      for (size_t c = 0; c < clusters; ++c)
        found.differences.values.push_back((x(a, c) - x(b, c)) / std::sqrt(double(states[a].size())));
    }
  found.differences.rows = found.pairs.size();
  return found;
}

Constraints swap_pairs(const std::vector<Clusters>& vocabulary, size_t clusters) {
  state_vectors(vocabulary, clusters);  // checks
  for (const Clusters& s : vocabulary)
    if (s.size() != vocabulary[0].size())
      throw SpecError({.path = "vocabulary"},
                      fmt::format("states of {} and {} clusters", vocabulary[0].size(), s.size()));
  Constraints found{{}, {0, clusters, {}}};
  for (const auto& pair : swaps_of(vocabulary, clusters)) {
    found.pairs.push_back(pair);
    std::vector<double> d(clusters);
    d[pair[0]] = 1 / std::sqrt(double(vocabulary[0].size())), d[pair[1]] = -d[pair[0]];
    found.differences.values.insert(found.differences.values.end(), d.begin(), d.end());
  }
  found.differences.rows = found.pairs.size();
  return found;
}

Coverage coverage(const std::vector<Clusters>& vocabulary, size_t clusters) {
  return {swaps_of(vocabulary, clusters).size(), clusters * (clusters - 1)};
}

std::vector<double> targeting_direction(const std::vector<double>& projection, const Clusters& state) {
  const size_t        n = size_t(std::llround(std::sqrt(double(projection.size()))));
  std::vector<double> delta(n);
  double              square = 0;
  for (size_t i = 0; i < n; ++i) {
    for (int c : state) delta[i] += projection[i * n + size_t(c)];
    square += delta[i] * delta[i];
  }
  if (!(std::sqrt(square) >= 1e-10)) throw Error(fmt::format("the projection takes all of {} away", to_text(state)));
  for (double& x : delta) x /= std::sqrt(square);
  return delta;
}

const char* label(Role::Kind kind) {
  switch (kind) {
    case Role::Kind::target: return "target";
    case Role::Kind::bottleneck: return "bottleneck";
    case Role::Kind::partial: return "partial";
    case Role::Kind::orthogonal: break;
  }
  return "orthogonal";
}

Role role_of(const Clusters& state_given, const Clusters& target_given, const std::vector<double>& direction) {
  const Clusters state = ascending({state_given})[0], target = ascending({target_given})[0];
  const size_t   overlap = common(state, target).size(), apart = state.size() + target.size() - 2 * overlap;
  const auto     score = [&](const Clusters& s) {
    double sum = 0;
    for (int c : s) sum += direction.at(size_t(c));
    return sum;
  };
  const Role::Kind kind = apart == 0    ? Role::Kind::target
                          : apart == 2  ? Role::Kind::bottleneck
                          : overlap > 0 ? Role::Kind::partial
                                        : Role::Kind::orthogonal;
  const double     mine = score(state), contrast = mine - score(target);
  return {
      overlap,  apart,
      kind,     mine,
      contrast, kind == Role::Kind::target || contrast > 0.05 ? "boost" : contrast < -0.05 ? "suppress" : "neutral"};
}

std::vector<Clusters> shifted_partitions(size_t clusters, size_t k) {
  if (k == 0 || clusters % k)
    throw SpecError({.path = "k"}, fmt::format("{} clusters do not divide into blocks of {}", clusters, k));
  std::vector<Clusters> blocks;
  for (size_t shift : {size_t(0), size_t(1)})
    for (size_t from = 0; from < clusters; from += k) {
      blocks.emplace_back();
      for (size_t i = 0; i < k; ++i) blocks.back().push_back(int((from + shift + i) % clusters));
      std::sort(blocks.back().begin(), blocks.back().end());
    }
  return blocks;
}

std::vector<Clusters> covering_partitions(size_t clusters, size_t k) {
  if (k == 0 || clusters % k || clusters / k < k)
    throw SpecError({.path = "k"}, fmt::format("needs {} clusters in at least {} blocks of {}", clusters, k, k));
  const size_t          q = clusters / k;
  std::vector<Clusters> blocks;
  for (size_t from = 0; from < clusters; from += k) {
    blocks.emplace_back();
    for (size_t i = 0; i < k; ++i) blocks.back().push_back(int(from + i));
  }
  for (size_t first = 0; first < q; ++first) {
    blocks.emplace_back();
    for (size_t i = 0; i < k; ++i) blocks.back().push_back(int(first + i * q));
  }
  return blocks;
}

std::vector<Chosen> choose_vocabulary(const std::vector<Clusters>& given, const std::vector<double>& probabilities,
                                      size_t n_targets, size_t clusters, bool new_coverage) {
  if (given.size() != probabilities.size())
    throw ShapeError("probabilities", {int64_t(given.size())}, {int64_t(probabilities.size())});
  state_vectors(given, clusters);  // checks
  const std::vector<Clusters> candidates = ascending(given);
  std::vector<size_t>         order(candidates.size());
  std::iota(order.begin(), order.end(), size_t(0));
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return probabilities[a] > probabilities[b]; });

  std::vector<Chosen>             chosen;
  std::set<std::array<size_t, 2>> covered;
  const size_t                    all = swaps_of(candidates, clusters).size();
  for (size_t k : order) {
    if (chosen.size() == n_targets) break;
    const size_t before = covered.size();
    for (const auto& swap : swaps_of({candidates[k]}, clusters)) covered.insert(swap);
    if (new_coverage && covered.size() == before && before < all) continue;
    const size_t competitors = size_t(std::count_if(
        candidates.begin(), candidates.end(), [&](const Clusters& other) { return one_swap(other, candidates[k]); }));
    chosen.push_back({k, competitors, competitors <= 2 ? "easy" : competitors <= 5 ? "medium" : "hard"});
  }
  return chosen;
}

std::vector<double> sensitivity(const std::vector<double>& alphas, const Table<double>& p, double most) {
  if (p.rows != alphas.size())
    throw ShapeError("probabilities", {int64_t(alphas.size()), -1}, {int64_t(p.rows), int64_t(p.columns)});
  std::vector<double> slopes(p.columns);
  for (size_t s = 0; s < p.columns; ++s) {
    double n = 0, x = 0, y = 0, xx = 0, xy = 0;
    for (size_t k = 0; k < p.rows; ++k) {
      if (alphas[k] > most || !(p(k, s) > 0)) continue;
      const double log_p = std::log(p(k, s));
      n += 1, x += alphas[k], y += log_p, xx += alphas[k] * alphas[k], xy += alphas[k] * log_p;
    }
    slopes[s] = (n * xy - x * y) / (n * xx - x * x);  // NaN with fewer than two different α
  }
  return slopes;
}

std::vector<double> predicted_probabilities(const std::vector<double>& p0, const Table<double>& g,
                                            const std::vector<double>& direction, double alpha) {
  if (g.rows != p0.size() || g.columns != direction.size())
    throw ShapeError("G", {int64_t(p0.size()), int64_t(direction.size())}, {int64_t(g.rows), int64_t(g.columns)});
  std::vector<double> p   = p0;
  double              sum = 0;
  for (size_t s = 0; s < p.size(); ++s) {
    double drive = 0;
    for (size_t c = 0; c < g.columns; ++c) drive += g(s, c) * direction[c];
    sum += p[s] *= std::exp(alpha * drive);
  }
  for (double& x : p) x /= sum;
  return p;
}

}  // namespace dynode::spiking
