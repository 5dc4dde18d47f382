#include "dynode/io/mat.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cctype>
#include <fmt/format.h>
#include <set>
#include <zlib.h>

#include "dynode/base/text.h"
#include "dynode/io/bytes.h"
#include "dynode/io/file.h"

namespace dynode {
namespace {

constexpr size_t kHeader        = 128;
constexpr size_t kMostBytes     = size_t(2) << 30;  // of all variables, expanded
constexpr size_t kMostVariables = 10'000, kMostAxes = 32;
constexpr size_t kDeflateRatio = 1032;  // more than deflate can reach
constexpr size_t kLongestName  = 63;    // of a variable in MATLAB

// types of elements
enum : uint32_t {
  kInt8 = 1,
  kUint8,
  kInt16,
  kUint16,
  kInt32,
  kUint32,
  kSingle,
  kDouble = 9,
  kInt64  = 12,
  kUint64,
  kMatrix,
  kCompressed,
  kUtf8,
  kUtf16,
  kUtf32
};
// classes of variables
enum : uint32_t { kChars = 4, kDoubles = 6, kSingles = 7, kInts8 = 8, kUints8 = 9, kInts64 = 14, kUints64 = 15 };
constexpr uint32_t kLogicalFlag = 0x200, kComplexFlag = 0x800;

/// Bytes of one number of this type; 0: it is none.
size_t width_of(uint32_t type) {
  switch (type) {
    case kInt8:
    case kUint8:
    case kUtf8: return 1;
    case kInt16:
    case kUint16:
    case kUtf16: return 2;
    case kInt32:
    case kUint32:
    case kSingle:
    case kUtf32: return 4;
    case kDouble:
    case kInt64:
    case kUint64: return 8;
    default: return 0;
  }
}

struct Element {
  uint32_t         type = 0;
  std::string_view data;
  size_t           count() const { return data.size() / width_of(type); }
};

/// The elements in some bytes, one after the other.
class Reader {
 public:
  Reader(std::string_view bytes, bool big, const std::string& file) : bytes_(bytes), big_(big), file_(file) {}

  bool at_end() const { return at_ >= bytes_.size(); }
  bool big() const { return big_; }

  [[noreturn]] void fail(const std::string& what) const {
    throw IoError(file_, what, "it is damaged, or not all of it is there");
  }

  Element next() {
    if (bytes_.size() - at_ < 8) fail("ends within an element");
    const auto word = uint32_t(load_bits(bytes_.data() + at_, 4, big_));
    Element    element;
    size_t     size;
    if (word >> 16) {  // small: at most 4 bytes, in place
      element.type = word & 0xFFFF;
      size         = word >> 16;
      if (size > 4) fail(fmt::format("has a small element of {} bytes", size));
      element.data = bytes_.substr(at_ + 4, size);
      at_ += 8;
    } else {
      element.type = word;
      size         = size_t(load_bits(bytes_.data() + at_ + 4, 4, big_));
      at_ += 8;
      if (size > bytes_.size() - at_)
        fail(fmt::format("has an element of {} bytes, but {} are left", size, bytes_.size() - at_));
      element.data = bytes_.substr(at_, size);
      at_ += size;
      if (element.type != kCompressed) at_ = std::min(bytes_.size(), (at_ + 7) / 8 * 8);
    }
    return element;
  }

  /// An element of numbers. @throws IoError  if the next one is not
  Element numbers(const char* what) {
    const Element element = next();
    const size_t  width   = width_of(element.type);
    if (width == 0 || element.data.size() % width)
      fail(fmt::format("has no {} where they should be (type {}, {} bytes)", what, element.type, element.data.size()));
    return element;
  }

  double number(const Element& e, size_t i) const {
    const size_t   width = width_of(e.type);
    const uint64_t bits  = load_bits(e.data.data() + i * width, width, big_);
    switch (e.type) {
      case kSingle: return std::bit_cast<float>(uint32_t(bits));
      case kDouble: return std::bit_cast<double>(bits);
      case kUint64: return double(bits);
      case kInt8:
      case kInt16:
      case kInt32:
      case kInt64: return double(sign_extend(bits, width));
      default: return double(bits);
    }
  }

