#include "dynode/base/error.h"

#include <fmt/format.h>

namespace dynode {
namespace {

std::string with_hint(std::string text, const std::string& hint) {
  return hint.empty() ? text : text + "\n  " + hint;
}

std::string shape_text(const std::vector<int64_t>& shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) {
    if (i) text += ", ";
    text += shape[i] < 0 ? "any" : std::to_string(shape[i]);
  }
  return text + "]";
}

}  // namespace

std::string At::text() const {
  std::string text = file;
  if (line > 0) text += fmt::format("{}{}:{}", text.empty() ? "line " : ":", line, column);
  if (!path.empty()) text += (text.empty() ? "" : " ") + path;
  return text;
}

SpecError::SpecError(const At& at, const std::string& what, const std::string& hint)
    : Error(with_hint(at.text().empty() ? what : at.text() + ": " + what, hint)), at(at) {}

ShapeError::ShapeError(std::string_view name, const std::vector<int64_t>& expected, const std::vector<int64_t>& got,
                       const std::string& hint)
    : Error(with_hint(fmt::format("{}: expected {}, got {}", name, shape_text(expected), shape_text(got)), hint)) {}

NumericsError::NumericsError(int layer_id, std::string_view quantity, int64_t row, int64_t step, int64_t unit,
                             double value)
    : Error(with_hint(fmt::format("layer {}: {} became {} at step {}, unit {}, row {} of the batch", layer_id, quantity,
                                  value, step, unit, row),
                      "a smaller simulation.dt, smaller weights or a lower learning rate usually helps")),
      layer_id(layer_id), row(row), step(step), unit(unit) {}

IoError::IoError(const std::string& path, const std::string& what, const std::string& hint)
    : Error(with_hint(path + ": " + what, hint)) {}

}  // namespace dynode
