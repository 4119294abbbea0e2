noinst_LTLIBRARIES += libtrain.la
libtrain_la_SOURCES = %D%/config.c %D%/config.h %D%/config_internal.h %D%/config_model.c %D%/config_set.c %D%/config_text.c %D%/config_write.c \
	%D%/config_yaml.c %D%/option.c %D%/option.h
libtrain_la_CPPFLAGS = $(AM_CPPFLAGS) $(YAML_CFLAGS)
libtrain_la_LIBADD = $(YAML_LIBS)
libtrain_la_SOURCES += %D%/advice.c %D%/advice.h %D%/baseline.c %D%/baseline.h %D%/blame.c %D%/blame.h %D%/policy.c %D%/policy.h %D%/spike.c %D%/spike.h %D%/activation.c %D%/activation.h %D%/augment.c %D%/augment.h %D%/budget.c %D%/budget.h %D%/checkpoint.h \
	%D%/image.c %D%/image.h %D%/initialize.c %D%/initialize.h %D%/loop.c %D%/loop.h %D%/loss.c %D%/loss.h %D%/peak.c %D%/peak.h \
	%D%/plugin_states.c %D%/plugin_states.h %D%/progress.c %D%/progress.h %D%/resume.c %D%/resume.h %D%/resume_check.c %D%/resume_check.h \
	%D%/save.c %D%/save.h %D%/snapshot.c %D%/snapshot.h %D%/suit.c %D%/suit.h %D%/state.c %D%/state.h %D%/trainer_internal.h %D%/trainer_parts.h %D%/trainer_memory.c %D%/trainer_memory.h \
	%D%/components.c %D%/components.h %D%/data.c %D%/data.h %D%/device.c %D%/device.h %D%/model.c %D%/model.h %D%/session.c %D%/session.h %D%/trainer.c %D%/trainer.h %D%/update.c %D%/update.h %D%/watch.c %D%/watch.h %D%/watch_rules.c %D%/watch_rules.h %D%/watched.c %D%/watched.h
libtrain_la_CFLAGS = $(AM_CFLAGS)
libtrain_la_SOURCES += %D%/checkpoint.c %D%/checkpoint_read.c %D%/watched_file.c %D%/watched_file.h %D%/checkpoint_internal.h %D%/constants.c %D%/constants.h
libtrain_la_CPPFLAGS += $(HDF5_CFLAGS)
EXTRA_DIST += docs/CHECKPOINT.md
