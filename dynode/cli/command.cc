#include "dynode/cli/command.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <cctype>
#include <fmt/format.h>

namespace dynode::cli {
namespace {

/// What CLI11 complains about, in our words.
std::string parse_problem(const CLI::ParseError& error) {
  const std::string text = error.what();
  if (const size_t end = text.find(" is required"); end != text.npos) {
    std::string name = text.substr(0, end);
    if (!name.starts_with("-"))
      std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::toupper(c); });
    return name + " is missing";
  }
  if (const size_t end = text.find(": 1 required "); end != text.npos)  // "--input: 1 required FILE missing"
    return fmt::format("{} needs a value: {}", text.substr(0, end), text.substr(end + 13, text.rfind(' ') - end - 13));
  return text;
}

std::vector<Command> handles(const std::vector<CLI::App*>& apps) {
  std::vector<Command> commands;
  for (CLI::App* app : apps) commands.emplace_back(app);
  return commands;
}

}  // namespace

Option& Option::type_name(const std::string& name) { return option_->type_name(name), *this; }
Option& Option::required() { return option_->required(), *this; }
Option& Option::delimiter(char separator) { return option_->delimiter(separator), *this; }
Option& Option::expected(int words) { return option_->expected(words), *this; }
Option& Option::allow_extra_args(bool allow) { return option_->allow_extra_args(allow), *this; }

size_t      Option::count() const { return option_->count(); }
bool        Option::is_required() const { return option_->get_required(); }
bool        Option::has_place() const { return option_->get_positional(); }
bool        Option::takes_value() const { return option_->get_expected_max() != 0; }
std::string Option::type_name() const { return option_->get_type_name(); }
std::string Option::names() const { return option_->get_name(false, true); }
std::string Option::long_name() const { return option_->get_lnames().empty() ? "" : "--" + option_->get_lnames()[0]; }
std::string Option::description() const { return option_->get_description(); }

Command Command::add_subcommand(const std::string& name, const std::string& description) {
  return Command(app_->add_subcommand(name, description));
}

Option Command::add_option(const std::string& name, std::string& value, const std::string& help) {
  return Option(app_->add_option(name, value, help));
}
Option Command::add_option(const std::string& name, std::optional<double>& value, const std::string& help) {
  return Option(app_->add_option(name, value, help));
}
Option Command::add_option(const std::string& name, std::vector<std::string>& value, const std::string& help) {
  return Option(app_->add_option(name, value, help));
}
Option Command::add_option(const std::string& name, std::vector<int>& value, const std::string& help) {
  return Option(app_->add_option(name, value, help));
}
Option Command::add_option(const std::string& name, std::vector<double>& value, const std::string& help) {
  return Option(app_->add_option(name, value, help));
}
Option Command::add_option(const std::string& name, std::function<void(const std::string&)> read, const std::string& help) {
  return Option(app_->add_option_function<std::string>(name, std::move(read), help));
}
Option Command::add_flag(const std::string& name, bool& value, const std::string& help) {
  return Option(app_->add_flag(name, value, help));
}
Option Command::add_hidden(const std::string& name, std::function<void()> met) {
  const auto read = [met = std::move(met)](const std::vector<std::string>&) { met(); };
  return Option(app_->add_option_function<std::vector<std::string>>(name, read)->expected(0, 1)->group(""));
}
void Command::footer(const std::string& examples) { app_->footer(examples); }

bool                     Command::parsed() const { return app_->parsed(); }
size_t                   Command::count(const std::string& option) const { return app_->count(option); }
std::vector<std::string> Command::remaining() const { return app_->remaining(); }
std::string              Command::name() const { return app_->get_name(); }
std::string              Command::description() const { return app_->get_description(); }
std::string              Command::footer() const { return app_->get_footer(); }
std::vector<Command>     Command::parsed_subcommands() const { return handles(app_->get_subcommands()); }
std::vector<Command>     Command::subcommands() const {
  return handles(app_->get_subcommands([](CLI::App*) { return true; }));
}
std::vector<Option> Command::options() const {
  std::vector<Option> options;
  for (CLI::Option* option : app_->get_options())
    if (!option->get_group().empty()) options.emplace_back(option);
  return options;
}

Tool::Tool(const std::string& name, const std::string& description, const std::string& version)
    : Command(new CLI::App(description, name)), own_(app_) {
  app_->set_help_flag("-h,--help", "show this help");
  app_->set_version_flag("--version", version, "show the version");
  app_->allow_extras();  // its verbs, too: main.cc says what is wrong with them
}
Tool::~Tool() = default;

Asked Tool::parse(std::vector<std::string> words) {
  std::ranges::reverse(words);  // as CLI11 takes them
  try {
    app_->parse(std::move(words));
  } catch (const CLI::CallForHelp&) { return {.help = true}; } catch (const CLI::CallForVersion&) {
    return {.version = true};
  } catch (const CLI::ParseError& error) { return {.problem = parse_problem(error)}; }
  return {};
}

}  // namespace dynode::cli
