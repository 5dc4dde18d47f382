#include "dynode/models/export_c.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <set>

#include "dynode/base/text.h"
#include "dynode/base/version.h"
#include "dynode/models/export_c-internal.h"
#include "dynode/models/export_c_text-internal.h"
#include "dynode/run/prepared.h"
#include "dynode/sources/source.h"

namespace dynode {
namespace {

using namespace c_code;

/// Writes one network. A component is a state of a layer; what a later step needs is a field of the state, the rest are
/// arrays of the step. A step updates fields in place; who reads an earlier value after that reads a copy.
template <class R>
class Writer {
 public:
  Writer(const Plan& plan, const StoredModel& stored, std::string name)
      : plan_(plan),
        theta_(stored_theta<R>(plan, stored, plan.spec.file)),
        prepared_(plan),
        m_(std::move(name)),
        c_(m_, plan.tables) {
    prepared_.set(theta_.data());
    order();
    refuse();
  }

  CCode write() {
    const std::string step = step_body();  // first: it says which constants and helpers there are
    CCode             code{.name = m_, .header = {}, .source = {}};
    code.constant_bytes = c_.constant_bytes, code.state_bytes = 0, code.stack_bytes = stack_bytes_;
    for (const Field& f : fields_) code.state_bytes += f.units * sizeof(R);
    code.header = header();
    code.source = source(step);
    if (std::ranges::any_of(plan_.noise, [](const NoiseSite& s) { return s.when != NoiseSite::When::training; }))
      code.notes.push_back("noise is left out: the code does what a run without noise does");
    return code;
  }

 private:
  struct Field {
    int         layer, state;
    size_t      units;
    std::string name;
  };

  const LayerPlan& layer(int i) const { return plan_.layers[size_t(i)]; }
  static bool      is_output(const LayerPlan& l, int state) { return l.cell->output == state; }

  // ---- what there is ---------------------------------------------------------------------------------------

  /// Layers in the order in which they are advanced, without those nothing depends on.
  void order() {
    std::set<int>    needed = {plan_.output};
    std::vector<int> open   = {plan_.output};
    while (!open.empty()) {
      const int i = open.back();
      open.pop_back();
      for (const auto& port : layer(i).incoming)
        for (int c : port)
          if (needed.insert(plan_.connections[size_t(c)].from).second)
            open.push_back(plan_.connections[size_t(c)].from);
    }
    for (const Stage& stage : plan_.stages)
      for (int i : stage.layers)
        if (needed.contains(i)) place_.emplace_back(i);
    const auto at = [&](int i) { return std::ranges::find(place_, i) - place_.begin(); };
    for (const int i : needed) {
      const LayerPlan& l    = layer(i);
      bool             late = false, copied = false;
      for (int c : l.outgoing) {
        const ConnectionPlan& k = plan_.connections[size_t(c)];
        if (!needed.contains(k.to) || k.lag == 0) continue;
        late = true;
        copied |= at(k.to) > at(i);
      }
      for (size_t s = 0; s < l.cell->states.size(); ++s)
        if (l.is_input ? late && is_output(l, int(s)) : !l.cell->states[s].memoryless || (late && is_output(l, int(s))))
          fields_.push_back({i, int(s), l.units, fmt::format("{}_{}", tag(i), l.cell->states[s].name)});
      if (copied && !l.is_input) copied_.insert(i);
      spans_ |= !l.is_input && follows_spans(i);
      if (l.synapses) c_.wide_lists |= l.synapses->column.size() > 65535;
    }
    for (const ConnectionPlan& k : plan_.connections)
      if (k.sparse) c_.wide_lists |= k.sparse->column.size() > 65535 || layer(k.from).units > 65535;
  }

