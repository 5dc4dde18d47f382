// Sequences of a csv file: a heading, then one sequence per line.
//
//   x0, x1, x2, x3, label        values_per_step: 2  →  two steps of two numbers, and a class
//   0.1, 0.2, 0.3, 0.4, 1
//
//   x0, dt0, m0, x1, dt1, m1, label        timespan_columns: dt, mask_columns: m
//
// Every column that is no label, target, time span or mask is part of the sequence, from left to right.
// Fields are plain numbers, separated by commas; empty lines and lines that begin with # do not count.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/format.h>

#include "dynode/base/text.h"
#include "dynode/io/file.h"
#include "dynode/learn/dataset.h"

namespace dynode {
namespace {

class Table {
 public:
  explicit Table(const std::string& path) : path_(path), text_(read_file(path)), rest_(text_) {}

  /// The fields of the next line that counts, trimmed; false at the end.
  bool next(std::vector<std::string_view>& fields) {
    while (!rest_.empty()) {
      const size_t     end  = rest_.find('\n');
      std::string_view line = trimmed(rest_.substr(0, end));
      rest_.remove_prefix(end == rest_.npos ? rest_.size() : end + 1);
      ++line_;
      if (line.empty() || line[0] == '#') continue;
      fields.clear();
      for (;;) {
        const size_t comma = line.find(',');
        fields.push_back(trimmed(line.substr(0, comma)));
        if (comma == line.npos) return true;
        line.remove_prefix(comma + 1);
      }
    }
    return false;
  }

  int64_t           line() const { return line_; }
  [[noreturn]] void fail(const std::string& what, const std::string& hint = {}) const {
    throw IoError(path_, fmt::format("line {}: {}", line_, what), hint);
  }

 private:
  static std::string_view trimmed(std::string_view text) {
    const size_t begin = text.find_first_not_of(" \t\r");
    return begin == text.npos ? std::string_view() : text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
  }

  std::string      path_, text_;
  std::string_view rest_;
  int64_t          line_ = 0;
};

/// What the columns mean, by position.
struct Columns {
  std::vector<std::string> names;
  std::vector<size_t>      inputs, targets;  // a label is the only target
  std::vector<size_t>      spans, mask;      // one per step, or none
};

size_t find_column(const Table& table, const std::vector<std::string>& names, const std::string& name) {
  const auto found = std::ranges::find(names, name);
  if (found == names.end())
    table.fail(fmt::format("there is no column '{}'", name), did_you_mean(name, names, "there are"));
  return size_t(found - names.begin());
}

/// The columns <prefix>0, <prefix>1, …
std::vector<size_t> step_columns(const Table& table, const std::vector<std::string>& names,
                                 const std::optional<std::string>& prefix, const char* key) {
  std::vector<size_t> columns;
  if (!prefix) return columns;
  for (;;) {
    const auto found = std::ranges::find(names, fmt::format("{}{}", *prefix, columns.size()));
    if (found == names.end()) break;
    columns.push_back(size_t(found - names.begin()));
  }
  if (columns.empty())
    table.fail(fmt::format("there is no column '{}0'", *prefix),
               fmt::format("data.{}: {} stands for columns {}0, {}1, …, one per step", key, *prefix, *prefix, *prefix));
  return columns;
}

Columns read_heading(Table& table, const DataConfig& config, bool has_targets) {
  std::vector<std::string_view> fields;
  if (!table.next(fields)) table.fail("the file is empty", "its first line names the columns");
  Columns columns;
  for (const std::string_view field : fields) {
    if (std::ranges::find(columns.names, field) != columns.names.end())
      table.fail(fmt::format("there are two columns '{}'", field), "the first line names the columns");
    columns.names.emplace_back(field);
  }
  std::vector<std::string> targets = config.target_columns;
  if (targets.empty()) targets = {config.label_column.value_or("label")};
  for (const std::string& name : targets)
    if (has_targets || std::ranges::find(columns.names, name) != columns.names.end())
      columns.targets.push_back(find_column(table, columns.names, name));
  columns.spans = step_columns(table, columns.names, config.timespan_columns, "timespan_columns");
  columns.mask  = step_columns(table, columns.names, config.mask_columns, "mask_columns");
  for (size_t i = 0; i < columns.names.size(); ++i) {
    const auto in = [i](const std::vector<size_t>& some) { return std::ranges::find(some, i) != some.end(); };
    const bool own = in(columns.targets) || in(columns.spans) || in(columns.mask);
    if (!own) columns.inputs.push_back(i);
  }
  if (columns.inputs.empty() || columns.inputs.size() % size_t(config.values_per_step) != 0)
    table.fail(fmt::format("{} columns of inputs cannot be cut into steps of {}", columns.inputs.size(),
                           config.values_per_step),
               "change data.values_per_step");
  const size_t steps = columns.inputs.size() / size_t(config.values_per_step);
  for (const auto& [own, name] : {std::pair(&columns.spans, &config.timespan_columns),
                                  std::pair(&columns.mask, &config.mask_columns)})
    if (!own->empty() && own->size() != steps)
      table.fail(fmt::format("{} columns {}0, {}1, … for {} steps", own->size(), **name, **name, steps),
                 "each step needs one; the others are inputs, data.values_per_step of them a step");
  return columns;
}

double read_number(const Table& table, std::string_view field, const std::string& column) {
  double number           = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), number);
  if (error != std::errc() || end != field.data() + field.size())
    table.fail(fmt::format("column '{}': '{}' is not a number", column, field), "write numbers like 0.5 or 1e-3");
  if (!std::isfinite(number))
    table.fail(fmt::format("column '{}': {} is not finite", column, field), "remove the line, or replace the number");
  return number;
}

}  // namespace

