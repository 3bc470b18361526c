#include "ingot/cli/commands.h"

namespace ingot::cli {

// Each in its own file, sorted by name.
void add_average(CLI::App& app);
void add_demo(CLI::App& app);
void add_doctor(CLI::App& app);
void add_eval(CLI::App& app);
void add_export(CLI::App& app);
void add_generate(CLI::App& app);
void add_predict(CLI::App& app);
void add_runs(CLI::App& app);
void add_serve(CLI::App& app);
void add_sweep(CLI::App& app);
void add_train(CLI::App& app);
void add_verify_resume(CLI::App& app);

void add_torch_commands(CLI::App& app) {  // one line a command
  add_average(app);
  add_demo(app);
  add_doctor(app);
  add_eval(app);
  add_export(app);
  add_generate(app);
  add_predict(app);
  add_runs(app);
  add_serve(app);
  add_sweep(app);
  add_train(app);
  add_verify_resume(app);
}

}  // namespace ingot::cli
