#include "dynode/learn/objective.h"

#include <algorithm>
#include <fmt/format.h>

#include "dynode/base/error.h"

namespace dynode {
namespace {

bool by_weights(const ObjectiveTerm& t) { return t.loss && t.loss->of_weights; }
bool by_sums(const ObjectiveTerm& t) { return t.loss && t.loss->of_sums; }
bool by_batch(const ObjectiveTerm& t) { return t.loss && t.loss->of_batch; }
bool on_network(const ObjectiveTerm& t) { return t.loss && t.loss->on_network; }
bool by_rows(const ObjectiveTerm& t) { return t.loss && t.loss->row_additive(); }

/// Positions of the steps of one row that count.
std::vector<size_t> counted_steps(const uint8_t* mask, size_t steps) {
  std::vector<size_t> positions;
  for (size_t t = 0; t < steps; ++t)
    if (mask[t]) positions.push_back(t);
  return positions;
}

}  // namespace

template <class R>
Objective<R>::Objective(const Plan& plan, std::vector<ObjectiveTerm> terms, bool own)
    : plan_(plan), terms_(std::move(terms)), own_(own) {
  bool weights = false;
  networks_.resize(terms_.size());
  network_bars_.resize(terms_.size());
  batch_bars_.resize(terms_.size());
  for (size_t i = 0; i < terms_.size(); ++i) {
    ObjectiveTerm& t = terms_[i];
    watched_at_.emplace_back();
    weights |= by_weights(t) || on_network(t);
    if (elsewhere(i)) {
      add_own_run(i);
      continue;
    }
    if (on_network(t)) {
      networks_[i]  = observe_network(plan, *t.loss, t.arguments);
      t.layer       = networks_[i]->layers[0];
      t.more_layers = {networks_[i]->layers.begin() + 1, networks_[i]->layers.end()};
      t.pooling     = {.kind = Pooling::Kind::none};
      t.state       = -1;
    }
    if (by_weights(t)) continue;
    expects(t.more_layers.empty() || t.pooling.kind == Pooling::Kind::none, "layers side by side are not pooled");
    const auto watch = [&](int layer, int state) {
      size_t at = 0;
      while (at < watched_.size() && (watched_[at] != layer || watched_states_[at] != state)) ++at;
      watched_at_.back().push_back(at);
      if (at == watched_.size()) watched_.push_back(layer), watched_states_.push_back(state);
    };
    watch(t.layer, t.state);
    for (const int layer : t.more_layers) watch(layer, -1);
  }
  normaliser_.resize(terms_.size());
  pooled_.resize(terms_.size());
  pooled_bars_.resize(terms_.size());
  row_values_.resize(terms_.size());
  sums_.resize(terms_.size());
  slopes_.resize(terms_.size());
  recurrent_.resize(terms_.size());
  for (size_t i = 0; i < terms_.size(); ++i) {
    if (!terms_[i].loss || !terms_[i].loss->on_recurrent) continue;
    weights             = true;
    const int id        = plan.layers[size_t(terms_[i].layer)].layer_id;
    recurrent_[i].block = plan.parameters.find(fmt::format("J_{}_to_{}", id, id));
    if (recurrent_[i].block < 0)
      throw SpecError({}, fmt::format("loss '{}': layer {} has no weights to itself", terms_[i].loss->name, id),
                      fmt::format("add a connection from layer {} to layer {}, or name another one in layer_ids", id,
                                  id));
  }

  // learnable weights of connections, each once
  if (!weights) return;
  theta_.assign(plan.theta.begin(), plan.theta.end());
  const int first = plan.input < 0 ? -1 : plan.layers[size_t(plan.input)].layer_id;
  const int last  = plan.layers[size_t(plan.output)].layer_id;
  for (const ConnectionSpec& c : plan.spec.connections) {
    const int block = plan.parameters.find(fmt::format("J_{}_to_{}", c.from_layer, c.to_layer));
    const auto same = [&](const Connection& known) { return known.block == block; };
    if (block < 0 || !plan.parameters[block].learnable || std::ranges::any_of(connections_, same)) continue;
    const bool inner = c.from_layer == c.to_layer;
    connections_.push_back({!inner && c.from_layer == first ? WeightPlace::input
                            : !inner && c.to_layer == last  ? WeightPlace::readout
                                                            : WeightPlace::hidden,
                            block});
  }
}

template <class R>
void Objective<R>::set_parameters(std::span<const R> theta) {
  expects(theta.size() == plan_.parameters.size(), "θ has the length of the plan");
  if (!theta_.empty()) theta_.assign(theta.begin(), theta.end());
}

template <class R>
size_t Objective<R>::units(size_t term) const {
  size_t sum = plan_.layers[size_t(terms_[term].layer)].units;
  for (const int layer : terms_[term].more_layers) sum += plan_.layers[size_t(layer)].units;
  return sum;
}

template <class R>
size_t Objective<R>::entries(size_t term) const {
  return pooled_steps(terms_[term].pooling, steps_);
}

template <class R>
GradientOptions Objective<R>::options(size_t steps) const {
  GradientOptions o;
  o.watched        = watched_;
  o.watched_states = watched_states_;
  o.first_entry    = steps + 1;
  for (size_t i = 0; i < terms_.size(); ++i) {
    if (by_weights(terms_[i]) || elsewhere(i)) continue;
    const bool masked = targets_ && !(*targets_)[i].mask.empty();   // the last steps that count may lie anywhere
    o.first_entry = std::min(o.first_entry, masked ? 1 : reads_from_step(terms_[i].pooling, steps) + 1);
  }
  return o;
}

template <class R>
void Objective<R>::set_batch(size_t rows, size_t steps, const std::vector<BatchTarget<R>>& targets) {
  if (targets.size() != terms_.size()) throw ShapeError("targets", {int64_t(terms_.size())}, {int64_t(targets.size())});
  rows_ = rows, steps_ = steps, targets_ = &targets;
  for (size_t i = 0; i < terms_.size(); ++i) {
    const ObjectiveTerm& t = terms_[i];
    row_values_[i].assign(rows, 0.0);
    if (by_weights(t) || elsewhere(i)) continue;
    const size_t units = this->units(i), entries = this->entries(i);
    const auto&  target = targets[i];
    pooled_[i].resize(rows * entries * units);
    if (by_sums(t)) sums_[i].assign(rows, {});
    if (networks_[i]) network_bars_[i].assign(rows, {});
    if (!target.mask.empty() && target.mask.size() != rows * steps)
      throw ShapeError("mask", {int64_t(rows), int64_t(steps)}, {int64_t(target.mask.size())});
    if (!t.loss) continue;
    const uint8_t* mask = target.mask.empty() || entries == 1 ? nullptr : target.mask.data();
    if (t.loss->target == LossTarget::nothing) {
      normaliser_[i] = loss_count(*t.loss, t.arguments, rows, entries, units, nullptr, mask);
      continue;
    }
    if (!target.classes.empty()) {
      if (target.classes.size() != rows * entries)
        throw ShapeError("classes", {int64_t(rows), int64_t(entries)}, {int64_t(target.classes.size())});
      check_classes(rows, entries, units, target.classes.data());
    }
    if (!target.values.empty() && target.values.size() != rows * entries * units)
      throw ShapeError("targets", {int64_t(rows), int64_t(entries), int64_t(units)}, {int64_t(target.values.size())});
    if (t.loss->target == LossTarget::classes && target.classes.empty())
      throw ShapeError(fmt::format("loss '{}' needs a class per row", t.loss->name));
    if (t.loss->target == LossTarget::values && target.values.empty())
      throw ShapeError(fmt::format("loss '{}' needs target values", t.loss->name));
    normaliser_[i] = loss_count(*t.loss, t.arguments, rows, entries, units,
                                target.classes.empty() ? nullptr : target.classes.data(), mask);
  }
}

/// Fills pooled_ with the rows of a tile.
template <class R>
void Objective<R>::collect(size_t term, const TileOutputs<R>& seen) {
  const ObjectiveTerm& t     = terms_[term];
  const size_t         units = this->units(term), size = entries(term) * units;
  const auto&          mask  = (*targets_)[term].mask;
  std::vector<R>       counted;
  size_t               first_unit = 0;
  for (const size_t at : watched_at_[term]) {
    const size_t own = plan_.layers[size_t(watched_[at])].units;
    for (size_t row = 0; row < seen.rows; ++row) {
      const R* values = seen.values[at] + (row * (seen.steps + 1) + 1) * own;   // without the initial entry
      R*       to     = pooled_[term].data() + (seen.first_row + row) * size;
      if (own != units) {
        for (size_t n = 0; n < seen.steps; ++n)
          for (size_t i = 0; i < own; ++i) to[n * units + first_unit + i] = R(t.pooling.scale * values[n * own + i]);
      } else if (mask.empty() || t.pooling.kind == Pooling::Kind::none) {
        pool(t.pooling, values, seen.steps, units, to);
      } else {
        const auto steps = counted_steps(mask.data() + (seen.first_row + row) * seen.steps, seen.steps);
        counted.clear();
        for (const size_t n : steps) counted.insert(counted.end(), values + n * units, values + (n + 1) * units);
        pool(t.pooling, counted.data(), steps.size(), units, to);
      }
    }
    first_unit += own;
  }
}

/// The adjoint of collect.
template <class R>
void Objective<R>::hand_back(size_t term, const TileOutputs<R>& seen, const R* bar) {
  const ObjectiveTerm& t     = terms_[term];
  const size_t         units = this->units(term), size = entries(term) * units;
  const auto&          mask  = (*targets_)[term].mask;
  std::vector<R>       counted, counted_bar;
  size_t               first_unit = 0;
  for (const size_t at : watched_at_[term]) {
    const size_t own = plan_.layers[size_t(watched_[at])].units;
    for (size_t row = 0; row < seen.rows; ++row) {
      const size_t begin  = (row * (seen.steps + 1) + 1) * own;
      const R*     values = seen.values[at] + begin;
      R*           to     = seen.bars[at] + begin;
      const R*     from   = bar + row * size;
      if (own != units) {
        for (size_t n = 0; n < seen.steps; ++n)
          for (size_t i = 0; i < own; ++i) to[n * own + i] += R(t.pooling.scale * from[n * units + first_unit + i]);
      } else if (mask.empty() || t.pooling.kind == Pooling::Kind::none) {
        pool_adjoint(t.pooling, values, seen.steps, units, from, to);
      } else {
        const auto steps = counted_steps(mask.data() + (seen.first_row + row) * seen.steps, seen.steps);
        counted.clear();
        for (const size_t n : steps) counted.insert(counted.end(), values + n * units, values + (n + 1) * units);
        counted_bar.assign(counted.size(), R(0));
        pool_adjoint(t.pooling, counted.data(), steps.size(), units, from, counted_bar.data());
        for (size_t k = 0; k < steps.size(); ++k)
          for (size_t i = 0; i < units; ++i) to[steps[k] * units + i] += counted_bar[k * units + i];
      }
    }
    first_unit += own;
  }
}

template <class R>
LossCall<R> Objective<R>::call(size_t term, const TileOutputs<R>& seen) const {
  const size_t          units = this->units(term), entries = this->entries(term);
  const BatchTarget<R>& target = (*targets_)[term];
  LossCall<R>           call{.rows = seen.rows, .steps = entries, .units = units};
  call.output = pooled_[term].data() + seen.first_row * entries * units;
  if (terms_[term].loss->target != LossTarget::nothing || own_) {
    if (!target.classes.empty()) call.classes = target.classes.data() + seen.first_row * entries;
    if (!target.values.empty()) call.values = target.values.data() + seen.first_row * entries * units;
  }
  if (!target.mask.empty() && terms_[term].pooling.kind == Pooling::Kind::none)
    call.mask = target.mask.data() + seen.first_row * entries;
  call.normaliser = normaliser_[term];
  call.weight     = terms_[term].weight;
  if (recurrent_[term].block >= 0) call.recurrent = recurrent_[term].weights.data();
  if (networks_[term]) call.network = &networks_[term]->view;
  return call;
}

/// Outputs of the tiles for losses by batch, and their sums for losses by sums.
template <class R>
TileLoss<R> Objective<R>::first_look() {
  return [this](const TileOutputs<R>& seen) {
    for (size_t i = 0; i < terms_.size(); ++i) {
      if (!by_sums(terms_[i]) && !by_batch(terms_[i])) continue;
      collect(i, seen);
      if (by_batch(terms_[i])) continue;
      std::vector<UnitSums>& sums = sums_[i][seen.first_row];
      sums.assign(units(i), {});
      add_sums(call(i, seen), sums);
    }
    return 0.0;
  };
}

/// Adds the sums up, tile by tile, and shows losses by batch their batch. @return the value of these losses
template <class R>
double Objective<R>::settle_rows(bool with_adjoint) {
  double total = 0;
  for (size_t i = 0; i < terms_.size(); ++i) {
    const ObjectiveTerm& t = terms_[i];
    if (by_batch(t)) {
      LossCall<R> all = call(i, {.first_row = 0, .rows = rows_, .steps = steps_, .values = {}, .bars = {}});
      batch_bars_[i].assign(with_adjoint ? pooled_[i].size() : 0, R(0));
      if (with_adjoint) all.output_bar = batch_bars_[i].data();
      row_values_[i][0] = value_and_adjoint(*t.loss, t.arguments, all);
      total += row_values_[i][0];
    }
    if (!by_sums(t)) continue;
    std::vector<UnitSums> all(units(i));
    for (const std::vector<UnitSums>& tile : sums_[i])
      for (size_t k = 0; k < tile.size(); ++k) {
        all[k].sum += tile[k].sum;
        all[k].magnitude += tile[k].magnitude;
        all[k].square += tile[k].square;
      }
    slopes_[i].assign(units(i), {});
    row_values_[i][0] =
        normaliser_[i] > 0 ? t.weight * t.loss->of_sums(t.arguments, normaliser_[i], all, slopes_[i]) : 0;
    total += row_values_[i][0];
  }
  return total;
}

/// Value of the losses by rows; adjoints of all.
template <class R>
TileLoss<R> Objective<R>::second_look(bool with_adjoint) {
  for (size_t i = 0; i < terms_.size() && with_adjoint; ++i) pooled_bars_[i].resize(pooled_[i].size());
  return [this, with_adjoint](const TileOutputs<R>& seen) {
    double sum = 0;
    for (size_t i = 0; i < terms_.size(); ++i) {
      const ObjectiveTerm& t = terms_[i];
      if (by_weights(t) || elsewhere(i) || ((by_sums(t) || by_batch(t)) && !with_adjoint)) continue;
      collect(i, seen);
      if (!t.loss) continue;
      LossCall<R> call = this->call(i, seen);
      if (with_adjoint) {
        const size_t size = entries(i) * units(i), first = seen.first_row * size, count = seen.rows * size;
        call.output_bar   = pooled_bars_[i].data() + first;
        if (by_batch(t)) std::copy_n(batch_bars_[i].data() + first, count, call.output_bar);
        else std::fill_n(call.output_bar, count, R(0));
        if (networks_[i]) {
          auto& slopes = network_bars_[i][seen.first_row];
          slopes.clear();
          for (const std::vector<double>& numbers : networks_[i]->view.numbers) slopes.emplace_back(numbers.size());
          call.numbers_bar = &slopes;
        }
        if (recurrent_[i].block >= 0) {
          std::vector<double>& slopes = recurrent_[i].bars[seen.first_row];
          slopes.assign(units(i) * units(i), 0.0);
          call.recurrent_bar = slopes.data();
        }
      }
      if (by_batch(t)) {
        // settled
      } else if (by_sums(t)) {
        if (with_adjoint) add_adjoint_of_sums<R>(call, slopes_[i]);
      } else {
        const double value = value_and_adjoint(*t.loss, t.arguments, call);
        row_values_[i][seen.first_row] = value;
        sum += value;
      }
      if (with_adjoint) hand_back(i, seen, call.output_bar);
    }
    return sum;
  };
}

template <class R>
TileLoss<R> Objective<R>::tile_loss(bool with_adjoint) {
  for (const ObjectiveTerm& t : terms_)
    if (t.loss && (!by_rows(t) || t.loss->on_recurrent || t.loss->on_network))
      throw SpecError({}, fmt::format("loss '{}' {} and cannot be had tile by tile", t.loss->name,
                                      t.loss->couples_rows() ? "couples the rows of a batch" : "looks at weights"));
  return second_look(with_adjoint);
}

template <class R>
void Objective<R>::take_recurrent() {
  for (Recurrent& r : recurrent_)
    if (r.block >= 0) {
      r.weights = acting_weights(plan_.parameters, theta_, r.block);
      r.bars.assign(rows_, {});
    }
  for (auto& net : networks_)
    for (size_t n = 0; net && n < net->blocks.size(); ++n)
      net->view.numbers[n] = acting_weights(plan_.parameters, theta_, net->blocks[n]);
}

/// Value of the losses by weights; adds their gradient, and that of losses on recurrent weights, to θ̄ if it is there.
template <class R>
double Objective<R>::weights(R* theta_bar) {
  if (theta_bar)
    for (const Recurrent& r : recurrent_) {
      if (r.block < 0) continue;
      std::vector<double> sum(r.weights.size());
      for (const std::vector<double>& tile : r.bars)
        for (size_t k = 0; k < tile.size(); ++k) sum[k] += tile[k];
      add_acting_slopes(plan_.parameters, theta_, r.block, sum, theta_bar);
    }
  for (size_t i = 0; i < networks_.size() && theta_bar; ++i) {
    if (!networks_[i]) continue;
    for (size_t n = 0; n < networks_[i]->blocks.size(); ++n) {
      std::vector<double> sum(networks_[i]->view.numbers[n].size());
      for (const auto& tile : network_bars_[i])
        for (size_t k = 0; k < sum.size() && !tile.empty(); ++k) sum[k] += tile[n][k];
      add_acting_slopes(plan_.parameters, theta_, networks_[i]->blocks[n], sum, theta_bar);
    }
  }
  if (theta_.empty()) return 0;
  const ParameterMap&              map = plan_.parameters;
  std::vector<std::vector<double>> values, bars(connections_.size());
  for (const Connection& c : connections_) values.push_back(acting_weights(map, theta_, c.block));

  double total = 0;
  for (size_t n = 0; n < terms_.size(); ++n) {
    const ObjectiveTerm& t = terms_[n];
    if (!by_weights(t)) continue;
    std::vector<LossWeights> seen;
    for (size_t i = 0; i < connections_.size(); ++i) {
      bars[i].assign(values[i].size(), 0.0);
      seen.push_back({connections_[i].place, values[i], map[connections_[i].block].mask, bars[i]});
    }
    row_values_[n][0] = t.weight * t.loss->of_weights(t.arguments, seen);
    total += row_values_[n][0];
    for (size_t i = 0; i < connections_.size() && theta_bar; ++i) {
      for (double& slope : bars[i]) slope *= t.weight;
      add_acting_slopes(map, theta_, connections_[i].block, bars[i], theta_bar);
    }
  }
  return total;
}

template <class R>
bool Objective<R>::couples() const {
  return std::ranges::any_of(terms_, [](const ObjectiveTerm& t) { return t.loss && t.loss->couples_rows(); });
}

template <class R>
double Objective<R>::gradient(Engine<R>& engine, const RunInput<R>& input, const AdjointPolicy& adjoint,
                              const GradientOutputs<R>& outputs) {
  GradientOptions options  = this->options(steps_);
  options.adjoint = adjoint;
  double others            = 0;
  take_recurrent();
  if (couples()) {
    engine.loss(input, first_look(), options);
    others = settle_rows(true);
  }
  const double rows = engine.gradient(input, second_look(true), options, outputs);
  others += weights(outputs.theta_bar);
  return rows + others + own_runs(engine, input, adjoint, &outputs);
}

template <class R>
double Objective<R>::loss(Engine<R>& engine, const RunInput<R>& input) {
  const GradientOptions options = this->options(steps_);
  take_recurrent();
  // without adjoints one look does: values of losses by sums come after it
  const TileLoss<R> sums = first_look(), rows = second_look(false);
  const TileLoss<R> both    = [&](const TileOutputs<R>& seen) { return sums(seen) + rows(seen); };
  const double      by_rows = engine.loss(input, both, options);
  const double others  = settle_rows(false) + weights(nullptr);
  return by_rows + others + own_runs(engine, input, {}, nullptr);
}

template <class R>
double Objective<R>::count(size_t term) const {
  const Objective* own = own_run_of(term);
  return own ? own->count(0) : normaliser_[term];
}

template <class R>
double Objective<R>::value(size_t term) const {
  if (const Objective* own = own_run_of(term)) return own->value(0);
  double sum = 0;
  for (double v : row_values_[term]) sum += v;
  return sum;
}

template class Objective<float>;
template class Objective<double>;

}  // namespace dynode
