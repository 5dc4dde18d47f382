#include "dynode/io/nir.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <map>
#include <set>

#include "dynode/base/text.h"

namespace dynode {
namespace {

// ── nodes ───────────────────────────────────────────────────────────────────────────────────────────────────────────

enum class Role { input, output, neuron, map, pass };

/// A type of node, and what it is here.
struct NodeType {
  const char*              name;
  Role                     role;
  const char*              layer  = "";   // type of layer
  std::vector<const char*> params = {};   // in NIR
  std::vector<const char*> ours   = {};   // their names here; empty: the same
};

const std::vector<NodeType>& node_types() {
  static const std::vector<NodeType> types = {
      {"Input", Role::input},
      {"Output", Role::output},
      {"Affine", Role::map},
      {"Linear", Role::map},
      {"Scale", Role::map},
      {"Flatten", Role::pass},
      {"I", Role::neuron, "Integrator", {"r"}},
      {"IF", Role::neuron, "IF", {"r", "v_threshold", "v_reset"}},
      {"LI", Role::neuron, "LI", {"tau", "r", "v_leak"}},
      {"LIF", Role::neuron, "CurrentLIF", {"tau", "r", "v_leak", "v_threshold", "v_reset"}},
      {"CubaLI", Role::neuron, "CubaLI", {"tau_syn", "tau_mem", "r", "v_leak", "w_in"}},
      {"CubaLIF", Role::neuron, "CubaLIF", {"tau_syn", "tau_mem", "r", "v_leak", "w_in", "v_threshold", "v_reset"}}};
  return types;
}

const NodeType& node_type(std::string_view name) { return *std::ranges::find(node_types(), name, &NodeType::name); }

struct Node {
  std::string                                        name;
  const NodeType*                                    type;
  std::vector<std::pair<std::string, std::vector<double>>> params = {};   // of neurons
  std::vector<double>                                weight = {}, bias = {};   // of maps, [out][in]; Scale: [n]
  size_t                                             in = 0, out = 0;         // units, 0: not known yet
  std::vector<size_t>                                from = {}, to = {};
};

constexpr size_t kMost = 50'000'000;   // numbers of one map, units of one node

class Graph {
 public:
  explicit Graph(const Hdf5& file) : file_(file) {
    read_graph("/node", "", 0);
    if (nodes_.empty()) fail("", "is a graph without nodes");
    contract_passes();
    complete_ports();
    find_sizes();
  }

  std::vector<Node>        nodes;   // without those that only pass on
  std::vector<std::string> notes;

  [[noreturn]] void fail(const std::string& node, const std::string& what, const std::string& hint = {}) const {
    throw IoError(file_.file(), node.empty() ? what : fmt::format("node '{}' {}", node, what), hint);
  }

 private:
  /// Nodes through which a graph is entered and left.
  struct Ports {
    std::vector<size_t> in, out;
  };

  Ports read_graph(const std::string& path, const std::string& prefix, int depth) {
    if (depth > 16) fail(prefix, "holds graphs more than 16 deep");
    if (!file_.find(path)) fail("", "has no graph under /node", "is it a NIR file?");
    if (const std::string& type = file_.text(path + "/type"); type != "NIRGraph")
      fail("", fmt::format("{} is a {}, no NIRGraph", path, type));
    Ports                        own;
    std::map<std::string, Ports> members;
    for (const std::string& name : file_.members(path + "/nodes")) {
      const std::string at = path + "/nodes/" + name, full = prefix + name;
      const std::string type = file_.text(at + "/type");
      if (type == "NIRGraph") {
        members[name] = read_graph(at, full + ".", depth + 1);
        continue;
      }
      const size_t node = read_node(at, full, type, depth > 0);
      members[name]     = {{node}, {node}};
      if (type == "Input") own.in.push_back(node);
      if (type == "Output") own.out.push_back(node);
    }
    read_edges(path, prefix, members);
    return own;
  }

  /// @param inner  Input and Output of a graph within a graph only pass on
  size_t read_node(const std::string& at, const std::string& name, const std::string& type, bool inner) {
    const auto               found = std::ranges::find(node_types(), type, &NodeType::name);
    std::vector<std::string> known;
    for (const NodeType& t : node_types()) known.push_back(t.name);
    if (found == node_types().end())
      fail(name, fmt::format("is a {}, which dynode has no layer for", type), did_you_mean(type, known, "it reads"));
    Node node{.name = name, .type = &*found};
    if (inner && (found->role == Role::input || found->role == Role::output)) node.type = &node_type("Flatten");
    switch (found->role) {
      case Role::input:
      case Role::output: node.in = node.out = units_of(name, file_.numbers(at + "/shape").as_integers(name + "/shape")); break;
      case Role::pass: break;
      case Role::map: read_map(at, node); break;
      case Role::neuron:
        for (const char* param : found->params) read_parameter(at, param, node);
    }
    nodes_.push_back(std::move(node));
    return nodes_.size() - 1;
  }

