// Layouts of graphs. Sources: Kamada & Kawai 1989 (by majorising stress, Gansner et al. 2004), Fruchterman & Reingold
// 1991, Hall 1970 (spectral).
#include "dynode/models/wiring_layout.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>

#include "dynode/base/random.h"
#include "dynode/base/text.h"

namespace dynode {
namespace {

constexpr double kPi = 3.14159265358979323846;
using Points         = std::vector<PagePoint>;
using Graph          = std::vector<std::vector<size_t>>;  // neighbours of each node, directions left out

Graph neighbours(const Wiring& w, bool with_inputs) {
  const size_t first = with_inputs ? w.inputs : 0, n = first + w.units;
  Graph        graph(n);
  const auto   link = [&](size_t i, size_t j) {
    if (i == j) return;
    for (const auto& [a, b] : {std::pair(i, j), std::pair(j, i)})
      if (std::find(graph[a].begin(), graph[a].end(), b) == graph[a].end()) graph[a].push_back(b);
  };
  for (size_t i = 0; i < first; ++i)
    for (size_t j = 0; j < w.units; ++j)
      if (w.sensory[i * w.units + j]) link(i, first + j);
  for (size_t i = 0; i < w.units; ++i)
    for (size_t j = 0; j < w.units; ++j)
      if (w.adjacency[i * w.units + j]) link(first + i, first + j);
  return graph;
}

/// A column per type; within a column nodes stand in the order that crosses fewest synapses: that of the mean height of
/// their neighbours in the column before.
Points layered(const Graph& graph, const std::vector<std::string>& types) {
  static const std::vector<std::string> order = {"sensory", "inter", "command", "motor"};
  std::vector<std::vector<size_t>>      columns;
  for (const std::string& type : order) {
    std::vector<size_t> nodes;
    for (size_t i = 0; i < types.size(); ++i)
      if (types[i] == type) nodes.push_back(i);
    if (!nodes.empty()) columns.push_back(nodes);
  }
  Points     at(types.size());
  const auto place = [&](size_t c) {
    for (size_t k = 0; k < columns[c].size(); ++k)
      at[columns[c][k]] = {columns.size() == 1 ? 0.5 : double(c) / double(columns.size() - 1),
                           columns[c].size() == 1 ? 0.5 : double(k) / double(columns[c].size() - 1)};
  };
  for (size_t c = 0; c < columns.size(); ++c) place(c);
  const auto sort_by = [&](size_t c, size_t other) {
    std::vector<double> height(types.size(), 0.5);
    for (const size_t i : columns[c]) {
      double sum = 0, count = 0;
      for (const size_t j : graph[i])
        if (std::find(columns[other].begin(), columns[other].end(), j) != columns[other].end()) sum += at[j].y, ++count;
      height[i] = count ? sum / count : at[i].y;
    }
    std::stable_sort(columns[c].begin(), columns[c].end(), [&](size_t a, size_t b) { return height[a] < height[b]; });
    place(c);
  };
  for (int sweep = 0; sweep < 4; ++sweep) {
    for (size_t c = 1; c < columns.size(); ++c) sort_by(c, c - 1);
    for (size_t c = columns.size() - 1; c-- > 1;) sort_by(c, c + 1);  // the first column keeps the order of inputs
  }
  // neurons of a single column stand on a circle, else their synapses would lie on each other
  if (columns.size() == 1)
    for (size_t k = 0; k < columns[0].size(); ++k) {
      const double a    = 2 * kPi * double(k) / double(columns[0].size());
      at[columns[0][k]] = {0.5 + 0.5 * std::cos(a), 0.5 + 0.5 * std::sin(a)};
    }
  return at;
}

Points circular(size_t n) {
  Points at;
  for (size_t k = 0; k < n; ++k)
    at.push_back({std::cos(2 * kPi * double(k) / double(n)), std::sin(2 * kPi * double(k) / double(n))});
  return at;
}

Points random(size_t n) {
  dynode::Random draw(0, "layout");
  Points         at(n);
  for (PagePoint& p : at) p.x = draw.uniform(), p.y = draw.uniform();
  return at;
}

Points spiral(size_t n) {
  Points at;
  for (size_t k = 0; k < n; ++k) {
    const double a = 0.35 * double(k), r = double(k) / std::max<double>(1, double(n) - 1);
    at.push_back({r * std::cos(a), r * std::sin(a)});
  }
  return at;
}

/// Steps between any two nodes; those that do not hang together are a little further apart than the furthest that do.
std::vector<std::vector<double>> distances(const Graph& graph) {
  const size_t                     n = graph.size();
  std::vector<std::vector<double>> d(n, std::vector<double>(n, -1));
  double                           most = 0;
  for (size_t i = 0; i < n; ++i) {
    std::vector<size_t> queue = {i};
    d[i][i]                   = 0;
    for (size_t k = 0; k < queue.size(); ++k)
      for (const size_t j : graph[queue[k]])
        if (d[i][j] < 0) d[i][j] = d[i][queue[k]] + 1, most = std::max(most, d[i][j]), queue.push_back(j);
  }
  for (auto& row : d)
    for (double& x : row)
      if (x < 0) x = most + 1;
  return d;
}

Points kamada(const Graph& graph) {
  const size_t n  = graph.size();
  const auto   d  = distances(graph);
  Points       at = circular(n);
  for (int round = 0; round < 200; ++round)
    for (size_t i = 0; i < n; ++i) {
      double x = 0, y = 0, weights = 0;
      for (size_t j = 0; j < n; ++j) {
        if (j == i) continue;
        const double w = 1 / (d[i][j] * d[i][j]), dx = at[i].x - at[j].x, dy = at[i].y - at[j].y;
        const double length = std::max(1e-9, std::hypot(dx, dy));
        x += w * (at[j].x + d[i][j] * dx / length), y += w * (at[j].y + d[i][j] * dy / length), weights += w;
      }
      if (weights > 0) at[i] = {x / weights, y / weights};
    }
  return at;
}

Points spring(const Graph& graph) {
  const size_t n    = graph.size();
  const double k    = 1 / std::sqrt(double(n));
  Points       at   = random(n);
  double       heat = 0.1;
  for (int round = 0; round < 50; ++round, heat -= 0.1 / 51) {
    Points push(n, {0, 0});
    for (size_t i = 0; i < n; ++i) {
      for (size_t j = 0; j < n; ++j) {
        const double dx = at[i].x - at[j].x, dy = at[i].y - at[j].y, length = std::max(0.01, std::hypot(dx, dy));
        push[i].x += dx * k * k / (length * length), push[i].y += dy * k * k / (length * length);
      }
      for (const size_t j : graph[i]) {
        const double dx = at[i].x - at[j].x, dy = at[i].y - at[j].y, length = std::max(0.01, std::hypot(dx, dy));
        push[i].x -= dx * length / k, push[i].y -= dy * length / k;
      }
    }
    for (size_t i = 0; i < n; ++i) {
      const double length = std::max(0.01, std::hypot(push[i].x, push[i].y));
      at[i].x += push[i].x / length * heat, at[i].y += push[i].y / length * heat;
    }
  }
  return at;
}

/// The second and third eigenvectors of the Laplacian, by powers of c − L without what came before.
Points spectral(const Graph& graph) {
  const size_t n    = graph.size();
  size_t       most = 1;
  for (const auto& list : graph) most = std::max(most, list.size());
  const double                     c     = 2 * double(most);
  std::vector<std::vector<double>> found = {std::vector<double>(n, 1 / std::sqrt(double(n)))};
  dynode::Random                   draw(0, "spectral");
  for (int which = 0; which < 2; ++which) {
    std::vector<double> v(n);
    for (double& x : v) x = draw.uniform() - 0.5;
    for (int round = 0; round < 2000; ++round) {
      std::vector<double> next(n);
      for (size_t i = 0; i < n; ++i) {
        next[i] = (c - double(graph[i].size())) * v[i];
        for (const size_t j : graph[i]) next[i] += v[j];
      }
      for (const auto& f : found) {
        double along = 0;
        for (size_t i = 0; i < n; ++i) along += f[i] * next[i];
        for (size_t i = 0; i < n; ++i) next[i] -= along * f[i];
      }
      double square = 0;
      for (const double x : next) square += x * x;
      const double length = std::max(1e-300, std::sqrt(square));
      for (size_t i = 0; i < n; ++i) v[i] = next[i] / length;
    }
    found.push_back(v);
  }
  Points at(n);
  for (size_t i = 0; i < n; ++i) at[i] = {found[1][i], found[2][i]};
  return at;
}

/// Into the unit square, as large as fits.
void fit(Points& at) {
  double low_x = 1e300, high_x = -1e300, low_y = 1e300, high_y = -1e300;
  for (const PagePoint& p : at) {
    low_x = std::min(low_x, p.x), high_x = std::max(high_x, p.x);
    low_y = std::min(low_y, p.y), high_y = std::max(high_y, p.y);
  }
  for (PagePoint& p : at) {
    p.x = high_x - low_x > 1e-9 ? (p.x - low_x) / (high_x - low_x) : 0.5;
    p.y = high_y - low_y > 1e-9 ? (p.y - low_y) / (high_y - low_y) : 0.5;
  }
}

}  // namespace

std::vector<PagePoint> lay_out(const Wiring& wiring, bool with_inputs, const std::vector<std::string>& types,
                               const std::string& layout) {
  const size_t n = types.size();
  Points       at;
  if (layout == "layered") return layered(neighbours(wiring, with_inputs), types);
  if (layout == "shell" || layout == "circular") at = circular(n);
  else if (layout == "random") return random(n);
  else if (layout == "spiral") at = spiral(n);
  else if (layout == "kamada") at = kamada(neighbours(wiring, with_inputs));
  else if (layout == "spring") at = spring(neighbours(wiring, with_inputs));
  else if (layout == "spectral") at = spectral(neighbours(wiring, with_inputs));
  else
    throw SpecError(
        {.path = "layout"}, fmt::format("there is no layout '{}'", layout),
        did_you_mean(layout, {"layered", "shell", "circular", "spiral", "random", "kamada", "spring", "spectral"},
                     "there are"));
  fit(at);
  return at;
}

}  // namespace dynode
