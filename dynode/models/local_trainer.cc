#include "dynode/models/local_trainer.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <numeric>

#include "dynode/base/text.h"
#include "dynode/learn/loss.h"
#include "dynode/plan/arguments.h"

namespace dynode {
namespace {

/// The last `entries` of axis 1. x: [rows][all][units]
std::vector<double> last_of(const Array& x, size_t entries) {
  const size_t        rows = size_t(x.shape[0]), all = size_t(x.shape[1]), units = size_t(x.shape[2]);
  std::vector<double> values = x.as_double(), last;
  for (size_t row = 0; row < rows; ++row) {
    const auto end = values.begin() + ptrdiff_t((row + 1) * all * units);
    last.insert(last.end(), end - ptrdiff_t(entries * units), end);
  }
  return last;
}

/// The last output and what was asked of it.
struct Answer {
  size_t               rows, units;
  std::vector<double>  output;    // [rows][units]
  std::vector<int64_t> classes;   // [rows], or
  std::vector<double>  values;    // [rows][units]

  void take(const Array& target) {
    const bool whole = std::holds_alternative<std::vector<int64_t>>(target.data) ||
                       std::holds_alternative<std::vector<uint8_t>>(target.data);
    if (whole) {
      if (target.shape != std::vector{int64_t(rows)})
        throw ShapeError("target", {int64_t(rows)}, target.shape, "whole numbers are classes, one per row");
      classes = target.as_integers("target");
      check_classes(rows, 1, units, classes.data());
    } else {
      if (target.size() != rows * units) throw ShapeError("target", {int64_t(rows), int64_t(units)}, target.shape);
      values = target.as_double();
    }
  }

