// Pickles as data: the values in a Python pickle, without Python and without running anything.
//
//   bytes ──opcodes──▶ stack machine ──▶ nodes { null, boolean, …, list, mapping, object }
//
// A pickle is a program that names functions to call. Here a call is written down, not made: a node of kind `object`
// holds the name and the arguments, and only names on the caller's list are taken at all. Opcodes that a checkpoint of
// torch does not need are refused.
//
// Limits: 2,000,000 nodes. Lists and mappings may contain themselves (a memo is a memo); who walks keeps count.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dynode {

struct Pickle {
  using Ref = uint32_t;   // position in `nodes`

  enum class Kind {
    null, boolean, integer, number, text, bytes,
    list, tuple,   // items
    mapping,       // items: key, value, key, value, … ; an OrderedDict, too
    global,        // text: "module name"
    object,        // text: "module name" of what would be called; items: its arguments; state: what BUILD gave it
    persistent     // items: {id}; torch: a tuple that names a storage
  };

  struct Node {
    Kind             kind    = Kind::null;
    int64_t          integer = 0;    // boolean, integer
    double           number  = 0;
    std::string      text    = {};   // text, bytes, global, object
    std::vector<Ref> items   = {};
    Ref              state   = 0;    // object; 0: none
  };

  std::vector<Node> nodes;           // nodes[0] is null and stands for nothing
  Ref               root = 0;

  const Node& operator[](Ref ref) const { return nodes[ref]; }
  /// Value of a text key in a mapping (the last, if it was set twice), or nullptr.
  const Node* find(const Node& mapping, std::string_view key) const;
};

/// @param globals  names that may appear, as "module name"
/// @param name     what to call the bytes in an error
/// @throws IoError  on other globals, other opcodes, damage, or too many nodes, with the offset in the bytes
Pickle parse_pickle(std::string_view bytes, std::span<const std::string_view> globals, const std::string& name);

}  // namespace dynode
