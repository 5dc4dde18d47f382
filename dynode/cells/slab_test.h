// One step of one kind of cell on one slab, for tests: numbers by (component, row, unit), the same in every layout.
//
//   SlabRun<double> run(cell, source, {Layout::tiles, 16});      rows = 16 lanes, kUnits units
//   run.step(); run.pull(); run.next(0, row, unit) …
#pragma once
#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "dynode/base/buffer.h"
#include "dynode/base/random.h"
#include "dynode/cells/cell.h"
#include "dynode/kernels/isa.h"
#include "dynode/sources/default_rate_table.h"
#include "dynode/sources/rate_table.h"
#include "dynode/sources/source.h"

namespace dynode {

/// Kernels fetched while it lives are of the plainest instruction set, the one that has derived adjoints.
struct Plainest {
  Plainest() { use_isa(isa_names().back()); }
  ~Plainest() { use_isa(""); }
};

constexpr size_t kUnits = 5;  // no multiple of any vector but one

/// Three of four do, among them those from a unit to itself.
constexpr bool synapse_exists(size_t from, size_t to) { return (from + 3 * to) % 4 != 2; }

/// How a slab lies in memory.
struct SlabShape {
  Layout layout;
  size_t rows;
};

/// The built-in table, prepared for lookups.
template <class R>
const RateTable<R>& test_table() {
  static const RateTable<R> table = [] {
    const float*              g = default_rate_table();
    const std::vector<double> values(g, g + kDefaultTableSize * kDefaultTableSize);
    return RateTable<R>({0, 0.0025, kDefaultTableSize}, {0.95, 0.00775, kDefaultTableSize}, values.data());
  }();
  return table;
}

/// A number in [low, high] for this place, the same in every layout and precision.
inline double number_at(const std::string& what, size_t row, size_t unit, double low, double high) {
  Random random(row * 1000 + unit, what);
  return low + (high - low) * double(float(random.uniform()));
}

/// A plausible value of a parameter: around its default and inside its range.
inline double parameter_at(const ParamFacts& p, size_t unit, double dt) {
  if (p.per_synapse) return number_at(p.name, 0, unit, p.value - 0.3, p.value + 0.3);
  const double middle = p.alternative.name[0] ? p.alternative.to_parameter(p.alternative.value, dt) : p.value;
  const double spread = p.log ? 0.5 * middle : 0.3;
  return std::clamp(number_at(p.name, 0, unit, middle - spread, middle + spread), std::max(p.min, -1e3) + 0.05 * !p.log,
                    p.max);
}

template <class R>
class SlabRun {
 public:
  SlabRun(const CellEntry& cell, int source, SlabShape shape, size_t first_row = 0)
      : cell(cell),
        kernels_(cell.kernels(source).template of<R>()),
        width_(dense_kernels<R>().width),
        first_row_(first_row) {
    dt               = R(cell.dt ? cell.dt : 1);
    slab             = {shape.layout, kUnits, shape.rows, shape.layout == Layout::tiles ? shape.rows : padded(kUnits)};
    const auto slabs = [&](size_t count, const std::string& name, double low, double high) {
      std::vector<Buffer<R>> list;
      for (size_t i = 0; i < count; ++i) {
        list.emplace_back(slab.size());
        for (size_t row = 0; row < slab.rows; ++row)
          for (size_t unit = 0; unit < kUnits; ++unit)
            list[i][at(row, unit)] = R(number_at(name + std::to_string(i), row + first_row, unit, low, high));
      }
      return list;
    };
    state     = slabs(cell.states.size(), "state", 0.0, 0.7);
    drive     = slabs(cell.ports.size(), "drive", -1.2, 1.2);
    lambda    = slabs(cell.states.size(), "lambda", -1.0, 1.0);
    next      = slabs(cell.states.size(), "next", 7.0, 8.0);      // to be written over
    drive_bar = slabs(cell.ports.size(), "drive_bar", 7.0, 8.0);  // likewise
    for (size_t from = 0; from < kUnits; ++from) {
      begin_.push_back(uint32_t(target_.size()));
      for (size_t to = 0; to < kUnits; ++to)
        if (synapse_exists(from, to)) target_.push_back(uint32_t(to));
    }
    begin_.push_back(uint32_t(target_.size()));
    for (const SettingFacts& f : cell.settings) settings_.push_back(f.value);
    for (const ParamFacts& p : cell.params) {
      const size_t count = p.per_synapse ? target_.size() : kUnits;
      params.emplace_back(padded(count));
      for (size_t unit = 0; unit < padded(count); ++unit)
        params.back()[unit] = R(parameter_at(p, std::min(unit, count - 1), double(dt)));
      params_bar.emplace_back(padded(count) * width_);
    }
    for (const ConstantFacts& c : cell.constants) {
      params.emplace_back(padded(kUnits));
      for (size_t unit = 0; unit < padded(kUnits); ++unit)
        params.back()[unit] = R(c.value + number_at(c.name, 0, std::min(unit, kUnits - 1), 0.0, 1.0));
      params_bar.emplace_back(padded(kUnits) * width_);
    }
    dts_   = Buffer<R>(std::max(slab.rows, width_));
    dt_bar = Buffer<R>(slab.rows * (shape.layout == Layout::tiles ? 1 : width_));
    if (cell.tape_size) tape_ = Buffer<R>(cell.tape_size(slab, width_, settings_.data()));
  }

  /// Where a number stands in a slab.
  size_t at(size_t row, size_t unit) const {
    return slab.layout == Layout::tiles ? unit * slab.stride + row : row * slab.stride + unit;
  }

