noinst_LTLIBRARIES += librecipe.la
librecipe_la_SOURCES = \
	%D%/align.c %D%/align.h \
	%D%/ascending.c %D%/ascending.h \
	%D%/cheap.c %D%/cheap.h \
	%D%/check.c %D%/check.h \
	%D%/check_data.c \
	%D%/check_data_classes.c %D%/check_data_classes.h \
	%D%/check_data_drift.c %D%/check_data_drift.h \
	%D%/check_data_found.c %D%/check_data_found.h \
	%D%/check_data_labels.c %D%/check_data_labels.h \
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
	%D%/check_start.c %D%/check_start.h \
	%D%/check_start_scale.c %D%/check_start_scale.h \
	%D%/check_step.c \
	%D%/check_step_mean.c %D%/check_step_mean.h \
	%D%/check_step_optimizer.c %D%/check_step_optimizer.h \
	%D%/check_step_rate.c %D%/check_step_rate.h \
	%D%/check_step_schedule.c %D%/check_step_schedule.h \
	%D%/check_step_update.c %D%/check_step_update.h \
	%D%/check_training.c \
	%D%/check_training_batch.c %D%/check_training_batch.h \
	%D%/check_training_human.c %D%/check_training_human.h \
	%D%/checkpoint_says.c %D%/checkpoint_says.h \
	%D%/checks.c %D%/checks.h \
	%D%/checksums.c %D%/checksums.h \
	%D%/cholesky.c %D%/cholesky.h \
	%D%/compare.c %D%/compare.h \
	%D%/compare_runs.c %D%/compare_runs.h \
	%D%/contestants.c %D%/contestants.h \
	%D%/distort.c %D%/distort.h \
	%D%/distributions.c %D%/distributions.h \
	%D%/exact.c %D%/exact.h \
	%D%/examine.c %D%/examine.h \
	%D%/features.c %D%/features.h \
	%D%/folds.c %D%/folds.h \
	%D%/groups.c %D%/groups.h \
	%D%/human.c %D%/human.h \
	%D%/images.c %D%/images.h \
	%D%/inspect.c %D%/inspect.h \
	%D%/judge.c %D%/judge.h \
	%D%/lab.c %D%/lab.h \
	%D%/label_errors.c %D%/label_errors.h \
	%D%/labelling.c %D%/labelling.h \
	%D%/labelling_page.c %D%/labelling_page.h \
	%D%/loss_form.c %D%/loss_form.h \
	%D%/loss_trial.c %D%/loss_trial.h \
	%D%/losses.c %D%/losses.h \
	%D%/measures.c %D%/measures.h \
	%D%/model_rules.c %D%/model_rules.h \
	%D%/model_says.c %D%/model_says.h \
	%D%/near.c %D%/near.h \
	%D%/nearest.c %D%/nearest.h \
	%D%/nets.c %D%/nets.h \
	%D%/outliers.c %D%/outliers.h \
	%D%/pairs.c %D%/pairs.h \
	%D%/patch.c %D%/patch.h \
	%D%/ridge.c %D%/ridge.h \
	%D%/rig.c %D%/rig.h \
	%D%/said.c %D%/said.h \
	%D%/says.c %D%/says.h \
	%D%/seen.c %D%/seen.h \
	%D%/sheets.c %D%/sheets.h \
	%D%/short.c %D%/short.h \
	%D%/sketch.c %D%/sketch.h \
	%D%/specimen.c %D%/specimen.h \
	%D%/spectrum.c %D%/spectrum.h \
	%D%/statistics.c %D%/statistics.h \
	%D%/typical.c %D%/typical.h \
	%D%/whiten.c %D%/whiten.h
librecipe_la_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
