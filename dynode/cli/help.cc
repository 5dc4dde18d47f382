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
std::string option_text(const CLI::Option* option) {
  if (option->get_positional()) return option->get_type_name();
  const std::string name  = option->get_name(false, true);  // -h,--help
  const size_t      comma = name.find(',');
  const std::string words = comma == name.npos ? name : name.substr(0, comma) + ", " + name.substr(comma + 1);
  return option->get_expected_max() == 0 ? words : words + " " + option->get_type_name();
}

}  // namespace

std::string HelpText::make_help(const CLI::App* app, std::string, CLI::AppFormatMode) const {
  const bool  tool = !app->get_parent();
  std::string text =
      tool ? app->get_description() + "\n\nUsage\n  dynode VERB …        dynode VERB --help explains a verb\n" : "";
  if (!tool) {
    text      = app->get_description() + "\n\nUsage\n  dynode " + app->get_name();
    bool more = false;
    for (const CLI::Option* o : app->get_options([](const CLI::Option*) { return true; })) {
      if (o->get_required()) text += " " + option_text(o);
      else if (o->get_positional()) text += " [" + option_text(o) + "]";
      else more |= o->get_lnames() != std::vector<std::string>{"help"};
    }
    text += more ? " [options]\n" : "\n";
  }
  if (tool) {
    Rows rows;
    for (const CLI::App* verb : app->get_subcommands([](const CLI::App*) { return true; }))
      rows.emplace_back(verb->get_name(), verb->get_description());
    text += "\nVerbs\n" + two_columns(rows);
  }
  // what has a place first, help last
  Rows rows, options, last;
  for (const CLI::Option* o : app->get_options([](const CLI::Option*) { return true; })) {
    (o->get_positional() ? rows : o == app->get_help_ptr() ? last : options).emplace_back(option_text(o), o->get_description());
  }
  rows.insert(rows.end(), options.begin(), options.end());
  rows.insert(rows.end(), last.begin(), last.end());
  text += "\nOptions\n" + two_columns(rows);
  if (!app->get_footer().empty()) text += "\nExamples\n" + indented(app->get_footer());
  return text;
}

}  // namespace dynode::cli
