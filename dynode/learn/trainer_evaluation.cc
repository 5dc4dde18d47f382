#include "dynode/learn/trainer_evaluation.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace dynode {
namespace {

constexpr size_t kEvaluationRows = 256;  // per batch
constexpr uint64_t kEvaluationPass = uint64_t{1} << 63;  // no update: every evaluation has the same noise
constexpr size_t kExamples       = 12;
constexpr size_t kWrongExamples  = 4;    // of these, at most
constexpr size_t kExampleLayers  = 3;

template <class R>
Array make_array(std::vector<size_t> shape, std::vector<R> values) {
  return {{shape.begin(), shape.end()}, std::move(values)};
}

/// Rows that are read wrongly: at least `wanted`, if there are so many.
template <class R>
std::vector<size_t> wrong_rows(Engine<R>& engine, Minibatch<R>& batch, const Dataset& data,
                               std::span<const size_t> rows, size_t wanted) {
  std::vector<size_t> wrong;
  if (!data.has_classes() || data.entries() > 1) return wrong;
  const size_t units = engine.plan().layers[size_t(engine.plan().output)].units;
  for (size_t at = 0; at < rows.size() && wrong.size() < wanted; at += kEvaluationRows) {
    const auto some = rows.subspan(at, std::min(kEvaluationRows, rows.size() - at));
    batch.load(data, some);
    batch.loss(engine);
    for (size_t i = 0; i < some.size(); ++i)
      if (int64_t(predicted_class(batch.pooled().data() + i * units, units)) != data.label(some[i]))
        wrong.push_back(some[i]);
  }
  return wrong;
}

/// Some that are read wrongly, of different classes if possible; then a row of every other class, then the first of
/// the others; ascending.
std::vector<size_t> choose_examples(const Dataset& data, std::span<const size_t> rows, std::span<const size_t> wrong) {
  std::vector<size_t>  chosen;
  std::vector<int64_t> seen;
  const auto take = [&](std::span<const size_t> from, size_t most, bool new_classes) {
    for (const size_t row : from) {
      if (chosen.size() >= most) break;
      if (std::ranges::find(chosen, row) != chosen.end()) continue;
      if (new_classes && std::ranges::find(seen, data.label(row)) != seen.end()) continue;
      if (new_classes) seen.push_back(data.label(row));
      chosen.push_back(row);
    }
  };
  take(wrong, kWrongExamples, true);
  take(wrong, kWrongExamples, false);
  if (data.has_classes()) take(rows, kExamples, true);
  take(rows, kExamples, false);
  std::ranges::sort(chosen);
  return chosen;
}

}  // namespace

/// The terms, and if `states` is true the last states of all layers that have some.
static std::vector<ObjectiveTerm> with_states(const Plan& plan, std::vector<ObjectiveTerm> terms, bool states) {
  for (size_t i = 0; i < plan.layers.size() && states; ++i) {
    const LayerPlan& layer = plan.layers[i];
    if (layer.is_input || layer.cell->static_map || plan.find_core(layer.layer_id) != int(i)) continue;
    for (size_t state = 0; state < layer.cell->states.size(); ++state)
      terms.push_back({.layer = int(i), .pooling = {.kind = Pooling::Kind::final}, .loss = nullptr, .arguments = {}, .weight = 0,
                       .more_layers = {}, .state = int(state)});
  }
  return terms;
}

template <class R>
Minibatch<R>::Minibatch(const Plan& plan, const std::vector<ObjectiveTerm>& terms, const AdjointPolicy& adjoint, bool states)
    : objective_(plan, with_states(plan, terms, states)),
      first_kept_(terms.size()),
      adjoint_(adjoint),
      units_(plan.layers[size_t(plan.output)].units),
      takes_spans_(plan.takes_spans()),
      targets_(objective_.terms().size()) {}

template <class R>
void Minibatch<R>::carry_states(StateSelection whose, Random random) {
  starts_.clear();
  start_rows_      = rows_;
  const size_t row = whose == StateSelection::last ? rows_ - 1 : whose == StateSelection::random ? size_t(random.integer(rows_)) : 0;
  for (size_t i = first_kept_; i < objective_.terms().size(); ++i) {
    const ObjectiveTerm&  term  = objective_.terms()[i];
    const std::vector<R>& last  = objective_.pooled(i);
    const size_t          units = last.size() / rows_;
    Start                 start{term.layer, term.state, last};
    for (size_t r = 0; r < rows_ && whose != StateSelection::each; ++r)
      std::copy_n(last.begin() + ptrdiff_t(row * units), units, start.values.begin() + ptrdiff_t(r * units));
    starts_.push_back(std::move(start));
  }
}

