#include "dynode/plan/programmable.h"

#include "dynode/plan/pattern.h"
#include "dynode/wiring/support.h"

namespace dynode {
namespace {

/// WICC: coupling into a target that n edges share, 2.5e-10 / (40e-12 n + 3.35e-10), inductances in H. Rounded to
/// float, as the SOEN toolkit keeps it, so that its models give the same numbers here.
double shared_coupling(size_t edges) { return float(2.5e-10 / (40e-12 * double(edges) + 3.35e-10)); }

class Builder {
 public:
  Builder(Plan& plan, const ProgrammableRequest& request) : plan_(plan), r_(request) {
    const Mask& mask = *r_.mask;
    for (size_t i = 0; i < mask.to; ++i)
      for (size_t j = 0; j < mask.from; ++j)
        if (mask(i, j)) source_of_.push_back(uint32_t(j)), target_of_.push_back(uint32_t(i)), entry_.push_back(uint32_t(i * mask.from + j));
    fan_in_ = mask.fan_in();
  }

  void wicc() {
    const int edges = add_layer("edges", "MultiplierWICC", source_of_.size());
    give_weight(edges, "phi_y");
    for (const char* name : {"bias_current", "gamma_plus", "gamma_minus"}) give_constant(edges, name);
    connect(r_.from, edges, 0, r_.lag, selection(source_of_, number("j_in")));

    // each edge couples into its target
    SparsePattern sum = sums();
    for (size_t k = 0; k < sum.column.size(); ++k) {
      const size_t n = fan_in_[target_of_[sum.column[k]]];
      sum.constant[k] = r_.arguments->has("j_out") ? number("j_out") : shared_coupling(n);
    }
    connect(edges, r_.to, 0, r_.emission, std::move(sum));
  }

  void nocc() {
    const int edges  = add_layer("edges", "NOCCEdge", source_of_.size());
    const int target = add_layer("sum", "NOCCSum", r_.mask->to);
    give_weight(edges, "w");
    for (const char* name : {"bias_current", "alpha", "beta", "beta_out"}) give_constant(edges, name);
    give_constant(target, "alpha");
    std::vector<double> beta_eff;
    for (size_t n : fan_in_)   // float, as the toolkit keeps it
      beta_eff.push_back(float(number("beta") + 2 * double(n) * number("beta_out")));
    Block b{.name = r_.name + "/beta_eff", .shape = {beta_eff.size()}, .learnable = false, .help = "beta + 2 n beta_out"};
    give(target, "beta_eff", r_.add_block(std::move(b), std::move(beta_eff)), {});

    std::vector<uint32_t> own(r_.mask->to);
    for (size_t i = 0; i < own.size(); ++i) own[i] = uint32_t(i);
    // run/wired.cc walks along these lists: each has one weight for all, and the edges' first reader is their sums
    connect(r_.from, edges, 0, r_.lag, selection(source_of_, number("j_in")));
    connect(target, edges, 1, 1, selection(target_of_, 1.0));
    connect(edges, target, 0, 0, sums());
    connect(target, r_.to, 0, r_.emission, selection(own, number("j_out")));
  }

 private:
  double number(const char* name) const { return r_.arguments->number(name); }

  int add_layer(const char* part, const char* cell, size_t units) {
    LayerPlan l{.layer_id = plan_.layers[size_t(r_.to)].layer_id, .name = r_.name + "." + part, .cell = find_cell(cell)};
    expects(l.cell != nullptr, "the cells of programmable connections are in the catalogue");
    l.units       = units;
    l.dt          = r_.dt;
    l.start_state = l.cell->output;
    if (l.cell->source) l.source = r_.source, l.table = r_.table;
    l.kernels = l.cell->kernels(std::max(0, l.source));
    l.params.resize(l.cell->params.size(), -1);
    l.param_entries.resize(l.cell->params.size());
    for (const ConstantFacts& c : l.cell->constants) l.constants.emplace_back(units, c.value);
    l.incoming.resize(l.cell->ports.size());
    plan_.layers.push_back(std::move(l));
    return int(plan_.layers.size()) - 1;
  }

