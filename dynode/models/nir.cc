#include "dynode/models/nir.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <map>
#include <set>

#include "dynode/base/text.h"

namespace dynode {
namespace {

struct Pairing {
  const char* layer;
  const char* node;
};
constexpr Pairing kPairings[] = {{"Integrator", "I"}, {"IF", "IF"}, {"LI", "LI"}, {"CurrentLIF", "LIF"}, {"CubaLI", "CubaLI"}, {"CubaLIF", "CubaLIF"}};

class Writer {
 public:
  Writer(const Model& model, bool lossy) : model_(model), plan_(model.plan()), lossy_(lossy) {}

  NirFile write() {
    name_nodes();
    for (size_t i = 0; i < plan_.layers.size(); ++i) write_layer(i);
    for (const ConnectionPlan& c : plan_.connections) write_connection(c);
    write_edges();
    text("/version", "1.0.7");
    text("/node/type", "NIRGraph");
    for (const char* group : {"/node", "/node/nodes"}) file_.items.push_back({.path = group});
    std::ranges::sort(file_.items, {}, &Hdf5Item::path);
    return std::move(file_);
  }

 private:
  static At place(const LayerPlan& l) { return {.path = fmt::format("layer {}", l.layer_id)}; }

  /// A node begins. @param node  its path
  void begin(const std::string& node, const char* type) {
    file_.items.push_back({.path = node});
    text(node + "/type", type);
  }
  void text(const std::string& path, const std::string& words) {
    file_.items.push_back({.path = path, .kind = Hdf5Item::Kind::texts, .texts = {words}});
  }
  void numbers(const std::string& path, Array array) {
    if (model_.precision() == Precision::float32 && !std::holds_alternative<std::vector<int64_t>>(array.data)) array.data = array.as_float();
    file_.items.push_back({.path = path, .kind = Hdf5Item::Kind::numbers, .numbers = std::move(array)});
  }
  std::string at(const std::string& node) const { return "/node/nodes/" + node; }

  void note(const std::string& words) {
    if (std::ranges::find(file_.notes, words) == file_.notes.end()) file_.notes.push_back(words);
  }
  /// Said where that is allowed, else an error.
  void lose(const At& at, const std::string& what) {
    if (!lossy_) throw SpecError(at, what, "with --allow-lossy the nearest NIR has is written");
    note(at.path + ": " + what);
  }

  /// `name`, or a longer one where that is taken.
  std::string unused(std::string name) {
    while (!taken_.insert(name).second) name += "_";
    return name;
  }
  /// Names people gave, else layer1; without '/', each once.
  void name_nodes() {
    for (const LayerPlan& l : plan_.layers) {
      const LayerSpec* spec = plan_.spec.layer(l.layer_id);
      std::string      name = spec && !spec->description.empty() ? spec->description : "layer" + l.name;
      std::ranges::replace(name, '/', '.');
      if (name == "." || name.empty() || taken_.contains(name)) name = "layer" + l.name;
      names_.push_back(unused(name));
    }
  }

  Array parameter(const LayerPlan& l, const char* name) const {
    const Array given = model_.parameter(fmt::format("layer{}/{}", l.layer_id, name));
    std::vector<double> values = given.as_double();
    if (values.size() == 1) values.assign(l.units, values[0]);
    return {{int64_t(l.units)}, values};
  }

  void write_layer(size_t i) {
    const LayerPlan&  l    = plan_.layers[i];
    const std::string node = at(names_[i]), cell = l.cell->name;
    if (l.is_input || int(i) == plan_.output) {
      if (!l.is_input && cell != "Linear") write_neuron(l, node, cell);
      else {
        begin(node, l.is_input ? "Input" : "Output");
        return numbers(node + "/shape", {{1}, std::vector<int64_t>{int64_t(l.units)}});
      }
      // the last layer is a neuron: what it gives is the network's
      const std::string port = unused(names_[i] + "_output");
      begin(at(port), "Output");
      numbers(at(port) + "/shape", {{1}, std::vector<int64_t>{int64_t(l.units)}});
      edges_.emplace_back(names_[i], port);
      return;
    }
    write_neuron(l, node, cell);
  }

  void write_neuron(const LayerPlan& l, const std::string& node, const std::string& cell) {
    if (cell == "Linear") {   // a sum, handed on
      std::vector<double> identity(l.units * l.units);
      for (size_t u = 0; u < l.units; ++u) identity[u * l.units + u] = 1;
      begin(node, "Linear");
      return numbers(node + "/weight", {{int64_t(l.units), int64_t(l.units)}, identity});
    }
    if (cell == "LIF") return write_lif(l, node);
    const auto found = std::ranges::find_if(kPairings, [&](const Pairing& p) { return p.layer == cell; });
    if (found == std::end(kPairings)) {
      std::vector<std::string> known = {"Input", "Linear", "LIF"};
      for (const Pairing& p : kPairings) known.push_back(p.layer);
      const LayerSpec* spec = plan_.spec.layer(l.layer_id);
      throw SpecError(place(l), fmt::format("NIR has no node for {}", spec ? spec->layer_type : cell), "it has them for " + join(known));
    }
    begin(node, found->node);
    for (const ParamFacts& p : l.cell->params) numbers(node + "/" + p.name, parameter(l, p.name));
  }

