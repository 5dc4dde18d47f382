// The picture of a plan for people: what was understood, in tables that fit a terminal.
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <map>
#include <tuple>

#include "dynode/base/display.h"
#include "dynode/base/text.h"
#include "dynode/plan/plan.h"
#include "dynode/plan/spiking.h"
#include "dynode/sources/source.h"

namespace dynode {
namespace {

constexpr const char* kSeparator = " · ";

std::string number(double x) { return fmt::format("{:.4g}", x); }

std::string plural(size_t n, const std::string& noun) {
  return fmt::format("{} {}{}", grouped(int64_t(n)), noun, n == 1 ? "" : "s");
}

/// Connections that share their weights and their ends: the ports of a recurrent core are one line.
struct Wire {
  const ConnectionPlan*    connection;
  std::vector<std::string> ports;
};

class Description {
 public:
  explicit Description(const Plan& plan) : plan_(plan) {
    for (size_t s = 0; s < plan.stages.size(); ++s)
      for (int layer : plan.stages[s].layers) stage_of_[layer] = s + 1;
    for (const ConnectionPlan& c : plan.connections) {
      const auto same = [&](const Wire& w) {
        return w.connection->weights == c.weights && w.connection->from == c.from && w.connection->to == c.to;
      };
      auto found = std::find_if(wires_.begin(), wires_.end(), same);
      if (found == wires_.end()) found = wires_.insert(wires_.end(), Wire{&c, {}});
      const CellEntry& cell = *layer(c.to).cell;
      found->ports.push_back(c.delay ? cell.states[size_t(cell.arrivals.state)].name : cell.ports[size_t(c.port)]);
    }
  }

  std::string text() const {
    std::string text = head() + "\nLayers\n" + layers();
    if (!wires_.empty()) text += "\nConnections\n" + connections();
    if (plan_.spiking && !plan_.spiking->drives.empty()) text += "\nDrives\n" + drives();
    if (!plan_.noise.empty()) text += "\nNoise\n" + noise();
    return text + "\nOrder of a step\n" + order() + "\nSize\n" + size() + warnings();
  }

 private:
  const LayerPlan& layer(int i) const { return plan_.layers[size_t(i)]; }
  static bool      is_front(const LayerPlan& l) { return l.name == std::to_string(l.layer_id) + ".input"; }

  // ---- head ----------------------------------------------------------------------------------------------

  static std::string line(const char* name, const std::string& text) {
    std::string out;
    for (const std::string& part : wrapped(text, kDisplayWidth - 14))
      out += fmt::format("  {:<10}  {}\n", out.empty() ? name : "", part);
    return out;
  }

  std::string head() const {
    const SimulationSpec& s = plan_.spec.simulation;
    std::string text = (plan_.spec.file.empty() ? "network" : plan_.spec.file) + "\n\n";
    if (plan_.input >= 0) {
      const LayerPlan& in = layer(plan_.input);
      text += line("input", fmt::format("{}, {} layer {}", plural(in.units, "channel"),
                                        in.is_input ? "the state of" : "added to the drive of", in.layer_id));
    }
    if (plan_.spiking) text += line("output", "the spikes of every layer");
    else
      text += line("output", fmt::format("{} of layer {}", plural(layer(plan_.output).units, "unit"),
                                         layer(plan_.output).layer_id));
    std::string_view method;
    for (const auto& [value, word] : EnumNames<Evaluation>::names)
      if (value == s.network_evaluation_method) method = word;
    text += line("time", fmt::format("dt {}{}, {}{}", number(s.dt.value_or(0)), plan_.dt_block >= 0 ? " (learnable)" : "",
                                     method, s.early_stopping_forward_pass ? ", simulate stops when it is steady" : ""));
    for (const RateGrid& t : plan_.tables)
      text += line("rate table", fmt::format("{} × {} values, {}", t.current_count, t.flux_count,
                                             s.rate_table.empty() ? "built in" : s.rate_table));
    const std::string unit = !s.time_unit ? "" : s.time_unit == TimeUnit::ms ? " ms" : " s";
    if (plan_.spiking && plan_.spiking->steps)
      text += line("run", fmt::format("{} of {}{}, {}{} in all", plural(plan_.spiking->steps, "step"), number(*s.dt), unit,
                                      number(double(plan_.spiking->steps) * *s.dt), unit));
    return text + line("seed", std::to_string(plan_.seed));
  }

  // ---- tables --------------------------------------------------------------------------------------------

