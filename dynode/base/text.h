// Small helpers for words people type: comparing, suggesting, listing.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace dynode {

std::string lower_case(std::string_view text);
std::string trim(std::string_view text);
std::string join(const std::vector<std::string>& words, std::string_view separator = ", ");

/// The known word nearest to `word` (edit distance, case ignored), or "" if none is near.
std::string nearest(std::string_view word, const std::vector<std::string>& known);

/// "did you mean 'tau'?  it has: tau, bias"; without a near word "it has: tau, bias".
std::string did_you_mean(std::string_view word, const std::vector<std::string>& known, std::string_view has = "it has");

}  // namespace dynode
