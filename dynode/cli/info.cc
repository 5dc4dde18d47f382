// dynode info: what a spec or a model file was understood to mean, and what there is to write specs with.
#include <algorithm>
#include <cstdio>
#include <fmt/format.h>

#include "dynode/base/display.h"
#include "dynode/base/facts.h"
#include "dynode/cells/cell.h"
#include "dynode/cli/fact_table.h"
#include "dynode/cli/options.h"
#include "dynode/cli/verb.h"
#include "dynode/io/file.h"
#include "dynode/io/model_formats.h"
#include "dynode/learn/loss.h"
#include "dynode/learn/metrics.h"
#include "dynode/learn/optimizer.h"
#include "dynode/learn/pooling.h"
#include "dynode/learn/schedule.h"
#include "dynode/models/hardware.h"
#include "dynode/models/model.h"
#include "dynode/models/wiring_drawing.h"
#include "dynode/sources/source.h"
#include "dynode/spec/spec.h"
#include "dynode/wiring/distributions.h"
#include "dynode/wiring/initialisers.h"
#include "dynode/wiring/neural_circuit.h"
#include "dynode/wiring/structures.h"

namespace dynode::cli {
namespace {

std::string number(double x) { return fmt::format("{:.4g}", x); }

// ---- weights of one network ----------------------------------------------------------------------------

std::string weights(const Model& model) {
  DisplayTable table(
      {{"parameter"}, {"shape", true}, {"min", true}, {"mean", true}, {"max", true}, {"deviation", true}, {"stored"}});
  for (const Block& block : model.plan().parameters.blocks()) {
    std::vector<double> values = model.parameter(block.name).as_double();
    if (!block.mask.empty()) {
      size_t kept = 0;
      for (size_t i = 0; i < values.size(); ++i)
        if (block.mask[i]) values[kept++] = values[i];
      values.resize(kept);
    }
    std::vector<std::string> shape;
    for (size_t n : block.shape) shape.push_back(std::to_string(n));
    double sum = 0, squares = 0;
    for (double x : values) sum += x;
    const double mean = sum / double(values.size());
    for (double x : values) squares += (x - mean) * (x - mean);
    std::string stored = block.transform == Transform::exponential ? "as logarithm"
                         : block.transform == Transform::softplus  ? "through softplus"
                         : block.transform == Transform::identity  ? "" : "through a sigmoid";
    if (!block.learnable) stored += stored.empty() ? "fixed" : ", fixed";
    std::vector<std::string> row{block.name, fmt::format("{}", fmt::join(shape, " × "))};
    if (values.empty()) {
      row.insert(row.end(), {"", "", "", "", "all entries are absent"});
    } else {
      const auto [low, high] = std::minmax_element(values.begin(), values.end());
      row.insert(row.end(), {number(*low), number(mean), number(*high),
                             number(std::sqrt(squares / double(values.size()))), stored});
    }
    table.add(std::move(row));
  }
  return table.empty() ? "  there are none\n" : table.text();
}

/// What a step is on superconducting hardware; nothing for other networks.
std::string hardware(const Model& model) {
  const Junction junction = standard_junction();
  const auto     step     = hardware_step(model, junction);
  if (!step) return {};
  return fmt::format("\nHardware\n  step        {}, with omega_c {:.4g} rad/s\n"
                     "  units       {} of power, {} of energy: simulate --record power measures a run\n",
                     step_text(*step), junction.omega_c(), quantity_text(junction.power_unit(), "W", 4),
                     quantity_text(junction.energy_unit(), "J", 4));
}

/// A picture per wiring: wiring.svg, or wiring_1.svg, wiring_2.svg, …
void draw_wirings(const Model& model, const std::string& path) {
  if (ending_of(path) != ".svg") throw IoError(path, "is no picture by its ending", "wirings are drawn as .svg");
  const auto found = wirings_of(model);
  if (found.empty())
    throw SpecError({}, "no layer of this network has a wiring", "LTC has one, and CfC where params.wiring says so");
  for (const auto& [id, wiring] : found) {
    const std::string own = found.size() == 1 ? path : fmt::format("{}_{}.svg", path.substr(0, path.size() - 4), id);
    write_file(own, draw_wiring(wiring, {.title = fmt::format("Wiring of layer {}", id)}));
    fmt::print("\nwiring of layer {} in {}\n", id, own);
  }
}

// ---- what there is -------------------------------------------------------------------------------------

/// A heading, then per entry its summary and its facts.
template <class Entry>
void print_catalogue(const char* heading, const std::vector<Entry>& entries) {
  fmt::print("{}\n", heading);
  size_t widest = 0;
  for (const Entry& e : entries) widest = std::max(widest, display_width(e.name));
  for (const Entry& e : entries) {
    const std::vector<std::string> lines = wrapped(e.summary, kDisplayWidth - widest - 4);
    for (size_t i = 0; i < lines.size(); ++i) fmt::print("  {:<{}}  {}\n", i == 0 ? e.name : "", widest, lines[i]);
    if constexpr (requires { e.facts; }) {
      if (e.facts.empty()) continue;
      fmt::print("\n{}\n", fact_table(e.facts, 6));
    }
  }
  fmt::print("\n");
}

void print_cells() {
  fmt::print("Layer types (layer_type; parameters go into params)\n\n");
  for (const CellEntry& cell : cells()) {
    if (cell.internal) continue;
    std::vector<std::string> states, ports(cell.ports.begin(), cell.ports.end());
    for (size_t i = 0; i < cell.states.size(); ++i)
      states.push_back(std::string(cell.states[i].name) +
                       (int(i) == cell.output && cell.states.size() > 1 ? " (output)" : ""));
    fmt::print("  {}: {}\n", cell.name, cell.summary);
    fmt::print("      states {}{}{}{}\n", fmt::join(states, ", "),
               ports.size() > 1 && cell.core.empty() && !cell.takes_sources ? fmt::format(" · ports {}", fmt::join(ports, ", ")) : "",
               cell.source ? fmt::format(" · source_func {}", cell.source) : "",
               cell.dt > 0 ? fmt::format(" · dt {}", number(cell.dt)) : "");
    if (!cell.params.empty()) {
      DisplayTable table({{"parameter"}, {"default"}, {"range"}, {"unit"}, {"learnt"}, {"meaning"}});
      for (const ParamFacts& p : cell.params) {
        const bool other = p.alternative.name[0] != 0;
        table.add({p.name, other ? "" : number(p.value), range_text(p.min, p.max), p.unit,
                   p.learn ? p.log ? "as logarithm" : "yes" : "no", p.help});
        if (other)
          table.add({p.alternative.name, number(p.alternative.value), "", p.alternative.unit, "",
                     fmt::format("another way to give {}", p.name)});
      }
      fmt::print("\n{}", table.text(6));
    }
    if (!cell.settings.empty() || !cell.noise.empty()) {
      DisplayTable table({{"setting"}, {"default"}, {"values"}, {"meaning"}});
      for (const SettingFacts& f : cell.settings)
        table.add({f.name, f.words.empty() ? number(f.value) : f.words[size_t(f.value)],
                   f.words.empty() ? range_text(f.min, f.max) : fmt::format("{}", fmt::join(f.words, ", ")), f.help});
      for (const NoiseFacts& f : cell.noise) table.add({f.word, number(f.value), range_text(0, 1e300), f.help});
      fmt::print("\n{}", table.text(6));
    }
    fmt::print("\n");
  }
}

void print_all() {
  print_cells();
  print_catalogue("Source functions (source_func)", source_functions());
  print_catalogue("Structures of connections (connection_type, or params.structure)", structures());
  print_catalogue("Initial weights (params.init)", initialisers());
  print_catalogue("Wirings of neural circuits (params.wiring of LTC and CfC)", wirings());
  print_catalogue("Distributions of layer parameters", distributions());
  print_catalogue("Losses", losses());
  print_catalogue("Pooling over time (time_pooling)", poolings());
  print_catalogue("Metrics", metrics());
  print_catalogue("Optimisers", optimizers());
  print_catalogue("Learning-rate schedules", schedules());
  DisplayTable table({{"simulation"}, {"type"}, {"default"}, {"meaning"}});
  for (const FieldRow& row : dynode::describe<SimulationSpec>())
    table.add({row.name, row.type, row.default_text, row.help});
  fmt::print("Settings of simulation\n\n{}", table.text());
}

}  // namespace

Verb info_verb(Command& tool) {
  struct Settings {
    std::string              spec;
    std::vector<std::string> set;
    std::string              draw;
    bool                     weights = false, cells = false;
  };
  const auto s    = std::make_shared<Settings>();
  Command    verb = tool.add_subcommand("info", "show what a network file means: layers, connections, order, sizes");
  verb.add_option("spec", s->spec, kNetworkHelp).type_name("SPEC");
  verb.add_flag("--weights", s->weights, "also list every parameter with its range, mean and deviation");
  verb.add_flag("--cells", s->cells, "list what networks and trainings can be made of, with parameters and defaults");
  verb.add_option("--draw", s->draw, "draw the wirings of LTC and CfC layers into a file; of several, each has its number in it")
      .type_name("FILE.svg");
  add_set(verb, s->set, "simulation.dt=10");
  verb.footer(
      "dynode info net.yaml\ndynode info runs/fashion_dendrites/checkpoints/best.dynode --weights\ndynode info "
      "examples/liquid/net.yaml --draw wiring.svg\ndynode info --cells");
  return {verb, [s] {
            if (s->spec.empty() && !s->cells)
              throw SpecError({}, "SPEC is missing",
                              "dynode info net.yaml describes a network, dynode info --cells all building blocks");
            if (s->cells) print_all();
            if (s->spec.empty()) return;
            if (s->cells) fmt::print("\n");
            const Model model = load_model(s->spec, s->set, {});
            fmt::print("{}{}", describe(model.plan()), hardware(model));
            if (s->weights) fmt::print("\nParameters\n{}", weights(model));
            if (!s->draw.empty()) draw_wirings(model, s->draw);
          }};
}

}  // namespace dynode::cli