  std::string layers() const {
    DisplayTable table({{"id"}, {"type"}, {"units", true}, {"source"}, {"dt", true}, {"stage", true}, {"parameters"}});
    for (int i : shown_order()) {
      const LayerPlan& l = layer(i);
      const auto   stage = stage_of_.find(i);
      table.add({l.name, l.cell->name, grouped(int64_t(l.units)),
                 l.source < 0 ? "" : source_functions()[size_t(l.source)].name, l.is_input ? "" : number(l.dt),
                 stage == stage_of_.end() ? "input" : std::to_string(stage->second), parameters(l)});
    }
    return table.text();
  }

  /// Layers by id, each after its parts, and those as they are advanced.
  std::vector<int> shown_order() const {
    std::vector<int> order;
    for (size_t i = 0; i < plan_.layers.size(); ++i) order.push_back(int(i));
    const auto key = [&](int i) {
      const LayerPlan& l = layer(i);
      const bool part = l.name.starts_with(std::to_string(l.layer_id) + ".");
      const auto stage = stage_of_.find(i);
      return std::tuple(l.layer_id, is_front(l) ? 0 : part ? 1 : 2, part && stage != stage_of_.end() ? stage->second : 0, i);
    };
    std::sort(order.begin(), order.end(), [&](int a, int b) { return key(a) < key(b); });
    return order;
  }

  std::string parameters(const LayerPlan& l) const {
    std::vector<std::string> words;
    if (l.is_input) words.push_back("holds the input");
    if (l.takes_flux) words.push_back("the input is added to its drive");
    if (is_front(l)) words.push_back(fmt::format("gathers what arrives at layer {}", l.layer_id));
    if (l.synapses) words.push_back(plural(l.synapses->column.size(), "synapse"));
    for (size_t p = 0; p < l.params.size(); ++p)
      words.push_back(parameter(l, p));
    if (l.start_block >= 0) words.push_back("initial state is learnt");
    if (l.cell->name == std::string("SingleDendrite") && l.name == std::to_string(l.layer_id))
      if (const Value* solver = plan_.spec.layer(l.layer_id)->params.find("solver"); solver && lower_case(solver->text()) != "fe")
        words.push_back(fmt::format("solver {}: walked step by step like FE, same numbers", solver->text()));
    if (const auto signs = polarity(l); !signs.empty()) words.push_back(signs);
    return join(words, kSeparator);
  }

  std::string parameter(const LayerPlan& l, size_t p) const {
    const ParamFacts& facts = l.cell->params[p];
    const Block&      block = plan_.parameters[l.params[p]];
    std::vector<double> values(block.size());
    to_real<double>(block, plan_.theta.data(), values);
    if (p < l.param_entries.size() && !l.param_entries[p].entry.empty()) {   // some of the block, and some of it twice
      std::vector<double> own;
      for (uint32_t entry : l.param_entries[p].entry) own.push_back(values[entry]);
      values = std::move(own);
    }
    std::string unit = facts.unit[0] ? std::string(" ") + facts.unit : "";
    if (const auto& t = plan_.spec.simulation.time_unit; t && unit == " unit of dt") unit = *t == TimeUnit::ms ? " ms" : " s";
    std::string text = fmt::format("{} {}{}", facts.name, span_of(values), unit);
    if (const std::string other = alternative(l, facts, values); !other.empty()) text += " (" + other + ")";
    return text + (block.learnable ? "" : " fixed");
  }

  static std::string span_of(const std::vector<double>& values) {
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    return *low == *high ? number(*low) : number(*low) + " … " + number(*high);
  }

  /// The setting that was written instead of the parameter, "tau 100", where it still says the same.
  std::string alternative(const LayerPlan& l, const ParamFacts& facts, const std::vector<double>& values) const {
    const Alternative& other = facts.alternative;
    const LayerSpec*   spec  = plan_.spec.layer(l.layer_id);
    if (!other.name[0] || !spec || spec->params.find(facts.name)) return {};
    const Value* given   = spec->params.find(other.name);
    const double setting = !given ? other.value : given->is_number() ? given->number() : std::nan("");
    const double wanted  = other.to_parameter(setting, l.dt);
    const bool   same    = std::all_of(values.begin(), values.end(), [&](double x) { return x == wanted; });
    return same ? fmt::format("{} {}", other.name, number(setting)) : std::string();
  }

  static std::string polarity(const LayerPlan& l) {
    const auto count = [&](int sign) { return grouped(std::count(l.polarity.begin(), l.polarity.end(), int8_t(sign))); };
    return l.polarity.empty() ? "" : fmt::format("{} excitatory, {} inhibitory", count(1), count(-1));
  }

  static size_t present(const Block& block) {
    return block.mask.empty() ? block.size() : size_t(std::count(block.mask.begin(), block.mask.end(), 1));
  }