  void refuse() {
    for (int i : place_) {
      const LayerPlan& l    = layer(i);
      const CellCode   code = cell_code(l);
      if (l.cell->fires)
        throw SpecError({}, fmt::format("layer {} fires, and there is no C code for spikes", l.layer_id),
                        "rates, dendrites, gated units, LTC and CfC can be exported");
      if (code.each.empty() && code.whole.empty())
        throw SpecError({}, fmt::format("layer {}: there is no C code for cells of kind {}", l.name, l.cell->name),
                        "choose another layer_type, or take this part out with dynode convert --remove");
      for (const auto& port : l.incoming)
        for (int c : port)
          if (plan_.connections[size_t(c)].delay > 0)
            throw SpecError({},
                            fmt::format("connection {} carries spikes, and there is no C code for them",
                                        plan_.connections[size_t(c)].name),
                            "only graded connections can be exported");
    }
  }

  // ---- names and numbers -----------------------------------------------------------------------------------

  std::string tag(int i) const { return "layer" + c_identifier(layer(i).name).substr(layer(i).name[0] <= '9'); }

  // ---- components ------------------------------------------------------------------------------------------

  const Field* field(int i, int state) const {
    for (const Field& f : fields_)
      if (f.layer == i && f.state == state) return &f;
    return nullptr;
  }
  /// Where a step leaves a component.
  std::string next_of(int i, int state) const {
    if (const Field* f = field(i, state); f && !layer(i).is_input) return "state->" + f->name;
    return layer(i).is_input ? "input" : fmt::format("{}_{}", tag(i), layer(i).cell->states[size_t(state)].name);
  }
  std::string source_of(const ConnectionPlan& k) const {
    const LayerPlan& l = layer(k.from);
    if (k.lag == 0) return next_of(k.from, l.cell->output);
    const Field* f = field(k.from, l.cell->output);
    expects(f, "what is read late is kept");
    const auto at   = [&](int i) { return std::ranges::find(place_, i); };
    const bool copy = copied_.contains(k.from) && at(k.to) > at(k.from);
    return (copy ? "early_" : "state->") + f->name;
  }

  // ---- connections -----------------------------------------------------------------------------------------

  /// Rows [first, first + count) that read one column each, one after the other, with weight 1.
  struct Selection {
    size_t first, count, column;
  };
  static std::optional<Selection> selection(const SparsePattern& p) {
    const size_t rows = p.begin.size() - 1, count = p.column.size();
    if (!p.entry.empty() || count == 0) return std::nullopt;
    size_t first = 0;
    while (first < rows && p.begin[first + 1] == 0) ++first;
    if (first + count > rows) return std::nullopt;
    for (size_t i = 0; i < count; ++i)
      if (p.begin[first + i] != i || p.column[i] != p.column[0] + i || p.constant[i] != 1) return std::nullopt;
    return Selection{first, count, p.column[0]};
  }

  static std::string shifted(const std::string& base, const char* index, int64_t by) {
    return by ? fmt::format("{}[{} {} {}]", base, index, by < 0 ? '-' : '+', std::abs(by))
              : fmt::format("{}[{}]", base, index);
  }

