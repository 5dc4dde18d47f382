// Verbs of the tool `dynode`: one file each. A verb adds its options to the tool and says what to do once they are
// read; main.cc puts the verbs together and turns errors into exit codes.
//
//   0 done      1 the run failed (Failure, NumericsError)      2 bad input (SpecError, ShapeError, IoError, options)
#pragma once
#include <functional>

#include "dynode/base/error.h"
#include "dynode/cli/command.h"

namespace dynode::cli {

/// What somebody asked for could not be done, though nothing was wrong with how it was asked.
class Failure : public Error {
  using Error::Error;
};

struct Verb {
  Command               command;
  std::function<void()> run;
};

Verb info_verb(Command& tool);
Verb simulate_verb(Command& tool);
Verb init_verb(Command& tool);
Verb train_verb(Command& tool);
Verb resume_verb(Command& tool);
Verb evaluate_verb(Command& tool);
Verb report_verb(Command& tool);
Verb reproduce_verb(Command& tool);
Verb robustness_verb(Command& tool);
Verb search_verb(Command& tool);
Verb analyze_verb(Command& tool);
Verb quantize_verb(Command& tool);
Verb prune_verb(Command& tool);
Verb convert_verb(Command& tool);
Verb export_verb(Command& tool);
Verb spiking_verb(Command& tool);
Verb mean_field_verb(Command& tool);
Verb tasks_verb(Command& tool);
Verb signal_verb(Command& tool);
Verb rate_table_verb(Command& tool);
Verb units_verb(Command& tool);
Verb doctor_verb(Command& tool);

}  // namespace dynode::cli