  /// Value of a loss over some rows.
  double loss(const LossEntry& entry, size_t first, size_t count) const {
    const Arguments arguments = check_arguments(entry.name, entry.facts, Value::map());
    if (!entry.row_additive() || entry.on_states || entry.on_recurrent)
      throw SpecError({}, fmt::format("loss '{}' looks at more than the last output", entry.name), "take mse or cross_entropy");
    if (entry.target == LossTarget::classes && classes.empty())
      throw ShapeError("target", {int64_t(rows)}, {}, fmt::format("{} needs classes, whole numbers", entry.name));
    if (entry.target == LossTarget::values && values.empty())
      throw ShapeError("target", {int64_t(rows), int64_t(units)}, {}, fmt::format("{} needs values", entry.name));
    check_loss(entry, arguments, 1, units);
    LossCall<double> call{.rows = count, .steps = 1, .units = units, .output = &output[first * units]};
    if (!classes.empty()) call.classes = &classes[first];
    if (!values.empty()) call.values = &values[first * units];
    call.normaliser = loss_count(entry, arguments, count, 1, units, call.classes);
    return entry.value_and_adjoint_double(arguments, call);
  }
};

std::vector<double> modulator_of(const LocalLearning& how, const Answer& answer) {
  std::vector<double> r(answer.rows);
  for (size_t row = 0; row < answer.rows; ++row) {
    switch (how.modulator) {
      case LocalModulator::none: return {};
      case LocalModulator::mse: r[row] = -answer.loss(find_loss("mse"), row, 1); break;
      case LocalModulator::cross_entropy: r[row] = -answer.loss(find_loss("cross_entropy"), row, 1); break;
      case LocalModulator::accuracy: {
        if (answer.classes.empty()) throw ShapeError("target", {int64_t(answer.rows)}, {}, "accuracy needs classes, whole numbers");
        const auto first = answer.output.begin() + ptrdiff_t(row * answer.units);
        const auto best  = std::max_element(first, first + ptrdiff_t(answer.units)) - first;
        r[row] = best == answer.classes[row] ? 1 : -1;
        break;
      }
    }
    r[row] *= how.modulator_scale;
  }
  const double mean = std::accumulate(r.begin(), r.end(), 0.0) / double(r.size());
  for (double& x : r) {
    if (how.modulator_of_batch) x = mean;
    if (how.modulator_centred) x -= mean;
  }
  return r;
}

double sign(double x) { return double(x > 0) - double(x < 0); }

void shorten_rows(std::vector<double>& w, size_t to, double longest) {
  const size_t from = w.size() / to;
  for (size_t i = 0; i < to; ++i) {
    double square = 0;
    for (size_t j = 0; j < from; ++j) square += w[i * from + j] * w[i * from + j];
    if (square > longest * longest)
      for (size_t j = 0; j < from; ++j) w[i * from + j] *= longest / std::sqrt(square);
  }
}

}  // namespace

LocalTrainer::LocalTrainer(Model& model, LocalLearning how)
    : model_(&model), how_(std::move(how)), rule_(&find_local_rule(how_.rule)),
      arguments_(check_arguments(rule_->name, rule_->facts, how_.params)), progress_(how_.length) {
  if (how_.modulator != LocalModulator::none) check_modulated(*rule_);
  if (how_.weight_range && how_.weight_range->first > how_.weight_range->second)
    throw SpecError({}, fmt::format("no weight is within [{}, {}]", how_.weight_range->first, how_.weight_range->second));
  if (!how_.schedule.is_null()) {
    Value settings = how_.schedule;
    schedule_ = &find_schedule(settings.at("type").text(), settings.at("type").at());
    settings.erase("type");
    schedule_arguments_ = check_arguments(schedule_->name, schedule_->facts, settings);
    check_schedule(*schedule_, {schedule_arguments_, how_.update.rate});
  }

  const Plan&              plan = model.plan();
  std::vector<std::string> names;
  for (const ConnectionPlan& k : plan.connections) {
    if (k.weights < 0 || k.delay > 0 || !k.name.starts_with("J_")) continue;   // constants, spikes, parts of a cell
    const Block& block = plan.parameters.blocks()[size_t(k.weights)];
    if (block.transform != Transform::identity) continue;                      // stored in another form than it acts
    names.push_back(k.name);
    const bool asked = std::ranges::find(how_.connections, k.name) != how_.connections.end();
    if (how_.connections.empty() ? !block.learnable : !asked) continue;
    const std::vector<double> w = model.parameter(k.name).as_double();
    Connection c{.name = k.name, .from = plan.layers[size_t(k.from)].layer_id, .to = plan.layers[size_t(k.to)].layer_id,
                 .first_sign = {}, .memory = {}};
    for (const double x : w) c.first_sign.push_back(sign(x));
    connections_.push_back(std::move(c));
  }
  for (const std::string& name : how_.connections)
    if (std::ranges::find(names, name) == names.end())
      throw SpecError({}, fmt::format("no weights '{}' can learn by a local rule", name), did_you_mean(name, names, "there are"));
  if (connections_.empty()) throw SpecError({}, "no connection can learn by a local rule", "it needs learnable weights");
}

LocalStep LocalTrainer::step(const Array& x, const std::optional<Array>& target) {
  SimulateOptions options{.track = false};
  for (const Connection& c : connections_)
    for (const int id : {c.from, c.to}) options.record.push_back(fmt::format("s/{}", id));
  std::ranges::sort(options.record);
  options.record.erase(std::unique(options.record.begin(), options.record.end()), options.record.end());
  options.noise.training = true;
  const Results run = model_->simulate(x, options);

  const Array& output = run.at("output");
  Answer answer{.rows = size_t(output.shape[0]), .units = size_t(output.shape[2]), .output = last_of(output, 1), .classes = {}, .values = {}};
  const bool wanted = how_.modulator != LocalModulator::none || !how_.loss.empty();
  if (wanted && !target) throw ShapeError("target", {int64_t(answer.rows)}, {}, "the modulator or the loss needs one");
  if (target) answer.take(*target);

  LocalStep done{.output = {{int64_t(answer.rows), int64_t(answer.units)}, answer.output}, .loss = {}, .modulator = modulator_of(how_, answer), .norms = {}};
  if (!how_.loss.empty()) done.loss = answer.loss(find_loss(how_.loss), 0, answer.rows);

  LocalUpdate update = how_.update;
  if (schedule_) update.rate = learning_rate(*schedule_, {schedule_arguments_, how_.update.rate}, progress_);
  std::vector<std::pair<std::string, Array>> changed;   // all change by what the network was
  for (Connection& c : connections_) {
    const Array &       pre = run.at(fmt::format("s/{}", c.from)), &post = run.at(fmt::format("s/{}", c.to));
    const size_t        entries = rule_->on_trajectories ? size_t(pre.shape[1]) : 1;
    const auto          before = model_->parameter(c.name);
    std::vector<double> w = before.as_double();
    const auto          sources = last_of(pre, entries), targets = last_of(post, entries);
    const auto          delta = local_update(*rule_, arguments_, update,
                                             {.rows = answer.rows, .steps = entries, .to = size_t(before.shape[0]),
                                              .from = size_t(before.shape[1]), .post = targets, .pre = sources, .weights = w,
                                              .modulator = done.modulator},
                                             c.memory);
    for (size_t i = 0; i < w.size(); ++i) {
      w[i] += delta[i];
      if (how_.preserve_sign && w[i] * c.first_sign[i] < 0) w[i] = 0;
      if (how_.weight_range) w[i] = std::clamp(w[i], how_.weight_range->first, how_.weight_range->second);
    }
    if (how_.max_row_norm > 0) shorten_rows(w, size_t(before.shape[0]), how_.max_row_norm);
    changed.emplace_back(c.name, Array{before.shape, std::move(w)});
  }
  for (const auto& [name, weights] : changed) {
    const std::vector<double> before = model_->parameter(name).as_double();
    model_->set_parameter(name, weights);   // absent weights and constraints
    const std::vector<double> after = model_->parameter(name).as_double();
    double square = 0;
    for (size_t i = 0; i < after.size(); ++i) square += std::pow(after[i] - before[i], 2);
    done.norms.emplace_back(name, std::sqrt(square));
  }
  ++progress_.update;
  return done;
}

}  // namespace dynode
