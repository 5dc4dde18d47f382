#include "dynode/learn/objective.h"

#include <algorithm>
#include <fmt/format.h>

#include "dynode/base/error.h"

namespace dynode {

template <class R>
Objective<R>::Objective(const Plan& plan, std::vector<ObjectiveTerm> terms) : plan_(plan), terms_(std::move(terms)) {
  for (const ObjectiveTerm& t : terms_) {
    if (!t.loss->row_additive)
      throw SpecError({}, fmt::format("loss '{}' couples the rows of a batch and cannot be trained with yet", t.loss->name));
    const auto found = std::find(watched_.begin(), watched_.end(), t.layer);
    watched_at_.push_back(size_t(found - watched_.begin()));
    if (found == watched_.end()) watched_.push_back(t.layer);
  }
  normaliser_.resize(terms_.size());
  pooled_.resize(terms_.size());
  row_values_.resize(terms_.size());
}

template <class R>
GradientOptions Objective<R>::options(size_t steps) const {
  GradientOptions o;
  o.watched     = watched_;
  o.first_entry = steps + 1;
  for (const ObjectiveTerm& t : terms_) o.first_entry = std::min(o.first_entry, reads_from_step(t.pooling, steps) + 1);
  return o;
}

template <class R>
void Objective<R>::set_batch(size_t rows, size_t steps, const std::vector<BatchTarget<R>>& targets) {
  if (targets.size() != terms_.size()) throw ShapeError("targets", {int64_t(terms_.size())}, {int64_t(targets.size())});
  rows_ = rows, steps_ = steps, targets_ = &targets;
  for (size_t i = 0; i < terms_.size(); ++i) {
    const ObjectiveTerm& t = terms_[i];
    const size_t units  = plan_.layers[size_t(t.layer)].units;
    const size_t entries = t.pooling.kind == Pooling::Kind::none ? steps : 1;
    const auto&  target = targets[i];
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
                                target.classes.empty() ? nullptr : target.classes.data());
    pooled_[i].resize(rows * entries * units);
    row_values_[i].assign(rows, 0.0);
  }
}

template <class R>
TileLoss<R> Objective<R>::tile_loss(bool with_adjoint) {
  return [this, with_adjoint](const TileOutputs<R>& seen) {
    double         sum = 0;
    std::vector<R> bar;
    for (size_t i = 0; i < terms_.size(); ++i) {
      const ObjectiveTerm& t = terms_[i];
      const size_t units   = plan_.layers[size_t(t.layer)].units, row_stride = (seen.steps + 1) * units;
      const size_t entries = t.pooling.kind == Pooling::Kind::none ? seen.steps : 1, size = entries * units;
      const R*     values  = seen.values[watched_at_[i]] + units;   // without the initial entry
      R*           bars    = seen.bars[watched_at_[i]] + units;
      R*           pooled  = pooled_[i].data() + seen.first_row * size;
      for (size_t row = 0; row < seen.rows; ++row)
        pool(t.pooling, values + row * row_stride, seen.steps, units, pooled + row * size);

      if (with_adjoint) bar.assign(seen.rows * size, R(0));
      const BatchTarget<R>& target = (*targets_)[i];
      LossCall<R> call{.rows = seen.rows, .steps = entries, .units = units, .output = pooled};
      if (!target.classes.empty()) call.classes = target.classes.data() + seen.first_row * entries;
      if (!target.values.empty()) call.values = target.values.data() + seen.first_row * size;
      call.normaliser = normaliser_[i];
      call.weight     = t.weight;
      call.output_bar = with_adjoint ? bar.data() : nullptr;
      const double value = value_and_adjoint(*t.loss, t.arguments, call);
      row_values_[i][seen.first_row] = value;
      sum += value;

      if (with_adjoint)
        for (size_t row = 0; row < seen.rows; ++row)
          pool_adjoint(t.pooling, values + row * row_stride, seen.steps, units, bar.data() + row * size, bars + row * row_stride);
    }
    return sum;
  };
}

template <class R>
double Objective<R>::value(size_t term) const {
  double sum = 0;
  for (double v : row_values_[term]) sum += v;
  return sum;
}

template class Objective<float>;
template class Objective<double>;

}  // namespace dynode
