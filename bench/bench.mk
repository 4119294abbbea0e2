# What `regimen bench` runs. Only cli includes it; it includes anything below cli.
noinst_LTLIBRARIES += libbench.la
libbench_la_SOURCES = %D%/compare.c %D%/compare.h %D%/isas.c %D%/isas.h %D%/kernel_calls.c %D%/kernel_calls.h \
	%D%/kernels.c %D%/kernels.h %D%/machine.c %D%/machine.h %D%/layer_net.c %D%/layer_net.h %D%/measure.c \
	%D%/measure.h %D%/ops.c %D%/ops.h %D%/ops_errors.c %D%/ops_internal.h %D%/pipeline.c %D%/pipeline.h %D%/predict.c %D%/predict.h \
	%D%/random_set.c %D%/random_set.h %D%/shapes.c %D%/shapes.h %D%/step.c %D%/step.h %D%/train.c %D%/train.h
libbench_la_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS) $(HDF5_CFLAGS)
libbench_la_LIBADD = $(JANSSON_LIBS) -lm

# The lists of layers, as C: names[] and texts[].
bench_shapes = %D%/shapes/performance.txt %D%/shapes/resnet18-32.txt %D%/shapes/resnet18-224.txt \
	%D%/shapes/resnet20.txt %D%/shapes/resnet50-224.txt %D%/shapes/small.txt %D%/shapes/strided.txt
EXTRA_DIST += $(bench_shapes) %D%/shapes/to_c.awk
CLEANFILES += %D%/shapes.inc
%D%/shapes.inc: $(bench_shapes) %D%/shapes/to_c.awk
	$(AM_V_GEN)$(MKDIR_P) %D% && (cd $(srcdir) && awk -f %D%/shapes/to_c.awk $(bench_shapes)) >$@.tmp && mv $@.tmp $@
$(libbench_la_OBJECTS): %D%/shapes.inc

EXTRA_DIST += %D%/peers/checkpoint_to_torch.py %D%/peers/compare_answers.py %D%/peers/compare_pixels.py \
	%D%/peers/compare_predict.py %D%/peers/compare_resize.py %D%/peers/compare_step.py %D%/peers/draws.py %D%/peers/network.py %D%/peers/predict.py %D%/peers/requirements.txt \
	%D%/peers/settings.py %D%/peers/torch_step.py %D%/peers/torch_train.py

# Training steps (COMPARE='--what eval': inference) beside PyTorch's; COMPARE takes options of compare_step.py. Exit code
# 77 (no torch) is not a failure.
.PHONY: compare
compare: regimen
	$(srcdir)/%D%/peers/compare_step.py --regimen ./regimen $(COMPARE) || test $$? -eq 77

# Predictions beside PyTorch's and ONNX Runtime's, of one image, of batches and of files.
.PHONY: compare-predict
compare-predict: regimen
	$(srcdir)/%D%/peers/compare_predict.py --regimen ./regimen $(COMPARE) || test $$? -eq 77

# The newest PyTorch for the comparison, outside the tree: where the environment's PEER_VENV says, else in ~/.cache.
.PHONY: peer-venv
peer-venv:
	venv="$${PEER_VENV:-$$HOME/.cache/regimen/peer-venv}" && /usr/bin/python3 -m venv "$$venv" && \
	"$$venv/bin/pip" install -r $(srcdir)/%D%/peers/requirements.txt
