/* The program: finds the command, runs it, turns its status into the exit code. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/fault.h"
#include "cli/interrupt.h"
#include "cli/program.h"

static const struct {
    const char *name, *summary;
    rgm_command_fn run;
} commands[] = {
    {"import", "turn other formats into a data set", rgm_cmd_import},
    {"inspect", "look at a data set: duplicates, leaks, odd images", rgm_cmd_inspect},
    {"check", "whether a set-up is sound before it is trained", rgm_cmd_check},
    {"label", "make a page on which a person labels pictures", rgm_cmd_label},
    {"plan", "show a model's layers, arithmetic and memory", rgm_cmd_plan},
    {"train", "train a model", rgm_cmd_train},
    {"eval", "evaluate a checkpoint", rgm_cmd_eval},
    {"predict", "say what is in pictures", rgm_cmd_predict},
    {"compare", "say which of two recipes is better", rgm_cmd_compare},
    {"report", "write a page of a run, or of several", rgm_cmd_report},
    {"plugin", "list and explain plugins", rgm_cmd_plugin},
    {"bench", "measure speed and memory", rgm_cmd_bench},
};
enum {
    COMMANDS = sizeof commands / sizeof commands[0],
    LEAST_ROOM = 16 << 20,  /* bytes of address space, for the libraries of any command */
    LEAST_STACK = 192 << 10 /* bytes; HDF5 and the dynamic loader take 110 KiB */
};

static void print_help(FILE *to) {
    fputs("Usage: regimen COMMAND [ARGUMENT...] [--option value] [--set key=value]\n"
          "Trains ResNet-style image models on CPUs.\n\nCommands:\n",
          to);
    for (size_t i = 0; i < COMMANDS; i++) fprintf(to, "  %-8s %s\n", commands[i].name, commands[i].summary);
    fputs("\nregimen COMMAND --help explains a command; regimen --version prints the version.\n\nExamples:\n"
          "  regimen import idx ./fashion-mnist --out fashion.h5\n"
          "  regimen train --data fashion.h5\n"
          "  regimen predict runs/resnet20-1 photos\n",
          to);
}

static rgm_status unknown_command(const char *name, rgm_error *err) {
    const char *names[COMMANDS];
    for (size_t i = 0; i < COMMANDS; i++) names[i] = commands[i].name;
    const char *nearest = rgm_text_nearest(name, names, COMMANDS);
    if (nearest) return rgm_fail(err, RGM_E_USAGE, "unknown command '%.80s' (nearest: '%s')", name, nearest);
    return rgm_fail(err, RGM_E_USAGE, "unknown command '%.80s' (see %s --help)", name, rgm_program());
}

/* A command's help needs no room. */
static int asks_help(int argc, char **argv) {
    for (int i = 2; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) return 1;
    return 0;
}

static rgm_status dispatch(int argc, char **argv, rgm_error *err) {
    static char help_flag[] = "--help";
    char *help_arguments[] = {argc > 2 ? argv[2] : NULL, help_flag, NULL};
    if (argc < 2) {
        print_help(stderr);
        return rgm_fail(err, RGM_E_USAGE, "expected a command");
    }
    const char *name = argv[1];
    int help = strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0;
    if (help && argc == 2) {
        print_help(stdout);
        return RGM_OK;
    }
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
        printf("regimen %s\n", PACKAGE_VERSION);
        return RGM_OK;
    }
    if (help) name = argv[2];
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i].name, name) != 0) continue;
        if (help) return commands[i].run(2, help_arguments, err);
        if (!asks_help(argc, argv)) {
            RGM_TRY(rgm_stack_need(LEAST_STACK, name, err));
            RGM_TRY(rgm_address_space_need(LEAST_ROOM, name, err));
        }
        return commands[i].run(argc - 1, argv + 1, err);
    }
    return unknown_command(name, err);
}

/* A standard stream that is closed would be the next file to be opened: it gets one that fails when it is used. */
static void occupy_standard_streams(void) {
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
            _exit(3);
}

/* Results that did not arrive are a failure. */
static rgm_status finish_output(rgm_error *err) {
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout)) return RGM_OK;
    return rgm_fail(err, RGM_E_IO, "standard output: %s", errno ? strerror(errno) : "cannot be written");
}

static void left(const int *unused) {
    (void)unused;
    rgm_fault_ended();
}

/* Nobody reads the rest, as behind `| head`: who did so knows. */
static int is_unread(void) {
    struct pollfd out = {.fd = STDOUT_FILENO};
    return ferror(stdout) && poll(&out, 1, 0) == 1 && (out.revents & POLLERR);
}

static void tell(const rgm_error *err, rgm_status status) {
    char line[RGM_ERROR_LINE];
    if (status == RGM_E_IO && is_unread()) return;
    rgm_log(RGM_LOG_ERROR, "%s", err->text[0] ? rgm_client_line(err, line) : rgm_status_text(status));
}

/* It ends by exit(): it is left when its thread is ended from within a plugin (compiled with -fexceptions for that). */
int main(int argc, char **argv) {
    __attribute__((cleanup(left), unused)) int watched = 0;
    rgm_error err = {0};
    occupy_standard_streams();
    rgm_log_set_level(RGM_LOG_INFO);
    rgm_program_set(argv[0]);
    rgm_address_space_settle();
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file at its limit is an error that write() reports */
    signal(SIGCHLD, SIG_DFL); /* ignored, it would hide how a child has ended */
    rgm_interrupt_install();
    rgm_status status = rgm_fault_install(&err);
    rgm_fault_under_way(1);
    if (status == RGM_OK) status = dispatch(argc, argv, &err);
    if (status < 0) tell(&err, status);
    rgm_status output = finish_output(&err);
    if (output < 0 && status >= 0) {
        tell(&err, output);
        status = output;
    }
    rgm_fault_under_way(0);
    exit(rgm_status_exit_code(status));
}
