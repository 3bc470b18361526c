// The one thread that model work runs on, and the bounded queue in front of it.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace ingot {

class EngineThread {
 public:
  struct Job {
    std::function<void()> run;        // must not throw
    std::function<bool()> abandoned;  // true: nobody waits for it any more
  };

  // Runs `start` first, on the new thread.
  EngineThread(size_t capacity, std::function<void()> start);
  ~EngineThread();  // drops what waits; the running job ends first
  EngineThread(const EngineThread&) = delete;
  EngineThread& operator=(const EngineThread&) = delete;

  // False when the queue is full of jobs that somebody waits for.
  bool push(Job job);
  size_t waiting() const;

 private:
  void work(const std::function<void()>& start);

  const size_t capacity_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  bool closing_ = false;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace ingot
