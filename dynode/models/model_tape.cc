// Model: forward now, adjoint later.
#include "dynode/models/model_core-internal.h"
#include "dynode/run/tape.h"

namespace dynode {
using namespace model_detail;

namespace {

template <class R>
struct Taped {
  Core<R>&                    core;
  typename Core<R>::Input     in;
  std::vector<R>              spans   = {};
  std::vector<std::vector<R>> initial = {}, noise = {};
  RunInput<R>                 run = {};
  std::vector<Recordable>     chosen = {};
  std::unique_ptr<Tape<R>>    tape = {};

  std::vector<int64_t> shape(const Recordable& r) const {
    return {int64_t(in.rows), int64_t(in.steps + 1), int64_t(core.plan->layers[size_t(r.layer)].units)};
  }

  Pullback backward(const std::vector<std::pair<std::string, Array>>& bars, const PullbackRequest& wanted) {
    core.take_edits();
    std::vector<HistoryBar<R>>  histories;
    std::vector<std::vector<R>> converted;
    converted.reserve(bars.size());
    for (const auto& [name, array] : bars) {
      const auto r = std::find_if(chosen.begin(), chosen.end(), [&, &key = name](const Recordable& c) { return c.name == key; });
      if (r == chosen.end()) throw SpecError({}, fmt::format("'{}' was not recorded, so it has no gradient", name));
      if (array.shape != shape(*r)) throw ShapeError("gradient by " + name, shape(*r), array.shape);
      const auto* values = std::get_if<std::vector<R>>(&array.data);
      if (!values) values = &converted.emplace_back(numbers<R>(array));
      histories.push_back({r->layer, r->index, values->data()});
    }

    Pullback           result;
    std::vector<R>     theta_bar(core.theta.size()), x_bar, spans_bar;
    GradientOutputs<R> outputs{theta_bar.data()};
    typename Core<R>::NamedNumbers initial_bar;
    if (wanted.spans && spans.empty()) throw SpecError({}, "there are no time spans to have a gradient", "give timespans");
    if (wanted.spans) spans_bar.resize(spans.size()), outputs.spans_bar = spans_bar.data();
    if (wanted.input) x_bar.resize(in.rows * in.steps * core.plan->input_width()), outputs.x_bar = x_bar.data();
    if (wanted.initial) core.add_initial_bars(in.rows, outputs, initial_bar);
    run.stop = wanted.stop;
    core.engine.pull_taped(*tape, run, histories, outputs);
    result.theta = make_array({int64_t(core.theta.size())}, std::move(theta_bar));
    if (wanted.input) result.input = core.as_given(in, std::move(x_bar));
    if (wanted.spans) result.spans = make_array({int64_t(in.rows), int64_t(in.steps)}, std::move(spans_bar));
    result.initial = core.as_arrays(in.rows, std::move(initial_bar));
    return result;
  }
};

}  // namespace

struct TapedRun::Impl {
  Results results = {};
  std::variant<std::monostate, std::unique_ptr<Taped<float>>, std::unique_ptr<Taped<double>>> taped = {};

  template <class R>
  void run(Core<R>& core, const Array& x, const SimulateOptions& options) {
    std::unique_ptr<Taped<R>> t(new Taped<R>{core, core.adapt(x)});
    t->spans = core.spans(options.timespans, t->in.rows, t->in.steps);
    t->run   = {t->in.x.data(), t->in.rows, t->in.steps, core.initial(options.initial_states, t->in.rows, t->initial),
                t->spans.empty() ? nullptr : t->spans.data(), core.noise(options.noise, t->in.rows, t->in.steps, t->noise),
                {}, options.stop};
    const Plan& plan = *core.plan;
    t->chosen = choose_records(plan, options.record, results.warnings);
    t->chosen.push_back({"output", "output", Recordable::What::state, plan.output, plan.layers[size_t(plan.output)].cell->output});
    std::vector<std::vector<R>> arrays;
    std::vector<Record<R>>      records;
    for (const Recordable& r : t->chosen) {
      if (r.what != Recordable::What::state)
        throw SpecError({}, fmt::format("'{}' has no gradient", r.name), "states and outputs have one");
      arrays.emplace_back(size_t(element_count(t->shape(r))));
      records.push_back({Record<R>::What::state, r.layer, r.index, arrays.back().data(), false, nullptr});
    }
    t->tape = core.engine.simulate_taped(t->run, records);
    for (size_t i = 0; i < records.size(); ++i)
      results.arrays.emplace_back(t->chosen[i].name, make_array(t->shape(t->chosen[i]), std::move(arrays[i])));
    results.steps = t->in.steps;
    taped = std::move(t);
  }
};

TapedRun::TapedRun(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TapedRun::TapedRun(TapedRun&&) noexcept = default;
TapedRun::~TapedRun() = default;

Results& TapedRun::results() { return impl_->results; }

Pullback TapedRun::backward(const std::vector<std::pair<std::string, Array>>& bars, const PullbackRequest& wanted) {
  if (auto* t = std::get_if<std::unique_ptr<Taped<float>>>(&impl_->taped)) return (*t)->backward(bars, wanted);
  return std::get<std::unique_ptr<Taped<double>>>(impl_->taped)->backward(bars, wanted);
}

TapedRun Model::simulate_taped(const Array& x, const SimulateOptions& options) {
  if (options.mask) throw SpecError({.path = "mask"}, "a taped run has no padded steps", "gradient() knows them");
  auto impl = std::make_unique<TapedRun::Impl>();
  impl_->visit([&]<class R>(Core<R>& c) { impl->run(c, x, options); });
  return TapedRun(std::move(impl));
}

std::variant<std::span<float>, std::span<double>> Model::theta() {
  using Views = std::variant<std::span<float>, std::span<double>>;
  return impl_->visit([]<class R>(Core<R>& c) {
    c.shared = true;
    return Views(std::span<R>(c.theta));
  });
}

}  // namespace dynode
