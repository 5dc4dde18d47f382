// Liquid networks under the names of ncps: the model of an LTC or CfC, and its runs over numpy arrays.
#include <fmt/format.h>
#include <type_traits>

#include "dynode/models/graph.h"
#include "dynode/models/ncp.h"
#include "python/src/bind.h"

namespace dynode::python {
namespace {

using namespace ncp;

Units units_of(const py::object& units) {
  if (py::isinstance<ncp::Wiring>(units)) return units.cast<ncp::Wiring>();
  return units.cast<int>();
}

MixedMemory mixed_memory(const py::object& word) {
  if (py::isinstance<py::bool_>(word)) return word.cast<bool>() ? MixedMemory::state : MixedMemory::none;
  const std::string text = word.is_none() ? "none" : word.cast<std::string>();
  if (text == "none") return MixedMemory::none;
  if (text == "state") return MixedMemory::state;
  if (text == "input") return MixedMemory::input;
  throw SpecError({.path = "mixed_memory"}, fmt::format("there is no '{}'", text),
                  "there are: False, True (state), input");
}

/// Fills the options that both kinds have. @return whether there is such a one
template <class Options>
bool take(Options& o, const std::string& word, const py::handle& value) {
  if (word == "return_sequences") o.return_sequences = value.cast<bool>();
  else if (word == "batch_first") o.batch_first = value.cast<bool>();
  else if (word == "mixed_memory") o.mixed_memory = mixed_memory(py::reinterpret_borrow<py::object>(value));
  else if (word == "dt") o.dt = value.cast<double>();
  else if (word == "forget_bias") o.forget_bias = value.cast<double>();
  else return false;
  return true;
}

LTCOptions ltc_options(const py::dict& options) {
  LTCOptions o;
  for (const auto& [key, value] : options) {
    const std::string word = py::str(key);
    if (value.is_none() || take(o, word, value)) continue;
    if (word == "input_mapping") o.input_mapping = value.cast<std::string>();
    else if (word == "output_mapping") o.output_mapping = value.cast<std::string>();
    else if (word == "ode_unfolds") o.ode_unfolds = value.cast<int>();
    else if (word == "epsilon") o.epsilon = value.cast<double>();
    else if (word == "positivity") o.positivity = value.cast<std::string>();
    else if (word == "solver") o.solver = value.cast<std::string>();
    else if (word == "elapsed_offset") o.elapsed_offset = value.cast<double>();
    else if (word == "initialization_ranges")
      o.initialization_ranges = value.cast<std::map<std::string, std::pair<double, double>>>();
    else throw SpecError({}, fmt::format("LTC has no parameter '{}'", word));
  }
  return o;
}

CfCOptions cfc_options(const py::dict& options) {
  CfCOptions o;
  for (const auto& [key, value] : options) {
    const std::string word = py::str(key);
    if (value.is_none() || take(o, word, value)) continue;
    if (word == "proj_size") o.proj_size = value.cast<int>();
    else if (word == "mode") o.mode = value.cast<std::string>();
    else if (word == "activation") o.activation = value.cast<std::string>();
    else if (word == "backbone_units") o.backbone_units = value.cast<int>();
    else if (word == "backbone_layers") o.backbone_layers = value.cast<int>();
    else if (word == "backbone_dropout") o.backbone_dropout = value.cast<double>();
    else if (word == "dropout_first_layer") o.dropout_first_layer = value.cast<bool>();
    else if (word == "sparsity_mask") o.sparsity_mask = array_of(value, word);
    else if (word == "mask_time_heads") o.mask_time_heads = value.cast<bool>();
    else if (word == "fully_recurrent") o.fully_recurrent = value.cast<bool>();
    else if (word == "head_activation") o.head_activation = value.cast<std::string>();
    else if (word == "time_sign") o.time_sign = value.cast<std::string>();
    else throw SpecError({}, fmt::format("CfC has no parameter '{}'", word));
  }
  return o;
}

ModelHandle build_ncp(const std::string& kind, int inputs, const py::object& units, const py::dict& options,
                      const std::string& dtype, int threads, std::optional<uint64_t> seed) {
  const auto made = [&](auto o, auto tag) {
    o.model = model_options(dtype, threads, seed);
    typename decltype(tag)::type net(inputs, units_of(units), o);
    return std::make_shared<SharedModel>(std::move(net.model()));
  };
  return kind == "LTC" ? made(ltc_options(options), std::type_identity<LTC>{}) : made(cfc_options(options), std::type_identity<CfC>{});
}

/// A layer of a Sequential: {"kind": "Dense", "units": 50, "activation": "relu"}, …
Layer layer_of(const py::dict& words) {
  const std::string kind = words["kind"].cast<std::string>();
  const auto number = [&](const char* word) { return words[word].cast<int>(); };
  if (kind == "Input") return layers::Input(number("units"));
  if (kind == "Dense") return layers::Dense(number("units"), words["activation"].cast<std::string>(), words["use_bias"].cast<bool>());
  if (kind == "Activation") return layers::Function(words["activation"].cast<std::string>());
  if (kind == "Dropout") return layers::Dropout(words["rate"].cast<double>());
  if (kind == "LayerNormalization") return layers::LayerNorm();
  if (kind == "SimpleRNN") return layers::SimpleRNN(number("units"));
  if (kind == "GRU") return layers::weighing(layers::GRU(number("units")));
  if (kind == "LSTM") return layers::weighing(layers::LSTM(number("units")));
  if (kind == "LTC") return ltc_layer(units_of(words["units"]), ltc_options(words["options"]));
  if (kind == "CfC") return cfc_layer(units_of(words["units"]), cfc_options(words["options"]));
  throw SpecError({}, fmt::format("there is no layer '{}' for networks in a row", kind),
                  "there are: Input, Dense, Activation, Dropout, LayerNormalization, SimpleRNN, GRU, LSTM, LTC, CfC");
}

/// @return the model of these layers in a row, and its table for people
py::tuple sequential(const py::list& given, const std::string& dtype, int threads, std::optional<uint64_t> seed) {
  std::vector<Layer> row;
  for (const py::handle& words : given) row.push_back(layer_of(words.cast<py::dict>()));
  dynode::Sequential net(row, {.model = model_options(dtype, threads, seed)});
  const std::string  table = net.table();
  return py::make_tuple(std::make_shared<SharedModel>(std::move(net.model())), table);
}

/// Lets a Network look at a model that is one; the model's memory stays where it is.
template <class Work>
auto as_network(SharedModel& m, bool return_sequences, bool batch_first, Work&& work) {
  Network net(std::move(m.model), return_sequences, batch_first);
  struct Back {
    SharedModel& m;
    Network&     net;
    ~Back() { m.model = std::move(net.model()); }
  } back{m, net};
  return work(net);
}

/// @return (readout, h, c or None, what was recorded)
py::tuple run(SharedModel& m, bool return_sequences, bool batch_first, const py::object& x, const py::object& h,
              const py::object& c, const py::object& spans, const py::object& mask, bool training,
              const std::vector<std::string>& record) {
  const Array          input = array_of(x, "input");
  std::optional<State> start;
  if (!h.is_none()) start.emplace(array_of(h, "state"), optional_array(c, "state c"));
  const auto        times = optional_array(spans, "timespans");
  const CallOptions options{.mask = optional_array(mask, "mask"), .training = training, .record = record};
  Output            out = [&] {
    const py::gil_scoped_release release;
    const std::lock_guard        lock(m.mutex);
    return as_network(m, return_sequences, batch_first,
                                 [&](Network& net) { return net(input, start, times, options); });
  }();
  py::object memory = py::none();
  if (out.state.c) memory = to_numpy(std::move(*out.state.c));
  return py::make_tuple(to_numpy(std::move(out.readout)), to_numpy(std::move(out.state.h)), memory,
                        to_dict(std::move(out.run.arrays)));
}

/// inputs, units, outputs, synapses, sensory synapses (None without a circuit)
py::tuple sizes(SharedModel& m) {
  const std::lock_guard lock(m.mutex);
  return as_network(m, true, true, [&](Network& net) {
    return py::make_tuple(net.input_size(), net.state_size(), net.output_size(), net.mixed_memory());
  });
}

}  // namespace

void bind_ncp(py::module_& m) {
  using namespace py::literals;
  m.def("ncp_model", build_ncp, "kind"_a, "inputs"_a, "units"_a, "options"_a, "dtype"_a = "float32", "threads"_a = 1,
        "seed"_a = py::none());
  m.def("sequential", sequential, "layers"_a, "dtype"_a, "threads"_a, "seed"_a);
  m.def("ncp_run", run, "model"_a, "return_sequences"_a, "batch_first"_a, "x"_a, "h"_a, "c"_a, "timespans"_a, "mask"_a,
        "training"_a, "record"_a);
  m.def("ncp_sizes", sizes, "model"_a);
}

}  // namespace dynode::python
