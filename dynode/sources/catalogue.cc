#include "dynode/sources/source.h"

#include <algorithm>
#include <cctype>
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/sources/catalogue.cc"
#include <hwy/foreach_target.h>
#include "dynode/sources/catalogue-inl.h"

#if HWY_ONCE
namespace dynode {

const std::vector<SourceEntry>& source_functions() {
  static const std::vector<SourceEntry> entries = [] {
    std::vector<SourceEntry> list;
    HWY_NAMESPACE::AllSources::each([&]<template <class> class Source>() {
      using S = Source<float>;
      list.push_back({S::name, S::summary, S::uses_current, S::uses_table});
      if constexpr (requires { S::alias; }) list.back().alias = S::alias;
    });
    return list;
  }();
  return entries;
}

int find_source(const std::string& name) {
  const auto lower = [](std::string s) {
    std::transform(s.begin(), s.end(), s.begin(), [](unsigned char c) { return char(std::tolower(c)); });
    return s;
  };
  const auto& all = source_functions();
  for (size_t i = 0; i < all.size(); ++i)
    if (!name.empty() && (lower(all[i].name) == lower(name) || lower(all[i].alias) == lower(name))) return int(i);
  return -1;
}

}  // namespace dynode
#endif