  /// τ_m V̇ = −V + τ_m I, τ_s İ = −I + arrivals: r = τ_m, w_in = 1.
  void write_lif(const LayerPlan& l, const std::string& node) {
    for (const double t : parameter(l, "tau_refractory").as_double())
      if (t > 0) {
        lose(place(l), fmt::format("a refractory period of {:g}, which NIR has no words for", t));
        break;
      }
    note("LIF fires at the threshold, in NIR above it; spikes move its current at the end of a step, in NIR within it");
    begin(node, "CubaLIF");
    numbers(node + "/tau_mem", parameter(l, "tau_membrane"));
    numbers(node + "/tau_syn", parameter(l, "tau_synaptic"));
    numbers(node + "/r", parameter(l, "tau_membrane"));
    numbers(node + "/v_threshold", parameter(l, "threshold"));
    numbers(node + "/v_reset", parameter(l, "reset_voltage"));
    numbers(node + "/v_leak", {{int64_t(l.units)}, std::vector<double>(l.units, 0)});
    numbers(node + "/w_in", {{int64_t(l.units)}, std::vector<double>(l.units, 1)});
  }

  void write_connection(const ConnectionPlan& c) {
    const LayerPlan &from = plan_.layers[size_t(c.from)], &to = plan_.layers[size_t(c.to)];
    const At         where{.path = c.name};
    if (c.synapses)
      throw SpecError(where, "its synapses follow a rule, and are no weights that could be written",
                      "connection_type: sparse has weights");
    if (!c.name.starts_with("J_") || c.weights < 0)
      throw SpecError(where, fmt::format("NIR has no words for a connection of this kind, from {} to {}", from.name, to.name));
    if (to.cell->ports.size() > 1 && std::string_view(to.cell->ports[size_t(c.port)]) != "events")
      throw SpecError(where, fmt::format("it arrives at the port {}, which NIR's neurons do not have", to.cell->ports[size_t(c.port)]));
    if (c.delay > 1) lose(where, fmt::format("a delay of {} steps, which NIR has no words for here", c.delay));
    const Block& block = plan_.parameters.blocks()[size_t(c.weights)];
    if (block.transform != Transform::identity || block.rectified)
      throw SpecError(where, "its weights act through a transform", "dynode convert to .dynode keeps it");
    if (!block.mask.empty() && !one_to_one(c)) note("masks and signs are not part of NIR: absent weights are zeros there");

    const std::vector<double> w = model_.parameter(c.name).as_double();
    if (identity(w, from.units, to.units) && !block.learnable && c.bias < 0) {
      edges_.emplace_back(names_[size_t(c.from)], names_[size_t(c.to)]);
      return;
    }
    const std::string node = unused(fmt::format("{}_{}", names_[size_t(c.from)], names_[size_t(c.to)]));
    numbers(at(node) + "/weight", {{int64_t(to.units), int64_t(from.units)}, w});
    begin(at(node), c.bias < 0 ? "Linear" : "Affine");
    if (c.bias >= 0) numbers(at(node) + "/bias", {{int64_t(to.units)}, model_.parameter(fmt::format("b{}", c.name.substr(1))).as_double()});
    edges_.emplace_back(names_[size_t(c.from)], node);
    edges_.emplace_back(node, names_[size_t(c.to)]);
  }

  static bool one_to_one(const ConnectionPlan& c) {
    if (!c.sparse) return false;
    for (size_t i = 0; i + 1 < c.sparse->begin.size(); ++i)
      if (c.sparse->begin[i + 1] - c.sparse->begin[i] != 1 || c.sparse->column[c.sparse->begin[i]] != i) return false;
    return true;
  }
  static bool identity(const std::vector<double>& w, size_t from, size_t to) {
    if (from != to) return false;
    for (size_t i = 0; i < w.size(); ++i)
      if (w[i] != double(i % (from + 1) == 0)) return false;
    return true;
  }

  void write_edges() {
    Hdf5Item edges{.path = "/node/edges", .kind = Hdf5Item::Kind::texts, .shape = {int64_t(edges_.size()), 2}};
    for (const auto& [a, b] : edges_) edges.texts.push_back(a), edges.texts.push_back(b);
    file_.items.push_back(std::move(edges));
  }

  const Model&                                     model_;
  const Plan&                                      plan_;
  bool                                             lossy_;
  std::vector<std::string>                         names_;   // of nodes, by layer
  std::set<std::string>                            taken_;   // names of all nodes
  std::vector<std::pair<std::string, std::string>> edges_;
  NirFile                                          file_;
};

}  // namespace

NirFile nir_of(const Model& model, bool lossy) { return Writer(model, lossy).write(); }

}  // namespace dynode