  std::string connections() const {
    DisplayTable table({{"weights"}, {"from → to"}, {"reads"}, {"structure"}, {"count", true}, {"density", true},
                        {"notes"}});
    for (const Wire& w : wires_) {
      const ConnectionPlan& c = *w.connection;
      if (c.synapses) {
        const SynapseRule& rule = *c.synapses;
        std::vector<double> weights;
        for (size_t i = 0; i < rule.weight.size(); ++i)
          if (rule.count[i] > 0) weights.push_back(rule.weight[i]);
        const double pairs = double(layer(c.from).units) * double(layer(c.to).units);
        const double first = *std::min_element(rule.delay.begin(), rule.delay.end());
        table.add({c.name, layer(c.from).name + " → " + layer(c.to).name,
                   c.delay == 1 ? "spikes, one step late"
                   : first == c.delay ? fmt::format("spikes, {} steps late", c.delay)
                                      : fmt::format("spikes, up to {} steps late", c.delay),
                   structure(c), (rule.kind == SynapseRule::Kind::bernoulli ? "about " : "") + grouped(int64_t(rule.expected())),
                   fmt::format("{:.3g} %", 100 * rule.expected() / pairs),
                   weights.empty() ? "no synapses" : "weights " + span_of(weights) + ", fixed"});
        continue;
      }
      const std::string     reads = c.delay > 1    ? fmt::format("spikes, {} steps late", c.delay)
                                    : c.delay == 1 ? "spikes, one step late"
                                    : c.lag == 0   ? "fresh"
                                                   : "one step late";
      if (c.weights < 0) {   // inside a programmable connection
        if (c.sparse->column.empty()) continue;   // a bias alone
        const bool same = c.sparse->constant.front() == c.sparse->constant.back();
        table.add({c.name, layer(c.from).name + " → " + layer(c.to).name, reads, "list",
                   grouped(int64_t(c.sparse->column.size())), "", "constant" + (same ? " " + number(c.sparse->constant[0]) : "")});
        continue;
      }
      const Block& block = plan_.parameters[c.weights];
      const WeightCount     count = plan_.count_weights(c);
      table.add({c.name, layer(c.from).name + " → " + layer(c.to).name, reads, structure(c),
                 grouped(int64_t(count.present)),
                 fmt::format("{:.3g} %", 100.0 * double(count.present) / double(count.all)), notes(w, block)});
    }
    return table.text();
  }

  std::string structure(const ConnectionPlan& c) const {
    for (const ConnectionSpec& spec : plan_.spec.connections)
      if (fmt::format("J_{}_to_{}", spec.from_layer, spec.to_layer) == c.name)
        return read_connection_params(spec).structure;
    return "dense";
  }

  std::string notes(const Wire& w, const Block& block) const {
    std::vector<std::string> words;
    if (layer(w.connection->to).cell->ports.size() > 1) words.push_back("into " + join(w.ports));
    if (w.connection->bias >= 0) words.push_back(plan_.parameters[w.connection->bias].learnable ? "bias" : "bias fixed");
    if (!block.learnable) words.push_back("fixed");
    const bool low = block.min > -1e300, high = block.max < 1e300;
    if (low && high) words.push_back(fmt::format("within {} … {}", number(block.min), number(block.max)));
    else if (low) words.push_back("at least " + number(block.min));
    else if (high) words.push_back("at most " + number(block.max));
    if (!block.sign.empty()) words.push_back(signs(block));
    if (!block.plasticity.empty()) {
      const auto frozen = std::count(block.plasticity.begin(), block.plasticity.end(), 0.0);
      words.push_back(frozen ? fmt::format("plasticity mask, {} frozen", grouped(frozen)) : "plasticity mask");
    }
    return join(words, kSeparator);
  }

  static std::string signs(const Block& block) {
    const size_t from  = block.shape[1];
    bool         alike = true;   // every target sees the same signs
    for (size_t i = from; i < block.sign.size() && alike; ++i) alike = block.sign[i] == block.sign[i - from];
    return std::string(block.rectified ? "relu(w) times " : "") + (alike ? "signs of the source" : "signs entry by entry");
  }

  // ---- order and size ------------------------------------------------------------------------------------

  std::string drives() const {
    DisplayTable table({{"layer"}, {"type"}, {"into"}, {"events per unit and step", true}, {"weight", true}});
    for (const Drive& d : plan_.spiking->drives) {
      const LayerPlan& l = layer(d.layer);
      std::vector<double> mean;
      for (const Drive::Part& part : d.parts)
        for (size_t p = 0; p < part.mean.size(); ++p) mean.push_back(std::max(0.0, part.mean[p] + (d.spread.empty() ? 0 : d.spread[p] / 2)));
      table.add({l.name, d.kind == Drive::Kind::poisson ? "poisson" : d.kind == Drive::Kind::constant ? "constant" : "given in time",
                 l.cell->ports[size_t(d.port)], mean.empty() ? "" : span_of(mean), d.weight.empty() ? "" : span_of(d.weight)});
    }
    return table.text();
  }

