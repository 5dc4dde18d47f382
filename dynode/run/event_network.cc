#include "dynode/run/event_network.h"

namespace dynode {

template <class R>
struct EventNetwork<R>::Impl {};

template <class R>
EventNetwork<R>::EventNetwork(const Plan&, const Prepared<R>&, Threads&) : impl_(std::make_unique<Impl>()) {}
template <class R>
EventNetwork<R>::~EventNetwork() = default;

template class EventNetwork<float>;
template class EventNetwork<double>;

}  // namespace dynode