  size_t units_of(const std::string& name, const std::vector<int64_t>& shape) const {
    const int64_t n = element_count(shape);
    if (n < 1 || size_t(n) > kMost) fail(name, "has a shape without units, or with too many");
    return size_t(n);
  }

  std::vector<double> finite(const std::string& name, const char* what, const Array& array) const {
    std::vector<double> values = array.as_double();
    for (const double v : values)
      if (!std::isfinite(v)) fail(name, fmt::format("has {} in {}", v, what));
    return values;
  }

  void read_map(const std::string& at, Node& node) {
    if (std::string_view(node.type->name) == "Scale") {
      node.weight = finite(node.name, "scale", file_.numbers(at + "/scale"));
      node.in = node.out = node.weight.size() > 1 ? node.weight.size() : 0;
      return;
    }
    const Array& weight = file_.numbers(at + "/weight");
    if (weight.shape.size() != 2)
      fail(node.name, fmt::format("has weights of {} dimensions", weight.shape.size()), "dynode reads [out, in]");
    if (weight.size() == 0 || weight.size() > kMost) fail(node.name, "has no weights, or too many");
    node.weight = finite(node.name, "weight", weight);
    node.out    = size_t(weight.shape[0]), node.in = size_t(weight.shape[1]);
    if (std::string_view(node.type->name) == "Linear") return;
    node.bias = finite(node.name, "bias", file_.numbers(at + "/bias"));
    if (node.bias.size() != node.out)
      fail(node.name, fmt::format("has {} biases for {} outputs", node.bias.size(), node.out));
  }

  void read_parameter(const std::string& at, const char* param, Node& node) {
    const bool optional = std::string_view(param) == "v_reset" || std::string_view(param) == "w_in";
    if (optional && !file_.find(at + "/" + param)) return;   // 0 and 1, as here
    std::vector<double> values = finite(node.name, param, file_.numbers(at + "/" + param));
    if (values.empty()) fail(node.name, fmt::format("has no {}", param));
    if (std::string_view(param).starts_with("tau"))
      for (const double v : values)
        if (!(v > 0)) fail(node.name, fmt::format("has {} = {}; time constants are positive", param, v));
    if (values.size() > 1) {
      if (node.out > 1 && node.out != values.size())
        fail(node.name, fmt::format("has {} numbers for {}, but {} for others", values.size(), param, node.out));
      node.in = node.out = values.size();
    }
    node.params.emplace_back(param, std::move(values));
  }

  void read_edges(const std::string& path, const std::string& prefix, const std::map<std::string, Ports>& members) {
    const Hdf5Item* edges = file_.find(path + "/edges");
    if (!edges || (edges->kind == Hdf5Item::Kind::numbers && edges->numbers.size() == 0)) return;
    if (edges->kind != Hdf5Item::Kind::texts || edges->texts.size() % 2)
      fail("", fmt::format("{}/edges is no list of pairs of names", path));
    std::set<std::pair<std::string, std::string>> seen;
    std::vector<std::string>                      known;
    for (const auto& member : members) known.push_back(member.first);
    for (size_t i = 0; i < edges->texts.size(); i += 2) {
      const std::string &a = edges->texts[i], &b = edges->texts[i + 1];
      for (const std::string& end : {a, b})
        if (!members.count(end))
          throw IoError(file_.file(), fmt::format("an edge names the node '{}{}', which is not there", prefix, end),
                        did_you_mean(end, known, "there are"));
      if (!seen.insert({a, b}).second) notes.push_back(fmt::format("the edge {} → {} is there twice: it counts twice", a, b));
      const Ports &source = members.at(a), &target = members.at(b);
      if (source.out.size() != 1) fail(prefix + a, fmt::format("has {} outputs; an edge from it needs one", source.out.size()));
      if (target.in.size() != 1) fail(prefix + b, fmt::format("has {} inputs; an edge to it needs one", target.in.size()));
      nodes_[source.out[0]].to.push_back(target.in[0]);
      nodes_[target.in[0]].from.push_back(source.out[0]);
    }
  }

