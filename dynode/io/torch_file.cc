#include "dynode/io/torch_file.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "dynode/base/error.h"
#include "dynode/io/bytes.h"
#include "dynode/io/file.h"
#include "dynode/io/safetensors.h"
#include "dynode/spec/reading.h"

namespace dynode {
namespace {

using Kind = Pickle::Kind;

constexpr int      kMostDepth   = 64;
constexpr size_t   kMostValues  = 1'000'000;          // of settings, after repetition
constexpr int64_t  kMostAxes    = 32;
constexpr int64_t  kMostListed  = 1'000'000;          // numbers of a tensor that stands for a list
constexpr uint64_t kSpareBytes  = uint64_t(64) << 20; // tensors may take 16 times the file, and this
constexpr uint64_t kMostSharing = 16;

struct StorageType {
  std::string_view name;
  Dtype            dtype;
};
constexpr StorageType kStorages[] = {
    {"torch FloatStorage", Dtype::F32},  {"torch DoubleStorage", Dtype::F64},   {"torch HalfStorage", Dtype::F16},
    {"torch LongStorage", Dtype::I64},   {"torch BFloat16Storage", Dtype::BF16}, {"torch IntStorage", Dtype::I32},
    {"torch ShortStorage", Dtype::I16},  {"torch CharStorage", Dtype::I8},      {"torch ByteStorage", Dtype::U8},
    {"torch BoolStorage", Dtype::BOOL},  {"torch ComplexFloatStorage", Dtype::C64}};

constexpr std::string_view kTensor    = "torch._utils _rebuild_tensor_v2";
constexpr std::string_view kParameter = "torch._utils _rebuild_parameter";
constexpr std::string_view kNamespace = "argparse Namespace";
constexpr std::string_view kSize      = "torch Size";
constexpr std::string_view kEncode    = "_codecs encode";

/// All names that may appear in a checkpoint; each is data to us.
constexpr std::array kGlobals = {
    std::string_view("collections OrderedDict"), kTensor, kParameter, kNamespace, kSize, kEncode,
    std::string_view("torch FloatStorage"), std::string_view("torch DoubleStorage"),
    std::string_view("torch HalfStorage"), std::string_view("torch BFloat16Storage"),
    std::string_view("torch LongStorage"), std::string_view("torch IntStorage"), std::string_view("torch ShortStorage"),
    std::string_view("torch CharStorage"), std::string_view("torch ByteStorage"), std::string_view("torch BoolStorage"),
    std::string_view("torch ComplexFloatStorage"), std::string_view("torch ComplexDoubleStorage"),
    std::string_view("torch.storage UntypedStorage"), std::string_view("torch device"),
    std::string_view("torch float16"), std::string_view("torch bfloat16"), std::string_view("torch float32"),
    std::string_view("torch float64"), std::string_view("torch int8"), std::string_view("torch uint8"),
    std::string_view("torch int16"), std::string_view("torch int32"), std::string_view("torch int64"),
    std::string_view("torch bool"), std::string_view("numpy dtype"), std::string_view("numpy.core.multiarray scalar"),
    std::string_view("numpy._core.multiarray scalar")};

bool is_numpy_scalar(const Pickle::Node& node) {
  return node.kind == Kind::object &&
         (node.text == "numpy.core.multiarray scalar" || node.text == "numpy._core.multiarray scalar");
}

/// The folder all members lie in: that of data.pkl.
std::string top_of(const ZipArchive& archive, const std::string& name) {
  constexpr std::string_view kPickle = "/data.pkl";
  for (const auto& member : archive.members())
    if (member.name.ends_with(kPickle)) return member.name.substr(0, member.name.size() - kPickle.size() + 1);
  throw IoError(name, "is a zip archive, but not one that torch.save wrote: it has no data.pkl",
                archive.find("constants.pkl") >= 0 ? "" : "a file of arrays is called .npz");
}

const std::string& checked(const std::string& bytes, const std::string& name) {
  if (!bytes.empty() && uint8_t(bytes[0]) == 0x80)
    throw IoError(name, "was written by torch before 1.6, whose files are not read",
                  "load it with torch and save it again");
  return bytes;
}

}  // namespace

TorchFile::TorchFile(std::string bytes, const std::string& name)
    : bytes_(std::move(bytes)), name_(name),
      archive_(checked(bytes_, name), name, {"torch file", "torch.save writes such files; it may be cut off"}) {
  top_ = top_of(archive_, name_);
  if (const int64_t order = archive_.find(top_ + "byteorder"); order >= 0) {
    const std::string word = archive_.read(size_t(order));
    if (word != "little" && word != "big") throw IoError(name_, "has an unknown byte order");
    big_endian_ = word == "big";
  }
  const size_t member = size_t(archive_.find(top_ + "data.pkl"));
  pickle_ = parse_pickle(archive_.read(member), kGlobals, archive_.place(member));
}

void TorchFile::fail(const std::string& what, const std::string& why) const {
  throw IoError(fmt::format("{}: {}", name_, shown(what, 200)), why);
}

// ── nodes ───────────────────────────────────────────────────────────────────────────────────────────────────────────

const Pickle::Node& TorchFile::contents(const Node& node) const {
  return node.kind == Kind::object && node.text == kNamespace ? pickle_[node.state] : node;
}

const Pickle::Node* TorchFile::find(const Node& mapping, std::string_view key) const {
  return pickle_.find(contents(mapping), key);
}

bool TorchFile::is_tensor(const Node& node) const {
  return node.kind == Kind::object && (node.text == kTensor || node.text == kParameter);
}

const Pickle::Node& TorchFile::argument(const Node& call, size_t index, Kind kind, const std::string& what) const {
  if (index >= call.items.size()) fail(what, fmt::format("{} has too few arguments", call.text));
  const Node& node = pickle_[call.items[index]];
  if (node.kind != kind) fail(what, fmt::format("argument {} of {} is of a wrong kind", index, call.text));
  return node;
}

std::vector<int64_t> TorchFile::sizes(const Node& given, const std::string& what) const {
  const Node& node = given.kind == Kind::object && given.text == kSize ? argument(given, 0, Kind::tuple, what) : given;
  if (node.kind != Kind::tuple || int64_t(node.items.size()) > kMostAxes) fail(what, "has no proper shape");
  std::vector<int64_t> sizes;
  for (const Pickle::Ref ref : node.items) {
    if (pickle_[ref].kind != Kind::integer || pickle_[ref].integer < 0) fail(what, "has no proper shape");
    sizes.push_back(pickle_[ref].integer);
  }
  return sizes;
}

// ── tensors ─────────────────────────────────────────────────────────────────────────────────────────────────────────

Array TorchFile::tensor(const Node& given, const std::string& what) const {
  if (!is_tensor(given)) fail(what, "is no tensor");
  const Node& call = given.text == kParameter ? argument(given, 0, Kind::object, what) : given;
  if (call.text != kTensor) fail(what, "is no tensor");
  const Node& pointer = argument(call, 0, Kind::persistent, what);
  const Node& id      = pickle_[pointer.items[0]];
  const int64_t offset = argument(call, 1, Kind::integer, what).integer;
  if (call.items.size() < 4) fail(what, fmt::format("{} has too few arguments", call.text));
  const std::vector<int64_t> shape = sizes(pickle_[call.items[2]], what), stride = sizes(pickle_[call.items[3]], what);

  // the storage
  if (id.kind != Kind::tuple || id.items.size() < 5) fail(what, "has no proper storage");
  const Node &type = pickle_[id.items[1]], &key = pickle_[id.items[2]], &numel = pickle_[id.items[4]];
  if (type.kind != Kind::global || key.kind != Kind::text || numel.kind != Kind::integer)
    fail(what, "has no proper storage");
  const auto kind =
      std::find_if(std::begin(kStorages), std::end(kStorages), [&](auto& s) { return s.name == type.text; });
  if (kind == std::end(kStorages) || kind->dtype == Dtype::C64)
    throw IoError(fmt::format("{}: {}", name_, shown(what, 200)),
                  fmt::format("is a {}, which is not read", type.text.substr(6)), "real tensors of ordinary types are");
  if (storage_.first != key.text || storage_.second.empty()) {
    const int64_t member = archive_.find(top_ + "data/" + key.text);
    if (member < 0) fail(what, fmt::format("its storage is not in the file (data/{})", shown(key.text)));
    read_ += archive_.members()[size_t(member)].size;
    if (read_ > kMostSharing * bytes_.size() + kSpareBytes)
      fail(what, "the tensors of this file go back and forth between storages");
    storage_ = {key.text, archive_.read(size_t(member))};
  }
  const size_t size = dtype_size(kind->dtype);
  const auto   held = int64_t(storage_.second.size() / size);
  if (numel.integer < 0 || numel.integer > held)
    fail(what, fmt::format("claims {} numbers, its storage has {}", numel.integer, held));

  // no further than the storage goes
  const int64_t count = element_count(shape);
  if (count < 0 || shape.size() != stride.size() || offset < 0) fail(what, "has no proper shape");
  int64_t last = offset;
  for (size_t axis = 0; axis < shape.size() && count > 0; ++axis) {
    int64_t reach;
    if (__builtin_mul_overflow(shape[axis] - 1, stride[axis], &reach) || __builtin_add_overflow(last, reach, &last))
      fail(what, "reaches beyond its storage");
  }
  if (count > 0 && last >= numel.integer) fail(what, fmt::format("reaches number {} of {}", last, numel.integer));
  const uint64_t allowed = kMostSharing * bytes_.size() + kSpareBytes;
  if (uint64_t(count) > (allowed - taken_) / size)
    fail(what, "the tensors of this file repeat its numbers too often");
  taken_ += uint64_t(count) * size;

  // row by row
  Tensor tensor{kind->dtype, shape, {}};
  tensor.bytes.reserve(size_t(count) * size);
  std::vector<int64_t> index(shape.size());
  int64_t              at = offset;
  for (int64_t k = 0; k < count; ++k) {
    const char* number = storage_.second.data() + size_t(at) * size;
    if (big_endian_) for (size_t b = size; b-- > 0;) tensor.bytes += number[b];
    else tensor.bytes.append(number, size);
    for (size_t axis = shape.size(); axis-- > 0;) {
      at += stride[axis];
      if (++index[axis] < shape[axis]) break;
      at -= stride[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return tensor.as_array(what);
}

std::vector<std::pair<std::string, const Pickle::Node*>> TorchFile::tensor_nodes(const Node& mapping) const {
  const Node& node = contents(mapping);
  std::vector<std::pair<std::string, const Node*>> found;
  for (size_t i = 0; node.kind == Kind::mapping && i + 1 < node.items.size(); i += 2) {
    const Node &key = pickle_[node.items[i]], &value = pickle_[node.items[i + 1]];
    if (key.kind == Kind::text && is_tensor(value)) found.emplace_back(key.text, &value);
  }
  return found;
}

// ── settings ────────────────────────────────────────────────────────────────────────────────────────────────────────

Value TorchFile::value(const Node& node, const std::string& what) const {
  size_t budget = kMostValues;
  return value(node, what, 0, budget);
}

Value TorchFile::value(const Node& given, const std::string& what, int depth, size_t& budget) const {
  if (depth > kMostDepth) fail(what, fmt::format("nests deeper than {}", kMostDepth));
  const auto spend = [&](size_t count) {
    if (count > budget) fail(what, fmt::format("stands for more than {} values", kMostValues));
    budget -= count;
  };
  spend(1);
  const Node& node = contents(given);
  switch (node.kind) {
    case Kind::null: return {};
    case Kind::boolean: return node.integer != 0;
    case Kind::integer: return node.integer;
    case Kind::number: return node.number;
    case Kind::text: spend(node.text.size() / 64); return node.text;
    case Kind::bytes: fail(what, "is a piece of bytes, where a setting is expected");
    case Kind::list:
    case Kind::tuple: {
      Value list = Value::list_of();
      for (size_t i = 0; i < node.items.size(); ++i)
        list.push_back(value(pickle_[node.items[i]], fmt::format("{}[{}]", what.substr(0, 200), i), depth + 1, budget));
      return list;
    }
    case Kind::mapping: {
      Value::Entries entries;
      for (size_t i = 0; i + 1 < node.items.size(); i += 2) {
        const Node& key = pickle_[node.items[i]];
        if (key.kind != Kind::text && key.kind != Kind::integer) fail(what, "has a key that is no text");
        spend(key.text.size() / 64);
        entries.emplace_back(key.kind == Kind::text ? key.text : std::to_string(key.integer), Value());
        entries.back().value =
            value(pickle_[node.items[i + 1]], fmt::format("{}.{}", what.substr(0, 200), shown(entries.back().key)),
                  depth + 1, budget);
      }
      // the last of equal keys counts, as in Python
      std::vector<size_t> order(entries.size());
      for (size_t i = 0; i < order.size(); ++i) order[i] = i;
      std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return entries[a].key < entries[b].key; });
      std::vector<bool> keep(entries.size(), true);
      for (size_t i = 1; i < order.size(); ++i)
        if (entries[order[i - 1]].key == entries[order[i]].key) keep[order[i - 1]] = false;
      Value::Entries unique;
      for (size_t i = 0; i < entries.size(); ++i)
        if (keep[i]) unique.push_back(std::move(entries[i]));
      return unique;
    }
    case Kind::object: break;
    case Kind::global:   // torch.float32, where a type is named
    case Kind::persistent: fail(what, "is no setting");
  }

  // numbers in another dress
  if (is_tensor(node)) {
    const Array array = tensor(node, what);
    if (int64_t(array.size()) > kMostListed) fail(what, "is a large tensor, where a setting is expected");
    spend(array.size());
    const std::vector<double> numbers = array.as_double();
    const bool whole = !std::holds_alternative<std::vector<float>>(array.data) &&
                       !std::holds_alternative<std::vector<double>>(array.data);
    const auto one   = [&](double x) { return whole ? Value(int64_t(x)) : Value(x); };
    if (numbers.size() == 1) return one(numbers[0]);
    Value list = Value::list_of();
    for (const double x : numbers) list.push_back(one(x));
    return list;
  }
  if (node.text == kSize) return value(argument(node, 0, Kind::tuple, what), what, depth + 1, budget);
  if (is_numpy_scalar(node)) {
    const Node& type = argument(node, 0, Kind::object, what);
    const std::string& word = argument(type, 0, Kind::text, what).text;
    if (node.items.size() < 2) fail(what, "is an empty number");
    const Node& data = pickle_[node.items[1]];
    std::string bytes;
    if (data.kind == Kind::bytes) {
      bytes = data.text;
    } else if (data.kind == Kind::object && data.text == kEncode) {
      // latin-1: one byte per code point
      const std::string& text = argument(data, 0, Kind::text, what).text;
      if (text.size() > 16) fail(what, "is no number");
      for (size_t i = 0; i < text.size(); ++i) {
        const auto c = uint8_t(text[i]);
        if (c < 0x80) bytes += char(c);
        else if ((c == 0xc2 || c == 0xc3) && i + 1 < text.size()) bytes += char((c << 6) | (uint8_t(text[++i]) & 0x3f));
        else fail(what, "is no number");
      }
    }
    const size_t size = bytes.size();
    const uint64_t bits = size >= 1 && size <= 8 ? load_bits(bytes.data(), size, false) : 0;
    if (word == "f8" && size == 8) return std::bit_cast<double>(bits);
    if (word == "f4" && size == 4) return double(std::bit_cast<float>(uint32_t(bits)));
    if (word == "b1" && size == 1) return bits != 0;
    if (word == fmt::format("i{}", size) && size >= 1 && size <= 8) return sign_extend(bits, size);
    if (word == fmt::format("u{}", size) && size >= 1 && size <= 8) return unsigned_to_int64(bits, what);
    fail(what, "is a number of an unknown type");
  }
  fail(what, fmt::format("is a {}, where a setting is expected", node.text));
}

TorchFile load_torch(const std::string& path) { return TorchFile(read_file(path), path); }

}  // namespace dynode