template <class R>
void Minibatch<R>::load(const Dataset& data, std::span<const size_t> rows, Stretch stretch) {
  for (Start& start : starts_) {   // rows that were not there begin in state 0
    const size_t units = start.values.size() / start_rows_;
    start.values.resize(rows.size() * units);
  }
  rows_ = start_rows_ = rows.size();
  steps_   = data.steps();
  entries_ = data.entries();
  x_.resize(rows_ * steps_ * data.width());
  data.fill(rows, x_.data(), targets_[0], takes_spans_ ? &spans_ : nullptr);
  cut(stretch, data.width());
  task_ = data.task();
  labels_.clear();
  if (task_)
    for (const size_t row : rows) labels_.push_back(data.trial_label(row));
  for (size_t i = 1; i < targets_.size(); ++i) {
    const LossEntry* loss = objective_.terms()[i].loss;
    if (loss && loss->target == LossTarget::nothing) targets_[i].mask = targets_[0].mask;
    else targets_[i] = targets_[0];
  }
  objective_.set_batch(rows_, steps_, targets_);
}

template <class R>
std::vector<double> Minibatch<R>::counts(const Dataset& data, std::span<const size_t> rows, Stretch stretch) {
  States states = take_states();
  load(data, rows, stretch);
  std::vector<double> counts;
  for (size_t i = 0; i < objective_.terms().size(); ++i) {
    const LossEntry* loss  = objective_.terms()[i].loss;
    const bool       plain = !loss || loss->of_weights || loss->run != LossRun::main;   // every row alike
    counts.push_back(plain ? double(rows.size()) : objective_.count(i));
  }
  put_states(std::move(states));
  return counts;
}

template <class R>
void Minibatch<R>::share(std::span<const double> shares) {
  for (size_t i = 0; i < shares.size(); ++i) objective_.set_weight(i, objective_.terms()[i].weight * shares[i]);
}

/// Leaves the steps of a stretch, of inputs and targets alike.
template <class R>
void Minibatch<R>::cut(Stretch stretch, size_t width) {
  stretch.end = std::min(stretch.end, steps_);
  if (stretch.begin == 0 && stretch.end == steps_) return;
  const size_t steps  = stretch.end - stretch.begin;
  const auto   keep   = [&](auto& list, size_t size) {
    std::remove_cvref_t<decltype(list)> kept;
    for (size_t row = 0; row < rows_ && !list.empty(); ++row) {
      const auto from = list.begin() + ptrdiff_t((row * steps_ + stretch.begin) * size);
      kept.insert(kept.end(), from, from + ptrdiff_t(steps * size));
    }
    list = std::move(kept);
  };
  keep(x_, width);
  keep(spans_, 1);
  keep(targets_[0].mask, 1);
  if (entries_ == steps_) {
    keep(targets_[0].values, targets_[0].values.size() / (rows_ * steps_));
    keep(targets_[0].classes, 1);
    entries_ = steps;
  }
  steps_ = steps;
}

template <class R>
double Minibatch<R>::gradient(Engine<R>& engine, R* theta_bar) {
  return objective_.gradient(engine, run_input(), adjoint_, {.theta_bar = theta_bar});
}

template <class R>
double Minibatch<R>::loss(Engine<R>& engine) {
  return objective_.loss(engine, run_input());
}

template <class R>
RunInput<R> Minibatch<R>::run_input() const {
  RunInput<R> input{.x       = x_.data(),
                    .rows    = rows_,
                    .steps   = steps_,
                    .initial = {},
                    .spans   = spans_.empty() ? nullptr : spans_.data(),
                    .noise   = noise};
  for (const Start& start : starts_) input.initial.push_back({start.layer, start.state, start.values.data(), true});
  return input;
}

template <class R>
MetricBatch<R> Minibatch<R>::outputs() const {
  const BatchTarget<R>& target = targets_[0];
  return {.rows    = rows_,
          .steps   = entries_,
          .units   = units_,
          .output  = pooled().data(),
          .classes = target.classes.empty() ? nullptr : target.classes.data(),
          .values  = target.values.empty() ? nullptr : target.values.data(),
          .mask    = target.mask.empty() || entries_ != steps_ ? nullptr : target.mask.data(),
          .task    = task_,
          .input   = x_.data(),
          .labels  = labels_.empty() ? nullptr : labels_.data()};
}

template <class R>
void Minibatch<R>::add_to(std::vector<Metric>& metrics) const {
  for (Metric& metric : metrics) metric.add(outputs());
}

template <class R>
void Minibatch<R>::add_to_confusion(std::vector<int64_t>& counts) const {
  add_confusion(outputs(), counts);
}

double SetLoss::value() const {
  double sum = 0;
  for (size_t i = 0; i < values.size(); ++i) sum += counts[i] > 0 ? values[i] / counts[i] : values[i];
  return sum;
}

template <class R>
void Minibatch<R>::add_to(SetLoss& loss) const {
  const size_t terms = objective_.terms().size();
  loss.values.resize(terms), loss.counts.resize(terms);
  for (size_t i = 0; i < terms; ++i) {
    const double count = objective_.count(i), value = objective_.value(i);
    const LossEntry* entry = objective_.terms()[i].loss;
    if (entry && entry->of_weights) loss.values[i] = value;
    else loss.values[i] += count * value, loss.counts[i] += count;
  }
}

