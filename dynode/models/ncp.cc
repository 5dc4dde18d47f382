#include "dynode/models/ncp.h"

#include <algorithm>
#include <fmt/format.h>

#include "dynode/base/text.h"

namespace dynode::ncp {
namespace {

using Shape = std::vector<int64_t>;

const char* word(MixedMemory memory) {
  return memory == MixedMemory::none ? "false" : memory == MixedMemory::state ? "state" : "input";
}

/// [T][B] … ⇄ [B][T] …
Array turned(const Array& a) {
  Array        to{a.shape, a.data};
  const size_t first = size_t(a.shape[0]), second = size_t(a.shape[1]),
               width = a.size() / std::max<size_t>(1, first * second);
  std::swap(to.shape[0], to.shape[1]);
  std::visit(
      [&](auto& values) {
        const auto from = values;
        for (size_t i = 0; i < first; ++i)
          for (size_t j = 0; j < second; ++j)
            std::copy_n(from.begin() + ptrdiff_t((i * second + j) * width), width,
                        values.begin() + ptrdiff_t((j * first + i) * width));
      },
      to.data);
  return to;
}

/// Entries [first, entries) of every row of a history [rows][entries][units].
Array entries_from(const Array& history, size_t first) {
  const size_t rows = size_t(history.shape[0]), entries = size_t(history.shape[1]), units = size_t(history.shape[2]);
  Array        to{{int64_t(rows), int64_t(entries - first), int64_t(units)}, history.data};
  std::visit(
      [&](auto& values) {
        auto at = values.begin();
        for (size_t row = 0; row < rows; ++row)
          at = std::copy_n(values.begin() + ptrdiff_t((row * entries + first) * units), (entries - first) * units, at);
        values.resize(size_t(at - values.begin()));
      },
      to.data);
  return to;
}
Array last_entry(const Array& history) {
  Array a = entries_from(history, size_t(history.shape[1]) - 1);
  a.shape.erase(a.shape.begin() + 1);
  return a;
}

void require(bool fine, const char* name, const Shape& expected, const Array& got, const std::string& hint) {
  if (!fine) throw ShapeError(name, expected, got.shape, hint);
}

Spec spec_of(int input_size, Layer layer) {
  if (input_size < 1)
    throw SpecError({.path = "input_size"}, fmt::format("is {}", input_size), "there is at least one input");
  Value params = layer.params.value();
  params.set("dim", layer.dim);
  Spec spec;
  spec.layers      = {{.layer_id = 0, .layer_type = "Input", .params = Value::map({{"dim", input_size}})},
                      {.layer_id = 1, .layer_type = std::move(layer.type), .params = std::move(params)}};
  spec.connections = {{.from_layer = 0, .to_layer = 1, .connection_type = "direct"}};
  return spec;
}

/// A wiring knows its inputs from here on.
Units built(const Units& units, int input_size) {
  if (std::holds_alternative<int>(units) || input_size < 1) return units;
  Wiring wiring = std::get<Wiring>(units);
  return wiring.build(input_size);
}

int inputs_of(std::optional<int> given, const Wiring& wiring) {
  if (given) return *given;
  if (const auto inputs = wiring.input_dim()) return *inputs;
  throw SpecError({.path = "in_features"}, "the wiring was not built, so the number of inputs is unknown",
                  "give it, or call build(inputs) on the wiring");
}

int dim_of(const Units& units) { return units.index() == 0 ? std::get<int>(units) : std::get<Wiring>(units).units(); }

const LayerPlan& core_of(const Plan& plan) { return plan.layers[size_t(plan.find_core(1))]; }

}  // namespace

// ---- layers ---------------------------------------------------------------------------------------------

Layer ltc_layer(const Units& units, const LTCOptions& o) {
  const LTCOptions usual;
  NamedValues      params;
  if (const Wiring* wiring = std::get_if<Wiring>(&units)) params.set("wiring", wiring->spec());
  const auto set = [&](const char* name, const auto& value, const auto& otherwise) {
    if (value != otherwise) params.set(name, value);
  };
  if (o.mixed_memory == MixedMemory::input)
    throw SpecError({.path = "mixed_memory"}, "an LTC has no mixed memory of the form 'input'",
                    "give state; CfC has both forms");
  if (o.mixed_memory != MixedMemory::none) params.set("mixed_memory", word(o.mixed_memory));
  set("input_mapping", o.input_mapping, usual.input_mapping);
  set("output_mapping", o.output_mapping, usual.output_mapping);
  set("ode_unfolds", o.ode_unfolds, usual.ode_unfolds);
  set("epsilon", o.epsilon, usual.epsilon);
  set("positivity", o.positivity, usual.positivity);
  set("solver", o.solver, usual.solver);
  set("elapsed_offset", o.elapsed_offset, usual.elapsed_offset);
  set("forget_bias", o.forget_bias, usual.forget_bias);
  set("dt", o.dt, usual.dt);
  Value ranges = Value::map();
  for (const auto& [name, range] : o.initialization_ranges)
    ranges.set(name, Value(std::vector<double>{range.first, range.second}));
  if (!ranges.empty()) params.set("initialization_ranges", std::move(ranges));
  return {"LTC", dim_of(units), params};
}

Layer cfc_layer(const Units& units, const CfCOptions& o) {
  const CfCOptions usual;
  NamedValues      params;
  if (const Wiring* wiring = std::get_if<Wiring>(&units)) params.set("wiring", wiring->spec());
  const auto set = [&](const char* name, const auto& value, const auto& otherwise) {
    if (value != otherwise) params.set(name, value);
  };
  const auto if_given = [&](const char* name, const auto& value) {
    if (value) params.set(name, *value);
  };
  if (o.mixed_memory != MixedMemory::none) params.set("mixed_memory", word(o.mixed_memory));
  set("mode", o.mode, usual.mode);
  set("activation", o.activation, usual.activation);
  if (o.proj_size && *o.proj_size < 1)
    throw SpecError({.path = "proj_size"}, fmt::format("is {}", *o.proj_size), "leave it out, or give at least 1");
  if_given("proj_size", o.proj_size);
  if_given("backbone_units", o.backbone_units);
  if_given("backbone_layers", o.backbone_layers);
  if_given("backbone_dropout", o.backbone_dropout);
  set("dropout_first_layer", o.dropout_first_layer, true);
  set("mask_time_heads", o.mask_time_heads, false);
  set("fully_recurrent", o.fully_recurrent, true);
  set("head_activation", o.head_activation, usual.head_activation);
  set("time_sign", o.time_sign, usual.time_sign);
  set("forget_bias", o.forget_bias, usual.forget_bias);
  set("dt", o.dt, usual.dt);
  if (o.sparsity_mask) {
    const Array& m = *o.sparsity_mask;
    if (m.shape.size() != 2)
      throw ShapeError("sparsity_mask", {-1, int64_t(dim_of(units))}, m.shape,
                       "rows are inputs, then units; columns are units");
    const std::vector<double> values = m.as_double();
    Value                     rows   = Value::list_of();
    for (int64_t i = 0; i < m.shape[0]; ++i)
      rows.push_back(
          Value(std::vector<double>(values.begin() + i * m.shape[1], values.begin() + (i + 1) * m.shape[1])));
    params.set("sparsity_mask", std::move(rows));
  }
  return {"CfC", dim_of(units), params};
}

// ---- networks -------------------------------------------------------------------------------------------

Network::Network(Model model, bool return_sequences, bool batch_first)
    : model_(std::move(model)), return_sequences_(return_sequences), batch_first_(batch_first) {
  const Spec&      spec  = model_.plan().spec;
  const CellEntry* layer = spec.layers.size() == 2 ? find_cell(spec.layers[1].layer_type) : nullptr;
  if (!layer || spec.layers[0].layer_id != 0 || spec.layers[1].layer_id != 1 || !layer->takes_sources)
    throw SpecError({.file = spec.file}, "this is no network of an input (layer 0) and one LTC or CfC (layer 1)",
                    "dynode::Model runs networks of any kind");
}

Network Network::load(const std::string& path, const ModelOptions& options) {
  return Network(Model::load(path, options));
}

LTC::LTC(int input_size, const Units& units, const LTCOptions& options)
    : Network(Model::from_spec(spec_of(input_size, ltc_layer(built(units, input_size), options)), options.model),
              options.return_sequences, options.batch_first) {}

CfC::CfC(int input_size, const Units& units, const CfCOptions& options)
    : Network(Model::from_spec(spec_of(input_size, cfc_layer(built(units, input_size), options)), options.model),
              options.return_sequences, options.batch_first) {}

int  Network::input_size() const { return int(model_.plan().input_width()); }
int  Network::state_size() const { return int(core_of(model_.plan()).units); }
int  Network::output_size() const { return int(model_.plan().layers[size_t(model_.plan().find_layer(1))].units); }
bool Network::mixed_memory() const {
  const auto& layers = model_.plan().layers;
  return std::ranges::any_of(layers, [](const LayerPlan& l) { return l.name == "1.memory"; });
}

dynode::Wiring Network::circuit() const {
  auto found = wirings_of(model_);
  if (found.empty()) throw SpecError({}, "a CfC without a wiring has no synapses to be counted", "give it a wiring");
  return std::move(found.front().second);
}

// ---- running --------------------------------------------------------------------------------------------

/// A call in the form a Model takes it.
struct Network::Run {
  Array                x;  // [B][T][inputs]
  InitialStates        start = {};
  std::optional<Array> spans = {}, mask = {};  // [B][T]
  bool                 batched;
};

Network::Run Network::prepare(const Array& input, const std::optional<State>& hx, const std::optional<Array>& timespans,
                              const std::optional<Array>& mask) const {
  const int64_t inputs = input_size(), units = state_size();
  const bool    batched = input.shape.size() == 3;
  const char*   axes    = batch_first_ ? "axes are [batch, time, inputs], or [time, inputs] of a single sequence"
                                       : "axes are [time, batch, inputs], or [time, inputs] of a single sequence";
  require(input.shape.size() == 2 || batched, "input", {-1, -1, inputs}, input, axes);
  require(input.shape.back() == inputs, "input", batched ? Shape{-1, -1, inputs} : Shape{-1, inputs}, input, axes);
  Run run{.x = batched && !batch_first_ ? turned(input) : input, .batched = batched};
  if (!batched) run.x.shape.insert(run.x.shape.begin(), 1);
  const int64_t rows = run.x.shape[0], steps = run.x.shape[1];

  // numbers of each step, in one of their forms
  const auto per_step = [&](const char* name, const Array& given) {
    Array      a    = given;
    const bool time = a.shape == Shape{steps};  // for all rows alike
    if (batched && a.shape.size() == 3 && a.shape[2] == 1) a.shape.pop_back();
    if (!batched && a.shape == Shape{steps, 1}) a.shape.pop_back();
    const Shape wanted = batch_first_ ? Shape{rows, steps} : Shape{steps, rows};
    if (batched && !time) {
      require(a.shape == wanted, name, wanted, given,
              fmt::format("[{}] for all rows alike and a last axis of 1 are fine, too", steps));
      return batch_first_ ? a : turned(a);
    }
    require(a.shape == Shape{steps}, name, {steps}, given, "one number per step of a single sequence");
    return a;
  };
  if (timespans) run.spans = per_step("timespans", *timespans);
  if (mask) {
    run.mask = per_step("mask", *mask);
    if (run.mask->shape.size() == 1) {  // for all rows alike
      std::vector<double> each = run.mask->as_double(), all;
      for (int64_t r = 0; r < rows; ++r) all.insert(all.end(), each.begin(), each.end());
      run.mask = Array{{rows, steps}, all};
    }
  }

  if (!hx) return run;
  const auto take = [&](const char* name, Array state, const std::string& to) {
    require(state.shape == (batched ? Shape{rows, units} : Shape{units}), name,
            batched ? Shape{rows, units} : Shape{units}, state,
            batched ? "a batch of inputs starts from a state per row"
                    : "a single sequence starts from a state without batch axis");
    if (!batched) state.shape.insert(state.shape.begin(), 1);
    run.start.emplace(to, std::move(state));
  };
  if (mixed_memory() && !hx->c)
    throw SpecError({.path = "hx"}, "with mixed memory there are two states, and one was given",
                    "give the pair {h0, c0}: that of the cell and that of its LSTM");
  if (!mixed_memory() && hx->c)
    throw SpecError({.path = "hx"}, "two states were given, but there is no LSTM in this network",
                    "give h0 alone, or make the network with mixed memory");
  take("h0", hx->h, "1");
  if (hx->c) take("c0", *hx->c, "1/c");
  return run;
}

Output Network::operator()(const Array& input, const std::optional<State>& hx, const std::optional<Array>& timespans,
                           const CallOptions& options) {
  const Plan&       plan  = model_.plan();
  const Run         run   = prepare(input, hx, timespans, options.mask);
  const LayerPlan&  core  = core_of(plan);
  const bool        whole = plan.find_core(1) == plan.find_layer(1);
  const std::string state = whole ? "s/1" : fmt::format("state/1/{}", core.cell->states[size_t(core.start_state)].name);

  SimulateOptions simulation{.record         = options.record,
                             .initial_states = run.start,
                             .timespans      = run.spans,
                             .mask           = run.mask,
                             .noise          = {.training = options.training, .pass = options.pass}};
  simulation.record.push_back(state);
  if (mixed_memory()) simulation.record.push_back("state/1/c");
  Results results = model_.simulate(run.x, simulation);

  const auto no_batch = [&](Array a) {
    if (!run.batched) a.shape.erase(a.shape.begin());
    return a;
  };
  const Array& history = results.at("output");
  Array        readout = return_sequences_ ? entries_from(history, 1) : last_entry(history);
  if (run.batched && return_sequences_ && !batch_first_) readout = turned(readout);
  State end(no_batch(last_entry(results.at(state))));
  if (mixed_memory()) end.c = no_batch(last_entry(results.at("state/1/c")));
  return {no_batch(std::move(readout)), std::move(end), std::move(results)};
}

Gradient Network::gradient(const Array& input, std::vector<LossTerm> loss, const std::optional<State>& hx,
                           const std::optional<Array>& timespans, GradientRequest request) {
  Run run = prepare(input, hx, timespans, request.mask);
  for (LossTerm& term : loss)
    if (!return_sequences_ && term.pooling == "none" && !term.layer) term.pooling = "final";
  request.initial_states = run.start;
  request.timespans      = run.spans;
  request.mask           = run.mask;
  return model_.gradient(run.x, loss, request);
}

// ---- single steps ---------------------------------------------------------------------------------------

Output Cell::operator()(const Array& x, const std::optional<State>& state, const std::variant<double, Array>& elapsed) {
  const int64_t inputs = network_.input_size();
  require(x.shape.size() == 1 || x.shape.size() == 2, "input", {-1, inputs}, x,
          "axes are [batch, inputs]: a cell takes one step");
  const bool    batched = x.shape.size() == 2;
  const int64_t rows    = batched ? x.shape[0] : 1;
  const Shape   lengths = network_.batch_first() ? Shape{rows, 1} : Shape{1, rows};
  Array         input{{lengths[0], lengths[1], x.shape.back()}, x.data};
  Array         spans{lengths, std::vector<double>(size_t(rows), elapsed.index() == 0 ? std::get<double>(elapsed) : 0)};
  if (const Array* each = std::get_if<Array>(&elapsed)) {
    const Shape s = each->shape;
    require(s == Shape{rows} || s == Shape{rows, 1} || (!batched && s.empty()), "elapsed", {rows}, *each,
            "one time per row, or a number for all");
    spans.data = each->data;
  }
  if (!batched) input.shape = {1, x.shape.back()}, spans.shape = {1};
  Output out = network_(input, state, spans);
  // the axis of time, unless the readout is that of the last step anyway
  if (network_.return_sequences())
    out.readout.shape.erase(out.readout.shape.begin() + (batched && network_.batch_first() ? 1 : 0));
  return out;
}

LTCCell::LTCCell(const Wiring& wiring, std::optional<int> in_features, const LTCOptions& options)
    : Cell(LTC(inputs_of(in_features, wiring), wiring, options)) {}
CfCCell::CfCCell(int input_size, int hidden_size, const CfCOptions& options)
    : Cell(CfC(input_size, hidden_size, options)) {}
WiredCfCCell::WiredCfCCell(std::optional<int> input_size, const Wiring& wiring, const CfCOptions& options)
    : Cell(CfC(inputs_of(input_size, wiring), wiring, options)) {}

}  // namespace dynode::ncp
