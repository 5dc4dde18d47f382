// Layers of one type joined into one, with all that leads to them and away.
#include <algorithm>
#include <fmt/format.h>
#include <set>

#include "dynode/base/text.h"
#include "dynode/cells/cell.h"
#include "dynode/models/composition.h"

namespace dynode {
namespace {

/// Part of a joint connection: where its weights go in the joint matrix.
struct Part {
  const ConnectionSpec* spec;
  size_t row, column;   // of its first entry
  int    lag;
};

class Merge {
 public:
  Merge(const Model& model, const std::vector<int>& group, std::optional<int> id)
      : model_(model), old_(model.stored()), group_(group) {
    check_group();
    id_ = id.value_or(*std::min_element(group.begin(), group.end()));
    if (id_ < 0) throw SpecError(at(), fmt::format("{} is no layer_id", id_), "ids are whole numbers from 0");
    if (old_.spec.layer(id_) && !in_group(id_))
      throw SpecError(at(), fmt::format("layer {} is there already", id_), "choose another id, or one of the group");
  }

  MergedLayers run() {
    out_.model.spec  = old_.spec;
    out_.model.notes = old_.notes;
    out_.model.spec.layers.clear(), out_.model.spec.connections.clear();
    for (const LayerSpec& l : old_.spec.layers) {
      out_.ids[l.layer_id] = in_group(l.layer_id) ? id_ : l.layer_id;
      if (!in_group(l.layer_id)) out_.model.spec.layers.push_back(l);
    }
    join_layers();
    for (const auto& entry : old_.arrays) {
      const ArrayName name  = parse_array_name(entry.first);
      const bool      owned = name.of != ArrayName::Of::network &&
                         (in_group(name.from) || (name.of == ArrayName::Of::connection && in_group(name.to)));
      if (!owned) out_.model.arrays.push_back(entry);
    }
    join_connections();
    keep_lags();
    const int last = old_.spec.layers.back().layer_id, now = out_.model.spec.layers.back().layer_id;
    if (in_group(last) || now != last)
      note("the output is now that of layer {} ({} units)", now, out_.model.spec.layers.back().dim());
    return std::move(out_);
  }

 private:
  At   at() const { return {old_.spec.file}; }
  bool in_group(int id) const { return std::find(group_.begin(), group_.end(), id) != group_.end(); }
  bool jacobi() const { return old_.spec.simulation.network_evaluation_method == Evaluation::stepwise_jacobi; }
  template <class... A> void note(fmt::format_string<A...> text, A&&... a) {
    out_.model.notes.push_back(fmt::format(text, std::forward<A>(a)...));
  }
  const LayerSpec& layer(int id) const { return *old_.spec.layer(id); }
  size_t units(int id) const { return size_t(layer(id).dim()); }
  /// Where the units of a layer of the group begin in the joint one.
  size_t begin(int id) const {
    size_t sum = 0;
    for (const int other : group_) {
      if (other == id) return sum;
      sum += units(other);
    }
    return sum;
  }
  size_t all_units() const { return begin(-1); }

  void check_group();
  void check_same(const std::string& what, const Value* a, const Value* b, int id) const;
  void join_layers();
  Value joint_parameter(const Block& first, Value& learnable);
  void join_blocks(const Block& first, size_t gates, bool matrix);
  void join_polarity(LayerSpec& joint);
  void join_connections();
  void join_parts(int from, int to, const std::vector<Part>& parts);
  void check_parts(const ConnectionSpec& base, const std::vector<Part>& parts, const std::vector<size_t>& fans,
                   const std::string& name);
  void check_own_fans() const;
  void keep_lags();
  int  lag_of(const ConnectionSpec& c, int from, int to) const {
    if (c.lag) return *c.lag;
    return from == to || jacobi() || from > to;
  }

