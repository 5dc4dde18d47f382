// Masks for single weights out of files and lists.
#include "dynode/plan/entry_masks.h"

#include <cmath>
#include <fmt/format.h>

#include "dynode/wiring/ei_mask.h"

namespace dynode {
namespace {

/// The numbers in lists, row by row, with the shape they have.
NamedArray listed(const Value& written) {
  NamedArray         a;
  const Value::List& outer = written.list();
  a.shape                  = {outer.size()};
  for (const Value& row : outer) {
    if (row.is_list() != outer[0].is_list())
      row.expected(outer[0].is_list() ? "a list, like the first row" : "a number");
    if (!row.is_list()) {
      a.values.push_back(row.number());
      continue;
    }
    if (row.size() != outer[0].size())
      row.fail(fmt::format("this row has {} entries, the first one has {}", row.size(), outer[0].size()));
    for (const Value& x : row.list()) a.values.push_back(x.number());
  }
  if (!outer.empty() && outer[0].is_list()) a.shape.push_back(outer[0].size());
  return a;
}

/// @param per_source  whether [from] will do
NamedArray read(const char* word, const Value& written, const std::string& name, size_t to, size_t from,
                bool per_source, const ArrayLoader& load) {
  if (!written.is_list() && !written.is_text()) written.expected("a file or a list of numbers");
  NamedArray a = written.is_list() ? listed(written) : load(written, "mask");
  if (a.shape == std::vector<size_t>{to, from} || (per_source && a.shape == std::vector<size_t>{from})) return a;
  throw ShapeError(fmt::format("{}{} of {}", written.is_text() ? written.text() + ": " : "", word, name),
                   {int64_t(to), int64_t(from)}, {a.shape.begin(), a.shape.end()},
                   per_source ? fmt::format("[{}] for all targets alike is fine, too", from) : "");
}

}  // namespace

std::vector<int8_t> read_ei_mask(const Value& written, const std::string& name, size_t to, size_t from,
                                 bool allow_mixed, const ArrayLoader& load) {
  const NamedArray a = read("ei_mask", written, name, to, from, true, load);
  return ei_mask_signs(to, from, a.values, allow_mixed, written.at());
}

std::vector<double> read_plasticity_mask(const Value& written, const std::string& name, size_t to, size_t from,
                                         const ArrayLoader& load) {
  return check_plasticity(read("plasticity_mask", written, name, to, from, false, load).values, from, written.at());
}

std::vector<double> read_growth_mask(const Value& written, const std::string& name, size_t to, size_t from,
                                     const ArrayLoader& load) {
  std::vector<double> p = read("synapse_growth_mask", written, name, to, from, false, load).values;
  for (size_t i = 0; i < p.size(); ++i)
    if (!(p[i] >= 0 && p[i] <= 1))
      throw SpecError(written.at(), fmt::format("synapse_growth_mask[{}, {}] is {}", i / from, i % from, p[i]),
                      "it is the probability of a synapse to grow, from 0 to 1");
  return p;
}

std::vector<double> read_bias(const Value& written, const std::string& name, size_t to, const ArrayLoader& load) {
  const NamedArray a = written.is_list() ? listed(written) : load(written, "bias");
  if (a.shape != std::vector<size_t>{to})
    throw ShapeError(fmt::format("{}bias of {}", written.is_text() ? written.text() + ": " : "", name), {int64_t(to)},
                     {a.shape.begin(), a.shape.end()});
  for (size_t i = 0; i < to; ++i)
    if (!std::isfinite(a.values[i])) throw SpecError(written.at(), fmt::format("bias[{}] is {}", i, a.values[i]), "biases must be finite");
  return a.values;
}

std::vector<double> check_plasticity(std::vector<double> factors, size_t from, const At& at) {
  for (size_t i = 0; i < factors.size(); ++i)
    if (!(factors[i] >= 0 && factors[i] <= 1))
      throw SpecError(at, fmt::format("plasticity_mask[{}, {}] is {}", i / from, i % from, factors[i]),
                      "it is a share of the learning rate, from 0 (frozen) to 1");
  return factors;
}

}  // namespace dynode
