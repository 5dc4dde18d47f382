// Memory for large tables that are read and written all over the place.
#pragma once
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <sys/mman.h>

namespace dynode {

/// `size` numbers, not initialised, in large pages where the system has them: looking up where a small page lies costs
/// more than what is read there.
template <class T>
class LargeArray {
 public:
  explicit LargeArray(size_t size = 0) : size_(size) {
    if (size == 0) return;
    constexpr size_t kPage = size_t{2} << 20;
    const size_t     bytes = size * sizeof(T) + 256, step = bytes >= kPage ? kPage : 128;
    const size_t     whole = (bytes + step - 1) / step * step;
    data_.reset(static_cast<T*>(std::aligned_alloc(step, whole)));
    if (!data_) throw std::bad_alloc();
#ifdef MADV_HUGEPAGE
    if (step == kPage) madvise(data_.get(), whole, MADV_HUGEPAGE);
#endif
  }

  T*       data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  size_t   size() const { return size_; }
  bool     empty() const { return size_ == 0; }
  T&       operator[](size_t i) { return data_.get()[i]; }
  const T& operator[](size_t i) const { return data_.get()[i]; }
  T*       begin() { return data(); }
  T*       end() { return data() + size_; }
  const T* begin() const { return data(); }
  const T* end() const { return data() + size_; }

 private:
  struct Free { void operator()(void* p) const { std::free(p); } };
  std::unique_ptr<T[], Free> data_;
  size_t size_;
};

}  // namespace dynode