  const Model&         model_;
  const StoredModel    old_;
  std::vector<int>     group_;
  int                  id_ = -1;
  const CellEntry*     cell_ = nullptr;
  MergedLayers         out_;
  std::map<std::pair<int, int>, int> lags_;   // of the new connections, as they were
};

void Merge::check_group() {
  if (std::set<int>(group_.begin(), group_.end()).size() != group_.size())
    throw SpecError(at(), "a layer is named twice among those to merge");
  if (group_.size() < 2) throw SpecError(at(), "one layer has nothing to be merged with", "name two layers or more");
  for (const int id : group_) {
    if (!old_.spec.layer(id)) {
      std::vector<std::string> known;
      for (const LayerSpec& l : old_.spec.layers) known.push_back(std::to_string(l.layer_id));
      throw SpecError(at(), fmt::format("there is no layer {}", id), "there are: " + join(known));
    }
    const LayerSpec &a = layer(group_[0]), &b = layer(id);
    if (find_cell(a.layer_type) != find_cell(b.layer_type))
      throw SpecError(at(), fmt::format("layer {} is a {}, layer {} a {}: they cannot be merged", a.layer_id,
                                        a.layer_type, b.layer_id, b.layer_type));
    if (id == old_.spec.layers.front().layer_id)
      throw SpecError(at(), fmt::format("layer {} takes the input, whose width would change: it cannot be merged", id));
  }
  cell_ = find_cell(layer(group_[0]).layer_type);
  if (cell_->couples_units || cell_->takes_sources || cell_->som_units)
    throw SpecError(
        at(),
        fmt::format("units of a {} layer depend on each other: joined, they would be another function", cell_->name));
}

void Merge::check_same(const std::string& what, const Value* a, const Value* b, int id) const {
  const bool same = a && b ? *a == *b : a == b;
  if (!same)
    throw SpecError(
        at(), fmt::format("layers {} and {} differ in '{}', which all units of a layer share", group_[0], id, what),
        "make them equal first");
}

// ── the layer ───────────────────────────────────────────────────────────────────────────────────────────────────────

void Merge::join_layers() {
  // words that speak of single units follow from the numbers; all others must agree
  std::set<std::string> of_units = {"dim", "polarity", "polarity_file", "polarity_init", "learnable_params"};
  for (const ParamFacts& p : cell_->params) {
    const auto block = model_.plan().parameters.find(fmt::format("layer{}/{}", group_[0], p.name));
    const bool range = block >= 0 && model_.plan().parameters[block].transform.kind == Transform::Kind::sigmoid;
    if (range) continue;   // its pair must agree, and stays
    for (const std::string& word :
         {std::string(p.name), "learn_" + std::string(p.name), std::string(p.alternative.name),
          std::string(p.alternative.spacing), std::string(p.alternative.floor), std::string(p.learn_word)})
      of_units.insert(word);
  }
  LayerSpec joint = layer(group_[0]);
  joint.layer_id = id_;
  for (const int id : group_)
    for (const auto& [mine, other] : {std::pair(group_[0], id), {id, group_[0]}})
      for (const Value::Entry& entry : layer(mine).params.entries())
        if (!of_units.count(entry.key)) check_same(entry.key, &entry.value, layer(other).params.find(entry.key), id);
  for (const int id : group_)
    if (!(layer(id).noise == joint.noise) || !(layer(id).perturb == joint.perturb))
      note("noise of the joint layer is that of layer {}; layer {} had another", group_[0], id);
  for (const std::string& word : of_units) joint.params.erase(word);
  joint.params.set("dim", int64_t(all_units()));

  const std::string prefix = fmt::format("layer{}/", group_[0]);
  Value learnable = Value::map();
  for (const Block& b : model_.plan().parameters.blocks()) {
    if (!b.name.starts_with(prefix)) continue;
    const std::string name  = b.name.substr(prefix.size());
    size_t            gates = 1;
    bool              matrix = false, core = false;
    for (const CoreFacts& c : cell_->core)
      if (name == c.weights || (c.bias && name == c.bias))
        gates = c.ports.size(), matrix = name == c.weights, core = true;
    join_blocks(b, gates, matrix);
    if (core && !b.learnable) learnable.set(name, false);
    const bool parameter =
        std::any_of(cell_->params.begin(), cell_->params.end(), [&](const ParamFacts& p) { return name == p.name; });
    if (parameter && of_units.count(name)) joint.params.set(name, joint_parameter(b, learnable));
  }
  if (!learnable.empty()) joint.params.set("learnable_params", learnable);
  join_polarity(joint);
  out_.model.spec.layers.push_back(std::move(joint));
  std::ranges::stable_sort(out_.model.spec.layers, {}, &LayerSpec::layer_id);
}

/// The real values of the joint layer, its box, and whether it learns, as words of a spec. Where not all units learn
/// alike, `learnable` says which do.
Value Merge::joint_parameter(const Block& first, Value& learnable) {
  const std::string name = first.name.substr(first.name.find('/') + 1);
  Value values = Value::list_of();
  Value each = Value::list_of();
  bool  same = true;
  double low = first.min, high = first.max;
  for (const int id : group_) {
    const Block& b = model_.plan().parameters[model_.plan().parameters.find(fmt::format("layer{}/{}", id, name))];
    for (const double x : model_.parameter(b.name).as_double()) values.push_back(x);
    for (size_t u = 0; u < b.size(); ++u) each.push_back(b.learnable && (b.plasticity.empty() || b.plasticity[u] != 0));
    same &= b.min == first.min && b.max == first.max;
    low = std::min(low, b.min), high = std::max(high, b.max);
  }
  if (!same) note("{} was bounded otherwise in some layers: the joint one has the widest bounds", name);
  const auto learns = [&](bool yes) { return std::ranges::find(each.list(), Value(yes)) != each.list().end(); };
  Value      out    = Value::map({{"value", std::move(values)}, {"learnable", learns(true)}});
  if (learns(true) && learns(false)) learnable.set(name, std::move(each));
  Value box = Value::map();
  if (low > -1e300) box.set("min", low);
  if (high < 1e300) box.set("max", high);
  if (!box.empty()) out.set("constraints", std::move(box));
  return out;
}

/// Numbers of the layer: gate by gate, one after the other; matrices of a core as blocks on the diagonal.
void Merge::join_blocks(const Block& first, size_t gates, bool matrix) {
  const std::string   name = first.stored_name().substr(first.stored_name().find('/') + 1);
  const size_t        all  = all_units();
  const bool          one  = first.shape.empty();
  std::vector<double> joint(one ? 1 : matrix ? gates * all * all : gates * all, 0.0);
  for (const int id : group_) {
    const Array* a = old_.find(fmt::format("layer{}/{}", id, name));
    const size_t n = units(id), at = begin(id);
    const size_t expected = one ? 1 : matrix ? gates * n * n : gates * n;
    if (!a || a->size() != expected)
      throw SpecError(
          this->at(),
          fmt::format("'{}' of layer {} is not one number per unit: such layers cannot be merged", name, id));
    const std::vector<double> values = a->as_double();
    for (size_t k = 0; k < values.size(); ++k) {
      const size_t row = matrix ? k / n : k, gate = row / n, unit = row % n;
      if (one) joint[0] = values[0];
      else joint[matrix ? (gate * all + at + unit) * all + at + k % n : gate * all + at + unit] = values[k];
    }
  }
  std::vector<int64_t> shape;
  if (!one) shape.push_back(int64_t(gates * all));
  if (matrix) shape.push_back(int64_t(all));
  if (matrix) note("weights between units that were in different layers start at 0 in {}, and would learn", name);
  out_.model.arrays.emplace_back(fmt::format("layer{}/{}", id_, name), Array{std::move(shape), std::move(joint)});
}

void Merge::join_polarity(LayerSpec& joint) {
  std::vector<int64_t> sign(all_units(), 0);
  bool any = false, all = true;
  for (const int id : group_) {
    const Array* a = old_.find(fmt::format("layer{}/polarity", id));
    all &= a != nullptr;
    if (!a) continue;
    any = true;
    const std::vector<int64_t> own = a->as_integers("polarity");
    std::copy(own.begin(), own.end(), sign.begin() + ptrdiff_t(begin(id)));
  }
  if (!any) return;
  if (!all) note("units of layers without polarity keep free signs");
  joint.params.set("polarity", Value(sign));
  out_.model.arrays.emplace_back(fmt::format("layer{}/polarity", id_), Array{{int64_t(sign.size())}, sign});
}

// ── connections ─────────────────────────────────────────────────────────────────────────────────────────────────────

void Merge::join_connections() {
  std::map<std::pair<int, int>, std::vector<Part>> joint;
  std::vector<std::pair<int, int>>                 order;   // of the spec
  for (const ConnectionSpec& c : old_.spec.connections) {
    const int  from = out_.ids.at(c.from_layer), to = out_.ids.at(c.to_layer);
    const bool dropped =
        old_.spec.simulation.input_type == InputType::state && c.to_layer == old_.spec.layers.front().layer_id;
    const bool touched = in_group(c.from_layer) || in_group(c.to_layer);
    auto& parts = joint[{from, to}];
    if (parts.empty()) order.emplace_back(from, to);
    const int lag = lag_of(c, c.from_layer, c.to_layer);
    parts.push_back(
        {&c, in_group(c.to_layer) ? begin(c.to_layer) : 0, in_group(c.from_layer) ? begin(c.from_layer) : 0, lag});

    // between different layers of the group: from now on one step late
    if (touched && from == to && c.from_layer != c.to_layer) {
      const bool programmable = !c.mode.empty() && c.mode != "fixed";
      if (lag == 0 || (jacobi() && programmable)) {
        out_.exact = false;
        note("connection {} to {} is inside the joint layer now and reads its source one step later than before",
             c.from_layer, c.to_layer);
      }
    }
    if (dropped && touched)
      throw SpecError(
          at(), fmt::format("connection {} to {} leads to the input, where it has no effect", c.from_layer, c.to_layer),
          "remove it first");
  }
  for (const auto& ends : order) {
    const std::vector<Part>& parts = joint[ends];
    if (parts.size() == 1 && !in_group(parts[0].spec->from_layer) && !in_group(parts[0].spec->to_layer)) {
      out_.model.spec.connections.push_back(*parts[0].spec);
      lags_[ends] = parts[0].lag;
    } else {
      join_parts(ends.first, ends.second, parts);
    }
  }
  check_own_fans();
}

void Merge::join_parts(int from, int to, const std::vector<Part>& parts) {
  const auto   width = [&](int id) { return id == id_ ? all_units() : units(id); };
  const size_t rows = width(to), columns = width(from);
  const ConnectionSpec& base = *parts[0].spec;
  const std::string     name = fmt::format("J_{}_to_{}", from, to);

  // matrices that come with the weights, laid side by side
  std::vector<size_t> fans(rows, 0);   // most parts that share a row
  std::vector<uint8_t> mask(rows * columns, 0);
  for (const std::string prefix : {"", "mask/", "ei_mask/", "plasticity_mask/", "synapse_growth_mask/"}) {
    std::vector<double> joint(rows * columns, 0.0);
    size_t              found = 0;
    for (const Part& part : parts) {
      const std::string own = fmt::format("J_{}_to_{}", part.spec->from_layer, part.spec->to_layer);
      const Array* w = old_.find(own);
      if (!w)
        throw SpecError(at(), fmt::format("connection {} to {} has no weights of its own: such layers cannot be merged",
                                          part.spec->from_layer, part.spec->to_layer));
      const Array* a = old_.find(prefix + own);
      found += a != nullptr;
      const std::vector<double> values =
          a ? a->as_double() : std::vector<double>(w->size(), prefix == "mask/" ? 1.0 : 0.0);
      const size_t n = size_t(w->shape[1]);
      for (size_t r = 0; r < size_t(w->shape[0]); ++r) {
        bool any = false;
        for (size_t c = 0; c < n; ++c) {
          joint[(part.row + r) * columns + part.column + c] = values[r * n + c];
          any |= values[r * n + c] != 0;
        }
        if (prefix == "mask/" && any) ++fans[part.row + r];
      }
    }
    if (prefix == "mask/") {
      for (size_t i = 0; i < mask.size(); ++i) mask[i] = joint[i] != 0;
      if (std::find(mask.begin(), mask.end(), 0) != mask.end())
        out_.model.arrays.emplace_back(prefix + name, Array{{int64_t(rows), int64_t(columns)}, mask});
      continue;
    }
    if (found == 0) continue;
    if (found != parts.size())
      throw SpecError(at(), fmt::format("only some of the connections that become {} have {}", name, prefix),
                      "give it to all of them, or to none");
    out_.model.arrays.emplace_back(prefix + name, Array{{int64_t(rows), int64_t(columns)}, std::move(joint)});
  }
  check_parts(base, parts, fans, name);

  // the words
  const ConnectionParams p = read_connection_params(base);
  ConnectionSpec c = base;
  c.from_layer = from, c.to_layer = to, c.connection_type = "dense", c.lag.reset();
  c.params = Value::map({{"init", "normal"}});
  for (const Value::Entry& entry : p.rest.entries()) c.params.set(entry.key, entry.value);
  c.learnable = false;
  bool   boxed = true, same = true;
  double low = 1e300, high = -1e300;
  std::vector<double> bias(rows, 0.0);
  bool   any_bias = false;
  for (const Part& part : parts) {
    const ConnectionParams other = read_connection_params(*part.spec);
    c.learnable |= other.learnable;
    same &= other.learnable == p.learnable && other.min == p.min && other.max == p.max;
    boxed &= other.min.has_value() || other.max.has_value();
    low  = std::min(low, other.min.value_or(-1e300));
    high = std::max(high, other.max.value_or(1e300));
    if (const Array* b = old_.find(fmt::format("b_{}_to_{}", part.spec->from_layer, part.spec->to_layer))) {
      any_bias = true;
      const std::vector<double> own = b->as_double();
      for (size_t i = 0; i < own.size(); ++i) bias[part.row + i] += own[i];
    }
  }
  if (!same) note("{} learns where one of its parts did, in the widest bounds of them", name);
  Value box = Value::map();
  if (boxed && low > -1e300) box.set("min", low);
  if (boxed && high < 1e300) box.set("max", high);
  if (!box.empty()) c.params.set("constraints", std::move(box));
  if (any_bias) {
    c.params.set("bias", "zero");
    out_.model.arrays.emplace_back(fmt::format("b_{}_to_{}", from, to), Array{{int64_t(rows)}, std::move(bias)});
  }
  int lag = parts[0].lag;
  for (const Part& part : parts)
    if (part.lag != lag && from != to) {
      out_.exact = false;
      lag = 1;
      note("{} reads its source one step late for all units; for some it was fresh", name);
      break;
    }
  lags_[{from, to}] = from == to ? 1 : lag;
  out_.model.spec.connections.push_back(std::move(c));
}

void Merge::check_parts(const ConnectionSpec& base, const std::vector<Part>& parts, const std::vector<size_t>& fans,
                        const std::string& name) {
  const auto word = [](const ConnectionSpec& c) { return c.mode.empty() ? std::string("fixed") : c.mode; };
  const auto rest = [](const ConnectionSpec& c) {
    Value v = read_connection_params(c).rest;
    for (const char* key : {"ei_mask", "plasticity_mask", "synapse_growth_mask"})
      v.erase(key);  // their entries are joined
    return v;
  };
  for (const Part& part : parts) {
    const ConnectionSpec& c = *part.spec;
    const auto            refuse = [&](const char* what) {
      throw SpecError(at(),
                                 fmt::format("connections {} to {} and {} to {} would become one, but differ in {}",
                                             base.from_layer, base.to_layer, c.from_layer, c.to_layer, what),
                                 "make them equal first");
    };
    if (word(c) != word(base)) refuse("mode");
    if (!(c.connection_params == base.connection_params)) refuse("connection_params");
    if (c.delay != base.delay) refuse("delay");
    if (!(rest(c) == rest(base))) refuse("their further words");
    if (!(c.noise == base.noise) || !(c.perturb == base.perturb))
      note("noise of {} is that of connection {} to {}", name, base.from_layer, base.to_layer);
  }
  if (word(base) != "WICC" && word(base) != "NOCC") return;
  if (std::any_of(fans.begin(), fans.end(), [](size_t n) { return n > 1; }))
    throw SpecError(
        at(),
        fmt::format(
            "several {} connections would share the targets of {}, which joins their circuits: they cannot be merged",
            word(base), name),
        "merge layers that reach different targets, or by fixed connections");
}

/// Cells that count the connections from their own layer must count the same.
void Merge::check_own_fans() const {
  const bool counts = std::any_of(cell_->constants.begin(), cell_->constants.end(),
                                  [](const ConstantFacts& c) { return c.from == ConstantFacts::From::fan_in_of_self; });
  if (!counts) return;
  const size_t n = all_units();
  const auto fan = [](const StoredModel& m, int id, size_t units, size_t unit) -> size_t {
    const std::string name = fmt::format("J_{0}_to_{0}", id);
    if (!m.find(name)) return 1;   // what a layer without connections to itself has
    const Array* mask = m.find("mask/" + name);
    if (!mask) return units;
    const std::vector<double> on = mask->as_double();
    return size_t(std::count_if(on.begin() + ptrdiff_t(unit * units), on.begin() + ptrdiff_t((unit + 1) * units),
                                  [](double x) { return x != 0; }));
  };
  for (const int id : group_)
    for (size_t u = 0; u < units(id); ++u)
      if (fan(old_, id, units(id), u) != fan(out_.model, id_, n, begin(id) + u))
        throw SpecError(at(),
                        fmt::format("units of {} count the connections from their own layer, and would have others: "
                                    "layers {} cannot be merged",
                                    cell_->name, fmt::format("{}", fmt::join(group_, ", "))),
                        "give all of them internal connections, or none, and no connections among them");
}

/// Connections go on reading their source when they did, said in words where the new ids say otherwise.
void Merge::keep_lags() {
  auto& connections = out_.model.spec.connections;
  for (ConnectionSpec& c : connections) {
    const int lag = lags_.at({c.from_layer, c.to_layer});
    if (c.from_layer != c.to_layer && lag_of(c, c.from_layer, c.to_layer) != lag) c.lag = lag;
  }

  // a ring of fresh readings cannot be: then the order of ids decides for those of the joint layer
  const auto ring = [&] {
    std::set<int> seen;
    const auto reaches = [&](const auto& self, int id) -> bool {
      for (const ConnectionSpec& c : connections)
        if (c.from_layer == id && c.from_layer != c.to_layer && lag_of(c, c.from_layer, c.to_layer) == 0)
          if (c.to_layer == id_ || (seen.insert(c.to_layer).second && self(self, c.to_layer))) return true;
      return false;
    };
    return reaches(reaches, id_);
  };
  if (!ring()) return;
  out_.exact = false;
  note(
      "the joint layer would have to be advanced before and after others: its connections now follow the order of the "
      "ids, some one step later than before");
  for (ConnectionSpec& c : connections)
    if (c.from_layer == id_ || c.to_layer == id_) c.lag.reset();
}

}  // namespace

MergedLayers merge_layers(const Model& model, const std::vector<int>& group, std::optional<int> id) {
  return Merge(model, group, id).run();
}

}  // namespace dynode
