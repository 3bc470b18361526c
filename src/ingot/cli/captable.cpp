// ingot captable: make, show, import, export and extend the ledger.
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "ingot/base/error.h"
#include "ingot/base/file.h"
#include "ingot/cli/commands.h"
#include "ingot/cli/finance.h"
#include "ingot/plan/finance/company.h"
#include "ingot/plan/finance/ledger.h"

namespace ingot::cli {
namespace {

struct Paths {
  std::string from, to;
  bool archive = false;
};

// Events from a JSON file: one object, a list, or an OCF transactions file.
std::vector<Json> read_events(const std::string& path) {
  const Json document = read_json(path);
  const Json& list = document.is_object() && document.contains("items") ? document["items"] : document;
  if (list.is_object()) return {list};
  require("ledger", list.is_array(), path,
          " is no list of events, expected an OCF object, a list or a transactions file");
  return {list.begin(), list.end()};
}

void add_show(CLI::App& captable) {
  auto* command = add_command(captable, "show", "the table at a date",
                              "ingot captable show examples/seed.toml\n"
                              "ingot captable show company.db --as-of 2025-06-30 --json");
  auto flags = std::make_shared<FinanceFlags>();
  flags->add_to(*command, "company TOML, ledger (.db) or OCF folder");
  on_run(command, [flags] {
    const auto table = flags->cap_table();
    flags->print(finance::captable_view(table), table.issuer);
    return 0;
  });
}

void add_init(CLI::App& captable) {
  auto* command = add_command(captable, "init", "a new ledger from a company TOML",
                              "ingot captable init examples/seed.toml company.db");
  auto paths = std::make_shared<Paths>();
  command->add_option("company", paths->from, "company TOML")->required();
  command->add_option("ledger", paths->to, "ledger to make")->required();
  on_run(command, [paths] {
    finance::Ledger::create(paths->to, finance::company_package(finance::read_company(paths->from)));
    fmt::print("{}\n", paths->to);
    return 0;
  });
}

void add_import(CLI::App& captable) {
  auto* command = add_command(captable, "import", "a new ledger from an Open Cap Format folder",
                              "ingot captable import acme-ocf/ acme.db\n"
                              "ingot captable import samples/ samples.db --archive");
  auto paths = std::make_shared<Paths>();
  command->add_option("folder", paths->from, "OCF package: a folder of *.ocf.json")->required();
  command->add_option("ledger", paths->to, "ledger to make")->required();
  command->add_flag("--archive", paths->archive, "keep documents that are not one company's consistent history");
  on_run(command, [paths] {
    const auto package = finance::read_ocf(paths->from);
    require("captable", !fs::exists(paths->to), paths->to, " exists, expected a new file; choose another name");
    try {
      finance::Ledger::create(paths->to, package, paths->archive);
    } catch (const Error& e) {
      if (paths->archive || e.kind() != ErrorKind::InvalidArgument) throw;
      fmt::print(stderr, "nothing is written; --archive keeps such documents without replaying them\n");
      throw;
    }
    fmt::print("{}\n", paths->to);
    return 0;
  });
}

void add_export(CLI::App& captable) {
  auto* command = add_command(captable, "export", "an Open Cap Format folder from a ledger or company TOML",
                              "ingot captable export company.db company-ocf/");
  auto paths = std::make_shared<Paths>();
  command->add_option("from", paths->from, "ledger (.db) or company TOML")->required();
  command->add_option("folder", paths->to, "folder to write")->required();
  on_run(command, [paths] {
    const auto package = finance::open_package(paths->from);
    finance::write_ocf(package, paths->to);
    fmt::print("{}: {} files\n", paths->to, package.files.size() + 1);
    return 0;
  });
}

void add_add(CLI::App& captable) {
  auto* command = add_command(captable, "add", "append events (OCF transactions) to a ledger, all or nothing",
                              "ingot captable add company.db transfer.json");
  auto paths = std::make_shared<Paths>();
  command->add_option("ledger", paths->to, "ledger")->required();
  command->add_option("events", paths->from, "JSON: one OCF object, a list, or a transactions file")->required();
  on_run(command, [paths] {
    const auto events = read_events(paths->from);
    finance::Ledger ledger(paths->to);
    ledger.append(events);
    const auto table = finance::replay(ledger.package());
    fmt::print("{} events added; {} shares fully diluted\n", events.size(), grouped(table.fully_diluted()));
    return 0;
  });
}

}  // namespace

void add_captable(CLI::App& app) {
  auto* command = add_command(app, "captable", "who owns what: an event-sourced cap table, with OCF import and export",
                              "ingot captable show examples/seed.toml\n"
                              "ingot captable init examples/seed.toml company.db");
  command->require_subcommand(1);
  add_show(*command);
  add_init(*command);
  add_import(*command);
  add_export(*command);
  add_add(*command);
}

}  // namespace ingot::cli
