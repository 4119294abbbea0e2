noinst_LTLIBRARIES += libcli.la
libcli_la_SOURCES = \
	%D%/client.c %D%/client.h \
	%D%/cmd_bench.c \
	%D%/cmd_bench_compare.c \
	%D%/cmd_bench_kernels.c \
	%D%/cmd_bench_machine.c \
	%D%/cmd_bench_ops.c \
	%D%/cmd_bench_pipeline.c \
	%D%/cmd_bench_predict.c \
	%D%/cmd_bench_step.c \
	%D%/cmd_bench_train.c \
	%D%/cmd_check.c \
	%D%/cmd_compare.c \
	%D%/cmd_eval.c \
	%D%/cmd_import.c \
	%D%/cmd_inspect.c \
	%D%/cmd_label.c \
	%D%/cmd_plan.c \
	%D%/cmd_plugin.c \
	%D%/cmd_predict.c \
	%D%/cmd_report.c \
	%D%/cmd_train.c \
	%D%/commands.h \
	%D%/fault.c %D%/fault.h \
	%D%/flags.c %D%/flags.h \
	%D%/import_result.c %D%/import_result.h \
	%D%/inputs.c %D%/inputs.h \
	%D%/interrupt.c %D%/interrupt.h \
	%D%/options.c %D%/options.h \
	%D%/outputs.c %D%/outputs.h \
	%D%/plan_chunks.c %D%/plan_chunks.h \
	%D%/plan_print.c %D%/plan_print.h \
	%D%/predicting.c %D%/predicting.h \
	%D%/program.c %D%/program.h \
	%D%/reporting.c %D%/reporting.h \
	%D%/result.c %D%/result.h \
	%D%/session.c %D%/session.h \
	%D%/showing.c %D%/showing.h \
	%D%/watch.c %D%/watch.h \
	%D%/way_on.c %D%/way_on.h
libcli_la_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE $(JANSSON_CFLAGS) $(HDF5_CFLAGS)
libcli_la_LIBADD = $(JANSSON_LIBS)

bin_PROGRAMS += regimen
regimen_SOURCES = %D%/main.c
regimen_CFLAGS = $(AM_CFLAGS) -fexceptions
regimen_LDADD = libcli.la libbench.la liblibrary.la librecipe.la libchecks.la libinspect.la librun.la libreport.la libtrain.la libdatasets.la libplug.la libdata.la libpicture.la $(net_rooms) \
	libengine.la libkernels.la libbase.la