  std::string deliver(const ConnectionPlan& k, const std::string& to) {
    const LayerPlan&  target = layer(k.to);
    const std::string from   = source_of(k);
    // the ports of a core are rows of one matrix; sub-steps of an equation share theirs
    const ConnectionPlan& first   = *std::ranges::find_if(plan_.connections, [&](const ConnectionPlan& c) {
      return &c == &k || (k.weights >= 0 && c.weights == k.weights && c.first_row == k.first_row &&
                          c.first_column == k.first_column && c.port == k.port && c.name == k.name && !c.sparse &&
                          !k.sparse);
    });
    const bool            alone   = std::ranges::count(plan_.connections, k.name, &ConnectionPlan::name) == 1;
    const std::string     name    = alone ? c_identifier(k.name)
                                          : fmt::format("{}_{}_{}", c_identifier(k.name), target.cell->ports[size_t(k.port)],
                                                        &first - plan_.connections.data());
    const size_t          columns = layer(k.from).units;
    if (!k.sparse) {
      const R*     w      = prepared_.weights(k);
      const size_t length = plan_.row_length(k);
      c_.help_with_products("add");
      const auto   at     = [&](size_t i) { return w[i / columns * length + i % columns]; };
      return fmt::format("{}_add({}, {}, {}, {}, {});\n", m_, to, target.units,
                         c_.array(name, target.units * columns, at), from, columns);
    }
    const SparsePattern& p = *k.sparse;
    if (const auto s = selection(p))
      return fmt::format("for (u = {}; u < {}; ++u) {}[u] += {};\n", s->first, s->first + s->count, to,
                         shifted(from, "u", int64_t(s->column) - int64_t(s->first)));
    if (p.column.empty()) return "";
    const R*   w    = k.weights < 0 ? nullptr : prepared_.block(k.weights);
    const auto at   = [&](size_t i) { return w ? w[p.entry[i]] : R(p.constant[i]); };
    const bool ones = !w && std::ranges::all_of(p.constant, [](double c) { return c == 1; });
    c_.help_with_products(ones ? "sum" : "add_listed");
    const std::string lists =
        fmt::format("{}, {}", c_.indices(name + "_begin", p.begin), c_.indices(name + "_column", p.column));
    if (ones) return fmt::format("{}_sum({}, {}, {}, {});\n", m_, to, target.units, lists, from);
    return fmt::format("{}_add_listed({}, {}, {}, {}, {});\n", m_, to, target.units, lists,
                       c_.array(name, p.column.size(), at), from);
  }

  // ---- filling in ------------------------------------------------------------------------------------------

  std::string parameter(int i, const std::string& name, bool whole) {
    const LayerPlan& l = layer(i);
    size_t           p = 0;
    while (p < l.cell->params.size() && l.cell->params[p].name != name) ++p;
    if (p == l.cell->params.size())
      for (size_t c = 0; c < l.cell->constants.size(); ++c)
        if (l.cell->constants[c].name == name) p = l.cell->params.size() + c;
    const auto& values = prepared_.layer(i).params.at(p);
    const auto  count  = count_of(l, p);
    if (!whole && std::all_of(values.begin(), values.begin() + count, [&](R v) { return v == values[0]; })) {
      const std::string text = c_.number(values[0], name);
      return values[0] < 0 ? "(" + text + ")" : text;
    }
    const std::string full = c_.array(fmt::format("{}_{}", tag(i), name), count, [&](size_t u) { return values[u]; });
    return whole ? full : full + "[u]";
  }

  double setting(const LayerPlan& l, const std::string& name) const {
    for (size_t s = 0; s < l.cell->settings.size(); ++s)
      if (l.cell->settings[s].name == name) return l.settings[s];
    expects(false, "code reads settings that exist");
    return 0;
  }

  bool follows_spans(int i) const { return layer(i).cell->scales_with_dt && !layer(i).own_dt; }

