// Fuzz harness of NIR graphs: nothing in an HDF5 tree may do more than raise a dynode::Error. The tree is written as text:
// a mapping is a group, a list of numbers an array (nested lists: a matrix), a list of texts or a text are texts.
#include <cstdint>
#include <string_view>

#include "dynode/io/nir.h"
#include "dynode/spec/json.h"

namespace {

using namespace dynode;
using Kind = Hdf5Item::Kind;

void add(const Value& value, const std::string& path, std::vector<Hdf5Item>& items) {
  if (items.size() > 500) return;
  if (value.is_mapping()) {
    if (!path.empty()) items.push_back({.path = path});
    for (const Value::Entry& e : value.entries()) add(e.value, path + "/" + e.key, items);
    return;
  }
  if (value.is_text()) return items.push_back({.path = path, .kind = Kind::texts, .texts = {value.text()}});
  if (value.is_number()) return items.push_back({.path = path, .kind = Kind::numbers, .numbers = {{}, std::vector<double>{value.number()}}});
  if (!value.is_list()) return;
  Hdf5Item            texts{.path = path, .kind = Kind::texts};
  std::vector<double> numbers;
  std::vector<int64_t> shape = {int64_t(value.size())};
  const auto take = [&](const Value& v) {
    if (v.is_text()) texts.texts.push_back(v.text());
    if (v.is_number()) numbers.push_back(v.number());
  };
  for (const Value& v : value.list()) {
    if (v.is_list()) {
      shape.resize(2), shape[1] = int64_t(v.size());
      for (const Value& w : v.list()) take(w);
    } else take(v);
  }
  texts.shape = shape;
  if (!texts.texts.empty() && int64_t(texts.texts.size()) == element_count(shape)) return items.push_back(std::move(texts));
  if (int64_t(numbers.size()) == element_count(shape)) items.push_back({.path = path, .kind = Kind::numbers, .numbers = {shape, numbers}});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    std::vector<Hdf5Item> items;
    add(parse_json({reinterpret_cast<const char*>(data), size}, "fuzz.json"), "", items);
    read_nir(Hdf5("fuzz.nir", std::move(items)));
  } catch (const Error&) {}
  return 0;
}
