// The command line as the tool, its verbs and their help texts see it. CLI11 stands behind it, in command.cc alone: to
// read its headers takes longer than to compile a verb.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace dynode::cli {

/// Something a command takes: by its name (--input FILE) or by its place (SPEC). A handle, good as long as the Tool.
class Option {
 public:
  explicit Option(CLI::Option* option) : option_(option) {}

  Option& type_name(const std::string& name);   ///< what stands for the value in help texts: FILE
  Option& required();
  Option& delimiter(char separator);            ///< splits a word into values: a,b,c
  Option& expected(int words);                  ///< takes so many words at a time
  Option& allow_extra_args(bool allow);         ///< false: one word at a time, though it may be repeated

  size_t      count() const;         ///< words that were given
  bool        is_required() const;
  bool        has_place() const;     ///< it goes by its place, not by a name
  bool        takes_value() const;   ///< it is no flag
  std::string type_name() const;
  std::string names() const;         ///< "-h,--help"
  std::string long_name() const;     ///< "--help"; empty if it has none
  std::string description() const;

 private:
  CLI::Option* option_;
};

/// The tool or one of its verbs. A handle, good as long as the Tool.
class Command {
 public:
  explicit Command(CLI::App* app) : app_(app) {}

  Command add_subcommand(const std::string& name, const std::string& description);

  /// `name` is "--long", "-s,--long" or, of what goes by its place, "word". `value` is set while the line is read.
  Option add_option(const std::string& name, std::string& value, const std::string& help);
  Option add_option(const std::string& name, std::optional<double>& value, const std::string& help);
  Option add_option(const std::string& name, std::vector<std::string>& value, const std::string& help);
  Option add_option(const std::string& name, std::vector<int>& value, const std::string& help);
  Option add_option(const std::string& name, std::vector<double>& value, const std::string& help);
  Option add_option(const std::string& name, std::function<void(const std::string&)> read, const std::string& help);
  Option add_flag(const std::string& name, bool& value, const std::string& help);
  /// An option that no help text names, with or without a word of its own; `met` is called where it is given.
  Option add_hidden(const std::string& name, std::function<void()> met);
  void   footer(const std::string& examples);

  bool                     parsed() const;                          ///< it is on the command line
  size_t                   count(const std::string& option) const;  ///< words given for an option
  std::vector<std::string> remaining() const;                       ///< words that no option took
  std::string              name() const;
  std::string              description() const;
  std::string              footer() const;
  std::vector<Option>      options() const;                         ///< without hidden ones
  std::vector<Command>     subcommands() const;
  std::vector<Command>     parsed_subcommands() const;  ///< in the order of the command line

 protected:
  CLI::App* app_;
};

/// What a command line asks for.
struct Asked {
  bool        help = false, version = false;
  std::string problem = {};  ///< why it cannot be read; empty if it can
};

class Tool : public Command {
 public:
  Tool(const std::string& name, const std::string& description, const std::string& version);
  ~Tool();

  /// Reads a command line, without the name of the program, into the values of all options.
  Asked parse(std::vector<std::string> words);

 private:
  std::unique_ptr<CLI::App> own_;
};

}  // namespace dynode::cli
