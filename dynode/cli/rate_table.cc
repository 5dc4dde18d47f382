// dynode rate-table: computes a source-function table g(phi, i) from the parameters of a SQUID circuit.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <fmt/format.h>
#include <mutex>

#include "dynode/base/display.h"
#include "dynode/base/threads.h"
#include "dynode/circuits/squid.h"
#include "dynode/cli/options.h"
#include "dynode/cli/meter.h"
#include "dynode/cli/rate_table_plot.h"
#include "dynode/cli/verb.h"
#include "dynode/io/file.h"
#include "dynode/io/rate_table.h"

namespace dynode::cli {
namespace {

struct Settings {
  SquidCircuit circuit;
  TableGrid    grid;
  SquidRecipe  recipe;
  std::string  output, plot;
  int          threads = 0;
};

/// The whole table, current by current; every point has the bits that one call for all would give it.
std::vector<double> table(const Settings& s) {
  const auto&         g = s.grid;
  std::vector<double> values(g.ib_count * g.phi_count);
  const auto          current = [&](size_t row) {
    TableGrid one                  = g;
    one.ib_first                   = g.ib_first + double(row) * g.ib_step;
    one.ib_count                   = 1;
    const std::vector<double> part = squid_table(s.circuit, one, s.recipe);
    std::copy(part.begin(), part.end(), values.begin() + ptrdiff_t(row * g.phi_count));
  };
  Threads    threads(s.threads);
  Meter      progress("rate table", g.ib_count);
  std::mutex one_at_a_time;
  size_t     done = 0;
  threads.run(g.ib_count, [&](size_t row, size_t) {
    current(row);
    const std::lock_guard lock(one_at_a_time);
    progress.at(++done);
  });
  return values;
}

void run(const Settings& s) {
  check_writable(s.output, "tables", "table.npz");
  if (!s.plot.empty()) check_writable(s.plot, "pictures", "table.svg");
  const auto& g = s.grid;
  // both corners first: what does not fit is refused before the work begins
  if (g.ib_count > 100'000 || g.phi_count > 100'000)
    throw SpecError({.path = "--ib-count, --phi-count"}, "more than 100,000 values on an axis");
  squid_table(s.circuit, {g.phi_first, g.phi_step, 1, g.ib_first, g.ib_step, 1}, s.recipe);
  squid_table(s.circuit,
              {g.phi_first + double(g.phi_count - 1) * g.phi_step, g.phi_step, 1,
               g.ib_first + double(g.ib_count - 1) * g.ib_step, g.ib_step, 1},
              s.recipe);

  const auto    start = std::chrono::steady_clock::now();
  RateTableData data{g.phi_first, g.phi_step, g.phi_count, g.ib_first, g.ib_step, g.ib_count, table(s)};
  const double  seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  try {
    save_rate_table(s.output, data);
    if (!s.plot.empty()) write_file(s.plot, rate_table_picture(data));
  } catch (const IoError& error) { throw Failure(error.what()); }

  const auto [low, high] = std::minmax_element(data.g.begin(), data.g.end());
  const auto axis        = [](double first, double step, size_t count) {
    return fmt::format("{:g} … {:g}, {} values", first, first + double(count - 1) * step, count);
  };
  fmt::print("{}\n", s.output);
  fmt::print("  circuit     beta_c {:g}, beta_1 {:.6g}, beta_2 {:.6g}\n", s.circuit.beta_c, s.circuit.beta_1,
             s.circuit.beta_2);
  fmt::print("  phi         {} (flux quanta)\n", axis(g.phi_first, g.phi_step, g.phi_count));
  fmt::print("  ib          {} (critical currents)\n", axis(g.ib_first, g.ib_step, g.ib_count));
  fmt::print("  g           {:.4g} … {:.4g} (I_c R)\n", *low, *high);
  fmt::print("  time        {}, {}\n", duration_text(seconds),
             with_prefix(double(data.g.size()) / seconds, "points") + "/s");
  if (g.phi_first != 0 || std::abs(g.phi_first + g.phi_step * double(g.phi_count - 1) - 0.5) > 1e-9)
    fmt::print("note: networks need phi from 0 to 0.5, half a period\n");
  else fmt::print("use it with  simulation: {{rate_table: {}}}\n", s.output);
}

}  // namespace

Verb rate_table_verb(Command& tool) {
  const auto s    = std::make_shared<Settings>();
  Command    verb = tool.add_subcommand("rate-table", "compute a source-function table from a SQUID circuit");
  verb.add_option("--output", s->output, "file to write").type_name("TABLE.npz").required();
  verb.add_option("--plot", s->plot, "also draw g over the flux, for several currents").type_name("FILE.svg");
  const auto with_default = [](const char* help, double value) {
    return fmt::format("{} (default {:.6g})", help, value);
  };
  auto& c = s->circuit;
  add_number(verb, "--beta-c", c.beta_c, with_default("Stewart-McCumber parameter, > 0", c.beta_c));
  add_number(verb, "--beta-1", c.beta_1, with_default("inductance of the first arm, 2 pi I_c L / Phi_0", c.beta_1));
  add_number(verb, "--beta-2", c.beta_2, with_default("inductance of the second arm", c.beta_2));
  auto& g = s->grid;
  add_number(verb, "--phi-first", g.phi_first, with_default("first flux, flux quanta", g.phi_first));
  add_number(verb, "--phi-step", g.phi_step, with_default("step of the flux", g.phi_step));
  add_count(verb, "--phi-count", g.phi_count, 2, with_default("number of fluxes", double(g.phi_count)));
  add_number(verb, "--ib-first", g.ib_first, with_default("first current, critical currents", g.ib_first));
  add_number(verb, "--ib-step", g.ib_step, with_default("step of the current", g.ib_step));
  add_count(verb, "--ib-count", g.ib_count, 2, with_default("number of currents", double(g.ib_count)));
  auto& r = s->recipe;
  add_number(verb, "--step", r.step, with_default("time step of the integration, 1/omega_c", r.step));
  add_number(verb, "--drop", r.drop, with_default("time before counting begins", r.drop));
  add_number(verb, "--end", r.end, with_default("time when counting ends", r.end));
  add_number(verb, "--slow-end", r.slow_end, with_default("time when slow points end", r.slow_end));
  add_threads(verb, s->threads);
  verb.footer(
      "dynode rate-table --output table.npz --plot table.svg\ndynode rate-table --beta-c 0.5 --phi-count 101 "
      "--phi-step 0.005 --output "
      "coarse.npz");
  return {verb, [s] { run(*s); }};
}

}  // namespace dynode::cli
