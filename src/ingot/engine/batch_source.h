// Micro-batches of a task by index. When making one takes a tenth of a step or more, the next is made on a second
// thread meanwhile; Task::train_batch is a pure function of its index, so the batches are the same either way.
#pragma once

#include <future>

#include "ingot/tasks/task.h"

namespace ingot {

class BatchSource {
 public:
  explicit BatchSource(Task& task) : task_(task) {}
  Batch operator()(int64_t index);
  void step_took(double seconds);  // tells it when looking ahead pays

 private:
  Task& task_;
  double fetch_s_ = 0, step_s_ = 0;
  int64_t steps_ = 0;
  bool ahead_ = false;
  int64_t next_index_ = -1;
  std::future<Batch> next_;
};

}  // namespace ingot