  /// Another number for a setting of the cell. (One that decides the size of the tape keeps its default.)
  void set(const std::string& setting, double value) {
    for (size_t i = 0; i < settings_.size(); ++i)
      if (cell.settings[i].name == setting) settings_[i] = value;
  }

  void step() { kernels_.step(args()); }
  void pull() { kernels_.pull(pull_args()); }
  /// Of a run made where a Plainest lives.
  void pull_derived() { kernels_.pull_derived(pull_args()); }
  bool starts() const { return kernels_.start != nullptr; }
  void start() { kernels_.start(args_in_place()); }
  void start_pull() { kernels_.start_pull(pull_args()); }
  bool observes() const { return kernels_.observe != nullptr; }
  /// Observables, one slab each.
  std::vector<Buffer<R>> observe() {
    std::vector<Buffer<R>> out;
    for (size_t i = 0; i < cell.observables.size(); ++i) out.emplace_back(slab.size());
    const auto to = pointers<R*>(out);
    kernels_.observe(args(), to.data());
    return out;
  }

  /// The gradient of a parameter of one unit, summed over rows.
  double param_bar(size_t param, size_t unit) const {
    double sum = 0;
    for (size_t lane = 0; lane < bar_stride(param); ++lane) sum += params_bar[param][unit * bar_stride(param) + lane];
    return sum;
  }
  /// Lanes of a gradient, kept apart.
  size_t bar_stride(size_t param) const {
    return slab.layout == Layout::tiles || cell.params[param].per_synapse ? width_ : 1;
  }
  /// Units, or synapses.
  size_t count_of_param(size_t param) const { return cell.params[param].per_synapse ? target_.size() : kUnits; }
  double dt_gradient() const {
    double sum = 0;
    for (R x : dt_bar) sum += x;
    return sum;
  }

  /// All results of step and pull in the order of rows and units, layout forgotten.
  std::vector<double> results() const {
    std::vector<double> list;
    for (const auto* group : {&next, &lambda, &drive_bar})
      for (const auto& b : *group)
        for (size_t row = 0; row < slab.rows; ++row)
          for (size_t unit = 0; unit < kUnits; ++unit) list.push_back(b[at(row, unit)]);
    return list;
  }
  /// Gradients of parameters and dt.
  std::vector<double> sums() const {
    std::vector<double> list;
    for (size_t p = 0; p < cell.params.size(); ++p)
      for (size_t unit = 0; unit < count_of_param(p); ++unit) list.push_back(param_bar(p, unit));
    list.push_back(dt_gradient());
    return list;
  }

  const CellEntry&       cell;
  Slab                   slab;
  R                      dt;   // of row 0; every further row of the batch takes 1/64 more
  std::vector<Buffer<R>> params, state, drive, next, lambda, drive_bar, params_bar;
  Buffer<R>              dt_bar;

 private:
  size_t padded(size_t n) const { return (n + width_ - 1) / width_ * width_; }

  template <class P, class Buffers>
  static std::vector<P> pointers(Buffers& buffers) {
    std::vector<P> list;
    for (auto& b : buffers) list.push_back(b.data());
    return list;
  }
  StepArgs<R> args() {
    params_at_ = pointers<const R*>(params), state_at_ = pointers<const R*>(state);
    drive_at_ = pointers<R*>(drive), next_at_ = pointers<R*>(next);
    for (size_t row = 0; row < slab.rows; ++row) dts_[row] = dt + R(row + first_row_) / R(64);
    rows_ = {begin_.data(), target_.data()};
    return {slab, dts_.data(), &test_table<R>(), {settings_.data(), &rows_}, params_at_.data(), state_at_.data(),
            drive_at_.data(), next_at_.data(), tape_.data()};
  }
  StepArgs<R> args_in_place() {
    StepArgs<R> a = args();
    next_at_ = pointers<R*>(state), a.next = next_at_.data();
    return a;
  }
  PullArgs<R> pull_args() {
    lambda_at_ = pointers<R*>(lambda), drive_bar_at_ = pointers<R*>(drive_bar),
    params_bar_at_ = pointers<R*>(params_bar);
    return {args(), lambda_at_.data(), drive_bar_at_.data(), params_bar_at_.data(), dt_bar.data()};
  }

  StepKernels<R>        kernels_;
  size_t                width_, first_row_;
  Buffer<R>             dts_, tape_{0};
  std::vector<uint32_t> begin_, target_;
  std::vector<double>   settings_;
  SparseRows            rows_;
  std::vector<const R*> params_at_, state_at_;
  std::vector<R*>       drive_at_, next_at_, lambda_at_, drive_bar_at_, params_bar_at_;
};

/// Takes the noise out of a run: its constants become those of a quiet cell.
template <class R>
void silence(SlabRun<R>& run) {
  for (size_t c = 0; c < run.cell.constants.size(); ++c)
    if (run.cell.constants[c].from == ConstantFacts::From::noise)
      std::fill(run.params[run.cell.params.size() + c].begin(), run.params[run.cell.params.size() + c].end(), R(run.cell.constants[c].value));
}

/// Calls visit(cell, source) for every kind of cell with every source function it can have.
template <class Visit>
void each_kind(const Visit& visit) {
  for (const CellEntry& cell : cells())
    for (size_t source = 0; source < (cell.source ? source_functions().size() : 1); ++source) visit(cell, int(source));
}

inline std::string kind_name(const CellEntry& cell, int source) {
  return cell.source ? std::string(cell.name) + " with " + source_functions()[size_t(source)].name : cell.name;
}

}  // namespace dynode
