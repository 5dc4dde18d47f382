#include "dynode/analysis/units.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <fmt/format.h>
#include <numbers>
#include <optional>
#include <utility>

#include "dynode/base/text.h"

namespace dynode {
namespace {

constexpr double kTwoPi = 2 * std::numbers::pi;

struct Prefix {
  const char* text;
  double      factor;
};
constexpr std::array<Prefix, 15> kPrefixes = {{{"z", 1e-21}, {"a", 1e-18}, {"f", 1e-15}, {"p", 1e-12}, {"n", 1e-9},
                                              {"u", 1e-6}, {"µ", 1e-6}, {"μ", 1e-6}, {"m", 1e-3}, {"", 1}, {"k", 1e3},
                                              {"M", 1e6}, {"G", 1e9}, {"T", 1e12}, {"P", 1e15}}};

/// b = factor · a, or b = factor / a.
struct Relation {
  const char *a, *b;
  double (*factor)(const Junction&);
  bool inverse;
};

const std::vector<Relation>& relations() {
  static const std::vector<Relation> list = {
      {"I", "i", [](const Junction& j) { return 1 / j.I_c; }, false},
      {"Phi", "phi", [](const Junction&) { return 1 / kFluxQuantum; }, false},
      {"L", "beta_L", [](const Junction& j) { return kTwoPi * j.I_c / kFluxQuantum; }, false},
      {"beta_L", "gamma_plus", [](const Junction&) { return 1.0; }, true},
      {"t", "t_prime", [](const Junction& j) { return j.omega_c(); }, false},
      {"r_leak", "alpha", [](const Junction& j) { return 1 / j.r_jj(); }, false},
      {"tau_physical", "tau", [](const Junction& j) { return j.omega_c(); }, false},
      {"tau", "gamma_minus", [](const Junction&) { return 1.0; }, true},
      {"G_fq", "g_fq", [](const Junction& j) { return kTwoPi / j.omega_c(); }, false}};
  return list;
}

/// What is known so far: name → values and way.
using Known = std::map<std::string, Converted>;

constexpr double kAgreement = 1e-6;   // of quantities that are given twice, relative

class Closure {
 public:
  explicit Closure(const Junction& junction) : junction_(junction) {}

  void give(const QuantityFacts& q, const std::vector<double>& values) {
    if (known_.count(q.name)) throw SpecError({}, fmt::format("{} is given twice", q.name));
    if (values.empty()) throw SpecError({}, fmt::format("{} has no values", q.name));
    for (double x : values) check(q, x);
    if (length_ > 1 && values.size() > 1 && values.size() != length_)
      throw SpecError({}, fmt::format("{} has {} values, others have {}", q.name, values.size(), length_),
                      "lists are equally long, or one value serves all");
    length_ = std::max(length_, values.size());
    known_[q.name] = {&q, values, q.name};
    order_.push_back(q.name);
  }

  std::vector<Converted> all() {
    for (bool more = true; more;) {
      more = false;
      for (const Relation& r : relations()) {
        const double factor = r.factor(junction_);
        const auto   value  = [&](double x) { return r.inverse ? factor / x : factor * x; };
        const auto   back   = [&](double x) { return r.inverse ? factor / x : x / factor; };
        more |= infer(r.b, {r.a}, [&](const std::vector<double>& x) { return value(x[0]); });
        more |= infer(r.a, {r.b}, [&](const std::vector<double>& x) { return back(x[0]); });
      }
      more |= infer("alpha", {"gamma_minus", "gamma_plus"}, [](const auto& x) { return x[0] / x[1]; });
      more |= infer("gamma_minus", {"alpha", "gamma_plus"}, [](const auto& x) { return x[0] * x[1]; });
      more |= infer("gamma_plus", {"gamma_minus", "alpha"}, [](const auto& x) { return x[0] / x[1]; });
    }
    std::vector<Converted> list;
    for (const std::string& name : order_) list.push_back(known_.at(name));
    for (const QuantityFacts& q : quantities())
      if (known_.count(q.name) && std::find(order_.begin(), order_.end(), q.name) == order_.end())
        list.push_back(known_.at(q.name));
    return list;
  }

 private:
  static void check(const QuantityFacts& q, double x) {
    if (!std::isfinite(x) || (q.positive && !(x > 0)))
      throw SpecError({}, fmt::format("{} is {}, which must be {}", q.name, x, q.positive ? "above 0" : "a finite number"));
  }