  /// Edges go past nodes that only pass on.
  void contract_passes() {
    for (size_t p = 0; p < nodes_.size(); ++p) {
      if (nodes_[p].type->role != Role::pass) continue;
      const Node pass = nodes_[p];
      if (std::ranges::find(pass.to, p) != pass.to.end()) fail(pass.name, "leads to itself");
      for (const size_t a : pass.from) std::erase(nodes_[a].to, p);
      for (const size_t b : pass.to) std::erase(nodes_[b].from, p);
      for (const size_t a : pass.from)
        for (const size_t b : pass.to) nodes_[a].to.push_back(b), nodes_[b].from.push_back(a);
      nodes_[p].from.clear(), nodes_[p].to.clear();
    }
    std::vector<size_t> place(nodes_.size());
    for (size_t i = 0; i < nodes_.size(); ++i)
      if (nodes_[i].type->role != Role::pass) place[i] = nodes.size(), nodes.push_back(nodes_[i]);
    for (Node& node : nodes) {
      for (size_t& i : node.from) i = place[i];
      for (size_t& i : node.to) i = place[i];
    }
  }

  /// A graph without Input or Output gets one where it begins and ends; there is one of each.
  void complete_ports() {
    const auto add = [&](Role role, const NodeType& type, const char* name) {
      std::vector<size_t> ends, ports;
      for (size_t i = 0; i < nodes.size(); ++i) {
        const bool open = role == Role::input ? nodes[i].from.empty() : nodes[i].to.empty();
        if (nodes[i].type->role == role) ports.push_back(i);
        else if (open) ends.push_back(i);
      }
      if (ports.empty() && ends.empty())
        fail("", fmt::format("has no {}, and no node it could be at", type.name), "every node lies on a cycle");
      if (ports.size() > 1) fail(nodes[ports[1]].name, fmt::format("is a second {}", type.name), "dynode reads networks with one");
      if (ends.size() + ports.size() > 1) {
        if (ports.empty()) fail(nodes[ends[1]].name, fmt::format("is a second place for the missing {}", type.name));
        for (const size_t end : ends)
          notes.push_back(fmt::format("node '{}' {}", nodes[end].name, role == Role::input ? "gets no input" : "leads nowhere"));
      }
      if (!ports.empty()) return;
      notes.push_back(fmt::format("there is no {}: '{}' got one", type.name, nodes[ends[0]].name));
      Node port{.name = std::string(name) + nodes[ends[0]].name, .type = &type};
      (role == Role::input ? port.to : port.from).push_back(ends[0]);
      (role == Role::input ? nodes[ends[0]].from : nodes[ends[0]].to).push_back(nodes.size());
      nodes.push_back(std::move(port));
    };
    add(Role::input, node_type("Input"), "input_");
    add(Role::output, node_type("Output"), "output_");
  }

  /// What has one number for all is as wide as its neighbours.
  void find_sizes() {
    for (bool changed = true; changed;) {
      changed = false;
      const auto learn = [&](Node& node, size_t size) {
        if (size == 0 || node.in > 0 || std::string_view(node.type->name) == "Affine") return;
        node.in = node.out = size, changed = true;
      };
      for (Node& node : nodes) {
        for (const size_t a : node.from) learn(node, nodes[a].out);
        for (const size_t b : node.to) learn(node, nodes[b].in);
      }
    }
    for (Node& node : nodes) {
      if (node.in == 0) {   // one number for all, and nobody says how many
        if (node.params.empty() && node.weight.empty()) fail(node.name, "has a size that nothing tells");
        node.in = node.out = 1;
      }
      if (std::string_view(node.type->name) == "Scale" && node.weight.size() == 1) node.weight.assign(node.in, node.weight[0]);
      for (auto& [name, values] : node.params)
        if (values.size() == 1) values.assign(node.in, values[0]);
    }
    for (const Node& node : nodes)
      for (const size_t b : node.to)
        if (node.out != nodes[b].in)
          fail(nodes[b].name, fmt::format("takes {} numbers, but '{}' gives {}", nodes[b].in, node.name, node.out));
  }

