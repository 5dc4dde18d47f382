// Aligned memory for kernels.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>

namespace dynode {

inline constexpr size_t kAlignment = 128;

/// `size` numbers on a 128-byte boundary, zero at first, with one alignment unit of zeros behind the end so that
/// kernels may read whole vectors.
template <class T>
class Buffer {
 public:
  explicit Buffer(size_t size = 0) : size_(size) {
    const size_t bytes = (size * sizeof(T) + 2 * kAlignment - 1) / kAlignment * kAlignment;
    data_.reset(static_cast<T*>(std::aligned_alloc(kAlignment, bytes)));
    if (!data_) throw std::bad_alloc();
    std::fill_n(reinterpret_cast<char*>(data_.get()), bytes, char(0));
  }

  T*       data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  size_t   size() const { return size_; }
  T&       operator[](size_t i) { return data_.get()[i]; }
  const T& operator[](size_t i) const { return data_.get()[i]; }
  T*       begin() { return data(); }
  T*       end() { return data() + size_; }
  const T* begin() const { return data(); }
  const T* end() const { return data() + size_; }
  void     clear() { std::fill(begin(), end(), T(0)); }

 private:
  struct Free { void operator()(void* p) const { std::free(p); } };
  std::unique_ptr<T[], Free> data_;
  size_t size_;
};

}  // namespace dynode