Samples read_csv_samples(const std::string& path, const SampleShape& shape, const DataConfig& config) {
  if (shape.mapping == Mapping::seq2seq && shape.has_targets)
    throw SpecError({}, "a csv file has one target per sequence", "give mapping: seq2static, or an npz file");
  Table         table(path);
  const Columns columns = read_heading(table, config, shape.has_targets);
  const bool    labels  = config.target_columns.empty();

  Samples             samples;
  std::vector<double> x;
  samples.name  = path;
  samples.width = size_t(config.values_per_step);
  samples.steps = columns.inputs.size() / samples.width;
  if (!labels && shape.has_targets) samples.target_width = columns.targets.size();
  for (std::vector<std::string_view> fields; table.next(fields); ++samples.rows) {
    if (fields.size() != columns.names.size())
      table.fail(fmt::format("{} fields, but {} columns", fields.size(), columns.names.size()));
    for (const size_t i : columns.inputs) x.push_back(read_number(table, fields[i], columns.names[i]));
    for (const size_t i : columns.spans) {
      samples.spans.push_back(read_number(table, fields[i], columns.names[i]));
      if (!is_span(samples.spans.back()))
        table.fail(fmt::format("column '{}': {}", columns.names[i], fields[i]), kSpansHint);
    }
    for (const size_t i : columns.mask) {
      const double counts = read_number(table, fields[i], columns.names[i]);
      if (counts != 0 && counts != 1)
        table.fail(fmt::format("column '{}': {}", columns.names[i], fields[i]), kMaskHint);
      samples.mask.push_back(uint8_t(counts));
    }
    if (!columns.mask.empty() &&
        std::find(samples.mask.end() - ptrdiff_t(columns.mask.size()), samples.mask.end(), 1) == samples.mask.end())
      table.fail("the mask leaves no step", kRowHint);
    for (const size_t i : columns.targets) {
      if (!shape.has_targets) break;
      const double target = read_number(table, fields[i], columns.names[i]);
      if (!labels) {
        samples.values.push_back(target);
      } else if (target != std::floor(target) || std::abs(target) > 1e9) {
        table.fail(fmt::format("column '{}': {} is not a class", columns.names[i], fields[i]),
                   "classes are 0, 1, 2, …");
      } else {
        samples.classes.push_back(int64_t(target));
      }
    }
  }
  if (samples.rows == 0)
    table.fail("there are no rows", "the first line names the columns, each further line is a sequence");
  const auto [low, high] = std::ranges::minmax_element(x);
  samples.low = *low, samples.high = *high;
  samples.x = std::move(x);
  return samples;
}

}  // namespace dynode
