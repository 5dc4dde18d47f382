#include "dynode/models/wiring_drawing.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "dynode/base/text.h"
#include "dynode/models/wiring_layout.h"
#include "dynode/plan/arguments.h"

namespace dynode {
namespace {

const std::vector<std::pair<std::string, std::string>> kNeurons = {
    {"sensory", "#bcbd22"}, {"inter", "#1f77b4"}, {"command", "#17becf"}, {"motor", "#ff7f0e"}};
const std::vector<std::pair<std::string, std::string>> kSynapses = {{"excitatory", "#2ca02c"},
                                                                    {"inhibitory", "#d62728"}};

/// The usual colours with those that are given in their place.
std::map<std::string, std::string> colors(const char*                                             what,
                                          const std::vector<std::pair<std::string, std::string>>& usual,
                                          const std::map<std::string, std::string>&               given) {
  std::map<std::string, std::string> all(usual.begin(), usual.end());
  std::vector<std::string>           known;
  for (const auto& entry : usual) known.push_back(entry.first);
  for (const auto& [name, color] : given) {
    if (!all.contains(name))
      throw SpecError({.path = what}, fmt::format("there is nothing called '{}'", name),
                      did_you_mean(name, known, "there are"));
    all[name] = color;
  }
  return all;
}

std::string escaped(const std::string& text) {
  std::string safe;
  for (const char c : text)
    if (c == '<') safe += "&lt;";
    else if (c == '&') safe += "&amp;";
    else if (c == '"') safe += "&quot;";
    else safe += c;
  return safe;
}

struct Page {
  double    width, height, margin = 46, top = 78, radius;
  PagePoint operator()(PagePoint p) const {
    return {margin + p.x * (width - 2 * margin), top + p.y * (height - top - margin)};
  }
};

/// An arrow from rim to rim, bent a little so that a way and the way back lie side by side; a loop on a node itself.
std::string arrow(const Page& page, PagePoint from, PagePoint to, bool self, bool straight) {
  const double r = page.radius;
  if (self)
    return fmt::format("<path class='synapse' d='M{:.1f} {:.1f} C{:.1f} {:.1f} {:.1f} {:.1f} {:.1f} {:.1f}'/>\n",
                       from.x - 0.5 * r, from.y - 0.87 * r, from.x - 2.2 * r, from.y - 3.4 * r, from.x + 2.2 * r,
                       from.y - 3.4 * r, from.x + 0.6 * r, from.y - 1.0 * r);
  const double dx = to.x - from.x, dy = to.y - from.y, length = std::max(1.0, std::hypot(dx, dy));
  const double bend = straight ? 0 : std::min(0.16 * length, 60.0);
  const double mx = (from.x + to.x) / 2 - dy / length * bend, my = (from.y + to.y) / 2 + dx / length * bend;
  const auto   rim = [&](PagePoint p, double gap) {
    const double ux = mx - p.x, uy = my - p.y, l = std::max(1e-9, std::hypot(ux, uy));
    return PagePoint{p.x + ux / l * gap, p.y + uy / l * gap};
  };
  const PagePoint a = rim(from, r), b = rim(to, r + 2);
  return fmt::format("<path class='synapse' d='M{:.1f} {:.1f} Q{:.1f} {:.1f} {:.1f} {:.1f}'/>\n", a.x, a.y, mx, my, b.x,
                     b.y);
}

/// The layers of the wiring a layer of the spec has, for `inputs` inputs; nothing where it has none.
std::optional<Wiring> written(const LayerSpec& spec, size_t inputs) {
  const Value* given = spec.params.find("wiring");
  if (!given || given->is_null()) return std::nullopt;
  const WiringEntry& kind   = find_wiring(given->at("type").text(), given->at("type").at());
  Value              params = given->find("params") ? *given->find("params") : Value::map();
  for (const Fact& f : kind.facts)
    if (std::string_view(f.name) == "units" && !params.has("units")) params.set("units", spec.dim());
  if (params.has("wiring_file")) return std::nullopt;  // what it says is in the parameters
  const Arguments arguments = check_arguments(kind.name, kind.facts, params);
  return make_wiring(kind, {.inputs = inputs, .arguments = arguments});
}

/// −1, 0 and 1 out of reversal potentials and their mask.
std::vector<int8_t> signs(const Model& model, const std::string& name) {
  const Block&              b      = model.plan().parameters[model.plan().parameters.find(name)];
  const std::vector<double> values = model.parameter(name).as_double();
  std::vector<int8_t>       signs;
  for (size_t i = 0; i < values.size(); ++i)
    signs.push_back(!b.mask.empty() && !b.mask[i] ? 0 : values[i] < 0 ? -1 : 1);
  return signs;
}

}  // namespace

std::vector<std::string> neuron_types(const Wiring& w, bool with_inputs) {
  std::vector<std::string> types(with_inputs ? w.inputs : 0, "sensory");
  const size_t             first = types.size();
  types.resize(first + w.units, "inter");
  for (size_t i = 0; i < w.outputs; ++i) types[first + i] = "motor";
  if (w.layers.size() == 3)
    for (const uint32_t i : w.layers[1])
      if (i >= w.outputs) types[first + i] = "command";
  return types;
}

std::string draw_wiring(const Wiring& w, const WiringDrawing& options) {
  const bool                    inputs        = options.include_sensory_neurons && w.inputs > 0;
  const auto                    neuron_color  = colors("neuron_colors", kNeurons, options.neuron_colors);
  const auto                    synapse_color = colors("synapse_colors", kSynapses, options.synapse_colors);
  const auto                    types         = neuron_types(w, inputs);
  const size_t                  first         = inputs ? w.inputs : 0;
  std::map<std::string, size_t> count;
  for (const std::string& t : types) ++count[t];
  size_t tallest = 1;
  for (const auto& entry : count) tallest = std::max(tallest, entry.second);

  const bool layered = options.layout == "layered";
  Page       page{.width = 880, .height = 560, .radius = 9};
  if (layered) page.height = std::clamp(78.0 + 46 + 24.0 * double(tallest), 360.0, 1400.0);
  else page.width = page.height = types.size() > 60 ? 1100 : 720;
  if (tallest > 56 || types.size() > 200) page.radius = 5;
  std::vector<PagePoint> at = lay_out(w, inputs, types, options.layout);
  for (PagePoint& p : at) p = page(p);

  const size_t synapses = w.synapses() + (inputs ? w.sensory_synapses() : 0);
  const double opacity  = std::clamp(6 / std::sqrt(double(synapses) + 1), 0.12, 0.75);
  std::string  svg      = fmt::format(
            "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {0:.0f} {1:.0f}' width='{0:.0f}' height='{1:.0f}' "
                  "font-family='system-ui, sans-serif' font-size='13'>\n<defs>",
            page.width, page.height);
  for (const char* kind : {"excitatory", "inhibitory"})
    svg += fmt::format(
        "<marker id='{}' viewBox='0 0 8 8' refX='7' refY='4' markerWidth='6' markerHeight='6' orient='auto'>"
        "<path d='M0 0L8 4L0 8z' fill='{}'/></marker>",
        kind, synapse_color.at(kind));
  svg += fmt::format("</defs>\n<rect width='{:.0f}' height='{:.0f}' fill='white'/>\n", page.width, page.height);

  std::string arrows[2];  // excitatory, inhibitory
  const auto  draw = [&](size_t from, size_t to, int8_t sign) {
    const bool straight = layered && types[from] != types[to] && w.layers.size() > 1;
    if (sign) arrows[sign < 0] += arrow(page, at[from], at[to], from == to, straight);
  };
  for (size_t i = 0; i < first; ++i)
    for (size_t j = 0; j < w.units; ++j) draw(i, first + j, w.sensory[i * w.units + j]);
  for (size_t i = 0; i < w.units; ++i)
    for (size_t j = 0; j < w.units; ++j) draw(first + i, first + j, w.adjacency[i * w.units + j]);
  for (size_t k = 0; k < kSynapses.size(); ++k)
    svg += fmt::format(
        "<g fill='none' stroke='{}' stroke-width='1.2' stroke-opacity='{:.2f}' marker-end='url(#{})'>\n{}</g>\n",
        synapse_color.at(kSynapses[k].first), opacity, kSynapses[k].first, arrows[k]);

  for (size_t i = 0; i < types.size(); ++i) {
    const std::string name = i < first ? fmt::format("sensory_{}", i) : fmt::format("neuron_{}", i - first);
    svg += fmt::format(
        "<circle cx='{:.1f}' cy='{:.1f}' r='{}' fill='{}' stroke='#333' stroke-width='0.8'><title>{}, {}"
        "</title></circle>\n",
        at[i].x, at[i].y, page.radius, neuron_color.at(types[i]), name, types[i]);
    if (options.draw_labels)
      svg += fmt::format("<text x='{:.1f}' y='{:.1f}' text-anchor='middle' font-size='9'>{}</text>\n", at[i].x,
                         at[i].y + 3, i < first ? i : i - first);
  }

  // the legend, in one line on top
  double x = page.margin - 9, y = options.title.empty() ? 24 : 42;
  if (!options.title.empty())
    svg += fmt::format("<text x='{:.0f}' y='20' font-weight='600'>{}</text>\n", x, escaped(options.title));
  for (const auto& [type, color] : kNeurons) {
    if (!count.contains(type)) continue;
    const std::string words = fmt::format("{} {}", count[type], type);
    svg += fmt::format(
        "<circle cx='{:.0f}' cy='{:.0f}' r='6' fill='{}' stroke='#333' stroke-width='0.8'/><text x='{:.0f}' "
        "y='{:.0f}'>{}</text>\n",
        x + 6, y - 4, neuron_color.at(type), x + 17, y, words);
    x += 38 + 7.6 * double(words.size());
  }
  for (const auto& [kind, color] : kSynapses) {
    const int8_t      sign = kind == "excitatory" ? 1 : -1;
    const auto        n    = std::ranges::count(w.adjacency, sign) + (inputs ? std::ranges::count(w.sensory, sign) : 0);
    const std::string words = fmt::format("{} {}", n, kind);
    svg += fmt::format(
        "<line x1='{:.0f}' y1='{:.0f}' x2='{:.0f}' y2='{:.0f}' stroke='{}' stroke-width='2'/><text x='{:.0f}' "
        "y='{:.0f}'>{}</text>\n",
        x, y - 4, x + 20, y - 4, synapse_color.at(kind), x + 26, y, words);
    x += 48 + 7.6 * double(words.size());
  }
  return svg + "</svg>\n";
}

std::vector<std::pair<int, Wiring>> wirings_of(const Model& model) {
  std::vector<std::pair<int, Wiring>> found;
  const Plan&                         plan = model.plan();
  for (const LayerSpec& spec : plan.spec.layers) {
    const std::string prefix = fmt::format("layer{}/", spec.layer_id);
    size_t            inputs = 0;  // as wide as what gathers them
    for (const LayerPlan& l : plan.layers)
      if (l.name == fmt::format("{}.input", spec.layer_id)) inputs = l.units;
    const CellEntry* cell = find_cell(spec.layer_type);
    if (!cell || !cell->takes_sources || inputs == 0) continue;
    std::optional<Wiring> w = written(spec, inputs);
    if (const int erev = plan.parameters.find(prefix + "erev"); erev >= 0) {
      const size_t units = size_t(spec.dim());
      if (!w)
        w = Wiring{.units     = units,
                   .inputs    = inputs,
                   .outputs   = plan.layers[size_t(plan.find_layer(spec.layer_id))].units,
                   .adjacency = {},
                   .sensory   = {},
                   .layers    = {}};
      w->adjacency = signs(model, prefix + "erev");
      w->sensory   = signs(model, prefix + "sensory_erev");
    }
    if (w) found.emplace_back(spec.layer_id, std::move(*w));
  }
  return found;
}

}  // namespace dynode