  void give(int layer, const std::string& name, int block, ParamEntries entries) {
    LayerPlan& l = plan_.layers[size_t(layer)];
    for (size_t p = 0; p < l.cell->params.size(); ++p)
      if (l.cell->params[p].name == name) l.params[p] = block, l.param_entries[p] = std::move(entries);
  }

  /// The edges' flux is the entry of J, half a quantum more if asked for.
  void give_weight(int layer, const std::string& name) {
    give(layer, name, r_.weights, {entry_, r_.arguments->flag("half_flux_offset") ? 0.5 : 0.0});
  }

  /// One number for all units, a block of its own named after the connection.
  void give_constant(int layer, const std::string& name) {
    const LayerPlan&  l     = plan_.layers[size_t(layer)];
    const std::string label = r_.name + "/" + name;
    int block = plan_.parameters.find(label);
    if (block < 0) {
      Block b{.name = label, .learnable = false, .help = "constant of a programmable connection"};
      for (const ParamFacts& p : l.cell->params)
        if (p.name == name && p.log) b.transform = Transform::exponential;
      block = r_.add_block(std::move(b), {number(name.c_str())});
    }
    give(layer, name, block, {std::vector<uint32_t>(l.units, 0), 0.0});
  }

  /// Every target reads all of its edges, weight 1.
  SparsePattern sums() const {
    SparsePattern p;
    p.begin.push_back(0);
    uint32_t edge = 0;
    for (size_t n : fan_in_) {
      for (size_t k = 0; k < n; ++k) p.column.push_back(edge++);
      p.begin.push_back(edge);
    }
    p.constant.assign(p.column.size(), 1.0);
    return p;
  }

  void connect(int from, int to, int port, int lag, SparsePattern pattern) {
    ConnectionPlan c{.name = r_.name, .from = from, .to = to, .port = port, .lag = lag};
    set_pattern(c, std::move(pattern), plan_.layers[size_t(from)].units);
    plan_.connections.push_back(std::move(c));
  }

  Plan&                      plan_;
  const ProgrammableRequest& r_;
  std::vector<uint32_t>      source_of_, target_of_, entry_;   // per edge
  std::vector<size_t>        fan_in_;                          // per target
};

Fact number(const char* name, double value, double min, const char* help) {
  return {.name = name, .value = value, .min = min, .help = help};
}
Fact source_func() { return {.name = "source_func", .kind = ArgumentKind::text, .help = "source function", .text = "RateArray"}; }
Fact half_flux() {
  return {.name = "half_flux_offset", .kind = ArgumentKind::boolean, .help = "adds half a flux quantum to every weight"};
}

}  // namespace

const std::vector<ProgrammableMode>& programmable_modes() {
  static const std::vector<ProgrammableMode> modes = {
      {"WICC",
       "a multiplier per weight; its coupling is shared by the edges of a target",
       {source_func(), number("bias_current", 2.0, 0, "I_c"), number("gamma_plus", 0.001, 1e-10, "gain"),
        number("gamma_minus", 0.001, 1e-10, "leak"), number("j_in", 0.38, -1e300, "coupling of the source into the edge"),
        number("j_out", kNoDefault, -1e300, "coupling into the target; missing: by its number of edges"), half_flux()}},
      {"NOCC",
       "two SQUIDs per weight, one collecting current per target",
       {source_func(), number("bias_current", 2.1, 0, "I_c"), number("alpha", 1.64053, 0, "resistance"),
        number("beta", 303.85, 1e-9, "inductance of an arm"), number("beta_out", 91.156, 0, "shared inductance"),
        number("j_in", 0.38, -1e300, "coupling of the source into the edge"),
        number("j_out", 0.38, -1e300, "coupling into the target"), half_flux()}}};
  return modes;
}

void add_programmable(Plan& plan, const ProgrammableRequest& request) {
  Builder build(plan, request);
  std::string(request.mode->name) == "WICC" ? build.wicc() : build.nocc();
}

}  // namespace dynode
