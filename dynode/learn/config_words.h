// Words of a training file before it is read: keys of other trainers, and other ways to write the same.
#pragma once
#include <string>
#include <vector>

#include "dynode/spec/value.h"

namespace dynode {

/// Takes keys of other trainers out, with a warning each. @throws SpecError  where one asks for what cannot be had
void sort_out_foreign_words(Value& root, std::vector<std::string>& warnings);

/// Puts the words that TrainConfig reads in place of others that mean the same. @throws SpecError  if both are there
void spell_out_words(Value& root);

}  // namespace dynode
