#include "dynode/analysis/state_map.h"

#include <algorithm>
#include <fmt/format.h>

#include "dynode/base/error.h"

namespace dynode {
namespace {

/// States of all parts, part by part, as the engine takes them.
struct PartRows {
  std::vector<std::vector<double>>  values;  // per part [rows][units]
  std::vector<InitialState<double>> list;

  PartRows(const std::vector<CarriedState>& parts, size_t rows) {
    values.reserve(parts.size());
    for (const CarriedState& p : parts) {
      values.emplace_back(rows * p.units);
      list.push_back({p.layer, p.state, values.back().data(), true});
    }
  }
};

void spread(const std::vector<CarriedState>& parts, size_t size, std::span<const double> states, PartRows& to) {
  for (size_t i = 0; i < parts.size(); ++i)
    for (size_t row = 0; row < states.size() / size; ++row)
      std::copy_n(states.data() + row * size + parts[i].first, parts[i].units,
                  to.values[i].data() + row * parts[i].units);
}

}  // namespace

std::vector<CarriedState> carried_states(const Plan& plan) {
  std::vector<CarriedState> parts;
  size_t                    first = 0;
  for (size_t i = 0; i < plan.layers.size(); ++i) {
    const LayerPlan& l         = plan.layers[i];
    const bool       read_late = std::ranges::any_of(
              plan.connections, [&](const ConnectionPlan& c) { return c.from == int(i) && c.lag == 1 && c.delay == 0; });
    for (size_t s = 0; s < l.cell->states.size(); ++s) {
      // what is a function of the other states follows from them
      const bool follows = l.cell->states[s].memoryless && l.kernels.single.start;
      if (follows || (l.cell->states[s].memoryless && !(read_late && int(s) == l.cell->output))) continue;
      if (l.is_input && !read_late) continue;
      parts.push_back({fmt::format("{}/{}", l.name, l.cell->states[s].name), int(i), int(s), first, l.units});
      first += l.units;
    }
  }
  return parts;
}

StateMap::StateMap(std::shared_ptr<const Plan> plan, std::span<const double> theta, int threads)
    : plan_(std::move(plan)), engine_(plan_, std::make_shared<Threads>(threads)), parts_(carried_states(*plan_)) {
  for (const LayerPlan& l : plan_->layers)
    if (l.cell->fires)
      throw SpecError({}, fmt::format("layer {} ({}) fires, and spikes have no derivative", l.layer_id, l.cell->name),
                      "this analysis is for networks of rates");
  if (parts_.empty())
    throw SpecError({}, "no layer of this network carries a state from step to step",
                    "there are no dynamics to analyse");
  engine_.set_parameters(theta);
  size_ = parts_.back().first + parts_.back().units;

  const auto step_of = [&](const CarriedState& p) {
    const LayerPlan& l = plan_->layers[size_t(p.layer)];
    return plan_->dt_block >= 0 && !l.own_dt ? theta[plan_->parameters[plan_->dt_block].offset] : l.dt;
  };
  const bool same =
      std::ranges::all_of(parts_, [&](const CarriedState& p) { return step_of(p) == step_of(parts_[0]); });
  if (same && step_of(parts_[0]) > 0) dt_ = step_of(parts_[0]);
}

std::vector<double> StateMap::run(std::span<const double> x, size_t rows, size_t steps, std::span<const double> start) {
  expects(x.size() == rows * steps * input_width(), "every step of every row has an input");
  expects(start.empty() || start.size() == rows * size_, "every row has a start");
  RunInput<double> input{x.data(), rows, steps, {}};
  input.noise.on = false;
  PartRows begin(parts_, start.empty() ? 0 : rows);
  if (!start.empty()) {
    spread(parts_, size_, start, begin);
    input.initial = begin.list;
  }
  std::vector<std::vector<double>> histories;
  std::vector<Record<double>>      records;
  for (const CarriedState& p : parts_) {
    histories.emplace_back(rows * (steps + 1) * p.units);
    records.push_back({Record<double>::What::state, p.layer, p.state, histories.back().data()});
  }
  engine_.simulate(input, records);

  std::vector<double> all(rows * (steps + 1) * size_);
  for (size_t i = 0; i < parts_.size(); ++i)
    for (size_t entry = 0; entry < rows * (steps + 1); ++entry)
      std::copy_n(histories[i].data() + entry * parts_[i].units, parts_[i].units,
                  all.data() + entry * size_ + parts_[i].first);
  return all;
}

std::vector<double> StateMap::step(std::span<const double> states, std::span<const double> x) {
  const size_t              rows = states.size() / size_;
  const std::vector<double> all  = run(x, rows, 1, states);
  std::vector<double>       next(rows * size_);
  for (size_t row = 0; row < rows; ++row)
    std::copy_n(all.data() + (2 * row + 1) * size_, size_, next.data() + row * size_);
  return next;
}

std::vector<double> StateMap::pull(std::span<const double> states, std::span<const double> x,
                                   std::span<const double> v) {
  const size_t rows = states.size() / size_;
  expects(x.size() == rows * input_width() && v.size() == states.size(), "every row has an input and a vector");
  PartRows begin(parts_, rows), bars(parts_, rows);
  spread(parts_, size_, states, begin);
  RunInput<double> input{x.data(), rows, 1, begin.list};
  input.noise.on = false;
  GradientOptions options;
  for (const CarriedState& p : parts_) {
    options.watched.push_back(p.layer);
    options.watched_states.push_back(p.state);
  }
  options.first_entry         = 1;
  const TileLoss<double> loss = [&](const TileOutputs<double>& seen) {
    for (size_t i = 0; i < parts_.size(); ++i)
      for (size_t row = 0; row < seen.rows; ++row)
        std::copy_n(v.data() + (seen.first_row + row) * size_ + parts_[i].first, parts_[i].units,
                    seen.bars[i] + (2 * row + 1) * parts_[i].units);
    return 0.0;
  };
  GradientOutputs<double> outputs;
  outputs.initial_bar = bars.list;
  engine_.gradient(input, loss, options, outputs);

  std::vector<double> back(rows * size_);
  for (size_t i = 0; i < parts_.size(); ++i)
    for (size_t row = 0; row < rows; ++row)
      std::copy_n(bars.values[i].data() + row * parts_[i].units, parts_[i].units,
                  back.data() + row * size_ + parts_[i].first);
  return back;
}

StateMap::Linear StateMap::linearise(std::span<const double> state, std::span<const double> x) {
  expects(state.size() == size_ && x.size() == input_width(), "a state and an input have their sizes");
  Linear l{step(state, x), {}};
  // row i asks for the derivative of s′ᵢ; so many rows at a time that their copies stay small
  constexpr size_t kRows = 256;
  l.jacobian.reserve(size_ * size_);
  for (size_t first = 0; first < size_; first += kRows) {
    const size_t        rows = std::min(kRows, size_ - first);
    std::vector<double> states, inputs, unit(rows * size_);
    for (size_t row = 0; row < rows; ++row) {
      states.insert(states.end(), state.begin(), state.end());
      inputs.insert(inputs.end(), x.begin(), x.end());
      unit[row * size_ + first + row] = 1;
    }
    const std::vector<double> part = pull(states, inputs, unit);
    l.jacobian.insert(l.jacobian.end(), part.begin(), part.end());
  }
  return l;
}

}  // namespace dynode
