#include "ingot/engine/batch_source.h"

#include "ingot/base/clock.h"

namespace ingot {

Batch BatchSource::operator()(int64_t index) {
  const double begin = now_s();
  Batch batch = next_.valid() && next_index_ == index ? next_.get() : task_.train_batch(index);
  fetch_s_ += now_s() - begin;
  if (ahead_) {
    if (next_.valid()) next_.wait();
    next_index_ = index + 1;
    next_ = std::async(std::launch::async, [this, index] { return task_.train_batch(index + 1); });
  }
  return batch;
}

void BatchSource::step_took(double seconds) {
  constexpr int64_t kSample = 8;
  step_s_ += seconds;
  if (++steps_ == kSample) ahead_ = fetch_s_ > 0.1 * step_s_;
}

}  // namespace ingot
