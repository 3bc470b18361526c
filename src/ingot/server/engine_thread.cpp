#include "ingot/server/engine_thread.h"

#include <algorithm>

namespace ingot {

EngineThread::EngineThread(size_t capacity, std::function<void()> start)
    : capacity_(capacity), thread_([this, start = std::move(start)] { work(start); }) {}

EngineThread::~EngineThread() {
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

bool EngineThread::push(Job job) {
  {
    std::lock_guard lock(mutex_);
    if (jobs_.size() >= capacity_) std::erase_if(jobs_, [](const Job& waiting) { return waiting.abandoned(); });
    if (jobs_.size() >= capacity_) return false;
    jobs_.push_back(std::move(job));
  }
  changed_.notify_one();
  return true;
}

size_t EngineThread::waiting() const {
  std::lock_guard lock(mutex_);
  return jobs_.size();
}

void EngineThread::work(const std::function<void()>& start) {
  start();
  for (std::unique_lock lock(mutex_);;) {
    changed_.wait(lock, [this] { return closing_ || !jobs_.empty(); });
    if (closing_) return;
    const Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    if (!job.abandoned()) job.run();
    lock.lock();
  }
}

}  // namespace ingot
