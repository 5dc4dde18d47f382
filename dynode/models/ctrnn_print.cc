// What a CTRNN looks like: lines for a terminal, heat maps of its weights.
#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "dynode/analysis/spectrum.h"
#include "dynode/io/file.h"
#include "dynode/io/png.h"
#include "dynode/models/ctrnn.h"

namespace dynode::ctrnn {
namespace {

using Entries = std::vector<std::pair<std::string, std::string>>;

std::string number(double x) { return fmt::format("{:.4g}", x); }

std::string base64(const std::string& bytes) {
  static const char* digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string        text;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k) group = group << 8 | (i + k < bytes.size() ? uint8_t(bytes[i + k]) : 0u);
    for (size_t k = 0; k < 4; ++k) text += i + k > bytes.size() ? '=' : digits[group >> (18 - 6 * k) & 63];
  }
  return text;
}

/// White at 0, blue at 1, red at −1.
void add_colour(std::vector<uint8_t>& rgb, double x) {
  static const double blue[] = {33, 102, 172}, red[] = {178, 24, 43};
  const double  share = std::min(std::abs(x), 1.0);
  const double* full  = x > 0 ? blue : red;
  for (int c = 0; c < 3; ++c) rgb.push_back(uint8_t(std::lround(255 + share * (full[c] - 255))));
}

void add_range(Entries& entries, const std::string& name, const std::vector<double>& values) {
  entries.emplace_back(name + "_min", number(*std::ranges::min_element(values)));
  entries.emplace_back(name + "_max", number(*std::ranges::max_element(values)));
}

}  // namespace

std::vector<LayerText> CTRNN::describe() const {
  std::vector<LayerText> list;
  const ParameterMap&    map = model_->plan().parameters;
  const auto             linear = [&](const std::string& layer) {
    const ConnectionSpec&     c = connection(layer);
    const Block&              b = block(layer, 'J');
    const std::vector<double> w = weight(layer).as_double(), there = present(layer).as_double();
    const double              count = double(std::ranges::count(there, 1.0));
    LayerText                 text{layer + " layer", {}};
    Entries&                  e = text.entries;
    e.emplace_back("input_dim", std::to_string(b.shape[1]));
    e.emplace_back("output_dim", std::to_string(b.shape[0]));
    e.emplace_back("weight_learnable", b.learnable ? "true" : "false");
    add_range(e, "weight", w);
    const int bias_block = map.find(fmt::format("b_{}_to_{}", c.from_layer, c.to_layer));
    e.emplace_back("bias_learnable", bias_block >= 0 && map[bias_block].learnable ? "true" : "false");
    if (bias_block >= 0) add_range(e, "bias", bias(layer).as_double());
    e.emplace_back("sparsity", number(count / double(w.size())));
    double positive = 0, negative = 0, positives = 0, negatives = 0;
    for (const double x : w) {
      if (x > 0) positive += x, ++positives;
      if (x < 0) negative += x, ++negatives;
    }
    e.emplace_back("weight_mean_positive", positives > 0 ? number(positive / positives) : "none");
    e.emplace_back("weight_mean_negative", negatives > 0 ? number(negative / negatives) : "none");
    if (!b.sign.empty()) {
      size_t excitatory = 0, with_sign = 0;
      for (size_t j = 0; j < b.shape[1]; ++j) {
        bool excites = false, inhibits = false;
        for (size_t i = 0; i < b.shape[0]; ++i) {
          excites |= b.sign[i * b.shape[1] + j] > 0;
          inhibits |= b.sign[i * b.shape[1] + j] < 0;
        }
        excitatory += excites;
        with_sign += excites || inhibits;
      }
      if (with_sign > 0) e.emplace_back("excitatory_units", number(double(excitatory) / double(with_sign)));
    }
    if (c.from_layer == c.to_layer) e.emplace_back("spectral_radius", number(spectral_radius(w, b.shape[0])));
    return text;
  };
  const auto recurrence = [&](int id) {
    const LayerSpec& spec = *spec_.layer(id);
    LayerText        text{hidden_layers() == 1 ? "recurrence" : fmt::format("recurrence_{}", id - 1), {}};
    Entries&         e    = text.entries;
    const auto deviation  = [&](const char* word) -> std::string {
      const Value* v = spec.params.find(word);
      if (!v) return "0";
      if (!v->is_list()) return number(v->number());
      double sum = 0;
      for (const Value& x : v->list()) sum += x.number();
      return number(sum / double(v->size())) + " (mean)";
    };
    e.emplace_back("activation", spec.params.find("source_func") ? spec.params.at("source_func").text() : "relu");
    e.emplace_back("preact_noise", deviation("preact_noise"));
    e.emplace_back("postact_noise", deviation("postact_noise"));
    const Block&              a     = map[map.find(fmt::format("layer{}/alpha", id))];
    const std::vector<double> alpha = model_->parameter(a.name).as_double();
    double                    sum   = 0;
    for (const double x : alpha) sum += x;
    e.emplace_back("alpha", number(sum / double(alpha.size())));
    e.emplace_back("learn_alpha", a.learnable ? "true" : "false");
    const Value* begin = spec.params.find("init_state");
    e.emplace_back("init_state", begin ? begin->text() : "zero");
    const auto kept  = kept_.find(std::to_string(id));
    const int  learn = map.find(fmt::format("layer{}/init_v", id));
    if (learn >= 0) add_range(e, "init_hidden", model_->parameter(map[learn].name).as_double());
    else if (kept != kept_.end()) add_range(e, "init_hidden", kept->second.as_double());
    else add_range(e, "init_hidden", {0});
    return text;
  };
  for (const std::string& layer : layers()) {
    const ConnectionSpec& c = connection(layer);
    list.push_back(linear(layer));
    if (c.from_layer != c.to_layer && c.to_layer <= hidden_layers()) list.push_back(recurrence(c.to_layer));
  }
  return list;
}