  /// Sets `to`, or compares it where it is known. @return whether it is new
  template <class F>
  bool infer(const char* to, const std::vector<const char*>& from, const F& formula) {
    std::vector<const Converted*> sources;
    for (const char* name : from) {
      const auto found = known_.find(name);
      if (found == known_.end()) return false;
      sources.push_back(&found->second);
    }
    size_t count = 1;
    for (const Converted* s : sources) count = std::max(count, s->values.size());
    std::vector<double> values;
    for (size_t n = 0; n < count; ++n) {
      std::vector<double> x;
      for (const Converted* s : sources) x.push_back(s->values[s->values.size() == 1 ? 0 : n]);
      values.push_back(formula(x));
    }
    const auto old = known_.find(to);
    if (old == known_.end()) {
      const QuantityFacts& q = find_quantity(to);
      for (double x : values) check(q, x);
      known_[to] = {&q, std::move(values), way(sources, to)};
      return true;
    }
    for (size_t n = 0; n < count; ++n) {
      const double other = old->second.values[old->second.values.size() == 1 ? 0 : n % old->second.values.size()];
      if (std::abs(values[n] - other) > kAgreement * std::abs(other))
        throw SpecError({}, fmt::format("what is given contradicts itself: {} gives {} {:.7g}, but it is {:.7g} ({})",
                                        way(sources, to), to, values[n], other, old->second.way),
                        "leave one of them out");
    }
    return false;
  }

  static std::string way(const std::vector<const Converted*>& sources, const std::string& to) {
    std::vector<std::string> ways;
    for (const Converted* s : sources) ways.push_back(s->way);
    if (ways.size() == 1) return ways[0] + " → " + to;
    for (std::string& w : ways)
      if (w.find(" → ") != w.npos) w = "(" + w + ")";
    return join(ways, ", ") + " → " + to;
  }