  std::string noise() const {
    DisplayTable table({{"where"}, {"deviation", true}, {"mean", true}, {"drawn"}, {"in"}});
    const auto   range = [](const std::vector<double>& values) {
      const auto [low, high] = std::minmax_element(values.begin(), values.end());
      return *low == *high ? fmt::format("{:.4g}", *low) : fmt::format("{:.4g} … {:.4g}", *low, *high);
    };
    for (const NoiseSite& s : plan_.noise)
      table.add({s.name, range(s.deviation) + (s.drop ? " dropped" : s.relative ? " of the value" : ""), s.mean.empty() ? "" : range(s.mean),
                 s.what == NoiseSite::What::start ? "at the start" : s.once ? "once per run" : "every step",
                 s.when == NoiseSite::When::always ? "all runs" : s.when == NoiseSite::When::training ? "training" : "no run"});
    return table.text();
  }

  std::string order() const {
    std::vector<std::string> picture;
    DisplayTable table({{"stage", true}, {"layers"}, {"runs"}});
    if (plan_.input >= 0) picture.push_back(layer(plan_.input).is_input ? "input " + layer(plan_.input).name : "input");
    for (size_t s = 0; s < plan_.stages.size(); ++s) {
      const Stage& stage = plan_.stages[s];
      std::vector<std::string> names;
      for (int i : stage.layers) names.push_back(layer(i).name);
      picture.push_back(names.size() > 1 ? fmt::format("[{}]", join(names, " ⇄ "))
                                         : names[0] + (stage.recurrent ? " ⟲" : ""));
      table.add({std::to_string(s + 1), join(names),
                 names.size() > 1  ? "step by step together, because they read each other"
                 : stage.recurrent ? "step by step, because it reads its own past"
                                   : "through many steps at once"});
    }
    if (table.empty()) return "  the input is the output: no layer is advanced\n";
    std::string text;
    for (const std::string& part : wrapped(join(picture, " ──▶ "), kDisplayWidth - 2)) text += "  " + part + "\n";
    return text + "\n" + table.text();
  }

  std::string size() const {
    const ParameterMap& map = plan_.parameters;
    const size_t learnable  = map.learnable_size();
    size_t all = 0;   // absent weights do not count
    for (const Block& b : map.blocks()) all += present(b);
    double tape = 0;
    for (const LayerPlan& l : plan_.layers) {
      const size_t drives = l.cell->pull_reads_drive ? l.incoming.size() : 0;
      tape += double(l.units * (l.cell->states.size() + drives + l.takes_flux));
      if (l.cell->tape_size) tape += double(l.cell->tape_size({Layout::tiles, l.units, 1, 1}, 1, l.settings.data()));
    }
    if (plan_.spiking) {
      double synapses = 0;
      for (const ConnectionPlan& c : plan_.connections) synapses += c.synapses ? c.synapses->expected() : 0;
      if (synapses > 0)
        return line("synapses", fmt::format("{}, drawn before the first step; about {} as float32", grouped(int64_t(synapses)),
                                            with_prefix(bytes_of_synapses(plan_), "B")));
    }
    return line("parameters", fmt::format("{}, {} learnable; {} as float32", grouped(int64_t(all)),
                                          learnable == all ? "all" : "of which " + grouped(int64_t(learnable)),
                                          with_prefix(4.0 * double(map.size()), "B"))) +
           line("work", fmt::format("{} per step and row, in products with weights",
                                    with_prefix(flops_per_step(plan_), "FLOP"))) +
           line("memory", fmt::format("{} per step and row as float32, when all is kept for the gradient",
                                      with_prefix(4 * tape, "B")));
  }

  std::string warnings() const {
    if (plan_.warnings.empty()) return {};
    std::string text = "\nWarnings\n";
    for (const std::string& warning : plan_.warnings) {
      bool first = true;
      for (const std::string& part : wrapped(warning, kDisplayWidth - 4)) {
        text += (first ? "  ! " : "    ") + part + "\n";
        first = false;
      }
    }
    return text;
  }

  const Plan&           plan_;
  std::map<int, size_t> stage_of_;   // stage, from 1, of every layer that is advanced
  std::vector<Wire>     wires_;
};

}  // namespace

std::string describe(const Plan& plan) { return Description(plan).text(); }

double flops_per_step(const Plan& plan) {
  double flops = 0;
  for (const ConnectionPlan& c : plan.connections)
    if (c.delay == 0)   // the work of spikes depends on how many there are
      flops += 2.0 * (c.sparse ? double(c.sparse->column.size())
                               : double(plan.layers[size_t(c.to)].units) * double(plan.layers[size_t(c.from)].units));
  return flops;
}

}  // namespace dynode
