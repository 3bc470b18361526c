#include "ingot/tasks/task.h"

#include "ingot/base/error.h"

namespace ingot {

bool Task::decays(const std::string&, const Tensor& value) const { return value.dim() >= 2; }

bool Task::is_hidden_matrix(const std::string&, const Tensor& value) const { return value.dim() == 2; }

Json Task::predict(const Json&) {
  fail(ErrorKind::Unsupported, "predict", "this family answers no single requests; see `ingot generate --help`");
}

void Task::illustrate(const std::string&) {}

}  // namespace ingot