  int64_t integer(const Element& e, size_t i) const {
    const size_t width = width_of(e.type);
    if (e.type == kSingle || e.type == kDouble) fail("has fractions in a variable of whole numbers");
    const uint64_t bits = load_bits(e.data.data() + i * width, width, big_);
    if (e.type == kUint64) return unsigned_to_int64(bits, file_);
    return e.type == kInt8 || e.type == kInt16 || e.type == kInt32 || e.type == kInt64 ? sign_extend(bits, width)
                                                                                       : int64_t(bits);
  }

  const std::string& file() const { return file_; }

 private:
  std::string_view   bytes_;
  size_t             at_ = 0;
  bool               big_;
  const std::string& file_;
};

/// Calls body(position in the file's order) for every position in ours, in which the last index is fastest.
template <class Body>
void for_positions(const std::vector<int64_t>& shape, Body body) {
  std::vector<int64_t> index(shape.size()), stride(shape.size(), 1);
  for (size_t k = 1; k < shape.size(); ++k) stride[k] = stride[k - 1] * shape[k - 1];
  const int64_t count = element_count(shape);
  for (int64_t i = 0, at = 0; i < count; ++i) {
    body(size_t(at));
    for (size_t k = shape.size(); k-- > 0;) {
      at += stride[k];
      if (++index[k] < shape[k]) break;
      at -= stride[k] * shape[k];
      index[k] = 0;
    }
  }
}

void append_utf8(std::string& text, uint32_t c) {
  if (c < 0x80) text += char(c);
  else if (c < 0x800) text += {char(0xC0 | c >> 6), char(0x80 | (c & 63))};
  else if (c < 0x10000) text += {char(0xE0 | c >> 12), char(0x80 | (c >> 6 & 63)), char(0x80 | (c & 63))};
  else
    text +=
        {char(0xF0 | (c >> 18 & 7)), char(0x80 | (c >> 12 & 63)), char(0x80 | (c >> 6 & 63)), char(0x80 | (c & 63))};
}

/// Rows of characters without the spaces that fill them up; none where all would be empty.
std::vector<std::string> read_text(Reader& reader, const Element& data, const std::vector<int64_t>& shape) {
  if (shape.size() != 2) reader.fail(fmt::format("has a text of {} axes", shape.size()));
  std::vector<std::string> rows;
  if (data.type == kUtf8 && shape[0] == 1) {
    rows.emplace_back(data.data);
  } else if (int64_t(data.count()) != element_count(shape)) {
    reader.fail(fmt::format("has {} characters where {} are announced", data.count(), element_count(shape)));
  } else {
    rows.resize(size_t(shape[1] > 0 ? shape[0] : 0));
    size_t i = 0;
    for_positions(shape,
                  [&](size_t at) { append_utf8(rows[i++ / size_t(shape[1])], uint32_t(reader.integer(data, at))); });
  }
  for (std::string& row : rows) row.erase(row.find_last_not_of(' ') + 1);
  if (std::ranges::all_of(rows, [](const std::string& row) { return row.empty(); })) rows.clear();
  return rows;
}

Array read_numbers(Reader& reader, const Element& data, const std::vector<int64_t>& shape, uint32_t kind,
                   bool logical) {
  if (int64_t(data.count()) != element_count(shape))
    reader.fail(fmt::format("has {} numbers where {} are announced", data.count(), element_count(shape)));
  const auto all = [&](auto zero, auto number) {
    std::vector<decltype(zero)> values;
    values.reserve(data.count());
    for_positions(shape, [&](size_t at) { values.push_back(decltype(zero)(number(at))); });
    return Array{shape, std::move(values)};
  };
  if (kind == kDoubles) return all(0.0, [&](size_t i) { return reader.number(data, i); });
  if (kind == kSingles) return all(0.0f, [&](size_t i) { return reader.number(data, i); });
  if (logical) return all(uint8_t{0}, [&](size_t i) { return reader.integer(data, i) != 0; });
  if (kind == kUints8 && data.type == kUint8) return all(uint8_t{0}, [&](size_t i) { return reader.integer(data, i); });
  return all(int64_t{0}, [&](size_t i) { return reader.integer(data, i); });
}

struct Variables {
  std::vector<Mat::Entry>                          entries;
  std::vector<std::pair<std::string, std::string>> unread;
};

const char* kind_text(uint32_t kind) {
  constexpr std::array<const char*, 6> kinds = {"unknown",   "a cell array", "a structure",
                                                "an object", "a text",       "sparse"};
  return kind < kinds.size() ? kinds[kind] : kind == 16 ? "a function" : kind == 17 ? "opaque" : "unknown";
}

void read_variable(std::string_view bytes, const Reader& outer, Variables& to) {
  Reader        reader(bytes, outer.big(), outer.file());
  const Element flags = reader.numbers("flags");
  if (flags.type != kUint32 || flags.count() != 2) reader.fail("has a variable without flags");
  const auto     word = uint32_t(reader.integer(flags, 0));
  const uint32_t kind = word & 0xFF;

  const Element dimensions = reader.numbers("dimensions");
  if (dimensions.type != kInt32 || dimensions.count() < 2 || dimensions.count() > kMostAxes)
    reader.fail("has a variable without dimensions");
  std::vector<int64_t> shape;
  for (size_t i = 0; i < dimensions.count(); ++i) shape.push_back(reader.integer(dimensions, i));
  if (element_count(shape) < 0)
    reader.fail(fmt::format("has a variable of impossible size [{}]", fmt::join(shape, ", ")));

  const Element named = reader.numbers("names");
  if (named.type != kInt8 && named.type != kUint8 && named.type != kUtf8) reader.fail("has a variable without a name");
  std::string name(named.data);
  for (char& c : name)
    if (uint8_t(c) < 32 || uint8_t(c) > 126) c = '?';
  const auto taken = [&](const auto& entry) { return entry.first == name; };
  if (std::ranges::any_of(to.entries, taken) || std::ranges::any_of(to.unread, taken))
    reader.fail(fmt::format("has two variables called '{}'", name));

  const bool plain = kind == kChars || (kind >= kDoubles && kind <= kUints64);
  if (!plain || (word & kComplexFlag)) {
    to.unread.emplace_back(name, plain ? "complex" : kind_text(kind));
    return;
  }
  const Element data = element_count(shape) == 0 && reader.at_end() ? Element{kDouble, {}} : reader.numbers("numbers");
  if (kind == kChars) to.entries.emplace_back(name, read_text(reader, data, shape));
  else to.entries.emplace_back(name, read_numbers(reader, data, shape, kind, word & kLogicalFlag));
}

/// At most `limit` bytes. @throws IoError
std::string inflated(std::string_view packed, size_t limit, const Reader& reader) {
  limit = std::min(limit, packed.size() * kDeflateRatio + 1024);
  std::string bytes;
  z_stream    stream{};
  if (inflateInit(&stream) != Z_OK) reader.fail("cannot be expanded");
  stream.next_in  = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = uInt(packed.size());
  int state       = Z_OK;
  while (state == Z_OK && bytes.size() <= limit) {
    const size_t at = bytes.size();
    bytes.resize(at + std::clamp<size_t>(at, 1 << 14, 1 << 26));
    stream.next_out  = reinterpret_cast<Bytef*>(bytes.data() + at);
    stream.avail_out = uInt(bytes.size() - at);
    state            = inflate(&stream, Z_NO_FLUSH);
    bytes.resize(bytes.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  if (state == Z_OK || bytes.size() > limit) reader.fail(fmt::format("expands to more than {} bytes", limit));
  if (state != Z_STREAM_END) reader.fail("has a compressed variable that cannot be expanded");
  return bytes;
}

bool is_name(const std::string& name) {
  const auto fits = [](char c) { return std::isalnum(uint8_t(c)) || c == '_'; };
  return !name.empty() && name.size() <= kLongestName && std::isalpha(uint8_t(name[0])) &&
         std::ranges::all_of(name, fits);
}

}  // namespace

// ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────────

Mat::Mat(std::string file, std::vector<Entry> entries, std::vector<std::pair<std::string, std::string>> unread)
    : file_(std::move(file)), entries_(std::move(entries)), unread_(std::move(unread)) {}

const Array* Mat::find(std::string_view name) const {
  const auto found = std::ranges::find(entries_, name, &Entry::first);
  return found == entries_.end() ? nullptr : std::get_if<Array>(&found->second);
}

const std::vector<std::string>* Mat::text(std::string_view name) const {
  const auto found = std::ranges::find(entries_, name, &Entry::first);
  return found == entries_.end() ? nullptr : std::get_if<std::vector<std::string>>(&found->second);
}

const Array& Mat::at(std::string_view name) const {
  if (const Array* array = find(name)) return *array;
  if (text(name)) throw IoError(file_, fmt::format("'{}' is a text, not numbers", name));
  for (const auto& [unread, kind] : unread_)
    if (unread == name) throw IoError(file_, fmt::format("'{}' is {}", name, kind), "numbers and texts can be read");
  std::vector<std::string> known;
  for (const Entry& entry : entries_) known.push_back(entry.first);
  throw IoError(file_, fmt::format("has no '{}'", name), did_you_mean(name, known));
}

Mat parse_mat(std::string_view bytes, const std::string& name) {
  constexpr std::string_view kHdf5 = "\x89HDF\r\n\x1a\n";
  if (bytes.starts_with(kHdf5) || (bytes.size() > 520 && bytes.substr(512, 8) == kHdf5))
    throw IoError(name, "is a MATLAB file of version 7.3, which is HDF5", "save it with -v7");
  const std::string_view order = bytes.size() >= kHeader ? bytes.substr(126, 2) : "";
  const bool             big   = order == "MI";
  if ((!big && order != "IM") || load_bits(bytes.data() + 124, 2, big) != 0x100)
    throw IoError(name, "is no MATLAB file of version 5 to 7",
                  "MATLAB writes one with save(…, '-v7'), SciPy with savemat");

  Variables variables;
  size_t    expanded = 0;
  Reader    reader(bytes.substr(kHeader), big, name);
  for (size_t count = 0; !reader.at_end(); ++count) {
    if (count == kMostVariables) reader.fail(fmt::format("has more than {} variables", kMostVariables));
    const Element element = reader.next();
    if (element.type == kMatrix) {
      read_variable(element.data, reader, variables);
    } else if (element.type == kCompressed) {
      const std::string inner = inflated(element.data, kMostBytes - expanded, reader);
      expanded += inner.size();
      Reader        one(inner, big, name);
      const Element variable = one.next();
      if (variable.type != kMatrix)
        one.fail(fmt::format("has an element of type {} where a variable should be", variable.type));
      read_variable(variable.data, one, variables);
    } else {
      reader.fail(fmt::format("has an element of type {} where a variable should be", element.type));
    }
  }
  return {name, std::move(variables.entries), std::move(variables.unread)};
}

Mat load_mat(const std::string& path) { return parse_mat(read_file(path, kMostBytes), path); }

// ── writing ─────────────────────────────────────────────────────────────────────────────────────────────────────────

namespace {

void append_word(std::string& to, uint32_t word) {
  for (int i = 0; i < 4; ++i) to += char(word >> 8 * i);
}

/// An element, padded to 8 bytes.
void append_element(std::string& to, uint32_t type, std::string_view data) {
  append_word(to, type);
  append_word(to, uint32_t(data.size()));
  to += data;
  to.resize((to.size() + 7) / 8 * 8);
}

std::string words(std::initializer_list<uint32_t> all) {
  std::string bytes;
  for (uint32_t word : all) append_word(bytes, word);
  return bytes;
}

/// In the order of the file.
template <class T>
std::string turned(const std::vector<T>& values, const std::vector<int64_t>& shape) {
  std::vector<T> columns(values.size());
  size_t         i = 0;
  for_positions(shape, [&](size_t at) { columns[at] = values[i++]; });
  std::string bytes;
  append_little_endian(bytes, columns);
  return bytes;
}

struct Written {
  uint32_t             kind = kDoubles, type = kDouble;
  std::vector<int64_t> shape;
  std::string          data;
};

Written written(const std::string& name, const Array& array) {
  Written w{.shape = array.shape, .data = {}};
  if (element_count(array.shape) != int64_t(array.size())) throw ShapeError(name, array.shape, {int64_t(array.size())});
  while (w.shape.size() < 2) w.shape.insert(w.shape.begin(), 1);
  std::visit([&](const auto& values) { w.data = turned(values, w.shape); }, array.data);
  if (std::holds_alternative<std::vector<float>>(array.data)) w.kind = kSingles, w.type = kSingle;
  if (std::holds_alternative<std::vector<int64_t>>(array.data)) w.kind = kInts64, w.type = kInt64;
  if (std::holds_alternative<std::vector<uint8_t>>(array.data)) w.kind = kUints8, w.type = kUint8;
  return w;
}

/// Rows of ASCII, filled up with spaces; other bytes become question marks.
Written written(const std::string&, const std::vector<std::string>& rows) {
  size_t width = 0;
  for (const std::string& row : rows) width = std::max(width, row.size());
  Written w{.kind = kChars, .type = kUint16, .shape = {int64_t(width ? rows.size() : 0), int64_t(width)}, .data = {}};
  std::vector<uint16_t> all;
  for (const std::string& row : rows)
    for (size_t i = 0; i < width; ++i)
      all.push_back(i >= row.size() ? ' ' : uint8_t(row[i]) < 128 ? uint16_t(row[i]) : '?');
  w.data = turned(all, w.shape);
  return w;
}

std::string deflated(const std::string& bytes) {
  uLongf      size = compressBound(uLong(bytes.size()));
  std::string packed(size, '\0');
  const int   state = compress2(reinterpret_cast<Bytef*>(packed.data()), &size,
                                reinterpret_cast<const Bytef*>(bytes.data()), uLong(bytes.size()), 6);
  expects(state == Z_OK, "zlib compresses into a buffer that is large enough");
  packed.resize(size);
  return packed;
}

}  // namespace

std::string mat_bytes(const std::vector<Mat::Entry>& entries) {
  std::string bytes = "MATLAB 5.0 MAT-file, written by dynode";
  bytes.resize(116, ' ');
  bytes.resize(124, '\0');
  bytes += {char(0), char(1), 'I', 'M'};
  std::set<std::string> names;
  for (const auto& [name, value] : entries) {
    if (!is_name(name))
      throw IoError(name, "is no name of a variable in MATLAB",
                    "at most 63 letters, digits and _, beginning with a letter");
    if (!names.insert(name).second) throw IoError(name, "appears twice");
    const std::string& variable = name;
    const Written      w        = std::visit([&](const auto& v) { return written(variable, v); }, value);
    if (w.data.size() >= kMostBytes)
      throw IoError(name, "has more than 2 GiB, which a MATLAB file of version 5 cannot hold");
    std::string dimensions, inner, whole;
    for (int64_t n : w.shape) append_word(dimensions, uint32_t(n));
    append_element(inner, kUint32, words({w.kind, 0}));
    append_element(inner, kInt32, dimensions);
    append_element(inner, kInt8, name);
    append_element(inner, w.type, w.data);
    append_element(whole, kMatrix, inner);
    const std::string packed = deflated(whole);
    append_word(bytes, kCompressed);
    append_word(bytes, uint32_t(packed.size()));
    bytes += packed;
  }
  return bytes;
}

void save_mat(const std::string& path, const std::vector<Mat::Entry>& entries) { write_file(path, mat_bytes(entries)); }

}  // namespace dynode
