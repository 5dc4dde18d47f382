#include "dynode/io/pickle.h"

#include <algorithm>
#include <bit>
#include <fmt/format.h>
#include <unordered_map>

#include "dynode/base/error.h"
#include "dynode/io/bytes.h"
#include "dynode/spec/reading.h"

namespace dynode {
namespace {

using Kind = Pickle::Kind;
using Node = Pickle::Node;
using Ref  = Pickle::Ref;

constexpr size_t kMostNodes = 2'000'000;

/// Names of opcodes that are refused, for those who know pickles.
const char* opcode_name(uint8_t code) {
  switch (code) {
    case 'i': return "INST";
    case 'o': return "OBJ";
    case 0x82: case 0x83: case 0x84: return "EXT";
    case 0x92: return "NEWOBJ_EX";
    case 'P': return "PERSID";
    case 'S': case 'T': case 'U': return "STRING";
    case 'I': case 'L': case 'F': case 'V': case 'd': case 'l': case 'p': case 'g': return "of protocol 0";
    case 0x8f: case 0x90: case 0x91: return "SET";
    case 0x96: case 0x97: case 0x98: return "of protocol 5";
    default: return "unknown";
  }
}

class Machine {
 public:
  Machine(std::string_view bytes, std::span<const std::string_view> globals, const std::string& name)
      : bytes_(bytes), globals_(globals), name_(name) {
    pickle_.nodes.emplace_back();   // nothing
  }

  Pickle run() {
    while (step()) {}
    return std::move(pickle_);
  }

 private:
  [[noreturn]] void fail(const std::string& what,
                         const std::string& hint = "the file is damaged; save it again") const {
    throw IoError(name_, fmt::format("{} (byte {})", what, at_), hint);
  }

  // ── bytes ───────────────────────────────────────────────────────────────────────────────────────────────────────

  std::string_view take(uint64_t count) {
    if (count > bytes_.size() - next_) fail("ends in the middle of a value");
    const std::string_view part = bytes_.substr(next_, size_t(count));
    next_ += size_t(count);
    return part;
  }
  uint64_t bits(size_t count) { return load_bits(take(count).data(), count, false); }
  std::string_view line() {
    const size_t end = bytes_.find('\n', next_);
    if (end == bytes_.npos) fail("ends in the middle of a name");
    const std::string_view part = bytes_.substr(next_, end - next_);
    next_ = end + 1;
    return part;
  }

  // ── the stack ───────────────────────────────────────────────────────────────────────────────────────────────────

  Ref add(Node node) {
    if (pickle_.nodes.size() > kMostNodes) fail(fmt::format("has more than {} values", kMostNodes), "");
    pickle_.nodes.push_back(std::move(node));
    return Ref(pickle_.nodes.size() - 1);
  }
  void push(Node node) { stack_.push_back(add(std::move(node))); }
  Ref pop() {
    if (stack_.size() <= floor()) fail("takes a value from an empty stack");
    const Ref ref = stack_.back();
    stack_.pop_back();
    return ref;
  }
  Ref top() const {
    if (stack_.size() <= floor()) fail("looks at an empty stack");
    return stack_.back();
  }
  size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  /// Everything above the last mark.
  std::vector<Ref> pop_mark() {
    if (marks_.empty()) fail("has no mark to go back to");
    std::vector<Ref> items(stack_.begin() + ptrdiff_t(marks_.back()), stack_.end());
    stack_.resize(marks_.back());
    marks_.pop_back();
    return items;
  }
  void push_tuple(size_t count) {
    std::vector<Ref> items(count);
    for (size_t i = count; i-- > 0;) items[i] = pop();
    push({.kind = Kind::tuple, .items = std::move(items)});
  }
  Node& expect(Ref ref, Kind kind, const char* what) {
    if (pickle_.nodes[ref].kind != kind) fail(what);
    return pickle_.nodes[ref];
  }

  void global(std::string_view module, std::string_view name) {
    const std::string full = fmt::format("{} {}", module, name);
    if (std::find(globals_.begin(), globals_.end(), full) == globals_.end()) {
      const bool whole = module.starts_with("torch.nn") || name == "Module";
      throw IoError(name_, fmt::format("asks for {}.{}, which is not read (byte {})", shown(module), shown(name), at_),
                    whole ? "it holds a whole module; save model.state_dict() instead"
                          : "only numbers, tensors and containers are; nothing in such a file is ever run");
    }
    push({.kind = Kind::global, .text = full});
  }

  /// Writes down a call; those that make containers give containers.
  void call(const char* what) {
    const Ref arguments = pop(), callee = pop();
    const std::string name = expect(callee, Kind::global, what).text;
    const size_t      count = expect(arguments, Kind::tuple, what).items.size();
    if (name == "collections OrderedDict") {
      if (count > 0) fail("fills an OrderedDict in an unknown way");
      return push({.kind = Kind::mapping});
    }
    if (count > 64) fail("makes a call with more than 64 arguments");   // before they are copied
    push({.kind = Kind::object, .text = name, .items = pickle_.nodes[arguments].items});
  }

  void set_items(Ref target, const std::vector<Ref>& items) {
    Node& mapping = expect(target, Kind::mapping, "sets items of something that is no mapping");
    if (items.size() % 2 != 0) fail("has a key without a value");
    mapping.items.insert(mapping.items.end(), items.begin(), items.end());
  }
  void append(Ref target, const std::vector<Ref>& items) {
    Node& list = expect(target, Kind::list, "appends to something that is no list");
    list.items.insert(list.items.end(), items.begin(), items.end());
  }

