// Verbs of the tool `dynode`: one file each. A verb adds its options to a CLI11 app and says what to do once they are
// read; main.cc puts the verbs together and turns errors into exit codes.
//
//   0 done      1 the run failed (Failure, NumericsError)      2 bad input (SpecError, ShapeError, IoError, options)
#pragma once
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <functional>
#include <string>
#include <vector>

#include "dynode/base/error.h"

namespace dynode::cli {

/// What somebody asked for could not be done, though nothing was wrong with how it was asked.
class Failure : public Error {
  using Error::Error;
};

struct Verb {
  CLI::App*             app;
  std::function<void()> run;
};

Verb info_verb(CLI::App& tool);
Verb simulate_verb(CLI::App& tool);
Verb init_verb(CLI::App& tool);
Verb train_verb(CLI::App& tool);
Verb resume_verb(CLI::App& tool);
Verb evaluate_verb(CLI::App& tool);
Verb report_verb(CLI::App& tool);
Verb reproduce_verb(CLI::App& tool);
Verb robustness_verb(CLI::App& tool);
Verb analyze_verb(CLI::App& tool);
Verb quantize_verb(CLI::App& tool);
Verb prune_verb(CLI::App& tool);
Verb convert_verb(CLI::App& tool);
Verb export_verb(CLI::App& tool);
Verb spiking_verb(CLI::App& tool);
Verb mean_field_verb(CLI::App& tool);
Verb tasks_verb(CLI::App& tool);
Verb signal_verb(CLI::App& tool);
Verb rate_table_verb(CLI::App& tool);
Verb units_verb(CLI::App& tool);
Verb doctor_verb(CLI::App& tool);

}  // namespace dynode::cli
