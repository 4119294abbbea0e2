noinst_LTLIBRARIES += libchecks.la
libchecks_la_SOURCES = \
	%D%/cheap.c %D%/cheap.h \
	%D%/check.c %D%/check.h \
	%D%/check_data.c \
	%D%/check_data_classes.c %D%/check_data_classes.h \
	%D%/check_data_drift.c %D%/check_data_drift.h \
	%D%/check_data_found.c %D%/check_data_found.h \
	%D%/check_data_labels.c %D%/check_data_labels.h \
	%D%/check_data_marks.c %D%/check_data_marks.h \
	%D%/check_data_pixels.c %D%/check_data_pixels.h \
	%D%/check_data_trained.c %D%/check_data_trained.h \
	%D%/check_input.c %D%/check_input.h \
	%D%/check_input_augment.c %D%/check_input_augment.h \
	%D%/check_loss.c \
	%D%/check_model.c \
	%D%/check_model_dropout.c %D%/check_model_dropout.h \
	%D%/check_model_runs.c %D%/check_model_runs.h \
	%D%/check_run.c \
	%D%/check_run_bits.c %D%/check_run_bits.h \
	%D%/check_run_end.c %D%/check_run_end.h \
	%D%/check_run_plain.c %D%/check_run_plain.h \
	%D%/check_start.c %D%/check_start.h \
	%D%/check_start_scale.c %D%/check_start_scale.h \
	%D%/check_step.c \
	%D%/check_step_layers.c %D%/check_step_layers.h \
	%D%/check_step_mean.c %D%/check_step_mean.h \
	%D%/check_step_optimizer.c %D%/check_step_optimizer.h \
	%D%/check_step_rate.c %D%/check_step_rate.h \
	%D%/check_step_schedule.c %D%/check_step_schedule.h \
	%D%/check_step_update.c %D%/check_step_update.h \
	%D%/check_training.c \
	%D%/check_training_batch.c %D%/check_training_batch.h \
	%D%/check_training_human.c %D%/check_training_human.h \
	%D%/checks.c %D%/checks.h \
	%D%/checksums.c %D%/checksums.h \
	%D%/dependence.c %D%/dependence.h \
	%D%/features.c %D%/features.h \
	%D%/lab.c %D%/lab.h \
	%D%/label_noise.c %D%/label_noise.h \
	%D%/loss_form.c %D%/loss_form.h \
	%D%/loss_trial.c %D%/loss_trial.h \
	%D%/model_rules.c %D%/model_rules.h \
	%D%/nets.c %D%/nets.h \
	%D%/ridge.c %D%/ridge.h \
	%D%/rig.c %D%/rig.h \
	%D%/seen.c %D%/seen.h \
	%D%/short.c %D%/short.h \
	%D%/specimen.c %D%/specimen.h \
	%D%/traits.c %D%/traits.h
libchecks_la_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