  const Junction&          junction_;
  Known                    known_;
  std::vector<std::string> order_;
  size_t                   length_ = 1;
};

std::optional<double> number_of(std::string_view text) {
  double     value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Where the number at the beginning of the text ends.
size_t number_length(std::string_view text) {
  double     value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  return result.ec == std::errc{} ? size_t(result.ptr - text.data()) : 0;
}

/// The unit as people may spell it.
std::vector<std::string> spellings(const std::string& unit) {
  if (unit == "Ohm") return {"Ohm", "ohm", "Ω", "Ω"};
  return {unit};
}

}  // namespace

// ---- the junction ---------------------------------------------------------------------------------------

double Junction::c_j() const { return gamma_c * I_c; }
double Junction::r_jj() const { return std::sqrt(beta_c * kFluxQuantum / (kTwoPi * c_j() * I_c)); }
double Junction::omega_c() const { return kTwoPi * I_c * r_jj() / kFluxQuantum; }
double Junction::omega_p() const { return std::sqrt(kTwoPi * I_c / (kFluxQuantum * c_j())); }
double Junction::tau_0() const { return 1 / omega_c(); }
double Junction::V_j() const { return I_c * r_jj(); }
double Junction::power_unit() const { return energy_unit() * omega_c(); }
double Junction::energy_unit() const { return kFluxQuantum * I_c / kTwoPi; }

Junction with_omega_c(Junction junction, double omega_c) {
  const double r_jj = omega_c * kFluxQuantum / (kTwoPi * junction.I_c);
  junction.beta_c   = r_jj * r_jj * kTwoPi * junction.gamma_c * junction.I_c * junction.I_c / kFluxQuantum;
  return junction;
}

Junction standard_junction() {
  const char* text = std::getenv("SOEN_OMEGA_C");
  if (!text || !*text) return {};
  const std::optional<double> omega_c = number_of(trim(text));
  if (!omega_c || !std::isfinite(*omega_c) || !(*omega_c > 0))
    throw SpecError({.path = "SOEN_OMEGA_C"}, fmt::format("expected a number of rad/s above 0, got '{}'", text),
                    "unset the environment variable for the default");
  return with_omega_c({}, *omega_c);
}

// ---- quantities -----------------------------------------------------------------------------------------

const std::vector<QuantityFacts>& quantities() {
  static const std::vector<QuantityFacts> list = {
      {"i", {}, "", "current, in I_c", false},
      {"I", {}, "A", "current", false},
      {"phi", {}, "", "flux, in Phi_0", false},
      {"Phi", {}, "Wb", "flux", false},
      {"t_prime", {"t'"}, "", "time, in 1/omega_c", false},
      {"t", {}, "s", "time", false},
      {"g_fq", {}, "", "rate of flux quanta, per 1/omega_c, times 2π", false},
      {"G_fq", {}, "Hz", "rate of flux quanta", false},
      {"L", {}, "H", "inductance of the integration loop", true},
      {"beta_L", {"betaL", "beta_l", "beta"}, "", "inductance, 2π I_c L / Phi_0", true},
      {"gamma_plus", {"gamma+", "gamma", "gp"}, "", "gain of a dendrite, 1/beta_L", true},
      {"r_leak", {"rleak"}, "Ohm", "leak resistance", true},
      {"alpha", {}, "", "leak resistance, in r_jj; gamma_minus/gamma_plus", true},
      {"tau_physical", {"tau_phys", "tau_s"}, "s", "time constant L/r_leak", true},
      {"tau", {}, "", "time constant, in 1/omega_c", true},
      {"gamma_minus", {"gamma-", "gm"}, "", "leak of a dendrite, 1/tau = alpha/beta_L", true}};
  return list;
}

const QuantityFacts& find_quantity(const std::string& name) {
  std::vector<std::string> known;
  for (const QuantityFacts& q : quantities()) {
    known.push_back(q.name);
    if (name == q.name) return q;
    for (const char* alias : q.aliases)
      if (name == alias) return q;
  }
  throw SpecError({}, fmt::format("there is no quantity '{}'", name), did_you_mean(name, known, "there are"));
}

// ---- text -----------------------------------------------------------------------------------------------

std::vector<double> read_quantity(std::string_view text, const std::string& unit, const At& at) {
  std::vector<double> values;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t      comma = std::min(text.find(',', begin), text.size());
    const std::string item  = trim(text.substr(begin, comma - begin));
    begin                   = comma + 1;

    const size_t      length = number_length(item);
    const std::string rest   = trim(std::string_view(item).substr(length));
    const auto        fail   = [&](const std::string& what) {
      throw SpecError(at, what, unit.empty() ? "it is a plain number, such as 0.23"
                                             : fmt::format("write it like 300p{0}, or as a plain number of {0}", unit));
    };
    if (length == 0) fail(fmt::format("'{}' is no number", item));
    double value = *number_of(std::string_view(item).substr(0, length));
    if (!rest.empty()) {
      bool found = false;
      for (const Prefix& p : kPrefixes)
        for (const std::string& spelling : spellings(unit))
          if (!found && !unit.empty() && rest == p.text + spelling) value *= p.factor, found = true;
      if (!found)
        fail(unit.empty() ? fmt::format("'{}' has a unit, though it has no dimension", item)
                          : fmt::format("'{}' is not in {}", item, unit));
    }
    if (!std::isfinite(value)) fail(fmt::format("'{}' is not finite", item));
    values.push_back(value);
  }
  return values;
}

std::string quantity_text(double value, const std::string& unit, int digits) {
  if (unit.empty() || value == 0 || !std::isfinite(value)) return fmt::format("{:.{}g}{}{}", value, digits, unit.empty() ? "" : " ", unit);
  const Prefix* best = &kPrefixes[0];
  for (const Prefix& p : kPrefixes)
    // a number that rounds to 1000 takes the next prefix
    if (std::string_view(p.text) != "u" && std::string_view(p.text) != "μ" &&
        std::abs(value) >= p.factor * (1 - 0.5 * std::pow(10.0, -digits)))
      best = &p;
  return fmt::format("{:.{}g} {}{}", value / best->factor, digits, best->text, unit);
}

// ---- conversion -----------------------------------------------------------------------------------------

std::vector<Converted> convert_all(const std::map<std::string, std::vector<double>>& given, const Junction& junction) {
  Closure closure(junction);
  for (const auto& [name, values] : given) closure.give(find_quantity(name), values);
  return closure.all();
}

double convert(double value, const std::string& from, const std::string& to, const Junction& junction) {
  const QuantityFacts& target = find_quantity(to);
  for (const Converted& c : convert_all({{from, {value}}}, junction))
    if (c.quantity == &target) return c.values[0];
  throw SpecError({}, fmt::format("{} does not follow from {} alone", target.name, find_quantity(from).name),
                  "alpha = gamma_minus/gamma_plus ties gain, leak and resistance together: two of them give the third");
}

}  // namespace dynode