  /// Replaces the words of a layer.
  std::string of_layer(int i, const std::string& text, const std::vector<std::string>& ports) {
    const LayerPlan& l = layer(i);
    std::string      out;
    for (size_t at = 0; at < text.size();) {
      if (text[at] != '$') {
        out += text[at++];
        continue;
      }
      size_t end = at + 1;
      while (std::isalnum(static_cast<unsigned char>(text[end])) || text[end] == '_') ++end;
      const std::string kind = text.substr(at + 1, end - at - 1);
      std::string       name;
      if (text[end] == '.') {
        const size_t begin = ++end;
        while (std::isalnum(static_cast<unsigned char>(text[end])) || text[end] == '_') ++end;
        name = text.substr(begin, end - begin);
      }
      const auto state = [&] {
        for (size_t s = 0; s < l.cell->states.size(); ++s)
          if (l.cell->states[s].name == name) return int(s);
        expects(false, "code names states that exist");
        return 0;
      };
      if (kind == "s" || kind == "n") out += next_of(i, state()) + "[u]";  // fields change in place
      else if (kind == "S" || kind == "N") out += next_of(i, state());
      else if (kind == "p" || kind == "P") out += parameter(i, name, kind == "P");
      else if (kind == "x") out += ports.at(port_of(l, name));
      else if (kind == "X") out += ports.at(port_of(l, name)).substr(0, ports.at(port_of(l, name)).find('['));
      else if (kind == "o") out += c_.number(R(setting(l, name)), name);
      else if (kind == "o_int") out += std::to_string(int64_t(setting(l, name)));
      else if (kind == "UNITS") out += std::to_string(l.units);
      else if (kind == "dt") {
        out += follows_spans(i) ? "span" : c_.number(prepared_.layer(i).dt, "dt");
        if (follows_spans(i)) dt_ = prepared_.layer(i).dt;
      } else if (kind.starts_with("SYN_"))
        out += c_.indices(tag(i) + (kind == "SYN_begin" ? "_begin" : "_target"),
                          kind == "SYN_begin" ? l.synapses->begin : l.synapses->column);
      else if (kind == "g") {
        out += call(i, text, end);
        // what is inside is filled in by a second pass
        return of_layer(i, out + text.substr(end), ports);
      } else {
        out += text.substr(at, end - at);  // $real, $m_…
      }
      at = end;
    }
    return out;
  }
  static size_t port_of(const LayerPlan& l, const std::string& name) {
    for (size_t p = 0; p < l.cell->ports.size(); ++p)
      if (l.cell->ports[p] == name) return p;
    expects(false, "code names ports that exist");
    return 0;
  }

  /// A call of the source function, whose arguments begin at text[end]; moves `end` behind them.
  std::string call(int i, const std::string& text, size_t& end) {
    std::vector<std::string> arguments = {""};
    int                      depth     = 0;
    for (++end;; ++end) {
      if (text[end] == ')' && depth-- == 0) break;
      if (text[end] == '(') ++depth;
      if (text[end] == ',' && depth == 0) arguments.emplace_back();
      else arguments.back() += text[end];
    }
    ++end;
    const std::string helper = source_helper(layer(i));
    c_.help(helper);
    const bool current = source_functions()[size_t(layer(i).source)].uses_current;
    if (current && arguments.size() == 1) arguments.push_back(" 1.7");
    if (!current) arguments.resize(1);
    return fmt::format("$m_{}({})", helper, join(arguments, ","));
  }

  // ---- a step ----------------------------------------------------------------------------------------------

  std::string local(const std::string& name, size_t units, const char* rest = "") {
    stack_bytes_ += units * sizeof(R);
    return fmt::format("  {} {}[{}]{};\n", c_.real(), name, units, rest);
  }

  std::string advance(int i) {
    const LayerPlan&         l    = layer(i);
    const CellCode           code = cell_code(l);
    std::string              declared, drives;
    std::vector<std::string> ports;
    for (size_t p = 0; p < l.incoming.size(); ++p) {
      const auto&       arriving = l.incoming[p];
      const auto&       bias     = prepared_.layer(i).bias[p];
      const bool        flux     = p == 0 && l.takes_flux;
      const std::string name = l.cell->ports[p] == std::string("u") ? "drive" : fmt::format("{}_in", l.cell->ports[p]);
      if (arriving.size() == 1 && !flux && bias.size() == 0) {
        const ConnectionPlan& k = plan_.connections[size_t(arriving[0])];
        const auto            s = k.sparse ? selection(*k.sparse) : std::nullopt;
        if (s && s->first == 0 && s->count == l.units && s->column == 0) {  // read it where it is
          ports.push_back(source_of(k) + "[u]");
          continue;
        }
      }
      declared += local(name, l.units);
      ports.push_back(name + "[u]");
      const std::string first = bias.size() ? c_.array(fmt::format("{}_bias_{}", tag(i), l.cell->ports[p]), l.units,
                                                       [&](size_t u) { return bias[u]; }) +
                                                  "[u]"
                                            : "0";
      drives +=
          fmt::format("for (u = 0; u < {}; ++u) {}[u] = {}{};\n", l.units, name, first, flux ? " + input[u]" : "");
      for (int c : arriving) drives += deliver(plan_.connections[size_t(c)], name);
    }
    for (const std::string& name : code.helpers) c_.help(name);
    stack_bytes_ += code.arrays * l.units * sizeof(R);
    const std::string step = code.each.empty()
                                 ? c_.filled(of_layer(i, code.whole, ports))
                                 : fmt::format("for (u = 0; u < {}; ++u) {{\n{}}}\n", l.units,
                                               c_.indented(c_.filled(of_layer(i, code.each, ports)), "  "));
    return fmt::format("  {{ /* layer {}: {} */\n", l.name, l.cell->name) + c_.indented(declared, "  ") +
           "    int u;\n" + c_.indented(drives + step, "    ") + "  }\n";
  }

