// CTRNN: running, learning, files.
#include "dynode/models/ctrnn.h"

#include <algorithm>
#include <concepts>
#include <fmt/format.h>

#include "dynode/base/text.h"
#include "dynode/io/safetensors.h"
#include "dynode/wiring/ei_mask.h"

namespace dynode::ctrnn {
namespace {

constexpr const char* kMode = "dynode.mode";   // in model files: train or eval

/// A history [rows][steps + 1][units] without its first entry.
Array without_start(const Array& history) {
  const auto rows = size_t(history.shape[0]), entries = size_t(history.shape[1]), units = size_t(history.shape[2]);
  return std::visit([&]<class T>(const std::vector<T>& all) {
    std::vector<T> cut;
    cut.reserve(rows * (entries - 1) * units);
    for (size_t r = 0; r < rows; ++r)
      cut.insert(cut.end(), all.begin() + ptrdiff_t((r * entries + 1) * units),
                 all.begin() + ptrdiff_t((r + 1) * entries * units));
    return Array{{history.shape[0], history.shape[1] - 1, history.shape[2]}, std::move(cut)};
  }, history.data);
}

/// The last entry, [rows][units].
Array last_entry(const Array& history) {
  const auto rows = size_t(history.shape[0]), entries = size_t(history.shape[1]), units = size_t(history.shape[2]);
  return std::visit([&]<class T>(const std::vector<T>& all) {
    std::vector<T> last;
    for (size_t r = 0; r < rows; ++r)
      last.insert(last.end(), all.begin() + ptrdiff_t(((r + 1) * entries - 1) * units),
                  all.begin() + ptrdiff_t((r + 1) * entries * units));
    return Array{{history.shape[0], history.shape[2]}, std::move(last)};
  }, history.data);
}

/// [post, pre] out of an array that may be (pre, post) where only that fits.
Array oriented(const Array& a, const Block& b) {
  const std::vector<int64_t> shape(b.shape.begin(), b.shape.end());
  if (a.shape == shape || shape.size() != 2 || a.shape != std::vector<int64_t>{shape[1], shape[0]}) return a;
  const std::vector<double> given = a.as_double();
  std::vector<double>       values(given.size());
  for (size_t i = 0; i < b.shape[0]; ++i)
    for (size_t j = 0; j < b.shape[1]; ++j) values[i * b.shape[1] + j] = given[j * b.shape[0] + i];
  return {shape, std::move(values)};
}

const std::vector<std::pair<const char*, const char*>> kReferenceNames = {{"recurrent_layer.input_layer.", "input"},
                                                                          {"recurrent_layer.hidden_layer.", "hidden"},
                                                                          {"readout_layer.", "readout"}};

}  // namespace

CTRNN::CTRNN(Spec spec, const ModelOptions& options)
    : spec_(std::move(spec)), options_(options), model_(std::make_shared<Model>(Model::from_spec(spec_, options))) {}

CTRNN::CTRNN(Model model, const ModelOptions& options)
    : spec_(model.plan().spec), options_(options), model_(std::make_shared<Model>(std::move(model))) {}

CTRNN::CTRNN(const CTRNNOptions& options) : CTRNN(write_spec(options), options.model) {}

CTRNN CTRNN::stack(const StackOptions& options) { return CTRNN(write_spec(options), options.model); }

int CTRNN::hidden_layers() const {
  return int(std::ranges::count_if(spec_.layers, [](const LayerSpec& l) { return l.layer_type == "CTRNN"; }));
}

CTRNN& CTRNN::train(bool on) {
  training_ = on;
  return *this;
}

// ---- running ------------------------------------------------------------------------------------------------

NoiseOptions CTRNN::noise(const RunOptions& options) const {
  NoiseOptions noise{.training = training_, .pass = runs_};
  if (options.preact_draws) noise.given.emplace("layer1/preact_noise", *options.preact_draws);
  if (options.postact_draws) noise.given.emplace("layer1/postact_noise", *options.postact_draws);
  return noise;
}

InitialStates CTRNN::start(const Array& x, const RunOptions& options) const {
  InitialStates states;
  if (!options.init_state.empty()) {
    if (int(options.init_state.size()) != hidden_layers())
      throw ShapeError(
          fmt::format("init_state: {} states for {} hidden layers", options.init_state.size(), hidden_layers()));
    for (size_t k = 0; k < options.init_state.size(); ++k) states[std::to_string(k + 1)] = options.init_state[k];
    return states;
  }
  const int64_t rows = x.shape.size() == 3 ? x.shape[0] : 1;
  if (!kept_.empty() && kept_.begin()->second.shape[0] == rows) return kept_;
  return {};
}

void CTRNN::keep(const Results& run, int64_t rows) {
  kept_.clear();
  if (rows == 0) return;
  for (int k = 1; k <= hidden_layers(); ++k)
    kept_[std::to_string(k)] = last_entry(run.at(fmt::format("state/{}/v", k)));
}

namespace {

bool keeps_state(const Spec& spec) {
  return std::ranges::any_of(spec.layers, [](const LayerSpec& l) {
    const Value* v = l.params.find("init_state");
    return v && v->text() == "keep";
  });
}

}  // namespace

Trajectory CTRNN::forward(const Array& x, const RunOptions& options) {
  SimulateOptions o{.initial_states = start(x, options), .noise = noise(options)};
  for (int k = 1; k <= hidden_layers(); ++k) {
    o.record.push_back(fmt::format("s/{}", k));
    o.record.push_back(fmt::format("state/{}/v", k));
  }
  ++runs_;
  const Results results = model_->simulate(x, o);
  if (keeps_state(spec_)) keep(results, x.shape.size() == 3 ? x.shape[0] : 1);
  Trajectory run{.output = without_start(results.at("output")), .hidden = {}, .potential = {}};
  for (int k = 1; k <= hidden_layers(); ++k) {
    run.hidden.push_back(without_start(results.at(fmt::format("s/{}", k))));
    run.potential.push_back(without_start(results.at(fmt::format("state/{}/v", k))));
  }
  return run;
}

// ---- learning -----------------------------------------------------------------------------------------------

Gradient CTRNN::gradient(const Array& x, const std::vector<LossTerm>& loss, const RunOptions& options) {
  const GradientRequest request{.initial_states = start(x, options), .noise = noise(options)};
  if (keeps_state(spec_)) forward(x, options);   // the same run, for where it ends
  else ++runs_;
  return model_->gradient(x, loss, request);
}

void CTRNN::set_optimizer(const OptimizerSettings& settings) {
  optimizer_settings_ = settings;
  optimizer_.reset();
  updates_ = 0;
}

double CTRNN::update(const Array& x, const std::vector<LossTerm>& loss, double rate, const RunOptions& options) {
  const Gradient      g   = gradient(x, loss, options);
  const ParameterMap& map = model_->plan().parameters;
  std::vector<double> theta(map.size()), bar(map.size());
  for (const Block& b : map.blocks()) {
    const std::vector<double> values = model_->parameter(b.stored_name()).as_double(),
                              slopes = g.at(b.stored_name()).as_double();
    std::ranges::copy(values, theta.begin() + ptrdiff_t(b.offset));
    std::ranges::copy(slopes, bar.begin() + ptrdiff_t(b.offset));
  }
  if (!optimizer_) {
    std::vector<ParameterBlock> blocks;
    for (const Block& b : map.blocks())
      blocks.push_back({.begin = b.offset, .end = b.offset + b.size(), .frozen = !b.learnable});
    optimizer_ = std::make_shared<Optimizer<double>>(optimizer_settings_, map.size(), std::move(blocks));
  }
  apply_plasticity(map, bar.data());
  const std::vector<double> before = theta;
  optimizer_->step(theta, bar, rate, ++updates_);
  for (const HeldEntry& held : held_entries(map))
    theta[held.position] = before[held.position] + held.share * (theta[held.position] - before[held.position]);
  project(map, theta.data());
  last_growth_ = grow(map, theta.data(), model_->plan().seed, updates_);
  for (const Block& b : map.blocks())
    if (b.learnable || b.name.starts_with("synapses/"))
      model_->set_parameter(b.stored_name(),
                            Array{{b.shape.begin(), b.shape.end()},
                                  std::vector<double>(theta.begin() + ptrdiff_t(b.offset),
                                                      theta.begin() + ptrdiff_t(b.offset + b.size()))});
  return g.loss;
}

CTRNN& CTRNN::set_learnable(const std::string& layer, bool on) {
  const ConnectionSpec& chosen = connection(layer);
  for (ConnectionSpec& c : spec_.connections)
    if (&c == &chosen) c.learnable = on;
  StoredModel changed = model_->stored();
  changed.spec        = spec_;
  *model_             = Model::from_stored(changed, options_);

  // the optimiser remembers what it knows of the others
  if (optimizer_) {
    std::vector<ParameterBlock> blocks;
    for (const Block& b : model_->plan().parameters.blocks())
      blocks.push_back({.begin = b.offset, .end = b.offset + b.size(), .frozen = !b.learnable});
    auto next =
        std::make_shared<Optimizer<double>>(optimizer_settings_, model_->plan().parameters.size(), std::move(blocks));
    auto from = optimizer_->slots(), to = next->slots();
    for (size_t i = 0; i < to.size(); ++i) std::ranges::copy(from[i].values, to[i].values.begin());
    optimizer_ = next;
  }
  return *this;
}

void CTRNN::enforce_constraints() {
  for (const Block& b : model_->plan().parameters.blocks())
    model_->set_parameter(b.stored_name(), model_->parameter(b.stored_name()));
}

void CTRNN::rebalance() {
  for (const ConnectionSpec& c : spec_.connections) {
    if (!c.params.find("ei_mask")) continue;
    const Block& b =
        model_->plan().parameters[model_->plan().parameters.find(fmt::format("J_{}_to_{}", c.from_layer, c.to_layer))];
    std::vector<double> w = model_->parameter(b.name).as_double();
    balance_signs(b.sign, w);
    model_->set_parameter(b.name, Array{{b.shape.begin(), b.shape.end()}, std::move(w)});
  }
}

// ---- layers of weights --------------------------------------------------------------------------------------

std::vector<std::string> CTRNN::layers() const {
  const bool               one = hidden_layers() == 1;
  std::vector<std::string> names;
  for (const ConnectionSpec& c : spec_.connections) {
    const bool readout = c.to_layer > hidden_layers();
    const int  k = c.to_layer - 1;
    if (readout) names.push_back("readout");
    else
      names.push_back(one ? (c.from_layer == c.to_layer ? "hidden" : "input")
                          : fmt::format("{}_{}", c.from_layer == c.to_layer ? "hidden" : "input", k));
  }
  return names;
}

const ConnectionSpec& CTRNN::connection(const std::string& layer) const {
  const std::vector<std::string> names = layers();
  const auto found = std::ranges::find(names, layer);
  if (found == names.end())
    throw SpecError({}, fmt::format("there is no layer '{}'", layer), did_you_mean(layer, names, "there are"));
  return spec_.connections[size_t(found - names.begin())];
}

const Block& CTRNN::block(const std::string& layer, char kind) const {
  const ConnectionSpec& c = connection(layer);
  const int i = model_->plan().parameters.find(fmt::format("{}_{}_to_{}", kind, c.from_layer, c.to_layer));
  if (i < 0)
    throw SpecError({}, fmt::format("layer '{}' has no biases", layer), "give biases when the network is built");
  return model_->plan().parameters[i];
}

Array CTRNN::weight(const std::string& layer) const { return model_->parameter(block(layer, 'J').name); }
Array CTRNN::bias(const std::string& layer) const { return model_->parameter(block(layer, 'b').name); }

void CTRNN::set_weight(const std::string& layer, const Array& values) {
  const Block& b = block(layer, 'J');
  model_->set_parameter(b.name, oriented(values, b));
}

void CTRNN::set_bias(const std::string& layer, const Array& values) {
  model_->set_parameter(block(layer, 'b').name, values);
}

Array CTRNN::present(const std::string& layer) const {
  const Block& b = block(layer, 'J');
  if (b.growth.present >= 0) return model_->parameter(model_->plan().parameters[b.growth.present].name);
  std::vector<double> on(b.size(), 1.0);
  for (size_t i = 0; i < b.mask.size(); ++i) on[i] = b.mask[i];
  return {{b.shape.begin(), b.shape.end()}, std::move(on)};
}

std::vector<std::pair<std::string, Array>> CTRNN::state_dict() const {
  if (hidden_layers() != 1)
    throw SpecError({}, "state_dict is for networks with one hidden layer", "use model() for others");
  std::vector<std::pair<std::string, Array>> arrays;
  for (const auto& [prefix, layer] : kReferenceNames) {
    const ConnectionSpec& c = connection(layer);
    arrays.emplace_back(std::string(prefix) + "weight", weight(layer));
    if (model_->plan().parameters.find(fmt::format("b_{}_to_{}", c.from_layer, c.to_layer)) >= 0)
      arrays.emplace_back(std::string(prefix) + "bias", bias(layer));
  }
  const int alpha = model_->plan().parameters.find("layer1/alpha");
  if (model_->plan().parameters[alpha].learnable)
    arrays.emplace_back("recurrent_layer.alpha", model_->parameter("layer1/alpha"));
  return arrays;
}

void CTRNN::load_state_dict(const std::vector<std::pair<std::string, Array>>& arrays) {
  std::vector<std::string> known;
  for (const auto& own : state_dict()) known.push_back(own.first);
  for (const auto& [name, array] : arrays) {
    if (std::ranges::find(known, name) == known.end())
      throw SpecError({}, fmt::format("there is no parameter '{}'", name), did_you_mean(name, known, "there are"));
    if (name == "recurrent_layer.alpha") {
      model_->set_parameter("layer1/alpha", array);
      continue;
    }
    for (const auto& [prefix, layer] : kReferenceNames)
      if (name == std::string(prefix) + "weight") set_weight(layer, array);
      else if (name == std::string(prefix) + "bias") set_bias(layer, array);
  }
}

// ---- files --------------------------------------------------------------------------------------------------

void CTRNN::save(const std::string& path) const {
  model_->save(path);
  TensorFile file      = load_safetensors(path);
  file.metadata[kMode] = training_ ? "train" : "eval";
  for (const auto& [layer, state] : kept_)
    std::visit(
        [&, &layer = layer, &state = state]<class T>(const std::vector<T>& values) {
          if constexpr (std::floating_point<T>)
            file.tensors.emplace_back(fmt::format("state/{}/v", layer), make_tensor(state.shape, values));
        },
        state.data);
  save_safetensors(path, file);
}

CTRNN CTRNN::load(const std::string& path, const ModelOptions& options) {
  CTRNN net(Model::load(path, options), options);
  if (net.hidden_layers() < 1) throw SpecError({path}, "has no CTRNN layer", "load it as a Model");
  const TensorFile file = load_safetensors(path);
  if (const auto mode = file.metadata.find(kMode); mode != file.metadata.end()) net.training_ = mode->second == "train";
  for (int k = 1; k <= net.hidden_layers(); ++k)
    if (const Tensor* v = file.find(fmt::format("state/{}/v", k))) net.kept_[std::to_string(k)] = v->as_array("v");
  return net;
}

// ---- criteria -----------------------------------------------------------------------------------------------

std::vector<LossTerm> rnn_loss(const Array& target, const RNNLossOptions& o) {
  std::vector<LossTerm> terms = {{.target = target, .weight = o.lambda_mse}};
  const auto            on_weights = [&](const char* layer, double lambda) {
    if (lambda != 0)
      terms.push_back(
                     {.loss = "rnn_conn", .target = {}, .weight = lambda, .words = {{"layer", layer}, {"metric", "mean_square"}}});
  };
  const auto on_rates = [&](LossTerm term, double lambda) {
    term.weight = lambda, term.layer = 1;
    if (lambda != 0) terms.push_back(std::move(term));
  };
  on_weights("input", o.lambda_in), on_weights("hidden", o.lambda_hid), on_weights("readout", o.lambda_out);
  on_rates({.loss = "fr", .target = {}}, o.lambda_fr);
  on_rates({.loss = "fr_dist", .target = {}}, o.lambda_fr_sd);
  on_rates({.loss = "fr_dist", .target = {}, .params = {{"absolute", 1}}, .words = {{"metric", "cv"}}}, o.lambda_fr_cv);
  return terms;
}

}  // namespace dynode::ctrnn