  const Hdf5&       file_;
  std::vector<Node> nodes_;
};

// ── layers and connections ──────────────────────────────────────────────────────────────────────────────────────────

struct Layer {
  std::string name;
  size_t      units;
  const Node* node = nullptr;   // of a neuron; else the layer is linear
  bool        stateful() const { return node && node->type->role == Role::neuron; }
  bool        is_input() const { return node && node->type->role == Role::input; }
};

struct Link {
  size_t      from, to;        // layers
  const Node* map = nullptr;   // null: handed on as it is
};

/// Maps become connections where they can, linear layers where they must.
class Layers {
 public:
  explicit Layers(const Graph& graph) : graph_(graph), nodes_(graph.nodes) {
    layer_of_.assign(nodes_.size(), kNone);
    for (size_t i = 0; i < nodes_.size(); ++i)
      if (nodes_[i].type->role != Role::map) layer_of_[i] = add(nodes_[i].name, nodes_[i].in, &nodes_[i]);
    // where a map's result lies in a layer: its only target, or a layer of its own
    for (size_t i = 0; i < nodes_.size(); ++i) {
      if (nodes_[i].type->role != Role::map) continue;
      const std::vector<size_t>& to = nodes_[i].to;
      const bool alone = to.size() == 1 && nodes_[to[0]].type->role != Role::map;
      if (!alone) layer_of_[i] = add(nodes_[i].name, nodes_[i].out, nullptr);
    }
    for (size_t i = 0; i < nodes_.size(); ++i) {
      if (nodes_[i].type->role == Role::map) connect_map(i);
      else
        for (const size_t b : nodes_[i].to)
          if (nodes_[b].type->role != Role::map) link({layer_of_[i], layer_of_[b]});
    }
    put_in_order();
  }

  std::vector<Layer> layers;
  std::vector<Link>  links;
  bool               loops = false;   // something acts a step later

 private:
  static constexpr size_t kNone = size_t(-1);

  size_t add(const std::string& name, size_t units, const Node* node) {
    layers.push_back({name, units, node});
    return layers.size() - 1;
  }

  /// At most one connection joins two layers: another one goes by a layer in between.
  void link(Link l) {
    const bool taken = std::ranges::any_of(links, [&](const Link& other) { return other.from == l.from && other.to == l.to; });
    if (!taken) return links.push_back(l);
    const size_t between = add(fmt::format("{}_{}", layers[l.from].name, layers[l.to].name), layers[l.to].units, nullptr);
    links.push_back({l.from, between, l.map});
    links.push_back({between, l.to});
  }

  void connect_map(size_t i) {
    const Node& map = nodes_[i];
    // from where: the only source, or a layer that adds them up
    size_t from;
    if (map.from.size() == 1) {
      from = layer_of_[map.from[0]];
    } else {
      from = add(map.name + ".sum", map.in, nullptr);
      for (const size_t a : map.from) link({layer_of_[a], from});
    }
    if (layer_of_[i] == kNone) return link({from, layer_of_[map.to[0]], &map});
    link({from, layer_of_[i], &map});
    for (const size_t b : map.to)
      if (nodes_[b].type->role != Role::map) link({layer_of_[i], layer_of_[b]});
  }

  /// Layer after layer when all before it are there; where all wait for each other, one that has a state and hears from
  /// what is there already begins.
  void put_in_order() {
    const size_t        n = layers.size();
    std::vector<bool>   placed(n, false);
    std::vector<size_t> order;
    const auto waits = [&](size_t l) {
      return std::ranges::any_of(links, [&](const Link& k) { return k.to == l && k.from != l && !placed[k.from]; });
    };
    const auto heard = [&](size_t l) {
      return std::ranges::any_of(links, [&](const Link& k) { return k.to == l && placed[k.from]; });
    };
    const auto last = [&](size_t l) { return layers[l].node && layers[l].node->type->role == Role::output; };
    while (order.size() < n) {
      size_t next = kNone;
      for (size_t l = 0; l < n && next == kNone; ++l)
        if (!placed[l] && layers[l].is_input()) next = l;
      for (size_t l = 0; l < n && next == kNone; ++l)
        if (!placed[l] && !waits(l) && !last(l)) next = l;
      for (const bool needs : {true, false})
        for (size_t l = 0; l < n && next == kNone; ++l)
          if (!placed[l] && !last(l) && layers[l].stateful() && (heard(l) || !needs)) next = l;
      for (size_t l = 0; l < n && next == kNone; ++l)
        if (!placed[l] && (last(l) ? order.size() + 1 == n : !waits(l))) next = l;
      if (next == kNone) {
        std::vector<std::string> left;
        for (size_t l = 0; l < n; ++l)
          if (!placed[l] && !last(l)) left.push_back(layers[l].name);
        graph_.fail("", "has a loop without a state: " + join(left), "a loop needs a neuron or an integrator");
      }
      placed[next] = true;
      order.push_back(next);
    }
    std::vector<size_t> place(n);
    std::vector<Layer>  sorted;
    for (size_t k = 0; k < n; ++k) place[order[k]] = k, sorted.push_back(layers[order[k]]);
    layers = std::move(sorted);
    for (Link& k : links) {
      k.from = place[k.from], k.to = place[k.to];
      loops |= k.to <= k.from;
    }
    std::ranges::sort(links, {}, [](const Link& k) { return std::pair(k.to, k.from); });
  }

