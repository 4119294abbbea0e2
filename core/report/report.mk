noinst_LTLIBRARIES += libreport.la
libreport_la_SOURCES = \
	%D%/bar.c %D%/bar.h \
	%D%/chart.c %D%/chart.h \
	%D%/chart_lines.c %D%/chart_lines.h \
	%D%/chart_map.c %D%/chart_map.h \
	%D%/chart_rows.c %D%/chart_rows.h \
	%D%/comparison.c %D%/comparison.h \
	%D%/comparison_json.c %D%/comparison_json.h \
	%D%/comparison_print.c %D%/comparison_print.h \
	%D%/crc32c.c %D%/crc32c.h \
	%D%/emit.c %D%/emit.h \
	%D%/examination.c %D%/examination.h \
	%D%/exclude_list.c %D%/exclude_list.h \
	%D%/filters.c %D%/filters.h \
	%D%/findings.c %D%/findings.h \
	%D%/gallery.c %D%/gallery.h \
	%D%/history.c %D%/history.h \
	%D%/html.c %D%/html.h \
	%D%/inspection.c %D%/inspection.h \
	%D%/inspection_cards.c %D%/inspection_cards.h \
	%D%/inspection_classes.c %D%/inspection_classes.h \
	%D%/inspection_draw.c %D%/inspection_draw.h \
	%D%/inspection_json.c %D%/inspection_json.h \
	%D%/inspection_model.c %D%/inspection_model.h \
	%D%/inspection_page.c %D%/inspection_page.h \
	%D%/inspection_print.c %D%/inspection_print.h \
	%D%/inspection_says.c %D%/inspection_says.h \
	%D%/interval.c %D%/interval.h \
	%D%/label_page.c %D%/label_page.h \
	%D%/label_script.c %D%/label_script.h \
	%D%/metrics.c %D%/metrics.h \
	%D%/predictions.c %D%/predictions.h \
	%D%/risks.c %D%/risks.h \
	%D%/run_answers.c %D%/run_answers.h \
	%D%/run_checks.c %D%/run_checks.h \
	%D%/run_curves.c %D%/run_curves.h \
	%D%/run_page.c %D%/run_page.h \
	%D%/run_watched.c %D%/run_watched.h \
	%D%/runfolder.c %D%/runfolder.h \
	%D%/scale.c %D%/scale.h \
	%D%/statistics.c %D%/statistics.h \
	%D%/summary.c %D%/summary.h \
	%D%/tensorboard.c %D%/tensorboard.h \
	%D%/thumbs.c %D%/thumbs.h \
	%D%/trace.c %D%/trace.h \
	%D%/verdicts.c %D%/verdicts.h
nodist_libreport_la_SOURCES = %D%/events.pb-c.c
libreport_la_CPPFLAGS = $(AM_CPPFLAGS) -Icore $(JANSSON_CFLAGS) $(PROTOBUF_C_CFLAGS)
libreport_la_LIBADD = $(JANSSON_LIBS) $(PROTOBUF_C_LIBS)

# Both files of one call; the header is made with the source.
%D%/events.pb-c.c: $(srcdir)/%D%/events.proto
	$(AM_V_GEN)$(MKDIR_P) %D% && $(PROTOC_C) -I$(srcdir)/%D% --c_out=%D% $(srcdir)/%D%/events.proto
%D%/events.pb-c.h: %D%/events.pb-c.c
events_users = %D%/libreport_la-tensorboard.lo
$(events_users): %D%/events.pb-c.h
EXTRA_DIST += %D%/events.proto
CLEANFILES += %D%/events.pb-c.c %D%/events.pb-c.h
