#include "dynode/plan/spiking_words.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace dynode::spiking {
namespace {

/// Structure parameters, nested and flat.
template <class Words>
Words words_of(const ConnectionParams& p) {
  Value all = p.structure_params;
  for (const Value::Entry& entry : p.flat.entries()) all.set(entry.key, entry.value);
  if (!all.is_placed()) all.place(p.at.file, p.at.path);
  return read<Words>(all);
}

/// [post][pre] of a number, a list over source populations, or a matrix.
std::vector<double> matrix(const Value& value, const Types& posts, const Types& pres) {
  const size_t        P = posts.count(), Q = pres.count();
  std::vector<double> m;
  if (!value.is_list()) return std::vector<double>(P * Q, value.number());
  const Value::List& rows = value.list();
  if (!rows.empty() && !rows[0].is_list()) {
    const std::vector<double> row = list_or_number(value, pres);
    for (size_t i = 0; i < P; ++i) m.insert(m.end(), row.begin(), row.end());
    return m;
  }
  if (rows.size() != P) value.fail(fmt::format("{} rows for {} target populations", rows.size(), P));
  for (const Value& row : rows) {
    if (row.size() != Q) row.fail(fmt::format("{} numbers for {} source populations", row.size(), Q));
    for (const Value& x : row.list()) m.push_back(x.number());
  }
  return m;
}

}  // namespace

const std::vector<std::string>& rules() {
  static const std::vector<std::string> names{"clustered", "fixed_indegree", "bernoulli", "fixed_total_number"};
  return names;
}

ClusteredWords clustered_words(const ConnectionParams& p) {
  auto w = words_of<ClusteredWords>(p);
  if (w.rule != "fixed_indegree" && w.rule != "bernoulli")
    throw SpecError(p.at, fmt::format("there is no rule '{}'", w.rule), "there are: fixed_indegree, bernoulli");
  return w;
}

std::array<double, 4> by_types(const Value& value, bool short_form) {
  const Value::List& items = value.list();
  if (short_form && items.size() == 1) return {items[0].number(), items[0].number(), 0, 0};
  if (items.size() != 4) value.fail(fmt::format("needs 4 numbers, for E→E, E→I, I→E, I→I; got {}", items.size()));
  return {items[0].number(), items[1].number(), items[2].number(), items[3].number()};
}

std::vector<double> list_or_number(const Value& value, const Types& types) {
  const size_t n = types.count();
  if (!value.is_list()) {
    if (!std::isfinite(value.number())) value.fail(fmt::format("{} is not finite", value.number()));
    return std::vector<double>(n, value.number());
  }
  const Value::List& items = value.list();
  const bool         pair  = items.size() == 2 && !types.inhibitory.empty();
  if (items.size() != n && !pair)
    value.fail(fmt::format("{} numbers for {} populations", items.size(), n), "give one number, or one per population");
  std::vector<double> out;
  for (size_t k = 0; k < n; ++k) out.push_back(items[items.size() == n ? k : types.inhibitory[k]].number());
  for (size_t k = 0; k < n; ++k)
    if (!std::isfinite(out[k])) value.fail(fmt::format("{} is not finite", out[k]));
  return out;
}

