// Numbers and words from one side to the other.
#include <algorithm>
#include <cstring>
#include <fmt/format.h>

#include "python/src/bind.h"

namespace dynode::python {
namespace {

template <class T>
Array copied(const py::array& a, std::vector<int64_t> shape) {
  const auto values = py::array_t<T, py::array::c_style | py::array::forcecast>::ensure(a);
  if (!values) throw py::error_already_set();
  return {std::move(shape), std::vector<T>(values.data(), values.data() + values.size())};
}

template <class T>
py::array wrapped(std::vector<T>&& values, const std::vector<int64_t>& shape) {
  auto*             kept = new std::vector<T>(std::move(values));
  const py::capsule owner(kept, [](void* p) { delete static_cast<std::vector<T>*>(p); });
  return py::array_t<T>(std::vector<py::ssize_t>(shape.begin(), shape.end()), kept->data(), owner);
}

std::string type_name(py::handle object) { return py::str(py::type::of(object).attr("__name__")); }

bool is_array(py::handle object) { return py::isinstance<py::array>(object) || py::hasattr(object, "__array__"); }

}  // namespace

Array array_of(py::handle values, const std::string& name) {
  py::array a;
  if (py::isinstance<py::array>(values)) {
    a = py::reinterpret_borrow<py::array>(values);
  } else {
    try {
      a = py::module_::import("numpy").attr("asarray")(values);
    } catch (py::error_already_set& why) {
      if (!why.matches(PyExc_ValueError) && !why.matches(PyExc_TypeError)) throw;
      throw ShapeError(fmt::format("{}: expected an array of numbers, got {}", name, type_name(values)));
    }
  }
  std::vector<int64_t> shape(a.shape(), a.shape() + a.ndim());
  const char           kind = a.dtype().kind();
  const auto           size = a.dtype().itemsize();
  if (kind == 'f') return size <= 4 ? copied<float>(a, std::move(shape)) : copied<double>(a, std::move(shape));
  if (kind == 'b' || (kind == 'u' && size == 1)) return copied<uint8_t>(a, std::move(shape));
  if (kind == 'i' || kind == 'u') return copied<int64_t>(a, std::move(shape));
  throw ShapeError(
      fmt::format("{}: expected an array of numbers, got one of dtype {}", name, std::string(py::str(a.dtype()))));
}

std::optional<Array> optional_array(py::handle values, const std::string& name) {
  if (values.is_none()) return std::nullopt;
  return array_of(values, name);
}

py::array to_numpy(Array&& array) {
  return std::visit([&](auto& values) -> py::array { return wrapped(std::move(values), array.shape); }, array.data);
}
py::array to_numpy(const Array& array) { return to_numpy(Array(array)); }

py::dict to_dict(std::vector<std::pair<std::string, Array>>&& arrays) {
  py::dict dict;
  for (auto& [name, array] : arrays) dict[py::str(name)] = to_numpy(std::move(array));
  return dict;
}

std::vector<std::pair<std::string, Array>> named_arrays(const py::dict& arrays, const std::string& what) {
  std::vector<std::pair<std::string, Array>> list;
  for (const auto& [name, values] : arrays) {
    std::string word = py::str(name);
    Array       a    = array_of(values, what + " " + word);
    list.emplace_back(std::move(word), std::move(a));
  }
  return list;
}

Value value_of(py::handle object) {
  if (object.is_none()) return {};
  if (py::isinstance<py::bool_>(object)) return object.cast<bool>();
  if (py::isinstance<py::int_>(object)) {
    int             overflow = 0;
    const long long n        = PyLong_AsLongLongAndOverflow(object.ptr(), &overflow);
    if (overflow > 0) return object.cast<uint64_t>();
    return int64_t(n);
  }
  if (py::isinstance<py::float_>(object)) return object.cast<double>();
  if (py::isinstance<py::str>(object)) return object.cast<std::string>();
  if (py::isinstance<py::dict>(object)) {
    Value map = Value::map();
    for (const auto& [key, value] : py::reinterpret_borrow<py::dict>(object)) map.set(py::str(key), value_of(value));
    return map;
  }
  if (py::isinstance<py::list>(object) || py::isinstance<py::tuple>(object)) {
    Value::List items;
    for (const auto& item : object) items.push_back(value_of(item));
    return items;
  }
  if (py::hasattr(object, "to_dict")) return value_of(object.attr("to_dict")());
  if (py::hasattr(object, "__fspath__")) return std::string(py::str(object.attr("__fspath__")()));
  if (py::hasattr(object, "tolist") && is_array(object))  // arrays and numbers of numpy
    return value_of(py::module_::import("numpy").attr("asarray")(object).attr("tolist")());
  throw SpecError({}, fmt::format("a {} means nothing here", type_name(object)),
                  "give numbers, texts, lists, dicts, None or numpy arrays");
}

py::object to_python(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::null: return py::none();
    case Value::Kind::boolean: return py::bool_(value.boolean());
    case Value::Kind::number:
      if (value.is_integer())
        return value.number() < 0 ? py::object(py::int_(value.integer()))
                                  : py::object(py::int_(value.unsigned_integer()));
      return py::float_(value.number());
    case Value::Kind::text: return py::str(value.text());
    case Value::Kind::list: {
      py::list list;
      for (const Value& item : value.list()) list.append(to_python(item));
      return list;
    }
    case Value::Kind::mapping: break;
  }
  py::dict dict;
  for (const Value::Entry& entry : value.entries()) dict[py::str(entry.key)] = to_python(entry.value);
  return dict;
}

py::list to_python(const std::vector<FieldRow>& rows) {
  py::list list;
  for (const FieldRow& row : rows) list.append(py::make_tuple(row.name, row.type, row.default_text, row.help));
  return list;
}

py::list to_python(const std::vector<Fact>& facts) {
  py::list list;
  for (const Fact& f : facts) {
    static constexpr const char* kinds[] = {"number", "integer", "boolean", "text", "numbers"};
    py::object                   value   = py::none();
    if (f.kind == ArgumentKind::text) value = py::str(f.text);
    else if (f.kind == ArgumentKind::boolean) value = py::bool_(f.value != 0);
    else if (f.kind == ArgumentKind::integer && f.value == f.value) value = py::int_(int64_t(f.value));
    else if (f.kind == ArgumentKind::number && f.value == f.value) value = py::float_(f.value);
    list.append(py::dict(py::arg("name") = f.name, py::arg("type") = kinds[int(f.kind)], py::arg("default") = value,
                         py::arg("min") = f.min, py::arg("max") = f.max, py::arg("unit") = f.unit,
                         py::arg("help") = f.help, py::arg("required") = f.required));
  }
  return list;
}

ModelOptions model_options(const std::string& dtype, int threads, std::optional<uint64_t> seed) {
  if (dtype != "float32" && dtype != "float64")
    throw SpecError({.path = "dtype"}, fmt::format("there is no '{}'", dtype), "there are: float32, float64");
  if (threads < 0)
    throw SpecError({.path = "threads"}, fmt::format("{} threads cannot work", threads), "0: one per core");
  return {dtype == "float32" ? Precision::float32 : Precision::float64, threads, seed};
}

}  // namespace dynode::python
