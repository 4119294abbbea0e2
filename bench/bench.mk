# What `regimen bench` runs. Only cli includes it; it includes anything below cli.
noinst_LTLIBRARIES += libbench.la
libbench_la_SOURCES = %D%/isas.c %D%/isas.h %D%/kernel_calls.c %D%/kernel_calls.h %D%/kernels.c %D%/kernels.h %D%/machine.c %D%/machine.h %D%/measure.c %D%/measure.h %D%/random_set.c %D%/random_set.h %D%/step.c %D%/step.h
libbench_la_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS) $(HDF5_CFLAGS)
libbench_la_LIBADD = $(JANSSON_LIBS) -lm

EXTRA_DIST += %D%/RESULTS.md %D%/peers/checkpoint_to_torch.py %D%/peers/compare_step.py %D%/peers/draws.py \
	%D%/peers/torch_step.py docs/ARCHITECTURE.md docs/curve.svg docs/plot_metrics.py

# Training steps beside PyTorch's; COMPARE takes options of compare_step.py. Exit code 77 (no torch) is not a failure.
.PHONY: compare
compare: regimen
	$(srcdir)/%D%/peers/compare_step.py --regimen ./regimen $(COMPARE) || test $$? -eq 77