  Ref recall(uint64_t slot) const {
    const auto found = memo_.find(slot);
    if (found == memo_.end()) fail(fmt::format("recalls value {} before it is there", slot));
    return found->second;
  }

  /// One opcode. @return false after the last
  bool step();

  std::string_view                  bytes_;
  std::span<const std::string_view> globals_;
  std::string                       name_;
  size_t                            next_ = 0, at_ = 0;
  Pickle                            pickle_;
  std::vector<Ref>                  stack_;
  std::vector<size_t>               marks_;
  std::unordered_map<uint64_t, Ref> memo_;
};

bool Machine::step() {
  at_ = next_;
  if (next_ >= bytes_.size()) fail("ends before its end mark");
  const uint8_t code = uint8_t(take(1)[0]);
  switch (code) {
    // frame
    case 0x80:
      if (const uint64_t version = bits(1); version > 5)
        fail(fmt::format("is of protocol {}; up to 5 is read", version), "");
      break;
    case 0x95: take(8); break;
    case '.': pickle_.root = pop(); return false;

    // scalars
    case 'N': push({}); break;
    case 0x88: push({.kind = Kind::boolean, .integer = 1}); break;
    case 0x89: push({.kind = Kind::boolean}); break;
    case 'K': push({.kind = Kind::integer, .integer = int64_t(bits(1))}); break;
    case 'M': push({.kind = Kind::integer, .integer = int64_t(bits(2))}); break;
    case 'J': push({.kind = Kind::integer, .integer = sign_extend(bits(4), 4)}); break;
    case 0x8a: {
      const size_t count = size_t(bits(1));
      if (count > 8) fail("has a whole number of more than 64 bits", "");
      push({.kind = Kind::integer, .integer = count == 0 ? 0 : sign_extend(bits(count), count)});
      break;
    }
    case 'G': push({.kind = Kind::number, .number = std::bit_cast<double>(load_bits(take(8).data(), 8, true))}); break;
    case 'X': push({.kind = Kind::text, .text = std::string(take(bits(4)))}); break;
    case 0x8c: push({.kind = Kind::text, .text = std::string(take(bits(1)))}); break;
    case 'B': push({.kind = Kind::bytes, .text = std::string(take(bits(4)))}); break;
    case 'C': push({.kind = Kind::bytes, .text = std::string(take(bits(1)))}); break;

    // containers
    case '}': push({.kind = Kind::mapping}); break;
    case ']': push({.kind = Kind::list}); break;
    case ')': push({.kind = Kind::tuple}); break;
    case '(': marks_.push_back(stack_.size()); break;
    case 't': push({.kind = Kind::tuple, .items = pop_mark()}); break;
    case 0x85: push_tuple(1); break;
    case 0x86: push_tuple(2); break;
    case 0x87: push_tuple(3); break;
    case 's': {
      const Ref value = pop(), key = pop();
      set_items(top(), {key, value});
      break;
    }
    case 'u': { const auto items = pop_mark(); set_items(top(), items); break; }
    case 'a': { const Ref item = pop(); append(top(), {item}); break; }
    case 'e': { const auto items = pop_mark(); append(top(), items); break; }
    case '0':
      if (stack_.size() > floor()) stack_.pop_back();
      else pop_mark();
      break;
    case '1': pop_mark(); break;

    // memo
    case 'q': { const uint64_t slot = bits(1); memo_[slot] = top(); break; }
    case 'r': { const uint64_t slot = bits(4); memo_[slot] = top(); break; }
    case 0x94: { const uint64_t slot = memo_.size(); memo_[slot] = top(); break; }
    case 'h': stack_.push_back(recall(bits(1))); break;
    case 'j': stack_.push_back(recall(bits(4))); break;

    // names, and calls that are not made
    case 'c': {
      const std::string_view module = line();
      global(module, line());
      break;
    }
    case 0x93: {
      const Ref name = pop(), module = pop();
      const std::string first = expect(module, Kind::text, "names a global by something else than a text").text;
      global(first, std::string(expect(name, Kind::text, "names a global by something else than a text").text));
      break;
    }
    case 'R': call("calls something that is no function"); break;
    case 0x81: call("makes an object of something that is no class"); break;
    case 'b': {
      const Ref state = pop(), target = top();
      Node&     node  = pickle_.nodes[target];
      if (node.kind == Kind::object) node.state = state;
      else if (node.kind != Kind::mapping)
        fail("gives a state to something that has none");  // of an OrderedDict: not needed
      break;
    }
    case 'Q': { const Ref id = pop(); push({.kind = Kind::persistent, .items = {id}}); break; }

    default:
      fail(fmt::format("has the opcode 0x{:02x} ({}), which is not read", code, opcode_name(code)),
           "torch.save with its usual settings writes files that are");
  }
  return true;
}

}  // namespace

const Node* Pickle::find(const Node& mapping, std::string_view key) const {
  for (size_t i = mapping.items.size(); mapping.kind == Kind::mapping && i >= 2; i -= 2) {
    const Node& k = nodes[mapping.items[i - 2]];
    if (k.kind == Kind::text && k.text == key) return &nodes[mapping.items[i - 1]];
  }
  return nullptr;
}

Pickle parse_pickle(std::string_view bytes, std::span<const std::string_view> globals, const std::string& name) {
  return Machine(bytes, globals, name).run();
}

}  // namespace dynode
