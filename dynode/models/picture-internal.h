// What pictures drawn as SVG documents share: a sheet, and a frame with ticks.
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <string>
#include <vector>

namespace dynode::picture {

inline constexpr double      kHeight    = 400;
inline constexpr const char* kColours[] = {"#3358d4", "#d9590b", "#17803d", "#8e35b8",
                                           "#0c7d8f", "#a8740a", "#c2298a", "#59626e"};
inline constexpr const char* kStyle =
    "<style>text{font:13px "
    "system-ui,sans-serif;fill:#1b1e23}.soft{fill:#5c626c;font-size:12px}."
    "title{font-weight:600;"
    "font-size:14px}</style>\n";

inline std::string escaped(const std::string& text) {
  std::string safe;
  for (const char c : text)
    if (c == '<') safe += "&lt;";
    else if (c == '&') safe += "&amp;";
    else safe += c;
  return safe;
}

inline std::string document(double width, const std::string& content) {
  return fmt::format(
      "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 "
      "{0:g} {1:g}' width='{0:g}' height='{1:g}' "
      "role='img'>\n{2}<rect width='{0:g}' height='{1:g}' "
      "rx='12' fill='#ffffff'/>\n{3}</svg>\n",
      width, kHeight, kStyle, content);
}

/// Distance of ticks: 1, 2 or 5 times a power of ten.
inline double tick_distance(double span) {
  const double rough = span / 5, power = std::pow(10, std::floor(std::log10(rough)));
  for (double factor : {1.0, 2.0, 5.0})
    if (rough <= factor * power) return factor * power;
  return 10 * power;
}

/// A frame with ticks, and where numbers lie in it.
struct Axes {
  double left, top, width, height;
  double x0, x1, y0, y1;
  bool   x_ticks = true;

  double x(double v) const { return left + width * (v - x0) / (x1 - x0); }
  double y(double v) const { return top + height * (y1 - v) / (y1 - y0); }

  std::string frame(const std::string& title, const std::string& x_label, const std::string& y_label) const {
    std::string svg =
        fmt::format("<text x='{:.1f}' y='{:.1f}' class='title'>{}</text>\n", left, top - 14, escaped(title));
    const auto ticks = [](double low, double high) {
      std::vector<double> at;
      const double        step = tick_distance(high - low);
      for (double v = std::ceil(low / step - 1e-9) * step; v <= high + 1e-9 * step; v += step)
        at.push_back(std::abs(v) < 1e-9 * step ? 0 : v);
      return at;
    };
    for (double v : x_ticks ? ticks(x0, x1) : std::vector<double>{})
      svg += fmt::format(
          "<path d='M{0:.1f} {1:.1f}v{2:.1f}' "
          "stroke='#e3e3df'/><text x='{0:.1f}' y='{3:.1f}' "
          "text-anchor='middle' class='soft'>{4:g}</text>\n",
          x(v), top, height, top + height + 17, v);
    for (double v : ticks(y0, y1))
      svg += fmt::format(
          "<path d='M{0:.1f} {1:.1f}h{2:.1f}' "
          "stroke='#e3e3df'/><text x='{3:.1f}' y='{4:.1f}' "
          "text-anchor='end' class='soft'>{5:g}</text>\n",
          left, y(v), width, left - 7, y(v) + 4, v);
    svg += fmt::format("<text x='{:.1f}' y='{:.1f}' text-anchor='middle'>{}</text>\n", left + width / 2,
                       top + height + 38, escaped(x_label));
    svg += fmt::format(
        "<text transform='translate({:.1f} {:.1f}) rotate(-90)' "
        "text-anchor='middle'>{}</text>\n",
        left - 46, top + height / 2, escaped(y_label));
    return svg;
  }

  /// A line through points; `clip` is the frame.
  std::string line(const std::vector<std::array<double, 2>>& points, const char* colour, double thick,
                   bool dashed = false) const {
    std::string path;
    for (const auto& p : points) path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", x(p[0]), y(p[1]));
    return fmt::format("<path d='{}' fill='none' stroke='{}' stroke-width='{:g}'{}/>\n", path, colour, thick,
                       dashed ? " stroke-dasharray='5 4'" : "");
  }

  std::string border() const {
    return fmt::format(
        "<rect x='{:.1f}' y='{:.1f}' width='{:.1f}' "
        "height='{:.1f}' fill='none' stroke='#c9cac6'/>\n",
        left, top, width, height);
  }
};

/// Blue, almost white for small numbers.
inline std::string shade(double share) {
  const auto mix = [&](double from, double to) {
    return int(std::lround(from + (to - from) * std::clamp(share, 0.0, 1.0)));
  };
  return fmt::format("#{:02x}{:02x}{:02x}", mix(250, 150), mix(251, 172), mix(255, 232));
}

}  // namespace dynode::picture
