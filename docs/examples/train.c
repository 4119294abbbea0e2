/* Trains a network and saves it: train DATA.h5 OUT.h5 [KEY=VALUE...]
 * Keys and values are those of docs/CONFIG.md. Ctrl-C ends the training; what it has reached is saved. */
#define _POSIX_C_SOURCE 200809L
#include <regimen/regimen.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number) { interrupted = number; }

static int32_t cancel(void *context) { return *(volatile sig_atomic_t *)context != 0; }

static int32_t epoch(void *context, const regimen_progress *p, regimen_error *err) {
    (void)context, (void)err;
    printf("epoch %d of %d: loss %.4f, accuracy %.2f %%\n", p->epoch, p->epochs, p->loss, 100 * p->accuracy);
    return REGIMEN_OK;
}

int main(int argc, char **argv) {
    regimen_error err = {REGIMEN_USAGE, "usage: train DATA.h5 OUT.h5 [KEY=VALUE...]"};
    regimen_config *config = NULL;
    regimen_machine *machine = NULL;
    regimen_model *model = NULL;
    static regimen_result result; /* static: what is not set here is zero */
    static regimen_events events;
    static regimen_training training;
    static struct sigaction action, before;
    result.size = sizeof result;
    events.size = sizeof events;
    events.context = (void *)&interrupted;
    events.cancel = cancel;
    events.epoch = epoch;
    training.size = sizeof training;
    training.events = &events;
    training.no_files = 1; /* no run folder */
    training.model = &model;
    action.sa_handler = on_interrupt;
    action.sa_flags = SA_RESTART;
    sigaction(SIGINT, &action, &before);

    int32_t status = argc < 3 ? REGIMEN_USAGE : regimen_config_create(&config, &err);
    if (status == REGIMEN_OK) status = regimen_config_set(config, "data.file", argv[1], &err);
    for (int i = 3; i < argc && status == REGIMEN_OK; i++) {
        char *value = strchr(argv[i], '=');
        if (value) *value++ = '\0';
        status = regimen_config_set(config, argv[i], value ? value : "", &err);
    }
    if (status == REGIMEN_OK) status = regimen_machine_open(&machine, config, &events, &err);
    if (status == REGIMEN_OK) status = regimen_train(machine, NULL, config, &training, &result, &err);
    if (model) status = regimen_model_save(model, argv[2], &err); /* also of a training that was cancelled */
    if (status == REGIMEN_OK) printf("%s: %s, accuracy %.2f %%\n", argv[2], result.reason, 100 * result.accuracy);
    if (status != REGIMEN_OK) fprintf(stderr, "train: %s\n", err.text);
    regimen_model_close(model);
    regimen_machine_close(machine);
    regimen_config_destroy(config);
    sigaction(SIGINT, &before, NULL);
    return status == REGIMEN_OK ? 0 : 1;
}