  std::string step_body() {
    std::string layers, locals;
    for (int i : place_) {
      for (size_t s = 0; s < layer(i).cell->states.size(); ++s)
        if (!field(i, int(s))) locals += local(next_of(i, int(s)), layer(i).units);
      if (copied_.contains(i)) {
        const Field& f = *field(i, layer(i).cell->output);
        locals += local("early_" + f.name, f.units);
        layers += fmt::format("  for (i = 0; i < {}; ++i) early_{}[i] = state->{}[i];\n", f.units, f.name, f.name);
      }
      layers += advance(i);
    }
    for (const Field& f : fields_)
      if (layer(f.layer).is_input)
        layers += fmt::format("  for (i = 0; i < {}; ++i) state->{}[i] = input[i];\n", f.units, f.name);
    const LayerPlan& out = layer(plan_.output);
    layers += fmt::format("  for (i = 0; i < {}; ++i) output[i] = {}[i];\n", out.units,
                          next_of(plan_.output, out.cell->output));
    return locals + "  int i;\n" + (fields_.empty() ? "  (void)state;\n" : "") + layers;
  }

  std::string start_body() {
    std::string text;
    for (const Field& f : fields_) {
      const LayerPlan& l     = layer(f.layer);
      const bool       given = l.start_block >= 0 && l.start_state == f.state;
      const R* const   block = given ? theta_.data() + plan_.parameters[l.start_block].offset : nullptr;
      text += fmt::format(
          "  for (u = 0; u < {}; ++u) state->{}[u] = {};\n", f.units, f.name,
          given ? c_.array(tag(f.layer) + "_start", f.units, [&](size_t u) { return block[u]; }) + "[u]" : "0");
    }
    for (int i : place_) {
      const CellCode code = cell_code(layer(i));
      if (code.start.empty() || !field(i, layer(i).cell->output)) continue;
      text += fmt::format("  for (u = 0; u < {}; ++u) {}", layer(i).units, c_.filled(of_layer(i, code.start, {})));
    }
    return text.empty() ? "  (void)state;\n" : "  int u;\n" + text;
  }

  // ---- files -----------------------------------------------------------------------------------------------

  bool        has_input() const { return plan_.input >= 0; }
  std::string upper() const {
    std::string text = m_;
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return char(std::toupper(c)); });
    return text;
  }
  /// Not inside a comment's end.
  static std::string plain(std::string text) {
    for (char& c : text)
      if (c == '*' || c == '\\' || static_cast<unsigned char>(c) < ' ') c = ' ';
    return text;
  }

  std::string signature(bool span) const {
    return fmt::format("void {0}_step{1}({0}_state *state, {2}{3}{4} output[{5}_OUTPUTS])", m_, span ? "_span" : "",
                       has_input() ? fmt::format("const {} input[{}_INPUTS], ", c_.real(), upper()) : "",
                       span ? c_.real() + " span, " : "", c_.real(), upper());
  }

