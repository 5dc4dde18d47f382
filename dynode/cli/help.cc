#include "dynode/cli/help.h"

#include <fmt/format.h>

#include "dynode/base/display.h"
#include "dynode/base/text.h"

namespace dynode::cli {
namespace {

using Rows = std::vector<std::pair<std::string, std::string>>;

/// Two columns, the second wrapped.
std::string two_columns(const Rows& rows) {
  size_t widest = 0;
  for (const auto& row : rows) widest = std::max(widest, display_width(row.first));
  std::string text;
  for (const auto& [left, right] : rows) {
    bool first = true;
    for (const std::string& line : wrapped(right, kDisplayWidth - widest - 4)) {
      text += fmt::format("  {:<{}}  {}\n", first ? left : "", widest, line);
      first = false;
    }
  }
  return text;
}

std::string indented(const std::string& text) {
  std::string out = "  ";
  for (const char c : text) {
    out += c;
    if (c == '\n') out += "  ";
  }
  return out + "\n";
}

/// SPEC or --input FILE
std::string option_text(const Option& option) {
  if (option.has_place()) return option.type_name();
  const std::string name  = option.names();  // -h,--help
  const size_t      comma = name.find(',');
  const std::string words = comma == name.npos ? name : name.substr(0, comma) + ", " + name.substr(comma + 1);
  return option.takes_value() ? words + " " + option.type_name() : words;
}

}  // namespace

std::string help_text(const Command& command) {
  const std::vector<Option>  given = command.options();
  const std::vector<Command> verbs = command.subcommands();
  std::string                text  = command.description() + "\n\nUsage\n  dynode ";
  if (verbs.empty()) {
    text += command.name();
    bool more = false;
    for (const Option& o : given) {
      if (o.is_required()) text += " " + option_text(o);
      else if (o.has_place()) text += " [" + option_text(o) + "]";
      else more |= o.long_name() != "--help";
    }
    text += more ? " [options]\n" : "\n";
  } else {
    text += "VERB …        dynode VERB --help explains a verb\n";
    Rows rows;
    for (const Command& verb : verbs) rows.emplace_back(verb.name(), verb.description());
    text += "\nVerbs\n" + two_columns(rows);
  }
  // what has a place first, help last
  Rows rows, options, last;
  for (const Option& o : given)
    (o.has_place() ? rows : o.long_name() == "--help" ? last : options).emplace_back(option_text(o), o.description());
  rows.insert(rows.end(), options.begin(), options.end());
  rows.insert(rows.end(), last.begin(), last.end());
  text += "\nOptions\n" + two_columns(rows);
  if (!command.footer().empty()) text += "\nExamples\n" + indented(command.footer());
  return text;
}

}  // namespace dynode::cli
