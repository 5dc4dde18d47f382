#include "dynode/cli/rate_table_plot.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace dynode::cli {
namespace {

constexpr double kWidth = 760, kHeight = 440, kLeft = 64, kRight = 92, kTop = 22, kBottom = 52;
constexpr size_t kMostCurves = 9;

/// 1, 2 or 5 times a power of ten, so that about `count` of them make `range`.
double nice_step(double range, double count) {
  const double power = std::pow(10, std::floor(std::log10(range / count)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * power * count >= range * 0.999) return factor * power;
  return 10 * power;
}

/// From blue for small currents to orange for large ones.
std::string colour(double share) {
  const auto mix = [&](double a, double b) { return int(std::lround(a + (b - a) * share)); };
  return fmt::format("#{:02x}{:02x}{:02x}", mix(0x1f, 0xd9), mix(0x5f, 0x6b), mix(0xc2, 0x12));
}

}  // namespace

std::string rate_table_picture(const RateTableData& t) {
  const double phi_last = t.phi_first + t.phi_step * double(t.phi_count - 1);
  double       high     = 1e-12;
  for (const double g : t.g) high = std::max(high, g);
  const double g_step = nice_step(high, 5), top = std::ceil(high / g_step - 1e-9) * g_step;
  const double phi_tick = nice_step(phi_last - t.phi_first, 5);
  const auto   at_x     = [&](double phi) {
    return kLeft + (kWidth - kLeft - kRight) * (phi - t.phi_first) / (phi_last - t.phi_first);
  };
  const auto at_y = [&](double g) { return kTop + (kHeight - kTop - kBottom) * (1 - g / top); };

  std::string svg = fmt::format(
      "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {0} {1}' width='{0}' height='{1}'>\n"
      "<title>Source function g over the flux, for several currents</title>\n"
      "<style>text{{font:13px system-ui,sans-serif;fill:#3b444b}}</style>\n<rect width='{0}' height='{1}' "
      "fill='#fff'/>\n",
      kWidth, kHeight);
  for (double g = 0; g <= top * 1.001; g += g_step)
    svg += fmt::format(
        "<path d='M{:.1f} {:.1f}H{:.1f}' stroke='#e3e7ea'/>\n<text x='{:.1f}' y='{:.1f}' "
        "text-anchor='end'>{:.4g}</text>\n",
        kLeft, at_y(g), kWidth - kRight, kLeft - 8, at_y(g) + 4, g);
  for (double phi = std::ceil(t.phi_first / phi_tick - 1e-9) * phi_tick; phi <= phi_last + 1e-9; phi += phi_tick)
    svg += fmt::format("<text x='{:.1f}' y='{:.1f}' text-anchor='middle'>{:.4g}</text>\n", at_x(phi),
                       kHeight - kBottom + 20, std::abs(phi) < 1e-12 ? 0 : phi);
  svg += fmt::format(
      "<text x='{:.1f}' y='{:.1f}' text-anchor='middle'>flux φ, in Φ₀</text>\n"
      "<text transform='translate(16 {:.1f}) rotate(-90)' text-anchor='middle'>mean voltage g, in I_c R</text>\n",
      (kLeft + kWidth - kRight) / 2, kHeight - 10, (kTop + kHeight - kBottom) / 2);

  // currents evenly over those at which something happens
  size_t     first  = 0;
  const auto silent = [&](size_t row) {
    return std::all_of(t.g.begin() + ptrdiff_t(row * t.phi_count), t.g.begin() + ptrdiff_t((row + 1) * t.phi_count),
                       [&](double g) { return g < 0.02 * high; });
  };
  while (first + 1 < t.ib_count && silent(first)) ++first;
  const size_t curves = std::min(kMostCurves, t.ib_count - first);
  double       free_y = kHeight;  // labels must not touch: from the lowest curve upwards
  for (size_t k = 0; k < curves; ++k) {
    const double share = curves > 1 ? double(k) / double(curves - 1) : 1;
    const size_t row   = first + size_t(std::lround(share * double(t.ib_count - 1 - first)));
    std::string  path;
    for (size_t i = 0; i < t.phi_count; ++i)
      path += fmt::format("{}{:.1f} {:.1f}", i ? "L" : "M", at_x(t.phi_first + t.phi_step * double(i)),
                          at_y(std::max(0.0, t.g[row * t.phi_count + i])));
    free_y = std::min(free_y - 15, at_y(t.g[(row + 1) * t.phi_count - 1]) + 4);
    svg += fmt::format(
        "<path d='{}' fill='none' stroke='{}' stroke-width='2' stroke-linejoin='round'/>\n"
        "<text x='{:.1f}' y='{:.1f}' style='fill:{}'>i = {:.2f}</text>\n",
        path, colour(share), kWidth - kRight + 8, free_y, colour(share), t.ib_first + t.ib_step * double(row));
  }
  return svg + "</svg>\n";
}

}  // namespace dynode::cli
