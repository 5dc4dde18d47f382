// dynode units: quantities of superconducting circuits, converted into each other.
#include <algorithm>
#include <fmt/format.h>

#include "dynode/analysis/units.h"
#include "dynode/base/display.h"
#include "dynode/base/text.h"
#include "dynode/cli/verb.h"

namespace dynode::cli {
namespace {

struct Settings {
  std::vector<std::string> given, wanted;
  std::string              I_c, gamma_c, beta_c, omega_c;
};

double one(const std::string& text, const char* option, const char* unit) {
  const std::vector<double> values = read_quantity(text, unit, {.path = option});
  if (values.size() != 1 || !(values[0] > 0))
    throw SpecError({.path = option}, fmt::format("expected a number above 0, got '{}'", text));
  return values[0];
}

Junction junction_of(const Settings& s) {
  const bool given = !s.I_c.empty() || !s.gamma_c.empty() || !s.beta_c.empty();
  if (!s.beta_c.empty() && !s.omega_c.empty())
    throw SpecError({.path = "--omega-c"}, "omega_c follows from beta_c, and beta_c from omega_c", "give one of them");
  Junction junction = given ? Junction{} : standard_junction();
  if (!s.I_c.empty()) junction.I_c = one(s.I_c, "--I-c", "A");
  if (!s.gamma_c.empty()) junction.gamma_c = one(s.gamma_c, "--gamma-c", "F/A");
  if (!s.beta_c.empty()) junction.beta_c = one(s.beta_c, "--beta-c", "");
  if (!s.omega_c.empty()) junction = with_omega_c(junction, one(s.omega_c, "--omega-c", "rad/s"));
  return junction;
}

std::string list_text(const std::vector<double>& values, const std::string& unit) {
  std::vector<std::string> items;
  for (double x : values) items.push_back(quantity_text(x, unit));
  return join(items);
}

void print_constants(const Junction& j) {
  DisplayTable constants({{"constant"}, {"value", true}, {"meaning"}});
  const auto   add = [&](const char* name, double value, const char* unit, const char* meaning) {
    constants.add({name, quantity_text(value, unit), meaning});
  };
  add("I_c", j.I_c, "A", "critical current of a junction");
  add("gamma_c", j.gamma_c, "F/A", "its capacitance per critical current");
  add("beta_c", j.beta_c, "", "its damping (Stewart–McCumber)");
  add("c_j", j.c_j(), "F", "capacitance, gamma_c I_c");
  add("r_jj", j.r_jj(), "Ohm", "shunt, √(beta_c Phi_0 / 2π c_j I_c)");
  add("V_j", j.V_j(), "V", "I_c r_jj");
  add("omega_c", j.omega_c(), "rad/s", "characteristic frequency, 2π I_c r_jj / Phi_0");
  add("omega_p", j.omega_p(), "rad/s", "plasma frequency, √(2π I_c / Phi_0 c_j)");
  add("tau_0", j.tau_0(), "s", "unit of time, 1/omega_c");
  add("37 tau_0", 37 * j.tau_0(), "s", "a step of dt 37");
  add("Phi_0", kFluxQuantum, "Wb", "flux quantum, h/2e");
  add("power", j.power_unit(), "W", "unit of power, Phi_0 I_c omega_c / 2π");
  add("energy", j.energy_unit(), "J", "unit of energy, Phi_0 I_c / 2π");
  add("cooling", kCoolingFactor, "", "watts from the mains for each watt of heat at 4 K, an estimate");
  DisplayTable table({{"quantity"}, {"also"}, {"unit"}, {"meaning"}});
  for (const QuantityFacts& q : quantities())
    table.add({q.name, join({q.aliases.begin(), q.aliases.end()}), q.unit, q.help});
  fmt::print(
      "Constants\n{}\nQuantities\n{}\n"
      "dynode units L=300pH r_leak=2Ohm gives all that follows from these two\n",
      constants.text(), table.text());
}

void run(const Settings& s) {
  const Junction junction = junction_of(s);
  if (s.given.empty()) {
    if (!s.wanted.empty())
      throw SpecError({.path = "--to"}, "from what?", "dynode units L=300pH --to " + join(s.wanted, ","));
    return print_constants(junction);
  }
  std::map<std::string, std::vector<double>> given;
  for (const std::string& word : s.given) {
    const size_t equals = word.find('=');
    if (equals == word.npos || equals == 0)
      throw SpecError({}, fmt::format("'{}' is no quantity with a value", word), "write it like L=300pH");
    const QuantityFacts& q = find_quantity(trim(word.substr(0, equals)));
    if (given.count(q.name)) throw SpecError({}, fmt::format("{} is given twice", q.name));
    given[q.name] = read_quantity(word.substr(equals + 1), q.unit, {.path = q.name});
  }
  std::vector<const QuantityFacts*> wanted;
  for (const std::string& name : s.wanted) wanted.push_back(&find_quantity(name));

  const std::vector<Converted> all = convert_all(given, junction);
  DisplayTable table({{"quantity"}, {"value"}, {"from"}});
  const auto   add = [&](const Converted& c) {
    table.add({c.quantity->name, list_text(c.values, c.quantity->unit), c.way == c.quantity->name ? "" : c.way});
  };
  if (wanted.empty())
    for (const Converted& c : all) add(c);
  for (const QuantityFacts* q : wanted) {
    const auto found = std::find_if(all.begin(), all.end(), [&](const Converted& c) { return c.quantity == q; });
    if (found == all.end()) {
      std::vector<std::string> names;
      for (const Converted& c : all) names.push_back(c.quantity->name);
      throw SpecError({}, fmt::format("{} does not follow from what is given", q->name),
                      "known are then: " + join(names));
    }
    add(*found);
  }
  fmt::print("{}", table.text());
}

}  // namespace

Verb units_verb(Command& tool) {
  const auto s    = std::make_shared<Settings>();
  Command    verb = tool.add_subcommand("units", "convert quantities of superconducting circuits");
  verb.add_option("given", s->given, "quantities with values, several by commas; without any: constants and quantities")
      .type_name("NAME=VALUE…");
  verb.add_option("--to", s->wanted, "only these, by commas; without it everything that follows")
      .type_name("NAMES")
      .delimiter(',')
      .allow_extra_args(false);
  verb.add_option("--I-c", s->I_c, "critical current of a junction (default 100 µA)").type_name("A");
  verb.add_option("--gamma-c", s->gamma_c, "capacitance per critical current (default 1.5 nF/A)").type_name("F/A");
  verb.add_option("--beta-c", s->beta_c, "damping (default 0.06774)").type_name("NUMBER");
  verb.add_option(
         "--omega-c", s->omega_c,
         "characteristic frequency, instead of beta_c (default: SOEN_OMEGA_C in the environment, else 3.704e11)")
      .type_name("RAD/S");
  verb.footer(
      "dynode units L=300pH\ndynode units I=210uA,250uA --to i\n"
      "dynode units L=1nH r_leak=2Ohm --to gamma_minus,tau_physical\n"
      "dynode units t=10ns --to t_prime --beta-c 0.3");
  return {verb, [s] { run(*s); }};
}

}  // namespace dynode::cli
