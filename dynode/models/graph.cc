#include "dynode/models/graph.h"

#include <algorithm>
#include <fmt/format.h>

#include "dynode/base/display.h"
#include "dynode/io/file.h"
#include "dynode/io/model_file.h"
#include "dynode/io/model_formats.h"
#include "dynode/models/composition.h"
#include "dynode/spec/json.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

/// A mapping where there is something to say, else null.
Value mapping_or_null(const NamedValues& values) { return values.empty() ? Value() : values.value(); }

/// A kind's name, and its settings if it has any, as params.structure and params.init take them.
void set_part(Value& params, const char* key, const char* word, const std::string& name, const NamedValues& settings) {
  Value part = Value::map({{word, name}});
  if (!settings.empty()) part.set("params", settings.value());
  params.set(key, std::move(part));
}

bool is_default(const Init& init) { return init.name == Init{}.name && init.params.empty(); }

}  // namespace

Graph::Graph(SimulationSpec simulation, ModelOptions options) : options_(options) {
  spec_.simulation = std::move(simulation);
  spec_.seed       = options.seed;
}

Graph::Graph(Model model) : spec_(model.plan().spec), model_(std::move(model)) {
  options_.precision = model_->precision();
}

Graph Graph::from_spec(Spec spec, ModelOptions options) {
  Graph graph;
  graph.spec_    = std::move(spec);
  graph.options_ = options;
  if (options.seed) graph.spec_.seed = options.seed;
  return graph;
}

Graph Graph::load(const std::string& path, const ModelOptions& options) {
  Graph graph(Model::load(path, options));
  graph.options_ = options;
  return graph;
}

// ---- writing --------------------------------------------------------------------------------------------

void Graph::forget() {
  model_.reset();
  last_ = {};
}

Graph& Graph::add_layer(int layer_id, Layer layer, LayerOptions options) {
  if (spec_.layer(layer_id)) throw SpecError({}, fmt::format("layer {} is there already", layer_id));
  forget();
  Value params = Value::map({{"dim", layer.dim}});
  for (const Value::Entry& entry : layer.params.value().entries()) params.set(entry.key, entry.value);
  if (!options.learnable_params.empty()) params.set("learnable_params", options.learnable_params.value());
  LayerSpec  spec{.layer_id    = layer_id,
                  .layer_type  = std::move(layer.type),
                  .params      = std::move(params),
                  .model_id    = options.model_id,
                  .description = std::move(options.description),
                  .noise       = mapping_or_null(options.noise.empty() ? layer.noise : options.noise),
                  .perturb     = mapping_or_null(options.perturb)};
  const auto after = std::ranges::find_if(spec_.layers, [&](const LayerSpec& l) { return l.layer_id > layer_id; });
  spec_.layers.insert(after, std::move(spec));
  return *this;
}

Graph& Graph::connect(int from_layer, int to_layer, ConnectionOptions options) {
  forget();
  Value params = options.params.value();
  if (!options.structure.params.empty())
    set_part(params, "structure", "type", options.structure.type, options.structure.params);
  if (!is_default(options.init)) set_part(params, "init", "name", options.init.name, options.init.params);
  if (!options.allow_self_connections) params.set("allow_self_connections", false);
  if (!options.bias.empty()) params.set("bias", options.bias);
  if (const Box& box = options.constraints; box.min || box.max) {
    Value bounds = Value::map();
    if (box.min) bounds.set("min", *box.min);
    if (box.max) bounds.set("max", *box.max);
    params.set("constraints", std::move(bounds));
  }
  spec_.connections.push_back({.from_layer             = from_layer,
                               .to_layer               = to_layer,
                               .connection_type        = std::move(options.structure.type),
                               .params                 = std::move(params),
                               .learnable              = options.learnable,
                               .mode                   = std::move(options.mode),
                               .connection_params      = mapping_or_null(options.connection_params),
                               .lag                    = options.lag,
                               .delay                  = options.delay,
                               .noise                  = mapping_or_null(options.noise),
                               .perturb                = mapping_or_null(options.perturb),
                               .visualization_metadata = std::move(options.visualization_metadata)});
  return *this;
}

Graph& Graph::reset_parameters(std::optional<uint64_t> seed) {
  forget();
  if (seed) spec_.seed = options_.seed = seed;
  return *this;
}

// ---- changing -------------------------------------------------------------------------------------------

Graph& Graph::set_simulation(const SimulationSpec& simulation) {
  if (model_) {
    Spec spec       = spec_;
    spec.simulation = simulation;
    StoredModel       next  = model_->stored();   // numbers with their masks
    const StoredModel fresh = Model::from_spec(spec, options_).stored();
    next.spec               = fresh.spec;
    if (const Array* dt = fresh.find("dt")) next.set("dt", *dt);
    model_ = Model::from_stored(next, options_);
  }
  spec_.simulation = simulation;
  last_            = {};
  return *this;
}

Graph Graph::subgraph(const std::vector<int>& keep) {
  Graph graph(Model::from_stored(dynode::subgraph(model().stored(), keep), options_));
  graph.options_ = options_;
  return graph;
}

// ---- asking ---------------------------------------------------------------------------------------------

