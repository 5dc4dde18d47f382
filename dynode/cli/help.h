// Help texts of the tool and its verbs, laid out by us: usage, what it does, options in two columns, examples.
#pragma once
#include <string>

#include "dynode/cli/command.h"

namespace dynode::cli {

std::string help_text(const Command& command);

}  // namespace dynode::cli