  std::string header() const {
    const std::string up   = upper();
    std::string       text = fmt::format("/* {}: one step of a network, written by dynode {}{}\n *\n", m_, kVersion,
                                   plan_.spec.file.empty() ? "" : " from " + plain(plan_.spec.file));
    for (int i : place_)
      text += fmt::format(" *   layer {}: {}, {} unit{}\n", layer(i).name, layer(i).cell->name, layer(i).units,
                          layer(i).units == 1 ? "" : "s");
    text += fmt::format(
        " *\n *   {0}_state state;\n *   {0}_start(&state);\n *   for (;;) {0}_step(&state, {1}output);\n */\n", m_,
        has_input() ? "input, " : "");
    text += fmt::format("#ifndef {0}_H\n#define {0}_H\n\n#ifdef __cplusplus\nextern \"C\" {{\n#endif\n\n", up);
    if (has_input()) text += fmt::format("#define {}_INPUTS {}\n", up, plan_.input_width());
    text += fmt::format("#define {}_OUTPUTS {}\n", up, layer(plan_.output).units);
    if (spans_) text += fmt::format("#define {}_DT {}   /* the time a step takes */\n", up, c_.number(dt_, "dt"));
    text += fmt::format(
        "\n/* what one step leaves for the next; a network that runs twice has two of them */\ntypedef struct {{\n");
    for (const Field& f : fields_) text += fmt::format("  {} {}[{}];\n", c_.real(), f.name, f.units);
    if (fields_.empty()) text += "  char nothing;\n";
    text += fmt::format(
        "}} {0}_state;\n\n/* before the first step */\nvoid {0}_start({0}_state *state);\n\n"
        "/* one step; output and input may not overlap */\n{1};\n",
        m_, signature(false));
    if (spans_)
      text += fmt::format(
          "\n/* the same, for a step that takes the time `span`, at least 0, in the unit of {}_DT */\n{};\n", up,
          signature(true));
    return text + "\n#ifdef __cplusplus\n}\n#endif\n#endif\n";
  }

  std::string source(const std::string& step) {
    const std::string start = start_body();
    std::string text = fmt::format("/* written by dynode {}: see {}.h */\n#include \"{}.h\"\n\n", kVersion, m_, m_);
    std::string body = step + start + c_.functions;
    if (c_.uses_math(body)) text += "#include <math.h>\n\n";
    text += c_.constants + "\n" + c_.functions;
    text += fmt::format("\nvoid {0}_start({0}_state *state) {{\n{1}}}\n", m_, start);
    text += fmt::format("\n{} {{\n{}}}\n", signature(spans_), step);
    if (spans_)
      text += fmt::format("\n{} {{\n  {}_step_span(state, {}{}_DT, output);\n}}\n", signature(false), m_,
                          has_input() ? "input, " : "", upper());
    return text;
  }

  const Plan&        plan_;
  std::vector<R>     theta_;
  Prepared<R>        prepared_;
  std::string        m_;
  std::vector<int>   place_;  // layers, as they are advanced
  std::vector<Field> fields_;
  std::set<int>      copied_;  // layers whose output is read late after they were advanced
  Pieces<R>          c_;
  bool               spans_       = false;  // a layer follows spans
  size_t             stack_bytes_ = 0;
  R                  dt_          = 0;
};

}  // namespace

std::string c_identifier(const std::string& text) {
  std::string out;
  for (const char c : text)
    out += std::isalnum(static_cast<unsigned char>(c)) && static_cast<unsigned char>(c) < 128 ? c : '_';
  if (out.empty() || std::isdigit(static_cast<unsigned char>(out[0]))) out = "_" + out;
  return out;
}

CCode export_c(const Model& model, const std::string& name) {
  if (name.empty() || c_identifier(name) != name || name[0] == '_')
    throw SpecError({}, fmt::format("'{}' is no name for a network in C", name),
                    "letters, digits and _, beginning with a letter");
  const Plan& plan = model.plan();
  if (model.precision() == Precision::float32) return Writer<float>(plan, model.stored(), name).write();
  return Writer<double>(plan, model.stored(), name).write();
}

}  // namespace dynode