std::string CTRNN::print_layers() const {
  std::string text;
  for (const LayerText& layer : describe()) {
    size_t width = 0;
    for (const auto& entry : layer.entries) width = std::max(width, entry.first.size());
    text += layer.title + "\n";
    for (const auto& [key, value] : layer.entries) text += fmt::format("  | {:<{}} {}\n", key + ":", width + 1, value);
  }
  return text;
}

void CTRNN::plot_layers(const std::string& path) const {
  constexpr double top = 56, left = 24, gap = 40, bar = 14;
  std::string      body;
  double           x = left, height = 0;
  for (const std::string& layer : layers()) {
    const Array  w    = weight(layer);
    const auto   rows = size_t(w.shape[0]), columns = size_t(w.shape[1]);
    const auto   values  = w.as_double();
    double       largest = 0;
    for (const double v : values) largest = std::max(largest, std::abs(v));
    std::vector<uint8_t> rgb;
    for (const double v : values) add_colour(rgb, largest > 0 ? v / largest : 0);
    // squares of one size for each weight, within what fits a page; thin matrices keep some width
    const double side = std::clamp(360.0 / double(std::max(rows, columns)), 1.0, 24.0);
    const double wide = std::max(side * double(columns), 48.0), tall = std::max(side * double(rows), 48.0);
    const double room = std::max(wide, 150.0);
    body += fmt::format("<text x='{}' y='24' class='t'>{}</text><text x='{}' y='42'>{} → {}</text>\n", x, layer, x, columns, rows);
    body += fmt::format("<image x='{}' y='{}' width='{:.1f}' height='{:.1f}' preserveAspectRatio='none' style='image-rendering:pixelated' "
                        "href='data:image/png;base64,{}'/><rect x='{}' y='{}' width='{:.1f}' height='{:.1f}' class='f'/>\n",
                        x, top, wide, tall, base64(png_bytes(columns, rows, rgb)), x, top, wide, tall);
    const double below = top + tall + 18;
    body += fmt::format("<rect x='{}' y='{:.1f}' width='150' height='{}' fill='url(#scale)' class='f'/><text x='{}' y='{:.1f}'>{}</text>"
                        "<text x='{}' y='{:.1f}' text-anchor='middle'>0</text><text x='{}' y='{:.1f}' text-anchor='end'>{}</text>\n",
                        x, below, bar, x, below + bar + 16, largest > 0 ? number(-largest) : "0", x + 75, below + bar + 16, x + 150,
                        below + bar + 16, number(largest));
    height = std::max(height, below + bar + 32);
    x += room + gap;
  }
  const double width = x - gap + left;
  write_file(path, fmt::format(
      "<svg xmlns='http://www.w3.org/2000/svg' width='{0:.0f}' height='{1:.0f}' viewBox='0 0 {0:.0f} {1:.0f}'>\n"
      "<style>text{{font:13px system-ui,sans-serif;fill:#444}}.t{{font-weight:600;font-size:15px;fill:#111}}.f{{fill-opacity:1;stroke:#999;stroke-width:.7}}"
      "rect.f:not([fill]){{fill:none}}</style>\n"
      "<defs><linearGradient id='scale'><stop offset='0' stop-color='#b2182b'/><stop offset='.5' stop-color='#fff'/>"
      "<stop offset='1' stop-color='#2166ac'/></linearGradient></defs>\n"
      "<rect width='100%' height='100%' fill='#fff'/>\n{2}</svg>\n", width, height, body));
}

}  // namespace dynode::ctrnn