  const Graph&             graph_;
  const std::vector<Node>& nodes_;
  std::vector<size_t>      layer_of_;   // per node; of a map: the layer its result lies in, if it has one of its own
};

Array vector_of(const std::vector<double>& values) { return {{int64_t(values.size())}, values}; }

}  // namespace

StoredModel read_nir(const Hdf5& file, const NirReading& how) {
  const Graph  graph(file);
  const Layers net(graph);
  StoredModel  model;
  model.notes = graph.notes;

  Value layers = Value::list_of(), connections = Value::list_of();
  double shortest = 1e300;
  for (size_t id = 0; id < net.layers.size(); ++id) {
    const Layer& l      = net.layers[id];
    Value        params = Value::map({{"dim", int64_t(l.units)}});
    if (l.stateful()) {
      for (const auto& [name, values] : l.node->params) {
        model.arrays.emplace_back(fmt::format("layer{}/{}", id, name), vector_of(values));
        if (name.starts_with("tau")) shortest = std::min(shortest, *std::ranges::min_element(values));
      }
      const std::string_view type = l.node->type->name;
      if (type != "I" && type != "IF") params.set("scheme", how.scheme);
      if (type.starts_with("Cuba")) params.set("spike_input", how.spike_input);
    }
    const char* type = l.is_input() ? "Input" : l.stateful() ? l.node->type->layer : "Linear";
    layers.push_back(Value::map({{"layer_id", int64_t(id)}, {"layer_type", type}, {"description", l.name}, {"params", params}}));
  }
  for (const Link& k : net.links) {
    const std::string name = fmt::format("{}_to_{}", k.from, k.to);
    const size_t      from = net.layers[k.from].units, to = net.layers[k.to].units;
    const bool        one_to_one = !k.map || std::string_view(k.map->type->name) == "Scale";
    if (double(from) * double(to) > kMost)
      graph.fail(net.layers[k.to].name, fmt::format("gets {} numbers from '{}', which takes {} weights", to, net.layers[k.from].name, from * to),
                 fmt::format("dynode keeps weights as matrices of up to {} numbers", kMost));
    Value params = Value::map({{"init", Value::map({{"name", "constant"}, {"params", Value::map({{"value", 1.0}})}})}});
    if (k.map && !k.map->bias.empty()) {
      params.set("bias", "zero");
      model.arrays.emplace_back("b_" + name, vector_of(k.map->bias));
    }
    if (k.map) {
      Array weights{{int64_t(to), int64_t(from)}, k.map->weight};
      if (one_to_one) {
        std::vector<double> diagonal(to * from);
        for (size_t u = 0; u < to; ++u) diagonal[u * from + u] = k.map->weight[u];
        weights.data = std::move(diagonal);
      }
      model.arrays.emplace_back("J_" + name, std::move(weights));
    }
    Value c = Value::map({{"from_layer", int64_t(k.from)}, {"to_layer", int64_t(k.to)},
                          {"connection_type", one_to_one ? "one_to_one" : "dense"}, {"params", params}});
    if (!k.map) c.set("learnable", false);
    connections.push_back(std::move(c));
  }
  Value spec = Value::map({{"simulation", Value::map({{"dt", how.dt}, {"network_evaluation_method", net.loops ? "stepwise_gauss_seidel" : "layerwise"}})},
                           {"layers", std::move(layers)}, {"connections", std::move(connections)}});
  spec.place(file.file());
  model.spec = read_spec(spec);

  if (shortest > 0.5 && shortest < 1e300)
    model.notes.push_back(fmt::format("the shortest time constant is {:g}: if that is in ms, dt = {:g} should be, too", shortest, how.dt));
  if (shortest < how.dt)
    model.notes.push_back(fmt::format("the shortest time constant, {:g}, is below dt = {:g}", shortest, how.dt));
  return model;
}

}  // namespace dynode
