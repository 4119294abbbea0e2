noinst_LTLIBRARIES += libnet.la
libnet_la_SOURCES = \
	%D%/chunks.c %D%/chunks.h \
	%D%/conv.h %D%/conv_direct.c %D%/conv_onednn.c %D%/conv_side.c %D%/conv_winograd.c %D%/conv_winograd_weights.c \
	%D%/winograd.h \
	%D%/family.c %D%/family.h %D%/finish.c %D%/finish.h \
	%D%/gradient.c %D%/graph.c %D%/graph.h %D%/layout.c %D%/layout.h \
	%D%/op.h %D%/pending.c %D%/pending.h %D%/phases.c %D%/plan.c %D%/plan.h %D%/plan_internal.h %D%/plan_rows.c \
	%D%/recycle.c %D%/remake.c %D%/remake.h %D%/squares.c %D%/sums.c %D%/sums.h \
	%D%/op_activation.c %D%/op_add.c %D%/op_batchnorm.c %D%/op_conv.c %D%/op_flatten.c \
	%D%/op_linear.c %D%/op_plugin.c %D%/op_pool.c %D%/op_shortcut.c
libnet_la_CFLAGS = $(AM_CFLAGS)