Model& Graph::model() {
  if (!model_) {
    check_spec(spec_);
    model_.emplace(Model::from_spec(spec_, options_));
  }
  return *model_;
}

std::map<std::string, Array> Graph::parameters() {
  std::map<std::string, Array> values;
  for (const std::string& name : model().parameter_names()) values.emplace(name, model_->parameter(name));
  return values;
}

void Graph::set_parameters(const std::map<std::string, Array>& values) {
  for (const auto& [name, array] : values) model().set_parameter(name, array);
}

std::string Graph::summary() { return describe(model().plan()); }

// ---- running --------------------------------------------------------------------------------------------

Array Graph::operator()(const Array& x, const SimulateOptions& options) {
  last_ = model().simulate(x, options);
  return last_.at("output");
}

std::map<int, Array> Graph::history(const std::string& kind, const char* flag) const {
  std::map<int, Array> found;
  const std::string    prefix = kind + "/";
  for (const auto& [name, array] : last_.arrays)
    if (name.starts_with(prefix)) found.emplace(std::stoi(name.substr(prefix.size())), array);
  if (found.empty())
    throw SpecError({}, fmt::format("no {} was recorded", kind), fmt::format("set {} in the simulation and run", flag));
  return found;
}

// ---- files ----------------------------------------------------------------------------------------------

void Graph::save(const std::string& path) { model().save(path); }

std::string Graph::yaml() const { return to_yaml(write_spec(spec_)); }

void Graph::save_spec(const std::string& path) const {
  const std::string ending = ending_of(path);
  if (ending == ".json") return write_file(path, to_json(write_spec(spec_), true));
  if (ending == ".yaml" || ending == ".yml") return write_file(path, yaml());
  throw IoError(path, "is no spec by its ending", "specs are .yaml, .yml or .json");
}

// ---- layers in a row ------------------------------------------------------------------------------------

Sequential::Sequential(const std::vector<Layer>& layers, const SequentialOptions& options)
    : Graph(options.simulation, options.model), auto_connect_(options.auto_connect), init_(options.connection_init) {
  for (const Layer& layer : layers) append(layer);
}

Sequential& Sequential::append(const Layer& layer, LayerOptions options) {
  const bool first  = spec().layers.empty();
  const int  before = first ? -1 : spec().layers.back().layer_id;
  Layer      next   = layer;
  if (next.dim == 0) {
    if (first)
      throw SpecError({.path = "layers[0]"}, fmt::format("{} comes first, but has no size", next.type),
                      "begin with layers::Input");
    next.dim = width(before);
  }
  add_layer(before + 1, next, std::move(options));
  if (first || !auto_connect_) return *this;
  const CellEntry* cell = find_cell(layer.type);
  if (cell && cell->takes_sources) connect(before, before + 1, {.structure = structure::direct()});
  else if (const auto& in = layer.incoming)
    connect(before, before + 1,
            {.structure = in->structure, .init = in->init, .learnable = in->learnable, .bias = in->bias});
  else connect(before, before + 1, {.init = init_});
  return *this;
}

History Sequential::fit(const Array& x, const Array& y, const FitOptions& options) {
  return dynode::fit(model(), x, y, options);
}
ModelScores Sequential::evaluate(const Array& x, const Array& y, const FitOptions& options) {
  return dynode::evaluate(model(), x, y, options);
}
Array Sequential::predict(const Array& x) { return dynode::predict(model(), x); }

std::string Sequential::table() {
  const Plan&  plan = model().plan();
  DisplayTable table({{"layer", true}, {"kind"}, {"units", true}, {"learnt", true}, {"parameters", true}});
  size_t       learnt_sum = 0, sum = 0;
  for (const LayerSpec& l : spec().layers) {
    const std::string own = fmt::format("layer{}/", l.layer_id), into = fmt::format("_to_{}", l.layer_id);
    size_t            learnt = 0, all = 0;
    for (const Block& b : plan.parameters.blocks()) {
      if (!b.name.starts_with(own) && !b.name.ends_with(into)) continue;
      const size_t there = b.mask.empty() ? b.size() : size_t(std::ranges::count(b.mask, uint8_t(1)));
      all += there, learnt += b.learnable ? there : 0;
    }
    learnt_sum += learnt, sum += all;
    const size_t units = plan.layers[size_t(plan.find_layer(l.layer_id))].units;
    table.add({std::to_string(l.layer_id), l.layer_type, std::to_string(units), std::to_string(learnt),
               std::to_string(all)});
  }
  table.add({"", "all", "", std::to_string(learnt_sum), std::to_string(sum)});
  return table.text();
}

int Sequential::width(int layer_id) {
  const LayerSpec& l    = *spec().layer(layer_id);
  const CellEntry* cell = find_cell(l.layer_type);
  if (!cell || !cell->takes_sources) return l.dim();
  Spec so_far = spec();   // with a circuit or a projection it gives out fewer than its units
  if (so_far.layers.size() == 1) return l.dim();
  const auto plan = compile(so_far, {.seed = {}, .load_array = load_array, .stored = {}});
  return int(plan->layers[size_t(plan->find_layer(layer_id))].units);
}

}  // namespace dynode
