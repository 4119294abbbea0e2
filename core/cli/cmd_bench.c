/* regimen bench NAME: finds the bench; each has a command line of its own. */
#include <stdio.h>
#include <string.h>
#include "cli/commands.h"
#include "cli/program.h"
#include "cli/options.h"

static const struct {
    const char *name, *summary;
    rgm_command_fn run;
} benches[] = {
    {"machine", "what the machine can do: arithmetic and bandwidth", rgm_cmd_bench_machine},
    {"kernels", "each kernel, on each instruction set", rgm_cmd_bench_kernels},
    {"ops", "convolutions of lists of layers, in every way", rgm_cmd_bench_ops},
    {"pipeline", "how fast images become batches, part by part", rgm_cmd_bench_pipeline},
    {"step", "whole training steps: images a second, memory", rgm_cmd_bench_step},
    {"eval", "batches of an evaluation: images a second, memory", rgm_cmd_bench_eval},
    {"predict", "one image, batches, files: latency and images a second", rgm_cmd_bench_predict},
    {"train", "the time to an accuracy", rgm_cmd_bench_train},
    {"compare", "two results of a bench, line by line", rgm_cmd_bench_compare},
};
enum { BENCHES = sizeof benches / sizeof benches[0] };

static void print_help(void) {
    fputs("Usage: regimen bench NAME [ARGUMENT...] [--option value]\nMeasures speed and memory.\n\nBenches:\n", stdout);
    for (size_t i = 0; i < BENCHES; i++) printf("  %-8s %s\n", benches[i].name, benches[i].summary);
    fputs("\nregimen bench NAME --help explains a bench.\n\nExamples:\n"
          "  regimen bench machine\n"
          "  regimen bench kernels gemm_blocks wino_input\n"
          "  regimen bench ops resnet18-32 --check-rule\n"
          "  regimen bench pipeline --image 3x32x32 --batch 64\n"
          "  regimen bench step --model resnet18 --image 3x32x32 --batch 64\n"
          "  regimen bench eval --model resnet50 --image 3x224x224 --batch 16\n"
          "  regimen bench predict --model resnet18 --image 3x224x224 --batch 16\n"
          "  regimen bench train --until 0.92 --data fashion.h5\n"
          "  regimen bench compare before.json after.json\n",
          stdout);
}

rgm_status rgm_cmd_bench(int argc, char **argv, rgm_error *err) {
    const char *names[BENCHES];
    int32_t which;
    for (size_t i = 0; i < BENCHES; i++) names[i] = benches[i].name;
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        print_help();
        return RGM_OK;
    }
    if (argc < 2 || argv[1][0] == '-')
        return rgm_fail(err, RGM_E_USAGE, "bench: expected the name of a bench (see %s bench --help)", rgm_program());
    RGM_TRY(rgm_cli_choice("bench", argv[1], names, BENCHES, &which, err));
    return benches[which].run(argc - 1, argv + 1, err);
}
