#include "dynode/io/rate_table.h"

#include <cmath>
#include <fmt/format.h>

#include "dynode/base/error.h"
#include "dynode/io/npz.h"

namespace dynode {
namespace {

struct Axis {
  double first, step;
  size_t count;
};

Axis read_axis(const Npz& file, const char* key) {
  const Array&      array = file.at(key);
  const std::string place = file.file() + "[" + key + "]";
  if (array.shape.size() != 1 || array.size() < 2)
    throw ShapeError(place, {-1}, array.shape, "an axis is a vector of at least two values");
  const std::vector<double> values = array.as_double();
  const Axis axis{values.front(), (values.back() - values.front()) / double(values.size() - 1), values.size()};
  if (!(std::isfinite(axis.step) && axis.step > 0)) throw IoError(place, "the axis does not increase");
  for (size_t k = 0; k < values.size(); ++k) {
    const double expected = axis.first + double(k) * axis.step;
    if (!(std::abs(values[k] - expected) <= 1e-3 * axis.step))
      throw IoError(place,
                    fmt::format("the axis is not equidistant: value {} is {}, expected {}", k, values[k], expected));
  }
  return axis;
}

Array axis_array(double first, double step, size_t count) {
  std::vector<double> values(count);
  for (size_t k = 0; k < count; ++k) values[k] = first + double(k) * step;
  return {{int64_t(count)}, std::move(values)};
}

}  // namespace

RateTableData load_rate_table(const std::string& path) {
  const Npz  file = load_npz(path);
  const Axis ib = read_axis(file, "ib"), phi = read_axis(file, "phi");

  const Array&               g     = file.at("g");
  const std::string          place = path + "[g]";
  const std::vector<int64_t> shape = {int64_t(ib.count), int64_t(phi.count)};
  if (g.shape != shape) throw ShapeError(place, shape, g.shape, "the table is [ib][phi]");
  RateTableData table{phi.first, phi.step, phi.count, ib.first, ib.step, ib.count, g.as_double()};
  for (size_t k = 0; k < table.g.size(); ++k)
    if (!std::isfinite(table.g[k]))
      throw IoError(place, fmt::format("value [{}][{}] is {}", k / phi.count, k % phi.count, table.g[k]));
  return table;
}

void save_rate_table(const std::string& path, const RateTableData& table) {
  save_npz(path,
           {{"ib", axis_array(table.ib_first, table.ib_step, table.ib_count)},
            {"phi", axis_array(table.phi_first, table.phi_step, table.phi_count)},
            {"g", Array{{int64_t(table.ib_count), int64_t(table.phi_count)}, table.g}}},
           Packing::deflated);
}

}  // namespace dynode
