#include "dynode/models/forward_forward.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "dynode/base/random.h"
#include "dynode/learn/optimizer.h"
#include "dynode/params/parameters.h"

namespace dynode {
namespace {

double softplus(double x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }
double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

}  // namespace

struct ForwardForwardTrainer::Adam {
  std::variant<Optimizer<float>, Optimizer<double>> of;
};

ForwardForwardTrainer::ForwardForwardTrainer(Model& model, size_t classes, ForwardForward how)
    : model_(&model), classes_(classes), how_(std::move(how)) {
  const Plan& plan = model.plan();
  if (classes < 2) throw SpecError({}, "forward-forward tells two labels apart, or more");
  if (plan.input_width() <= classes)
    throw SpecError({}, fmt::format("the first layer takes {} numbers, but {} of them are labels", plan.input_width(), classes),
                    "it needs room for the features and a number per label");
  if (how_.steps == 0 || !(how_.rate > 0) || (how_.decay && !(*how_.decay > 0 && *how_.decay <= 1)))
    throw SpecError({}, "forward-forward needs steps, a rate above 0, and a decay within (0, 1]");
  for (const LayerSpec& l : plan.spec.layers) {
    const LayerPlan& layer = plan.layers[size_t(plan.find_layer(l.layer_id))];
    const bool       asked = how_.layers.empty() || std::ranges::find(how_.layers, l.layer_id) != how_.layers.end();
    if (!asked || layer.is_input || layer.cell->static_map) continue;
    std::vector<uint8_t> own(plan.parameters.size());
    bool                 any = false;
    for (const ConnectionSpec& c : plan.spec.connections) {
      if (c.to_layer != l.layer_id) continue;
      for (const char* letter : {"J", "b"}) {
        const int block = plan.parameters.find(fmt::format("{}_{}_to_{}", letter, c.from_layer, c.to_layer));
        if (block < 0 || !plan.parameters[block].learnable) continue;
        const Block& b = plan.parameters[block];
        std::fill_n(own.begin() + ptrdiff_t(b.offset), b.size(), uint8_t{1});
        any = true;
      }
    }
    if (!any) continue;
    layers_.push_back(l.layer_id);
    learns_.push_back(std::move(own));
  }
  for (const int id : how_.layers)
    if (std::ranges::find(layers_, id) == layers_.end())
      throw SpecError({}, fmt::format("layer {} cannot learn by forward-forward", id), "it needs a memory, and weights into it that learn");
  if (layers_.empty()) throw SpecError({}, "no layer has a memory and weights that learn");
  const OptimizerSettings adam{.kind = OptimizerKind::adam};
  adam_ = model.precision() == Precision::float64 ? std::make_unique<Adam>(Adam{Optimizer<double>(adam, plan.parameters.size())})
                                                  : std::make_unique<Adam>(Adam{Optimizer<float>(adam, plan.parameters.size())});
}

ForwardForwardTrainer::~ForwardForwardTrainer() = default;

/// Features and label in every step. [rows][steps][features + classes]
Array ForwardForwardTrainer::labelled(const Array& x, const std::vector<int64_t>& labels) const {
  const size_t width = model_->plan().input_width(), features = width - classes_;
  const bool   held  = x.shape.size() == 2;
  if ((!held && x.shape.size() != 3) || x.shape.back() != int64_t(features))
    throw ShapeError("x", {-1, int64_t(features)}, x.shape, fmt::format("features of each row, or [rows, steps, {}]", features));
  const size_t              rows = size_t(x.shape[0]), steps = held ? how_.steps : size_t(x.shape[1]);
  const std::vector<double> values = x.as_double();
  std::vector<double>       all(rows * steps * width);
  for (size_t row = 0; row < rows; ++row)
    for (size_t t = 0; t < steps; ++t) {
      const auto to = all.begin() + ptrdiff_t((row * steps + t) * width);
      std::copy_n(values.begin() + ptrdiff_t((held ? row : row * steps + t) * features), features, to);
      to[ptrdiff_t(features) + labels[row]] = how_.label_scale;
    }
  return {{int64_t(rows), int64_t(steps), int64_t(width)}, std::move(all)};
}

auto ForwardForwardTrainer::step(const Array& x, const Array& given) -> Step {
  const std::vector<int64_t> right = given.as_integers("labels");
  if (x.shape.empty() || given.shape != std::vector{x.shape[0]}) throw ShapeError("labels", {x.shape.empty() ? 0 : x.shape[0]}, given.shape, "one per row");
  const size_t B = right.size();
  for (const int64_t label : right)
    if (label < 0 || label >= int64_t(classes_))
      throw ShapeError(fmt::format("label {} is outside 0 to {}", label, classes_ - 1));

  // rows with their labels, then the same rows with wrong ones
  Random               random(how_.seed, fmt::format("forward_forward/{}", updates_));
  std::vector<int64_t> labels = right;
  for (const int64_t label : right) labels.push_back((label + 1 + int64_t(random.integer(classes_ - 1))) % int64_t(classes_));
  Array twice = x;
  twice.shape[0] *= 2;
  std::visit([](auto& values) { values.reserve(2 * values.size()), values.insert(values.end(), values.begin(), values.end()); }, twice.data);
  std::vector<std::string> records;
  for (const int id : layers_) records.push_back(fmt::format("s/{}", id));
  TapedRun run = model_->simulate_taped(labelled(twice, labels), {.record = records, .track = false, .noise = {.training = true}});

  Step                done{0, {}, {}};
  std::vector<double> gradient(model_->plan().parameters.size());
  for (size_t l = 0; l < layers_.size(); ++l) {
    const Array&              history = run.results().at(records[l]);
    const std::vector<double> s = history.as_double();
    const size_t              T = size_t(history.shape[1]) - 1, n = size_t(history.shape[2]);
    std::vector<double>       weights(T), bars(s.size());
    double                    sum = 0;
    for (size_t t = how_.decay ? 0 : T - 1; t < T; ++t) sum += weights[t] = std::pow(how_.decay.value_or(1), double(t) + 1 - double(T));
    double up = 0, down = 0;
    for (size_t b = 0; b < B; ++b)
      for (size_t t = how_.decay ? 0 : T - 1; t < T; ++t) {
        const size_t at_right = (b * (T + 1) + t + 1) * n, at_wrong = ((b + B) * (T + 1) + t + 1) * n;
        double       good = 0, bad = 0;
        for (size_t k = 0; k < n; ++k) good += s[at_right + k] * s[at_right + k] / double(n), bad += s[at_wrong + k] * s[at_wrong + k] / double(n);
        const double share = weights[t] / sum / double(B);
        done.loss += share * (softplus(how_.threshold - good) + softplus(bad - how_.threshold) + softplus(how_.margin - (good - bad)));
        const double gap = sigmoid(how_.margin - (good - bad));
        const double good_bar = -share * (sigmoid(how_.threshold - good) + gap), bad_bar = share * (sigmoid(bad - how_.threshold) + gap);
        for (size_t k = 0; k < n; ++k)
          bars[at_right + k] = good_bar * 2 * s[at_right + k] / double(n), bars[at_wrong + k] = bad_bar * 2 * s[at_wrong + k] / double(n);
        if (t + 1 == T) up += good / double(B), down += bad / double(B);
      }
    done.right.emplace_back(layers_[l], up), done.wrong.emplace_back(layers_[l], down);

    // only what leads into this layer hears of it
    const std::vector<double> bar = run.backward({{records[l], Array{history.shape, std::move(bars)}}}).theta.as_double();
    for (size_t i = 0; i < gradient.size(); ++i)
      if (learns_[l][i]) gradient[i] += bar[i];
  }

  ++updates_;
  std::visit(
      [&](auto theta) {
        using R = typename decltype(theta)::value_type;
        const std::vector<R> slope(gradient.begin(), gradient.end());
        std::get<Optimizer<R>>(adam_->of).step(theta, std::span<const R>(slope), how_.rate, updates_);
        project(model_->plan().parameters, theta.data());
      },
      model_->theta());
  return done;
}

Array ForwardForwardTrainer::goodness(const Array& x) {
  const size_t        rows = x.shape.empty() ? 0 : size_t(x.shape[0]);
  std::vector<double> all(rows * classes_);
  std::vector<std::string> records;
  for (const int id : layers_) records.push_back(fmt::format("s/{}", id));
  for (size_t c = 0; c < classes_; ++c) {
    const Results run = model_->simulate(labelled(x, std::vector<int64_t>(rows, int64_t(c))),
                                         {.record = records, .track = false, .stop_early = false, .noise = {.on = false}});
    for (const std::string& name : records) {
      const Array&              history = run.at(name);
      const std::vector<double> s = history.as_double();
      const size_t              entries = size_t(history.shape[1]), n = size_t(history.shape[2]);
      for (size_t row = 0; row < rows; ++row)
        for (size_t k = 0; k < n; ++k) {
          const double last = s[((row + 1) * entries - 1) * n + k];
          all[row * classes_ + c] += last * last / double(n);
        }
    }
  }
  return {{int64_t(rows), int64_t(classes_)}, std::move(all)};
}

std::vector<int64_t> ForwardForwardTrainer::predict(const Array& x) {
  const Array               sums = goodness(x);
  const std::vector<double> G    = sums.as_double();
  std::vector<int64_t>      answers;
  for (size_t row = 0; row < size_t(sums.shape[0]); ++row) {
    const auto first = G.begin() + ptrdiff_t(row * classes_);
    answers.push_back(std::max_element(first, first + ptrdiff_t(classes_)) - first);
  }
  return answers;
}

}  // namespace dynode