template <class R>
Scores evaluate(Engine<R>& engine, Minibatch<R>& batch, const Dataset& data, std::span<const size_t> rows,
                std::vector<Metric> metrics, int64_t classes) {
  Scores result{.loss = 0, .metrics = std::move(metrics), .confusion = {}};
  result.confusion.assign(size_t(classes * classes), 0);
  const size_t most = batch.couples_rows() ? rows.size() : kEvaluationRows;
  SetLoss      loss;
  batch.forget_states();
  for (size_t at = 0; at < rows.size(); at += most) {
    batch.load(data, rows.subspan(at, std::min(most, rows.size() - at)));
    batch.noise = {.pass = kEvaluationPass, .first_row = at, .shares = std::move(batch.noise.shares)};
    batch.loss(engine);
    batch.add_to(loss);
    batch.add_to(result.metrics);
    if (classes > 0) batch.add_to_confusion(result.confusion);
    if (batch.carries) batch.carry_states(*batch.carries, Random(at, "stateful"));
  }
  batch.forget_states();
  result.loss = loss.value();
  return result;
}

template <class R>
std::vector<Npz::Entry> example_arrays(Engine<R>& engine, Minibatch<R>& batch, const Dataset& data,
                                       std::span<const size_t> rows) {
  const std::vector<size_t> wrong  = wrong_rows(engine, batch, data, rows, kWrongExamples);
  const std::vector<size_t> chosen = choose_examples(data, rows, wrong);
  const size_t              n = chosen.size(), steps = data.steps(), entries = data.entries();
  const Plan&               plan  = engine.plan();
  const size_t              units = plan.layers[size_t(plan.output)].units;
  batch.load(data, chosen);
  batch.loss(engine);

  // what they are and what the network says
  std::vector<Npz::Entry> arrays;
  std::vector<size_t>     per_target = entries > 1 ? std::vector{n, entries} : std::vector{n};
  std::vector<size_t>     outputs    = per_target;
  outputs.push_back(units);
  arrays.emplace_back("example_row", make_array({n}, std::vector<int64_t>(chosen.begin(), chosen.end())));
  arrays.emplace_back("example_input", make_array({n, steps, data.width()}, batch.input()));
  arrays.emplace_back("example_output", make_array(outputs, batch.pooled()));
  if (data.has_classes()) {
    std::vector<int64_t> labels, predictions;
    for (size_t i = 0; i < n * entries; ++i) {
      labels.push_back(data.label(chosen[i / entries], i % entries));
      predictions.push_back(int64_t(predicted_class(batch.pooled().data() + i * units, units)));
    }
    arrays.emplace_back("example_label", make_array(per_target, std::move(labels)));
    arrays.emplace_back("example_prediction", make_array(per_target, std::move(predictions)));
  } else {
    BatchTarget<R> target;
    data.fill(chosen, std::vector<R>(n * steps * data.width()).data(), target);
    arrays.emplace_back("example_target", make_array({n, entries * data.target_width()}, std::move(target.values)));
  }

  // what its layers did
  std::vector<int> layers;
  for (size_t i = plan.layers.size(); i-- > 0 && layers.size() < kExampleLayers;)
    if (!plan.layers[i].is_input && plan.layers[i].name == std::to_string(plan.layers[i].layer_id))
      layers.push_back(int(i));
  std::ranges::sort(layers);
  std::vector<std::vector<R>> histories;
  std::vector<Record<R>>      records;
  for (const int layer : layers) histories.emplace_back(n * (steps + 1) * plan.layers[size_t(layer)].units);
  for (size_t i = 0; i < layers.size(); ++i)
    records.push_back(
        {Record<R>::What::state, layers[i], plan.layers[size_t(layers[i])].cell->output, histories[i].data()});
  engine.simulate(batch.run_input(), records);
  for (size_t i = 0; i < layers.size(); ++i) {
    const LayerPlan& layer = plan.layers[size_t(layers[i])];
    arrays.emplace_back(fmt::format("s/{}", layer.layer_id),
                        make_array({n, steps + 1, layer.units}, std::move(histories[i])));
  }
  return arrays;
}

template class Minibatch<float>;
template class Minibatch<double>;
template Scores                  evaluate(Engine<float>&, Minibatch<float>&, const Dataset&, std::span<const size_t>,
                                          std::vector<Metric>, int64_t);
template Scores                  evaluate(Engine<double>&, Minibatch<double>&, const Dataset&, std::span<const size_t>,
                                          std::vector<Metric>, int64_t);
template std::vector<Npz::Entry> example_arrays(Engine<float>&, Minibatch<float>&, const Dataset&,
                                                std::span<const size_t>);
template std::vector<Npz::Entry> example_arrays(Engine<double>&, Minibatch<double>&, const Dataset&,
                                                std::span<const size_t>);

}  // namespace dynode
