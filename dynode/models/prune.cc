#include "dynode/models/prune.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <numeric>

#include "dynode/base/random.h"
#include "dynode/base/text.h"

namespace dynode {
namespace {

/// Rows [first, first + count) of an array.
Array rows_of(const Array& array, size_t first, size_t count) {
  Array        part = array;
  const size_t rows = size_t(array.shape.at(0));
  part.shape[0]     = int64_t(count);
  std::visit(
      [&](auto& values) {
        const size_t size = values.size() / rows;
        values = {values.begin() + ptrdiff_t(first * size), values.begin() + ptrdiff_t((first + count) * size)};
      },
      part.data);
  return part;
}

/// Calls body(x, loss) for the rows of x, batch by batch.
template <class Body>
void for_batches(const Array& x, const std::vector<LossTerm>& loss, size_t batch, Body body) {
  if (x.shape.size() != 3) throw ShapeError("x", {-1, -1, -1}, x.shape, "slopes are of [rows, steps, units]");
  const size_t rows = size_t(x.shape[0]);
  for (const LossTerm& term : loss)
    if (!term.target.shape.empty() && term.target.shape[0] != int64_t(rows))
      throw ShapeError("target", {int64_t(rows)}, {term.target.shape[0]}, "one per row of x");
  for (size_t at = 0; at < rows; at += batch) {
    const size_t          count = std::min(batch, rows - at);
    std::vector<LossTerm> part  = loss;
    for (LossTerm& term : part)
      if (!term.target.shape.empty()) term.target = rows_of(term.target, at, count);
    body(rows_of(x, at, count), part);
  }
}

using Theta = std::vector<double>;

Theta slope(Model& model, const Array& x, const std::vector<LossTerm>& loss) {
  GradientRequest request;
  request.noise = {.on = false, .pass = 0};
  Theta all;
  for (const auto& [name, values] : model.gradient(x, loss, request).parameters) {
    const std::vector<double> numbers = values.as_double();
    all.insert(all.end(), numbers.begin(), numbers.end());
  }
  return all;
}

Theta theta_of(Model& model) {
  return std::visit([](auto theta) { return Theta(theta.begin(), theta.end()); }, model.theta());
}

void set_theta(Model& model, const Theta& values) {
  std::visit(
      [&](auto theta) {
        for (size_t i = 0; i < theta.size(); ++i) theta[i] = typename decltype(theta)::value_type(values[i]);
      },
      model.theta());
}

/// Diagonal of the curvature, by stored values.
Theta curvature(Model& model, const Pruning& how, const Array& x, const std::vector<LossTerm>& loss, const std::vector<uint8_t>& chosen) {
  const Theta at = theta_of(model);
  Theta       sum(at.size());
  double      count = 0;
  Random      random(how.seed, "prune");
  const double h = model.precision() == Precision::float64 ? 1e-4 : 1e-2;
  for_batches(x, loss, how.batch, [&](const Array& part, const std::vector<LossTerm>& terms) {
    if (how.saliency == Saliency::fisher) {
      const Theta g = slope(model, part, terms);
      for (size_t i = 0; i < sum.size(); ++i) sum[i] += g[i] * g[i];
      count += 1;
      return;
    }
    for (int draw = 0; draw < how.draws; ++draw) {
      Theta v(at.size()), moved = at;
      for (size_t i = 0; i < v.size(); ++i) v[i] = chosen[i] ? (random.integer(2) ? 1 : -1) : 0;
      for (size_t i = 0; i < v.size(); ++i) moved[i] = at[i] + h * v[i];
      set_theta(model, moved);
      const Theta above = slope(model, part, terms);
      for (size_t i = 0; i < v.size(); ++i) moved[i] = at[i] - h * v[i];
      set_theta(model, moved);
      const Theta below = slope(model, part, terms);
      set_theta(model, at);
      for (size_t i = 0; i < v.size(); ++i) sum[i] += v[i] * (above[i] - below[i]) / (2 * h);
      count += 1;
    }
  });
  for (double& s : sum) s = std::abs(s) / std::max(count, 1.0);
  return sum;
}

/// Weights that go together.
struct Group {
  size_t              connection;
  std::vector<size_t> entries;   // of the connection's block
  double              score = 0;
};

}  // namespace

PrunedNetwork prune(Model& model, const Pruning& how, const Array& x, const std::vector<LossTerm>& loss) {
  if (!(how.share >= 0 && how.share <= 1) || !(how.blend >= 0 && how.blend <= 1))
    throw SpecError({}, "shares are within 0 and 1");
  if (how.block_rows == 0 || how.block_columns == 0 || how.batch == 0 || how.draws < 1)
    throw SpecError({}, "blocks, batches and draws are at least 1");
  const bool slopes = how.saliency != Saliency::magnitude;
  if (slopes && loss.empty()) throw SpecError({}, "slopes of which loss?", "give inputs, targets and a loss; or prune by magnitude");

  // which weights
  const ParameterMap&      map = model.plan().parameters;
  std::vector<std::string> known;
  std::vector<int>         blocks;
  std::vector<uint8_t>     chosen(map.size());
  for (size_t i = 0; i < map.blocks().size(); ++i) {
    const Block& b = map[int(i)];
    if (!b.name.starts_with("J_") || b.shape.size() != 2 || !b.learnable) continue;
    known.push_back(b.name);
    if (!how.connections.empty() && std::ranges::find(how.connections, b.name) == how.connections.end()) continue;
    blocks.push_back(int(i));
    for (size_t k = 0; k < b.size(); ++k) chosen[b.offset + k] = b.mask.empty() || b.mask[k];
  }
  for (const std::string& name : how.connections)
    if (std::ranges::find(known, name) == known.end())
      throw SpecError({}, fmt::format("there is no connection '{}' with weights that learn", name), did_you_mean(name, known, "there are"));
  if (blocks.empty()) throw SpecError({}, "the network has no weights that learn");

  // what each matters
  const Theta theta = theta_of(model);
  Theta       matters(theta.size());
  for (size_t i = 0; i < theta.size(); ++i) matters[i] = chosen[i] ? std::abs(theta[i]) : 0;
  if (slopes) {
    const Theta curved = curvature(model, how, x, loss, chosen);
    double      all = 0, sizes = 0;
    for (size_t i = 0; i < theta.size(); ++i)
      if (chosen[i]) all += 0.5 * curved[i] * theta[i] * theta[i], sizes += matters[i];
    for (size_t i = 0; i < theta.size(); ++i) {
      const double own = 0.5 * curved[i] * theta[i] * theta[i];
      matters[i] = how.blend == 0 ? own
                                  : (1 - how.blend) * (all > 0 ? own / all : 0) + how.blend * (sizes > 0 ? matters[i] / sizes : 0);
    }
  }

  // who goes together
  std::vector<Group>  groups;
  std::vector<size_t> counts;
  for (size_t c = 0; c < blocks.size(); ++c) {
    const Block& b    = map[blocks[c]];
    const size_t rows = b.shape[0], columns = b.shape[1];
    const size_t high = how.unit == PruneUnit::column ? rows : how.unit == PruneUnit::block ? how.block_rows : 1;
    const size_t wide = how.unit == PruneUnit::row ? columns : how.unit == PruneUnit::block ? how.block_columns : 1;
    size_t       count = 0;
    for (size_t r = 0; r < rows; r += high)
      for (size_t k = 0; k < columns; k += wide) {
        Group group{c, {}};
        for (size_t i = r; i < std::min(r + high, rows); ++i)
          for (size_t j = k; j < std::min(k + wide, columns); ++j) {
            const size_t entry = i * columns + j;
            if (chosen[b.offset + entry]) group.entries.push_back(entry), group.score += matters[b.offset + entry];
          }
        if (group.entries.empty()) continue;
        group.score /= double(group.entries.size());
        count += group.entries.size();
        groups.push_back(std::move(group));
      }
    counts.push_back(count);
  }

  // who goes: the least first, as long as no more than the share has gone
  std::ranges::stable_sort(groups, {}, &Group::score);
  PrunedNetwork         result{.model = model.stored(), .connections = {}};
  std::vector<size_t>   gone(blocks.size());
  std::vector<std::vector<uint8_t>> masks;
  for (const int block : blocks) {
    const Block& b = map[block];
    masks.push_back(b.mask.empty() ? std::vector<uint8_t>(b.size(), 1) : b.mask);
  }
  const double all = double(std::accumulate(counts.begin(), counts.end(), size_t{0}));
  for (const Group& group : groups) {
    const double so_far = how.each ? double(gone[group.connection]) : double(std::accumulate(gone.begin(), gone.end(), size_t{0}));
    const double most   = how.share * (how.each ? double(counts[group.connection]) : all);
    if (so_far + double(group.entries.size()) > most + 1e-9) continue;
    for (const size_t entry : group.entries) masks[group.connection][entry] = 0;
    gone[group.connection] += group.entries.size();
  }
  for (size_t c = 0; c < blocks.size(); ++c) {
    const Block&        b = map[blocks[c]];
    std::vector<double> W = model.parameter(b.name).as_double();
    for (size_t k = 0; k < W.size(); ++k)
      if (!masks[c][k]) W[k] = 0;
    const std::vector<int64_t> shape = {int64_t(b.shape[0]), int64_t(b.shape[1])};
    if (gone[c] > 0) {
      result.model.set(b.name, {shape, std::move(W)});
      result.model.set("mask/" + b.name, {shape, masks[c]});
    }
    result.connections.push_back({b.name, counts[c], counts[c] - gone[c]});
  }
  return result;
}

}  // namespace dynode