void read_rule(const ConnectionParams& p, const Types& posts, const Types& pres, double dt, int delay, const At& at,
               SynapseRule& rule) {
  using Kind              = SynapseRule::Kind;
  const auto w            = words_of<RuleWords>(p);
  rule.kind               = p.structure == "bernoulli"        ? Kind::bernoulli
                            : p.structure == "fixed_indegree" ? Kind::fixed_indegree
                                                              : Kind::fixed_total_number;
  rule.with_replacement   = w.with_replacement;
  const char* const own   = rule.kind == Kind::fixed_indegree ? "indegree"
                            : rule.kind == Kind::bernoulli    ? "probability"
                                                              : "total";
  const Value&      count = rule.kind == Kind::fixed_indegree ? w.indegree
                            : rule.kind == Kind::bernoulli    ? w.probability
                                                              : w.total;
  if (rule.kind != Kind::fixed_indegree && !w.indegree.is_null())
    w.indegree.fail("indegree belongs to structure fixed_indegree");
  if (rule.kind != Kind::fixed_total_number && !w.total.is_null())
    w.total.fail("total belongs to structure fixed_total_number");
  const Value& given = count.is_null() ? w.probability : count;
  if (given.is_null()) throw SpecError(at, fmt::format("a {} connection needs '{}'", p.structure, own));
  if (!count.is_null() && &count != &w.probability && !w.probability.is_null())
    w.probability.fail(fmt::format("{} says how many synapses there are already", own), "give one of them");
  if (w.weight.is_null())
    throw SpecError(at, "missing key 'weight'", "a number, a list over source populations or a matrix [post][pre]");

  rule.count     = matrix(given, posts, pres);
  const size_t P = posts.count(), Q = pres.count();
  for (size_t i = 0; i < P; ++i)
    for (size_t j = 0; j < Q; ++j) {
      double&      c = rule.count[i * Q + j];
      const double n = posts.begin[i + 1] - posts.begin[i], m = pres.begin[j + 1] - pres.begin[j];
      const double partners = m - (!rule.self && i == j);  // of a target
      if (&given == &w.probability) {
        if (!(c >= 0 && c <= 1)) given.fail(fmt::format("a probability of {}", c), "give numbers within 0 … 1");
        if (rule.kind == Kind::fixed_indegree) c = std::min(std::floor(c * m + 1e-9), partners);
        if (rule.kind == Kind::fixed_total_number) {
          if (c == 1) given.fail("only 0 and numbers below 1 can be reached with replacement");
          c = c == 0 || n * m <= 1 ? 0 : std::round(std::log1p(-c) / std::log1p(-1 / (n * m)));
        }
      } else {
        if (!(c >= 0 && c == std::floor(c) && c < 4e9))
          given.fail(fmt::format("{} is {}", own, c), "give whole numbers");
        if (rule.kind == Kind::fixed_indegree && !rule.with_replacement && c > partners)
          given.fail(fmt::format("an indegree of {} from {} units", c, partners),
                     "with_replacement: true draws partners more than once");
        if (rule.kind == Kind::fixed_indegree && c > 1e7) given.fail(fmt::format("an indegree of {}", c), "at most 1e7");
      }
      if (rule.kind == Kind::bernoulli || c == 0) continue;
      if (m == 0) given.fail("synapses from a population without units");
      if (n == 0 && rule.kind == Kind::fixed_total_number) given.fail("synapses onto a population without units");
      if (partners == 0)
        given.fail("a unit that is alone in its population has no partner there", "allow_self_connections: true");
    }
  rule.weight           = matrix(w.weight, posts, pres);
  rule.weight_deviation = matrix(w.weight_deviation, posts, pres);
  rule.delay_deviation  = matrix(w.delay_deviation, posts, pres);
  if (w.delay.is_null()) rule.delay.assign(P * Q, delay);
  else {
    rule.delay = matrix(w.delay, posts, pres);
    for (double& d : rule.delay) d /= dt;
  }
  for (size_t i = 0; i < P * Q; ++i) {
    if (!std::isfinite(rule.weight[i])) w.weight.fail("weights are finite numbers");
    for (const auto& [values, value] : {std::pair{&rule.weight_deviation, &w.weight_deviation},
                                        {&rule.delay_deviation, &w.delay_deviation}})
      if (!((*values)[i] >= 0 && std::isfinite((*values)[i]))) value->fail("deviations are finite, and at least 0");
    if (!(rule.delay[i] > 0.5 && rule.delay[i] < 10000))
      w.delay.fail(fmt::format("a delay of {} steps", rule.delay[i]), "give 1 … 10000 steps");
    rule.delay_deviation[i] *= rule.delay[i];
    if (!(rule.delay[i] + 6 * rule.delay_deviation[i] < 100000))
      w.delay_deviation.fail(fmt::format("delays deviate by {:.4g} steps", rule.delay_deviation[i]),
                             "mean + 6 deviations is below 100000 steps");
    if (rule.delay_deviation[i] == 0) rule.delay[i] = std::round(rule.delay[i]);
  }
}

}  // namespace dynode::spiking
